/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/matching.h"
#include "tests/policies/matching_oracle.h"

#define INSTANCES 2000

static void expect_worth(const struct match_worth *found, const struct match_worth *best,
                         uint64_t seed)
{
    for (int k = 0; k < MATCH_CLASSES; k++)
        cr_assert_eq(found->served[k], best->served[k],
                     "seed %" PRIu64 " class %d: %" PRId64 ", not %" PRId64, seed, k,
                     found->served[k], best->served[k]);
    cr_assert_eq(found->uneven, best->uneven, "seed %" PRIu64 " uneven: %" PRId64 ", not %" PRId64,
                 seed, found->uneven, best->uneven);
    cr_assert_eq(found->ties, best->ties, "seed %" PRIu64 " ties: %" PRId64 ", not %" PRId64, seed,
                 found->ties, best->ties);
}

static struct match_worth solve(const struct match_input *in)
{
    struct match_result result;

    match_batch(in, &result);

    struct match_worth bound = result.bound;

    match_free(&result);
    return bound;
}

/* A limit binds when the best choice is worth something else without it. */
static bool pair_cap_binds(const struct toy *toy, const struct match_worth *best)
{
    struct match_input without = toy->in;

    without.rules.pair_cap_permille = 1000;

    struct match_worth worth = solve(&without);

    return match_compare(&worth, best) != 0;
}

static bool pool_binds(const struct toy *toy, const struct match_worth *best)
{
    struct match_input without = toy->in;

    without.rules.pool_minutes = 1000000;

    struct match_worth worth = solve(&without);

    return match_compare(&worth, best) != 0;
}

/* Only where weights do not depend on lines, so that nothing but the floor is different. */
static bool floor_binds(const struct toy *toy, const struct match_worth *best)
{
    struct match_org orgs[TOY_ORGS];
    struct match_input without = toy->in;

    if (toy->in.rules.weight == 0)
        return false;
    memcpy(orgs, toy->orgs, sizeof orgs);
    for (size_t i = 0; i < toy->in.n_orgs; i++)
        orgs[i].line.floor = orgs[i].line.hard_floor = 1000000;
    without.orgs = orgs;

    struct match_worth worth = solve(&without);

    return match_compare(&worth, best) != 0;
}

Test(matching_random, equals_trying_everything)
{
    struct toy *toy = malloc(sizeof *toy);
    int pair = 0, pool = 0, floor = 0, whole = 0;

    for (uint64_t seed = 1; seed <= INSTANCES; seed++) {
        struct match_result result;

        toy_seed(seed);
        toy_make(toy);

        struct match_worth best = toy_best(toy);

        match_batch(&toy->in, &result);
        expect_worth(&result.bound, &best, seed);
        toy_check(&toy->in, &result);
        pair += pair_cap_binds(toy, &best);
        pool += pool_binds(toy, &best);
        floor += floor_binds(toy, &best);
        whole += result.n_left == 0;
        match_free(&result);
    }
    printf("matching: %d batches equal to trying everything; binding: pair cap %d, pool budget %d, "
           "floor %d per mille; everything served in %d\n", INSTANCES, 1000 * pair / INSTANCES,
           1000 * pool / INSTANCES, 1000 * floor / INSTANCES, 1000 * whole / INSTANCES);
    cr_assert_geq(pair, INSTANCES * 3 / 10);
    cr_assert_geq(pool, INSTANCES * 3 / 10);
    cr_assert_geq(floor, INSTANCES * 3 / 10);
    free(toy);
}

/* --- Larger ones, with pieces of two hours ---------------------------------------------------- */

#define TOWN_ORGS 30
#define TOWN_NEEDS 60
#define TOWN_OFFERS 70

struct town {
    struct match_input in;
    struct match_org orgs[TOWN_ORGS];
    struct match_offer offers[TOWN_OFFERS];
    uint32_t givers[TOWN_OFFERS][3];
    struct match_need needs[TOWN_NEEDS];
    struct match_pair pairs[TOWN_ORGS];
};

static int64_t draw(uint64_t n)
{
    return (int64_t)toy_draw(n);
}

static struct match_what what(void)
{
    return (struct match_what){.skill = (uint32_t)draw(8), .from_day = INT32_MIN,
                               .until_day = INT32_MAX};
}

/* One draw a statement: what is drawn when must not depend on a compiler. */
static void town_org(struct match_org *org, size_t i)
{
    org->id = (uint32_t)(i * 7 % 31);
    org->line = (struct line){1200, 2400, 1800};
    org->position = draw(3000) - 1600;
    org->capacity = draw(700);
    org->received = 400 + draw(900);
    org->fragile = draw(3) == 0;
    org->volunteers = draw(2);
    org->burden = draw(900) - 1;
    org->tie = toy_draw(20);
}

static void town_need(struct match_need *need, const struct match_org *org, size_t i)
{
    need->id = (uint32_t)(i * 17 % 61);
    need->org = org->id;
    need->what = what();
    need->minutes = 20 + draw(500);
    need->urgent = draw(8) == 0;
    need->fragile = org->fragile;
    need->pool_permille = need->urgent ? 1000 : need->fragile ? 500 : 0;
    need->since = draw(9);
    need->order = org->id % 3;

    bool first_three = draw(3) == 0;

    need->class = match_class(need->urgent, need->fragile, first_three, draw(70));
}

