/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the figures of reciprocity cost: all of a network's, and those of one organisation. */
#ifndef SEM_BENCH_METRICS_H
#define SEM_BENCH_METRICS_H

#include <stdbool.h>
#include <stddef.h>

/* Seconds of CPU, the best of a few rounds, on one thread. */
struct metrics_result {
    size_t pairs;      /* that the exchanges are between */
    double sums;       /* M2, M3, M4, M5, M8, M8b, M11, M12 and M13, on both layers */
    double round;      /* M6, both layers */
    double one_way;    /* M7, both layers */
    double core;       /* M15, both layers */
    double deficit;    /* M14 with its cut and the new offers that would help most */
    double sheet;      /* everything on the coordinator's sheet, in one go */
    double own;        /* what one organisation sees of itself, out of the whole network's pairs */
};

/* A drawn network of that many organisations and exchanges: some give more than they ask for, the
 * others less. False with a message on stderr. */
bool metrics_measure(size_t orgs, size_t exchanges, struct metrics_result *out);

/* `sem-bench metrics`: measures and prints, beside the goals. */
bool metrics_show(size_t orgs, size_t exchanges);

#endif
