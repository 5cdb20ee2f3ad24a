/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Fill: how much of what is asked for is given in time, and to whom.
 *
 * Limits and habits cost those most who have least, so the gap between the fragile and the others
 * is the first figure a coordinator reads. Pure functions, any thread, O(1). */
#ifndef POLICIES_FILL_H
#define POLICIES_FILL_H

#include <stdbool.h>
#include <stdint.h>

#include "policies/ratio.h"

/* Below this a group asked too little for its rate to say anything. */
#define FILL_ASKED_MIN 480

/* Minutes of a group's needs, of one organisation's or of all. 0 <= served <= asked <= 2^53 - 1,
 * asserted: what is given beyond a need is not counted here, and neither is what came too late. */
struct fill {
    int64_t asked;
    int64_t served;
};

/* M10, fill rate: served / asked. The second is not known below FILL_ASKED_MIN minutes asked. */
struct ratio fill_rate_raw(const struct fill *fill);
struct ratio fill_rate(const struct fill *fill);

/* M10, fill gap: the others' rate less that of the fragile, from the exact rates and truncated
 * after that; above 0 the fragile get less of what they ask for. The second is not known when one
 * of the groups asked less than FILL_ASKED_MIN. */
struct ratio fill_gap_raw(const struct fill *others, const struct fill *fragile);
struct ratio fill_gap(const struct fill *others, const struct fill *fragile);

/* Whether the gap is known and strictly above so many per mille, compared exactly. */
bool fill_gap_above(const struct fill *others, const struct fill *fragile, int64_t permille);

/* Whether the first has the lower rate, compared exactly. One that asked nothing has not. */
bool fill_below(const struct fill *a, const struct fill *b);

#endif
