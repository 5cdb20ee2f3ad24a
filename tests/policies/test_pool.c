/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>

#include "policies/params.h"
#include "policies/pool.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct policy defaults(void)
{
    struct policy policy;
    policy_default(&policy);
    return policy;
}

/* --- Sharing ---------------------------------------------------------------------------------- */

Test(pool, shares_of_worked_examples)
{
    static const struct {
        int64_t minutes, weights[4], parts[4];
    } rows[] = {
        {100, {8, 6, 6, 0}, {40, 30, 30, 0}},
        {101, {8, 6, 6, 0}, {41, 30, 30, 0}},   /* .4 .3 .3: the largest remainder */
        {101, {1, 1, 1, 0}, {34, 34, 33, 0}},   /* equal ones: the first two */
        {2, {1, 1, 1, 1}, {1, 1, 0, 0}},
        {1, {0, 0, 0, 1}, {0, 0, 0, 1}},
        {0, {3, 1, 0, 0}, {0, 0, 0, 0}},
        {77, {0, 0, 0, 0}, {0, 0, 0, 0}},       /* nobody can */
        {9, {5, 0, 4, 0}, {5, 0, 4, 0}},
        {10, {1, 2, 3, 4}, {1, 2, 3, 4}},
        {11, {1, 2, 3, 4}, {1, 2, 3, 5}},       /* 1.1 2.2 3.3 4.4 */
        {13, {1, 2, 3, 4}, {1, 3, 4, 5}},       /* 1.3 2.6 3.9 5.2 */
    };
    for (size_t r = 0; r < COUNT(rows); r++) {
        struct pool_part parts[4];
        for (size_t i = 0; i < 4; i++)
            parts[i] = (struct pool_part){.weight = rows[r].weights[i], .minutes = 99};
        pool_share(parts, 4, rows[r].minutes);
        for (size_t i = 0; i < 4; i++)
            cr_expect_eq(parts[i].minutes, rows[r].parts[i], "row %zu, part %zu: %" PRId64, r, i,
                         parts[i].minutes);
    }
}

/*
 * Another method: minutes are given one at a time, each to the part that is furthest below its
 * exact share once every part has its whole minutes.
 */
Test(pool, shares_add_up_and_are_off_by_less_than_a_minute)
{
    unsigned seed = 7;
    for (int round = 0; round < 3000; round++) {
        struct pool_part parts[9];
        size_t n = 1 + (size_t)rand_r(&seed) % 9;
        int64_t minutes = rand_r(&seed) % 2000, weights = 0, sum = 0;
        int64_t given[9];
        for (size_t i = 0; i < n; i++) {
            parts[i] = (struct pool_part){.weight = rand_r(&seed) % 12};
            weights += parts[i].weight;
        }
        pool_share(parts, n, minutes);
        for (size_t i = 0; i < n && weights > 0; i++)
            sum += given[i] = minutes * parts[i].weight / weights;
        for (; weights > 0 && sum < minutes; sum++) {
            size_t best = 0;
            for (size_t i = 1; i < n; i++) {
                int64_t here = minutes * parts[i].weight - given[i] * weights;
                int64_t there = minutes * parts[best].weight - given[best] * weights;
                best = here > there ? i : best;
            }
            given[best]++;
        }
        for (size_t i = 0; i < n; i++)
            cr_assert_eq(parts[i].minutes, weights > 0 ? given[i] : 0, "round %d part %zu", round,
                         i);
    }
}

Test(pool, shares_of_large_figures_do_not_overflow)
{
    struct pool_part parts[3] = {{.weight = INT64_C(600000000)},
                                 {.weight = INT64_C(600000000)},
                                 {.weight = INT64_C(600000000)}};
    int64_t minutes = ((int64_t)1 << 53) - 1; /* 3002399751580330 * 3 + 1 */
    pool_share(parts, 3, minutes);
    cr_expect_eq(parts[0].minutes, INT64_C(3002399751580331));
    cr_expect_eq(parts[1].minutes, INT64_C(3002399751580330));
    cr_expect_eq(parts[2].minutes, INT64_C(3002399751580330));
}

/* --- Levy and forgiveness --------------------------------------------------------------------- */

