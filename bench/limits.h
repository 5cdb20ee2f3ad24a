/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The limits that a ledger on this machine cannot pass: signature checks and durable writes. */
#ifndef SEM_BENCH_LIMITS_H
#define SEM_BENCH_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

struct verify_limit {
    double per_second;
};
/* Verifies signatures of 300-byte texts on that many threads for about a second. */
void limit_verify(size_t threads, struct verify_limit *out);

struct sync_limit {
    double p50_us, p99_us;
};
/* Overwrites 4 KiB of a new file in `dir` and syncs it, 300 times. False with a message on stderr.
 */
bool limit_sync(const char *dir, struct sync_limit *out);

double bench_now_s(void);      /* monotonic */
double bench_cpu_s(void);      /* of this process */
double bench_percentile(double *values, size_t n, double p); /* sorts them */

#endif
