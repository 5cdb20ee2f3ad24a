/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/simulate_sums.h"

#include <string.h>

#include "cli/i18n.h"

/* --- Means ------------------------------------------------------------------------------------ */

static void add(struct sum *sum, double x)
{
    sum->n += 1;
    sum->sum += x;
    sum->squares += x * x;
}

/* Newton's way; the library's square root would be the only call into libm. */
static double root(double x)
{
    double r = x > 1 ? x : 1;

    for (int i = 0; i < 60 && x > 0; i++) {
        r = (r + x / r) / 2;
    }
    return x > 0 ? r : 0;
}

double sum_mean(const struct sum *sum)
{
    return sum->n > 0 ? sum->sum / sum->n : 0;
}

double sum_error(const struct sum *sum)
{
    double mean = sum_mean(sum);

    return sum->n < 2 ? 0 : root((sum->squares / sum->n - mean * mean) / (sum->n - 1));
}

static void add_share(struct sum *sum, double part, double whole)
{
    if (whole > 0) {
        add(sum, part / whole);
    }
}

static double of_classes(const struct sim_figures *f, int first)
{
    return (double)(f->v[first] + f->v[first + 1] + f->v[first + 2]);
}

static void add_cells(struct sum cells[static CELLS], const struct sim_figures *f)
{
    add_share(&cells[CELL_SERVED], of_classes(f, SIM_F_served_e), of_classes(f, SIM_F_asked_e));
    add_share(&cells[CELL_SERVED_FRAGILE], (double)f->v[SIM_F_served_f],
              (double)f->v[SIM_F_asked_f]);
    add_share(&cells[CELL_DISTANCE], (double)f->v[SIM_F_distance] / 60,
              (double)f->v[SIM_F_members]);
    if (f->known[SIM_F_distance_p90]) {
        add(&cells[CELL_DISTANCE_P90], (double)f->v[SIM_F_distance_p90] / 60);
    }
    for (int c = 0; c < SIM_CLASSES; c++) {
        add_share(&cells[CELL_LOAD_E + c], (double)f->v[SIM_F_given_minutes_e + c],
                  (double)f->v[SIM_F_capacity_minutes_e + c]);
    }
}

void sums_add(struct sums *sums, const struct batch *batch, const struct batch_world *world)
{
    for (int row = 0; row < BATCH_ROWS; row++) {
        const struct sim_figures *f = &world->figures[row];
        if (!batch->wanted[row]) {
            continue;
        }
        add_cells(sums->cells[row], f);
        for (int k = 0; k < SIM_N_FIGURES; k++) {
            if (f->known[k]) {
                add(&sums->figures[row][k], (double)f->v[k]);
            }
        }
    }
}

/* --- Names ------------------------------------------------------------------------------------ */

const char *cell_key(enum cell cell)
{
    static const char *const keys[CELLS] = {
        "served",           "served_fragile", "distance_hours", "distance_p90_hours",
        "load_established", "load_regular",   "load_fragile"};

    return keys[cell];
}

const char *row_key(int row)
{
    return row == BATCH_OWN      ? "own"
           : row == BATCH_WEEKLY ? "weekly"
                                 : sim_row_key((enum sim_row)row);
}

const char *row_words(int row)
{
    return row == BATCH_OWN      ? _("your policy document")
           : row == BATCH_WEEKLY ? _("pool, share 1/2, matched by the week")
                                 : sim_row_words((enum sim_row)row);
}

/* --- Reference -------------------------------------------------------------------------------- */

/*
 * Figures of an independent implementation of the same experiment, 200 worlds each. They are shown
 * beside ours and nothing is computed from them.
 */
