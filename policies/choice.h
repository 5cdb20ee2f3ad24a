/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Whom to ask for one need, between batches (SPEC 19.5): of those who said that they are available,
 * the least asked first. It is what a batch does with a single need, step by step: the lowest line
 * use, then the fewest minutes to this receiver, then who was helped longest ago, then a number
 * that is nobody's choice.
 *
 * A choice between one is none: with the less used of just two, positions stay bounded for ever,
 * with a single one they do not (Ashlagi, Kerimov, Tamuz, Zhao: The Power of Two in Token Systems,
 * 2024). So a need waits for choice_min_candidates of them, or for a time.
 *
 * Pure functions, any thread, nothing allocated. */
#ifndef POLICIES_CHOICE_H
#define POLICIES_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policies/limits.h"

struct choice_candidate {
    uint32_t id; /* distinct */
    bool available;
    bool guarded;      /* fragile, carries more than the mean, and did not volunteer */
    int64_t position;  /* minutes, within +-2^53 */
    struct line line;
    int64_t surcharge; /* per mille added to the line use, 0..10^6: for who would be above the
                        * pair's cap by giving; 0 else */
    int64_t pair_minutes; /* given to this receiver in the window */
    int64_t helped_at;    /* when it last received, in any unit of time; the lowest goes first, so
                           * INT64_MIN: never */
    uint64_t tie;
};

/* What decides between two, the first that differs. */
enum choice_by {
    CHOICE_BY_LINE_USE,
    CHOICE_BY_PAIR,
    CHOICE_BY_WAITING,
    CHOICE_BY_TIE,
};

enum choice_state {
    CHOICE_CANDIDATE,
    CHOICE_RESTS, /* it would be above its ceiling */
    CHOICE_GUARDED,
    CHOICE_NOT_AVAILABLE,
};

/* One of them with its reasons. */
struct choice_ranked {
    const struct choice_candidate *candidate;
    enum choice_state state;
    enum choice_by by;      /* what puts it behind the first; without meaning for the first and for
                             * those that are no candidates */
    int64_t position_after; /* if it gave */
};

/* The order of two, < 0, > 0 or 0 (the same id); *by says what decided. Line uses are compared
 * exactly, not as truncated ratios; a line of 0 counts as a minute. */
int choice_compare(const struct choice_candidate *a, const struct choice_candidate *b,
                   enum choice_by *by);

/* Ranks n of them for a need of so many minutes into ranked[n]: candidates in their order, then
 * the others by state and id. Returns how many are candidates. The order of the input does not
 * matter. */
size_t choice_rank(const struct choice_candidate *candidates, size_t n, int64_t minutes,
                   struct choice_ranked *ranked);

/* Whether the first may be proposed now: enough candidates, or a single one after waiting so many
 * hours; never without one. */
bool choice_ready(size_t candidates, int64_t min_candidates, int64_t waited_hours,
                  int64_t patience_hours);

#endif
