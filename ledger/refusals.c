/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/refusals.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "crypto/text.h"
#include "ledger/json.h"

bool refusal_final(enum code code)
{
    int number = (int)code;
    return (number >= CODE_id_time && number <= CODE_seen_mismatch) ||
           (number >= 500 && number < 800);
}

static void key_name(char out[static REFUSAL_NAME_SIZE], const char *origin)
{
    int n = snprintf(out, REFUSAL_NAME_SIZE, "%s/refusal", origin);
    assert(n > 0 && (size_t)n < REFUSAL_NAME_SIZE);
}

/* --- Making ----------------------------------------------------------------------------------- */

struct text {
    char s[REFUSAL_TEXT_SIZE];
    size_t n;
};

static void __attribute__((format(printf, 2, 3))) add(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(t->s + t->n, sizeof t->s - t->n, format, args);
    va_end(args);
    assert(n >= 0 && (size_t)n < sizeof t->s - t->n);
    t->n += (size_t)n;
}

/* A member whose value may hold what JSON escapes. */
static void add_string(struct text *t, const char *name, const char *value)
{
    add(t, "\"%s\":\"", name);
    for (const char *c = value; *c != '\0'; c++) {
        assert(t->n + 2 < sizeof t->s);
        if (*c == '"' || *c == '\\')
            t->s[t->n++] = '\\';
        t->s[t->n++] = *c;
    }
    add(t, "\",");
}

static void make_text(struct text *t, const char *origin, const struct refusal_note *r)
{
    char hash[HEX_SIZE(HASH_BYTES)], root[HEX_SIZE(HASH_BYTES)], id[ID_TEXT_SIZE];
    struct refusal why = {.code = CODE_OK};
    hex_encode(hash, r->entry_hash.b, HASH_BYTES);
    hex_encode(root, r->head.root.b, HASH_BYTES);
    id_format(id, &r->ref.id);
    add(t, "%s/refusal/v1\n", origin);
    size_t start = t->n;
    add(t, "{\"at\":%" PRId64 ",\"author\":\"%s\",\"code\":\"%s\",\"entry_hash\":\"%s\",", r->at,
        r->ref.by.s, code_word(r->why.code), hash);
    add_string(t, "expected", r->why.expected);
    add_string(t, "field", r->why.field);
    add_string(t, "found", r->why.found);
    add(t, "\"id\":\"%s\",\"number\":%d,\"root\":\"%s\",", id, (int)r->why.code, root);
    add_string(t, "rule", r->why.rule);
    add(t, "\"size\":%" PRIu64 ",\"valid_until\":%" PRId64 "}", r->head.size, r->valid_until);
    assert(profile_check(t->s + start, t->n - start, &why));
    add(t, "\n");
}

size_t refusal_sign(char out[static REFUSAL_NOTE_SIZE], const char *origin,
                    const struct refusal_note *refusal, const struct secret_key *refusal_key)
{
    struct text text = {.n = 0};
    char name[REFUSAL_NAME_SIZE], line[NOTE_LINE_SIZE(REFUSAL_NAME_SIZE)];
    assert(refusal_final(refusal->why.code));
    make_text(&text, origin, refusal);
    key_name(name, origin);
    size_t n = note_sign(line, sizeof line, text.s, text.n, name, strlen(name), refusal_key);
    assert(n > 0);
    n = note_build(out, REFUSAL_NOTE_SIZE, text.s, text.n, (const char *const[]){line}, 1);
    assert(n > 0);
    return n;
}

/* --- Reading ---------------------------------------------------------------------------------- */

#define MEMBERS 13