static const struct {
    int64_t needs_milli;
    enum sim_row row;
    double cells[CELLS];
} references[] = {
    {500, SIM_IMITATION, {.988, .989, 149, 288, .45, .13, .05}},
    {500, SIM_UNIFORM, {.989, .989, 85, 152, .32, .20, .15}},
    {500, SIM_IMITATION_FLOOR, {.464, .245, 30, 63, .20, .06, .02}},
    {500, SIM_UNIFORM_FLOOR, {.678, .508, 26, 50, .21, .13, .10}},
    {500, SIM_IMITATION_BOTH, {.774, .529, 15, 20, .16, .23, .11}},
    {500, SIM_LEAST_ASKED, {.990, .991, 7.7, 15, .17, .29, .29}},
    {500, SIM_LEAST_FLOOR, {.983, .969, 6.7, 12, .16, .29, .29}},
    {500, SIM_POOL_NONE, {.988, .993, 6.4, 12, .16, .29, .29}},
    {500, SIM_POOL_HALF, {.988, .993, 4.4, 8.6, .20, .32, .16}},
    {500, SIM_POOL_ALL, {.986, .993, 8.0, 15, .23, .35, .03}},
    {1100, SIM_IMITATION, {.983, .984, 212, 379, .57, .18, .06}},
    {1100, SIM_UNIFORM, {.986, .987, 140, 247, .42, .27, .19}},
    {1100, SIM_IMITATION_FLOOR, {.361, .116, 29, 63, .20, .06, .02}},
    {1100, SIM_UNIFORM_FLOOR, {.530, .259, 27, 53, .21, .13, .10}},
    {1100, SIM_IMITATION_BOTH, {.622, .298, 16, 20, .16, .24, .13}},
    {1100, SIM_LEAST_ASKED, {.988, .989, 48, 92, .20, .33, .49}},
    {1100, SIM_LEAST_FLOOR, {.878, .739, 12, 20, .17, .29, .43}},
    {1100, SIM_POOL_NONE, {.987, .992, 11, 19, .21, .33, .48}},
    {1100, SIM_POOL_HALF, {.988, .992, 4.8, 9.6, .24, .37, .34}},
    {1100, SIM_POOL_ALL, {.986, .992, 12, 20, .32, .44, .05}},
};

const double *reference_cells(int64_t needs_milli, int row)
{
    for (size_t i = 0; i < sizeof references / sizeof references[0]; i++) {
        if (references[i].needs_milli == needs_milli && (int)references[i].row == row) {
            return references[i].cells;
        }
    }
    return NULL;
}

double reference_rounding(const double *cells, enum cell cell)
{
    bool hours = cell == CELL_DISTANCE || cell == CELL_DISTANCE_P90;

    return cell < CELL_DISTANCE ? .0005 : !hours ? .005 : cells[cell] < 10 ? .05 : .5;
}

bool reference_near(const double *cells, enum cell cell, const struct sum *sum)
{
    double error = sum_error(sum), off = sum_mean(sum) - cells[cell];
    double both = error * root(1 + sum->n / REFERENCE_SEEDS);

    return (off < 0 ? -off : off) <= 3 * both + reference_rounding(cells, cell);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static json_t *milli(double x)
{
    return json_integer((json_int_t)(1000 * x + (x < 0 ? -.5 : .5)));
}

json_t *sums_json(const struct sums *sums, const struct batch *batch, int row)
{
    json_t *mean = json_object(), *error = json_object(), *o = json_object();
    json_t *table = json_object();

    for (int k = 0; k < SIM_N_FIGURES; k++) {
        const struct sum *sum = &sums->figures[row][k];
        const char *name = sim_figure_name((enum sim_figure)k);
        json_object_set_new(mean, name, sum->n > 0 ? milli(sum_mean(sum)) : json_null());
        json_object_set_new(error, name, sum->n > 0 ? milli(sum_error(sum)) : json_null());
    }
    for (int k = 0; k < CELLS; k++) {
        json_object_set_new(table, cell_key((enum cell)k), milli(sum_mean(&sums->cells[row][k])));
    }
    json_object_set_new(o, "row", json_string(row_key(row)));
    json_object_set_new(o, "needs_fragile_milli",
                        sums->needs_milli != NEEDS_GIVEN ? json_integer(sums->needs_milli)
                                                         : json_null());
    json_object_set_new(o, "seed", json_integer((json_int_t)batch->seed));
    json_object_set_new(o, "seeds", json_integer(batch->seeds));
    json_object_set_new(o, "table_milli", table);
    json_object_set_new(o, "mean_milli", mean);
    json_object_set_new(o, "standard_error_milli", error);
    return o;
}
