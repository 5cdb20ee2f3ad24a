/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "policies/matching.h"
#include "policies/simulate_play.h"

#define QUANTUM    30
#define PIECE      120
#define PAIR_PRICE 25000
/* No limit: wider than any position of a simulation, and still an amount of the matching. */
#define WIDE (MATCH_MINUTES_MAX / 4)

/* The lists of one batch. Offers are numbered org * SIM_SKILLS_MAX + skill, needs by request. */
struct batch {
    struct match_org *orgs;
    struct match_offer *offers;
    struct match_need *needs;
    struct match_pair *pairs;
    struct match_bar *bars;
    uint32_t *ids; /* 0..n-1: the givers of the offers */
    struct match_input in;
};

static void *list(size_t n, size_t size)
{
    void *at = calloc(n + 1, size);

    assert(at != NULL);
    return at;
}

static void batch_free(struct batch *b)
{
    free(b->orgs);
    free(b->offers);
    free(b->needs);
    free(b->pairs);
    free(b->bars);
    free(b->ids);
}

static void rules_of(const struct sim_play *p, struct match_rules *out)
{
    const struct sim_rules *rules = p->rules;
    int64_t left = rules->pool_cap == SIM_NO_CAP ? WIDE : sim_pool_budget(p) - p->pool_spent;

    *out = (struct match_rules){
        .quantum = QUANTUM,
        .piece_minutes = PIECE,
        .pair_cap_minutes = rules->pair_cap_minutes,
        .pair_cap_permille = rules->pair_cap_permille > 0 ? rules->pair_cap_permille : 1000,
        .pair_price = rules->pair_cap_permille > 0 ? PAIR_PRICE : 0,
        .pool_minutes = !rules->pool || left < 0 ? 0 : left,
        .weight = rules->document != NULL ? 0 : 1,
    };
}

static struct line line_of(const struct sim_play *p, uint32_t org)
{
    struct line line;

    sim_line_of(&line, p->run, p->rules, org);
    if (!p->rules->floor)
        line.floor = line.hard_floor = WIDE;
    if (p->rules->ceiling == SIM_NO_CEILING)
        line.ceiling = WIDE;
    return line;
}

/* Burden is what was given per hour of weekly capacity. */
static int64_t burden_of(const struct sim_play *p, uint32_t org)
{
    int64_t capacity = p->world->orgs[org].capacity;

    return p->rules->burden_guard && capacity > 0 ? 1000 * p->run->given[org] / capacity : -1;
}

static void fill_orgs(const struct sim_play *p, struct batch *b)
{
    uint64_t week = random_stream(p->world->seed, UINT64_MAX - 2 - (uint64_t)p->week);

    for (uint32_t i = 0; i < p->world->n_orgs; i++) {
        const struct sim_org *o = &p->world->orgs[i];
        b->orgs[i] = (struct match_org){.id = i,
                                        .position = p->run->position[i],
                                        .line = line_of(p, i),
                                        .capacity = sim_present(p, i) ? o->capacity : 0,
                                        .received = p->run->received[i],
                                        .fragile = o->class == SIM_FRAGILE,
                                        .burden = burden_of(p, i),
                                        .tie = random_stream(week, i)};
        b->ids[i] = i;
        for (uint32_t s = 0; s < SIM_SKILLS_MAX; s++)
            if ((o->skills >> s & 1) != 0)
                b->offers[b->in.n_offers++] =
                    (struct match_offer){.id = i * SIM_SKILLS_MAX + s,
                                         .what = {.skill = s,
                                                  .from_day = INT32_MIN,
                                                  .until_day = INT32_MAX},
                                         .givers = &b->ids[i],
                                         .n_givers = 1};
    }
    b->in.n_orgs = p->world->n_orgs;
}

static void fill_pairs(const struct sim_play *p, struct batch *b)
{
    size_t n = p->world->n_orgs;

    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < n; j++)
            if (p->run->helped[i * n + j] > 0)
                b->pairs[b->in.n_pairs++] =
                    (struct match_pair){i, j, p->run->helped[i * n + j]};
}

