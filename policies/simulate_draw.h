/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Worlds drawn by chance from a setting: who is there, what each can give, who asks for what.
 *
 * The same setting and seed give the same world, whatever rules it is then played under.
 * Pure functions, any thread; the caller gives the memory. */
#ifndef POLICIES_SIMULATE_DRAW_H
#define POLICIES_SIMULATE_DRAW_H

#include "policies/simulate.h"

#define SIM_SIZES_MAX 16

/* How many minutes a request asks for, and how often. */
struct sim_size {
    int64_t minutes; /* 1..SIM_MINUTES_MAX */
    int64_t weight;  /* 0..1000000, not all 0 */
};

/* The organisations of a class. */
struct sim_kind {
    int64_t orgs;
    int64_t skills;      /* different ones each can give; at most n_skills */
    int64_t needs_milli; /* thousandths of a request in a week */
    int64_t capacity;    /* minutes to give in a week */
    struct sim_size sizes[SIM_SIZES_MAX];
    size_t n_sizes;
};

struct sim_setting {
    struct sim_kind kinds[SIM_CLASSES];
    int64_t n_skills; /* 1..SIM_SKILLS_MAX */
    int64_t skill_weight[SIM_SKILLS_MAX]; /* how often each is asked for; 0..1000000, not all 0 */
    int64_t weeks;
    int64_t free_permille;
    int64_t refuse_permille;
    int64_t patience;
    int64_t never_ask_permille;  /* share of all organisations that never ask */
    int64_t never_give_permille; /* share that has nothing to give */
    int64_t urgent_permille;     /* share of requests that are declared urgent */
    int64_t season_permille;     /* needs swing by this share either way within a year */
    int64_t leave_permille;      /* share that leaves in a year, each replaced by a newcomer */
};
#define SIM_NEEDS_MILLI_MAX 4000 /* twice that, at the height of the season, is drawn at once */

/* The setting of the reference experiment: 40 organisations, two years. Needs of the fragile and
 * availability are those of its first column: 0.5 a week, and free half of the time. */
void sim_setting_default(struct sim_setting *setting);

/* The same shares of the classes for another number of organisations, by largest remainder. */
void sim_setting_resize(struct sim_setting *setting, int64_t orgs);

/* NULL, or what is out of range in the setting: a member's name. */
const char *sim_setting_wrong(const struct sim_setting *setting);

/* Draws a sound setting's organisations and requests into the arrays, whose lengths are max_orgs
 * and max_requests. False if they do not fit; both numbers then say how many there are at least.
 * world borrows the arrays. */
bool sim_draw(struct sim_world *world, const struct sim_setting *setting, uint64_t seed,
              struct sim_org *orgs, size_t max_orgs, struct sim_request *requests,
              size_t max_requests);

#endif
