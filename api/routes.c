/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/routes.h"

#include <string.h>

#include "api/path.h"

const struct route routes[] = {
    {"GET", "/", get_index, BODY_NONE, ROUTE_BARE, "12.4"},
    {"GET", "/livez", get_livez, BODY_NONE, ROUTE_BARE, "12.4"},
    {"GET", "/readyz", get_readyz, BODY_NONE, ROUTE_BARE, "12.4"},
    {"GET", "/log/checkpoint", get_checkpoint_note, BODY_NONE, 0, "4.3"},
    {"GET", "/log/tile/entries/{tile}", get_bundle, BODY_NONE, 0, "4.6"},
    {"GET", "/log/tile/{level}/{tile}", get_tile, BODY_NONE, 0, "4.6"},
    {"GET", "/v1/openapi.json", get_openapi, BODY_NONE, ROUTE_BARE, "12.1"},
    {"GET", "/v1/network", get_network, BODY_NONE, 0, "12.4"},
    {"GET", "/v1/checkpoint", get_checkpoint, BODY_NONE, 0, "4.3"},
    {"GET", "/v1/consistency", get_consistency, BODY_NONE, 0, "4.6"},
    {"GET", "/v1/policies", get_policies, BODY_NONE, 0, "8.3"},
    {"GET", "/v1/skills", get_skills, BODY_NONE, 0, "9"},
    {"POST", "/v1/entries", post_entry, BODY_TEXT, ROUTE_HASTY, "2"},
    {"GET", "/v1/entries", get_entries, BODY_NONE, 0, "12.4"},
    {"GET", "/v1/entries/{index}", get_entry_by_index, BODY_NONE, 0, "4.4"},
    {"GET", "/v1/entries/{author}/{id}", get_entry_by_ref, BODY_NONE, 0, "4.4"},
    {"POST", "/v1/preview", post_preview, BODY_TEXT, 0, "12.4"},
    {"GET", "/v1/inbox", get_inbox, BODY_NONE, ROUTE_MEMBERS, "10"},
    {"GET", "/v1/inbox/{handle}/{id}", get_inbox_item, BODY_NONE, ROUTE_MEMBERS, "10"},
    {"DELETE", "/v1/inbox/{handle}/{id}", delete_inbox_item, BODY_NONE, ROUTE_MEMBERS, "10"},
    {"GET", "/v1/refusals/{handle}/{id}", get_refusal, BODY_NONE, ROUTE_MEMBERS, "10.2"},
    {"PUT", "/v1/details/{commit}", put_details, BODY_JSON, 0, "9"},
    {"GET", "/v1/details/{handle}/{id}/{slot}", get_details, BODY_NONE, 0, "9"},
    {"GET", "/v1/orgs", get_orgs, BODY_NONE, 0, "12.4"},
    {"GET", "/v1/orgs/{handle}", get_org, BODY_NONE, 0, "12.4"},
    {"GET", "/v1/orgs/{handle}/position", get_position, BODY_NONE, ROUTE_MEMBERS, "8"},
    {"GET", "/v1/orgs/{handle}/balance", get_balance, BODY_NONE, ROUTE_MEMBERS, "7.4"},
    {"GET", "/v1/orgs/{handle}/statement", get_statement, BODY_NONE, ROUTE_MEMBERS, "12.4"},
    {"GET", "/v1/orgs/{handle}/statement/{year}", get_org_year, BODY_NONE, ROUTE_MEMBERS, "18.11"},
    {"GET", "/v1/network/statement/{year}", get_network_year, BODY_NONE, 0, "18.11"},
    {"GET", "/v1/orgs/{handle}/pairs", get_pairs, BODY_NONE, ROUTE_MEMBERS, "12.4"},
    {"GET", "/v1/offers", get_offers, BODY_NONE, 0, "6.6"},
    {"GET", "/v1/offers/{handle}/{id}", get_offer, BODY_NONE, 0, "6.6"},
    {"GET", "/v1/needs", get_needs, BODY_NONE, 0, "6.7"},
    {"GET", "/v1/needs/{handle}/{id}", get_need, BODY_NONE, 0, "6.7"},
    {"GET", "/v1/agreements", get_agreements, BODY_NONE, ROUTE_MEMBERS, "6.8"},
    {"GET", "/v1/agreements/{handle}/{id}", get_agreement, BODY_NONE, ROUTE_MEMBERS, "6.8"},
    {"GET", "/v1/positions", get_positions, BODY_NONE, ROUTE_MEMBERS, "8.4"},
    {"GET", "/v1/orgs/{handle}/standing", get_standing, BODY_NONE, ROUTE_MEMBERS, "18.10"},
    {"GET", "/v1/reciprocity", get_reciprocity, BODY_NONE, 0, "18.9"},
    {"GET", "/v1/reciprocity/fill_gap", get_sheet_fill, BODY_NONE, 0, "18.9"},
    {"GET", "/v1/reciprocity/position", get_sheet_hours, BODY_NONE, 0, "18.9"},
    {"GET", "/v1/reciprocity/displaced", get_sheet_hours, BODY_NONE, 0, "18.9"},
    {"GET", "/v1/reciprocity/comes_round", get_sheet_hours, BODY_NONE, 0, "18.9"},
    {"GET", "/v1/reciprocity/dependency", get_sheet_hours, BODY_NONE, 0, "18.9"},
    {"GET", "/v1/reciprocity/burden", get_sheet_hours, BODY_NONE, 0, "18.9"},
    {"GET", "/v1/reciprocity/deficit", get_sheet_needs, BODY_NONE, 0, "18.9"},
    {"GET", "/v1/matches", get_matches, BODY_NONE, ROUTE_MEMBERS, "19.8"},
    {"POST", "/v1/matches", post_matches, BODY_NONE, ROUTE_MEMBERS, "19.8"},
    {"GET", "/v1/matches/inputs", get_match_inputs, BODY_NONE, ROUTE_MEMBERS, "19.8"},
    {"GET", "/v1/matches/loops", get_match_loops, BODY_NONE, ROUTE_MEMBERS, "19.6"},
    {"POST", "/v1/matches/{handle}/{id}/decline", post_match_decline, BODY_JSON, ROUTE_MEMBERS,
     "19.8"},
    {"POST", "/v1/sessions/challenge", post_challenge, BODY_JSON, ROUTE_LOGIN, "12.2"},
    {"POST", "/v1/sessions", post_session, BODY_TEXT, ROUTE_LOGIN, "12.2"},
    {"DELETE", "/v1/sessions", delete_session, BODY_NONE, ROUTE_LOGIN, "12.2"},
};
const size_t n_routes = sizeof routes / sizeof routes[0];

