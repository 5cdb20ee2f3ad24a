/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/json.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "crypto/text.h"
#include "ledger/entry.h"

/* --- The profile (SPEC 2.2) ------------------------------------------------------------------- */

struct scan {
    const char *s;
    size_t n, i; /* i: the next byte */
    unsigned depth;
    struct refusal *why;
};

static bool scan_value(struct scan *c);

static bool bad(const struct scan *c, size_t at, const char *what)
{
    return refuse(c->why, CODE_not_canonical, NULL, "canonical profile JSON (SPEC 2.2)",
                  "byte %zu: %s", at, what);
}

/* The next byte, or 0 at the end: a NUL byte is refused wherever it stands, like an early end. */
static char next(const struct scan *c)
{
    return c->i < c->n ? c->s[c->i] : '\0';
}

/* Says what is wrong with the next byte where `wanted` should stand. */
static bool bad_next(const struct scan *c, const char *wanted)
{
    char text[64], b = next(c);

    if (c->i >= c->n) {
        snprintf(text, sizeof text, "the end, where %s should stand", wanted);
    } else if (b == ' ' || b == '\t' || b == '\n' || b == '\r') {
        snprintf(text, sizeof text, "white space");
    } else if (b > 0x20 && b < 0x7f) {
        snprintf(text, sizeof text, "%c, where %s should stand", b, wanted);
    } else {
        snprintf(text, sizeof text, "0x%02x, where %s should stand", (unsigned)(uint8_t)b, wanted);
    }
    return bad(c, c->i, text);
}

static bool scan_word(struct scan *c, const char *word)
{
    size_t n = strlen(word);

    if (c->n - c->i < n || memcmp(c->s + c->i, word, n) != 0) {
        return bad_next(c, "a value");
    }
    c->i += n;
    return true;
}

static bool digit(char b)
{
    return b >= '0' && b <= '9';
}

static bool scan_integer(struct scan *c)
{
    size_t start = c->i;
    bool negative = next(c) == '-';
    int64_t value = 0;

    c->i += negative ? 1 : 0;
    if (!digit(next(c))) {
        return bad_next(c, "a digit");
    }
    if (next(c) == '0' && (negative || (c->i + 1 < c->n && digit(c->s[c->i + 1])))) {
        return bad(c, start, "minus zero or a leading zero");
    }
    for (; digit(next(c)); c->i++) {
        value = value * 10 + (next(c) - '0');
        if (value > INTEGER_MAX) {
            return bad(c, start, "an integer beyond 2^53-1");
        }
    }
    if (next(c) == '.' || next(c) == 'e' || next(c) == 'E') {
        return bad(c, c->i, "a fraction or an exponent");
    }
    return true;
}

/* One character or escape of a string, past the plain ASCII that scan_string() takes itself. */
static bool scan_character(struct scan *c)
{
    char b = next(c);

    if (b == '\\') {
        char escaped = c->i + 1 < c->n ? c->s[c->i + 1] : '\0';
        if (escaped != '"' && escaped != '\\') {
            return bad(c, c->i, "an escape other than of a quote or a backslash");
        }
        c->i += 2;
        return true;
    }
    if ((uint8_t)b < 0x20 || b == 0x7f) {
        return bad(c, c->i, "a control character");
    }
    uint32_t code_point;
    size_t used = utf8_decode(&code_point, c->s + c->i, c->n - c->i);
    if (used == 0) {
        return bad(c, c->i, "not UTF-8");
    }
    c->i += used;
    return true;
}

static bool scan_string(struct scan *c)
{
    size_t start = c->i++;

    while (c->i < c->n) {
        char b = c->s[c->i];
        if (b == '"') {
            c->i++;
            return true;
        }
        if (b >= 0x20 && b < 0x7f && b != '\\') {
            c->i++;
        } else if (!scan_character(c)) {
            return false;
        }
    }
    return bad(c, start, "a string without an end");
}

struct key {
    const char *s;
    size_t n;
};

static int key_compare(const struct key *a, const struct key *b)
{
    int order = memcmp(a->s, b->s, a->n < b->n ? a->n : b->n);
    return order != 0 ? order : (a->n > b->n) - (a->n < b->n);
}

