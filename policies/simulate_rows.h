/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The reference experiment: which rules are compared, what is read off a run, and the criterion
 * that was fixed before the runs.
 *
 * Pure functions, any thread. A run's figures are integers: minutes, counts, weeks, and ratios per
 * mille truncated towards zero, so that the same seed gives the same bytes everywhere. */
#ifndef POLICIES_SIMULATE_ROWS_H
#define POLICIES_SIMULATE_ROWS_H

#include "policies/params.h"
#include "policies/simulate_draw.h"

/* --- The rules that are compared -------------------------------------------------------------- */

enum sim_row {
    SIM_IMITATION,       /* who gave most is seen first; no limit */
    SIM_UNIFORM,         /* anybody; no limit */
    SIM_IMITATION_FLOOR, /* a request that would cross the floor is refused */
    SIM_UNIFORM_FLOOR,
    SIM_IMITATION_BOTH,  /* and nobody gives beyond the ceiling */
    SIM_UNIFORM_BOTH,
    SIM_LEAST_ASKED,     /* the lowest line use; no limit */
    SIM_LEAST_FLOOR,     /* with pair cap and floor */
    SIM_POOL_NONE,       /* fragile first; the pool pays only at the floor */
    SIM_POOL_HALF,       /* and half of fragile needs */
    SIM_POOL_ALL,        /* all of them */
    SIM_ROWS
};

/* "imitation_floor", and words for people. Static. */
const char *sim_row_key(enum sim_row row);
const char *sim_row_words(enum sim_row row);

/* line: minutes either way; imitation_permille: 1000 is one more chance per hour given. */
void sim_row_rules(struct sim_rules *rules, enum sim_row row, int64_t line,
                   int64_t imitation_permille);

/* The rules of SIM_POOL_HALF, with each week's requests matched at once. */
void sim_batch_rules(struct sim_rules *rules, int64_t line);

/* A network's own rules: its policy document, and what else of it the simulator reads. */
struct sim_document {
    struct policy policy; /* within its ranges */
    int64_t pool_permille, pool_urgent_permille;
    int64_t pool_cap; /* minutes per contributing member and quarter; 0: no pool */
    bool burden_guard;
};

/* Lowest line use, pair cap, fragile first, floors and ceiling of the document, its pool. The rules
 * borrow the document. */
void sim_document_rules(struct sim_rules *rules, const struct sim_document *document);

/* --- What is read off a run ------------------------------------------------------------------- */

/* X(column, doc): the columns of a run in their order. _e, _r, _f: established, regular, fragile.
 * Positions are those of the members of the last day. */
