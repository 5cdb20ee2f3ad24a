/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/burden.h"

#include <assert.h>

#include "policies/evenness.h"

struct burden burden_of(int64_t given, int64_t fte100)
{
    assert(given >= 0 && given <= EVENNESS_SUM_MAX / 100);
    assert(fte100 >= 0 && fte100 <= BURDEN_FTE100_MAX);
    if (fte100 == 0)
        return (struct burden){0};
    return (struct burden){.known = true, .minutes = 100 * given / fte100};
}

struct burden_spread burden_spread_of(const struct burden *burdens, size_t n, int64_t *scratch)
{
    struct burden_spread spread = {0};

    for (size_t i = 0; i < n; i++) {
        if (!burdens[i].known)
            continue;
        scratch[spread.known++] = burdens[i].minutes;
        spread.sum += burdens[i].minutes;
        assert(spread.sum <= EVENNESS_SUM_MAX);
    }
    spread.gini = evenness_of_shares(scratch, spread.known);
    /* Which has sorted them. */
    if (spread.known > 0)
        spread.median = scratch[(spread.known - 1) / 2];
    return spread;
}

struct ratio burden_beside_mean(const struct burden *burden, const struct burden_spread *all)
{
    if (!burden->known)
        return ratio_unknown();
    return ratio_of((__int128)burden->minutes * (__int128)all->known, all->sum);
}

bool burden_above_mean(const struct burden *burden, const struct burden_spread *all)
{
    return burden->known && (__int128)burden->minutes * (__int128)all->known > all->sum;
}

bool burden_above_median(const struct burden *burden, const struct burden_spread *all,
                         int64_t permille)
{
    assert(permille >= 0 && permille <= 100000);
    return burden->known && ratio_above(burden->minutes, all->median, permille);
}
