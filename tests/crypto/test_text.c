/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/random.h"
#include "tests/crypto/helpers.h"

TestSuite(text, .init = start);

Test(text, hex_is_lower_case_and_exact_in_length)
{
    const uint8_t bytes[] = {0x00, 0x9f, 0xa0, 0xff};
    char out[HEX_SIZE(4)];
    uint8_t back[4];

    hex_encode(out, bytes, sizeof bytes);
    cr_assert_str_eq(out, "009fa0ff");
    memset(out, 'x', sizeof out);
    hex_encode_public(out, bytes, sizeof bytes);
    cr_assert_str_eq(out, "009fa0ff");
    cr_assert(hex_decode(back, 4, out, 8));
    cr_assert(memcmp(back, bytes, 4) == 0);
    cr_assert(hex_decode(back, 0, "", 0));

    static const char *const bad[] = {"009FA0FF", "009fa0f", "009fa0ff0", "009fa0fg", "009fa0 f",
                                      "0x9fa0ff", "", "009fa0ff00", "009fa0fF"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_not(hex_decode(back, 4, bad[i], strlen(bad[i])), "%s", bad[i]);
    }
    cr_assert_not(hex_decode(back, 4, "009fa0f\0", 8));

    memset(back, 0, sizeof back);
    cr_assert(hex_decode_public(back, 4, out, 8) && memcmp(back, bytes, 4) == 0);
    cr_assert(hex_decode_public(back, 0, "", 0));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_not(hex_decode_public(back, 4, bad[i], strlen(bad[i])), "%s", bad[i]);
    }
    cr_assert_not(hex_decode_public(back, 4, "009fa0f\0", 8));
}

/* RFC 4648 section 10. */
Test(text, base64_gives_the_vectors_of_rfc_4648)
{
    static const char *const pairs[][2] = {{"", ""},         {"f", "Zg=="},     {"fo", "Zm8="},
                                           {"foo", "Zm9v"},  {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char out[16];
        uint8_t back[16];
        size_t n;
        size_t len = strlen(pairs[i][0]);
        cr_assert_eq(base64_encode(out, sizeof out, pairs[i][0], len), strlen(pairs[i][1]));
        cr_assert_str_eq(out, pairs[i][1]);
        cr_assert(base64_decode(back, len, &n, out, strlen(out)), "%s", out);
        cr_assert(n == len && memcmp(back, pairs[i][0], n) == 0);
    }
}

Test(text, base64_accepts_one_spelling_only)
{
    static const char *const bad[] = {
        "Zg",   "Zg=",   "Zg===",    "Zh==",  "Zm9=",      "Zm9v\n", "Zm 9v", " Zm9v", "Zm9v ",
        "Zm9-", "Zm9_",  "=",        "====",  "Z",         "Z===",   "Zg==Zg==", "Zm9vZ",
        "Zm9vYg", "Zm9vYg=", "Zm9vYh==", "Zm9vYmF=", "Zm9v=", "Zm9v====", "\xc3\xa9==",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t out[16];
        size_t n;
        cr_assert_not(base64_decode(out, sizeof out, &n, bad[i], strlen(bad[i])), "%s", bad[i]);
        cr_assert_not(base64_check(&n, bad[i], strlen(bad[i])), "%s", bad[i]);
    }
    uint8_t out[16];
    size_t n;
    cr_assert_not(base64_decode(out, sizeof out, &n, "Zm9v\0", 5));
}

Test(text, base64_never_writes_past_the_room_given)
{
    uint8_t out[4] = {0, 0, 0, 0x5a};
    size_t n;

    cr_assert_not(base64_decode(out, 3, &n, "AAAAAAA=", 8));
    cr_assert_eq(out[3], 0x5a);
    cr_assert(base64_decode_exact(out, 3, "Zm9v", 4));
    cr_assert_not(base64_decode_exact(out, 3, "Zm8=", 4));
    cr_assert_not(base64_decode_exact(out, 2, "Zm9v", 4));
    cr_assert_not(base64_decode_exact(out, 3, "Zm9vYmFy", 8));
}

Test(text, base64_check_counts_the_bytes_of_any_length)
{
    static uint8_t bytes[1000];
    static char out[BASE64_SIZE(sizeof bytes)];

    random_fill(bytes, sizeof bytes);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        size_t n = base64_encode(out, sizeof out, bytes, len), counted;
        CHECK(base64_check(&counted, out, n) && counted == len, "%zu bytes", len);
        CHECK(n < 4 || !base64_check(&counted, out, n - 1), "%zu bytes, one short", len);
    }
    /* Padding inside a long text. */
    size_t n = base64_encode(out, sizeof out, bytes, 600);
    memcpy(out + 252, "AAA=", 4);
    size_t counted;
    cr_assert(base64_check(&counted, out, 256) && counted == 191);
    cr_assert_not(base64_check(&counted, out, n));
}

