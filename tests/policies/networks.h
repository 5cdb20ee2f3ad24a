/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Networks for the tests of reciprocity: worked by hand, and drawn at random. */
#ifndef TESTS_POLICIES_NETWORKS_H
#define TESTS_POLICIES_NETWORKS_H

#include <stddef.h>
#include <stdint.h>

#include "policies/reciprocity.h"

#define COUNT(array)     (sizeof(array) / sizeof((array)[0]))
#define NETWORK_ORGS_MAX 9

/* A small network worked out by hand: five organisations A to E, 1740 minutes, 8 flows. */
enum { A, B, C, D, E, E5_ORGS };
#define E5_FLOWS 8
extern const struct flow e5[E5_FLOWS];

/* A path, a cycle of three, a pair 3 to 1, a star of three, and 0 -> 1 -> 2 beside 0 -> 2. */
enum { PATH, CYCLE, PAIR, STAR, FORWARD, SMALL_NETWORKS };
struct small_network {
    const char *name;
    size_t orgs, n;
    struct flow flows[3];
};
extern const struct small_network small_networks[SMALL_NETWORKS];

/* Drawn at random: sizes, densities and amounts differ widely, from nothing to everybody. */
struct network {
    size_t orgs, n;
    int64_t w[NETWORK_ORGS_MAX][NETWORK_ORGS_MAX];
    struct flow flows[NETWORK_ORGS_MAX * NETWORK_ORGS_MAX]; /* sorted; some have no minutes */
    int64_t all;
};
/* At most `orgs` organisations (>= 2), no flow above `minutes`. */
void network_draw(struct network *net, uint64_t seed, uint32_t orgs, uint32_t minutes);

/* Numbers for the tests, below `below`; the same again after the same seed. */
void networks_seed(uint64_t seed);
uint32_t networks_draw(uint32_t below);

void networks_expect(struct ratio found, int64_t permille, const char *name);
void networks_expect_unknown(struct ratio found, const char *name);

#endif
