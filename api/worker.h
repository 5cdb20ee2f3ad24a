/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What each of libmicrohttpd's threads keeps for itself: a reader of the store, a decoded state,
 * and room for the large structs of a call. Made at a thread's first request; the server frees
 * them all after the threads have ended.
 */
#ifndef SEM_API_WORKER_H
#define SEM_API_WORKER_H

#include <pthread.h>

#include "api/json_out.h"
#include "ledger/checkpoint.h"
#include "ledger/preview.h"
#include "ledger/side.h"
#include "ledger/signers.h"
#include "ledger/writer.h"

/* Answers that a worker keeps for who asks the same again (api/reply.h). */
#define KEPT_MAX 512

/* What an answer follows from; compared as bytes, of which none is padding. */
struct version {
    struct hash root;
    uint64_t size, state_size, generation;
    uint32_t route, caller, place;
    int32_t day;
};
_Static_assert(sizeof(struct version) == HASH_BYTES + 3 * 8 + 4 * 4, "no padding");

struct kept {
    struct version version;
    struct MHD_Response *response; /* NULL: nothing is kept here */
};

/* What the log of one size says of a session's key: who asks, and as what. */
#define KNOWN_MAX 256

struct request;

struct known {
    uint64_t state_size; /* 0: nothing is known here */
    uint32_t org;
    struct key_id key;
    struct handle handle;
    int64_t coordinator_until;
};

/*
 * Requests that have ended, for those that begin; each has up to 18 KiB. A sanitized build keeps
 * one only, so that a use of one that has ended is mostly seen.
 */
#ifdef SANITIZED
#define SPARE_MAX 1
#else
#define SPARE_MAX 128
#endif

struct worker {
    struct worker *next; /* the server's list */
    struct store_reader *reader;
    struct state state;
    bool reading; /* a snapshot is open */
    /* of the store, that `state`, `size`, `last_at` were read at, or a part later; 0: none */
    uint64_t version;
    uint64_t size;    /* state_size() of the snapshot */
    int64_t last_at;  /* state_last_at() */
    struct log_head head;
    char checkpoint[CHECKPOINT_SIZE];
    size_t checkpoint_len;

    /* Room for one call; nothing in it outlives a handler. */
    struct state scratch;
    struct entry entry;
    struct note note;
    struct inbox_item item;
    struct refused refused;
    struct detail_text text;
    struct outcome outcome;
    struct signatures signatures;
    struct rules rules;

    struct kept kept[KEPT_MAX];
    struct known known[KNOWN_MAX];
    char receipt[RECEIPT_SIZE];
    struct json_out answer; /* room for one that is sent as a copy of just its length */
    struct log_nodes nodes; /* of the snapshot, remembered from one to the next */
    struct request *spare[SPARE_MAX]; /* intake.c's, with room for an entry or none */
    size_t n_spare;
};

struct workers {
    pthread_mutex_t lock;
    struct worker *first;
    struct store *store;
};

void workers_start(struct workers *workers, struct store *store);
void workers_stop(struct workers *workers);

/* This thread's worker, or NULL when the store has no reader left or there is no memory. */
struct worker *worker_mine(struct workers *workers);
/* Takes the published head, then opens a snapshot that holds at least that. */
bool worker_begin(struct worker *worker, struct writer *writer) __attribute__((warn_unused_result));
/*
 * The same for a look of which nothing may come but a job, for which the writer looks again: what
 * the worker has at hand stays, though the store has changed since: `size`, `last_at`, and the
 * organisations, names and keys that were there, as they were. A busy store changes several times
 * a second, too often to ask it again for every member.
 */
bool worker_begin_hasty(struct worker *worker, struct writer *writer)
    __attribute__((warn_unused_result));
void worker_end(struct worker *worker); /* also when nothing is open */

#endif
