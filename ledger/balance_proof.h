/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Balance proofs (SPEC 7.4): one account as the last seal.balances has it, with the hashes that
 * lead to the seal's root and the receipt of the seal. Whoever knows the log's key can check one
 * without a server, and learns nothing of other accounts.
 *
 *     {"accounts":n,"balance":text,"index":n,"origin":text,"path":[base64…],"receipt":text,
 *      "seal":leaf,"v":1}
 */
#ifndef SEM_LEDGER_BALANCE_PROOF_H
#define SEM_LEDGER_BALANCE_PROOF_H

#include "ledger/checkpoint.h"
#include "ledger/sealed.h"

struct state;

/* Longest proof that is read. */
#define BALANCE_PROOF_BYTES_MAX 65536

enum balance_made {
    BALANCE_MADE,
    BALANCE_NO_SEAL,   /* the log has no seal yet */
    BALANCE_NOT_IN_IT, /* the organisation came after the last seal */
    BALANCE_UNSIGNED,  /* the seal is not under the given head yet; a moment later it is */
    BALANCE_FAILED,    /* the store fails, or no memory */
};
/*
 * Makes the proof of an account under the last seal of a snapshot and a signed head, with its note.
 * The caller frees *out, a NUL-terminated text of one JSON object. Costs one hash per account.
 */
enum balance_made balance_proof_make(char **out, struct state *s, const char *origin,
                                     uint32_t account, const struct log_head *head,
                                     const char *checkpoint) __attribute__((warn_unused_result));

/* What a proof shows. */
struct balance_shown {
    char org[HANDLE_MAX + 1]; /* or `pool` */
    struct sealed account;    /* its counters, its salt, and account = its number */
    int64_t at;               /* when it was sealed */
    uint64_t size;            /* after so many leaves */
    struct log_head head;     /* under which the seal was shown */
};
/*
 * Verifies a proof of n bytes against the log `origin` and its key, offline. False with a static
 * sentence part in *why.
 */
bool balance_proof_check(struct balance_shown *out, const char *bytes, size_t n,
                         const char *origin, const struct public_key *log_key, const char **why)
    __attribute__((warn_unused_result));

#endif
