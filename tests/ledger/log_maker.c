/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/ledger/log_maker.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/text.h"
#include "ledger/kind.h"
#include "ledger/seal.h"
#include "ledger/tick.h"

/* --- Leaves ----------------------------------------------------------------------------------- */

static struct slice add_leaf(struct log_maker *m, const char *note, size_t n)
{
    char prefix[24];
    size_t head = leaf_prefix(prefix, m->at);
    uint8_t *bytes = malloc(head + n + 1);
    cr_assert_not_null(bytes);
    memcpy(bytes, prefix, head);
    memcpy(bytes + head, note, n);
    if (m->n == m->room) {
        m->room = 2 * m->room + 64;
        m->leaves = realloc(m->leaves, m->room * sizeof *m->leaves);
        cr_assert_not_null(m->leaves);
    }
    m->leaves[m->n] = (struct slice){bytes, head + n};
    return m->leaves[m->n++];
}

/* Applies a note at m->at as it stands; it must pass. */
static void apply(struct log_maker *m, const char *note, size_t n)
{
    struct refusal why = {.code = CODE_OK};
    cr_assert_eq(note_parse(&m->parsed, note, n), NOTE_OK);
    cr_assert(entry_decode(&m->entry, MAKER_ORIGIN, m->parsed.text, m->parsed.text_len, &why),
              "%s %s %s", code_word(why.code), why.field, why.found);
    m->rules = (struct rules){.state = &m->state,
                              .index = m->n,
                              .at = m->at,
                              .signers = &m->signatures.needed};
    cr_assert(signers_check(&m->rules, MAKER_ORIGIN, &m->entry, &m->parsed, false, &m->signatures,
                            &why) &&
                  signatures_complete(&m->signatures),
              "%s %s", code_word(why.code), why.found);
    m->rules.leaf = add_leaf(m, note, n);
    cr_assert(rules_apply(&m->rules, &m->entry, &why), "%s: %s: %s %s: expected %s, found %s",
              m->entry.kind->name, m->entry.by.s, code_word(why.code), why.field, why.expected,
              why.found);
}

static void append_ticks(struct log_maker *m)
{
    struct body_clock_tick body;
    struct id id;
    char note[TICK_NOTE_SIZE];
    while (rules_make_tick(&m->state, m->at, &body, &id))
        apply(m, note, tick_note(note, MAKER_ORIGIN, &body, &id, m->clock_key));
}

static void append_seal(struct log_maker *m)
{
    struct body_seal_balances body;
    struct id id;
    char note[SEAL_NOTE_SIZE];
    if (!rules_seal_due(&m->state))
        return;
    rules_make_seal(&m->state, MAKER_ORIGIN, &body, &id);
    apply(m, note, seal_note(note, MAKER_ORIGIN, &body, &id, m->at, m->clock_key));
}

void log_maker_smuggle(struct log_maker *m, const char *note, size_t n)
{
    append_ticks(m);
    append_seal(m);
    (void)add_leaf(m, note, n);
    state_set_size(&m->state, m->n);
    state_set_last_at(&m->state, m->at);
    append_seal(m);
}

size_t log_maker_find(const struct log_maker *m, const char *word, size_t from)
{
    while (memmem(m->leaves[from].data, m->leaves[from].size, word, strlen(word)) == NULL)
        cr_assert_lt(++from, m->n);
    return from;
}

void log_maker_drop(struct log_maker *m, size_t at)
{
    free((void *)(uintptr_t)m->leaves[at].data);
    memmove(&m->leaves[at], &m->leaves[at + 1], (--m->n - at) * sizeof *m->leaves);
    state_set_size(&m->state, m->n);
}

void log_maker_append(struct log_maker *m, const struct made_note *note)
{
    if (m->n > 0)
        append_ticks(m);
    append_seal(m);
    apply(m, note->b, note->n);
    append_seal(m);
}

/* --- Notes ------------------------------------------------------------------------------------ */

