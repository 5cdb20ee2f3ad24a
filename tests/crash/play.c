/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/crash/play.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/text.h"
#include "ledger/kind.h"
#include "ledger/signers.h"

_Noreturn void trouble(const char *what, const char *why)
{
    fprintf(stderr, "crash: %s: %s\n", what, why);
    exit(EXIT_TROUBLE);
}

/* --- The node --------------------------------------------------------------------------------- */

static void handle_of(size_t i, char out[static 16])
{
    snprintf(out, 16, "org-%02zu", i + 1);
}

void play_keys(struct play *p)
{
    for (size_t i = 0; i < PLAY_ORGS; i++) {
        char handle[16];
        struct hash seed;
        handle_of(i, handle);
        hash_sha256(&seed, handle, strlen(handle));
        p->keys[i] = secret_key_from_seed(seed.b);
        assert(p->keys[i] != NULL);
    }
    p->at = PLAY_START;
}

void play_open(struct play *p, const char *dir, size_t map_bytes)
{
    const char *why;
    if (node_open_sized(&p->node, dir, map_bytes, stderr) != NODE_OK)
        trouble("the folder cannot be opened", dir);
    struct writer_config config = {
        .dir = p->node.dir,
        .origin = p->node.origin,
        .store = p->node.store,
        .log_key = p->node.log_key,
        .clock_key = p->node.clock_key,
        .refusal_key = p->node.refusal_key,
        .side = p->node.side,
    };
    p->writer = writer_start(&config, &why);
    if (p->writer == NULL)
        trouble("the writer does not start", why);
}

void play_must_write(struct play *p)
{
    if (writer_read_only(p->writer) != NULL)
        trouble("read-only", writer_read_only(p->writer));
}

void play_close(struct play *p)
{
    writer_stop(p->writer);
    p->writer = NULL;
    node_close(&p->node);
}

bool play_look(struct play *p, bool (*look)(struct play *p, struct kv *kv, void *ctx), void *ctx)
{
    struct store_reader *reader;
    bool ok = store_reader_new(p->node.store, &reader) == STORE_OK;
    if (ok) {
        struct kv *kv = store_read(reader);
        ok = kv != NULL;
        if (ok) {
            ok = look(p, kv, ctx) && !kv_failed(kv);
            store_read_end(reader);
        }
        store_reader_free(reader);
    }
    return ok;
}

/* --- Entries ---------------------------------------------------------------------------------- */

static void set_default(json_t *object, const char *name, json_t *value)
{
    if (json_object_get(object, name) == NULL)
        json_object_set_new(object, name, value);
    else
        json_decref(value);
}

/* Canonical, because names are sorted and no value needs more than jansson gives. */
static char *make_text(struct play *p, const char *kind, const char *author, const char *fields)
{
    json_error_t error;
    json_t *object = json_loads(fields, JSON_REJECT_DUPLICATES, &error);
    uint8_t random[10] = {0};
    struct id id;
    char id_text[ID_TEXT_SIZE], *text;
    assert(object != NULL);
    p->at += 1000;
    p->n_ids++;
    for (size_t i = 0; i < 8; i++)
        random[9 - i] = (uint8_t)(p->n_ids >> (8 * i));
    id_make(&id, p->at, random);
    id_format(id_text, &id);
    set_default(object, "at", json_integer(p->at));
    set_default(object, "by", json_string(author));
    set_default(object, "id", json_string(id_text));
    set_default(object, "kind", json_string(kind));
    set_default(object, "valid_until", json_integer(p->at + 30 * PLAY_DAY));
    char *json = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    int n = asprintf(&text, PLAY_ORIGIN "/entry/v1\n%s\n", json);
    assert(n > 0);
    free(json);
    json_decref(object);
    return text;
}

static void sign_one(struct play *p, struct sent *sent, const char *text, const char *handle)
{
    char name[KEY_NAME_SIZE], line[NOTE_LINE_SIZE(KEY_NAME_SIZE)];
    size_t i = (size_t)(handle[5] - '1');
    assert(i < PLAY_ORGS);
    signers_key_name(name, PLAY_ORIGIN, handle);
    size_t n = note_sign(line, sizeof line, text, strlen(text), name, strlen(name), p->keys[i]);
    assert(n > 0);
    sent->note_len = note_append_line(sent->note, sizeof sent->note, sent->note_len, line);
    assert(sent->note_len > 0);
}