Test(pool, the_worked_example_of_forgiving)
{
    static const int64_t before[] = {1500, 300, -300, -900, -600};
    static const int64_t after[] = {1388, 300, -300, -863, -600};
    struct policy policy = defaults();
    int64_t pool = 0;
    policy.forgive_divisor = policy.forgive_levy_divisor = 8;
    cr_assert_eq(policy.forgive_band, 600);
    for (size_t i = 0; i < COUNT(before); i++) {
        int64_t levy = pool_levy(&policy, before[i]);
        int64_t forgiven = pool_forgiveness(&policy, before[i]);
        pool += levy - forgiven;
        cr_expect_eq(before[i] - levy + forgiven, after[i], "%zu", i);
    }
    cr_expect_eq(pool, 75);
}

Test(pool, by_default_nothing_is_forgiven_or_levied)
{
    struct policy policy = defaults();
    cr_expect_eq(pool_levy(&policy, 1000000), 0);
    cr_expect_eq(pool_forgiveness(&policy, -1000000), 0);
}

Test(pool, budgets)
{
    struct policy policy = defaults();
    cr_expect_eq(pool_budget(&policy, 3, false), 1800);
    cr_expect_eq(pool_budget(&policy, 3, true), 3600);
    policy.crisis_pool_permille = 1001;
    cr_expect_eq(pool_budget(&policy, 3, true), 1801); /* 1801.8 */
    policy.pool_cap = 0;
    cr_expect_eq(pool_budget(&policy, 500, true), 0);
    cr_expect_eq(pool_weight(240, 1000), 240000);
    cr_expect_eq(pool_weight(600000, 0), 0);
}

/* --- Paying ----------------------------------------------------------------------------------- */

Test(pool, rates)
{
    static const struct {
        const char *name;
        struct pool_case c;
        int64_t rate;
    } rows[] = {
        {"no status", {.class = 0, .minutes = 60, .asked = 60, .floor = 600}, 0},
        {"urgent, no status", {.urgent = true, .minutes = 60, .asked = 60, .floor = 600}, 1000},
        {"urgent comes first",
         {.urgent = true, .class = 2, .pool_permille = 100, .minutes = 60, .asked = 60}, 1000},
        {"its own rate",
         {.class = 2, .pool_permille = 300, .minutes = 60, .asked = 60, .floor = 600}, 300},
        {"no more than the policy's",
         {.class = 1, .pool_permille = 900, .minutes = 60, .asked = 60, .floor = 600}, 500},
        /* -540 - 120 + 60 = -600: exactly at the line. */
        {"fragile, at the line",
         {.class = 1, .pool_permille = 500, .minutes = 120, .asked = 120, .position = -540,
          .floor = 600}, 500},
        {"fragile, below the line",
         {.class = 1, .pool_permille = 500, .minutes = 120, .asked = 120, .position = -541,
          .floor = 600}, 1000},
        /* only 100 of the 120 are eligible: -550 - 120 + 50 = -620 */
        {"fragile, more than asked",
         {.class = 1, .pool_permille = 500, .minutes = 120, .asked = 100, .position = -531,
          .floor = 600}, 1000},
        {"not fragile, below the line",
         {.class = 2, .pool_permille = 500, .minutes = 120, .asked = 120, .position = -5000,
          .floor = 600}, 500},
    };
    struct policy policy = defaults();
    for (size_t i = 0; i < COUNT(rows); i++)
        cr_expect_eq(pool_rate(&policy, &rows[i].c), rows[i].rate, "%s: %" PRId64, rows[i].name,
                     pool_rate(&policy, &rows[i].c));
}

Test(pool, the_purse_is_dealt_in_order)
{
    struct pool_case c = {.minutes = 101, .asked = 90};
    struct pool_purse purse = {.eligible = pool_eligible(&c), .left = 40};
    cr_assert_eq(purse.eligible, 90);
    cr_expect_eq(pool_pay(&purse, 500, 33), 16); /* 16.5 */
    cr_expect_eq(pool_pay(&purse, 500, 35), 17); /* 17.5 */
    cr_expect_eq(purse.left, 7);
    cr_expect_eq(pool_pay(&purse, 500, 33), 7);  /* 22 eligible, 11 due, 7 left */
    cr_expect_eq(pool_pay(&purse, 500, 33), 0);
    c.asked = -5;
    cr_expect_eq(pool_eligible(&c), 0);
}

Test(pool, what_stays_paid_after_a_reversal)
{
    cr_expect_eq(pool_stays(50, 101, 0), 50);
    cr_expect_eq(pool_stays(50, 101, 1), 49); /* 49.5 */
    cr_expect_eq(pool_stays(50, 101, 101), 0);
    cr_expect_eq(pool_stays(100000, 100000, 99999), 1);
    cr_expect_eq(pool_stays(0, 7, 3), 0);
}
