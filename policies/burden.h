/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Burden: what giving weighs, measured by the size of who gives.
 *
 * Hours are not burden. Twenty hours are nothing to a staff of forty and a working week's half to a
 * single employee, so what was given in the window is divided by the full-time equivalents that the
 * organisation declares. Pure functions, any thread. */
#ifndef POLICIES_BURDEN_H
#define POLICIES_BURDEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policies/ratio.h"

/* Hundredths of a full-time equivalent: 10 000 people. */
#define BURDEN_FTE100_MAX 1000000

struct burden {
    bool known;
    int64_t minutes; /* given in the window per full-time equivalent; 0 if not known */
};

/* M11, burden: 100 * given / fte100, truncated. fte100 is in hundredths of a full-time equivalent,
 * 0 (not declared) to BURDEN_FTE100_MAX; with 0 the burden is not known. given >= 0. Asserted. */
struct burden burden_of(int64_t given, int64_t fte100);

/* How burdens are spread, over those that are known. */
struct burden_spread {
    size_t known;      /* organisations whose burden is known */
    int64_t sum;       /* of their burdens */
    int64_t median;    /* of them, the lower one where two are in the middle; 0 if there are none */
    struct ratio gini; /* M11, burden Gini: 0 everybody carries alike; not known if the sum is 0 */
};

/* The burdens are the truncated figures of burden_of(), so that whoever sees them can add up. The
 * scratch has room for n integers; their order afterwards has no meaning. O(n log n). */
struct burden_spread burden_spread_of(const struct burden *burdens, size_t n, int64_t *scratch);

/* One burden beside the mean of all known ones: 1000 carries as much as the mean. Not known if the
 * burden is not, or if the mean is 0. */
struct ratio burden_beside_mean(const struct burden *burden, const struct burden_spread *all);

/* Whether a known burden lies strictly above the mean of the known ones, compared exactly. */
bool burden_above_mean(const struct burden *burden, const struct burden_spread *all);

/* Whether a known burden lies strictly above permille / 1000 of the median, so that rest is offered
 * (the policy's rest_permille, 0..100 000, asserted). Nobody's does where the median is 0: when
 * most give nothing, whoever gives something is not tired by that. */
bool burden_above_median(const struct burden *burden, const struct burden_spread *all,
                         int64_t permille);

#endif
