/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A C2SP tlog-witness without its HTTP (SPEC 4.7): it keeps the last head that it saw of each log
 * it knows, and cosigns every head that extends it. Two readers who demand its cosignature cannot
 * be shown two histories, as long as its folder is never set back to an older copy.
 *
 * The folder: `key`, the secret key with its verifier key, mode 0600; `policy`, the logs, one line
 * `log <verifier key>` each; `state`, the last cosigned checkpoint of each log, with a checksum;
 * `lock`, which keeps a second process out. A state that is missing or damaged ends the start: a
 * witness that has forgotten what it cosigned must be retired, not restarted.
 *
 * Any thread may call; looking, writing and answering are one step under one lock.
 */
#ifndef SEM_LEDGER_WITNESS_H
#define SEM_LEDGER_WITNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "crypto/key.h"
#include "ledger/witness_policy.h"

struct witness;

/* Longest body of add-checkpoint: 63 hashes and a note of 64 lines are far below. */
#define WITNESS_BODY_MAX ((size_t)65536)
/* Hashes of a proof in a request (C2SP tlog-witness). */
#define WITNESS_PROOF_MAX 63

#define WITNESS_TYPE_TEXT "text/plain; charset=utf-8"
#define WITNESS_TYPE_SIZE "text/x.tlog.size"

struct witness_answer {
    int status;       /* of HTTP */
    const char *type; /* static: one of the two above */
    char *body;       /* NUL-terminated; the caller frees it. NULL: no memory for it */
    size_t n;
};

/*
 * Makes the folder, with a fresh key of that name, an empty state and a policy without logs; built
 * beside it and renamed into place. False with a message on `err`, also when it is there already.
 */
bool witness_init(const char *dir, const char *name, FILE *err) __attribute__((warn_unused_result));

/* Opens a folder and takes its lock. NULL with a message on `err`. */
struct witness *witness_open(const char *dir, FILE *err) __attribute__((warn_unused_result));
/* Nothing may be under way any more. NULL is accepted. */
void witness_close(struct witness *witness);

unsigned witness_logs(const struct witness *witness);

#define WITNESS_KEY_SIZE VERIFIER_KEY_SIZE(POLICY_KEY_NAME_MAX)
/* The verifier key of a folder, also while another process has it open. */
bool witness_key_text(const char *dir, char out[static WITNESS_KEY_SIZE], FILE *err)
    __attribute__((warn_unused_result));

/*
 * POST add-checkpoint with that body at that time in POSIX seconds. The statuses are those of
 * SPEC 4.7, and 500 when the new view cannot be written; the old one then stands.
 */
void witness_add_checkpoint(struct witness *witness, const char *body, size_t n, uint64_t now_s,
                            struct witness_answer *out);
/*
 * GET <hex>/checkpoint, hex being the 64 lower-case digits of SHA-256(origin): the last cosigned
 * checkpoint with the log's lines and ours, or 404.
 */
void witness_view(struct witness *witness, const char *hex, size_t n, struct witness_answer *out);

#endif
