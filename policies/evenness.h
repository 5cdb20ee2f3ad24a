/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Evenness: how something is spread over organisations, as Gini coefficients.
 *
 * The plain Gini divides by the mean. Positions have the mean 0, and with negative values the plain
 * coefficient exceeds 1, so positions are measured by the one normalised for negative values
 * (Raffinetti, Siletti, Vernizzi 2015), whose greatest value is reached when one organisation holds
 * everything that is above zero and another everything below. It looks at the shape and not at the
 * size: read it beside the displaced share.
 *
 * Both functions leave the array they are given sorted, ascending, and keep nothing. Any thread, as
 * long as nobody else touches the array. O(n log n). */
#ifndef POLICIES_EVENNESS_H
#define POLICIES_EVENNESS_H

#include <stddef.h>
#include <stdint.h>

#include "policies/ratio.h"

/* What the values of one array add up to at most, each taken without its sign. */
#define EVENNESS_SUM_MAX (((int64_t)1 << 54) - 1)

/* M4, concentration of positions: sum of (2k - n - 1) y(k) over (n - 1) times the sum of |y|, with
 * y(1) <= ... <= y(n). 0 would be all alike, 1000 as uneven as it can be. Not known if all are 0.
 * The absolute values add up to at most EVENNESS_SUM_MAX; asserted. */
struct ratio evenness_of_positions(int64_t *positions, size_t n);

/* The plain Gini coefficient of values >= 0 (asserted, as is their sum): sum of (2k - n - 1) q(k)
 * over n times the sum of q. 0 all alike; 1000 (n - 1) / n if one has it all. Not known if all are
 * 0 or n is 0. M11's burden Gini is the one of burdens. */
struct ratio evenness_of_shares(int64_t *shares, size_t n);

#endif
