/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* How long a batch of proposals takes, and what memory, as networks grow. */
#ifndef SEM_BENCH_MATCHING_H
#define SEM_BENCH_MATCHING_H

#include <stdbool.h>
#include <stddef.h>

struct matching_size {
    size_t orgs, needs;
    size_t offers_each; /* skills offered by each organisation */
    size_t skills;
    bool prices; /* work out prices as well */
};

struct matching_result {
    size_t pairs;      /* of a need and an organisation that may be proposed for it */
    double cpu_s;      /* of match_batch() */
    double priced_s;   /* with a price for every alternative; 0 if not tried */
    double peak_bytes; /* of its own allocations, above what the input takes */
    double asked, served; /* hours */
    bool repaired;
};

/* Makes a batch of that size, always the same, and solves it. Needs are of 1 to 8 hours, a third
 * of the organisations is fragile, every tenth need urgent; pool, floors and pair caps bind. */
void matching(const struct matching_size *size, struct matching_result *out);

/* `sem-bench matching`: both goals, and how it grows; full: up to the largest. */
bool matching_show(bool full);

#endif
