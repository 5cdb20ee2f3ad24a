/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/metrics.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/limits.h"
#include "policies/circulation.h"
#include "policies/components.h"
#include "policies/deficit.h"
#include "policies/figures.h"
#include "policies/fill.h"
#include "policies/limits.h"
#include "policies/one_way.h"
#include "policies/skills.h"
#include "policies/turnover.h"

#define ROUNDS      5
#define OWN_ROUNDS  200
#define SKILLS      128
#define OFFERS_EACH 3
#define NEEDS_EACH  4 /* a quarter */
#define GAINS       3

#define GOAL_SHEET_S 1.0
#define GOAL_OWN_S   0.001

/* The window, and what else the figures are made of, as a server has it at hand. */
struct window {
    size_t orgs, n;
    struct help *help;
    bool *member;
    int64_t *positions; /* orgs + 1: the pool's is the last */
    int64_t *recently;  /* received in the last half year */
    int64_t *fte100;
    struct skill_offer *offers;
    bool requested[SKILLS];
    struct fill others, fragile;
    struct deficit_org *quarter; /* what each can give in a quarter */
    struct deficit_need *needs;
    struct deficit_offer *offered; /* each once */
    size_t n_needs, n_offered;
    /* Room for the answers. */
    struct flow *flows;
    struct dependency_sum *providers;
    struct burden *burdens;
    int64_t *given, *received, *scratch;
};

static uint64_t draw_state;

static uint32_t draw(size_t below)
{
    draw_state = draw_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((draw_state >> 33) % below);
}

static int by_pair(const void *a, const void *b)
{
    const struct help *x = a, *y = b;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return x->to < y->to ? -1 : x->to > y->to;
}

static void merge(struct window *w)
{
    size_t n = 0;
    qsort(w->help, w->n, sizeof *w->help, by_pair);
    for (size_t i = 0; i < w->n; i++) {
        const struct help *h = &w->help[i];
        if (n > 0 && by_pair(&w->help[n - 1], h) == 0) {
            w->help[n - 1].minutes += h->minutes;
            w->help[n - 1].gift += h->gift;
            w->help[n - 1].pooled += h->pooled;
            w->help[n - 1].count += h->count;
        } else {
            w->help[n++] = *h;
        }
    }
    w->n = n;
}

/* Who gives is drawn from the lower numbers twice as often as from the upper half; half an hour to
 * four hours; every tenth is a gift, and of every fifth the pool pays a half. */
static void draw_help(struct window *w, size_t exchanges)
{
    for (w->n = 0; w->n < exchanges;) {
        uint32_t from = draw(3) > 0 ? draw(w->orgs / 2 + 1) : draw(w->orgs), to = draw(w->orgs);
        struct help help = {from, to, 30 + 30 * draw(8), 0, 0, 1};
        if (from == to)
            continue;
        if (w->n % 10 == 0)
            help.gift = help.minutes;
        else if (w->n % 5 == 1)
            help.pooled = help.minutes / 2;
        w->help[w->n++] = help;
    }
    merge(w);
}

/* Whether a skill was drawn for an organisation before, of those from `first` on. */
static bool needed_already(const struct window *w, size_t first, uint32_t skill)
{
    for (size_t k = first; k < w->n_needs; k++) {
        if (w->needs[k].skill == skill)
            return true;
    }
    return false;
}

static bool offered_already(const struct window *w, size_t first, uint32_t skill)
{
    for (size_t k = first; k < w->n_offered; k++) {
        if (w->offered[k].skill == skill)
            return true;
    }
    return false;
}

/* A quarter's needs, one hour to eight each. */
static void draw_quarter(struct window *w)
{
    for (uint32_t i = 0; i < w->orgs; i++) {
        size_t needs = w->n_needs, offers = w->n_offered;
        w->quarter[i] = (struct deficit_org){i, 60 * (4 + draw(60))};
        for (size_t k = 0; k < NEEDS_EACH; k++) {
            uint32_t skill = draw(SKILLS);
            if (!needed_already(w, needs, skill))
                w->needs[w->n_needs++] = (struct deficit_need){i, skill, 60 * (1 + draw(8))};
        }
        for (size_t k = 0; k < OFFERS_EACH; k++) {
            uint32_t skill = w->offers[i * OFFERS_EACH + k].skill;
            if (!offered_already(w, offers, skill))
                w->offered[w->n_offered++] = (struct deficit_offer){i, skill};
        }
    }
}

