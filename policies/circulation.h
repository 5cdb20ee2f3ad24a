/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Circulation: how much help comes round.
 *
 * A minute has come round when it is part of a balanced whole: from A to B, from there on to C, and
 * from C back to A. Help between two that is returned directly is the shortest way round and no
 * better than a longer one. The largest balanced part of all flows says how much that is together.
 * Pure functions, any thread; working memory is taken and given back, and without any the process
 * stops, as policies/flow.h has it. */
#ifndef POLICIES_CIRCULATION_H
#define POLICIES_CIRCULATION_H

#include <stddef.h>
#include <stdint.h>

#include "policies/ratio.h"
#include "policies/reciprocity.h"

/* The greatest sum of f over the n flows with 0 <= f <= minutes, such that everybody gives as much
 * of it as they receive. The flows come in any order; a pair may occur more than once. */
int64_t circulation_minutes(const struct flow *flows, size_t n, size_t orgs);

/* M6, share that comes round: these minutes of all minutes; 1000 all of it. At least the direct
 * reciprocity, at most what is not displaced. Not known if there are no minutes. */
struct ratio circulation_share(const struct flow *flows, size_t n, size_t orgs);

#endif