/* A key and its colon; keys are compared as they stand, because their grammar has no escapes. */
static bool scan_key(struct scan *c, struct key *last)
{
    if (next(c) != '"') {
        return bad_next(c, "a key");
    }
    size_t start = ++c->i;
    for (; next(c) != '"'; c->i++) {
        char b = next(c);
        bool letter = b >= 'a' && b <= 'z';
        if (!letter && (c->i == start || (!digit(b) && b != '_'))) {
            return bad(c, c->i, "a key that is not [a-z][a-z0-9_]*");
        }
    }
    struct key key = {c->s + start, c->i - start};
    if (key.n == 0) {
        return bad(c, start, "an empty key");
    }
    int order = last->s == NULL ? -1 : key_compare(last, &key);
    if (order >= 0) {
        return bad(c, start, order == 0 ? "a key for the second time" : "a key out of order");
    }
    *last = key;
    c->i++;
    if (next(c) != ':') {
        return bad_next(c, "a colon");
    }
    c->i++;
    return true;
}

/* The members of an object or the elements of an array, from the opening bracket to the closing. */
static bool scan_list(struct scan *c, char close)
{
    struct key last = {NULL, 0};

    if (c->depth == PROFILE_DEPTH_MAX) {
        return bad(c, c->i, "more than four levels");
    }
    c->depth++;
    c->i++;
    if (next(c) != close) {
        for (;;) {
            if ((close == '}' && !scan_key(c, &last)) || !scan_value(c)) {
                return false;
            }
            if (next(c) == close) {
                break;
            }
            if (next(c) != ',') {
                return bad_next(c, close == '}' ? "a comma or }" : "a comma or ]");
            }
            c->i++;
        }
    }
    c->i++;
    c->depth--;
    return true;
}

static bool scan_value(struct scan *c)
{
    char b = next(c);

    switch (b) {
    case '{':
        return scan_list(c, '}');
    case '[':
        return scan_list(c, ']');
    case '"':
        return scan_string(c);
    case 't':
        return scan_word(c, "true");
    case 'f':
        return scan_word(c, "false");
    case 'n':
        return bad(c, c->i, "null, or no value");
    default:
        return b == '-' || digit(b) ? scan_integer(c) : bad_next(c, "a value");
    }
}

bool profile_check(const char *json, size_t n, struct refusal *why)
{
    struct scan c = {.s = json, .n = n, .why = why};

    if (next(&c) != '{') {
        return bad_next(&c, "an object");
    }
    if (!scan_value(&c)) {
        return false;
    }
    return c.i == n || bad(&c, c.i, "something after the object");
}

/* --- Values ----------------------------------------------------------------------------------- */

json_t *profile_load(const char *json, size_t n, struct refusal *why)
{
    if (!profile_check(json, n, why)) {
        return NULL;
    }
    json_error_t error;
    json_t *value = json_loadb(json, n, JSON_REJECT_DUPLICATES, &error);
    if (value == NULL) {
        refuse(why, CODE_internal, NULL, "checked JSON can be read", "%s", error.text);
    }
    return value;
}

struct shown {
    char *out;
    size_t n;
};

/* Takes what fits; not zero ends the dump. */
static int show_more(const char *piece, size_t n, void *ctx)
{
    struct shown *shown = ctx;
    size_t room = JSON_SHOWN_SIZE - shown->n;
    size_t take = n < room ? n : room;

    memcpy(shown->out + shown->n, piece, take);
    shown->n += take;
    return shown->n == JSON_SHOWN_SIZE ? -1 : 0;
}

void json_show(char out[static JSON_SHOWN_SIZE], const json_t *value)
{
    static const char more[] = "\xe2\x80\xa6"; /* U+2026 */
    struct shown shown = {out, 0};

    (void)json_dump_callback(value, show_more, &shown, JSON_COMPACT | JSON_ENCODE_ANY);
    if (shown.n < JSON_SHOWN_SIZE) {
        out[shown.n] = '\0';
        return;
    }
    /* Bytes past the room are given up, back to where a character starts. */
    size_t room = JSON_SHOWN_SIZE - sizeof more;
    while (room > 0 && ((uint8_t)out[room] & 0xc0) == 0x80) {
        room--;
    }
    memcpy(out + room, more, sizeof more);
}
