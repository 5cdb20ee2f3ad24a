/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The files of a witness, and what it remembers in them; for ledger/witness.c alone. The state
 * file:
 *
 *     sem witness state v1
 *     <bytes of the note> <the note, a cosigned checkpoint>       once for each log
 *     sha256 <hex of all before this line>
 */
#ifndef SEM_LEDGER_WITNESS_FOLDER_H
#define SEM_LEDGER_WITNESS_FOLDER_H

#include <limits.h>

#include "ledger/log.h"
#include "ledger/witness.h"

struct witness_folder {
    char dir[PATH_MAX];
    char name[POLICY_KEY_NAME_MAX + 1]; /* of the key */
    struct verifier_key key;            /* its name is the one above */
    struct secret_key *secret;
    int lock_fd; /* valid while `secret` is set */
};

/* Takes the lock and reads the key. False with a message; then nothing is to be closed. */
bool witness_folder_open(struct witness_folder *out, const char *dir, FILE *err)
    __attribute__((warn_unused_result));
void witness_folder_close(struct witness_folder *folder); /* also when it was never opened */

struct witness_view {
    char origin[POLICY_KEY_NAME_MAX + 1];
    struct log_head head;
    char *note; /* NUL-terminated, owned */
    size_t n;
};

/* Logs that the policy names no more keep their view, so that it counts when they come back. */
struct witness_views {
    struct witness_view *first;
    size_t n;
};

/* Refuses a state that is missing, damaged, or not cosigned by this key, with a message. */
bool witness_views_read(struct witness_views *out, const struct witness_folder *folder, FILE *err)
    __attribute__((warn_unused_result));
void witness_views_free(struct witness_views *views);
/* NULL when nothing of this log was cosigned. Borrowed until the next keep. */
struct witness_view *witness_view_find(const struct witness_views *views, const char *origin);
/*
 * Writes the state with this view in the place of the one of its log, and takes it (its note too)
 * when that is on the disk. False: nothing was taken and the old views stand.
 */
bool witness_views_keep(struct witness_views *views, const struct witness_folder *folder,
                        const struct witness_view *view) __attribute__((warn_unused_result));

#endif
