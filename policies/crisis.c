/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/crisis.h"

#include <assert.h>
#include <stdlib.h>

#include "policies/params.h"

bool crisis_by_urgency(const struct policy *policy, int64_t urgent, int64_t active)
{
    assert(urgent >= 0 && urgent <= active);

    return active >= policy->crisis_orgs_min &&
           urgent * 1000 > policy->crisis_urgent_permille * active;
}

int64_t crisis_fill(int64_t served, int64_t asked)
{
    assert(served >= 0 && served <= asked && asked > 0);

    return (int64_t)((__int128)1000 * served / asked);
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

bool crisis_by_fill(const struct policy *policy, int64_t *rates, size_t n)
{
    if (n == 0 || (int64_t)n < policy->crisis_orgs_min)
        return false;
    qsort(rates, n, sizeof *rates, by_size);
    return rates[(n - 1) / 2] < policy->crisis_fill_permille;
}