static void draw_rest(struct window *w)
{
    for (size_t i = 0; i < w->n; i++) {
        const struct help *h = &w->help[i];
        int64_t kept = h->minutes - h->gift;
        w->positions[h->from] += kept;
        w->positions[h->to] -= kept - h->pooled;
        w->positions[w->orgs] -= h->pooled;
        w->recently[h->to] += h->minutes / 2;
    }
    for (size_t i = 0; i < w->orgs; i++) {
        w->member[i] = true;
        w->fte100[i] = 50 * (1 + draw(40));
        for (size_t k = 0; k < OFFERS_EACH; k++)
            w->offers[i * OFFERS_EACH + k] = (struct skill_offer){draw(SKILLS), (uint32_t)i};
    }
    for (size_t s = 0; s < SKILLS; s++)
        w->requested[s] = draw(4) > 0;
    draw_quarter(w);
    w->others = (struct fill){9600000, 9000000};
    w->fragile = (struct fill){2400000, 1900000};
}

static bool window_new(struct window *w, size_t orgs, size_t exchanges)
{
    *w = (struct window){.orgs = orgs};
    w->help = calloc(exchanges, sizeof *w->help);
    w->flows = calloc(exchanges, sizeof *w->flows);
    w->member = calloc(orgs, sizeof *w->member);
    w->positions = calloc(orgs + 1, sizeof *w->positions);
    w->recently = calloc(orgs, sizeof *w->recently);
    w->fte100 = calloc(orgs, sizeof *w->fte100);
    w->offers = calloc(orgs * OFFERS_EACH, sizeof *w->offers);
    w->quarter = calloc(orgs, sizeof *w->quarter);
    w->needs = calloc(orgs * NEEDS_EACH, sizeof *w->needs);
    w->offered = calloc(orgs * OFFERS_EACH, sizeof *w->offered);
    w->providers = calloc(orgs, sizeof *w->providers);
    w->burdens = calloc(orgs, sizeof *w->burdens);
    w->given = calloc(orgs, sizeof *w->given);
    w->received = calloc(orgs, sizeof *w->received);
    w->scratch = calloc(orgs, sizeof *w->scratch);
    if (!w->help || !w->flows || !w->member || !w->positions || !w->recently || !w->fte100 ||
        !w->offers || !w->quarter || !w->needs || !w->offered || !w->providers || !w->burdens ||
        !w->given || !w->received || !w->scratch)
        return false;
    draw_state = 1;
    draw_help(w, exchanges);
    draw_rest(w);
    return true;
}

static void window_free(struct window *w)
{
    free(w->help);
    free(w->flows);
    free(w->member);
    free(w->positions);
    free(w->recently);
    free(w->fte100);
    free(w->offers);
    free(w->quarter);
    free(w->needs);
    free(w->offered);
    free(w->providers);
    free(w->burdens);
    free(w->given);
    free(w->received);
    free(w->scratch);
}

/* --- What is measured ------------------------------------------------------------------------- */

/* The figures of every organisation on a layer, and those that need no more than sums. Counts the
 * known ones, so that nothing can be left out. */
static size_t measure_sums(struct window *w, enum layer layer)
{
    size_t n = layer_flows(w->help, w->n, layer, w->flows), known = 0;
    int64_t minutes = 0;
    reciprocity_totals(w->flows, n, w->given, w->received, w->orgs);
    reciprocity_dependency_sums(w->flows, n, w->providers, w->orgs);
    for (size_t i = 0; i < w->orgs; i++) {
        minutes += w->given[i];
        known += reciprocity_exchange_index(w->given[i], w->received[i]).known;
        known += reciprocity_dependency(&w->providers[i]).known;
        w->burdens[i] = burden_of(w->given[i], w->fte100[i]);
    }
    known += reciprocity_displaced_share(w->given, w->received, w->orgs).known;
    known += reciprocity_direct(w->flows, n).known;
    known += reciprocity_concentration(w->given, w->orgs).known;
    known += reciprocity_concentration(w->received, w->orgs).known;
    known += burden_spread_of(w->burdens, w->orgs, w->scratch).gini.known;
    known += turnover_of(minutes, w->positions, w->orgs + 1).known;
    known += turnover_dormant(w->positions, w->recently, w->orgs).known;
    known += layer_solidarity(w->help, w->n).known;
    return known;
}

static size_t measure_round(struct window *w, enum layer layer)
{
    size_t n = layer_flows(w->help, w->n, layer, w->flows);
    return circulation_share(w->flows, n, w->orgs).known;
}

static size_t measure_one_way(struct window *w, enum layer layer)
{
    size_t n = layer_flows(w->help, w->n, layer, w->flows);
    struct ratio ratio;
    return one_way(w->flows, n, w->orgs, &ratio) && ratio.known;
}