/* 16 and 64 characters, and no other byte for any of them. */
Test(text, each_digit_is_one_of_its_alphabet)
{
    static const char hex[] = "0123456789abcdef";
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (int byte = 0; byte < 256; byte++) {
        char two[2] = {'0', (char)byte}, four[4] = {'A', (char)byte, 'A', 'A'};
        uint8_t out[4];
        size_t n;
        CHECK(hex_decode(out, 1, two, 2) == (memchr(hex, byte, 16) != NULL), "%d", byte);
        char mirrored[2] = {(char)byte, '0'};
        CHECK(hex_decode_public(out, 1, two, 2) == (memchr(hex, byte, 16) != NULL), "%d", byte);
        CHECK(hex_decode_public(out, 1, mirrored, 2) == (memchr(hex, byte, 16) != NULL), "%d",
              byte);
        bool digit = memchr(base64, byte, 64) != NULL;
        CHECK(base64_decode(out, sizeof out, &n, four, 4) == digit, "%d", byte);
        CHECK(base64_check(&n, four, 4) == digit, "%d", byte);
    }
}

/* Any byte anywhere, and more or less of them: the three ways to read base64 say the same. */
Test(text, base64_check_and_the_quick_ones_take_what_base64_decode_takes)
{
    uint8_t bytes[48], back[64], quick[64], dice[4];
    char out[BASE64_SIZE(sizeof bytes) + 4], quickly[BASE64_SIZE(sizeof bytes)];
    size_t accepted = 0, refused = 0;

    for (size_t i = 0; i < 100000; i++) {
        size_t n, checked = 0, decoded = 0;
        random_fill(bytes, sizeof bytes);
        random_fill(dice, sizeof dice);
        n = base64_encode(out, sizeof out, bytes, dice[0] % sizeof bytes);
        CHECK(base64_encode_public(quickly, bytes, dice[0] % sizeof bytes) == n &&
              memcmp(quickly, out, n) == 0, "%s", out);
        memcpy(out + n, "====", 4);
        n = dice[1] % 8 == 0 ? n + dice[1] / 8 % 5 : n;
        if (n > 0 && dice[1] % 8 > 2) {
            /* Near the end, where padding and bits left over are. */
            size_t at = dice[1] % 2 == 0 ? dice[2] % n : n - 1 - dice[2] % (n < 4 ? n : 4);
            out[at] = (char)(dice[3] < 128 ? "ABCQgw=+/\n"[dice[3] % 10] : dice[3]);
        }
        bool ours = base64_check(&checked, out, n);
        bool theirs = base64_decode(back, sizeof back, &decoded, out, n);
        CHECK(ours == theirs && (!ours || checked == decoded), "%.*s", (int)n, out);
        size_t expected = theirs ? decoded : n / 4 * 3 - dice[3] % 3 % (n / 4 * 3 + 1);
        bool quicks = expected <= sizeof quick &&
                      base64_decode_public(quick, expected, out, n);
        CHECK(quicks == theirs && (!quicks || memcmp(quick, back, decoded) == 0), "%.*s", (int)n,
              out);
        accepted += ours ? 1 : 0;
        refused += ours ? 0 : 1;
    }
    cr_assert(accepted > 20000 && refused > 20000, "%zu, %zu", accepted, refused);
}

Test(text, utf8_is_checked_at_every_place_of_a_long_text)
{
    char text[40];

    for (size_t n = 1; n < sizeof text; n++) {
        for (size_t at = 0; at < n; at++) {
            memset(text, 'a', sizeof text);
            CHECK(utf8_valid(text, n), "%zu", n);
            text[at] = '\x80';
            CHECK(!utf8_valid(text, n), "%zu of %zu", at, n);
            memcpy(text + at, "\xc3\xa9", at + 1 < sizeof text ? 2 : 1);
            CHECK(utf8_valid(text, n) == (at + 1 < n), "%zu of %zu", at, n);
        }
    }
}

Test(text, utf8_accepts_the_shortest_forms_only)
{
    static const struct {
        const char *bytes;
        uint32_t code_point;
        size_t used;
    } good[] = {{"a", 'a', 1},
                {"\x7f", 0x7f, 1},
                {"\xc2\x80", 0x80, 2},
                {"\xdf\xbf", 0x7ff, 2},
                {"\xe0\xa0\x80", 0x800, 3},
                {"\xed\x9f\xbf", 0xd7ff, 3},
                {"\xee\x80\x80", 0xe000, 3},
                {"\xef\xbf\xbf", 0xffff, 3},
                {"\xf0\x90\x80\x80", 0x10000, 4},
                {"\xf4\x8f\xbf\xbf", 0x10ffff, 4}};
    static const char *const bad[] = {
        "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xe2\x82", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xff", "\xfe", "\xf0\x90\x80", "a\xe2\x28\xa1", "\xf8\x90\x80\x80",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        uint32_t c = 0;
        size_t n = strlen(good[i].bytes);
        cr_assert_eq(utf8_decode(&c, good[i].bytes, n), good[i].used);
        cr_assert_eq(c, good[i].code_point);
        cr_assert(utf8_valid(good[i].bytes, n));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_not(utf8_valid(bad[i], strlen(bad[i])), "number %zu", i);
    }
    cr_assert(utf8_valid("", 0));
    cr_assert(utf8_valid("a\0b", 3));
}

Test(text, a_number_is_written_as_the_library_writes_it)
{
    static const int64_t numbers[] = {0, 1, 9, 10, 99, 100, 1234567890, INT64_MAX, -1, -10,
                                      INT64_MIN};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char text[DECIMAL_SIZE], expected[32];
        size_t n = (size_t)snprintf(expected, sizeof expected, "%" PRId64, numbers[i]);
        cr_assert_eq(decimal_format(text, numbers[i]), n);
        cr_assert_str_eq(text, expected);
    }
}
