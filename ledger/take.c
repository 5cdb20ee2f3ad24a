/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/take.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/text.h"
#include "policies/window.h"

/* --- Places and refusals ---------------------------------------------------------------------- */

struct place place_member(struct place at, const char *member)
{
    at.member = member;
    return at;
}

static void place_format(char *out, size_t size, struct place at)
{
    const char *dot = at.member != NULL ? "." : "";
    const char *member = at.member != NULL ? at.member : "";

    if (at.element == 0) {
        snprintf(out, size, "%s%s%s", at.field, dot, member);
    } else {
        snprintf(out, size, "%s[%zu]%s%s", at.field, at.element - 1, dot, member);
    }
}

bool refuse_at(struct refusal *why, enum code code, struct place at, const char *expected,
               struct value found)
{
    char path[sizeof why->field], shown[JSON_SHOWN_SIZE] = "nothing";

    place_format(path, sizeof path, at);
    if (found.s != NULL) {
        value_show(shown, found);
    }
    return refuse(why, code, path, expected, "%s", shown);
}

bool refuse_value(struct refusal *why, struct place at, const char *expected, struct value found)
{
    return refuse_at(why, CODE_field_invalid, at, expected, found);
}

/* --- What is expected ------------------------------------------------------------------------- */

void range_format(char out[static EXPECTED_SIZE], int64_t min, int64_t max)
{
    snprintf(out, EXPECTED_SIZE, "integer %" PRId64 "..%" PRId64, min, max);
}

void words_format(char out[static EXPECTED_SIZE], const char *const *words)
{
    size_t n = (size_t)snprintf(out, EXPECTED_SIZE, "one of %s", words[0]);
    for (size_t i = 1; words[i] != NULL && n < EXPECTED_SIZE; i++) {
        n += (size_t)snprintf(out + n, EXPECTED_SIZE - n, ", %s", words[i]);
    }
}

/* --- Single values ---------------------------------------------------------------------------- */

/*
 * The text of a string; an empty one, which no grammar accepts, for anything else. Escapes need not
 * be undone, because no grammar has a quote or a backslash.
 */
static const char *text_of(struct value value, size_t *n)
{
    const char *s;

    if (!value_text(value, &s, n)) {
        *n = 0;
        s = "";
    }
    return s;
}

bool take_handle(struct handle *out, struct place at, struct value value, struct refusal *why)
{
    size_t n;
    const char *s = text_of(value, &n);
    return handle_parse(out, s, n) || refuse_value(why, at, EXPECTED_HANDLE, value);
}

bool take_slug(struct slug *out, struct place at, struct value value, struct refusal *why)
{
    size_t n;
    const char *s = text_of(value, &n);
    return slug_parse(out, s, n) || refuse_value(why, at, EXPECTED_SLUG, value);
}

bool take_language(struct slug *out, struct place at, struct value value, struct refusal *why)
{
    size_t n;
    const char *s = text_of(value, &n);
    bool good = n == 2 || n == 3;

    for (size_t i = 0; i < n && good; i++) {
        good = s[i] >= 'a' && s[i] <= 'z';
    }
    return (good && slug_parse(out, s, n)) || refuse_value(why, at, EXPECTED_LANGUAGE, value);
}

bool take_id(struct id *out, struct place at, struct value value, struct refusal *why)
{
    size_t n;
    const char *s = text_of(value, &n);
    return id_parse(out, s, n) || refuse_value(why, at, EXPECTED_ID, value);
}

bool take_ref(struct ref *out, struct place at, struct value value, struct refusal *why)
{
    size_t n;
    const char *s = text_of(value, &n);
    return ref_parse(out, s, n) || refuse_value(why, at, EXPECTED_REF, value);
}

bool take_bytes(uint8_t out[static 32], struct place at, struct value value, struct refusal *why)
{
    size_t n;
    const char *s = text_of(value, &n);
    return hex_decode_public(out, 32, s, n) || refuse_value(why, at, EXPECTED_HEX, value);
}

bool take_day(int32_t *out, struct place at, struct value value, struct refusal *why)
{
    size_t n;
    const char *s = text_of(value, &n);
    return day_parse(s, n, out) || refuse_value(why, at, EXPECTED_DAY, value);
}

bool take_int(int64_t *out, int64_t min, int64_t max, struct place at, struct value value,
              struct refusal *why)
{
    if (value_integer(value, out) && *out >= min && *out <= max) {
        return true;
    }
    char expected[EXPECTED_SIZE];
    range_format(expected, min, max);
    return refuse_value(why, at, expected, value);
}

bool take_flag(bool *out, struct place at, struct value value, struct refusal *why)
{
    return value_flag(value, out) || refuse_value(why, at, EXPECTED_FLAG, value);
}

bool take_word(int *out, const char *const *words, struct place at, struct value value,
               struct refusal *why)
{
    size_t n;
    const char *s = text_of(value, &n);

    for (int i = 0; words[i] != NULL; i++) {
        if (strlen(words[i]) == n && memcmp(words[i], s, n) == 0) {
            *out = i + 1;
            return true;
        }
    }
    char expected[EXPECTED_SIZE];
    words_format(expected, words);
    return refuse_value(why, at, expected, value);
}

/* --- Objects ---------------------------------------------------------------------------------- */

struct place place_key(struct place at, const struct member *m, char name[static NAME_SIZE])
{
    size_t n = m->key_len < NAME_SIZE - 1 ? m->key_len : NAME_SIZE - 1;

    memcpy(name, m->key, n);
    name[n] = '\0';
    return place_member(at, name);
}

bool take_members(struct value values[static MEMBERS_MAX], const char *const *names,
                  struct place at, const char *expected, struct value object,
                  struct refusal *why)
{
    struct member m, unknown = {.key = NULL};
    char name[NAME_SIZE];
    size_t i = 0;

    if (!value_is_object(object)) {
        return refuse_value(why, at, expected, object);
    }
    /* Names and members are both sorted. */
    struct walk w = walk_start(object);
    while (walk_next(&w, &m)) {
        int order = names[i] == NULL ? -1 : member_order(&m, names[i]);
        if (order > 0) {
            break;
        }
        if (order == 0) {
            assert(i < MEMBERS_MAX);
            values[i++] = m.value;
        } else if (unknown.key == NULL) {
            unknown = m;
        }
    }
    if (names[i] != NULL) {
        return refuse_at(why, CODE_field_missing, place_member(at, names[i]), expected,
                         (struct value){NULL, 0});
    }
    return unknown.key == NULL || refuse_at(why, CODE_field_unknown, place_key(at, &unknown, name),
                                            expected, unknown.value);
}
