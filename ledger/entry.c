/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/entry.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/text.h"
#include "ledger/field.h"
#include "ledger/json.h"
#include "ledger/kinds/kinds.h"
#include "ledger/take.h"

/* --- Names ------------------------------------------------------------------------------------ */

static bool lower(char b)
{
    return b >= 'a' && b <= 'z';
}

static bool digit(char b)
{
    return b >= '0' && b <= '9';
}

bool origin_valid(const char *s, size_t n)
{
    if (n == 0 || n > ORIGIN_MAX) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        bool slash = s[i] == '/';
        if (!slash && !lower(s[i]) && !digit(s[i]) && s[i] != '.' && s[i] != '-') {
            return false;
        }
        if (slash && (i == 0 || i == n - 1 || s[i - 1] == '/')) {
            return false;
        }
    }
    return true;
}

/* The grammar that handles and slugs share: words of a-z and 0-9, the first byte a letter. */
static bool name_valid(const char *s, size_t n, size_t max)
{
    if (n < 2 || n > max || !lower(s[0])) {
        return false;
    }
    for (size_t i = 1; i < n; i++) {
        bool hyphen = s[i] == '-' && s[i - 1] != '-' && i != n - 1;
        if (!hyphen && !lower(s[i]) && !digit(s[i])) {
            return false;
        }
    }
    return true;
}

static bool reserved(const char *s, size_t n)
{
    static const char *const words[] = {"pool", "clock", "log", "refusal", "network", "org"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i]) == n && memcmp(words[i], s, n) == 0) {
            return true;
        }
    }
    return false;
}

bool handle_parse(struct handle *out, const char *s, size_t n)
{
    if (!name_valid(s, n, HANDLE_MAX) || reserved(s, n)) {
        return false;
    }
    memset(out, 0, sizeof *out);
    memcpy(out->s, s, n);
    return true;
}

bool slug_parse(struct slug *out, const char *s, size_t n)
{
    if (!name_valid(s, n, SLUG_MAX)) {
        return false;
    }
    memset(out, 0, sizeof *out);
    memcpy(out->s, s, n);
    return true;
}

/* Version nibble 7 and variant bits 10 (RFC 9562 sections 4.1, 4.2, 5.7). */
bool id_parse(struct id *out, const char *s, size_t n)
{
    return hex_decode(out->b, sizeof out->b, s, n) && out->b[6] >> 4 == 7 && out->b[8] >> 6 == 2;
}

void id_format(char out[static ID_TEXT_SIZE], const struct id *id)
{
    hex_encode(out, id->b, sizeof id->b);
}

int64_t id_time_ms(const struct id *id)
{
    int64_t ms = 0;
    for (size_t i = 0; i < 6; i++) {
        ms = ms << 8 | id->b[i];
    }
    return ms;
}

void id_make(struct id *out, int64_t time_ms, const uint8_t random[static 10])
{
    assert(time_ms >= 0 && time_ms < (int64_t)1 << 48);
    for (size_t i = 0; i < 6; i++) {
        out->b[i] = (uint8_t)(time_ms >> (40 - 8 * i) & 0xff);
    }
    memcpy(out->b + 6, random, 10);
    out->b[6] = (uint8_t)((out->b[6] & 0x0f) | 0x70);
    out->b[8] = (uint8_t)((out->b[8] & 0x3f) | 0x80);
}

bool ref_parse(struct ref *out, const char *s, size_t n)
{
    const char *slash = n == 0 ? NULL : memchr(s, '/', n);
    if (slash == NULL) {
        return false;
    }
    size_t handle = (size_t)(slash - s);
    return handle_parse(&out->by, s, handle) && id_parse(&out->id, slash + 1, n - handle - 1);
}

void ref_format(char out[static REF_TEXT_SIZE], const struct ref *ref)
{
    char id[ID_TEXT_SIZE];
    id_format(id, &ref->id);
    snprintf(out, REF_TEXT_SIZE, "%s/%s", ref->by.s, id);
}

const char *slot_word(enum slot slot)
{
    assert(slot >= SLOT_DETAILS && slot <= SLOT_SKILLS);
    return words_slot[slot - 1];
}

