/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "crypto/text.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

void hex_encode(char *out, const void *in, size_t n)
{
    sodium_bin2hex(out, HEX_SIZE(n), in, n);
}

bool hex_decode(uint8_t *out, size_t n, const char *in, size_t in_len)
{
    if (in_len != HEX_LEN(n)) {
        return false;
    }
    for (size_t i = 0; i < in_len; i++) {
        if (in[i] >= 'A' && in[i] <= 'F') {
            return false;
        }
    }
    size_t got = 0;
    return n == 0 || (sodium_hex2bin(out, n, in, in_len, NULL, &got, NULL) == 0 && got == n);
}

size_t base64_encode(char *out, size_t out_size, const void *in, size_t n)
{
    assert(out_size >= BASE64_SIZE(n));
    sodium_bin2base64(out, out_size, in, n, sodium_base64_VARIANT_ORIGINAL);
    return BASE64_LEN(n);
}

bool base64_decode(uint8_t *out, size_t out_max, size_t *out_len, const char *in, size_t in_len)
{
    /*
     * libsodium refuses bits left over, wrong padding and foreign characters by itself, but 1.0.18
     * reads bytes above ASCII as if they were digits.
     */
    unsigned beyond = 0;
    for (size_t i = 0; i < in_len; i++) {
        beyond |= (uint8_t)in[i] & 0x80u;
    }
    return beyond == 0 &&
           sodium_base642bin(out, out_max, in, in_len, NULL, out_len, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0;
}

bool base64_decode_exact(uint8_t *out, size_t n, const char *in, size_t in_len)
{
    size_t got;
    return in_len == BASE64_LEN(n) && base64_decode(out, n, &got, in, in_len) && got == n;
}

/* One more than the value of each of the 64 characters, 0 for every other. */
static const uint8_t base64_digits[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

bool base64_check(size_t *out_len, const char *in, size_t in_len)
{
    size_t padding = 0;
    bool good = in_len % 4 == 0;

    while (good && padding < 2 && padding < in_len && in[in_len - 1 - padding] == '=') {
        padding++;
    }
    size_t digits = in_len - padding;
    for (size_t i = 0; i < digits && good; i++) {
        good = base64_digits[(uint8_t)in[i]] != 0;
    }
    if (good && padding > 0) {
        /* One padding leaves two bits of the last digit over, two leave four. */
        unsigned last = base64_digits[(uint8_t)in[digits - 1]] - 1u;
        good = (last & (padding == 1 ? 0x3u : 0xfu)) == 0;
    }
    *out_len = in_len / 4 * 3 - padding;
    return good;
}

size_t base64_encode_public(char *out, const void *in, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *at = in, *end = at + n;
    char *start = out;

    for (; end - at >= 3; at += 3) {
        uint32_t three = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
        *out++ = digits[three >> 18];
        *out++ = digits[three >> 12 & 63];
        *out++ = digits[three >> 6 & 63];
        *out++ = digits[three & 63];
    }
    if (at < end) {
        bool two = end - at == 2;
        uint32_t rest = (uint32_t)at[0] << 16 | (two ? (uint32_t)at[1] << 8 : 0);
        *out++ = digits[rest >> 18];
        *out++ = digits[rest >> 12 & 63];
        *out++ = two ? digits[rest >> 6 & 63] : '=';
        *out++ = '=';
    }
    return (size_t)(out - start);
}

/* The bits of four characters; above 24 of them where one is no digit. */
static uint32_t base64_four(const uint8_t *in)
{
    uint32_t a = base64_digits[in[0]], b = base64_digits[in[1]], c = base64_digits[in[2]],
             d = base64_digits[in[3]];

    if (a == 0 || b == 0 || c == 0 || d == 0) {
        return UINT32_MAX;
    }
    return (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1);
}

bool base64_decode_public(uint8_t *out, size_t n, const char *in, size_t in_len)
{
    const uint8_t *at = (const uint8_t *)in;
    size_t rest = n % 3;

    if (in_len != BASE64_LEN(n)) {
        return false;
    }
    for (size_t whole = n / 3; whole > 0; whole--, at += 4) {
        uint32_t bits = base64_four(at);
        if (bits == UINT32_MAX) {
            return false;
        }
        *out++ = (uint8_t)(bits >> 16);
        *out++ = (uint8_t)(bits >> 8);
        *out++ = (uint8_t)bits;
    }
    if (rest == 0) {
        return true;
    }
    /* 'A' stands for no bits: what a canonical text has left over must be none. */
    uint8_t last[4] = {at[0], at[1], rest == 2 ? at[2] : 'A', 'A'};
    uint32_t bits = base64_four(last);
    if (bits == UINT32_MAX || at[3] != '=' || (rest == 1 && at[2] != '=') ||
        (bits & (rest == 2 ? 0xffu : 0xffffu)) != 0) {
        return false;
    }
    *out++ = (uint8_t)(bits >> 16);
    if (rest == 2) {
        *out = (uint8_t)(bits >> 8);
    }
    return true;
}

/* Length of a character by its first byte, and the smallest code point of that length. */
static size_t utf8_length(uint8_t first, uint32_t *bits, uint32_t *least)
{
    if (first < 0x80) {
        *bits = first;
        *least = 0;
        return 1;
    }
    if (first >= 0xc2 && first < 0xe0) {
        *bits = first & 0x1fu;
        *least = 0x80;
        return 2;
    }
    if (first >= 0xe0 && first < 0xf0) {
        *bits = first & 0x0fu;
        *least = 0x800;
        return 3;
    }
    if (first >= 0xf0 && first < 0xf5) {
        *bits = first & 0x07u;
        *least = 0x10000;
        return 4;
    }
    return 0;
}

size_t utf8_decode(uint32_t *code_point, const char *in, size_t n)
{
    uint32_t value, least;
    size_t length = n == 0 ? 0 : utf8_length((uint8_t)in[0], &value, &least);

    if (length == 0 || length > n) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        uint8_t byte = (uint8_t)in[i];
        if ((byte & 0xc0) != 0x80) {
            return 0;
        }
        value = value << 6 | (byte & 0x3fu);
    }
    if (value < least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) {
        return 0;
    }
    *code_point = value;
    return length;
}

bool utf8_valid(const char *in, size_t n)
{
    while (n > 0) {
        uint64_t eight;
        /* Most texts are ASCII for long stretches: eight characters without a high bit. */
        if (n >= sizeof eight) {
            memcpy(&eight, in, sizeof eight);
            if ((eight & 0x8080808080808080u) == 0) {
                in += sizeof eight;
                n -= sizeof eight;
                continue;
            }
        }
        uint32_t code_point;
        size_t used = utf8_decode(&code_point, in, n);
        if (used == 0) {
            return false;
        }
        in += used;
        n -= used;
    }
    return true;
}
