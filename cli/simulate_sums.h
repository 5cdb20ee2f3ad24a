/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The table of the experiment: means over many worlds, their standard errors, and the reference
 * figures that they are shown beside (SPEC 20.6). */
#ifndef SEM_CLI_SIMULATE_SUMS_H
#define SEM_CLI_SIMULATE_SUMS_H

#include <jansson.h>

#include "cli/simulate_batch.h"

/* What the table shows of a row. */
enum cell {
    CELL_SERVED,         /* share of all requests */
    CELL_SERVED_FRAGILE,
    CELL_DISTANCE,       /* mean distance from 0, hours */
    CELL_DISTANCE_P90,
    CELL_LOAD_E,         /* hours given per hour of capacity */
    CELL_LOAD_R,
    CELL_LOAD_F,
    CELLS
};

struct sum {
    double n, sum, squares;
};

#define NEEDS_GIVEN (-1)

struct sums {
    int64_t needs_milli; /* of the fragile; NEEDS_GIVEN: of a given world */
    struct sum cells[BATCH_ROWS][CELLS];
    struct sum figures[BATCH_ROWS][SIM_N_FIGURES]; /* of the worlds where they are known */
};

void sums_add(struct sums *sums, const struct batch *batch, const struct batch_world *world);

double sum_mean(const struct sum *sum);
/* The standard error of the mean; 0 for fewer than two. */
double sum_error(const struct sum *sum);

/* "served", … */
const char *cell_key(enum cell cell);
/* The key and the words of a row, the own one as well. */
const char *row_key(int row);
const char *row_words(int row);

/* The reference figure of a row, or NULL: published only for 0.5 and 1.1 needs a week, else as in
 * the reference setting. CELLS elements. */
const double *reference_cells(int64_t needs_milli, int row);
/* Worlds behind each reference figure, and half of the last digit that is published. */
#define REFERENCE_SEEDS 200
double reference_rounding(const double *cells, enum cell cell);
/* Whether a mean lies within three standard errors of both and the rounding. */
bool reference_near(const double *cells, enum cell cell, const struct sum *sum);

/* One row as an object of integers: means and standard errors in thousandths. */
json_t *sums_json(const struct sums *sums, const struct batch *batch, int row);

#endif