static void add_word(char allow[static 64], const char *word)
{
    size_t n = strlen(allow);

    assert(n + strlen(word) + 3 <= 64);
    memcpy(allow + n, ", ", 3);
    memcpy(allow + n + (n ? 2 : 0), word, strlen(word) + 1);
}

/*
 * Nearly all are under "/v1/", and no parameter follows there at once: the letter behind it tells
 * most of them apart before anything is walked along.
 */
static bool may_fit(const char *template, const char *path, bool under_v1)
{
    return !under_v1 || (template[1] == 'v' && template[4] == path[4]);
}

const struct route *route_find(const char *method, const char *path, struct path_args *args,
                               enum code *why, char allow[static 64])
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    bool under_v1 = strncmp(path, "/v1/", 4) == 0;

    allow[0] = '\0';
    for (size_t i = 0; i < n_routes; i++) {
        if (!may_fit(routes[i].path, path, under_v1) ||
            !path_match(routes[i].path, path, args)) {
            continue;
        }
        if (strcmp(routes[i].method, wanted) == 0) {
            return &routes[i];
        }
        add_word(allow, routes[i].method);
        if (strcmp(routes[i].method, "GET") == 0) {
            add_word(allow, "HEAD");
        }
    }
    *why = allow[0] ? CODE_method_not_allowed : CODE_not_found;
    return NULL;
}

size_t route_number(const struct route *route)
{
    return route ? (size_t)(route - routes) : n_routes;
}
