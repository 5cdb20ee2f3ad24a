/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What is counted while serving, for /metrics. Written from any thread without a lock.
 */
#ifndef SEM_API_STATS_H
#define SEM_API_STATS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define STATS_ROUTES_MAX 96
#define STATS_STATUS_MIN 200
#define STATS_STATUS_MAX 599
#define STATS_BUCKETS 10

struct stats {
    /* By place in the route table (the place after the last: no route) and HTTP status. */
    _Atomic uint64_t requests[STATS_ROUTES_MAX][STATS_STATUS_MAX - STATS_STATUS_MIN + 1];
    _Atomic uint64_t verify_failures;
    _Atomic uint64_t connections_cut; /* past a deadline */
    /* From the hand-over of a job to its durable commit. */
    _Atomic uint64_t append_us_total, append_count, append_bucket[STATS_BUCKETS];
};

/* Upper bounds of the buckets in microseconds; the last is "more". */
extern const uint64_t stats_bucket_us[STATS_BUCKETS - 1];

void stats_request(struct stats *stats, size_t route, int status);
void stats_append(struct stats *stats, uint64_t us);

#endif