static void make_town(struct town *t)
{
    memset(t, 0, sizeof *t);
    t->in = (struct match_input){
        .rules = {30, 120, 600, 400, 0, 0, 0},
        .orgs = t->orgs, .n_orgs = TOWN_ORGS,
        .offers = t->offers, .n_offers = TOWN_OFFERS,
        .needs = t->needs, .n_needs = TOWN_NEEDS,
        .pairs = t->pairs, .n_pairs = TOWN_ORGS,
    };
    t->in.rules.pair_price = draw(2) * 25000;
    t->in.rules.pool_minutes = draw(1200);
    t->in.rules.weight = draw(2);
    for (size_t i = 0; i < TOWN_ORGS; i++)
        town_org(&t->orgs[i], i);
    for (size_t i = 0; i < TOWN_ORGS; i++)
        t->pairs[i] = (struct match_pair){t->orgs[(i + 3) % TOWN_ORGS].id, t->orgs[i].id,
                                          draw(400)};
    for (size_t i = 0; i < TOWN_OFFERS; i++) {
        struct match_offer *offer = &t->offers[i];

        offer->id = (uint32_t)(i * 11 % 71);
        offer->what = what();
        offer->givers = t->givers[i];
        offer->n_givers = 1 + (size_t)toy_draw(10) / 8;
        offer->n_givers += (size_t)toy_draw(9) / 8;
        for (size_t k = 0; k < offer->n_givers; k++)
            t->givers[i][k] = t->orgs[(i * 5 + k * 9) % TOWN_ORGS].id;
    }
    for (size_t i = 0; i < TOWN_NEEDS; i++)
        town_need(&t->needs[i], &t->orgs[toy_draw(TOWN_ORGS)], i);
}

static void shuffle(void *array, size_t n, size_t size)
{
    char spare[256], *v = array;

    cr_assert_leq(size, sizeof spare);
    for (size_t i = n; i > 1; i--) {
        size_t k = toy_draw(i);

        memcpy(spare, v + k * size, size);
        memcpy(v + k * size, v + (i - 1) * size, size);
        memcpy(v + (i - 1) * size, spare, size);
    }
}

static void expect_same(const struct match_result *a, const struct match_result *b)
{
    cr_assert_eq(match_compare(&a->bound, &b->bound), 0);
    cr_assert_eq(match_compare(&a->reached, &b->reached), 0);
    cr_assert_eq(a->n_proposals, b->n_proposals);
    cr_assert_eq(a->n_others, b->n_others);
    cr_assert_eq(a->n_left, b->n_left);
    for (size_t i = 0; i < a->n_proposals; i++) {
        const struct match_proposal *p = &a->proposals[i], *q = &b->proposals[i];

        cr_assert(p->need == q->need && p->giver == q->giver && p->offer == q->offer &&
                  p->minutes == q->minutes && p->pool_minutes == q->pool_minutes &&
                  p->giver_after == q->giver_after && p->receiver_after == q->receiver_after &&
                  p->pair_beyond == q->pair_beyond && p->first_other == q->first_other &&
                  p->n_others == q->n_others);
    }
    for (size_t i = 0; i < a->n_others; i++) {
        const struct match_other *p = &a->others[i], *q = &b->others[i];

        cr_assert(p->giver == q->giver && p->offer == q->offer && p->why == q->why &&
                  p->uneven == q->uneven && p->ties == q->ties && p->priced == q->priced &&
                  match_compare(&p->price, &q->price) == 0);
    }
    for (size_t i = 0; i < a->n_left; i++)
        cr_assert(a->left[i].need == b->left[i].need && a->left[i].why == b->left[i].why &&
                  a->left[i].minutes == b->left[i].minutes);
}

Test(matching_random, the_order_of_the_input_is_nothing)
{
    struct town *t = malloc(sizeof *t);

    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct match_result one, two;

        toy_seed(seed * 77);
        make_town(t);
        t->in.prices = seed % 2;
        match_batch(&t->in, &one);
        shuffle(t->orgs, TOWN_ORGS, sizeof t->orgs[0]);
        shuffle(t->offers, TOWN_OFFERS, sizeof t->offers[0]);
        shuffle(t->needs, TOWN_NEEDS, sizeof t->needs[0]);
        shuffle(t->pairs, TOWN_ORGS, sizeof t->pairs[0]);
        for (size_t i = 0; i < TOWN_OFFERS; i++)
            shuffle((void *)t->offers[i].givers, t->offers[i].n_givers, sizeof(uint32_t));
        match_batch(&t->in, &two);
        expect_same(&one, &two);
        match_free(&one);
        match_free(&two);
    }
    free(t);
}

/* What is proposed, as one number (FNV-1a of the fields). It stands here because two compilers, and
 * whoever recomputes a batch years later, must come to the same. It changes with the rules. */
