/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/matching.h"
#include "tests/policies/matching_oracle.h"

#define INSTANCES 2000

static void expect_worth(const struct match_worth *found, const struct match_worth *best,
                         uint64_t seed)
{
    for (int k = 0; k < MATCH_CLASSES; k++)
        cr_assert_eq(found->served[k], best->served[k],
                     "seed %" PRIu64 " class %d: %" PRId64 ", not %" PRId64, seed, k,
                     found->served[k], best->served[k]);
    cr_assert_eq(found->uneven, best->uneven, "seed %" PRIu64 " uneven: %" PRId64 ", not %" PRId64,
                 seed, found->uneven, best->uneven);
    cr_assert_eq(found->ties, best->ties, "seed %" PRIu64 " ties: %" PRId64 ", not %" PRId64, seed,
                 found->ties, best->ties);
}

static struct match_worth solve(const struct match_input *in)
{
    struct match_result result;

    match_batch(in, &result);

    struct match_worth bound = result.bound;

    match_free(&result);
    return bound;
}

/* A limit binds when the best choice is worth something else without it. */
static bool pair_cap_binds(const struct toy *toy, const struct match_worth *best)
{
    struct match_input without = toy->in;

    without.rules.pair_cap_permille = 1000;

    struct match_worth worth = solve(&without);

    return match_compare(&worth, best) != 0;
}

static bool pool_binds(const struct toy *toy, const struct match_worth *best)
{
    struct match_input without = toy->in;

    without.rules.pool_minutes = 1000000;

    struct match_worth worth = solve(&without);

    return match_compare(&worth, best) != 0;
}

/* Only where weights do not depend on lines, so that nothing but the floor is different. */
static bool floor_binds(const struct toy *toy, const struct match_worth *best)
{
    struct match_org orgs[TOY_ORGS];
    struct match_input without = toy->in;

    if (toy->in.rules.weight == 0)
        return false;
    memcpy(orgs, toy->orgs, sizeof orgs);
    for (size_t i = 0; i < toy->in.n_orgs; i++)
        orgs[i].line.floor = orgs[i].line.hard_floor = 1000000;
    without.orgs = orgs;

    struct match_worth worth = solve(&without);

    return match_compare(&worth, best) != 0;
}

Test(matching_random, equals_trying_everything)
{
    struct toy *toy = malloc(sizeof *toy);
    int pair = 0, pool = 0, floor = 0, whole = 0;

    for (uint64_t seed = 1; seed <= INSTANCES; seed++) {
        struct match_result result;

        toy_seed(seed);
        toy_make(toy);

        struct match_worth best = toy_best(toy);

        match_batch(&toy->in, &result);
        expect_worth(&result.bound, &best, seed);
        toy_check(&toy->in, &result);
        pair += pair_cap_binds(toy, &best);
        pool += pool_binds(toy, &best);
        floor += floor_binds(toy, &best);
        whole += result.n_left == 0;
        match_free(&result);
    }
    printf("matching: %d batches equal to trying everything; binding: pair cap %d, pool budget %d, "
           "floor %d per mille; everything served in %d\n", INSTANCES, 1000 * pair / INSTANCES,
           1000 * pool / INSTANCES, 1000 * floor / INSTANCES, 1000 * whole / INSTANCES);
    cr_assert_geq(pair, INSTANCES * 3 / 10);
    cr_assert_geq(pool, INSTANCES * 3 / 10);
    cr_assert_geq(floor, INSTANCES * 3 / 10);
    free(toy);
}
