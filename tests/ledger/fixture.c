/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/ledger/fixture.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "crypto/text.h"
#include "ledger/files.h"
#include "ledger/kind.h"
#include "ledger/signers.h"

void folder_make(char out[static 32])
{
    snprintf(out, 32, "/tmp/sem-test-XXXXXX");
    cr_assert_not_null(mkdtemp(out));
}

void folder_drop(const char *path)
{
    cr_assert(path_remove_tree(path));
}

/* --- The node --------------------------------------------------------------------------------- */

static void data_path(const struct fixture *f, char out[static 64])
{
    snprintf(out, 64, "%s/data", f->parent);
}

static void make_org(struct fixture *f, size_t i)
{
    struct hash seed;
    snprintf(f->handles[i].s, sizeof f->handles[i].s, "org-%02zu", i + 1);
    hash_sha256(&seed, f->handles[i].s, strlen(f->handles[i].s));
    f->keys[i] = secret_key_from_seed(seed.b);
    cr_assert_not_null(f->keys[i]);
}

void fixture_open(struct fixture *f, size_t n_orgs)
{
    char path[64];
    cr_assert_leq(n_orgs, FIXTURE_ORGS_MAX);
    cr_assert_eq(crypto_start(), 0);
    memset(f, 0, sizeof *f);
    folder_make(f->parent);
    data_path(f, path);
    f->demo = true;
    f->map_bytes = (size_t)1 << 30;
    f->at = FIXTURE_START;
    f->n_orgs = n_orgs;
    for (size_t i = 0; i < n_orgs; i++)
        make_org(f, i);
    cr_assert(node_init(path, FIXTURE_ORIGIN, "fixture", stderr));
    fixture_reopen(f);
}

void fixture_reopen(struct fixture *f)
{
    char path[64];
    data_path(f, path);
    cr_assert_eq(node_open_sized(&f->node, path, f->map_bytes, stderr), NODE_OK);
}

void fixture_start(struct fixture *f)
{
    const char *why;
    struct writer_config config = {
        .dir = f->node.dir,
        .origin = f->node.origin,
        .store = f->node.store,
        .log_key = f->node.log_key,
        .clock_key = f->node.clock_key,
        .refusal_key = f->node.refusal_key,
        .side = f->node.side,
        .queue_max = f->queue_max,
        .batch_max = f->batch_max,
        .behind_ms = f->behind_ms,
        .now_ms = f->now_ms,
    };
    f->writer = writer_start(&config, &why);
    cr_assert_not_null(f->writer, "%s", why);
}

void fixture_stop(struct fixture *f)
{
    writer_stop(f->writer);
    f->writer = NULL;
}

void fixture_close(struct fixture *f)
{
    fixture_stop(f);
    node_close(&f->node);
}

void fixture_drop(struct fixture *f)
{
    fixture_close(f);
    for (size_t i = 0; i < f->n_orgs; i++)
        secret_key_free(f->keys[i]);
    folder_drop(f->parent);
}

void fixture_make(struct fixture *f, size_t n_orgs)
{
    fixture_open(f, n_orgs);
    fixture_start(f);
    fixture_found(f);
}

/* --- Founding --------------------------------------------------------------------------------- */

static void set_key(json_t *object, const char *name, const struct secret_key *key)
{
    struct public_key public;
    char hex[HEX_SIZE(KEY_BYTES)];
    secret_key_public(key, &public);
    hex_encode(hex, public.b, KEY_BYTES);
    json_object_set_new(object, name, json_string(hex));
}

static json_t *default_policy(const struct fixture *f)
{
    struct policy policy;
    size_t n;
    const struct policy_key *keys = policy_keys(&n);
    json_t *object = json_object();
    policy_default(&policy);
    for (size_t i = 0; i < n; i++)
        json_object_set_new(object, keys[i].key, json_integer(keys[i].value_default));
    if (f->seal_every > 0)
        json_object_set_new(object, "seal_every", json_integer(f->seal_every));
    return object;
}

