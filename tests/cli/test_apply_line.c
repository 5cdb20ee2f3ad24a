/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Lines of `semctl apply` (SPEC 13.3) up to what stops before a key is needed. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "cli/apply_line.h"
#include "cli/ctl.h"
#include "crypto/random.h"

static void start(void)
{
    cr_assert_eq(crypto_start(), 0);
}

TestSuite(apply_line, .init = start);

static const char *trouble_of(const char *text)
{
    static char wrong[LINE_WRONG_SIZE];
    struct ctl ctl = {.origin = "ledger.example.org/demo", .valid_days = 30};
    struct keyring *ring = keyring_new("/nonexistent");
    json_t *line = json_loads(text, 0, NULL), *saved = json_pack("{s:s}", "need", "saule/x");
    struct apply_line made;

    cr_assert_not_null(line, "%s", text);
    wrong[0] = '\0';
    if (apply_line_make(&made, line, saved, &ctl, ring, 1788000000000, wrong)) {
        wrong[0] = '\0';
    }
    apply_line_free(&made);
    json_decref(line);
    json_decref(saved);
    keyring_free(ring);
    return wrong;
}

Test(apply_line, names_what_is_wrong)
{
    cr_expect_str_eq(trouble_of("{\"entry\":{}}"), "\"sign\" must be a list of 1 to 32 handles");
    cr_expect_str_eq(trouble_of("{\"sign\":[],\"entry\":{}}"),
                     "\"sign\" must be a list of 1 to 32 handles");
    cr_expect_str_eq(trouble_of("{\"sign\":[\"Saule\"],\"entry\":{}}"),
                     "\"sign\": number 1 is no handle");
    cr_expect_str_eq(trouble_of("{\"sign\":[\"saule\"]}"), "\"entry\" must be an object");
    cr_expect_str_eq(trouble_of("{\"sign\":[\"saule\"],\"entry\":{\"need\":\"$offer\"}}"),
                     "$offer was not saved by an earlier line");
    cr_expect_str_eq(trouble_of("{\"sign\":[\"saule\"],\"entry\":{},\"details\":{\"details\":"
                                "{\"kind\":\"need\",\"salt\":\"00\",\"text\":{}}}}"),
                     "details \"details\": the salt must be 64 digits 0-9 a-f");
    cr_expect_str_eq(trouble_of("{\"sign\":[\"saule\"],\"entry\":{},\"details\":{\"other\":"
                                "{\"kind\":\"need\",\"text\":{}}}}"),
                     "details \"other\": slot, kind and text must be those of SPEC 9");
}

Test(apply_line, refuses_members_that_no_line_has)
{
    cr_expect_str_eq(trouble_of("{\"sign\":[\"saule\"],\"entry\":{},\"detials\":{}}"),
                     "\"detials\" is no member of a line: sign, entry, details or save");
    cr_expect_str_eq(trouble_of("{\"Sign\":[\"saule\"],\"sign\":[\"saule\"],\"entry\":{}}"),
                     "\"Sign\" is no member of a line: sign, entry, details or save");
    cr_expect_str_eq(trouble_of("{\"sign\":[\"saule\"],\"entry\":{},\"save\":5}"),
                     "\"save\" must be a name");
    cr_expect_str_eq(trouble_of("{\"sign\":[\"saule\"],\"entry\":{},\"details\":[]}"),
                     "\"details\" must be an object");
}

Test(apply_line, fills_in_author_id_and_validity)
{
    /* With these filled in, org.confirm is whole, and the missing key is what stops it. */
    cr_expect_str_eq(trouble_of("{\"sign\":[\"saule\"],\"entry\":{\"kind\":\"org.confirm\"}}"),
                     "it cannot be signed");
}

Test(apply_line, a_field_of_another_kind_is_found_before_sending)
{
    const char *wrong = trouble_of("{\"sign\":[\"saule\"],\"entry\":{\"kind\":\"org.confirm\","
                                   "\"minutes\":5}}");

    cr_expect_not_null(strstr(wrong, "minutes"), "%s", wrong);
}
