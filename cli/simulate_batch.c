/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/simulate_batch.h"

#include <stdlib.h>

#include "cli/i18n.h"

/* Memory for one world at a time, which grows with the largest. */
struct room {
    struct sim_org orgs[SIM_ORGS_MAX];
    struct sim_request *requests;
    size_t max_requests;
    void *memory;
    size_t bytes;
    struct batch_world world;
};

static void room_free(struct room *room)
{
    if (room != NULL) {
        free(room->requests);
        free(room->memory);
        free(room);
    }
}

/* 0 when drawn, CTL_FAILED after a message. */
static int draw(struct room *room, const struct sim_setting *setting, uint64_t seed,
                struct sim_world *world)
{
    while (!sim_draw(world, setting, seed, room->orgs, SIM_ORGS_MAX, room->requests,
                     room->max_requests)) {
        if (world->n_orgs > SIM_ORGS_MAX || world->n_requests > SIM_REQUESTS_MAX) {
            return fail(CTL_FAILED, _("a world of this setting has more than %d organisations or "
                                      "%d requests"), SIM_ORGS_MAX, SIM_REQUESTS_MAX);
        }
        size_t more = world->n_requests + world->n_requests / 4;
        struct sim_request *grown = realloc(room->requests, more * sizeof *grown);
        if (grown == NULL) {
            return fail(CTL_FAILED, _("not enough memory"));
        }
        room->requests = grown;
        room->max_requests = more;
    }
    return CTL_OK;
}

static int play(struct room *room, const struct batch *batch, uint64_t seed)
{
    struct sim_world world;
    struct sim_run run;
    int rc = CTL_OK;

    if (batch->given == NULL) {
        rc = draw(room, &batch->setting, seed, &world);
    } else {
        world = *batch->given;
        world.seed = seed;
    }
    if (rc != CTL_OK) {
        return rc;
    }
    size_t bytes = sim_run_bytes(world.n_orgs, world.n_requests);
    if (bytes > room->bytes) {
        free(room->memory);
        room->memory = malloc(bytes);
        room->bytes = room->memory != NULL ? bytes : 0;
    }
    if (room->memory == NULL) {
        return fail(CTL_FAILED, _("not enough memory"));
    }
    sim_run_place(&run, room->memory, world.n_orgs, world.n_requests);
    room->world.seed = seed;
    for (int row = 0; row < BATCH_ROWS; row++) {
        struct sim_figures *figures = &room->world.figures[row];
        if (!batch->wanted[row]) {
            continue;
        }
        simulate_run(&run, &room->world.outcome[row], &world, &batch->rules[row]);
        sim_figures_of(figures, &run, &room->world.outcome[row], &world, &batch->rules[row]);
        if (batch->layers && !sim_layers_of(figures, &run, &world)) {
            return fail(CTL_FAILED, _("not enough memory"));
        }
    }
    return CTL_OK;
}

int batch_draw(const struct sim_setting *setting, uint64_t seed,
               void (*take)(void *context, const struct sim_world *world), void *context)
{
    struct room *room = calloc(1, sizeof *room);
    struct sim_world world;

    if (room == NULL) {
        return fail(CTL_FAILED, _("not enough memory"));
    }
    int rc = draw(room, setting, seed, &world);
    if (rc == CTL_OK) {
        take(context, &world);
    }
    room_free(room);
    return rc;
}

int batch_run(const struct batch *batch,
              void (*each)(void *context, const struct batch_world *world), void *context)
{
    struct room *room = calloc(1, sizeof *room);
    int rc = CTL_OK;

    if (room == NULL) {
        return fail(CTL_FAILED, _("not enough memory"));
    }
    for (int64_t k = 0; k < batch->seeds && rc == CTL_OK; k++) {
        rc = play(room, batch, batch->seed + (uint64_t)k);
        if (rc == CTL_OK) {
            each(context, &room->world);
        }
    }
    room_free(room);
    return rc;
}