/* A need, and bars against everybody who has the skill and is not free, or would say no. */
static void fill_need(const struct sim_play *p, struct batch *b, uint32_t request)
{
    const struct sim_request *r = &p->world->requests[request];
    bool fragile = p->world->orgs[r->org].class == SIM_FRAGILE;
    int32_t waited = sim_waited(p, r) * SIM_DAYS_A_WEEK;
    struct random random;
    size_t n, at = 0;

    b->needs[b->in.n_needs++] = (struct match_need){
        .id = request,
        .org = r->org,
        .what = {.skill = r->skill, .from_day = INT32_MIN, .until_day = INT32_MAX},
        .minutes = r->minutes,
        .class = p->rules->fragile_first ? match_class(r->urgent, fragile, false, waited) : 3,
        .urgent = r->urgent,
        .fragile = fragile,
        .pool_permille = r->urgent ? p->rules->pool_urgent_permille
                         : fragile ? p->rules->pool_permille
                                   : 0,
        .since = r->day,
    };
    sim_chances(p, r, &random);
    (void)random_permille(&random, 0); /* the one that the pool takes elsewhere */
    n = sim_free(p, r, &random);
    for (uint32_t j = 0; j < p->world->n_orgs; j++) {
        bool free_now = at < n && p->run->candidate[at] == j;
        at += free_now;
        if ((p->world->orgs[j].skills >> r->skill & 1) != 0 && j != r->org &&
            (!free_now || random_permille(&random, p->world->refuse_permille)))
            b->bars[b->in.n_bars++] = (struct match_bar){request, j};
    }
}

static void batch_fill(const struct sim_play *p, struct batch *b, size_t n_waiting)
{
    size_t n = p->world->n_orgs;

    memset(b, 0, sizeof *b);
    b->orgs = list(n, sizeof *b->orgs);
    b->ids = list(n, sizeof *b->ids);
    b->offers = list(n * SIM_SKILLS_MAX, sizeof *b->offers);
    b->needs = list(n_waiting, sizeof *b->needs);
    b->pairs = list(n * n, sizeof *b->pairs);
    b->bars = list(n * n_waiting, sizeof *b->bars);
    rules_of(p, &b->in.rules);
    fill_orgs(p, b);
    fill_pairs(p, b);
    for (size_t i = 0; i < n_waiting; i++)
        fill_need(p, b, p->run->waiting[i]);
    b->in.orgs = b->orgs;
    b->in.offers = b->offers;
    b->in.needs = b->needs;
    b->in.pairs = b->pairs;
    b->in.bars = b->bars;
}

/* What is left of a request, or NULL: lists of both stand in the order of their ids. */
static const struct match_left *left_of(const struct match_result *result, uint32_t request)
{
    for (size_t i = 0; i < result->n_left; i++)
        if (result->left[i].need == request)
            return &result->left[i];
    return NULL;
}

/* A request that is served in part does not wait for the rest: what was given counts as minutes,
 * and the request as lost. */
static bool served_in_part(const struct sim_play *p, const struct match_left *left)
{
    return left->minutes < p->world->requests[left->need].minutes;
}

size_t sim_try_batch(struct sim_play *p, size_t n)
{
    uint32_t *waiting = p->run->waiting;
    struct match_result result;
    struct batch b;
    size_t kept = 0;

    if (n == 0)
        return 0;
    batch_fill(p, &b, n);
    match_batch(&b.in, &result);
    for (size_t i = 0; i < result.n_proposals; i++) {
        const struct match_proposal *one = &result.proposals[i];
        sim_post(p, &p->world->requests[one->need], one->giver, one->minutes, one->pool_minutes);
    }
    for (size_t i = 0; i < n; i++) {
        const struct sim_request *r = &p->world->requests[waiting[i]];
        const struct match_left *left = left_of(&result, waiting[i]);
        bool floor = left != NULL &&
                     (left->why == MATCH_LEFT_FLOOR || left->why == MATCH_LEFT_POOL);
        if (left == NULL)
            sim_served(p, r);
        else if (served_in_part(p, left))
            *(floor ? &sim_asker(p, r)->at_floor : &sim_asker(p, r)->no_provider) += 1;
        else if (!sim_lost(p, r, floor))
            waiting[kept++] = waiting[i];
    }
    match_free(&result);
    batch_free(&b);
    return kept;
}
