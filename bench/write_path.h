/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The whole write path but HTTP, on a real data folder. */
#ifndef SEM_BENCH_WRITE_PATH_H
#define SEM_BENCH_WRITE_PATH_H

#include <stdbool.h>
#include <stddef.h>

struct write_result {
    double per_second;
    double cpu_us; /* of the process, an entry */
    double p50_us; /* from reading a note to its durable answer */
    double entries_per_commit, file_bytes, leaf_bytes;
};

/*
 * Founds a network of 32 organisations, signs `entries` hours.record notes of two signatures
 * beforehand, then lets `workers` threads parse, decode, verify and submit them with at most
 * `in_flight` unanswered. The data folder `dir` is made and removed. False with a message on
 * stderr.
 */
bool write_path(const char *dir, size_t entries, size_t workers, size_t in_flight,
                struct write_result *out);

#endif
