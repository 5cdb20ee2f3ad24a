/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/audit_log.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/notes.h"
#include "crypto/note.h"
#include "ledger/checkpoint.h"
#include "ledger/replay.h"
#include "ledger/rules.h"
#include "ledger/seal.h"
#include "ledger/tick.h"
#include "policies/window.h"

#define NOTES_AT_ONCE 20000
#define TILE_BITS 8
#define TILE_WIDTH (1u << TILE_BITS)
#define LEVELS 4
#define BUNDLES (-1) /* the level of bundles */

/* --- Making ----------------------------------------------------------------------------------- */

static bool take_leaf(struct audit_log *log, int64_t at, const char *note, size_t n)
{
    char leaf[LEAF_MAX], why[REPLAY_WHY_SIZE];
    size_t head = leaf_prefix(leaf, at);
    memcpy(leaf + head, note, n);
    struct slice bytes = {(const uint8_t *)leaf, head + n};
    if (replay_leaf(log->replay, log->kv, bytes, why)) {
        log->size++;
        return true;
    }
    fprintf(stderr, "bench: an entry of the audited log is refused: %s\n", why);
    return false;
}

static bool take_seal(struct audit_log *log, int64_t at)
{
    struct body_seal_balances body;
    struct id id;
    char note[SEAL_NOTE_SIZE];
    struct state *state = replay_state(log->replay);
    if (!rules_seal_due(state))
        return true;
    rules_make_seal(state, BENCH_ORIGIN, &body, &id);
    return take_leaf(log, at, note, seal_note(note, BENCH_ORIGIN, &body, &id, at, log->clock_key));
}

static bool take_ticks(struct audit_log *log, int64_t at)
{
    struct body_clock_tick body;
    struct id id;
    char note[TICK_NOTE_SIZE];
    bool ok = true;
    while (ok && rules_make_tick(replay_state(log->replay), at, &body, &id)) {
        size_t n = tick_note(note, BENCH_ORIGIN, &body, &id, log->clock_key);
        ok = take_leaf(log, at, note, n) && take_seal(log, at);
    }
    return ok;
}

/* An entry, with the ticks before it and the seal behind it that are due. */
static bool take(struct audit_log *log, int64_t at, const char *note, size_t n)
{
    return (log->size == 0 || take_ticks(log, at)) && take_leaf(log, at, note, n) &&
           take_seal(log, at);
}

static bool found(struct audit_log *log, int64_t at)
{
    struct bench_network *network = &log->network;
    char note[BENCH_FOUNDING_MAX];
    struct bench_note admission;
    network->founded_ms = at;
    bool ok = take(log, at, note, bench_founding(network, note));
    for (size_t org = BENCH_FOUNDERS; org < network->n_orgs && ok; org++) {
        bench_admission(network, org, ++at, &admission);
        ok = take(log, at, admission.b, admission.n);
    }
    return ok;
}

bool audit_log_start(struct audit_log *log, size_t n_orgs, int64_t past_ms)
{
    struct secret_key *refusal_key = secret_key_new();
    *log = (struct audit_log){.kv = kv_memory_new(NULL),
                              .replay = replay_new(BENCH_ORIGIN, false),
                              .clock_key = secret_key_new(),
                              .log_key = secret_key_new()};
    assert(refusal_key != NULL && log->clock_key != NULL && log->log_key != NULL);
    secret_key_public(log->clock_key, &log->network.clock);
    secret_key_public(log->log_key, &log->network.log);
    secret_key_public(refusal_key, &log->network.refusal);
    secret_key_free(refusal_key);
    bench_network_start(&log->network);
    bench_network_grow(&log->network, n_orgs);
    return log->kv != NULL && log->replay != NULL && found(log, bench_now_ms() - past_ms);
}

bool audit_log_grow(struct audit_log *log, size_t first, size_t n, double step_ms)
{
    int64_t start = log->network.founded_ms + WINDOW_DAY_MS;
    bool ok = true;
    for (size_t done = 0; done < n && ok;) {
        struct notes notes;
        struct notes_plan plan = {NOTES_HOURS, first + done,
                                  n - done < NOTES_AT_ONCE ? n - done : NOTES_AT_ONCE,
                                  start + (int64_t)((double)(first + done) * step_ms), step_ms};
        ok = notes_make(&notes, &log->network, &plan);
        for (size_t i = 0; i < notes.n && ok; i++)
            ok = take(log, plan.at_ms + (int64_t)((double)i * step_ms), notes.v[i].b,
                      notes.v[i].n);
        done += plan.n;
        notes_free(&notes);
    }
    return ok;
}

void audit_log_end(struct audit_log *log)
{
    bench_network_end(&log->network);
    secret_key_free(log->clock_key);
    secret_key_free(log->log_key);
    replay_free(log->replay);
    kv_memory_free(log->kv);
}

