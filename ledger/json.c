/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/json.h"

#include <assert.h>
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

/* Bytes that stand for themselves in a string. */
static const bool plain[256] = {
    [' ' ... '!'] = true, ['#' ... '['] = true, [']' ... '~'] = true};

static bool scan_string(struct scan *c)
{
    size_t start = c->i++;

    while (c->i < c->n) {
        const char *at = c->s + c->i, *end = c->s + c->n;
        while (at < end && plain[(uint8_t)*at]) {
            at++;
        }
        c->i = (size_t)(at - c->s);
        if (at < end && *at == '"') {
            c->i++;
            return true;
        }
        if (at < end && !scan_character(c)) {
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
    while (c->i < c->n && c->s[c->i] >= 'a' && c->s[c->i] <= 'z') {
        c->i++;
    }
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

/* --- Values of checked bytes ------------------------------------------------------------------ */

struct value profile_read(const char *json, size_t n, struct refusal *why)
{
    return profile_check(json, n, why) ? (struct value){json, n} : (struct value){NULL, 0};
}

/* Behind a string; `s` is its first quote. Few have escapes: with none, the next quote ends it. */
static const char *string_end(const char *s)
{
    const char *quote = rawmemchr(s + 1, '"');

    if (quote[-1] != '\\') {
        return quote + 1;
    }
    for (s++; *s != '"'; s++) {
        s += *s == '\\' ? 1 : 0;
    }
    return s + 1;
}

/* Behind a value in a list; the bracket that closes the list ends every search. */
static const char *value_end(const char *s)
{
    unsigned depth = 0;

    if (*s != '"' && *s != '{' && *s != '[') {
        while (*s != ',' && *s != '}' && *s != ']') {
            s++;
        }
        return s;
    }
    do {
        if (*s == '"') {
            s = string_end(s);
        } else {
            depth += *s == '{' || *s == '[' ? 1 : 0;
            depth -= *s == '}' || *s == ']' ? 1 : 0;
            s++;
        }
    } while (depth > 0);
    return s;
}

json_t *profile_load(const char *json, size_t n, struct refusal *why)
{
    if (!profile_check(json, n, why)) {
        return NULL;
    }
    json_error_t error;
    json_t *tree = json_loadb(json, n, JSON_REJECT_DUPLICATES, &error);
    if (tree == NULL) {
        refuse(why, CODE_internal, NULL, "checked JSON can be read", "%s", error.text);
    }
    return tree;
}

bool value_text(struct value v, const char **s, size_t *n)
{
    if (v.s == NULL || v.s[0] != '"') {
        return false;
    }
    *s = v.s + 1;
    *n = v.n - 2;
    return true;
}

bool value_integer(struct value v, int64_t *out)
{
    bool negative = v.s != NULL && v.s[0] == '-';
    size_t i = negative ? 1 : 0;
    int64_t n = 0;

    if (v.s == NULL || !digit(v.s[i])) {
        return false;
    }
    for (; i < v.n; i++) {
        n = n * 10 + (v.s[i] - '0');
    }
    *out = negative ? -n : n;
    return true;
}

bool value_flag(struct value v, bool *out)
{
    *out = v.s != NULL && v.s[0] == 't';
    return *out || (v.s != NULL && v.s[0] == 'f');
}

struct walk walk_start(struct value list)
{
    assert(value_is_object(list) || value_is_array(list));
    return (struct walk){list.s + 1, value_is_object(list)};
}

bool walk_next(struct walk *w, struct member *out)
{
    if (*w->at == '}' || *w->at == ']') {
        return false;
    }
    w->at += *w->at == ',' ? 1 : 0;
    *out = (struct member){.key = NULL};
    if (w->keyed) {
        const char *end = w->at + 1;
        while (*end != '"') {
            end++;
        }
        out->key = w->at + 1;
        out->key_len = (size_t)(end - out->key);
        w->at = end + 2; /* the quote and the colon */
    }
    const char *end = value_end(w->at);
    out->value = (struct value){w->at, (size_t)(end - w->at)};
    w->at = end;
    return true;
}

int member_order(const struct member *m, const char *key)
{
    int order = (uint8_t)m->key[0] - (uint8_t)key[0];

    if (order != 0) { /* mostly, and without a call */
        return order;
    }
    order = strncmp(m->key, key, m->key_len);
    return order != 0 || key[m->key_len] == '\0' ? order : -1;
}

struct value value_member(struct value object, const char *key)
{
    struct member m;

    if (value_is_object(object)) {
        struct walk w = walk_start(object);
        while (walk_next(&w, &m)) {
            int order = member_order(&m, key);
            if (order == 0) {
                return m.value;
            }
            if (order > 0) {
                break;
            }
        }
    }
    return (struct value){NULL, 0};
}

size_t value_count(struct value list)
{
    struct member m;
    size_t n = 0;

    if (value_is_object(list) || value_is_array(list)) {
        struct walk w = walk_start(list);
        while (walk_next(&w, &m)) {
            n++;
        }
    }
    return n;
}

void value_show(char out[static JSON_SHOWN_SIZE], struct value value)
{
    static const char more[] = "\xe2\x80\xa6"; /* U+2026 */

    if (value.n < JSON_SHOWN_SIZE) {
        memcpy(out, value.n > 0 ? value.s : "", value.n);
        out[value.n] = '\0';
        return;
    }
    /* Bytes past the room are given up, back to where a character starts. */
    size_t room = JSON_SHOWN_SIZE - sizeof more;
    while (room > 0 && ((uint8_t)value.s[room] & 0xc0) == 0x80) {
        room--;
    }
    memcpy(out, value.s, room);
    memcpy(out + room, more, sizeof more);
}
