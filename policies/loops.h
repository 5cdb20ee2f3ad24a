/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Loops of mutual help: a few organisations, each of which can help the next (SPEC 19.6).
 *
 * What goes round leaves every position where it is. It needs no line and no pool, so it suits who
 * stands at its limit; and what is owed and was not delivered can be set off the same way, with the
 * consent of all in the loop. It moves no position, so it must not be taken for a way of evening
 * them out.
 *
 * Organisations are 0..orgs-1. A wish says how much one could give another, once per pair
 * (asserted). Pure, any thread; memory linear in wishes is allocated and freed. The order of the
 * wishes is nothing. */
#ifndef POLICIES_LOOPS_H
#define POLICIES_LOOPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOOP_ORGS_MAX 4

struct loop_wish {
    uint32_t giver, receiver; /* different */
    int64_t minutes;          /* 1 .. 2^53 */
};

/* org[0] gives to org[1], ... the last to org[0], which has the lowest number. */
struct loop {
    uint32_t n; /* 2 .. LOOP_ORGS_MAX */
    uint32_t org[LOOP_ORGS_MAX];
    int64_t minutes; /* that can go all the way round */
};

/* Calls take() for every loop of at most LOOP_ORGS_MAX organisations, in the order of their lists
 * of numbers, a list before what it begins; stops when take() returns false. Returns how many it
 * was called for. */
size_t loops_each(const struct loop_wish *wishes, size_t n, uint32_t orgs,
                  bool (*take)(void *context, const struct loop *loop), void *context);

/* Chooses loops that can all be done: again and again the one with the most minutes, of equals the
 * shorter, then the first, until none has `least` minutes (>= 1) left. limit[i] is what
 * organisation i gives, and so receives, at most (NULL: as the wishes say). Fills loops[max] and
 * returns how many. */
size_t loops_choose(const struct loop_wish *wishes, size_t n, uint32_t orgs, const int64_t *limit,
                    int64_t least, struct loop *loops, size_t max);

/* The largest balanced exchange of any length: part[i] of each wish, such that every organisation
 * gives as much as it receives, at most limit[i] (>= 0, NULL: no limit), and the sum is greatest;
 * among those, the first organisation in priority[orgs] (each once; NULL: by number) receives the
 * most, then the second, and so on. Returns the sum. Andersson, Cseh, Ehlers, Erlanson: Organizing
 * time exchanges (AEJ Microeconomics 13(1), 2021). Which part is taken where even that leaves a
 * choice is decided by the order of givers and receivers. */
int64_t loops_balanced(const struct loop_wish *wishes, size_t n, uint32_t orgs,
                       const int64_t *limit, const uint32_t *priority, int64_t *part);

#endif
