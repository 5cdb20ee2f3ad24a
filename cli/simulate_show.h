/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Simulations for people: tables and plots as text on stdout, plots as SVG. */
#ifndef SEM_CLI_SIMULATE_SHOW_H
#define SEM_CLI_SIMULATE_SHOW_H

#include "cli/simulate_sums.h"
#include "policies/theory.h"

/* One table for each of the n needs of the fragile: a line a row, standard errors and reference
 * figures beneath. Returns how many figures lie further from their reference than chance explains;
 * *compared tells of how many. */
int show_experiment(const struct batch *batch, const struct sums *sums, bool reference,
                    int *compared);

/* Bars of characters: service, distance from 0, load. */
void show_plots(const struct batch *batch, const struct sums *sums);

void show_theory(const struct theory_figure *figures, size_t n, bool heading);

/* The same plots as one SVG document with its own description, no script, no font of its own, and
 * every value also as text. Appends to `out`. */
void svg_write(FILE *out, const struct batch *batch, const struct sums *sums, size_t n);

#endif
