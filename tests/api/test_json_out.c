/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "api/json_out.h"

static void expect(struct json_out *out, const char *text)
{
    cr_expect(out->n == strlen(text) && memcmp(out->bytes, text, out->n) == 0, "%.*s",
              (int)out->n, out->bytes);
    free(out->bytes);
    memset(out, 0, sizeof *out);
}

Test(json_out, commas_and_names_follow_the_nesting)
{
    struct json_out out = {0};

    json_open(&out, NULL, '{');
    json_open(&out, "empty", '[');
    json_shut(&out, ']');
    json_flag(&out, "yes", true);
    json_open(&out, "list", '[');
    json_int(&out, NULL, 1);
    json_none(&out, NULL);
    json_open(&out, NULL, '{');
    json_shut(&out, '}');
    json_text(&out, NULL, "[");
    json_flag(&out, NULL, false);
    json_shut(&out, ']');
    json_ratio(&out, "known", (struct ratio){true, -7});
    json_ratio(&out, "unknown", (struct ratio){false, 0});
    json_hex(&out, "hex", "\x00\xfe", 2);
    json_tree(&out, "tree", json_pack("{s:[i]}", "a", 5));
    json_shut(&out, '}');
    expect(&out, "{\"empty\":[],\"yes\":true,\"list\":[1,null,{},\"[\",false],\"known\":-7,"
                 "\"unknown\":null,\"hex\":\"00fe\",\"tree\":{\"a\":[5]}}");
}

Test(json_out, integers_reach_from_end_to_end)
{
    struct json_out out = {0};

    json_open(&out, NULL, '[');
    json_int(&out, NULL, 0);
    json_int(&out, NULL, -10);
    json_int(&out, NULL, INT64_MAX);
    json_int(&out, NULL, INT64_MIN);
    json_shut(&out, ']');
    expect(&out, "[0,-10,9223372036854775807,-9223372036854775808]");
}

/* Every character there is below U+0800, NUL too, comes back from another's parser. */
Test(json_out, any_text_comes_back_as_it_was)
{
    struct json_out out = {0};
    char text[4096];
    size_t n = 0;
    json_t *list, *value;

    for (unsigned c = 0; c < 0x800; c++) {
        if (c < 0x80) {
            text[n++] = (char)c;
        } else {
            text[n++] = (char)(0xc0 | c >> 6);
            text[n++] = (char)(0x80 | (c & 0x3f));
        }
    }
    json_open(&out, NULL, '[');
    json_text_n(&out, NULL, text, n);
    json_text(&out, NULL, "");
    json_shut(&out, ']');
    list = json_loadb(out.bytes, out.n, JSON_ALLOW_NUL, NULL);
    cr_assert_eq(json_array_size(list), 2);
    value = json_array_get(list, 0);
    cr_expect_eq(json_string_length(value), n);
    cr_expect_eq(memcmp(json_string_value(value), text, n), 0);
    cr_expect_str_eq(json_string_value(json_array_get(list, 1)), "");
    json_decref(list);
    free(out.bytes);
}

/* What must be escaped, at every place of long texts: eight characters are copied at a time. */
Test(json_out, an_escape_is_found_at_any_place)
{
    static const char odd[] = "\"\\\n\t\x01\x1f";
    char text[3000];

    memset(text, 'x', sizeof text);
    for (size_t at = 0; at < sizeof text; at += at < 1040 && at > 20 ? 11 : 1) {
        struct json_out out = {0};
        json_t *list, *value;

        text[at] = odd[at % (sizeof odd - 1)];
        json_open(&out, NULL, '[');
        json_text_n(&out, NULL, text + at % 9, sizeof text - at % 9);
        json_shut(&out, ']');
        list = json_loadb(out.bytes, out.n, 0, NULL);
        value = json_array_get(list, 0);
        cr_assert_eq(json_string_length(value), sizeof text - at % 9, "%zu", at);
        cr_assert_eq(memcmp(json_string_value(value), text + at % 9, sizeof text - at % 9), 0,
                     "%zu", at);
        json_decref(list);
        free(out.bytes);
        if (at % 5 != 0)
            text[at] = 'x';
    }
}

/* Eight at a time are looked at by sums that carry from one to the next. */
Test(json_out, what_follows_an_escape_is_itself)
{
    static const char odd[] = "\"\\\n\x1f";

    for (size_t i = 0; i < 4 * 8 * 95; i++) {
        char text[9] = "xxxxxxxx";
        struct json_out out = {0};
        json_t *list;
        size_t n = 0;

        text[i / 4 % 8] = odd[i % 4];
        text[(i / 4 + 1) % 8] = (char)(' ' + i / 32);
        json_open(&out, NULL, '[');
        json_text(&out, NULL, text);
        json_shut(&out, ']');
        list = json_loadb(out.bytes, out.n, 0, NULL);
        cr_assert_str_eq(json_string_value(json_array_get(list, 0)), text);
        for (const char *at = text; *at; at++) {
            n += *at == '\x1f' ? 6 : strchr("\"\\\n", *at) ? 2 : 1;
        }
        cr_assert_eq(out.n, n + strlen("[\"\"]"), "%.*s", (int)out.n, out.bytes);
        json_decref(list);
        free(out.bytes);
    }
}
