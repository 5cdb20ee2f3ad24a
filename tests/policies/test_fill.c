/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>

#include "policies/fill.h"
#include "tests/policies/networks.h"

Test(fill, gap_of_the_worked_groups_is_333)
{
    const struct fill others = {3600, 3360}, fragile = {2400, 1440};

    networks_expect(fill_rate(&others), 933, "others");
    networks_expect(fill_rate(&fragile), 600, "fragile");
    networks_expect(fill_gap(&others, &fragile), 333, "gap");
    networks_expect(fill_gap(&fragile, &others), -333, "the fragile fare better");
}

Test(fill, is_shown_from_480_minutes_asked)
{
    const struct fill enough = {480, 240}, little = {479, 479}, nothing = {0, 0};

    networks_expect(fill_rate(&enough), 500, "480 asked");
    networks_expect_unknown(fill_rate(&little), "479 asked");
    networks_expect(fill_rate_raw(&little), 1000, "479 asked, raw");
    networks_expect_unknown(fill_rate_raw(&nothing), "nothing asked");
    networks_expect_unknown(fill_gap(&enough, &little), "the fragile asked too little");
    networks_expect_unknown(fill_gap(&little, &enough), "the others asked too little");
    networks_expect(fill_gap(&enough, &enough), 0, "no gap, and known");
    networks_expect(fill_gap_raw(&little, &enough), 500, "raw");
    networks_expect_unknown(fill_gap_raw(&nothing, &enough), "nothing asked, raw");
    networks_expect_unknown(fill_gap_raw(&enough, &nothing), "nothing asked, raw");
}

Test(fill, the_gap_is_of_exact_rates_and_not_of_truncated_ones)
{
    /* 2/3 and 1/3: 666 - 333 by figures on a screen as well; 2/3 - 1/6 is exactly a half. */
    const struct fill two_thirds = {900, 600}, sixth = {900, 150};

    networks_expect(fill_gap(&two_thirds, &sixth), 500, "a half, not 666 - 166 by chance");
    networks_expect(fill_gap(&(struct fill){1000, 999}, &(struct fill){3000, 1}), 998, "998.67");
    networks_expect(fill_gap(&(struct fill){3000, 1}, &(struct fill){1000, 999}), -998, "-998.67");
}

Test(fill, above_a_line_is_strict_and_never_of_the_unknown)
{
    const struct fill others = {1000, 900}, at = {1000, 800}, over = {1000, 799};

    cr_expect_not(fill_gap_above(&others, &at, 100));
    cr_expect(fill_gap_above(&others, &over, 100));
    cr_expect(fill_gap_above(&(struct fill){1000000, 900001}, &at, 100), "by a thousandth");
    cr_expect_not(fill_gap_above(&(struct fill){479, 479}, &over, 100));
    cr_expect_not(fill_gap_above(&others, &(struct fill){479, 0}, 100));
}

Test(fill, the_lower_rate_is_told_apart_exactly)
{
    cr_expect(fill_below(&(struct fill){3000, 1999}, &(struct fill){3, 2}));
    cr_expect_not(fill_below(&(struct fill){3000, 2000}, &(struct fill){3, 2}));
    cr_expect_not(fill_below(&(struct fill){0, 0}, &(struct fill){3, 2}));
    cr_expect_not(fill_below(&(struct fill){3, 0}, &(struct fill){0, 0}));
}

Test(fill, the_largest_amounts_do_not_overflow)
{
    const int64_t max = ((int64_t)1 << 53) - 1;
    const struct fill all = {max, max}, none = {max, 0};

    networks_expect(fill_gap(&all, &none), 1000, "gap");
    networks_expect(fill_gap(&none, &all), -1000, "gap the other way");
    cr_expect(fill_gap_above(&all, &none, 999));
    cr_expect_not(fill_gap_above(&all, &none, 1000));
}
