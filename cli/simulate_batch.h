/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Many worlds, each played under several rules. */
#ifndef SEM_CLI_SIMULATE_BATCH_H
#define SEM_CLI_SIMULATE_BATCH_H

#include "cli/ctl.h"
#include "policies/simulate_rows.h"

/* The rows of the experiment, one that matches by the week, and a network's own document. */
#define BATCH_WEEKLY SIM_ROWS
#define BATCH_OWN    (SIM_ROWS + 1)
#define BATCH_ROWS   (SIM_ROWS + 2)

#define BATCH_SEEDS_MAX 100000

struct batch {
    const struct sim_world *given; /* played with every seed; NULL: worlds are drawn */
    struct sim_setting setting;
    struct sim_rules rules[BATCH_ROWS];
    bool wanted[BATCH_ROWS];
    uint64_t seed; /* of the first world; each next is one more */
    int64_t seeds;
    bool layers; /* also M3 to M7, which take longer than the run */
};

/* What one world gave; rows that were not wanted are empty. */
struct batch_world {
    uint64_t seed;
    struct sim_figures figures[BATCH_ROWS];
    struct sim_outcome outcome[BATCH_ROWS];
};

/* Draws one world and hands it over. CTL_OK, or CTL_FAILED after a message. */
int batch_draw(const struct sim_setting *setting, uint64_t seed,
               void (*take)(void *context, const struct sim_world *world), void *context)
    __attribute__((warn_unused_result));

/* Plays all worlds and hands each over, in the order of the seeds. CTL_OK, or CTL_FAILED after a
 * message. */
int batch_run(const struct batch *batch,
              void (*each)(void *context, const struct batch_world *world), void *context)
    __attribute__((warn_unused_result));

#endif
