/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What driver.c and check.c share: organisations whose keys are known, entries that they sign, and
 * a started writer. Everything is deterministic: the same calls give the same bytes. A step that
 * fails ends the process with EXIT_TROUBLE and a message, because after a fault that is a right
 * answer; only what nobody can bring about is an assertion.
 */
#ifndef SEM_TESTS_CRASH_PLAY_H
#define SEM_TESTS_CRASH_PLAY_H

#include <semaphore.h>

#include "crypto/commitment.h"
#include "ledger/node.h"

#define PLAY_ORIGIN "ledger.example.org/crash"
#define PLAY_START INT64_C(1700000000000)
#define PLAY_DAY INT64_C(86400000)
#define PLAY_ORGS 3
#define EXIT_TROUBLE 3

struct play {
    struct node node;
    struct writer *writer;
    struct secret_key *keys[PLAY_ORGS]; /* of org-01 and so on */
    int64_t at;                         /* of the entry that was signed last */
    uint64_t n_ids;
};

/* An entry that is signed and decoded, and its job. Large. */
struct sent {
    char note[ENTRY_NOTE_MAX];
    size_t note_len;
    struct note parsed;
    struct entry entry; /* its text lies in `note` */
    struct ref ref;
    struct job job;
    struct play *play;
    bool opens_batch; /* its answer waits until the rest of the batch is handed over */
    sem_t told;
};

_Noreturn void trouble(const char *what, const char *why);

void play_keys(struct play *p);
/*
 * Opens the data folder with a map of that size (0: the default) and starts the writer; trouble
 * when that does not work.
 */
void play_open(struct play *p, const char *dir, size_t map_bytes);
/* Trouble when the writer is read-only. */
void play_must_write(struct play *p);
void play_close(struct play *p);

/*
 * Signs an entry. `signers`: handles parted by spaces and sorted, the author first; only the first
 * `n_lines` of them sign (0: all). `fields`: a JSON object, printf format.
 */
void play_sign(struct play *p, struct sent *sent, const char *kind, const char *signers,
               size_t n_lines, const char *format, ...) __attribute__((format(printf, 6, 7)));
/* The same entry, to be sent once more. */
void play_again(struct play *p, struct sent *out, const struct sent *sent);
/* The entry that founds the network. */
void play_sign_found(struct play *p, struct sent *sent);

/* Runs something on a snapshot of the log; false when that fails. */
bool play_look(struct play *p, bool (*look)(struct play *p, struct kv *kv, void *ctx), void *ctx);

/* A text of an entry, its commitment and the key under which the side store keeps it. */
void play_text(struct detail_text *out, struct hash *commit, const char *kind, const char *words);

#endif
