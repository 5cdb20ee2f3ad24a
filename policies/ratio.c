/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/ratio.h"

#include <assert.h>

static bool within(__int128 value, unsigned bits)
{
    __int128 bound = (__int128)1 << bits;

    return value > -bound && value < bound;
}

struct ratio ratio_unknown(void)
{
    return (struct ratio){.known = false, .permille = 0};
}

struct ratio ratio_of(__int128 numerator, __int128 denominator)
{
    __int128 permille;

    assert(within(numerator, 117));
    if (denominator == 0)
        return ratio_unknown();
    permille = 1000 * numerator / denominator;
    assert(within(permille, 63));
    return (struct ratio){true, (int64_t)permille};
}

bool ratio_above(__int128 numerator, __int128 denominator, int64_t permille)
{
    assert(within(numerator, 100) && within(denominator, 100) && within(permille, 31));
    assert(denominator >= 0);
    return denominator > 0 && 1000 * numerator > permille * denominator;
}