static struct secret_key *make_key(const char *name)
{
    struct hash seed;
    hash_sha256(&seed, name, strlen(name));
    struct secret_key *key = secret_key_from_seed(seed.b);
    cr_assert_not_null(key);
    return key;
}

static void set_default(json_t *object, const char *name, json_t *value)
{
    if (json_object_get(object, name) == NULL)
        json_object_set_new(object, name, value);
    else
        json_decref(value);
}

static void set_key(json_t *object, const char *name, const struct secret_key *key)
{
    struct public_key public;
    char hex[HEX_SIZE(KEY_BYTES)];
    secret_key_public(key, &public);
    hex_encode(hex, public.b, KEY_BYTES);
    json_object_set_new(object, name, json_string(hex));
}

static void add_line(const struct log_maker *m, struct made_note *out, const char *text,
                     const char *handle)
{
    char name[KEY_NAME_SIZE], line[NOTE_LINE_SIZE(KEY_NAME_SIZE)];
    unsigned number = 0;
    cr_assert(sscanf(handle, "org-%u", &number) == 1 && number <= m->n_orgs);
    signers_key_name(name, MAKER_ORIGIN, handle);
    cr_assert_gt(note_sign(line, sizeof line, text, strlen(text), name, strlen(name),
                           m->keys[number - 1]),
                 0);
    out->n = note_append_line(out->b, sizeof out->b, out->n, line);
    cr_assert_gt(out->n, 0);
}

/* Takes over the object. */
static void sign_object(struct log_maker *m, struct made_note *out, const char *kind,
                        const char *signers, json_t *object)
{
    char *list = strdup(signers), *save, *text, id_text[ID_TEXT_SIZE];
    uint8_t random[10] = {0};
    struct id id;
    m->n_ids++;
    for (size_t i = 0; i < 8; i++)
        random[9 - i] = (uint8_t)(m->n_ids >> (8 * i));
    id_make(&id, m->at, random);
    id_format(id_text, &id);
    char *author = strtok_r(list, " ", &save);
    set_default(object, "by", json_string(author));
    set_default(object, "id", json_string(id_text));
    set_default(object, "kind", json_string(kind));
    set_default(object, "valid_until", json_integer(m->at + 30 * MAKER_DAY));
    char *json = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    cr_assert_gt(asprintf(&text, "%s/entry/v1\n%s\n", MAKER_ORIGIN, json), 0);
    out->n = note_build(out->b, sizeof out->b, text, strlen(text), NULL, 0);
    cr_assert_gt(out->n, 0);
    for (char *handle = author; handle != NULL; handle = strtok_r(NULL, " ", &save))
        add_line(m, out, text, handle);
    free(list);
    free(text);
    free(json);
    json_decref(object);
}

static void __attribute__((format(printf, 5, 0)))
sign_format(struct log_maker *m, struct made_note *out, const char *kind, const char *signers,
            const char *format, va_list args)
{
    char *fields;
    json_error_t error;
    cr_assert_geq(vasprintf(&fields, format, args), 0);
    json_t *object = json_loads(fields, JSON_REJECT_DUPLICATES, &error);
    cr_assert_not_null(object, "%s in %s", error.text, fields);
    free(fields);
    m->at += 1000;
    sign_object(m, out, kind, signers, object);
}

void log_maker_sign(struct log_maker *m, struct made_note *out, const char *kind,
                    const char *signers, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sign_format(m, out, kind, signers, format, args);
    va_end(args);
}

void log_maker_do(struct log_maker *m, char ref[static REF_TEXT_SIZE], const char *kind,
                  const char *signers, const char *format, ...)
{
    static struct made_note note;
    va_list args;
    va_start(args, format);
    sign_format(m, &note, kind, signers, format, args);
    va_end(args);
    log_maker_append(m, &note);
    struct id id;
    const char *at = strstr(note.b, "\"id\":\""), *by = strstr(note.b, "\"by\":\"");
    cr_assert(at != NULL && by != NULL && id_parse(&id, at + 6, 32));
    snprintf(ref, REF_TEXT_SIZE, "%.6s/%.32s", by + 6, at + 6);
}

