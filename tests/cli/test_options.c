/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <string.h>

#include "cli/duration.h"
#include "cli/options.h"
#include "cli/session.h"
#include "cli/shares.h"

static void quiet(void)
{
    cr_redirect_stderr();
}

TestSuite(options, .init = quiet);
TestSuite(shares, .init = quiet);

static const struct opt opts[] = {
    {"from", "H", "", false}, {"gift", NULL, "", false}, {NULL, NULL, NULL, false}};

/* Gives argv[0] and perhaps argv[1] to the parser; `used` says how many it took. */
static const struct opt *take(const char *first, const char *second, const char **value, int *used)
{
    static char words[2][32];
    const struct opt *const tables[] = {opts, NULL};
    char *argv[] = {words[0], second != NULL ? words[1] : NULL, NULL};

    snprintf(words[0], sizeof words[0], "%s", first);
    snprintf(words[1], sizeof words[1], "%s", second != NULL ? second : "");
    *used = 0;
    return option_take(tables, argv, used, value);
}

Test(options, takes_values_and_flags)
{
    const char *value;
    int used;

    cr_assert_eq(take("--from", "tilleul", &value, &used), &opts[0]);
    cr_expect_str_eq(value, "tilleul");
    cr_expect_eq(used, 2);
    cr_assert_eq(take("--from=tilleul", "x", &value, &used), &opts[0]);
    cr_expect_str_eq(value, "tilleul");
    cr_expect_eq(used, 1);
    cr_assert_eq(take("--gift", "x", &value, &used), &opts[1]);
    cr_expect_eq(used, 1);
}

Test(options, refuses_the_unknown_the_valueless_and_values_of_flags)
{
    const char *value;
    int used;

    cr_expect_null(take("--form", "x", &value, &used));
    cr_expect_null(take("--fro", "x", &value, &used));
    cr_expect_null(take("--from", NULL, &value, &used));
    cr_expect_null(take("--gift=1", NULL, &value, &used));
}

Test(options, lists_are_sorted_and_without_doubles)
{
    struct args a = {.n_given = 0};
    struct handles list;

    args_handles(&a, "--with", "tilleul,saule,tilleul,hirondelle", &list);
    cr_assert_not(a.bad);
    cr_assert_eq(list.n, 3);
    cr_expect_str_eq(list.v[0].s, "hirondelle");
    cr_expect_str_eq(list.v[2].s, "tilleul");
    args_handles(&a, "--with", "tilleul,,saule", &list);
    cr_expect(a.bad);
}

Test(options, first_bad_value_is_the_one_that_is_told)
{
    struct args a = {.n_given = 0};
    struct handle handle;
    int64_t minutes;

    args_handle(&a, "--to", "Not A Handle", &handle);
    cr_expect(a.bad);
    args_minutes(&a, "--minutes", "2h", &minutes);
    cr_expect_eq(minutes, 0, "nothing is read after a bad value");
}

static struct args given(const char *const pairs[][2], int n)
{
    struct args a = {.n_given = n};

    for (int i = 0; i < n; i++) {
        a.given[i].name = pairs[i][0];
        a.given[i].value = pairs[i][1];
    }
    return a;
}

Test(options, until_is_the_end_of_the_day)
{
    struct args a = given((const char *const[][2]){{"until", "2026-08-31"}}, 1);

    cr_expect_eq(args_until(&a, 30), day_end_ms(20696));
    struct args both = given((const char *const[][2]){{"until", "2026-08-31"}, {"days", "3"}}, 2);
    cr_expect_eq(args_until(&both, 30), 0);
    cr_expect(both.bad);
}

Test(shares, missing_side_is_ourselves)
{
    struct args a = given((const char *const[][2]){{"from", "tilleul"}, {"minutes", "2h30"}}, 2);
    struct handle us = {"hirondelle"};
    struct shares shares;

    args_shares(&a, &us, &shares);
    cr_assert_not(a.bad);
    cr_assert_eq(shares.n, 1);
    cr_expect_str_eq(shares.v[0].from.s, "tilleul");
    cr_expect_str_eq(shares.v[0].to.s, "hirondelle");
    cr_expect_eq(shares.v[0].minutes, 150);
}

Test(shares, a_group_shares_whole_minutes_in_the_order_given)
{
    struct args a = given((const char *const[][2]){{"to", "saule,hirondelle,tilleul"},
                                                   {"minutes", "1h40"},
                                                   {"from", "aulne"}},
                          3);
    struct shares shares;

    args_shares(&a, &(struct handle){"aulne"}, &shares);
    cr_assert_not(a.bad);
    cr_assert_eq(shares.n, 3);
    cr_expect_str_eq(shares.v[0].to.s, "saule");
    cr_expect_eq(shares.v[0].minutes, 34);
    cr_expect_eq(shares.v[1].minutes, 33);
    cr_expect_eq(shares.v[2].minutes, 33);
}

Test(shares, explicit_shares_are_read_and_not_mixed)
{
    struct args a = given(
        (const char *const[][2]){{"share", "tilleul:saule:45min"}, {"share", "saule:tilleul:1:30"}},
        2);
    struct shares shares;

    args_shares(&a, &(struct handle){"saule"}, &shares);
    cr_assert_not(a.bad);
    cr_assert_eq(shares.n, 2);
    cr_expect_eq(shares.v[0].minutes, 45);
    cr_expect_eq(shares.v[1].minutes, 90);
    struct args mixed =
        given((const char *const[][2]){{"share", "tilleul:saule:45min"}, {"from", "saule"}}, 2);
    args_shares(&mixed, &(struct handle){"saule"}, &shares);
    cr_expect(mixed.bad);
}

Test(shares, refuses_nonsense)
{
    static const char *const bad[] = {
        "",          "tilleul",         "tilleul:saule",      "tilleul:saule:",  "tilleul::45",
        ":saule:45", "tilleul:saule:0", "tilleul:tilleul:45", "Tilleul:saule:45"};
    struct shares shares;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct args a = given((const char *const[][2]){{"share", bad[i]}}, 1);
        args_shares(&a, &(struct handle){"saule"}, &shares);
        cr_expect(a.bad, "%s", bad[i]);
    }
}

#define NONCE "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define LOGIN(origin, nonce, org)                                                                  \
    origin "/login/v1\n{\"nonce\":\"" nonce "\",\"org\":\"" org "\"}\n"

Test(login, only_a_login_text_of_this_network_for_us_is_signed)
{
    static const char *const bad[] = {
        LOGIN("ledger.example.org/other", NONCE, "tilleul"),
        LOGIN("ledger.example.org/demo", NONCE, "saule"),
        LOGIN("ledger.example.org/demo", "0011", "tilleul"),
        "ledger.example.org/demo/entry/v1\n{\"nonce\":\"" NONCE "\",\"org\":\"tilleul\"}\n",
        "ledger.example.org/demo/login/v1\n{\"nonce\":\"" NONCE
        "\",\"org\":\"tilleul\",\"shares\":1}\n",
        "ledger.example.org/demo/login/v1\n{\"nonce\":\"" NONCE "\",\"org\":\"tilleul\"}",
        "ledger.example.org/demo/login/v1\n\n",
        "ledger.example.org/demo/login/v1\n",
        "",
    };

    cr_expect(login_text_valid(LOGIN("ledger.example.org/demo", NONCE, "tilleul"),
                               "ledger.example.org/demo", "tilleul"));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_not(login_text_valid(bad[i], "ledger.example.org/demo", "tilleul"), "%s", bad[i]);
    }
}
