/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "crypto/text.h"

#include <assert.h>
#include <endian.h>
#include <sodium.h>
#include <string.h>

void hex_encode(char *out, const void *in, size_t n)
{
    sodium_bin2hex(out, HEX_SIZE(n), in, n);
}

void hex_encode_public(char *out, const void *in, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *at = in;

    for (size_t i = 0; i < n; i++) {
        *out++ = digits[at[i] >> 4];
        *out++ = digits[at[i] & 15];
    }
    *out = '\0';
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

/* By byte: 16 and the value of a hexadecimal digit as it is written here, 0 for all others. */
static const uint8_t hex_digits[256] = {
    ['0'] = 16, ['1'] = 17, ['2'] = 18, ['3'] = 19, ['4'] = 20, ['5'] = 21, ['6'] = 22, ['7'] = 23,
    ['8'] = 24, ['9'] = 25, ['a'] = 26, ['b'] = 27, ['c'] = 28, ['d'] = 29, ['e'] = 30, ['f'] = 31,
};

bool hex_decode_public(uint8_t *out, size_t n, const char *in, size_t in_len)
{
    const uint8_t *at = (const uint8_t *)in;
    unsigned all = 16;

    if (in_len != HEX_LEN(n)) {
        return false;
    }
    for (size_t i = 0; i < n; i++, at += 2) {
        unsigned high = hex_digits[at[0]], low = hex_digits[at[1]];
        all &= high & low;
        out[i] = (uint8_t)(high << 4 | (low & 15));
    }
    return (all & 16) != 0;
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

/* --- Base64 of what is public ---------------------------------------------------------------- */

/* The 64 digits and their values. */
#define BASE64_DIGITS(D)                                                                           \
    D('A', 0) D('B', 1) D('C', 2) D('D', 3) D('E', 4) D('F', 5) D('G', 6) D('H', 7) D('I', 8)      \
    D('J', 9) D('K', 10) D('L', 11) D('M', 12) D('N', 13) D('O', 14) D('P', 15) D('Q', 16)         \
    D('R', 17) D('S', 18) D('T', 19) D('U', 20) D('V', 21) D('W', 22) D('X', 23) D('Y', 24)        \
    D('Z', 25) D('a', 26) D('b', 27) D('c', 28) D('d', 29) D('e', 30) D('f', 31) D('g', 32)        \
    D('h', 33) D('i', 34) D('j', 35) D('k', 36) D('l', 37) D('m', 38) D('n', 39) D('o', 40)        \
    D('p', 41) D('q', 42) D('r', 43) D('s', 44) D('t', 45) D('u', 46) D('v', 47) D('w', 48)        \
    D('x', 49) D('y', 50) D('z', 51) D('0', 52) D('1', 53) D('2', 54) D('3', 55) D('4', 56)        \
    D('5', 57) D('6', 58) D('7', 59) D('8', 60) D('9', 61) D('+', 62) D('/', 63)

/*
 * Each character of four at its place: the six bits where they belong in 24, and above them one
 * bit of its own for each that is a digit, so that four digits make BASE64_GOOD.
 */
#define BASE64_FIRST(c, v) [c] = 0x01000000u | (v) << 18,
#define BASE64_SECOND(c, v) [c] = 0x02000000u | (v) << 12,
#define BASE64_THIRD(c, v) [c] = 0x04000000u | (v) << 6,
#define BASE64_FOURTH(c, v) [c] = 0x08000000u | (v),
#define BASE64_GOOD 0x0f000000u
static const uint32_t base64_bits[4][256] = {{BASE64_DIGITS(BASE64_FIRST)},
                                             {BASE64_DIGITS(BASE64_SECOND)},
                                             {BASE64_DIGITS(BASE64_THIRD)},
                                             {BASE64_DIGITS(BASE64_FOURTH)}};

static uint32_t base64_four(const uint8_t *in)
{
    return base64_bits[0][in[0]] | base64_bits[1][in[1]] | base64_bits[2][in[2]] |
           base64_bits[3][in[3]];
}

static bool base64_digit(char c)
{
    return base64_bits[3][(uint8_t)c] != 0;
}

bool base64_check(size_t *out_len, const char *in, size_t in_len)
{
    size_t padding = 0;

    if (in_len % 4 == 0) {
        while (padding < 2 && padding < in_len && in[in_len - 1 - padding] == '=') {
            padding++;
        }
    }
    size_t digits = in_len - padding, i = 0;
    uint32_t all = BASE64_GOOD;
    for (; digits - i >= 4; i += 4) {
        all &= base64_four((const uint8_t *)in + i);
    }
    bool good = in_len % 4 == 0 && all == BASE64_GOOD;
    for (; i < digits; i++) {
        good = good && base64_digit(in[i]);
    }
    if (good && padding > 0) {
        /* One padding leaves two bits of the last digit over, two leave four. */
        uint32_t last = base64_bits[3][(uint8_t)in[digits - 1]];
        good = (last & (padding == 1 ? 0x3u : 0xfu)) == 0;
    }
    *out_len = in_len / 4 * 3 - padding;
    return good;
}

static const char base64_text[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The digits of the highest 24 bits. */
static void base64_put(char *out, uint64_t bits)
{
    out[0] = base64_text[bits >> 58];
    out[1] = base64_text[bits >> 52 & 63];
    out[2] = base64_text[bits >> 46 & 63];
    out[3] = base64_text[bits >> 40 & 63];
}

size_t base64_encode_public(char *out, const void *in, size_t n)
{
    const uint8_t *at = in, *end = at + n;
    char *start = out;

    for (; end - at >= 8; at += 6, out += 8) {
        uint64_t bits; /* eight bytes are read, six of them used */
        memcpy(&bits, at, sizeof bits);
        bits = be64toh(bits);
        base64_put(out, bits);
        base64_put(out + 4, bits << 24);
    }
    for (; end - at >= 3; at += 3, out += 4) {
        base64_put(out, (uint64_t)at[0] << 56 | (uint64_t)at[1] << 48 | (uint64_t)at[2] << 40);
    }
    if (at < end) {
        bool two = end - at == 2;
        base64_put(out, (uint64_t)at[0] << 56 | (two ? (uint64_t)at[1] << 48 : 0));
        out[2] = two ? out[2] : '=';
        out[3] = '=';
        out += 4;
    }
    return (size_t)(out - start);
}

bool base64_decode_public(uint8_t *out, size_t n, const char *in, size_t in_len)
{
    const uint8_t *at = (const uint8_t *)in;
    uint32_t all = BASE64_GOOD, bits;
    size_t rest = n % 3;

    if (in_len != BASE64_LEN(n)) {
        return false;
    }
    uint8_t *end = out + (n - rest);
    for (; end - out >= 8; out += 6, at += 8) {
        uint32_t first = base64_four(at), second = base64_four(at + 4);
        uint64_t both = htobe64((uint64_t)first << 40 | (uint64_t)(second << 8) << 8);
        all &= first & second;
        memcpy(out, &both, sizeof both); /* eight bytes, of which the next ones take two's place */
    }
    for (; out < end; out += 3, at += 4) {
        bits = base64_four(at);
        all &= bits;
        out[0] = (uint8_t)(bits >> 16);
        out[1] = (uint8_t)(bits >> 8);
        out[2] = (uint8_t)bits;
    }
    if (all != BASE64_GOOD || rest == 0) {
        return all == BASE64_GOOD;
    }
    /* 'A' stands for no bits: what a canonical text has left over must be none. */
    uint8_t last[4] = {at[0], at[1], rest == 2 ? at[2] : 'A', 'A'};
    bits = base64_four(last);
    if (bits >> 24 != BASE64_GOOD >> 24 || at[3] != '=' || (rest == 1 && at[2] != '=') ||
        (bits & (rest == 2 ? 0xffu : 0xffffu)) != 0) {
        return false;
    }
    out[0] = (uint8_t)(bits >> 16);
    if (rest == 2) {
        out[1] = (uint8_t)(bits >> 8);
    }
    return true;
}

bool decimal_parse(uint64_t *out, const char *in, size_t n)
{
    uint64_t value = 0;

    if (n == 0 || n > 20 || (n > 1 && in[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (in[i] < '0' || in[i] > '9') {
            return false;
        }
        uint64_t digit = (uint64_t)(in[i] - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

size_t decimal_format(char out[static DECIMAL_SIZE], int64_t value)
{
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char digits[DECIMAL_SIZE], *at = digits + sizeof digits;
    size_t n;

    *--at = '\0';
    do {
        *--at = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (value < 0) {
        *--at = '-';
    }
    n = (size_t)(digits + sizeof digits - at);
    memcpy(out, at, n);
    return n - 1;
}

/* --- UTF-8 ----------------------------------------------------------------------------------- */

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
    const char *end = in + n;

    while (in < end) {
        uint64_t two[2];
        /* Most texts are ASCII for long stretches: sixteen characters without a high bit. */
        while ((size_t)(end - in) >= sizeof two) {
            memcpy(two, in, sizeof two);
            if (((two[0] | two[1]) & 0x8080808080808080u) != 0) {
                break;
            }
            in += sizeof two;
        }
        while (in < end && (*in & 0x80) == 0) {
            in++;
        }
        uint32_t code_point;
        size_t used = in == end ? 0 : utf8_decode(&code_point, in, (size_t)(end - in));
        if (in < end && used == 0) {
            return false;
        }
        in += used;
    }
    return true;
}
