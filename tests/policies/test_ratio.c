/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>

#include "policies/ratio.h"
#include "tests/policies/networks.h"

Test(ratio, is_truncated_towards_zero_and_unknown_over_nothing)
{
    networks_expect(ratio_of(2, 3), 666, "two thirds");
    networks_expect(ratio_of(-2, 3), -666, "less two thirds");
    networks_expect(ratio_of(1, 1001), 0, "a little, and known");
    networks_expect(ratio_of(0, 5), 0, "nothing of something");
    networks_expect_unknown(ratio_of(5, 0), "something of nothing");
    networks_expect_unknown(ratio_of(0, 0), "nothing of nothing");
    networks_expect_unknown(ratio_unknown(), "unknown");
    cr_expect_eq(ratio_of(5, 0).permille, 0);
}

Test(ratio, above_is_strict_where_the_truncated_figure_cannot_tell)
{
    cr_expect_not(ratio_above(4000, 10000, 400));
    cr_expect(ratio_above(4001, 10000, 400));
    cr_expect_not(ratio_above(3999, 10000, 400));
    cr_expect_not(ratio_above(1, 0, -1000), "nothing is above what is not known");
    cr_expect(ratio_above(-1, 10000, -1));
    cr_expect_not(ratio_above(-10, 10000, -1));
}
