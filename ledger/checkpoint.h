/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Signed heads of the log (C2SP tlog-checkpoint, SPEC 4.3), receipts (C2SP tlog-proof, SPEC 4.4)
 * and the file `last-signed`, which keeps a restored backup from signing a fork (SPEC 14.4).
 */
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

enum last_signed { LAST_SIGNED_OK, LAST_SIGNED_NONE, LAST_SIGNED_IO, LAST_SIGNED_MALFORMED };
enum last_signed last_signed_read(const char *dir, struct log_head *out)
    __attribute__((warn_unused_result));
/* Durable when it returns true. One line of one length, written in place: a single barrier. */
bool last_signed_write(const char *dir, const struct log_head *head)
    __attribute__((warn_unused_result));
/* SPEC 14.4: why a log with this head must not be signed, as a static sentence; NULL: it may. */
const char *last_signed_check(const char *dir, struct kv *kv, const struct log_head *head);

#endif
