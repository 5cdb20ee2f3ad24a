/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* When a crisis begins (SPEC 18.6): too many urgent needs at once, or too little of what was needed
 * was found. Looked at once a month; what a crisis changes are lines (policies/limits.h) and the
 * pool's budget (policies/pool.h). Pure functions, any thread, nothing allocated. */
#ifndef POLICIES_CRISIS_H
#define POLICIES_CRISIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct policy;

/* Whether so many of the active organisations having an urgent need in force are a crisis. */
bool crisis_by_urgency(const struct policy *policy, int64_t urgent, int64_t active);

/* Which part of what an organisation asked for it got in time, per mille, truncated;
 * 0 <= served <= asked, asked > 0. */
int64_t crisis_fill(int64_t served, int64_t asked);

/* Whether these fill rates, one an organisation, are a crisis: enough of them, and their median
 * (of an even number the lower of the two in the middle) too low. Sorts them. */
bool crisis_by_fill(const struct policy *policy, int64_t *rates, size_t n);

#endif
