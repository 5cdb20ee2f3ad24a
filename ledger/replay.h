/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Replaying a log: the leaves one after another through signatures, rules and tree into a kv that
 * began empty, which then holds the log and every byte of the state (SPEC 4.5). Knows no LMDB, so
 * that an auditor can replay in memory.
 *
 * Checked for each leaf: its form and size, the order of time, that no tick is overdue, that a tick
 * and a seal are the ones that anybody would make there, that no seal is missing and none stands
 * right behind another, the set of signatures (and, on request, each of them),
 * that the author's id is new, and the rules.
 */
#ifndef SEM_LEDGER_REPLAY_H
#define SEM_LEDGER_REPLAY_H

#include "ledger/kv.h"

#define REPLAY_WHY_SIZE 640

struct replay;
/* `verify`: check the signatures themselves too, which is most of the work. NULL: no memory. */
struct replay *replay_new(const char *origin, bool verify);
void replay_free(struct replay *replay); /* NULL is accepted */

/*
 * Takes the next leaf. `into` holds exactly the leaves before it; it may be another transaction on
 * the same tables each time. False with a line in `why` that says what does not hold; the changes
 * are then to be thrown away. A failure of the kv is left for kv_failed().
 */
bool replay_leaf(struct replay *replay, struct kv *into, struct slice leaf,
                 char why[static REPLAY_WHY_SIZE]) __attribute__((warn_unused_result));

/* The full recount of SPEC 7.2 over what was replayed. */
bool replay_recount(struct replay *replay, struct kv *into, char why[static REPLAY_WHY_SIZE])
    __attribute__((warn_unused_result));

struct entry;
/* The entry of the last leaf that was taken; borrowed until the next one. */
const struct entry *replay_entry(const struct replay *replay);
/* The state it works on, attached to the kv of the last call: for questions about the result. */
struct state;
struct state *replay_state(struct replay *replay);

#endif