/* --- Writing ---------------------------------------------------------------------------------- */

static void tile_name(char *out, size_t size, int level, uint64_t number, unsigned width)
{
    char part[16] = "";
    assert(number < 1000000);
    if (width < TILE_WIDTH)
        snprintf(part, sizeof part, ".p/%u", width);
    size_t n = (size_t)(level == BUNDLES ? snprintf(out, size, "tile/entries/")
                                         : snprintf(out, size, "tile/%d/", level));
    if (number >= 1000)
        n += (size_t)snprintf(out + n, size - n, "x%03" PRIu64 "/", number / 1000);
    snprintf(out + n, size - n, "%03" PRIu64 "%s", number % 1000, part);
}

static bool write_file(const char *dir, const char *name, const void *bytes, size_t n)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    for (char *slash = path + strlen(dir); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool there = mkdir(path, 0700) == 0 || errno == EEXIST;
        *slash = '/';
        if (!there)
            break;
    }
    FILE *f = fopen(path, "we");
    bool ok = f != NULL && fwrite(bytes, 1, n, f) == n;
    if ((f != NULL && fclose(f) != 0) || !ok) {
        perror(path);
        return false;
    }
    return true;
}

/* The bytes of a bundle or of a tile of hashes. */
static size_t fill_tile(struct audit_log *log, int level, uint64_t first, unsigned width,
                        uint8_t *out)
{
    size_t n = 0;
    for (uint64_t i = first; i < first + width; i++) {
        struct slice leaf;
        struct hash hash;
        if (level != BUNDLES) {
            bool there = log_node(log->kv, merkle_stored_index((unsigned)level * TILE_BITS, i),
                                  &hash);
            assert(there);
            memcpy(out + n, hash.b, HASH_BYTES);
            n += HASH_BYTES;
            continue;
        }
        bool there = log_read(log->kv, i, &leaf);
        assert(there && leaf.size <= UINT16_MAX);
        out[n++] = (uint8_t)(leaf.size >> 8);
        out[n++] = (uint8_t)leaf.size;
        memcpy(out + n, leaf.data, leaf.size);
        n += leaf.size;
    }
    return n;
}

static bool write_level(struct audit_log *log, int level, uint64_t size, const char *dir,
                        uint8_t *bytes)
{
    uint64_t count = level > 0 ? size >> level * TILE_BITS : size;
    bool ok = true;
    for (uint64_t first = 0; first < count && ok; first += TILE_WIDTH) {
        char name[64];
        unsigned width = count - first < TILE_WIDTH ? (unsigned)(count - first) : TILE_WIDTH;
        tile_name(name, sizeof name, level, first / TILE_WIDTH, width);
        ok = write_file(dir, name, bytes, fill_tile(log, level, first, width, bytes));
    }
    return ok;
}

bool audit_log_write(struct audit_log *log, uint64_t size, const char *dir)
{
    char note[CHECKPOINT_SIZE];
    struct log_head head = {.size = size};
    uint8_t *bytes = malloc((size_t)TILE_WIDTH * (2 + LEAF_MAX));
    bool ok = bytes != NULL && log_root_at(log->kv, size, &head.root);
    for (int level = BUNDLES; level < LEVELS && ok; level++)
        ok = write_level(log, level, size, dir, bytes);
    free(bytes);
    return ok && write_file(dir, "checkpoint", note,
                            checkpoint_sign(note, BENCH_ORIGIN, &head, log->log_key));
}

/* --- Signatures ------------------------------------------------------------------------------- */

static void add_items(const struct audit_log *log, const struct note *note,
                      struct verify_item *items, size_t *n)
{
    for (size_t i = 0; i < note->n_sigs && note->n_sigs == 2; i++) {
        struct verify_item *item = &items[(*n)++];
        size_t org = bench_org_of(note->sigs[i].name, note->sigs[i].name_len);
        item->text = note->text;
        item->n = note->text_len;
        secret_key_public(log->network.keys[org], &item->key);
        bool ok = note_sig_payload(&note->sigs[i], item->sig.b, sizeof item->sig.b);
        assert(ok);
    }
}

struct verify_item *audit_log_items(struct audit_log *log, uint64_t size, size_t *n)
{
    struct verify_item *items = calloc(size * 2, sizeof *items);
    struct note *note = malloc(sizeof *note);
    *n = 0;
    for (uint64_t i = 0; i < size && items != NULL && note != NULL; i++) {
        struct slice leaf;
        bool there = log_read(log->kv, i, &leaf);
        assert(there);
        const uint8_t *text = (const uint8_t *)memchr(leaf.data, '\n', leaf.size) + 1;
        enum note_err err = note_parse(note, (const char *)text,
                                       leaf.size - (size_t)(text - leaf.data));
        assert(err == NOTE_OK);
        add_items(log, note, items, n);
    }
    free(note);
    return items;
}
