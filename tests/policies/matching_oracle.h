/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Small random batches, and their best choice found by trying every one of them. */
#ifndef TESTS_POLICIES_MATCHING_ORACLE_H
#define TESTS_POLICIES_MATCHING_ORACLE_H

#include "policies/matching.h"

#define TOY_ORGS 5
#define TOY_NEEDS 4
#define TOY_OFFERS 8

/* Arrays that an input points into. */
struct toy {
    struct match_input in;
    struct match_org orgs[TOY_ORGS];
    struct match_offer offers[TOY_OFFERS];
    uint32_t givers[TOY_OFFERS][2];
    struct match_need needs[TOY_NEEDS];
    struct match_pair pairs[TOY_ORGS * TOY_ORGS];
    struct match_bar bars[2];
    struct match_conflict conflicts[1];
};

uint64_t toy_draw(uint64_t n); /* 0 .. n - 1 */
void toy_seed(uint64_t seed);

/* Makes one of those that a few ten thousand choices exhaust. Not to be copied: it points to
 * itself. */
void toy_make(struct toy *toy);

/* How many choices toy_best() would try, or more than limit. */
uint64_t toy_choices(const struct toy *toy, uint64_t limit);

/* The best worth of all choices that keep to the rules. */
struct match_worth toy_best(const struct toy *toy);

/* The best of those in which a giver gives at least so many quanta for a need; false: there are
 * none. */
bool toy_best_if(const struct toy *toy, uint32_t need, uint32_t giver, int64_t quanta,
                 struct match_worth *best);

/* Fails the test unless the proposals keep to the rules: capacities, lines, ceilings, budget,
 * pieces, eligibility, positions after; all computed from the input. */
void toy_check(const struct match_input *in, const struct match_result *result);

#endif
