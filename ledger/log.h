/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The log: leaves and the nodes of their tree, in tables KV_LEAF and KV_NODE (SPEC 4). A seam: who
 * has another sequencer for leaves replaces this file and keeps the rest.
 */
#ifndef SEM_LEDGER_LOG_H
#define SEM_LEDGER_LOG_H

#include "crypto/merkle.h"
#include "ledger/kv.h"

enum log_err { LOG_OK = 0, LOG_CONFLICT, LOG_ERROR };

struct log_head {
    uint64_t size;
    struct hash root;
};

/*
 * Appends n leaves after exactly expected_size others; LOG_CONFLICT when the log has another size.
 * Writes leaves and tree nodes. The bytes are borrowed for the call.
 */
enum log_err log_append(struct kv *kv, uint64_t expected_size, const struct slice leaves[],
                        size_t n)
    __attribute__((warn_unused_result));
/* The same for one leaf and a caller who knows that the size is `size`; false when it fails. */
bool log_append_next(struct kv *kv, uint64_t size, struct slice leaf)
    __attribute__((warn_unused_result));
/* The leaf at an index, borrowed as kv_get() lends, until the next. False when there is none. */
bool log_read(struct kv *kv, uint64_t index, struct slice *leaf);
/* Size and root. Size 0 has the root of the empty tree. */
bool log_head(struct kv *kv, struct log_head *out) __attribute__((warn_unused_result));
uint64_t log_size(struct kv *kv);
/* The root at an earlier size. */
bool log_root_at(struct kv *kv, uint64_t size, struct hash *out)
    __attribute__((warn_unused_result));
/* A merkle_read over a struct kv, for proofs. */
bool log_node(void *kv, uint64_t stored_index, struct hash *out);
/*
 * Inclusion proofs with a memory, for who makes many: a stored hash never changes, the proofs of
 * neighbours share most of theirs, and those under one head its edge. Zero it first, and set kv to
 * the snapshot before each use; all must be of one log.
 */
#define LOG_NODES 1024
struct log_nodes {
    struct kv *kv;
    uint64_t known[LOG_NODES]; /* 1 + the stored index; 0: none */
    struct hash hash[LOG_NODES];
    struct merkle_edge edge; /* of the last head */
};
/* As merkle_prove_inclusion(). */
bool log_prove(struct log_nodes *nodes, uint64_t index, uint64_t size,
               struct hash proof[static MERKLE_PROOF_MAX], size_t *n_proof)
    __attribute__((warn_unused_result));
/* log_head() of a log of that size, at least 1; with what its proofs then share. */
bool log_head_of(struct log_nodes *nodes, uint64_t size, struct log_head *out)
    __attribute__((warn_unused_result));
/* log_root_at() in the form that struct rules asks for. */
bool log_root_of(void *kv, uint64_t size, struct hash *out);

#endif
