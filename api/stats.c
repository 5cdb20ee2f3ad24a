/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/stats.h"

#include <assert.h>

const uint64_t stats_bucket_us[STATS_BUCKETS - 1] = {1000,   2500,   5000,    10000,   25000,
                                                     50000, 100000, 1000000, 10000000};

void stats_request(struct stats *stats, size_t route, int status)
{
    assert(route < STATS_ROUTES_MAX);
    if (status >= STATS_STATUS_MIN && status <= STATS_STATUS_MAX) {
        atomic_fetch_add(&stats->requests[route][status - STATS_STATUS_MIN], 1);
    }
}

void stats_append(struct stats *stats, uint64_t us)
{
    size_t i = 0;

    while (i < STATS_BUCKETS - 1 && us > stats_bucket_us[i]) {
        i++;
    }
    atomic_fetch_add(&stats->append_bucket[i], 1);
    atomic_fetch_add(&stats->append_us_total, us);
    atomic_fetch_add(&stats->append_count, 1);
}
