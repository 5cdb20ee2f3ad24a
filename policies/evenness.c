/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/evenness.h"

#include <assert.h>
#include <stdlib.h>

#define VALUES_MAX ((size_t)1 << 31)

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

struct spread {
    __int128 weighted; /* sum of (2k - n - 1) v(k), k from 1 in ascending order */
    __int128 absolute; /* sum of |v| */
};

static struct spread spread_of(int64_t *values, size_t n)
{
    struct spread spread = {0};

    assert(n < VALUES_MAX);
    if (n > 0)
        qsort(values, n, sizeof *values, by_value);
    for (size_t k = 0; k < n; k++) {
        __int128 value = values[k];

        spread.weighted += (2 * (__int128)k + 1 - (__int128)n) * value;
        spread.absolute += value < 0 ? -value : value;
        assert(spread.absolute <= EVENNESS_SUM_MAX);
    }
    return spread;
}

struct ratio evenness_of_positions(int64_t *positions, size_t n)
{
    struct spread spread = spread_of(positions, n);

    return ratio_of(spread.weighted, ((__int128)n - 1) * spread.absolute);
}

struct ratio evenness_of_shares(int64_t *shares, size_t n)
{
    struct spread spread = spread_of(shares, n);

    assert(n == 0 || shares[0] >= 0);
    return ratio_of(spread.weighted, (__int128)n * spread.absolute);
}
