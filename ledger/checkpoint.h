/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Signed heads of the log (C2SP tlog-checkpoint, SPEC 4.3), receipts (C2SP tlog-proof, 4.4). */
#ifndef SEM_LEDGER_CHECKPOINT_H
#define SEM_LEDGER_CHECKPOINT_H

#include "crypto/note.h"
#include "ledger/entry.h"
#include "ledger/log.h"

#define CHECKPOINT_SIZE (ORIGIN_MAX + 1 + 20 + 1 + 44 + 1 + 1 + NOTE_LINE_SIZE(ORIGIN_MAX) + 1)
#define RECEIPT_SIZE (64 + 20 + 45 * MERKLE_PROOF_MAX + 1 + CHECKPOINT_SIZE)

/* Writes the signed note of a head; returns its length. Deterministic. */
size_t checkpoint_sign(char out[static CHECKPOINT_SIZE], const char *origin,
                       const struct log_head *head, const struct secret_key *log_key);
/*
 * Reads a checkpoint note and verifies the log's line. False with a word on what is wrong in *why
 * (static text). Extension lines are accepted and ignored; unknown signature lines too.
 */
bool checkpoint_open(struct log_head *out, const char *note, size_t n, const char *origin,
                     const struct public_key *log_key, const char **why)
    __attribute__((warn_unused_result));

/* Writes the receipt whose inclusion proof is there already; returns its length. */
size_t receipt_write(char out[static RECEIPT_SIZE], uint64_t index, const struct hash proof[],
                     size_t n_proof, const char *checkpoint);
/* Writes a receipt for the leaf at `index` under the checkpoint of `head`; returns its length, 0 on
 * a failure of the store. */
size_t receipt_make(char out[static RECEIPT_SIZE], struct kv *kv, uint64_t index,
                    const struct log_head *head, const char *checkpoint);
/* The same for who makes many: the hashes are read with a memory (ledger/log.h). */
size_t receipt_make_again(char out[static RECEIPT_SIZE], struct log_nodes *nodes, uint64_t index,
                          const struct log_head *head, const char *checkpoint);
/*
 * Verifies a receipt against a leaf, offline. Gives index and head. False with a static word.
 */
bool receipt_verify(const char *receipt, size_t n, const char *leaf, size_t leaf_len,
                    const char *origin, const struct public_key *log_key, uint64_t *index,
                    struct log_head *head, const char **why) __attribute__((warn_unused_result));

#endif
