/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/simulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/limits.h"
#include "policies/simulate_rows.h"

#define LINE      1200
#define WORLDS    200
#define GOAL_S    20.0 /* 200 worlds under all rules, as `semctl simulate experiment` plays them */

struct room {
    struct sim_org orgs[SIM_ORGS_MAX];
    struct sim_request *requests;
    size_t max_requests;
    void *memory;
    struct sim_outcome outcome;
};

static double since(double *mark)
{
    double now = bench_cpu_s(), passed = now - *mark;
    *mark = now;
    return passed;
}

static bool draw(struct room *room, const struct sim_setting *setting, uint64_t seed,
                 struct sim_world *world)
{
    while (!sim_draw(world, setting, seed, room->orgs, SIM_ORGS_MAX, room->requests,
                     room->max_requests)) {
        struct sim_request *grown = realloc(room->requests, world->n_requests * 2 * sizeof *grown);
        if (grown == NULL)
            return false;
        room->requests = grown;
        room->max_requests = world->n_requests * 2;
    }
    return true;
}

static bool play(struct room *room, const struct sim_world *world, bool layers,
                 struct simulate_result *out)
{
    struct sim_run run;
    struct sim_figures figures;
    size_t bytes = sim_run_bytes(world->n_orgs, world->n_requests);
    void *memory = realloc(room->memory, bytes);
    if (memory == NULL)
        return false;
    room->memory = memory;
    out->bytes = (double)bytes;
    sim_run_place(&run, memory, world->n_orgs, world->n_requests);
    for (enum sim_row row = 0; row < SIM_ROWS; row++) {
        struct sim_rules rules;
        sim_row_rules(&rules, row, LINE, 1000);
        double mark = bench_cpu_s();
        simulate_run(&run, &room->outcome, world, &rules);
        out->run_s += since(&mark);
        sim_figures_of(&figures, &run, &room->outcome, world, &rules);
        out->figures_s += since(&mark);
        if (layers && !sim_layers_of(&figures, &run, world))
            return false;
        out->layers_s += since(&mark);
    }
    return true;
}

bool simulate_measure(int64_t orgs, int64_t worlds, bool layers, struct simulate_result *out)
{
    struct room *room = calloc(1, sizeof *room);
    struct sim_setting setting;
    bool ok = room != NULL;
    memset(out, 0, sizeof *out);
    sim_setting_default(&setting);
    sim_setting_resize(&setting, orgs);
    for (int64_t k = 0; k < worlds && ok; k++) {
        struct sim_world world;
        double mark = bench_cpu_s();
        ok = draw(room, &setting, (uint64_t)k + 1, &world);
        out->draw_s += since(&mark);
        ok = ok && play(room, &world, layers, out);
        out->requests += ok ? (double)world.n_requests / (double)worlds : 0;
    }
    if (room != NULL) {
        free(room->requests);
        free(room->memory);
    }
    free(room);
    double runs = (double)(worlds * SIM_ROWS);
    out->draw_s /= (double)worlds;
    out->run_s /= runs;
    out->figures_s /= runs;
    out->layers_s /= runs;
    return ok;
}

static bool growth(void)
{
    static const int64_t sizes[] = {10, 40, 100, 300};
    printf("\nsimulation: two years under one set of rules, CPU\n"
           "%14s %9s %9s %9s %9s %12s %9s\n", "organisations", "requests", "draw ms", "run ms",
           "figures", "M3-M7, ms", "MiB");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct simulate_result r;
        if (!simulate_measure(sizes[i], sizes[i] < 300 ? 4 : 1, true, &r))
            return false;
        printf("%14lld %9.0f %9.2f %9.2f %9.3f %12.2f %9.2f\n", (long long)sizes[i], r.requests,
               1e3 * r.draw_s, 1e3 * r.run_s, 1e3 * r.figures_s, 1e3 * r.layers_s,
               r.bytes / 1048576);
    }
    return true;
}

bool simulate_show(bool full)
{
    struct simulate_result r;
    if (!growth())
        return false;
    if (!full)
        return true;
    if (!simulate_measure(40, WORLDS, false, &r))
        return false;
    double all = WORLDS * (r.draw_s + SIM_ROWS * (r.run_s + r.figures_s));
    printf("%d worlds of 40 under %d sets of rules: %.2f s of CPU; goal %.0f s: %s\n", WORLDS,
           SIM_ROWS, all, GOAL_S, all <= GOAL_S ? "reached" : "missed");
    return true;
}
