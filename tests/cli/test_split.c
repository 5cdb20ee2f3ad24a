/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>

#include "cli/split.h"

Test(split, first_ones_get_the_spare_minutes)
{
    int64_t parts[7];

    cr_assert(split_equal(parts, 3, 100));
    cr_expect_eq(parts[0], 34);
    cr_expect_eq(parts[1], 33);
    cr_expect_eq(parts[2], 33);
    cr_assert(split_equal(parts, 7, 20));
    cr_expect_eq(parts[5], 3);
    cr_expect_eq(parts[6], 2);
}

Test(split, sum_is_exact_and_parts_differ_by_one_at_most)
{
    int64_t parts[16];

    for (size_t n = 1; n <= 16; n++) {
        for (int64_t minutes = (int64_t)n; minutes < 700; minutes++) {
            int64_t sum = 0;
            cr_assert(split_equal(parts, n, minutes));
            for (size_t i = 0; i < n; i++) {
                sum += parts[i];
                cr_assert(parts[i] >= 1);
                cr_assert(parts[0] - parts[i] >= 0 && parts[0] - parts[i] <= 1);
            }
            cr_assert_eq(sum, minutes);
        }
    }
}

Test(split, nobody_gets_nothing)
{
    int64_t parts[3];

    cr_expect_not(split_equal(parts, 3, 2));
    cr_expect_not(split_equal(parts, 0, 10));
    cr_expect_not(split_equal(parts, 1, 0));
    cr_expect_not(split_equal(parts, 1, -5));
}
