/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* How long simulations take, as networks grow. */
#ifndef SEM_BENCH_SIMULATE_H
#define SEM_BENCH_SIMULATE_H

#include <stdbool.h>
#include <stdint.h>

struct simulate_result {
    double requests;  /* of one world, mean */
    double draw_s;    /* CPU of drawing one */
    double run_s;     /* of playing it under one set of rules, mean over all */
    double figures_s; /* of its figures, without layers */
    double layers_s;  /* of M3 to M7 on both layers */
    double bytes;     /* of a run's memory */
};

/* So many worlds of a network of that size, each under all rules of the experiment. False without
 * memory. */
bool simulate_measure(int64_t orgs, int64_t worlds, bool layers, struct simulate_result *out);

/* `sem-bench simulate`: growth with size; full: also 200 worlds of the experiment. */
bool simulate_show(bool full);

#endif
