/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/write_path.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/limits.h"
#include "bench/network.h"
#include "ledger/files.h"
#include "ledger/node.h"
#include "ledger/signers.h"

/* One run: notes are handed out by number, answers are counted under the lock. */
struct run {
    struct node node;
    struct writer *writer;
    struct bench_network network;
    struct bench_note *notes;
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
    struct refusal why = {.code = CODE_OK};
    struct signatures *signatures = malloc(sizeof *signatures);
    struct rules *rules = calloc(1, sizeof *rules);
    struct call *call = calloc(1, sizeof *call);
    assert(signatures != NULL && rules != NULL && call != NULL);
    call->run = run;
    call->number = number;
    call->start_s = bench_now_s();
    bool ok = note_parse(&note, bytes, n) == NOTE_OK &&
              entry_decode(&call->entry, BENCH_ORIGIN, note.text, note.text_len, &why);
    struct kv *kv = store_read(reader);
    assert(kv != NULL);
    state_attach(state, kv);
    rules->state = state;
    ok = ok && signers_check(rules, BENCH_ORIGIN, &call->entry, &note, true, signatures, &why) &&
         signatures_complete(signatures);
    store_read_end(reader);
    call->job = (struct job){.note_bytes = bytes, .note_len = n, .entry = &call->entry,
                             .done = answered, .owner = call};
    /* The network for those who check, and the store's last commit for the clock. */
    call->job.settle = number == 0 || number + 1 == run->entries;
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
    char note[BENCH_FOUNDING_MAX];
    size_t n = bench_founding(&run->network, note);
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
    if (!node_init(dir, BENCH_ORIGIN, NULL, stderr) ||
        node_open(&run->node, dir, stderr) != NODE_OK)
        return false;
    secret_key_public(run->node.refusal_key, &refusal);
    secret_key_public(run->node.clock_key, &run->network.clock);
    secret_key_public(run->node.log_key, &run->network.log);
    run->network.refusal = refusal;
    struct writer_config config = {.dir = dir,
                                   .origin = BENCH_ORIGIN,
                                   .store = run->node.store,
                                   .log_key = run->node.log_key,
                                   .clock_key = run->node.clock_key,
                                   .refusal_key = run->node.refusal_key,
                                   .side = run->node.side};
    run->writer = writer_start(&config, &why);
    if (run->writer == NULL)
        fprintf(stderr, "bench: %s\n", why);
    return run->writer != NULL;
}

bool write_path(const char *dir, size_t entries, size_t workers, size_t in_flight,
                struct write_result *out)
{
    struct run run = {.entries = entries, .in_flight_max = in_flight};
    pthread_mutex_init(&run.lock, NULL);
    pthread_cond_init(&run.moved, NULL);
    bench_network_start(&run.network);
    run.notes = calloc(entries, sizeof *run.notes);
    run.latency_us = calloc(entries, sizeof *run.latency_us);
    bool ok = run.notes != NULL && run.latency_us != NULL && start(&run, dir) && found(&run);
    if (ok) {
        for (size_t i = 0; i < entries; i++)
            bench_hours(&run.network, i, bench_now_ms(), &run.notes[i]);
        measure(&run, workers, out);
        ok = run.refused == 0;
    }
    writer_stop(run.writer);
    node_close(&run.node);
    bench_network_end(&run.network);
    free(run.notes);
    free(run.latency_us);
    return path_remove_tree(dir) && ok;
}
