/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The canonical profile of JSON (SPEC 2.2). profile_check() of ledger/entry.h reads the bytes once
 * and says whether they are an object of the profile; after that a value is nothing but its bytes
 * there, and an object or array is walked in place. Nothing is allocated or copied: a struct value
 * points into the checked bytes, which must outlive it. Pure functions, any thread.
 */
#ifndef SEM_LEDGER_JSON_H
#define SEM_LEDGER_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/codes.h"

/* Objects and arrays within each other, the outer object included. */
#define PROFILE_DEPTH_MAX 4

/* A value as it stands in checked bytes; `s` NULL: absent, which has none of the types below. */
struct value {
    const char *s;
    size_t n;
};

/* The object of n bytes when profile_check() accepts them; else absent, with its refusal. */
struct value profile_read(const char *json, size_t n, struct refusal *why);

static inline bool value_is_object(struct value v)
{
    return v.s != NULL && v.s[0] == '{';
}

static inline bool value_is_array(struct value v)
{
    return v.s != NULL && v.s[0] == '[';
}

/*
 * What stands between the quotes of a string, escapes as they are written: a quote or a backslash
 * in a string shows there as two bytes. False when the value is no string.
 */
bool value_text(struct value v, const char **s, size_t *n);
/* False when the value is no integer, or no flag. */
bool value_integer(struct value v, int64_t *out);
bool value_flag(struct value v, bool *out);

/* The members of an object or elements of an array, one after another, in the order of the text. */
struct walk {
    const char *at;
    bool keyed;
};
struct member {
    const char *key; /* key_len bytes without escapes; NULL in an array */
    size_t key_len;
    struct value value;
};
/* `list` must be an object or an array (asserted). */
struct walk walk_start(struct value list);
bool walk_next(struct walk *w, struct member *out); /* false at the end */

/* The order of a member's key against another, by bytes: below, equal to or above zero. */
int member_order(const struct member *m, const char *key);

/* The member of that key; absent when there is none or the value is no object. */
struct value value_member(struct value object, const char *key);
/* How many members or elements; 0 when the value is neither object nor array. */
size_t value_count(struct value list);

/*
 * The same object as a tree of its own, for who would rather unpack one; the caller releases it
 * with json_decref(). NULL with the refusal not_canonical (or internal, without memory).
 */
json_t *profile_load(const char *json, size_t n, struct refusal *why)
    __attribute__((warn_unused_result));

/* Characters of a shown value, NUL included. */
#define JSON_SHOWN_SIZE 96

/* Writes a value for people, cut with "…" at a whole character. */
void value_show(char out[static JSON_SHOWN_SIZE], struct value value);

#endif
