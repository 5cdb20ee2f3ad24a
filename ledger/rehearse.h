/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A log's history under another policy (SPEC 20.8): the same entries at the same times, judged by
 * the rules with some parameters changed. What is refused then is left out and counted, and so is
 * what refers to it. Ticks follow from the changed state and are made anew; seals are left out,
 * since nothing here is signed. Works in memory; one thread. With no change nothing is refused.
 */
#ifndef SEM_LEDGER_REHEARSE_H
#define SEM_LEDGER_REHEARSE_H

#include "ledger/state.h"

#define REHEARSE_CHANGES_MAX 64

struct rehearse_change {
    const struct policy_key *key;
    int64_t value; /* within the key's range */
};

/* An entry that the changed rules would not have taken. */
struct rehearse_refusal {
    uint64_t index; /* in the log */
    const char *kind;
    enum code code;
    struct handle by;
    int64_t minutes;     /* it was about; 0: none */
    bool is_consequence; /* it refers to one that was refused before, its author was, or it states
                          * figures that are others now */
};

/* One organisation that takes part in refused entries, as author, giver or receiver. */
struct rehearse_concern {
    struct handle org;
    size_t entries;
    int64_t minutes; /* that it gives or receives in them */
};

struct rehearsal;

/* NULL: no memory. `origin` and the keys are borrowed for life. */
struct rehearsal *rehearse_new(const char *origin, const struct rehearse_change *changes, size_t n);
void rehearse_free(struct rehearsal *r); /* NULL is accepted */

#define REHEARSE_WHY_SIZE 160
/*
 * The next leaf. False with a line in `why` when it is no leaf of this log at all, or without
 * memory; an entry that is refused is true.
 */
bool rehearse_leaf(struct rehearsal *r, struct slice leaf, char why[static REHEARSE_WHY_SIZE])
    __attribute__((warn_unused_result));

/* The state after it; borrowed. */
struct state *rehearse_state(struct rehearsal *r);

/* In the order of the log; borrowed until the next leaf. */
const struct rehearse_refusal *rehearse_refusals(const struct rehearsal *r, size_t *n);
/* In the order in which they first were concerned. */
const struct rehearse_concern *rehearse_concerns(const struct rehearsal *r, size_t *n);

#endif
