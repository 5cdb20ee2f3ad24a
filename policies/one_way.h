/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* One-wayness: whether help always runs the same way through the network.
 *
 * Every organisation gets a level so that help runs, as well as it can, one level up, and H says
 * how well it can. 1000: always upwards, nothing comes back. 0: everybody gave as much as received.
 * It rises when the same ones always give, however long the way, and is the figure nearest to
 * "asymmetric positions". H = 1 - F0, the trophic incoherence of MacKay, Johnson and Sansom (Royal
 * Society Open Science 7: 201138, 2020); defined for every network, connected or not: each part
 * counts by its minutes.
 *
 * The figure is the exact fraction, truncated, although the fraction has thousands of digits:
 * bounds proven in integers decide (policies/levels.h), and where they leave a choice, which
 * happens when the fraction is a whole number of per mille, remainders modulo primes do
 * (policies/modular.h). An implementation with exact fractions finds the same, on any machine. */
#ifndef POLICIES_ONE_WAY_H
#define POLICIES_ONE_WAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policies/ratio.h"
#include "policies/reciprocity.h"

/* In one connected part; beyond it the computation would take hours. */
#define ONE_WAY_ORGS_MAX 8192

#define ONE_WAY_SCALE_MAX 1000000

/* M7, one-wayness: 1000 H, truncated; 0 .. 1000. Not known if there are no minutes. The flows come
 * in any order, a pair may occur more than once. Takes and gives back memory, 16 m^2 bytes with m
 * the organisations of a part; false, *out untouched, without. O(m^3):
 * a few tens of milliseconds for 500, a few seconds in the worst case for remainders. */
__attribute__((warn_unused_result))
bool one_way(const struct flow *flows, size_t n, size_t orgs, struct ratio *out);

/* The same with scale instead of 1000, from 1 to ONE_WAY_SCALE_MAX: out->permille is scale H,
 * truncated. */
__attribute__((warn_unused_result))
bool one_way_scaled(const struct flow *flows, size_t n, size_t orgs, int64_t scale,
                    struct ratio *out);

#endif