void fixture_sign_found(struct fixture *f, struct sent *sent)
{
    char zeros[HEX_SIZE(HASH_BYTES)], signers[FIXTURE_ORGS_MAX * (HANDLE_MAX + 1)] = "";
    memset(zeros, '0', sizeof zeros - 1);
    zeros[sizeof zeros - 1] = '\0';
    json_t *founders = json_array();
    for (size_t i = 0; i < f->n_orgs; i++) {
        json_t *founder = json_pack("{s:s}", "handle", f->handles[i].s);
        set_key(founder, "key", f->keys[i]);
        json_array_append_new(founders, founder);
        size_t used = strlen(signers);
        snprintf(signers + used, sizeof signers - used, "%s%s", i > 0 ? " " : "",
                 f->handles[i].s);
    }
    json_int_t until = (json_int_t)(f->at + 3650 * FIXTURE_DAY);
    json_t *body = json_pack(
        "{s:s, s:b, s:o, s:[{s:s, s:s, s:I}], s:o, s:{s:b, s:b}, s:i, s:[s, s], s:s}", "charter",
        zeros, "demo", f->demo, "founders", founders, "mandates", "org", f->handles[0].s, "role",
        "coordinator", "until", until, "policy", default_policy(f), "public", "bundles", 1,
        "directory", 1, "rules_version", 1, "skills", "garden", "repair", "skills_details", zeros);
    cr_assert_not_null(body);
    set_key(body, "log_key", f->node.log_key);
    set_key(body, "clock_key", f->node.clock_key);
    set_key(body, "refusal_key", f->node.refusal_key);
    char *fields = json_dumps(body, JSON_COMPACT);
    fixture_sign(f, sent, "network.found", signers, fields);
    free(fields);
    json_decref(body);
}

static void submit_accepted(struct fixture *f, struct sent *sent)
{
    enum job_result result = fixture_submit(f, sent);
    const struct refusal *why = &sent->job.why;
    cr_assert_eq(result, JOB_ACCEPTED, "%s: %s %s: expected %s, found %s", sent->entry.kind->name,
                 result == JOB_REFUSED ? code_word(why->code) : "", why->field, why->expected,
                 why->found);
}

void fixture_found(struct fixture *f)
{
    static struct sent sent;
    fixture_sign_found(f, &sent);
    submit_accepted(f, &sent);
}

/* --- Entries ---------------------------------------------------------------------------------- */

static const struct secret_key *key_of(const struct fixture *f, const char *handle)
{
    for (size_t i = 0; i < f->n_orgs; i++)
        if (strcmp(f->handles[i].s, handle) == 0)
            return f->keys[i];
    cr_assert_fail("no key of %s", handle);
    return NULL;
}

/* Parts the list at its spaces, in place. */
static size_t split(char *list, const char *out[static FIXTURE_ORGS_MAX])
{
    size_t n = 0;
    for (char *save, *word = strtok_r(list, " ", &save); word != NULL;
         word = strtok_r(NULL, " ", &save)) {
        cr_assert_lt(n, FIXTURE_ORGS_MAX);
        out[n++] = word;
    }
    return n;
}

static void set_default(json_t *object, const char *name, json_t *value)
{
    if (json_object_get(object, name) == NULL)
        json_object_set_new(object, name, value);
    else
        json_decref(value);
}

static json_t *make_object(struct fixture *f, const char *kind, const char *author,
                           const char *fields)
{
    json_error_t error;
    json_t *object = json_loads(fields, JSON_REJECT_DUPLICATES, &error);
    cr_assert_not_null(object, "%s in %s", error.text, fields);
    int64_t at = f->demo || f->now_ms == NULL ? f->at : f->now_ms();
    uint8_t random[10] = {0};
    uint64_t number = ++f->n_ids;
    for (size_t i = 0; i < 8; i++)
        random[9 - i] = (uint8_t)(number >> (8 * i));
    struct id id;
    char id_text[ID_TEXT_SIZE];
    id_make(&id, at, random);
    id_format(id_text, &id);
    set_default(object, "by", json_string(author));
    set_default(object, "id", json_string(id_text));
    set_default(object, "kind", json_string(kind));
    set_default(object, "valid_until", json_integer(at + 30 * FIXTURE_DAY));
    if (f->demo)
        set_default(object, "at", json_integer(at));
    return object;
}

static void sign_text(struct fixture *f, struct sent *sent, const char *text, size_t text_len,
                      const char *const signers[], size_t n)
{
    sent->note_len = note_build(sent->note, sizeof sent->note, text, text_len, NULL, 0);
    cr_assert_gt(sent->note_len, 0);
    for (size_t i = 0; i < n; i++) {
        char name[KEY_NAME_SIZE], line[NOTE_LINE_SIZE(KEY_NAME_SIZE)];
        signers_key_name(name, f->node.origin, signers[i]);
        cr_assert_gt(note_sign(line, sizeof line, text, text_len, name, strlen(name),
                               key_of(f, signers[i])),
                     0);
        sent->note_len = note_append_line(sent->note, sizeof sent->note, sent->note_len, line);
        cr_assert_gt(sent->note_len, 0);
    }
}

static void job_done(struct job *job)
{
    struct sent *sent = job->owner;
    sem_post(&sent->told);
}

