/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Signatures of entries: whether a note carries exactly the signatures that its entry needs, by
 * keys that are valid at that place in the log (SPEC 3).
 */
#ifndef SEM_LEDGER_SIGNERS_H
#define SEM_LEDGER_SIGNERS_H

#include "crypto/note.h"
#include "ledger/rules.h"

/* The result of a look at a note. */
struct signatures {
    struct signer_set needed;
    bool present[2 * PARTIES_MAX + FOUNDERS_MAX]; /* parallel to needed.v */
    size_t n_present;
};
bool signatures_complete(const struct signatures *s);

/* Longest key name: <origin>/org/<handle>. */
#define KEY_NAME_SIZE (ORIGIN_MAX + 5 + HANDLE_MAX + 1)
void signers_key_name(char out[static KEY_NAME_SIZE], const char *origin, const char *handle);

/*
 * Checks every line of a note against the signers of the entry and the keys in the state: name and
 * order of lines, key, scope, ceiling, and (if `verify`) the signature itself, which is the
 * expensive part. False at the first line that is wrong. A set that is not complete is not a
 * failure here: see signatures_complete() and signers_missing(). What the clock makes is checked
 * against the network's clock key.
 */
bool signers_check(struct rules *r, const char *origin, const struct entry *entry,
                   const struct note *note, bool verify, struct signatures *out,
                   struct refusal *why) __attribute__((warn_unused_result));

/* Refuses signer_missing: who is expected, who was found. True where that is waived. */
bool signers_missing(const struct signatures *s, struct refusal *why);

#endif
