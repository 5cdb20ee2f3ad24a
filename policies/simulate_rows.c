/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/simulate_rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "policies/evenness.h"
#include "policies/figures.h"
#include "policies/layers.h"
#include "policies/limits.h"
#include "policies/reciprocity.h"

#define CLOSE_WEEKS   13
#define PAIR_CAP_COST 100
#define GAP_MAX       20
#define LOAD_PERMILLE 1200

/* --- Rows ------------------------------------------------------------------------------------- */

static const struct {
    const char *key, *words;
} rows[SIM_ROWS] = {
    {"imitation", "first-come (imitation), no limit"},
    {"uniform", "first-come (uniform), no limit"},
    {"imitation_floor", "first-come (imitation), floor only"},
    {"uniform_floor", "first-come (uniform), floor only"},
    {"imitation_both", "first-come (imitation), floor + ceiling"},
    {"uniform_both", "first-come (uniform), floor + ceiling"},
    {"least_asked", "lowest u, no limit"},
    {"least_floor", "lowest u + pair cap + floor"},
    {"pool_none", "+ fragile first + pool, share 0"},
    {"pool_half", "+ fragile first + pool, share 1/2"},
    {"pool_all", "+ fragile first + pool, share 1"},
};

const char *sim_row_key(enum sim_row row)
{
    return rows[row].key;
}

const char *sim_row_words(enum sim_row row)
{
    return rows[row].words;
}

void sim_row_rules(struct sim_rules *r, enum sim_row row, int64_t line, int64_t imitation_permille)
{
    bool least = row >= SIM_LEAST_ASKED, capped = row >= SIM_LEAST_FLOOR;
    bool imitation =
        row == SIM_IMITATION || row == SIM_IMITATION_FLOOR || row == SIM_IMITATION_BOTH;

    *r = (struct sim_rules){.choice = least ? SIM_LOWEST : SIM_CHANCE, .line = line,
                            .close_weeks = CLOSE_WEEKS};
    r->imitation_permille = imitation ? imitation_permille : 0;
    r->floor = row != SIM_IMITATION && row != SIM_UNIFORM && row != SIM_LEAST_ASKED;
    if (row == SIM_IMITATION_BOTH || row == SIM_UNIFORM_BOTH)
        r->ceiling = SIM_HARD_CEILING;
    if (capped) {
        r->pair_cap_permille = 400;
        r->pair_cap_minutes = 720;
        r->pair_cap_cost = PAIR_CAP_COST;
    }
    r->pool = r->fragile_first = row >= SIM_POOL_NONE;
    r->pool_permille = row == SIM_POOL_HALF ? 500 : row == SIM_POOL_ALL ? 1000 : 0;
    r->pool_urgent_permille = 1000;
    r->pool_cap = SIM_NO_CAP;
}

void sim_batch_rules(struct sim_rules *r, int64_t line)
{
    sim_row_rules(r, SIM_POOL_HALF, line, 0);
    r->choice = SIM_BATCH;
}

void sim_document_rules(struct sim_rules *r, const struct sim_document *d)
{
    *r = (struct sim_rules){
        .choice = SIM_LOWEST,
        .line = d->policy.limit_floor_base,
        .floor = true,
        .ceiling = SIM_SOFT_CEILING,
        .pair_cap_permille = d->policy.pair_cap_permille,
        .pair_cap_minutes = d->policy.pair_cap_minutes,
        .pair_cap_cost = PAIR_CAP_COST,
        .fragile_first = true,
        .burden_guard = d->burden_guard,
        .pool = d->pool_cap > 0,
        .pool_permille = d->pool_permille,
        .pool_urgent_permille = d->pool_urgent_permille,
        .pool_cap = d->pool_cap,
        .close_weeks = CLOSE_WEEKS,
        .document = &d->policy,
    };
}

/* --- Figures ---------------------------------------------------------------------------------- */

static const struct {
    const char *name, *doc;
} columns[SIM_N_FIGURES] = {
#define SIM_FIGURE_TEXT(name, doc) {#name, doc},
    SIM_FIGURES(SIM_FIGURE_TEXT)
#undef SIM_FIGURE_TEXT
};

const char *sim_figure_name(enum sim_figure figure)
{
    return columns[figure].name;
}

