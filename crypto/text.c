/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "crypto/text.h"

#include <assert.h>
#include <sodium.h>

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
    /* libsodium refuses foreign characters, bits left over and wrong padding by itself. */
    return sodium_base642bin(out, out_max, in, in_len, NULL, out_len, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0;
}

bool base64_decode_exact(uint8_t *out, size_t n, const char *in, size_t in_len)
{
    size_t got;
    return in_len == BASE64_LEN(n) && base64_decode(out, n, &got, in, in_len) && got == n;
}

bool base64_check(size_t *out_len, const char *in, size_t in_len)
{
    enum { PIECE_CHARS = 256, PIECE_BYTES = PIECE_CHARS / 4 * 3 };
    uint8_t piece[PIECE_BYTES];
    size_t total = 0;

    while (in_len > 0) {
        size_t chars = in_len < PIECE_CHARS ? in_len : PIECE_CHARS;
        size_t got;
        if (!base64_decode(piece, sizeof piece, &got, in, chars)) {
            return false;
        }
        /* Padding ends the text, so only the last piece may fall short. */
        if (chars < in_len && got != PIECE_BYTES) {
            return false;
        }
        total += got;
        in += chars;
        in_len -= chars;
    }
    *out_len = total;
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
