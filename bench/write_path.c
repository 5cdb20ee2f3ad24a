/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/write_path.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/limits.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/text.h"
#include "ledger/node.h"
#include "ledger/signers.h"
#include "policies/window.h"

#define ORIGIN "bench.example.org/ledger"
#define ORGS 32
#define NOTE_MAX 1024
#define FOUNDING_MAX 16384

struct note_bytes {
    char b[NOTE_MAX];
    size_t n;
};

/* One run: notes are handed out by number, answers are counted under the lock. */
struct run {
    struct node node;
    struct writer *writer;
    struct secret_key *keys[ORGS];
    struct note_bytes *notes;
    size_t entries, next, answered, in_flight, in_flight_max, refused;
    double *latency_us;
    pthread_mutex_t lock;
    pthread_cond_t moved;
};

struct call {
    struct job job;
    struct entry entry;
    struct run *run;
    size_t number;
    double start_s;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void handle_of(char out[static 16], size_t org)
{
    snprintf(out, 16, "org-%02zu", org);
}

static void fresh_id(char out[static ID_TEXT_SIZE])
{
    uint8_t dice[10];
    struct id id;
    random_fill(dice, sizeof dice);
    id_make(&id, now_ms(), dice);
    id_format(out, &id);
}

/* Signs a text with the keys of the organisations lo..hi (in order of their handles). */
static size_t sign_note(struct run *run, char *out, size_t size, const char *text,
                        const size_t *orgs, size_t n)
{
    size_t len = note_build(out, size, text, strlen(text), NULL, 0);
    for (size_t i = 0; i < n; i++) {
        char handle[16], name[KEY_NAME_SIZE], line[NOTE_LINE_SIZE(KEY_NAME_SIZE)];
        handle_of(handle, orgs[i]);
        signers_key_name(name, ORIGIN, handle);
        size_t made = note_sign(line, sizeof line, text, strlen(text), name, strlen(name),
                                run->keys[orgs[i]]);
        assert(made > 0);
        len = note_append_line(out, size, len, line);
    }
    assert(len > 0);
    return len;
}

static void put_key(char *out, size_t size, const struct secret_key *key)
{
    struct public_key public;
    char hex[HEX_SIZE(KEY_BYTES)];
    secret_key_public(key, &public);
    hex_encode(hex, public.b, KEY_BYTES);
    snprintf(out, size, "%s", hex);
}

static void founding_text(struct run *run, char *out, size_t size)
{
    char clock[65], log[65], refusal[65], key[65], id[ID_TEXT_SIZE], handle[16], zero[65];
    put_key(clock, sizeof clock, run->node.clock_key);
    put_key(log, sizeof log, run->node.log_key);
    put_key(refusal, sizeof refusal, run->node.refusal_key);
    memset(zero, '0', 64);
    zero[64] = '\0';
    fresh_id(id);
    int64_t until = now_ms() + 86400000;
    size_t n = (size_t)snprintf(
        out, size,
        ORIGIN "/entry/v1\n{\"by\":\"org-00\",\"charter\":\"%s\",\"clock_key\":\"%s\","
               "\"demo\":false,\"founders\":[", zero, clock);
    for (size_t i = 0; i < ORGS; i++) {
        handle_of(handle, i);
        put_key(key, sizeof key, run->keys[i]);
        n += (size_t)snprintf(out + n, size - n, "%s{\"handle\":\"%s\",\"key\":\"%s\"}",
                              i > 0 ? "," : "", handle, key);
    }
    n += (size_t)snprintf(out + n, size - n,
                          "],\"id\":\"%s\",\"kind\":\"network.found\",\"log_key\":\"%s\","
                          "\"mandates\":[{\"org\":\"org-00\",\"role\":\"coordinator\",\"until\":"
                          "%" PRId64 "}],\"policy\":{", id, log, until);
    size_t keys;
    const struct policy_key *table = policy_keys(&keys);
    for (size_t i = 0; i < keys; i++)
        n += (size_t)snprintf(out + n, size - n, "%s\"%s\":%" PRId64, i > 0 ? "," : "",
                              table[i].key, table[i].value_default);
    snprintf(out + n, size - n,
             "},\"public\":{\"bundles\":true,\"directory\":true},\"refusal_key\":\"%s\","
             "\"rules_version\":1,\"skills\":[\"accounting\"],\"skills_details\":\"%s\","
             "\"valid_until\":%" PRId64 "}\n", refusal, zero, until);
}

/* Minutes go to and fro between pairs, so that nobody comes near a line. */
static void sign_hours(struct run *run, size_t i)
{
    size_t a = i / 2 % ORGS, b = (a + 1 + i / 2 / ORGS % (ORGS - 1)) % ORGS;
    size_t from = i % 2 == 0 ? a : b, to = i % 2 == 0 ? b : a;
    size_t signers[2] = {from < to ? from : to, from < to ? to : from};
    char giver[16], receiver[16], id[ID_TEXT_SIZE], day[DAY_TEXT_BYTES], text[NOTE_MAX];
    handle_of(giver, from);
    handle_of(receiver, to);
    fresh_id(id);
    day_format(day, window_day(now_ms()));
    snprintf(text, sizeof text,
             ORIGIN "/entry/v1\n{\"by\":\"%s\",\"day\":\"%s\",\"id\":\"%s\",\"kind\":"
                    "\"hours.record\",\"shares\":[{\"from\":\"%s\",\"minutes\":1,\"to\":\"%s\"}],"
                    "\"valid_until\":%" PRId64 "}\n",
             giver, day, id, giver, receiver, now_ms() + 86400000);
    struct note_bytes *note = &run->notes[i];
    note->n = sign_note(run, note->b, sizeof note->b, text, signers, 2);
}

static void answered(struct job *job)
{
    struct call *call = job->owner;
    struct run *run = call->run;
    pthread_mutex_lock(&run->lock);
    run->latency_us[call->number] = (bench_now_s() - call->start_s) * 1e6;
    run->answered++;
    run->in_flight--;
    if (job->result != JOB_ACCEPTED) {
        if (run->refused++ == 0)
            fprintf(stderr, "bench: refused: %s, expected %s, found %s\n",
                    job->result == JOB_REFUSED ? code_word(job->why.code) : "not accepted",
                    job->why.expected, job->why.found);
    }
    pthread_cond_broadcast(&run->moved);
    pthread_mutex_unlock(&run->lock);
    free(call);
}

/* What a server's worker does with a body. */
static bool check_and_submit(struct run *run, struct state *state, struct store_reader *reader,
                             const char *bytes, size_t n, size_t number)
{
    struct note note;
    struct refusal why;
    struct signatures *signatures = malloc(sizeof *signatures);
    struct rules *rules = calloc(1, sizeof *rules);
    struct call *call = calloc(1, sizeof *call);
    assert(signatures != NULL && rules != NULL && call != NULL);
    call->run = run;
    call->number = number;
    call->start_s = bench_now_s();
    bool ok = note_parse(&note, bytes, n) == NOTE_OK &&
              entry_decode(&call->entry, ORIGIN, note.text, note.text_len, &why);
    struct kv *kv = store_read(reader);
    assert(kv != NULL);
    state_attach(state, kv);
    rules->state = state;
    ok = ok && signers_check(rules, ORIGIN, &call->entry, &note, true, signatures, &why) &&
         signatures_complete(signatures);
    store_read_end(reader);
    call->job = (struct job){.note_bytes = bytes, .note_len = n, .entry = &call->entry,
                             .done = answered, .owner = call};
    if (!ok)
        fprintf(stderr, "bench: %s %s: expected %s, found %s\n", code_word(why.code), why.field,
                why.expected, why.found);
    ok = ok && writer_submit(run->writer, &call->job);
    if (!ok)
        free(call);
    free(rules);
    free(signatures);
    return ok;
}

static void *work(void *arg)
{
    struct run *run = arg;
    struct store_reader *reader;
    struct state *state = calloc(1, sizeof *state);
    if (state == NULL || store_reader_new(run->node.store, &reader) != STORE_OK)
        abort();
    for (;;) {
        pthread_mutex_lock(&run->lock);
        while (run->in_flight >= run->in_flight_max)
            pthread_cond_wait(&run->moved, &run->lock);
        size_t i = run->next++;
        run->in_flight += i < run->entries;
        pthread_mutex_unlock(&run->lock);
        if (i >= run->entries)
            break;
        if (!check_and_submit(run, state, reader, run->notes[i].b, run->notes[i].n, i))
            abort();
    }
    store_reader_free(reader);
    free(state);
    return NULL;
}

static bool found(struct run *run)
{
    char text[FOUNDING_MAX], note[FOUNDING_MAX];
    size_t all[ORGS];
    for (size_t i = 0; i < ORGS; i++)
        all[i] = i;
    founding_text(run, text, sizeof text);
    size_t n = sign_note(run, note, sizeof note, text, all, ORGS);
    struct store_reader *reader;
    struct state *state = calloc(1, sizeof *state);
    bool ok = state != NULL && store_reader_new(run->node.store, &reader) == STORE_OK;
    if (!ok)
        return false;
    run->in_flight = 1;
    ok = check_and_submit(run, state, reader, note, n, 0);
    pthread_mutex_lock(&run->lock);
    while (ok && run->answered == 0)
        pthread_cond_wait(&run->moved, &run->lock);
    pthread_mutex_unlock(&run->lock);
    store_reader_free(reader);
    free(state);
    run->answered = 0;
    return ok && run->refused == 0;
}

static void measure(struct run *run, size_t workers, struct write_result *out)
{
    pthread_t threads[64];
    assert(workers <= 64);
    struct writer_stats before, after;
    struct store_room room_before, room;
    writer_stats(run->writer, &before);
    store_room(run->node.store, &room_before);
    double start = bench_now_s(), cpu = bench_cpu_s();
    for (size_t i = 0; i < workers; i++)
        if (pthread_create(&threads[i], NULL, work, run) != 0)
            abort();
    for (size_t i = 0; i < workers; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_lock(&run->lock);
    while (run->answered < run->entries)
        pthread_cond_wait(&run->moved, &run->lock);
    pthread_mutex_unlock(&run->lock);
    double n = (double)run->entries, seconds = bench_now_s() - start;
    writer_stats(run->writer, &after);
    store_room(run->node.store, &room);
    *out = (struct write_result){
        .per_second = n / seconds,
        .cpu_us = (bench_cpu_s() - cpu) / n * 1e6,
        .p50_us = bench_percentile(run->latency_us, run->entries, 0.5),
        .entries_per_commit = n / (double)(after.batches - before.batches),
        .file_bytes = (double)(room.used_bytes - room_before.used_bytes) / n,
        .leaf_bytes = (double)run->notes[0].n + 17};
}

static bool start(struct run *run, const char *dir)
{
    const char *why = NULL;
    struct public_key refusal;
    if (!node_init(dir, ORIGIN, NULL, stderr) || node_open(&run->node, dir, stderr) != NODE_OK)
        return false;
    secret_key_public(run->node.refusal_key, &refusal);
    struct writer_config config = {.dir = dir,
                                   .origin = ORIGIN,
                                   .store = run->node.store,
                                   .log_key = run->node.log_key,
                                   .clock_key = run->node.clock_key,
                                   .refusal_key = &refusal};
    run->writer = writer_start(&config, &why);
    if (run->writer == NULL)
        fprintf(stderr, "bench: %s\n", why);
    return run->writer != NULL;
}

bool write_path(size_t entries, size_t workers, size_t in_flight, struct write_result *out)
{
    char parent[] = "sem-bench-XXXXXX", dir[64], command[128];
    struct run run = {.entries = entries, .in_flight_max = in_flight};
    if (mkdtemp(parent) == NULL) {
        perror(parent);
        return false;
    }
    snprintf(dir, sizeof dir, "%s/data", parent);
    pthread_mutex_init(&run.lock, NULL);
    pthread_cond_init(&run.moved, NULL);
    for (size_t i = 0; i < ORGS; i++)
        run.keys[i] = secret_key_new();
    run.notes = calloc(entries, sizeof *run.notes);
    run.latency_us = calloc(entries, sizeof *run.latency_us);
    bool ok = run.notes != NULL && run.latency_us != NULL && start(&run, dir) && found(&run);
    if (ok) {
        for (size_t i = 0; i < entries; i++)
            sign_hours(&run, i);
        measure(&run, workers, out);
        ok = run.refused == 0;
    }
    writer_stop(run.writer);
    node_close(&run.node);
    for (size_t i = 0; i < ORGS; i++)
        secret_key_free(run.keys[i]);
    free(run.notes);
    free(run.latency_us);
    snprintf(command, sizeof command, "rm -rf ./%s", parent);
    return system(command) == 0 && ok;
}
