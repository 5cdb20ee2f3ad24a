/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a key remembers of its network: `<key>.network.json` beside the key holds the origin, the
 * log's key and that of refusals as seen first, and the signed note of the largest head seen since.
 * Whoever answers with another key, or with a log that is shorter or does not extend that head, is
 * not the ledger this key signs for. Receipts are kept in `<key>.receipts/`.
 */
#ifndef SEM_CLI_PIN_H
#define SEM_CLI_PIN_H

#include "cli/ctl.h"
#include "cli/extends.h"

struct log_pin {
    char *path; /* of the network file */
    char origin[ORIGIN_MAX + 1];
    struct public_key log_key;
    struct public_key refusal_key;
    bool has_refusal_key; /* false in files that are older than it */
    struct log_head head; /* size 0: none seen */
    char *note;           /* its checkpoint; NULL: none seen */
};

/*
 * Reads a network file. *out stays NULL when there is none. CTL_OK or an exit code after a message;
 * pin_free() releases it.
 */
int pin_read(const char *path, struct log_pin **out) __attribute__((warn_unused_result));
void pin_free(struct log_pin *pin); /* NULL is accepted */

/*
 * Checks the context's origin and keys against the key's network file, which is written when
 * there is none and --key names a key file. Without --key there is nothing to check. CTL_OK or an
 * exit code (CTL_VERIFY, CTL_KEY).
 */
int pin_check(struct ctl *ctl) __attribute__((warn_unused_result));

/*
 * Remembers a verified head when it extends the one remembered, for which the server must give a
 * proof: one request, where the head is a newer one. CTL_OK, or CTL_VERIFY after a message, with
 * evidence where there is any.
 */
int pin_head(struct ctl *ctl, const struct signed_head *head) __attribute__((warn_unused_result));

/* Keeps a receipt and its leaf; the log has the entry whether this works or not. */
int pin_keep_receipt(const struct ctl *ctl, uint64_t index, const char *receipt, const char *leaf,
                     size_t leaf_len) __attribute__((warn_unused_result));

/* "<origin>+…", the verifier key of a log, or its raw key. False when it is malformed. */
bool log_key_parse(const char *text, char origin[static ORIGIN_MAX + 1], struct public_key *key)
    __attribute__((warn_unused_result));

#endif