/* --- Founding --------------------------------------------------------------------------------- */

static json_t *policy_object(const char *changes)
{
    size_t n;
    const struct policy_key *keys = policy_keys(&n);
    json_t *object = json_object();
    json_t *changed = changes != NULL ? json_loads(changes, 0, NULL) : NULL;
    for (size_t i = 0; i < n; i++)
        json_object_set_new(object, keys[i].key, json_integer(keys[i].value_default));
    /* A year of these logs passes in a few rounds, each with an urgency. */
    json_object_set_new(object, "urgent_quota", json_integer(100));
    if (changed != NULL)
        json_object_update(object, changed);
    json_decref(changed);
    return object;
}

static void add_mandate(struct log_maker *m, json_t *mandates, const char *org, const char *role)
{
    json_array_append_new(mandates,
                          json_pack("{s:s, s:s, s:I}", "org", org, "role", role, "until",
                                    (json_int_t)(m->at + 3650 * MAKER_DAY)));
}

static void found(struct log_maker *m, const char *policy)
{
    static struct made_note note;
    char zeros[HEX_SIZE(HASH_BYTES)], signers[MAKER_ORGS_MAX * 7] = "";
    memset(zeros, '0', sizeof zeros - 1);
    zeros[sizeof zeros - 1] = '\0';
    json_t *founders = json_array();
    for (size_t i = 0; i < m->n_orgs; i++) {
        char handle[32];
        snprintf(handle, sizeof handle, "org-%02zu", i + 1);
        json_t *founder = json_pack("{s:s}", "handle", handle);
        set_key(founder, "key", m->keys[i]);
        json_array_append_new(founders, founder);
        size_t used = strlen(signers);
        snprintf(signers + used, sizeof signers - used, "%s%s", i > 0 ? " " : "", handle);
    }
    json_t *mandates = json_array();
    add_mandate(m, mandates, "org-01", "coordinator");
    add_mandate(m, mandates, "org-02", "panel");
    add_mandate(m, mandates, "org-03", "panel");
    json_t *body =
        json_pack("{s:s, s:b, s:o, s:o, s:o, s:{s:b, s:b}, s:i, s:[s, s], s:s}", "charter", zeros,
                  "demo", 0, "founders", founders, "mandates", mandates, "policy",
                  policy_object(policy), "public", "bundles", 1, "directory", 1, "rules_version", 1,
                  "skills", "garden", "repair", "skills_details", zeros);
    cr_assert_not_null(body);
    set_key(body, "log_key", m->log_key);
    set_key(body, "clock_key", m->clock_key);
    set_key(body, "refusal_key", m->refusal_key);
    sign_object(m, &note, "network.found", signers, body);
    log_maker_append(m, &note);
}

void log_maker_start(struct log_maker *m, size_t n_orgs, const char *policy)
{
    memset(m, 0, sizeof *m);
    cr_assert_leq(n_orgs, MAKER_ORGS_MAX);
    m->n_orgs = n_orgs;
    m->at = MAKER_START;
    m->kv = kv_memory_new(NULL);
    cr_assert_not_null(m->kv);
    state_attach(&m->state, m->kv);
    m->log_key = make_key("log");
    m->clock_key = make_key("clock");
    m->refusal_key = make_key("refusal");
    for (size_t i = 0; i < n_orgs; i++) {
        char handle[32];
        snprintf(handle, sizeof handle, "org-%02zu", i + 1);
        m->keys[i] = make_key(handle);
    }
    found(m, policy);
}

void log_maker_end(struct log_maker *m)
{
    for (size_t i = 0; i < m->n; i++)
        free((void *)(uintptr_t)m->leaves[i].data);
    free(m->leaves);
    for (size_t i = 0; i < m->n_orgs; i++)
        secret_key_free(m->keys[i]);
    secret_key_free(m->log_key);
    secret_key_free(m->clock_key);
    secret_key_free(m->refusal_key);
    kv_memory_free(m->kv);
}
