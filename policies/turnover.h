/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Turnover: whether positions move on, or stay where they are.
 *
 * A position far from zero is no fault, and one that never comes back is a sign that somebody finds
 * nothing to ask for, or nothing to offer. Pure functions, any thread, O(accounts). */
#ifndef POLICIES_TURNOVER_H
#define POLICIES_TURNOVER_H

#include <stddef.h>
#include <stdint.h>

#include "policies/ratio.h"

/* Positions add up to at most this, each taken without its sign; asserted. */
#define TURNOVER_POSITIONS_MAX (((int64_t)1 << 54) - 1)

/* Within so many minutes of zero a position counts as having come back. */
#define TURNOVER_BACK_MINUTES 240

/* M12, turnover: minutes exchanged in the window (>= 0) over what stands outstanding, which is half
 * the sum of all |positions|: 1611 says that each hour outstanding was exchanged 1.6 times. The
 * positions are those of all accounts, the pool's among them, and add up to 0 (asserted), so that
 * the half is what stands above zero. Not known if all are 0. */
struct ratio turnover_of(int64_t minutes, const int64_t *positions, size_t accounts);

/* M12, dormant: of all that organisations hold above zero, the part of those that received nothing
 * in the last `dormant_days` days (a key of the policy, 180 days unless the assembly says
 * otherwise). received[] is what each received in these days, gifts and what the pool paid
 * included. Organisations only, without the pool. Not known if nobody stands above zero. */
struct ratio turnover_dormant(const int64_t *positions, const int64_t *received, size_t orgs);

/* M12, return time, of one organisation: how long its position has kept to one side. Start it on
 * the day of admission with position 0, and tell it every change of position, in order. */
struct return_time {
    int64_t position;
    int32_t since; /* when it leaves: the last day on which it was within TURNOVER_BACK_MINUTES of
                    * zero or on the other side; without meaning while it is within */
};

/* A new position on a day, not before the last one told (which is not checked). */
void return_time_moved(struct return_time *time, int64_t position, int32_t day);

/* The days since, at the end of a day; 0 while the position is within TURNOVER_BACK_MINUTES. The
 * day is not before the last change (asserted). */
int32_t return_time_days(const struct return_time *time, int32_t day);

#endif
