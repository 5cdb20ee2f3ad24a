/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A node's data folder: made, opened, rebuilt and checked (SPEC 14). What semd's verbs do, without
 * HTTP.
 */
#ifndef SEM_LEDGER_NODE_H
#define SEM_LEDGER_NODE_H

#include <stdio.h>

#include "ledger/side.h"
#include "ledger/writer.h"

struct node {
    char dir[4096];
    char origin[ORIGIN_MAX + 1];
    struct secret_key *log_key, *clock_key, *refusal_key;
    struct store *store;
    struct side *side;
    size_t map_bytes; /* of the log's environment, as asked for */
    int lock_fd;
};

/*
 * Makes a data folder: keys, empty log, side store; in a temporary folder that is fsynced and
 * renamed. `demo_seed` NULL: random keys; otherwise the keys are derived from the text (demo
 * networks only). False with a message on `err`.
 */
bool node_init(const char *dir, const char *origin, const char *demo_seed, FILE *err);

enum node_open { NODE_OK, NODE_MISSING, NODE_LOCKED, NODE_FAILED };
/*
 * Opens a folder, takes its lock, and brings the store up to what the journal has. Inbox items
 * whose entry is in the log by now, as a crash can leave them, are taken out. Messages go to `err`.
 */
enum node_open node_open(struct node *out, const char *dir, FILE *err);
/*
 * The same with another size of the log's map than the default (see store_open()); 0: the default.
 */
enum node_open node_open_sized(struct node *out, const char *dir, size_t map_bytes, FILE *err);
/*
 * Reads the origin and the keys and opens nothing else, so that it needs no lock: for work beside a
 * server that runs. Closed with node_close() too.
 */
enum node_open node_open_keys(struct node *out, const char *dir, FILE *err);
/* Takes the lock of the folder node->dir alone, with node->lock_fd -1 before. */
enum node_open node_lock(struct node *node, FILE *err);
void node_close(struct node *node);

/*
 * Removes the texts of every details.erase entry that the side store has not seen yet; after a
 * start, a restore, and each such entry. Remembers how far it came.
 */
void node_apply_erasures(struct node *node, struct kv *log);

/* Gets the side_text_key() of an erased text; false: not carried out, and to be tried again. */
typedef bool (*node_erasure)(void *ctx, const struct hash *key);
/*
 * Visits every details.erase entry from index *through on, which is moved to the first index that
 * is still to be done. True when that is the end of the log.
 */
bool node_erasures(const char *origin, struct kv *log, uint64_t *through, node_erasure visit,
                   void *ctx);

/*
 * Removes inbox items that are past their time by the clock, and refusals that are past theirs by
 * the log's last leaf. Any thread.
 */
void node_purge(struct node *node, int64_t now_ms);

/* Progress of long work: done, total; called about ten times a second at most. May be NULL. */
typedef void (*node_progress)(void *ctx, uint64_t done, uint64_t total);

/*
 * Replays the log of `node` into an empty kv: rules of every leaf (and, with `verify`, each
 * signature), the server's keys, the tree against the stored one and against last-signed, the
 * recount. False with a message on `err` at the first thing that does not hold.
 */
bool node_replay(struct node *node, struct kv *log, struct kv *into, bool verify, FILE *err,
                 node_progress progress, void *ctx);
/*
 * Replays into a new environment and swaps it in. The node must have no transaction open. False
 * with a message on `err`: the old environment is then still in place.
 */
bool node_rebuild(struct node *node, FILE *err, node_progress progress, void *ctx);
/* What came of a replay: a log that does not hold is an answer, a store that fails is none. */
enum node_verdict { NODE_HOLDS, NODE_DOES_NOT_HOLD, NODE_STORE_FAILS };
/* The same, for who asks why not. */
enum node_verdict node_rebuild_verdict(struct node *node, FILE *err, node_progress progress,
                                       void *ctx);
/*
 * Replays into a scratch environment and compares every key and value. Prints each difference
 * (table, key, expected, found; at most 100) and returns their number; a leaf that does not hold
 * ends the replay and counts as one. -1 when it could not check.
 */
long node_check(struct node *node, FILE *out, node_progress progress, void *ctx);

#endif