const char *sim_figure_doc(enum sim_figure figure)
{
    return columns[figure].doc;
}

static void put(struct sim_figures *f, int figure, int64_t value)
{
    f->v[figure] = value;
    f->known[figure] = true;
}

/* Per mille; stays unknown where there is nothing to divide by. */
static void put_share(struct sim_figures *f, int figure, int64_t part, int64_t whole)
{
    if (whole != 0)
        put(f, figure, (int64_t)((__int128)1000 * part / whole));
}

static void figures_of_class(struct sim_figures *f, const struct sim_tally *t, int c)
{
    put(f, SIM_F_asked_e + c, t->asked);
    put(f, SIM_F_served_e + c, t->served);
    put(f, SIM_F_asked_minutes_e + c, t->asked_minutes);
    put(f, SIM_F_served_minutes_e + c, t->served_minutes);
    put(f, SIM_F_at_floor_e + c, t->at_floor);
    put(f, SIM_F_no_provider_e + c, t->no_provider);
    put(f, SIM_F_given_minutes_e + c, t->given_minutes);
    put(f, SIM_F_capacity_minutes_e + c, t->capacity_minutes);
    put_share(f, SIM_F_wait_e + c, t->waited_weeks, t->served);
    put_share(f, SIM_F_fill_e + c, t->served_minutes, t->asked_minutes);
    put_share(f, SIM_F_load_e + c, t->given_minutes, t->capacity_minutes);
}

static void add_tally(struct sim_tally *sum, const struct sim_tally *t)
{
    sum->asked_minutes += t->asked_minutes;
    sum->served_minutes += t->served_minutes;
    sum->given_minutes += t->given_minutes;
    sum->capacity_minutes += t->capacity_minutes;
}

