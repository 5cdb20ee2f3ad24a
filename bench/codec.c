/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/codec.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/limits.h"
#include "bench/network.h"
#include "crypto/note.h"
#include "ledger/entry.h"
#include "ledger/replay.h"
#include "ledger/rules.h"
#include "ledger/seal.h"

#define VERIFIES 10000
#define ROUNDS 3 /* of the reading alone; the best counts */

struct leaves {
    struct bench_note *notes;
    size_t n;
    int64_t at; /* of the first; each next is a millisecond later */
};

static double best(double a, double b)
{
    return a == 0 || b < a ? b : a;
}

static bool read_notes(const struct leaves *l, struct codec_result *out)
{
    struct note *note = malloc(sizeof *note);
    struct entry *entry = malloc(sizeof *entry);
    struct refusal why = {.code = CODE_OK};
    bool ok = note != NULL && entry != NULL;
    for (size_t round = 0; round < ROUNDS && ok; round++) {
        double start = bench_cpu_s();
        for (size_t i = 0; i < l->n && ok; i++)
            ok = note_parse(note, l->notes[i].b, l->notes[i].n) == NOTE_OK;
        out->note_us = best(out->note_us, bench_cpu_s() - start);
        /* The text ends where the last empty line starts: two lines (SPEC 2.1). */
        start = bench_cpu_s();
        for (size_t i = 0; i < l->n && ok; i++) {
            size_t n = (size_t)(strstr(l->notes[i].b, "\n\n") + 1 - l->notes[i].b);
            ok = entry_decode(entry, BENCH_ORIGIN, l->notes[i].b, n, &why);
        }
        out->decode_us = best(out->decode_us, bench_cpu_s() - start);
    }
    free(note);
    free(entry);
    out->note_us *= 1e6 / (double)l->n;
    out->decode_us *= 1e6 / (double)l->n;
    return ok;
}

static bool take(struct replay *replay, struct kv *kv, int64_t at, const char *note, size_t n)
{
    char leaf[LEAF_MAX], why[REPLAY_WHY_SIZE];
    size_t head = leaf_prefix(leaf, at);
    memcpy(leaf + head, note, n);
    struct slice bytes = {(const uint8_t *)leaf, head + n};
    if (replay_leaf(replay, kv, bytes, why))
        return true;
    fprintf(stderr, "bench: %s\n", why);
    return false;
}

/* The clock's part: sealed balances when they are due. */
static bool take_seal(struct replay *replay, struct kv *kv, const struct secret_key *clock_key)
{
    struct state *state = replay_state(replay);
    struct body_seal_balances body;
    struct id id;
    char note[SEAL_NOTE_SIZE];
    if (!rules_seal_due(state))
        return true;
    int64_t at = state_last_at(state);
    rules_make_seal(state, BENCH_ORIGIN, &body, &id);
    size_t n = seal_note(note, BENCH_ORIGIN, &body, &id, at, clock_key);
    return take(replay, kv, at, note, n);
}

/* In use, from the heap and from the system; what was freed before and is used again counts. */
static double allocated_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return (double)(info.uordblks + info.hblkhd);
}

static bool replay_all(const struct bench_network *network, const struct secret_key *clock_key,
                       const struct leaves *l, struct codec_result *out)
{
    char note[BENCH_FOUNDING_MAX];
    size_t n = bench_founding(network, note);
    struct replay *replay = replay_new(BENCH_ORIGIN, false);
    struct kv *kv = kv_memory_new(NULL);
    bool ok = replay != NULL && kv != NULL && take(replay, kv, l->at - 1, note, n);
    double before = allocated_bytes(), start = bench_cpu_s();
    for (size_t i = 0; i < l->n && ok; i++)
        ok = take(replay, kv, l->at + (int64_t)i, l->notes[i].b, l->notes[i].n) &&
             take_seal(replay, kv, clock_key);
    out->replay_us = (bench_cpu_s() - start) * 1e6 / (double)l->n;
    out->bytes = (allocated_bytes() - before) / (double)l->n;
    replay_free(replay);
    kv_memory_free(kv);
    return ok;
}

static void verify_one(const struct bench_network *network, const struct bench_note *note,
                       struct codec_result *out)
{
    struct public_key key;
    struct signature sig;
    bool ok = true;
    secret_key_public(network->keys[0], &key);
    key_sign(&sig, note->b, note->n / 2, network->keys[0]);
    double start = bench_cpu_s();
    for (size_t i = 0; i < VERIFIES; i++)
        ok = key_verify(&key, note->b, note->n / 2, &sig) && ok;
    out->verify_us = ok ? (bench_cpu_s() - start) * 1e6 / VERIFIES : 0;
}

bool codec(size_t entries, struct codec_result *out)
{
    struct bench_network network;
    struct leaves l = {.notes = calloc(entries, sizeof *l.notes), .n = entries};
    memset(out, 0, sizeof *out);
    memset(&network, 0, sizeof network);
    if (l.notes == NULL)
        return false;
    bench_network_start(&network);
    struct secret_key *own[3];
    struct public_key *public[3] = {&network.clock, &network.log, &network.refusal};
    for (int i = 0; i < 3; i++) {
        own[i] = secret_key_new();
        secret_key_public(own[i], public[i]);
    }
    l.at = bench_now_ms();
    for (size_t i = 0; i < entries; i++)
        bench_hours(&network, i, l.at + (int64_t)i, &l.notes[i]);
    bool ok = read_notes(&l, out) && replay_all(&network, own[0], &l, out);
    verify_one(&network, &l.notes[0], out);
    bench_network_end(&network);
    for (int i = 0; i < 3; i++)
        secret_key_free(own[i]);
    free(l.notes);
    return ok;
}
