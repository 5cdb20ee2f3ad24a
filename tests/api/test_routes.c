/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <ctype.h>
#include <jansson.h>
#include <string.h>

#include "api/assets.h"
#include "api/routes.h"
#include "api/stats.h"

static json_t *load_document(void)
{
    struct asset file = asset_openapi();
    json_error_t error;
    json_t *document = json_loadb(file.bytes, (size_t)(file.end - file.bytes),
                                  JSON_REJECT_DUPLICATES, &error);

    cr_assert(document, "openapi.json line %d: %s", error.line, error.text);
    return document;
}

static const struct route *find(const char *path, const char *method)
{
    for (size_t i = 0; i < n_routes; i++) {
        if (strcmp(routes[i].path, path) == 0 && strcasecmp(routes[i].method, method) == 0) {
            return &routes[i];
        }
    }
    return NULL;
}

Test(routes, every_route_is_in_the_interface_document)
{
    json_t *document = load_document(), *paths = json_object_get(document, "paths");

    for (size_t i = 0; i < n_routes; i++) {
        char method[16] = "";

        for (size_t j = 0; routes[i].method[j]; j++) {
            method[j] = (char)tolower((unsigned char)routes[i].method[j]);
        }
        cr_expect(json_object_get(json_object_get(paths, routes[i].path), method), "%s %s",
                  routes[i].method, routes[i].path);
    }
    json_decref(document);
}

Test(routes, every_operation_of_the_document_is_a_route)
{
    json_t *document = load_document(), *paths = json_object_get(document, "paths");
    json_t *operations, *operation;
    const char *path, *method;
    size_t n = 0;

    json_object_foreach(paths, path, operations) {
        json_object_foreach(operations, method, operation) {
            const struct route *route = find(path, method);

            n++;
            cr_assert(route, "%s %s", method, path);
            cr_expect_eq(json_object_get(operation, "requestBody") != NULL,
                         route->body != BODY_NONE, "%s %s", method, path);
        }
    }
    cr_expect_eq(n, n_routes);
    json_decref(document);
}

Test(routes, the_table_has_no_doubles_and_fits_the_counters)
{
    cr_assert_lt(n_routes, STATS_ROUTES_MAX);
    for (size_t i = 0; i < n_routes; i++) {
        cr_expect_eq(find(routes[i].path, routes[i].method), &routes[i], "%s twice",
                     routes[i].path);
        cr_expect_eq(route_number(&routes[i]), i);
        cr_expect(routes[i].handle);
        cr_expect_gt(strlen(routes[i].spec), 0);
    }
    cr_expect_eq(route_number(NULL), n_routes);
}

Test(routes, an_unknown_path_is_not_found_and_another_method_is_told_which)
{
    struct path_args args;
    enum code why = CODE_OK;
    char allow[64];

    cr_expect_null(route_find("GET", "/v1/nothing", &args, &why, allow));
    cr_expect_eq(why, CODE_not_found);
    cr_expect_str_eq(allow, "");
    cr_expect_null(route_find("PATCH", "/v1/entries", &args, &why, allow));
    cr_expect_eq(why, CODE_method_not_allowed);
    cr_expect_str_eq(allow, "POST, GET, HEAD");
    cr_expect_null(route_find("get", "/v1/network", &args, &why, allow));
    cr_expect_eq(why, CODE_method_not_allowed);
    cr_expect_str_eq(allow, "GET, HEAD");
    cr_expect_eq(route_find("HEAD", "/v1/network", &args, &why, allow),
                 route_find("GET", "/v1/network", &args, &why, allow));
    cr_expect(route_find("HEAD", "/v1/network", &args, &why, allow));
}
