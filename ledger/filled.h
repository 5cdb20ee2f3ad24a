/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which needs count towards a fill rate (M10, SPEC 18.1), and with what: those that were met or
 * expired on the days asked for. One that was withdrawn, or is open, counts nowhere. Pure, but for
 * what the caller reads; any thread.
 */
#ifndef SEM_LEDGER_FILLED_H
#define SEM_LEDGER_FILLED_H

#include "ledger/state.h"
#include "policies/fill.h"

/*
 * A place in state_next_need() before every need that can have ended on a day or later: an id is at
 * most entry_days_max older than its entry, and a need at most need_days_max old when it ends.
 */
void filled_start(const struct policy *policy, int32_t first_day, struct thing_key *out);

/* Whether it was met or expired on one of the days. */
bool filled_within(const struct need *need, int32_t first_day, int32_t last_day);

/* Adds it: what it asked, and what of that was given in time. */
void filled_add(const struct need *need, struct fill *fill);

#endif