static void make_job(struct fixture *f, struct sent *sent)
{
    struct refusal why = {.code = CODE_OK};
    enum note_err err = note_parse(&sent->parsed, sent->note, sent->note_len);
    cr_assert_eq(err, NOTE_OK, "%s", note_strerror(err));
    cr_assert(entry_decode(&sent->entry, f->node.origin, sent->parsed.text, sent->parsed.text_len,
                           &why),
              "%s %s: expected %s, found %s", code_word(why.code), why.field, why.expected,
              why.found);
    sem_init(&sent->told, 0, 0);
    sent->job = (struct job){.note_bytes = sent->note,
                             .note_len = sent->note_len,
                             .entry = &sent->entry,
                             .done = job_done,
                             .owner = sent};
}

void fixture_sign(struct fixture *f, struct sent *sent, const char *kind, const char *signers,
                  const char *fields)
{
    const char *names[FIXTURE_ORGS_MAX];
    char *list = strdup(signers), *text;
    size_t n = split(list, names);
    cr_assert_gt(n, 0);
    f->at += 1000;
    json_t *object = make_object(f, kind, names[0], fields);
    char *json = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    int len = asprintf(&text, "%s/entry/v1\n%s\n", f->node.origin, json);
    cr_assert_gt(len, 0);
    sign_text(f, sent, text, (size_t)len, names, n);
    make_job(f, sent);
    free(text);
    free(json);
    json_decref(object);
    free(list);
}

static char *__attribute__((format(printf, 1, 0))) format_fields(const char *format, va_list args)
{
    char *fields;
    cr_assert_geq(vasprintf(&fields, format, args), 0);
    return fields;
}

void fixture_signf(struct fixture *f, struct sent *sent, const char *kind, const char *signers,
                   const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *fields = format_fields(format, args);
    va_end(args);
    fixture_sign(f, sent, kind, signers, fields);
    free(fields);
}

bool fixture_send(struct fixture *f, struct sent *sent)
{
    return writer_submit(f->writer, &sent->job);
}

enum job_result fixture_await(struct sent *sent)
{
    while (sem_wait(&sent->told) != 0)
        continue;
    return sent->job.result;
}

enum job_result fixture_submit(struct fixture *f, struct sent *sent)
{
    cr_assert(fixture_send(f, sent), "the writer takes no job: %s", writer_read_only(f->writer));
    return fixture_await(sent);
}

void fixture_do(struct fixture *f, char ref[static REF_TEXT_SIZE], const char *kind,
                const char *signers, const char *format, ...)
{
    static struct sent sent;
    va_list args;
    va_start(args, format);
    char *fields = format_fields(format, args);
    va_end(args);
    fixture_sign(f, &sent, kind, signers, fields);
    submit_accepted(f, &sent);
    ref_format(ref, &(struct ref){.by = sent.entry.by, .id = sent.entry.id});
    free(fields);
}

/* --- Looking ---------------------------------------------------------------------------------- */

void fixture_settle(struct fixture *f)
{
    if (f->writer != NULL)
        writer_catch_up(f->writer);
}

void fixture_head(struct fixture *f, struct log_head *head)
{
    char note[CHECKPOINT_SIZE];
    size_t n;
    struct log_head opened;
    struct public_key key;
    const char *why;
    fixture_settle(f);
    writer_checkpoint(f->writer, head, note, &n);
    secret_key_public(f->node.log_key, &key);
    cr_assert(checkpoint_open(&opened, note, n, f->node.origin, &key, &why), "%s", why);
    cr_assert_eq(opened.size, head->size);
    cr_assert(hash_equal(&opened.root, &head->root));
}

void fixture_look(struct fixture *f, void (*look)(struct kv *kv, void *ctx), void *ctx)
{
    struct store_reader *reader;
    fixture_settle(f);
    cr_assert_eq(store_reader_new(f->node.store, &reader), STORE_OK);
    struct kv *kv = store_read(reader);
    cr_assert_not_null(kv);
    look(kv, ctx);
    cr_assert_not(kv_failed(kv));
    store_read_end(reader);
    store_reader_free(reader);
}

static void check_tree(struct kv *kv, void *ctx)
{
    struct log_head *head = ctx;
    struct merkle_range range;
    struct hash leaf_hash, root;
    struct slice leaf;
    merkle_range_start(&range);
    cr_assert(log_head(kv, head));
    for (uint64_t i = 0; i < head->size; i++) {
        cr_assert(log_read(kv, i, &leaf), "no leaf %" PRIu64, i);
        merkle_leaf(&leaf_hash, leaf.data, leaf.size);
        merkle_range_append(&range, &leaf_hash);
        merkle_range_root(&range, &root);
        struct hash stored;
        cr_assert(log_root_at(kv, i + 1, &stored));
        cr_assert(hash_equal(&root, &stored), "another root at size %" PRIu64, i + 1);
    }
}

void fixture_check_tree(struct fixture *f, struct log_head *head)
{
    fixture_look(f, check_tree, head);
}
