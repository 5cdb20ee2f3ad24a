/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A small log whose heads are signed and shown to a witness, for its tests: a tree in memory, a
 * key from a seed, and the bodies of requests.
 */
#ifndef SEM_TESTS_LEDGER_WITNESS_LOG_H
#define SEM_TESTS_LEDGER_WITNESS_LOG_H

#include "ledger/checkpoint.h"
#include "ledger/witness.h"

#define WITNESS_LOG_LEAVES 64

struct witness_log {
    const char *origin;
    struct secret_key *key;
    char vkey[WITNESS_KEY_SIZE];
    struct hash stored[2 * WITNESS_LOG_LEAVES];
    uint64_t size;
};

/* The key is that of SHA-256(origin); the leaves are "record <n>". */
void witness_log_make(struct witness_log *log, const char *origin);
void witness_log_free(struct witness_log *log);
/* Appends up to a size; leaves behind `fork_at` say something else in another branch. */
void witness_log_grow(struct witness_log *log, uint64_t size, uint64_t fork_at, char branch);
/* The head at a size, as a signed note; the caller frees. */
char *witness_log_note(struct witness_log *log, uint64_t size);
/* The body of add-checkpoint with the right proof; the caller frees. */
char *witness_log_body(struct witness_log *log, uint64_t old_size, uint64_t size);

/* A folder under `parent` (folder_make()) with these logs in its policy; its path goes to `dir`. */
void witness_make(char dir[static 64], const char *parent, const struct witness_log *logs[],
                  size_t n);
/* Adds a head and frees the answer; gives the status. The body may be NULL-terminated text. */
int witness_status(struct witness *witness, const char *body);

#endif