static void figures_of_service(struct sim_figures *f, const struct sim_outcome *out)
{
    const struct sim_tally *fragile = &out->by_class[SIM_FRAGILE];
    struct sim_tally all = {0};

    for (int c = 0; c < SIM_CLASSES; c++) {
        figures_of_class(f, &out->by_class[c], c);
        add_tally(&all, &out->by_class[c]);
    }
    put_share(f, SIM_F_fill_all, all.served_minutes, all.asked_minutes);
    put_share(f, SIM_F_load_all, all.given_minutes, all.capacity_minutes);
    __int128 others_asked = all.asked_minutes - fragile->asked_minutes;
    __int128 others_served = all.served_minutes - fragile->served_minutes;
    if (others_asked != 0 && fragile->asked_minutes != 0)
        put(f, SIM_F_fill_gap, (int64_t)(1000 * (others_served * fragile->asked_minutes -
                                                 fragile->served_minutes * others_asked) /
                                         (others_asked * fragile->asked_minutes)));
    put_share(f, SIM_F_solidarity, out->pool_paid, all.given_minutes);
    put(f, SIM_F_pool_paid, out->pool_paid);
    put(f, SIM_F_pool_deepest, out->pool_deepest);
    put(f, SIM_F_pool_end, out->pool);
    put(f, SIM_F_closings, out->closings);
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* The least element that at least percent of the n sorted ones do not exceed. */
static int64_t quantile(const int64_t *sorted, size_t n, size_t percent)
{
    size_t rank = (n * percent + 99) / 100;

    return sorted[rank > 0 ? rank - 1 : 0];
}

static void figures_of_positions(struct sim_figures *f, struct sim_run *run,
                                 const struct sim_world *world, const struct sim_rules *rules)
{
    static const size_t percent[] = {0, 10, 25, 50, 75, 90, 100};
    int64_t *distance = run->share, *use = (int64_t *)run->weight, sum = 0;
    size_t n = 0;

    for (uint32_t i = 0; i < world->n_orgs; i++) {
        struct line line;
        if (world->orgs[i].leaves <= (world->weeks - 1) * SIM_DAYS_A_WEEK ||
            world->orgs[i].joins > (world->weeks - 1) * SIM_DAYS_A_WEEK)
            continue;
        sim_line_of(&line, run, rules, i);
        use[n] = reciprocity_line_use(&line, run->position[i]).permille;
        distance[n] = run->position[i] < 0 ? -run->position[i] : run->position[i];
        sum += distance[n++];
    }
    put(f, SIM_F_members, (int64_t)n);
    put(f, SIM_F_distance, sum);
    if (n == 0)
        return;
    qsort(distance, n, sizeof *distance, ascending);
    qsort(use, n, sizeof *use, ascending);
    put(f, SIM_F_distance_p90, quantile(distance, n, 90));
    for (int k = 0; k < 7; k++)
        put(f, SIM_F_use_min + k, quantile(use, n, percent[k]));
}

/* The mean share of the largest provider; `step` leads from the help column to the account's. */
static void figures_of_providers(struct sim_figures *f, const int64_t *matrix, size_t n, int step)
{
    int64_t sum = 0, receivers = 0;

    for (size_t j = 0; j < n; j++) {
        int64_t received = 0, top = 0;
        for (size_t i = 0; i < n; i++) {
            received += matrix[i * n + j];
            top = matrix[i * n + j] > top ? matrix[i * n + j] : top;
        }
        if (received >= RECIPROCITY_DEPENDENCY_MINUTES_MIN) {
            sum += 1000 * top / received;
            receivers++;
        }
    }
    if (receivers > 0)
        put(f, SIM_F_top_provider + step, sum / receivers);
}

/* Capacity stands for size: a simulated organisation has no staff. */
static void figures_of_burden(struct sim_figures *f, struct sim_run *run,
                              const struct sim_world *world)
{
    int64_t *burden = run->share;
    size_t n = 0;

    for (size_t i = 0; i < world->n_orgs; i++)
        if (world->orgs[i].capacity > 0)
            burden[n++] = 1000 * run->given[i] / world->orgs[i].capacity;
    struct ratio gini = evenness_of_shares(burden, n);
    if (gini.known)
        put(f, SIM_F_burden_gini, gini.permille);
}

void sim_figures_of(struct sim_figures *figures, struct sim_run *run,
                    const struct sim_outcome *outcome, const struct sim_world *world,
                    const struct sim_rules *rules)
{
    memset(figures, 0, sizeof *figures);
    figures_of_service(figures, outcome);
    figures_of_positions(figures, run, world, rules);
    figures_of_burden(figures, run, world);
    figures_of_providers(figures, run->helped, world->n_orgs, 0);
    figures_of_providers(figures, run->accounted, world->n_orgs, 1);
}

/* The pairs of a run, sorted, as the metrics take them. */
static size_t pairs_of(struct help *help, const struct sim_run *run, size_t n)
{
    size_t pairs = 0;

    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < n; j++) {
            int64_t minutes = run->helped[i * n + j];
            if (minutes > 0)
                help[pairs++] = (struct help){.from = i,
                                              .to = j,
                                              .minutes = minutes,
                                              .pooled = minutes - run->accounted[i * n + j],
                                              .count = 1};
        }
    return pairs;
}

static void put_layer(struct sim_figures *f, const struct layer_figures *layer, int step)
{
    const struct {
        int figure;
        struct ratio ratio;
    } rows_of[] = {{SIM_F_displaced, layer->displaced},
                   {SIM_F_concentration, layer->positions},
                   {SIM_F_direct, layer->direct},
                   {SIM_F_comes_round, layer->round},
                   {SIM_F_one_way, layer->one_way}};

    for (size_t i = 0; i < sizeof rows_of / sizeof rows_of[0]; i++)
        if (rows_of[i].ratio.known)
            put(f, rows_of[i].figure + step, rows_of[i].ratio.permille);
}

bool sim_layers_of(struct sim_figures *figures, const struct sim_run *run,
                   const struct sim_world *world)
{
    size_t n = world->n_orgs;
    struct help *help = malloc(n * n * sizeof *help);
    struct layer_figures layers[LAYERS];
    bool member[SIM_ORGS_MAX], ok = help != NULL;

    for (size_t i = 0; i < n; i++)
        member[i] = true;
    size_t pairs = ok ? pairs_of(help, run, n) : 0;
    for (enum layer l = 0; l < LAYERS && ok; l++)
        ok = figures_of_layer(help, pairs, member, n, l, &layers[l]);
    for (int l = 0; l < LAYERS && ok; l++)
        put_layer(figures, &layers[l], l);
    free(help);
    return ok;
}

/* --- The criterion ---------------------------------------------------------------------------- */

