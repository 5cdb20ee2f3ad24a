/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/fill.h"

#include <assert.h>

#define MINUTES_MAX (((int64_t)1 << 53) - 1)

static void fill_assert(const struct fill *fill)
{
    assert(fill->served >= 0 && fill->served <= fill->asked && fill->asked <= MINUTES_MAX);
}

struct ratio fill_rate_raw(const struct fill *fill)
{
    fill_assert(fill);
    return ratio_of(fill->served, fill->asked);
}

struct ratio fill_rate(const struct fill *fill)
{
    return fill->asked < FILL_ASKED_MIN ? ratio_unknown() : fill_rate_raw(fill);
}

/* others.served / others.asked - fragile.served / fragile.asked, over the common denominator. */
static __int128 gap_numerator(const struct fill *others, const struct fill *fragile)
{
    fill_assert(others);
    fill_assert(fragile);
    return (__int128)others->served * fragile->asked - (__int128)fragile->served * others->asked;
}

struct ratio fill_gap_raw(const struct fill *others, const struct fill *fragile)
{
    return ratio_of(gap_numerator(others, fragile), (__int128)others->asked * fragile->asked);
}

static bool both_asked(const struct fill *a, const struct fill *b)
{
    return a->asked >= FILL_ASKED_MIN && b->asked >= FILL_ASKED_MIN;
}

struct ratio fill_gap(const struct fill *others, const struct fill *fragile)
{
    return both_asked(others, fragile) ? fill_gap_raw(others, fragile) : ratio_unknown();
}

bool fill_gap_above(const struct fill *others, const struct fill *fragile, int64_t permille)
{
    assert(permille >= -1000 && permille <= 1000);
    return both_asked(others, fragile) &&
           1000 * gap_numerator(others, fragile) >
               permille * ((__int128)others->asked * fragile->asked);
}

/* Where one asked nothing, and so got nothing, both products are 0. */
bool fill_below(const struct fill *a, const struct fill *b)
{
    return gap_numerator(a, b) < 0;
}