/* A string member without its escapes. */
static bool get_string(struct value o, const char *name, char *out, size_t size)
{
    const char *s;
    size_t n, len = 0;
    if (!value_text(value_member(o, name), &s, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        i += s[i] == '\\';
        if (len + 1 >= size)
            return false;
        out[len++] = s[i];
    }
    out[len] = '\0';
    return true;
}

static bool get_hash(struct value o, const char *name, struct hash *out)
{
    char hex[HEX_SIZE(HASH_BYTES)];
    return get_string(o, name, hex, sizeof hex) &&
           hex_decode(out->b, HASH_BYTES, hex, strlen(hex));
}

static bool get_number(struct value o, const char *name, int64_t *out)
{
    return value_integer(value_member(o, name), out) && *out >= 0;
}

static bool get_ref(struct value o, struct ref *out)
{
    char by[HANDLE_MAX + 1], id[ID_TEXT_SIZE];
    return get_string(o, "author", by, sizeof by) && get_string(o, "id", id, sizeof id) &&
           handle_parse(&out->by, by, strlen(by)) && id_parse(&out->id, id, strlen(id));
}

static bool get_code(struct value o, enum code *out)
{
    char word[64];
    int64_t number;
    return get_string(o, "code", word, sizeof word) && get_number(o, "number", &number) &&
           code_find(word, out) && number == (int64_t)*out && refusal_final(*out);
}

static bool decode(struct refusal_note *out, struct value o)
{
    struct refusal *why = &out->why;
    int64_t size;
    memset(out, 0, sizeof *out);
    bool ok = value_count(o) == MEMBERS && get_ref(o, &out->ref) && get_code(o, &why->code) &&
              get_hash(o, "entry_hash", &out->entry_hash) && get_hash(o, "root", &out->head.root) &&
              get_string(o, "rule", why->rule, sizeof why->rule) &&
              get_string(o, "field", why->field, sizeof why->field) &&
              get_string(o, "expected", why->expected, sizeof why->expected) &&
              get_string(o, "found", why->found, sizeof why->found) &&
              get_number(o, "at", &out->at) && get_number(o, "size", &size) &&
              get_number(o, "valid_until", &out->valid_until);
    out->head.size = ok ? (uint64_t)size : 0;
    return ok;
}

static bool read_text(struct refusal_note *out, const struct note *note, const char *origin,
                      const char **why)
{
    char first[ORIGIN_MAX + sizeof "/refusal/v1\n"];
    struct refusal not_profile = {.code = CODE_OK};
    int n = snprintf(first, sizeof first, "%s/refusal/v1\n", origin);
    assert(n > 0 && (size_t)n < sizeof first);
    size_t start = (size_t)n;
    *why = "the first line is not that of a refusal of this network";
    if (note->text_len <= start || memcmp(note->text, first, start) != 0)
        return false;
    *why = "it is not what a refusal states";
    if (!decode(out, profile_read(note->text + start, note->text_len - start - 1, &not_profile)))
        return false;
    *why = NULL;
    return true;
}

bool refusal_open(struct refusal_note *out, const char *note_bytes, size_t n, const char *origin,
                  const struct public_key *refusal_key, const char **why)
{
    struct note note;
    char name[REFUSAL_NAME_SIZE];
    enum note_err err = note_parse(&note, note_bytes, n);
    if (err == NOTE_OK) {
        struct verifier_key key;
        key_name(name, origin);
        verifier_key_set(&key, name, strlen(name), KEY_ED25519, refusal_key);
        err = note_verify(&note, &key, NULL);
    }
    if (err != NOTE_OK) {
        *why = note_strerror(err);
        return false;
    }
    return read_text(out, &note, origin, why);
}

void refusal_reuse(struct refusal *why, int64_t at)
{
    *why = (struct refusal){.code = CODE_OK};
    refuse(why, CODE_id_reused, "id", "an id never used for another text",
           "used by a text that was refused for good at %" PRId64, at);
}

bool refusal_is_of(const struct refusal_note *refusal, const struct entry *entry)
{
    return strcmp(refusal->ref.by.s, entry->by.s) == 0 &&
           memcmp(refusal->ref.id.b, entry->id.b, sizeof entry->id.b) == 0 &&
           refusal->valid_until == entry->valid_until &&
           hash_equal(&refusal->entry_hash, &entry->text_hash);
}