static size_t measure_core(struct window *w, enum layer layer)
{
    size_t n = layer_flows(w->help, w->n, layer, w->flows), core;
    return components_core(w->flows, n, w->orgs, &core) && core > 0;
}

/* Of no layer, so once. */
static size_t measure_deficit(struct window *w, enum layer layer)
{
    const struct deficit_input input = {w->quarter, w->orgs, w->needs, w->n_needs, w->offered,
                                        w->n_offered};
    struct deficit_result result;
    if (layer != LAYER_HELP)
        return 1;
    deficit_find(&input, GAINS, &result);
    size_t known = result.asked > 0;
    deficit_free(&result);
    return known;
}

/* One layer's part of the sheet; what is not of a layer goes with the first. */
static size_t measure_sheet(struct window *w, enum layer layer)
{
    struct layer_figures figures;
    size_t known = measure_sums(w, layer);
    if (!figures_of_layer(w->help, w->n, w->member, w->orgs, layer, &figures))
        return 0;
    known += figures.round.known && figures.one_way.known && figures.core.known;
    if (layer == LAYER_HELP) {
        struct skill_hold holds[SKILLS];
        known += skills_hanging(w->offers, w->orgs * OFFERS_EACH, w->requested, holds, SKILLS);
        known += fill_gap(&w->others, &w->fragile).known;
        known += measure_deficit(w, layer);
    }
    return known;
}

typedef size_t measure(struct window *w, enum layer layer);

static double best_of(measure *what, struct window *w)
{
    double best = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        double start = bench_cpu_s();
        for (enum layer layer = LAYER_HELP; layer < LAYERS; layer++) {
            if (what(w, layer) == 0) {
                fprintf(stderr, "bench: nothing is known of the network\n");
                return -1;
            }
        }
        double took = bench_cpu_s() - start;
        best = round == 0 || took < best ? took : best;
    }
    return best;
}

static double time_own(const struct window *w)
{
    const struct line line = {.floor = 1200, .ceiling = 2400, .hard_floor = 1800};
    size_t known = 0;
    double start = bench_cpu_s();
    for (size_t i = 0; i < OWN_ROUNDS; i++) {
        uint32_t org = (uint32_t)(i * 7919 % w->orgs);
        struct own_sums sums;
        struct own_figures own;
        figures_own_sums(w->help, w->n, org, &sums);
        figures_own(&line, w->positions[org], w->fte100[org], &sums, &own);
        known += own.line_use.known && own.burden.known;
    }
    return known == OWN_ROUNDS ? (bench_cpu_s() - start) / OWN_ROUNDS : -1;
}

bool metrics_measure(size_t orgs, size_t exchanges, struct metrics_result *out)
{
    struct window w;
    bool ok = window_new(&w, orgs, exchanges);
    *out = (struct metrics_result){0};
    if (ok) {
        out->pairs = w.n;
        out->sums = best_of(measure_sums, &w);
        out->round = best_of(measure_round, &w);
        out->one_way = best_of(measure_one_way, &w);
        out->core = best_of(measure_core, &w);
        out->deficit = best_of(measure_deficit, &w);
        out->sheet = best_of(measure_sheet, &w);
        out->own = time_own(&w);
        ok = out->sums >= 0 && out->round >= 0 && out->one_way >= 0 && out->core >= 0 &&
             out->deficit >= 0 && out->sheet >= 0 && out->own >= 0;
    }
    window_free(&w);
    return ok;
}

static void show(const char *what, double seconds, double goal)
{
    printf("  %-56s %9.3f ms", what, seconds * 1000);
    if (goal > 0)
        printf("   goal %g ms: %s", goal * 1000, seconds <= goal ? "reached" : "MISSED");
    putchar('\n');
}

bool metrics_show(size_t orgs, size_t exchanges)
{
    struct metrics_result r;
    if (!metrics_measure(orgs, exchanges, &r))
        return false;
    printf("\nreciprocity of %zu organisations, %zu exchanges between %zu pairs, both layers, one "
           "core\n", orgs, exchanges, r.pairs);
    show("sums: M2 to M5, M8, M8b, M11 to M13, of all", r.sums, 0);
    show("M6, what comes round", r.round, 0);
    show("M7, one-wayness", r.one_way, 0);
    show("M15, the core", r.core, 0);
    show("M14, the structural deficit, and offers that would help", r.deficit, 0);
    show("the coordinator's sheet", r.sheet, GOAL_SHEET_S);
    show("one organisation's own figures", r.own, GOAL_OWN_S);
    return true;
}