const char *role_word(enum role role)
{
    static const char *const words[] = {"coordinator", "panel"};
    assert(role >= ROLE_COORDINATOR && role <= ROLE_PANEL);
    return words[role - 1];
}

const char *scope_word(enum scope scope)
{
    assert(scope >= SCOPE_ADMIN && scope <= SCOPE_PROPOSE);
    return words_scope[scope - 1];
}

const char *thing_word(enum thing thing)
{
    assert(thing >= THING_SKILL && thing <= THING_EQUIPMENT);
    return words_thing[thing - 1];
}

const char *done_by_word(enum done_by done_by)
{
    assert(done_by >= DONE_BY_STAFF && done_by <= DONE_BY_MIXED);
    return words_done_by[done_by - 1];
}

/* --- Texts ------------------------------------------------------------------------------------ */

static const char purpose[] = "/entry/v1";

/* Checks the first line and gives the second, without its line end (SPEC 2.1). */
static bool split_text(const char *origin, const char *text, size_t n, const char **json,
                       size_t *json_len, struct refusal *why)
{
    const char *end = n == 0 ? NULL : memchr(text, '\n', n);
    size_t line = end == NULL ? n : (size_t)(end - text);
    size_t tail = strlen(purpose), head = strlen(origin);
    char expected[ORIGIN_MAX + sizeof purpose];
    bool ours = line >= tail && memcmp(text + line - tail, purpose, tail) == 0;

    if (!ours || line - tail != head || memcmp(text, origin, head) != 0 || end == NULL) {
        bool other = ours && end != NULL;
        snprintf(expected, sizeof expected, "%s%s", origin, purpose);
        return refuse(why, other ? CODE_wrong_network : CODE_not_an_entry, NULL, expected, "%.*s%s",
                      (int)(line < 200 ? line : 200), text, end == NULL ? " (no line end)" : "");
    }
    *json = end + 1;
    *json_len = n - line - 1;
    end = *json_len == 0 ? NULL : memchr(*json, '\n', *json_len);
    if (end == NULL || (size_t)(end - *json) != *json_len - 1) {
        return refuse(why, CODE_not_canonical, NULL, "two lines, each ended by one line feed",
                      end == NULL ? "no line feed at the end" : "more lines");
    }
    *json_len -= 1;
    return true;
}

static const struct field common_fields[] = {
    {"at", F_INT, true, offsetof(struct entry, at), 0, INTEGER_MAX, NULL},
    {"valid_until", F_INT, false, offsetof(struct entry, valid_until), 0, INTEGER_MAX, NULL},
};
static const struct field by_field = {
    "by", F_HANDLE, false, offsetof(struct entry, by), 0, 0, NULL};

