/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Components: which organisations hang together through help.
 *
 * Organisations are numbered 0..orgs-1; a flow without minutes joins nobody. Pure functions, any
 * thread; they take working memory and give it back. False means that there was none, and leaves
 * the answer untouched. */
#ifndef POLICIES_COMPONENTS_H
#define POLICIES_COMPONENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policies/reciprocity.h"

/* Weak parts: two organisations are in one if help joins them, whichever way it went. part[i] is
 * the part of organisation i, counted from 0 in the order of their lowest numbers, and *parts how
 * many there are; who exchanged nothing is a part alone. Flows in any order. Near O(n + orgs). */
void components_weak(const struct flow *flows, size_t n, uint32_t *part, size_t orgs,
                     size_t *parts);

/* M15, the core: the size of the largest set in which help can go round from everybody to
 * everybody (Tarjan 1972, without recursion); 0 only if orgs is 0. The core share is ratio_of(core,
 * members). The flows are sorted by `from` (asserted). O(n + orgs). */
__attribute__((warn_unused_result))
bool components_core(const struct flow *flows, size_t n, size_t orgs, size_t *core);

#endif
