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
    enum { OTHER, WORD, HYPHEN };
    static const uint8_t bytes[256] = {
        ['a' ... 'z'] = WORD, ['0' ... '9'] = WORD, ['-'] = HYPHEN};
    uint8_t last = WORD;

    if (n < 2 || n > max || !lower(s[0])) {
        return false;
    }
    for (size_t i = 1; i < n; i++) {
        uint8_t byte = bytes[(uint8_t)s[i]];
        if (byte == OTHER || (byte == HYPHEN && last == HYPHEN)) {
            return false;
        }
        last = byte;
    }
    return last == WORD;
}

static bool reserved(const char *s, size_t n)
{
    static const struct {
        size_t n;
        char s[8];
    } words[] = {{4, "pool"},    {5, "clock"},   {3, "log"},
                 {7, "refusal"}, {7, "network"}, {3, "org"}};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (words[i].n == n && memcmp(words[i].s, s, n) == 0) {
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
    return hex_decode_public(out->b, sizeof out->b, s, n) && out->b[6] >> 4 == 7 &&
           out->b[8] >> 6 == 2;
}

void id_format(char out[static ID_TEXT_SIZE], const struct id *id)
{
    hex_encode_public(out, id->b, sizeof id->b);
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
    assert(time_ms >= 0);
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
    char *at = stpcpy(out, ref->by.s);
    *at++ = '/';
    id_format(at, &ref->id);
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

/* The fields of every entry, sorted by name. */
enum { AT, BY, ID, KIND, SEEN, VALID_UNTIL, N_COMMON };
static const char *const common_names[N_COMMON] = {"at",   "by",   "id",
                                                   "kind", "seen", "valid_until"};
static const struct field at_field = {
    "at", F_INT, true, offsetof(struct entry, at), 0, INTEGER_MAX, NULL};
static const struct field by_field = {
    "by", F_HANDLE, false, offsetof(struct entry, by), 0, 0, NULL};
static const struct field valid_until_field = {
    "valid_until", F_INT, false, offsetof(struct entry, valid_until), 0, INTEGER_MAX, NULL};

/* The members of an entry's object, each at the place of its field. */
#define OWN_MAX 16
struct members {
    struct value common[N_COMMON], own[OWN_MAX];
    struct member unknown; /* the first that is no field; without a key when all are */
};

static bool decode_kind(struct entry *out, struct value object, struct refusal *why)
{
    static const struct place at = {.field = "kind"};
    static const char expected[] = "a kind of entry, such as hours.record";
    struct value value = value_member(object, "kind");
    const char *name;
    size_t n;

    if (value.s == NULL) {
        return refuse_at(why, CODE_field_missing, at, expected, value);
    }
    if (!value_text(value, &name, &n)) {
        return refuse_value(why, at, expected, value);
    }
    out->kind = kind_find(name, n);
    return out->kind != NULL || refuse_at(why, CODE_unknown_kind, at, expected, value);
}

/* One walk over three lists that are sorted alike: the members and both kinds of fields. */
static void sort_members(struct members *out, const struct kind *kind, struct value object)
{
    struct walk w = walk_start(object);
    struct member m;
    size_t common = 0, own = 0;

    assert(kind->n_fields <= OWN_MAX);
    memset(out, 0, sizeof *out);
    while (walk_next(&w, &m)) {
        int of_common = 1, of_own = 1;
        while (common < N_COMMON && (of_common = member_order(&m, common_names[common])) > 0) {
            common++;
        }
        while (own < kind->n_fields && (of_own = member_order(&m, kind->fields[own].name)) > 0) {
            own++;
        }
        if (of_common == 0) {
            out->common[common] = m.value;
        } else if (of_own == 0) {
            out->own[own] = m.value;
        } else if (out->unknown.key == NULL) {
            out->unknown = m;
        }
    }
}

/* The author; `clock` is no organisation, so its kinds have a rule of their own. */
static bool decode_by(struct entry *out, struct value value, struct refusal *why)
{
    const char *s;
    size_t n;

    if (!out->kind->by_clock || value.s == NULL) {
        return field_decode(out, &by_field, value, why);
    }
    if (!value_text(value, &s, &n) || n != 5 || memcmp(s, "clock", n) != 0) {
        return refuse_value(why, (struct place){.field = "by"}, "clock", value);
    }
    snprintf(out->by.s, sizeof out->by.s, "clock");
    return true;
}

static bool decode_common(struct entry *out, const struct value *v, struct refusal *why)
{
    static const struct place id_place = {.field = "id"};

    if (!decode_by(out, v[BY], why)) {
        return false;
    }
    if (v[ID].s == NULL) {
        return refuse_at(why, CODE_field_missing, id_place, EXPECTED_ID, v[ID]);
    }
    out->at = -1;
    if (!take_id(&out->id, id_place, v[ID], why) || !field_decode(out, &at_field, v[AT], why) ||
        !field_decode(out, &valid_until_field, v[VALID_UNTIL], why)) {
        return false;
    }
    out->has_seen = v[SEEN].s != NULL;
    return !out->has_seen || field_decode_seen(&out->seen_root, &out->seen_size, v[SEEN], why);
}

/* Refuses a field that neither every entry nor this kind has. */
static bool refuse_unknown(const struct kind *kind, const struct member *unknown,
                           struct refusal *why)
{
    char expected[EXPECTED_SIZE], name[NAME_SIZE];
    size_t n = (size_t)snprintf(expected, sizeof expected, "fields of %s:", kind->name);

    for (size_t i = 0; i < kind->n_fields && n < sizeof expected; i++) {
        n += (size_t)snprintf(expected + n, sizeof expected - n, "%s %s", i == 0 ? "" : ",",
                              kind->fields[i].name);
    }
    struct place at = {.field = place_key((struct place){.field = NULL}, unknown, name).member};
    return refuse_at(why, CODE_field_unknown, at, expected, unknown->value);
}

static bool decode_object(struct entry *out, struct value object, struct refusal *why)
{
    struct members members;

    if (!decode_kind(out, object, why)) {
        return false;
    }
    for (size_t i = 0; i < out->kind->n_fields; i++) {
        field_clear(out, &out->kind->fields[i]);
    }
    sort_members(&members, out->kind, object);
    if (!decode_common(out, members.common, why)) {
        return false;
    }
    if (members.unknown.key != NULL) {
        return refuse_unknown(out->kind, &members.unknown, why);
    }
    for (size_t i = 0; i < out->kind->n_fields; i++) {
        if (!field_decode(out, &out->kind->fields[i], members.own[i], why)) {
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

    /* The body is nine tenths of it, and its fields are cleared when the kind is known. */
    memset(out, 0, ENTRY_BODY);
    out->origin = origin;
    if (text_len > ENTRY_NOTE_MAX) {
        return refuse(why, CODE_entry_too_large, NULL, "at most 16128 bytes", "%zu bytes",
                      text_len);
    }
    if (!split_text(origin, text, text_len, &json, &n, why)) {
        return false;
    }
    struct value object = profile_read(json, n, why);
    if (object.s == NULL || !decode_object(out, object, why)) {
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
    size_t n = sizeof leaf_word - 1;
    memcpy(out, leaf_word, n);
    n += decimal_format(out + n, at);
    memcpy(out + n, "\n", 2);
    return n + 1;
}
