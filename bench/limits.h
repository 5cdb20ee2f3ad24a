/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The limits that a ledger on this machine cannot pass: signature checks and durable writes. */
#ifndef SEM_BENCH_LIMITS_H
#define SEM_BENCH_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

#include "crypto/key.h"

#define BENCH_THREADS_MAX 64

struct verify_item {
    const char *text;
    size_t n;
    struct public_key key;
    struct signature sig;
};
struct verify_limit {
    double per_second;     /* of all threads together */
    double per_cpu_second; /* of one core: the same as with one thread where nobody else computes */
};
/* Checks signatures on that many threads for `seconds`. All of them must hold. */
void limit_verify(const struct verify_item *items, size_t n, size_t threads, double seconds,
                  struct verify_limit *out);

struct paced_limit {
    double p50_us, p99_us; /* from due to done */
};
/*
 * Checks k signatures at a time, so many times a second, on all cores: each time is due at its
 * moment, and the next free thread takes it. Each is done when its signatures are checked, or, with
 * a folder `dir`, when a write of 4 KiB that began afterwards is on its disk: one thread overwrites
 * a file and waits for the disk, for all that were checked meanwhile, beginning at most once in a
 * millisecond. What no server can be better at, at that pace and in these seconds, that waits for
 * the disk no more often. False with a message on stderr.
 */
bool limit_paced(const struct verify_item *items, size_t n, size_t k, double per_second,
                 double seconds, const char *dir, struct paced_limit *out);

/*
 * Appends 4 KiB `n` times to a new file in `dir`, each with its own fdatasync, and gives what each
 * took in microseconds. False with a message on stderr.
 */
bool limit_sync(const char *dir, double *us, size_t n);

size_t bench_cores(void);      /* at most BENCH_THREADS_MAX */
double bench_now_s(void);      /* monotonic */
double bench_cpu_s(void);      /* of this process */
double bench_percentile(double *values, size_t n, double p); /* sorts them; 0 of none */

#endif
