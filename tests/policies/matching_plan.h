/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A batch of matching under construction, for the tests of it: three tables say what is particular
 * to organisations, offers and needs. Each file of tests has its own; `start` and `end` belong to
 * its suite.
 */
#ifndef SEM_TESTS_POLICIES_MATCHING_PLAN_H
#define SEM_TESTS_POLICIES_MATCHING_PLAN_H

#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "policies/matching.h"

#define HOUR 60
#define ROOM 12

/* The batch under construction. Ids count from 1, in the order in which things are added. */
static struct plan {
    struct match_input in;
    struct match_org orgs[ROOM];
    struct match_offer offers[ROOM];
    uint32_t givers[ROOM][ROOM];
    struct match_need needs[ROOM];
    struct match_pair pairs[ROOM];
    struct match_bar bars[ROOM];
    struct match_conflict conflicts[ROOM];
    struct match_result result;
} p;

static inline void end(void)
{
    match_free(&p.result);
}

/* Before each test, and in one before each further batch that begins with nothing. */
static inline void start(void)
{
    end();
    memset(&p, 0, sizeof p);
    p.in = (struct match_input){
        .rules = {.quantum = 30, .piece_minutes = 120, .pair_cap_minutes = 720,
                  .pair_cap_permille = 400, .pair_price = 25000, .pool_minutes = 600,
                  .weight = 1},
        .orgs = p.orgs, .offers = p.offers, .needs = p.needs, .pairs = p.pairs,
        .bars = p.bars, .conflicts = p.conflicts,
    };
}

/* What is particular to an organisation, an offer and a need; the rest is set through org() etc. */
struct stands {
    int64_t position, capacity;
};
struct offers {
    uint32_t giver, skill;
};
struct asks {
    uint32_t org, skill;
    int64_t minutes;
};

#define ROWS(type, ...) \
    (const type[]){__VA_ARGS__}, sizeof((const type[]){__VA_ARGS__}) / sizeof(type)
#define ORGS(...)   add_orgs(ROWS(struct stands, __VA_ARGS__))
#define OFFERS(...) add_offers(ROWS(struct offers, __VA_ARGS__))
#define NEEDS(...)  add_needs(ROWS(struct asks, __VA_ARGS__))

static inline void add_orgs(const struct stands *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t id = (uint32_t)p.in.n_orgs + 1;

        p.orgs[p.in.n_orgs++] = (struct match_org){
            .id = id, .position = v[i].position, .line = {1200, 2400, 1800},
            .capacity = v[i].capacity, .burden = -1, .tie = id};
    }
}

static inline void add_offers(const struct offers *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t at = p.in.n_offers++;

        p.givers[at][0] = v[i].giver;
        p.offers[at] = (struct match_offer){.id = (uint32_t)at + 1,
                                            .what = {.skill = v[i].skill, .from_day = INT32_MIN,
                                                     .until_day = INT32_MAX},
                                            .givers = p.givers[at], .n_givers = 1};
    }
}

static inline void add_needs(const struct asks *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t at = p.in.n_needs++;

        p.needs[at] = (struct match_need){.id = (uint32_t)at + 1, .org = v[i].org,
                                          .what = {.skill = v[i].skill, .from_day = INT32_MIN,
                                                   .until_day = INT32_MAX},
                                          .minutes = v[i].minutes, .class = 3,
                                          .since = (int64_t)at};
    }
}

static inline struct match_org *org(uint32_t id)
{
    return &p.orgs[id - 1];
}

static inline struct match_offer *offer(uint32_t id)
{
    return &p.offers[id - 1];
}

static inline struct match_need *need(uint32_t id)
{
    return &p.needs[id - 1];
}

static inline void joint(uint32_t id, uint32_t giver)
{
    p.givers[id - 1][offer(id)->n_givers++] = giver;
}

/* Also again, after a change. */
static inline void run(void)
{
    match_free(&p.result);
    match_batch(&p.in, &p.result);
}

/* Minutes proposed for a need by a giver; any giver: 0. */
static inline int64_t given(uint32_t need_id, uint32_t giver)
{
    int64_t sum = 0;

    for (size_t i = 0; i < p.result.n_proposals; i++)
        if (p.result.proposals[i].need == need_id &&
            (giver == 0 || p.result.proposals[i].giver == giver))
            sum += p.result.proposals[i].minutes;
    return sum;
}

static inline int64_t pooled(uint32_t need_id)
{
    int64_t sum = 0;

    for (size_t i = 0; i < p.result.n_proposals; i++)
        if (p.result.proposals[i].need == need_id)
            sum += p.result.proposals[i].pool_minutes;
    return sum;
}

static inline int64_t position_after(uint32_t id)
{
    for (size_t i = 0; i < p.result.n_proposals; i++) {
        if (p.result.proposals[i].giver == id)
            return p.result.proposals[i].giver_after;
        if (p.result.proposals[i].receiver == id)
            return p.result.proposals[i].receiver_after;
    }
    return org(id)->position;
}

static inline void expect_left(uint32_t need_id, int64_t minutes, enum match_left_why why)
{
    for (size_t i = 0; i < p.result.n_left; i++)
        if (p.result.left[i].need == need_id) {
            cr_expect_eq(p.result.left[i].minutes, minutes, "need %u: %" PRId64 " left", need_id,
                         p.result.left[i].minutes);
            cr_expect_eq(p.result.left[i].why, why, "need %u: why %d, not %d", need_id,
                         (int)p.result.left[i].why, (int)why);
            return;
        }
    cr_expect_fail("need %u is served in full", need_id);
}

#endif
