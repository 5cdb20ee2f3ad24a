/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the parts of the simulator share while a world is played: the ways of choosing in
 * simulate.c, one request at a time, and in simulate_batch.c, a week at once. */
#ifndef POLICIES_SIMULATE_PLAY_H
#define POLICIES_SIMULATE_PLAY_H

#include "policies/random.h"
#include "policies/simulate.h"

struct sim_play {
    struct sim_run *run;
    struct sim_outcome *out;
    const struct sim_world *world;
    const struct sim_rules *rules;
    int32_t week;
    int64_t pool_spent; /* since the last closing */
    int64_t burden_given, burden_capacity; /* totals, for the guard */
};

/* Whether an organisation is there in this week. */
bool sim_present(const struct sim_play *p, uint32_t org);

/* Weeks since the request was made. */
int32_t sim_waited(const struct sim_play *p, const struct sim_request *r);

/* The stream of a request's chances in this week. */
void sim_chances(const struct sim_play *p, const struct sim_request *r, struct random *random);

/* Who has the skill, is there and is free, into run->candidate; one number is drawn for everybody
 * who has it, so that the rules do not move who is free. */
size_t sim_free(const struct sim_play *p, const struct sim_request *r, struct random *random);

/* What the pool may carry between two closings. */
int64_t sim_pool_budget(const struct sim_play *p);

/* Figures of the asker's class. */
struct sim_tally *sim_asker(const struct sim_play *p, const struct sim_request *r);

/* Moves minutes from giver to asker; the pool carries `pooled` of them. */
void sim_post(struct sim_play *p, const struct sim_request *r, uint32_t giver, int64_t minutes,
              int64_t pooled);
/* Counts a request as served, or, once it may not wait any longer, as lost: then true. */
void sim_served(struct sim_play *p, const struct sim_request *r);
bool sim_lost(struct sim_play *p, const struct sim_request *r, bool floor);

/* Proposes for all n waiting requests at once (policies/matching.h), all proposals taken. Returns
 * how many go on waiting, in front of run->waiting. */
size_t sim_try_batch(struct sim_play *p, size_t n);

#endif