static const struct {
    const char *key, *words;
} goals[SIM_GOALS] = {
    {"fill", "more of all that is asked for is served"},
    {"fragile", "more of what the fragile ask for is served"},
    {"gap", "the fill gap is at most 2 points"},
    {"distance", "positions are nearer to 0 by the factor"},
    {"load", "the fragile carry at most 1.2 times the mean"},
};

const char *sim_goal_key(enum sim_goal goal)
{
    return goals[goal].key;
}

const char *sim_goal_words(enum sim_goal goal)
{
    return goals[goal].words;
}

static int64_t sum_of_classes(const struct sim_figures *f, int first)
{
    return f->v[first] + f->v[first + 1] + f->v[first + 2];
}

/* A part of a whole, both >= 0. */
struct part {
    __int128 of, whole;
};

static struct part fill_of_all(const struct sim_figures *f, bool by_minutes)
{
    int of = by_minutes ? SIM_F_served_minutes_e : SIM_F_served_e;
    int whole = by_minutes ? SIM_F_asked_minutes_e : SIM_F_asked_e;

    return (struct part){sum_of_classes(f, of), sum_of_classes(f, whole)};
}

static struct part fill_of_fragile(const struct sim_figures *f, bool by_minutes)
{
    int of = by_minutes ? SIM_F_served_minutes_f : SIM_F_served_f;
    int whole = by_minutes ? SIM_F_asked_minutes_f : SIM_F_asked_f;

    return (struct part){f->v[of], f->v[whole]};
}

/* With nothing to divide by nothing is larger. */
static bool larger(struct part a, struct part b)
{
    return a.whole > 0 && b.whole > 0 && a.of * b.whole > b.of * a.whole;
}

static bool small_gap(const struct sim_figures *f, bool by_minutes)
{
    struct part all = fill_of_all(f, by_minutes), fragile = fill_of_fragile(f, by_minutes);
    struct part others = {all.of - fragile.of, all.whole - fragile.whole};
    __int128 gap = others.of * fragile.whole - fragile.of * others.whole;

    gap = gap < 0 ? -gap : gap;
    return others.whole > 0 && fragile.whole > 0 &&
           1000 * gap <= GAP_MAX * others.whole * fragile.whole;
}

static bool small_load(const struct sim_figures *f)
{
    return (__int128)1000 * f->v[SIM_F_given_minutes_f] *
               sum_of_classes(f, SIM_F_capacity_minutes_e) <=
           (__int128)LOAD_PERMILLE * sum_of_classes(f, SIM_F_given_minutes_e) *
               f->v[SIM_F_capacity_minutes_f];
}

static bool nearer(const struct sim_figures *a, const struct sim_figures *b, int64_t permille)
{
    return (__int128)permille * a->v[SIM_F_distance] * b->v[SIM_F_members] <=
           (__int128)1000 * b->v[SIM_F_distance] * a->v[SIM_F_members];
}

bool sim_criterion(const struct sim_figures of[static SIM_ROWS], const struct sim_bar *bar,
                   bool met[static SIM_GOALS])
{
    static const enum sim_row others[] = {SIM_UNIFORM_FLOOR, SIM_IMITATION_BOTH, SIM_UNIFORM_BOTH};
    const struct sim_figures *ours = &of[SIM_POOL_HALF];
    bool m = bar->by_minutes, all = true;

    met[SIM_GOAL_GAP] = small_gap(ours, m);
    met[SIM_GOAL_LOAD] = small_load(ours);
    met[SIM_GOAL_FILL] = met[SIM_GOAL_FRAGILE] = met[SIM_GOAL_DISTANCE] = true;
    for (size_t k = 0; k < sizeof others / sizeof others[0]; k++) {
        const struct sim_figures *other = &of[others[k]];
        met[SIM_GOAL_FILL] &= larger(fill_of_all(ours, m), fill_of_all(other, m));
        met[SIM_GOAL_FRAGILE] &= larger(fill_of_fragile(ours, m), fill_of_fragile(other, m));
        met[SIM_GOAL_DISTANCE] &= nearer(ours, other, bar->factor_permille);
    }
    for (int g = 0; g < SIM_GOALS; g++)
        all &= met[g];
    return all;
}