static void sign_all(struct play *p, struct sent *sent, const char *kind, const char *signers,
                     size_t n_lines, const char *fields)
{
    char list[64], *save;
    snprintf(list, sizeof list, "%s", signers);
    char *handle = strtok_r(list, " ", &save);
    char *text = make_text(p, kind, handle, fields);
    sent->note_len = note_build(sent->note, sizeof sent->note, text, strlen(text), NULL, 0);
    for (size_t n = 0; handle != NULL && (n_lines == 0 || n < n_lines); n++) {
        sign_one(p, sent, text, handle);
        handle = strtok_r(NULL, " ", &save);
    }
    free(text);
}

static void read_back(struct play *p, struct sent *sent)
{
    struct refusal why = {.code = CODE_OK};
    enum note_err err = note_parse(&sent->parsed, sent->note, sent->note_len);
    bool right = err == NOTE_OK && entry_decode(&sent->entry, PLAY_ORIGIN, sent->parsed.text,
                                                sent->parsed.text_len, &why);
    if (!right)
        fprintf(stderr, "%s: %s %s\n", sent->note, code_word(why.code), why.field);
    assert(right);
    sent->ref = (struct ref){.by = sent->entry.by, .id = sent->entry.id};
    sent->play = p;
    sent->opens_batch = false;
    sem_init(&sent->told, 0, 0);
    sent->job = (struct job){.note_bytes = sent->note,
                             .note_len = sent->note_len,
                             .entry = &sent->entry,
                             .owner = sent};
}

void play_sign(struct play *p, struct sent *sent, const char *kind, const char *signers,
               size_t n_lines, const char *format, ...)
{
    va_list args;
    char *fields;
    va_start(args, format);
    int n = vasprintf(&fields, format, args);
    va_end(args);
    assert(n > 0);
    sign_all(p, sent, kind, signers, n_lines, fields);
    read_back(p, sent);
    free(fields);
}

void play_again(struct play *p, struct sent *out, const struct sent *sent)
{
    memmove(out->note, sent->note, sent->note_len);
    out->note_len = sent->note_len;
    read_back(p, out);
}

static void set_key(json_t *object, const char *name, const struct secret_key *key)
{
    struct public_key public;
    char hex[HEX_SIZE(KEY_BYTES)];
    secret_key_public(key, &public);
    hex_encode(hex, public.b, KEY_BYTES);
    json_object_set_new(object, name, json_string(hex));
}

/* Seals come as often as they may. */
static json_t *make_policy(void)
{
    struct policy policy;
    size_t n;
    const struct policy_key *keys = policy_keys(&n);
    json_t *object = json_object();
    policy_default(&policy);
    for (size_t i = 0; i < n; i++)
        json_object_set_new(object, keys[i].key, json_integer(keys[i].value_default));
    json_object_set_new(object, "seal_every", json_integer(16));
    return object;
}

void play_sign_found(struct play *p, struct sent *sent)
{
    char zeros[HEX_SIZE(HASH_BYTES)] = "";
    memset(zeros, '0', sizeof zeros - 1);
    json_t *founders = json_array();
    for (size_t i = 0; i < PLAY_ORGS; i++) {
        char handle[16];
        handle_of(i, handle);
        json_t *founder = json_pack("{s:s}", "handle", handle);
        set_key(founder, "key", p->keys[i]);
        json_array_append_new(founders, founder);
    }
    json_t *body = json_pack(
        "{s:s, s:b, s:o, s:[{s:s, s:s, s:I}], s:o, s:{s:b, s:b}, s:i, s:[s], s:s}", "charter",
        zeros, "demo", 1, "founders", founders, "mandates", "org", "org-01", "role", "coordinator",
        "until", (json_int_t)(PLAY_START + 3650 * PLAY_DAY), "policy", make_policy(), "public",
        "bundles", 1, "directory", 1, "rules_version", 1, "skills", "garden", "skills_details",
        zeros);
    assert(body != NULL);
    set_key(body, "log_key", p->node.log_key);
    set_key(body, "clock_key", p->node.clock_key);
    set_key(body, "refusal_key", p->node.refusal_key);
    char *fields = json_dumps(body, JSON_COMPACT);
    play_sign(p, sent, "network.found", "org-01 org-02 org-03", 0, "%s", fields);
    free(fields);
    json_decref(body);
}

void play_text(struct detail_text *out, struct hash *commit, const char *kind, const char *words)
{
    struct hash salt;
    hash_sha256(&salt, words, strlen(words));
    *out = (struct detail_text){.n = 0};
    snprintf(out->kind, sizeof out->kind, "%s", kind);
    memcpy(out->salt.b, salt.b, SALT_BYTES);
    int n = snprintf(out->bytes, sizeof out->bytes, "{\"text\":\"%s\"}", words);
    assert(n > 0);
    out->n = (size_t)n;
    commitment_make(commit, PLAY_ORIGIN, kind, &out->salt, out->bytes, out->n);
}