static uint64_t digest(uint64_t h, const struct match_result *r)
{
    for (size_t i = 0; i < r->n_proposals; i++) {
        const struct match_proposal *p = &r->proposals[i];
        const uint64_t fields[] = {p->need, p->giver, p->offer, (uint64_t)p->minutes,
                                   (uint64_t)p->pool_minutes, (uint64_t)p->giver_after};

        for (size_t k = 0; k < sizeof fields / sizeof fields[0]; k++)
            h = (h ^ fields[k]) * 0x100000001b3u;
    }
    return h;
}

Test(matching_random, every_compiler_proposes_the_same)
{
    struct town *t = malloc(sizeof *t);
    uint64_t h = 0xcbf29ce484222325u;

    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct match_result r;

        toy_seed(seed * 31);
        make_town(t);
        match_batch(&t->in, &r);
        h = digest(h, &r);
        match_free(&r);
    }
    cr_expect_eq(h, 0x63cbb79a3700cbffu, "%#" PRIx64, h);
    free(t);
}

/* Pieces are whole, every limit is kept, and what merging costs is little: shown, and held to a
 * third of the minutes, because a network whose hours all hang on half-hour remainders would be
 * no match for anybody. */
Test(matching_random, merged_pieces_keep_to_the_rules)
{
    struct town *t = malloc(sizeof *t);
    int64_t bound = 0, reached = 0;
    int repaired = 0;

    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct match_result r;

        toy_seed(seed * 99);
        make_town(t);
        match_batch(&t->in, &r);
        toy_check(&t->in, &r);
        repaired += r.repaired;
        for (int k = 0; k < MATCH_CLASSES; k++) {
            bound += r.bound.served[k];
            reached += r.reached.served[k];
        }
        match_free(&r);
    }
    printf("matching: pieces merged in %d of 200 batches; they serve %" PRId64
           " per mille of the best with pieces of any size\n", repaired, 1000 * reached / bound);
    cr_expect_geq(repaired, 100);
    cr_expect_geq(3 * reached, 2 * bound);
    free(t);
}

/* Where nothing was merged, no alternative is better than what is proposed. */
Test(matching_random, alternatives_cost_what_is_said)
{
    struct toy *toy = malloc(sizeof *toy);
    size_t worse = 0, taken = 0;

    for (uint64_t seed = 1; seed <= INSTANCES; seed++) {
        struct match_result r;

        toy_seed(seed);
        toy_make(toy);
        match_batch(&toy->in, &r);
        for (size_t i = 0; i < r.n_others; i++) {
            const struct match_other *o = &r.others[i];

            taken += o->why == MATCH_OTHER_TAKEN;
            if (o->why == MATCH_OTHER_WORSE) {
                worse++;
                cr_assert(o->uneven > 0 || (o->uneven == 0 && o->ties > 0), "seed %" PRIu64, seed);
            }
        }
        match_free(&r);
    }
    cr_expect_gt(worse, 100);
    cr_expect_gt(taken, 100);
    free(toy);
}

static bool gives(const struct match_result *r, uint32_t need, uint32_t giver)
{
    for (size_t i = 0; i < r->n_proposals; i++)
        if (r->proposals[i].need == need && r->proposals[i].giver == giver)
            return true;
    return false;
}

static void expect_price(const struct match_other *o, const struct match_worth *best,
                         const struct match_worth *forced)
{
    for (int k = 0; k < MATCH_CLASSES; k++)
        cr_assert_eq(o->price.served[k], best->served[k] - forced->served[k]);
    cr_assert_eq(o->price.uneven, forced->uneven - best->uneven);
    cr_assert_eq(o->price.ties, forced->ties - best->ties);
}

/* The price of an alternative is what the best batch loses in which it gives one quantum,
 * whatever else that moves; and without a price there is no such batch. */
Test(matching_random, prices_equal_trying_everything)
{
    struct toy *toy = malloc(sizeof *toy);
    size_t priced = 0, losses = 0;

    for (uint64_t seed = 1; seed <= 1500; seed++) {
        struct match_result r;

        toy_seed(seed * 5);
        toy_make(toy);
        toy->in.prices = true;
        match_batch(&toy->in, &r);
        for (size_t i = 0; i < r.n_proposals; i++) {
            const struct match_proposal *p = &r.proposals[i];

            for (size_t k = 0; k < p->n_others; k++) {
                const struct match_other *o = &r.others[p->first_other + k];
                struct match_worth forced;
                bool any = toy_best_if(toy, p->need, o->giver, 1, &forced);

                if (gives(&r, p->need, o->giver)) {
                    cr_assert_not(o->priced);
                    continue;
                }
                cr_assert_eq(any, o->priced, "seed %" PRIu64, seed);
                if (!any)
                    continue;
                expect_price(o, &r.bound, &forced);
                priced++;
                for (int class = 0; class < MATCH_CLASSES; class++)
                    losses += o->price.served[class] > 0;
            }
        }
        match_free(&r);
    }
    printf("matching: %zu prices equal to trying everything, %zu of them in served quanta\n",
           priced, losses);
    cr_expect_gt(priced, 500);
    cr_expect_gt(losses, 50);
    free(toy);
}
