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
               const json_t *found)
{
    char path[sizeof why->field], shown[JSON_SHOWN_SIZE] = "nothing";

    place_format(path, sizeof path, at);
    if (found != NULL) {
        json_show(shown, found);
    }
    return refuse(why, code, path, expected, "%s", shown);
}

bool refuse_value(struct refusal *why, struct place at, const char *expected, const json_t *found)
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

/* The text of a string; an empty one, which no grammar accepts, for anything else. */
static const char *text_of(const json_t *value, size_t *n)
{
    *n = json_is_string(value) ? json_string_length(value) : 0;
    return *n > 0 ? json_string_value(value) : "";
}

bool take_handle(struct handle *out, struct place at, const json_t *value, struct refusal *why)
{
    size_t n;
    const char *s = text_of(value, &n);
    return handle_parse(out, s, n) || refuse_value(why, at, EXPECTED_HANDLE, value);
}

bool take_slug(struct slug *out, struct place at, const json_t *value, struct refusal *why)
{
    size_t n;
    const char *s = text_of(value, &n);
    return slug_parse(out, s, n) || refuse_value(why, at, EXPECTED_SLUG, value);
}

bool take_language(struct slug *out, struct place at, const json_t *value, struct refusal *why)
{
    size_t n;
    const char *s = text_of(value, &n);
    bool good = (n == 2 || n == 3) && strspn(s, "abcdefghijklmnopqrstuvwxyz") == n;

    return (good && slug_parse(out, s, n)) || refuse_value(why, at, EXPECTED_LANGUAGE, value);
}

bool take_id(struct id *out, struct place at, const json_t *value, struct refusal *why)
{
    size_t n;
    const char *s = text_of(value, &n);
    return id_parse(out, s, n) || refuse_value(why, at, EXPECTED_ID, value);
}

bool take_ref(struct ref *out, struct place at, const json_t *value, struct refusal *why)
{
    size_t n;
    const char *s = text_of(value, &n);
    return ref_parse(out, s, n) || refuse_value(why, at, EXPECTED_REF, value);
}

bool take_bytes(uint8_t out[static 32], struct place at, const json_t *value, struct refusal *why)
{
    size_t n;
    const char *s = text_of(value, &n);
    return hex_decode(out, 32, s, n) || refuse_value(why, at, EXPECTED_HEX, value);
}

bool take_day(int32_t *out, struct place at, const json_t *value, struct refusal *why)
{
    size_t n;
    const char *s = text_of(value, &n);
    return day_parse(s, n, out) || refuse_value(why, at, EXPECTED_DAY, value);
}

bool take_int(int64_t *out, int64_t min, int64_t max, struct place at, const json_t *value,
              struct refusal *why)
{
    *out = json_integer_value(value);
    if (json_is_integer(value) && *out >= min && *out <= max) {
        return true;
    }
    char expected[EXPECTED_SIZE];
    range_format(expected, min, max);
    return refuse_value(why, at, expected, value);
}

bool take_flag(bool *out, struct place at, const json_t *value, struct refusal *why)
{
    *out = json_is_true(value);
    return json_is_boolean(value) || refuse_value(why, at, EXPECTED_FLAG, value);
}

bool take_word(int *out, const char *const *words, struct place at, const json_t *value,
               struct refusal *why)
{
    size_t n;
    const char *s = text_of(value, &n);

    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], s) == 0) {
            *out = i + 1;
            return true;
        }
    }
    char expected[EXPECTED_SIZE];
    words_format(expected, words);
    return refuse_value(why, at, expected, value);
}

/* --- Objects ---------------------------------------------------------------------------------- */

bool take_members(const json_t *values[static MEMBERS_MAX], const char *const *names,
                  struct place at, const char *expected, const json_t *object,
                  struct refusal *why)
{
    const char *key;
    json_t *value;
    size_t n = 0;

    if (!json_is_object(object)) {
        return refuse_value(why, at, expected, object);
    }
    for (; names[n] != NULL; n++) {
        assert(n < MEMBERS_MAX);
        values[n] = json_object_get(object, names[n]);
        if (values[n] == NULL) {
            return refuse_at(why, CODE_field_missing, place_member(at, names[n]), expected, NULL);
        }
    }
    json_object_foreach((json_t *)object, key, value) {
        size_t i = 0;
        while (i < n && strcmp(names[i], key) != 0) {
            i++;
        }
        if (i == n) {
            return refuse_at(why, CODE_field_unknown, place_member(at, key), expected, value);
        }
    }
    return true;
}