#define SIM_FIGURES_EACH(X, name, doc) \
    X(name##_e, doc) X(name##_r, doc) X(name##_f, doc)
#define SIM_FIGURES_LAYER(X, name, doc) \
    X(name, doc ", help layer") X(name##_account, doc ", account layer")
#define SIM_FIGURES(X) \
    SIM_FIGURES_EACH(X, asked, "requests made") \
    SIM_FIGURES_EACH(X, served, "requests served") \
    SIM_FIGURES_EACH(X, asked_minutes, "minutes asked for") \
    SIM_FIGURES_EACH(X, served_minutes, "minutes served") \
    SIM_FIGURES_EACH(X, at_floor, "requests refused at the floor") \
    SIM_FIGURES_EACH(X, no_provider, "requests for which nobody was there") \
    SIM_FIGURES_EACH(X, given_minutes, "minutes given") \
    SIM_FIGURES_EACH(X, capacity_minutes, "minutes that could be given") \
    SIM_FIGURES_EACH(X, wait, "mean wait of requests served, thousandths of a week") \
    SIM_FIGURES_EACH(X, fill, "fill rate (M10): minutes served per mille of minutes asked") \
    X(fill_all, "fill rate of all (M10)") \
    X(fill_gap, "fill of the others less fill of the fragile (M10)") \
    SIM_FIGURES_EACH(X, load, "minutes given per mille of capacity") \
    X(load_all, "load of all") \
    X(members, "organisations there on the last day") \
    X(distance, "sum of the distances of positions from 0, minutes") \
    X(distance_p90, "the distance that nine in ten do not exceed, minutes") \
    X(use_min, "line use (M1): least") \
    X(use_p10, "line use: one in ten is at or below") \
    X(use_p25, "line use: one in four") \
    X(use_p50, "line use: median") \
    X(use_p75, "line use: three in four") \
    X(use_p90, "line use: nine in ten") \
    X(use_max, "line use: greatest") \
    X(burden_gini, "how unevenly minutes given per capacity are spread (M11)") \
    SIM_FIGURES_LAYER(X, top_provider, "mean share of the largest provider (M8)") \
    SIM_FIGURES_LAYER(X, displaced, "displaced share (M3)") \
    SIM_FIGURES_LAYER(X, concentration, "concentration of what was given less received (M4)") \
    SIM_FIGURES_LAYER(X, direct, "direct reciprocity (M5)") \
    SIM_FIGURES_LAYER(X, comes_round, "share that comes round (M6)") \
    SIM_FIGURES_LAYER(X, one_way, "one-wayness (M7)") \
    X(solidarity, "share of minutes that the pool carried (M13)") \
    X(pool_paid, "minutes that the pool carried") \
    X(pool_deepest, "the largest deficit before a closing, minutes") \
    X(pool_end, "the pool's balance at the end, minutes") \
    X(closings, "closings of the pool")

enum sim_figure {
#define SIM_FIGURE_NAME(name, doc) SIM_F_##name,
    SIM_FIGURES(SIM_FIGURE_NAME)
#undef SIM_FIGURE_NAME
    SIM_N_FIGURES
};

struct sim_figures {
    int64_t v[SIM_N_FIGURES]; /* 0 where not known */
    bool known[SIM_N_FIGURES];
};

/* Static texts. */
const char *sim_figure_name(enum sim_figure figure);
const char *sim_figure_doc(enum sim_figure figure);

/* Reads the figures off a run that has just been played, all but M3 to M7, which stay unknown.
 * Uses the run's scratch. */
void sim_figures_of(struct sim_figures *figures, struct sim_run *run,
                    const struct sim_outcome *outcome, const struct sim_world *world,
                    const struct sim_rules *rules);

/* Adds M3 to M7 on both layers, over all weeks of the run: several times the work of the rest.
 * Takes working memory and gives it back; false, *figures untouched, without. */
__attribute__((warn_unused_result))
bool sim_layers_of(struct sim_figures *figures, const struct sim_run *run,
                   const struct sim_world *world);

/* --- The criterion ---------------------------------------------------------------------------- */

/* What SIM_POOL_HALF must reach in one world, against each of the three comparators
 * SIM_UNIFORM_FLOOR, SIM_IMITATION_BOTH and SIM_UNIFORM_BOTH in the same world. Fill counts
 * requests, as the reference does, or minutes, as M10 does. */
enum sim_goal {
    SIM_GOAL_FILL,     /* a higher fill of all */
    SIM_GOAL_FRAGILE,  /* a higher fill of the fragile */
    SIM_GOAL_GAP,      /* fill gap at most 20 per mille either way */
    SIM_GOAL_DISTANCE, /* mean distance from 0 at least so many times smaller */
    SIM_GOAL_LOAD,     /* load of the fragile at most 1.2 times that of all */
    SIM_GOALS
};

struct sim_bar {
    int64_t factor_permille; /* how many times smaller: 1500 for the criterion */
    bool by_minutes;
};

const char *sim_goal_key(enum sim_goal goal);
const char *sim_goal_words(enum sim_goal goal);

/* The rows of one world, indexed by enum sim_row; only SIM_POOL_HALF and the comparators are read.
 * Compared exactly. True if all five are met. */
bool sim_criterion(const struct sim_figures rows[static SIM_ROWS], const struct sim_bar *bar,
                   bool met[static SIM_GOALS]);

#endif
