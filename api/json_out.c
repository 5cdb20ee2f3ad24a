/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/json_out.h"

#include <assert.h>
#include <endian.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "api/spare.h"
#include "crypto/text.h"

#define HEAP_BYTES 8192 /* longer ones would be mapped */

/* The first that is mapped by malloc (api/spare.h). */
static void move_to_spare(struct json_out *out)
{
    char *bytes = spare_take();

    assert(bytes);
    if (out->n > 0) {
        memcpy(bytes, out->bytes, out->n);
    }
    free(out->bytes);
    out->bytes = bytes;
    out->room = SPARE_BYTES;
}

static char *grow(struct json_out *out, size_t more)
{
    size_t room = out->room > 0 ? out->room : 1024;

    while (room - out->n < more) {
        room *= 2;
    }
    if (room > out->room && room > HEAP_BYTES && room <= SPARE_BYTES) {
        move_to_spare(out);
    } else if (room > out->room) {
        out->bytes = realloc(out->bytes, room);
        assert(out->bytes);
        out->room = room;
    }
    return out->bytes + out->n;
}

static void add(struct json_out *out, const char *bytes, size_t n)
{
    if (n > 0) {
        memcpy(grow(out, n), bytes, n);
        out->n += n;
    }
}

/* The comma and the name before a value. */
static void begin(struct json_out *out, const char *name)
{
    size_t n = name ? strlen(name) : 0;
    char *at = grow(out, n + 4), *from = at;

    if (out->n > 0 && at[-1] != '{' && at[-1] != '[') {
        *at++ = ',';
    }
    if (name) {
        *at++ = '"';
        memcpy(at, name, n);
        at += n;
        *at++ = '"';
        *at++ = ':';
    }
    out->n += (size_t)(at - from);
}

void json_open(struct json_out *out, const char *name, char bracket)
{
    begin(out, name);
    add(out, &bracket, 1);
}

void json_shut(struct json_out *out, char bracket)
{
    add(out, &bracket, 1);
}

void json_int(struct json_out *out, const char *name, int64_t value)
{
    char digits[DECIMAL_SIZE];

    begin(out, name);
    add(out, digits, decimal_format(digits, value));
}

void json_flag(struct json_out *out, const char *name, bool value)
{
    begin(out, name);
    add(out, value ? "true" : "false", value ? 4 : 5);
}

void json_none(struct json_out *out, const char *name)
{
    begin(out, name);
    add(out, "null", 4);
}

void json_ratio(struct json_out *out, const char *name, struct ratio ratio)
{
    if (ratio.known) {
        json_int(out, name, ratio.permille);
    } else {
        json_none(out, name);
    }
}

/* RFC 8259 section 7: what must be escaped. Returns how many bytes stand at `to`, at most six. */
static size_t escape(char *to, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char words[128] = {
        ['"'] = '"', ['\\'] = '\\', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};

    to[0] = '\\';
    if (words[c]) {
        to[1] = words[c];
        return 2;
    }
    memcpy(to + 1, "u00", 3);
    to[4] = hex[c >> 4];
    to[5] = hex[c & 15];
    return 6;
}

/* How many of eight characters stand before the first below 0x20, quote or backslash. */
static size_t count_plain(const char *text)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x80 * ones;
    uint64_t eight, quote, slash, found;

    memcpy(&eight, text, sizeof eight);
    eight = le64toh(eight);
    quote = eight ^ '"' * ones;
    slash = eight ^ '\\' * ones;
    /* Borrows go to higher bytes, which come later: the lowest that is marked is a true one. */
    found = (((eight - 0x20 * ones) & ~eight) | ((quote - ones) & ~quote) |
             ((slash - ones) & ~slash)) & highs;
    return found ? (size_t)__builtin_ctzll(found) / 8 : 8;
}

static char *write_text(char *at, const char *text, size_t n)
{
    size_t i = 0;

    while (n - i >= 8) {
        size_t plain = count_plain(text + i);

        memcpy(at, text + i, 8); /* all: what follows is written over what is not plain */
        at += plain;
        i += plain;
        if (plain < 8) {
            at += escape(at, (unsigned char)text[i++]);
        }
    }
    for (; i < n; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c < 0x20 || c == '"' || c == '\\') {
            at += escape(at, c);
        } else {
            *at++ = (char)c;
        }
    }
    return at;
}

#define PIECE 1024 /* of a text; six times as much may come of it */

void json_text_n(struct json_out *out, const char *name, const char *text, size_t n)
{
    begin(out, name);
    add(out, "\"", 1);
    for (size_t piece; n > 0; text += piece, n -= piece) {
        piece = n < PIECE ? n : PIECE;
        char *at = grow(out, 6 * piece);
        out->n += (size_t)(write_text(at, text, piece) - at);
    }
    add(out, "\"", 1);
}

void json_text(struct json_out *out, const char *name, const char *text)
{
    json_text_n(out, name, text, strlen(text));
}

void json_hex(struct json_out *out, const char *name, const void *bytes, size_t n)
{
    char text[HEX_SIZE(64)];

    assert(n <= 64);
    hex_encode_public(text, bytes, n);
    json_text_n(out, name, text, 2 * n);
}

static int add_piece(const char *bytes, size_t n, void *out)
{
    add(out, bytes, n);
    return 0;
}

void json_tree(struct json_out *out, const char *name, json_t *value)
{
    int written;

    begin(out, name);
    written = json_dump_callback(value, add_piece, out, JSON_COMPACT | JSON_ENCODE_ANY);
    assert(written == 0);
    json_decref(value);
}
