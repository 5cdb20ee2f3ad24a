/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The log's side of its witnesses (SPEC 4.7): one thread sends each new head to the witnesses of a
 * policy that have a URL, checks their cosignatures, and keeps the newest head whose cosignatures
 * meet the quorum, as /log/checkpoint shows it.
 *
 * It works in rounds of one head, because a quorum must meet over one head: while a round is under
 * way newer heads wait, and the next round takes the newest. A witness that is slow or away does
 * not hold up a round whose quorum is met, and is asked again after a while that grows. The writer
 * notices nothing of this: heads are looked at, proofs are read from snapshots.
 *
 * A head that a witness shows and that our log key has signed counts like `last-signed`: when our
 * tree does not extend it, the writer is made read-only (SPEC 14.4).
 */
#ifndef SEM_API_COSIGN_H
#define SEM_API_COSIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct cosign;
struct node;
struct writer;

/*
 * Reads the policy file. NULL with a message on `err`: for a file that is wrong, that names logs
 * but not ours, or that has a URL of a form we do not speak (http:, https:, unix:PATH). The node
 * is borrowed.
 */
struct cosign *cosign_new(const char *policy_path, struct node *node, FILE *err);

/*
 * Asks each witness for its view, all at once and for a few seconds at most; before the writer
 * starts. NULL, or the static reason why the log must not be signed. A witness that does not answer
 * is named on `err` and asked again later.
 */
const char *cosign_look(struct cosign *cosign, FILE *err);

/* Starts the thread. False when there is none. */
bool cosign_start(struct cosign *cosign, struct writer *writer) __attribute__((warn_unused_result));
/* Ends the thread, if it runs, and frees; the writer must still be there. NULL is accepted. */
void cosign_stop(struct cosign *cosign);

/*
 * What /log/checkpoint shows when the newest head has `newest` leaves: a copy of the note, which
 * the caller frees; NULL when it is the newest head as the log signed it. `version` grows whenever
 * the note changes, also from one start to the next. Any thread.
 */
char *cosign_note(struct cosign *cosign, uint64_t newest, size_t *n, uint64_t *version);

/* How far the witnesses are, for health and metrics. */
struct cosign_status {
    const char *name; /* in the policy, UTF-8; owned by the cosign */
    uint64_t size;    /* of the largest head it cosigned since our start */
    bool answers;     /* it cosigned what it was asked for last */
};
/* Fills at most `max` and gives their number, those with a URL only. Any thread. */
size_t cosign_witnesses(struct cosign *cosign, struct cosign_status out[], size_t max);
/*
 * Size of the head that meets the quorum, 0 before there is one, and the version as above. Any
 * thread.
 */
uint64_t cosign_size(struct cosign *cosign, uint64_t *version);

#endif