static bool is_common(const char *name)
{
    static const char *const names[] = {"at", "by", "id", "kind", "seen", "valid_until"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool decode_kind(struct entry *out, const json_t *object, struct refusal *why)
{
    static const struct place at = {.field = "kind"};
    static const char expected[] = "a kind of entry, such as hours.record";
    const json_t *value = json_object_get(object, "kind");

    if (value == NULL) {
        return refuse_at(why, CODE_field_missing, at, expected, NULL);
    }
    if (!json_is_string(value)) {
        return refuse_value(why, at, expected, value);
    }
    out->kind = kind_find(json_string_value(value), json_string_length(value));
    return out->kind != NULL || refuse_at(why, CODE_unknown_kind, at, expected, value);
}

/* The author; `clock` is no organisation, so the kind of the clock has its own rule. */
static bool decode_by(struct entry *out, const json_t *object, struct refusal *why)
{
    const json_t *value = json_object_get(object, "by");

    if (out->kind->id != KIND_CLOCK_TICK || value == NULL) {
        return field_decode(out, &by_field, value, why);
    }
    if (!json_is_string(value) || strcmp(json_string_value(value), "clock") != 0) {
        return refuse_value(why, (struct place){.field = "by"}, "clock", value);
    }
    snprintf(out->by.s, sizeof out->by.s, "clock");
    return true;
}

static bool decode_common(struct entry *out, const json_t *object, struct refusal *why)
{
    static const struct place id_place = {.field = "id"};
    const json_t *id = json_object_get(object, "id");
    const json_t *seen = json_object_get(object, "seen");

    if (!decode_by(out, object, why)) {
        return false;
    }
    if (id == NULL) {
        return refuse_at(why, CODE_field_missing, id_place, EXPECTED_ID, NULL);
    }
    if (!take_id(&out->id, id_place, id, why)) {
        return false;
    }
    out->at = -1;
    for (size_t i = 0; i < sizeof common_fields / sizeof common_fields[0]; i++) {
        const struct field *f = &common_fields[i];
        if (!field_decode(out, f, json_object_get(object, f->name), why)) {
            return false;
        }
    }
    out->has_seen = seen != NULL;
    return seen == NULL || field_decode_seen(&out->seen_root, &out->seen_size, seen, why);
}

/* Refuses a field that neither every entry nor this kind has. */
static bool check_names(const struct kind *kind, const json_t *object, struct refusal *why)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)object, name, value) {
        size_t i = 0;
        while (i < kind->n_fields && strcmp(kind->fields[i].name, name) != 0) {
            i++;
        }
        if (i == kind->n_fields && !is_common(name)) {
            char expected[EXPECTED_SIZE];
            size_t n = (size_t)snprintf(expected, sizeof expected, "fields of %s:", kind->name);
            for (i = 0; i < kind->n_fields && n < sizeof expected; i++) {
                n += (size_t)snprintf(expected + n, sizeof expected - n, "%s %s",
                                      i == 0 ? "" : ",", kind->fields[i].name);
            }
            return refuse_at(why, CODE_field_unknown, (struct place){.field = name}, expected,
                             value);
        }
    }
    return true;
}

static bool decode_object(struct entry *out, const json_t *object, struct refusal *why)
{
    if (!decode_kind(out, object, why) || !decode_common(out, object, why) ||
        !check_names(out->kind, object, why)) {
        return false;
    }
    for (size_t i = 0; i < out->kind->n_fields; i++) {
        const struct field *f = &out->kind->fields[i];
        if (!field_decode(out, f, json_object_get(object, f->name), why)) {
            return false;
        }
    }
    return out->kind->validate == NULL || out->kind->validate(out, why);
}

bool entry_decode(struct entry *out, const char *origin, const char *text, size_t text_len,
                  struct refusal *why)
{
    const char *json = NULL;
    size_t n = 0;

    memset(out, 0, sizeof *out);
    out->origin = origin;
    if (text_len > ENTRY_NOTE_MAX) {
        return refuse(why, CODE_entry_too_large, NULL, "at most 16128 bytes", "%zu bytes",
                      text_len);
    }
    if (!split_text(origin, text, text_len, &json, &n, why)) {
        return false;
    }
    json_t *object = profile_load(json, n, why);
    if (object == NULL) {
        return false;
    }
    bool decoded = decode_object(out, object, why);
    json_decref(object);
    if (!decoded) {
        return false;
    }
    hash_sha256(&out->text_hash, text, text_len);
    out->text = text;
    out->text_len = text_len;
    return true;
}

/* --- Leaves (SPEC 4.1) ------------------------------------------------------------------------ */

static const char leaf_word[] = "at ";

bool leaf_split(const char *leaf, size_t n, int64_t *at, const char **note, size_t *note_len)
{
    size_t start = strlen(leaf_word), i = start;
    int64_t ms = 0;

    if (n > LEAF_MAX || n <= start || memcmp(leaf, leaf_word, start) != 0) {
        return false;
    }
    for (; i < n && digit(leaf[i]); i++) {
        ms = ms * 10 + (leaf[i] - '0');
        if (ms > INTEGER_MAX || (i > start && leaf[start] == '0')) {
            return false;
        }
    }
    if (i == start || i + 1 >= n || leaf[i] != '\n') {
        return false;
    }
    *at = ms;
    *note = leaf + i + 1;
    *note_len = n - i - 1;
    return true;
}

size_t leaf_prefix(char out[static 24], int64_t at)
{
    assert(at >= 0 && at <= INTEGER_MAX);
    return (size_t)snprintf(out, 24, "%s%" PRId64 "\n", leaf_word, at);
}
