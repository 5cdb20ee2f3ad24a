/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Sums done by hand that the model of tests/model must come to (SPEC 18.4, 18.5). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/model/model.h"

static void expect_gifts(int64_t pool, const int64_t *capacities, const int64_t *given, int n)
{
    struct m_policy policy = {0};
    struct m_member v[8] = {0};

    for (int i = 0; i < n; i++)
        v[i].weight = 1000 * capacities[i];
    int64_t left = m_close(&policy, pool, v, n);
    for (int i = 0; i < n; i++) {
        cr_expect_eq(v[i].given, given[i], "%d gives %ld", i, (long)v[i].given);
        cr_expect_eq(v[i].position, -given[i]);
        pool += given[i];
    }
    cr_expect_eq(left, pool);
}

Test(model, a_deficit_is_given_in_proportion)
{
    expect_gifts(-100, (const int64_t[]){8, 6, 6}, (const int64_t[]){40, 30, 30}, 3);
    expect_gifts(-101, (const int64_t[]){8, 6, 6}, (const int64_t[]){41, 30, 30}, 3);
    /* 5 among three equals: 1 each, and the lowest numbers give the two that are missing */
    expect_gifts(-5, (const int64_t[]){7, 7, 7}, (const int64_t[]){2, 2, 1}, 3);
    expect_gifts(-5, (const int64_t[]){0, 7, 0}, (const int64_t[]){0, 5, 0}, 3);
    expect_gifts(-5, (const int64_t[]){0, 0}, (const int64_t[]){0, 0}, 2);
    expect_gifts(5, (const int64_t[]){1, 1}, (const int64_t[]){0, 0}, 2);
    /* (10^13 + 1) times 6 10^8 is beyond 64 bits */
    expect_gifts(-10000000000001, (const int64_t[]){600000, 600000},
                 (const int64_t[]){5000000000001, 5000000000000}, 2);
}

static void expect_positions(const struct m_policy *policy, int64_t pool, struct m_member *v,
                             const int64_t *positions, int n, int64_t left)
{
    cr_expect_eq(m_close(policy, pool, v, n), left);
    for (int i = 0; i < n; i++)
        cr_expect_eq(v[i].position, positions[i], "%d at %ld", i, (long)v[i].position);
}

Test(model, a_closing_forgives_what_it_levied)
{
    const struct m_policy policy = {
        .forgive_band = 600, .forgive_divisor = 8, .forgive_levy_divisor = 8};
    struct m_member v[5] = {{.position = 1500},
                            {.position = 300},
                            {.position = -300},
                            {.position = -900},
                            {.position = -600}};

    expect_positions(&policy, 0, v, (const int64_t[]){1388, 300, -300, -863, -600}, 5, 75);
}

Test(model, the_fragile_are_forgiven_first)
{
    const struct m_policy policy = {.forgive_band = 100, .forgive_divisor = 2};
    /* They want 150, 50, 200 and 100; the pool has 260. */
    struct m_member v[4] = {{.position = -400, .fragile = true},
                            {.position = -200},
                            {.position = -500},
                            {.position = -300}};

    expect_positions(&policy, 260, v, (const int64_t[]){-250, -184, -437, -269}, 4, 0);
    /* 110 among 50, 200 and 100: 15, 62, 31, and the two that are missing go to the remainders
     * 250 and 300 of 350, not to 150. */
    cr_expect_eq(v[0].forgiven, 150);
    cr_expect_eq(v[1].forgiven, 16);
    cr_expect_eq(v[2].forgiven, 63);
    cr_expect_eq(v[3].forgiven, 31);
}

Test(model, the_calendar)
{
    static const struct {
        int month;
        int64_t day;
    } v[] = {{0, 0}, {1, 31}, {2, 59}, {26, 790}, {12 * 30, 10957}, {12 * 130 + 2, 47541}};

    for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
        int64_t start = v[i].day * M_DAY_MS;

        cr_expect_eq(m_month_start(v[i].month), start, "month %d", v[i].month);
        cr_expect_eq(m_month(start), v[i].month);
        cr_expect_eq(m_month(start + 27 * M_DAY_MS), v[i].month);
        if (start > 0)
            cr_expect_eq(m_month(start - 1), v[i].month - 1);
    }
    cr_expect_eq(m_quarter(m_month_start(17) + 5), m_month_start(15));
}
