/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* World files: organisations and dated requests that were not drawn (SPEC 20.5). */
#ifndef SEM_CLI_SIMULATE_WORLD_H
#define SEM_CLI_SIMULATE_WORLD_H

#include <jansson.h>

#include "cli/options.h"
#include "policies/simulate_draw.h"

/* A world and what it borrows. */
struct given_world {
    struct sim_world world;
    struct sim_org *orgs;
    struct sim_request *requests;
};

/* Reads a world file; behaviour (who is free, refuses, waits) comes from the setting. Prints what
 * is wrong and marks the arguments as bad. */
void given_world_read(struct args *a, const char *path, const struct sim_setting *setting,
                      struct given_world *out);
void given_world_free(struct given_world *given);

/* A world as such a file; the caller releases it. */
json_t *world_json(const struct sim_world *world, int64_t n_skills);

#endif
