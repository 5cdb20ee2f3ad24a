/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>

#include "api/path.h"
#include "crypto/text.h"

#define ID "0192f0c1000070008000000000000abc"
#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

Test(path, refuses_what_a_decoder_would_make_ambiguous)
{
    static const char *const bad[] = {
        "",        "v1",         "http://x/v1", "*",         "/v1/%00",      "/v1/%00evil",
        "/v1%2f",  "/v1%2Forgs", "/%",          "/%4",       "/%zz",         "/%g0",
        "/a b",    "/a\tb",      "/\x80",       "/caf\xc3\xa9", "/a#b",      "/a\\b",
        "/a%0ab",  "/a%0d",      "/%7f",        "/a\x01",    "/a\x7f",       "/%1",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_eq(path_check(bad[i]), CODE_bad_path, "\"%s\"", bad[i]);
    }
}

Test(path, refuses_bad_bytes_after_the_question_mark_as_a_bad_query)
{
    static const char *const bad[] = {"/v1?q=%00", "/?%", "/?a=%2", "/?a=\x80", "/?a b", "/?a#b"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_eq(path_check(bad[i]), CODE_query_invalid, "\"%s\"", bad[i]);
    }
}

Test(path, takes_plain_targets)
{
    static const char *const good[] = {
        "/",      "/v1/orgs/noyer", "/v1/orgs?q=a%20b%2Fc&x=", "/%41", "/a?b?c", "/?a=/b\\",
        "/v1/a-b", "/a/../b",
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cr_expect_eq(path_check(good[i]), CODE_OK, "\"%s\"", good[i]);
    }
}

Test(path, fills_in_what_the_braces_stand_for)
{
    struct path_args args = {.index = 7};
    char text[ID_TEXT_SIZE];

    cr_assert(path_match("/v1/orgs/{handle}/pairs", "/v1/orgs/noyer/pairs", &args));
    cr_expect_str_eq(args.handle.s, "noyer");
    cr_assert(path_match("/v1/entries/{index}", "/v1/entries/0", &args));
    cr_expect_eq(args.index, 0);
    cr_assert(path_match("/v1/entries/{index}", "/v1/entries/9007199254740991", &args));
    cr_expect_eq(args.index, 9007199254740991u);
    cr_assert(path_match("/v1/entries/{author}/{id}", "/v1/entries/clock/" ID, &args));
    cr_expect(args.by_clock);
    cr_assert(path_match("/v1/entries/{author}/{id}", "/v1/entries/orme/" ID, &args));
    cr_expect_not(args.by_clock);
    id_format(text, &args.id);
    cr_expect_str_eq(text, ID);
    cr_assert(path_match("/v1/details/{commit}", "/v1/details/" HEX64, &args));
    cr_expect_eq(args.commit.b[1], 0x11);
    cr_assert(path_match("/d/{handle}/{id}/{slot}", "/d/orme/" ID "/people", &args));
    cr_expect_eq(args.slot, SLOT_PEOPLE);
    cr_assert(path_match("/s/{year}", "/s/2026", &args));
    cr_expect_eq(args.year, 2026);
    cr_assert(path_match("/log/tile/{level}/{tile}", "/log/tile/2/x001/234.p/5", &args));
    cr_expect_eq(args.level, 2);
    cr_expect_eq(args.tile.number, 1234);
    cr_expect_eq(args.tile.width, 5);
}

Test(path, does_not_match_what_only_looks_alike)
{
    static const struct {
        const char *template, *path;
    } rows[] = {
        {"/v1/orgs", "/v1/orgs/"},
        {"/v1/orgs", "/v1/org"},
        {"/v1/orgs", "/v1//orgs"},
        {"/v1/orgs/{handle}", "/v1/orgs/"},
        {"/v1/orgs/{handle}", "/v1/orgs"},
        {"/v1/orgs/{handle}", "/v1/orgs/Noyer"},
        {"/v1/orgs/{handle}", "/v1/orgs/clock"},
        {"/v1/orgs/{handle}", "/v1/orgs/noyer/x"},
        {"/v1/orgs/{handle}/pairs", "/v1/orgs/noyer"},
        {"/v1/entries/{index}", "/v1/entries/01"},
        {"/v1/entries/{index}", "/v1/entries/-1"},
        {"/v1/entries/{index}", "/v1/entries/1x"},
        {"/v1/entries/{index}", "/v1/entries/99999999999999999"},
        {"/v1/entries/{author}/{id}", "/v1/entries/noyer/123"},
        {"/v1/inbox/{handle}/{id}", "/v1/inbox/clock/" ID},
        {"/v1/details/{commit}", "/v1/details/AA"},
        {"/log/tile/{level}/{tile}", "/log/tile/entries/000"},
        {"/log/tile/{level}/{tile}", "/log/tile/0/"},
        {"/log/tile/{level}/{tile}", "/log/tile/0"},
        {"/log/tile/entries/{tile}", "/log/tile/entries/000/"},
        {"/s/{year}", "/s/26"},
        {"/s/{year}", "/s/0026"},
        {"/s/{year}", "/s/20266"},
        {"/s/{year}", "/s/2o26"},
        {"/d/{slot}", "/d/title"},
        {"/d/{slot}", "/d/"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct path_args args;

        cr_expect_not(path_match(rows[i].template, rows[i].path, &args), "%s", rows[i].path);
    }
}
