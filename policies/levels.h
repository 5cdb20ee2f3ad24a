/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Levels: the linear system behind one-wayness, of one connected part of the network.
 *
 * Each organisation of the part gets a level h, so that help runs, as well as it can, one level
 * up: the levels minimise the sum of w(i,j) (h(j) - h(i) - 1)^2 (MacKay, Johnson, Sansom 2020).
 * They solve L h = v with v(i) = received - given and L = diag(given + received) - w - w'. One
 * organisation is pinned to 0, which leaves a positive definite system. Only q = h . v is ever
 * asked for: never the levels, which would rank organisations.
 *
 * q is a fraction of thousands of digits. This module gives two things about it, both exact:
 * bounds from below and above, close together, and its remainder modulo a prime. Used by
 * policies/one_way.c and by nothing else. Pure functions, any thread. */
#ifndef POLICIES_LEVELS_H
#define POLICIES_LEVELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policies/modular.h"

/* The system of m + 1 organisations, the last of which is pinned; m <= MODULAR_SUM_MAX. */
struct levels {
    size_t m;
    int64_t minutes; /* of all flows in the part, > 0 */
    int64_t *matrix; /* m * m: L without the pinned one, symmetric */
    int64_t *v;      /* m */
};

/* An empty system of orgs >= 2 organisations. False without memory; free it in either case. */
__attribute__((warn_unused_result))
bool levels_new(struct levels *levels, size_t orgs);
void levels_free(struct levels *levels);

/* Adds a flow between two of the part's organisations, numbered 0..m; minutes > 0. */
void levels_add(struct levels *levels, size_t from, size_t to, int64_t minutes);

/* q in units of 4^-shift: low <= q <= high. */
struct levels_bounds {
    __int128 low, high;
};

/* Bounds of q, in integers and so the same on every machine as far as it matters: they are proven
 * for whatever approximate levels floating point comes up with, and only their distance depends on
 * these. At worst they are 0 and `minutes`. All flows are connected. minutes * 4^shift < 2^120;
 * asserted. False without memory. O(m^3). */
__attribute__((warn_unused_result))
bool levels_bound(const struct levels *levels, unsigned shift, struct levels_bounds *bounds);

/* The remainders modulo a prime of det = the system's determinant, which is > 0, and of q = the
 * integer q * det over det. */
struct levels_rest {
    uint64_t q, det;
};

enum levels_result {
    LEVELS_OK,
    LEVELS_PRIME_DIVIDES, /* the prime divides a leading minor: take another one */
    LEVELS_NO_MEMORY,
};
__attribute__((warn_unused_result))
enum levels_result levels_modulo(const struct levels *levels, uint64_t prime,
                                 struct levels_rest *rest);

/* So many bits has the determinant at most (Hadamard: it is at most the diagonal's product). */
size_t levels_det_bits(const struct levels *levels);

#endif
