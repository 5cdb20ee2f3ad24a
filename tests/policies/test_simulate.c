/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Small worlds worked out by hand: everybody is free, so that nothing is left to chance but what a
 * test lets chance decide. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "policies/params.h"
#include "policies/simulate.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define E SIM_ESTABLISHED
#define R SIM_REGULAR
#define F SIM_FRAGILE

struct scene {
    struct sim_org orgs[8];
    size_t n_orgs;
    struct sim_request requests[64];
    size_t n_requests;
    struct sim_world world;
    struct sim_rules rules;
    struct sim_run run;
    struct sim_outcome out;
    void *memory;
};

static struct scene scene(void)
{
    struct scene s = {.world = {.weeks = 1, .seed = 1, .free_permille = 1000},
                      .rules = {.choice = SIM_LOWEST, .line = 1200, .close_weeks = 13,
                                .pool_cap = SIM_NO_CAP}};
    return s;
}

static void org(struct scene *s, enum sim_class c, uint64_t skills, int64_t capacity)
{
    s->orgs[s->n_orgs++] = (struct sim_org){c, skills, capacity, 0, INT32_MAX};
}

static struct sim_request *ask(struct scene *s, uint32_t who, int skill, int minutes, int week)
{
    struct sim_request *r = &s->requests[s->n_requests];

    *r = (struct sim_request){.id = (uint32_t)s->n_requests,
                              .org = who,
                              .day = 7 * week,
                              .minutes = minutes,
                              .skill = (uint8_t)skill};
    s->n_requests++;
    return r;
}

static void go(struct scene *s)
{
    free(s->memory);
    s->world.orgs = s->orgs;
    s->world.n_orgs = s->n_orgs;
    s->world.requests = s->requests;
    s->world.n_requests = s->n_requests;
    s->memory = malloc(sim_run_bytes(s->n_orgs, s->n_requests));
    cr_assert_not_null(s->memory);
    sim_run_place(&s->run, s->memory, s->n_orgs, s->n_requests);
    simulate_run(&s->run, &s->out, &s->world, &s->rules);
}

static void expect_positions(const struct scene *s, const int64_t *expected)
{
    int64_t sum = s->out.pool;

    for (size_t i = 0; i < s->n_orgs; i++) {
        cr_expect_eq(s->run.position[i], expected[i], "position %zu: %" PRId64 ", not %" PRId64, i,
                     s->run.position[i], expected[i]);
        sum += s->run.position[i];
    }
    cr_expect_eq(sum, 0, "positions and pool add up to %" PRId64, sum);
}
#define EXPECT_POSITIONS(s, ...) expect_positions(s, (const int64_t[]){__VA_ARGS__})

Test(simulate, the_least_asked_gives)
{
    struct scene s = scene();

    org(&s, E, 1, 1000);
    org(&s, R, 1, 1000);
    org(&s, R, 0, 0);
    ask(&s, 0, 0, 120, 0); /* only 1 can */
    ask(&s, 2, 0, 60, 0);  /* 0 stands at -120, 1 at 120 */
    ask(&s, 2, 0, 60, 0);  /* 0 at -60 */
    ask(&s, 2, 0, 240, 0); /* 0 at 0 */
    go(&s);
    EXPECT_POSITIONS(&s, 240, 120, -360);
    cr_expect_eq(s.run.given[0], 360);
    cr_expect_eq(s.run.helped[0 * 3 + 2], 360);
    cr_expect_eq(s.run.helped[1 * 3 + 0], 120);
    cr_expect_eq(s.out.by_class[R].served, 3);
    cr_expect_eq(s.out.by_class[E].served_minutes, 120);
    free(s.memory);
}

Test(simulate, among_equals_who_gave_this_one_less_is_asked)
{
    struct scene s = scene();

    org(&s, R, 1 | 2, 1000);
    org(&s, R, 1 | 4, 1000);
    org(&s, R, 0, 0);
    org(&s, R, 0, 0);
    ask(&s, 2, 1, 60, 0); /* 0 gives 2 an hour */
    ask(&s, 3, 2, 60, 0); /* 1 gives 3 an hour: both at 60 */
    ask(&s, 2, 0, 30, 0);
    go(&s);
    EXPECT_POSITIONS(&s, 60, 90, -90, -60);
    s.requests[2].org = 3;
    go(&s);
    EXPECT_POSITIONS(&s, 90, 60, -60, -90);
    free(s.memory);
}

Test(simulate, among_equals_who_waits_longest_for_help_is_asked)
{
    struct scene s = scene();

    org(&s, R, 1 | 2, 1000);
    org(&s, R, 1 | 4, 1000);
    org(&s, R, 0, 0);
    org(&s, R, 8, 1000);
    s.world.weeks = 3;
    ask(&s, 1, 3, 60, 0); /* 1 is helped in the first week, and helps */
    ask(&s, 3, 2, 60, 0);
    ask(&s, 0, 3, 60, 1); /* 0 in the second: both at 0 */
    ask(&s, 3, 1, 60, 1);
    ask(&s, 2, 0, 30, 2);
    go(&s);
    EXPECT_POSITIONS(&s, 0, 30, -30, 0);
    s.requests[0].org = 0; /* the other way round */
    s.requests[1].skill = 1;
    s.requests[2].org = 1;
    s.requests[3].skill = 2;
    go(&s);
    EXPECT_POSITIONS(&s, 30, 0, -30, 0);
    free(s.memory);
}

Test(simulate, among_equals_in_all_the_lot_decides)
{
    struct scene s = scene();
    int chosen[3] = {0};

    for (int i = 0; i < 3; i++)
        org(&s, R, 1, 1000);
    org(&s, R, 0, 0);
    ask(&s, 3, 0, 30, 0);
    for (s.world.seed = 0; s.world.seed < 900; s.world.seed++) {
        go(&s);
        for (int i = 0; i < 3; i++)
            chosen[i] += s.run.given[i] > 0;
    }
    for (int i = 0; i < 3; i++) /* 300 with a standard deviation of 14 */
        cr_expect(chosen[i] > 230 && chosen[i] < 370, "%d: %d", i, chosen[i]);
    free(s.memory);
}

Test(simulate, nobody_gives_without_the_skill_or_beyond_its_week)
{
    struct scene s = scene();

    org(&s, E, 1, 120);
    org(&s, E, 2, 1000);
    org(&s, F, 0, 0);
    s.world.weeks = 2;
    ask(&s, 2, 0, 60, 0);
    ask(&s, 2, 0, 61, 0); /* 121 > 120 */
    ask(&s, 2, 0, 60, 0); /* exactly 120 */
    ask(&s, 2, 2, 60, 0); /* nobody */
    ask(&s, 2, 0, 120, 1); /* a new week */
    go(&s);
    EXPECT_POSITIONS(&s, 240, 0, -240);
    cr_expect_eq(s.out.by_class[F].asked, 5);
    cr_expect_eq(s.out.by_class[F].no_provider, 2);
    cr_expect_eq(s.out.by_class[F].at_floor, 0);
    cr_expect_eq(s.out.by_class[E].capacity_minutes, 2 * 1120);
    free(s.memory);
}

Test(simulate, the_floor_refuses_what_would_cross_it_and_nothing_else)
{
    struct scene s = scene();

    s.rules.floor = true;
    s.rules.line = 120;
    org(&s, E, 1, 10000);
    org(&s, F, 0, 0);
    ask(&s, 1, 0, 100, 0);
    ask(&s, 1, 0, 21, 0);
    ask(&s, 1, 0, 20, 0); /* exactly at the floor */
    ask(&s, 1, 0, 1, 0)->urgent = true;
    go(&s);
    EXPECT_POSITIONS(&s, 121, -121);
    cr_expect_eq(s.out.by_class[F].at_floor, 1);
    s.rules.floor = false;
    go(&s);
    EXPECT_POSITIONS(&s, 142, -142);
    free(s.memory);
}

Test(simulate, a_hard_ceiling_excludes_and_a_soft_one_comes_last)
{
    struct scene s = scene();

    s.rules.line = 100;
    s.rules.ceiling = SIM_HARD_CEILING;
    org(&s, E, 1, 10000);
    org(&s, E, 2, 10000);
    org(&s, R, 0, 0);
    ask(&s, 2, 0, 100, 0); /* exactly at the ceiling */
    ask(&s, 2, 0, 1, 0);
    go(&s);
    EXPECT_POSITIONS(&s, 100, 0, -100);
    s.rules.ceiling = SIM_SOFT_CEILING;
    go(&s);
    EXPECT_POSITIONS(&s, 101, 0, -101);
    /* A lower one is above only together with all others, unless the pair cap turns the order. */
    s.orgs[1].skills = 3;
    s.n_requests = 0;
    s.rules.pair_cap_permille = 400;
    s.rules.pair_cap_cost = 100;
    ask(&s, 2, 1, 60, 0);
    ask(&s, 2, 0, 50, 0); /* 0 at 50, 1 at 60 */
    ask(&s, 2, 0, 45, 0); /* both above the cap: 0, up to 95 */
    go(&s);
    EXPECT_POSITIONS(&s, 95, 60, -155);
    free(s.memory);
}

Test(simulate, above_the_pair_cap_another_is_asked_who_stands_a_little_higher)
{
    struct scene s = scene();

    s.rules.line = 1000;
    org(&s, R, 1, 10000);
    org(&s, R, 2, 10000);
    org(&s, R, 4, 10000);
    org(&s, R, 0, 0);
    ask(&s, 0, 2, 120, 0); /* 0 at -120, 2 at 120 */
    ask(&s, 3, 1, 60, 0);  /* 1 gives 60 to 3: of 60 */
    s.orgs[0].skills |= 8;
    s.orgs[1].skills |= 8;
    ask(&s, 3, 0, 90, 0);  /* 0 at -30 gave 3 90 of 150, which is 600 per mille */
    ask(&s, 3, 3, 30, 0);  /* 0 at -30, 1 at 60 */
    go(&s);
    EXPECT_POSITIONS(&s, 0, 60, 120, -180);
    s.rules.pair_cap_permille = 400;
    s.rules.pair_cap_minutes = 150;
    s.rules.pair_cap_cost = 100; /* 0 would be at 70, 1 at 60 with 90 of 180: above as well */
    go(&s);
    EXPECT_POSITIONS(&s, 0, 60, 120, -180);
    s.rules.pair_cap_permille = 500; /* 1 with 90 of 180 is exactly at the cap, 0 is above */
    go(&s);
    EXPECT_POSITIONS(&s, -30, 90, 120, -180);
    s.rules.pair_cap_minutes = 151; /* too little received to look */
    go(&s);
    EXPECT_POSITIONS(&s, 0, 60, 120, -180);
    s.rules.pair_cap_minutes = 150;
    s.rules.pair_cap_cost = 89; /* one per mille of the line too little */
    go(&s);
    EXPECT_POSITIONS(&s, 0, 60, 120, -180);
    free(s.memory);
}

Test(simulate, the_fragile_come_first_in_a_week_and_the_urgent_before_them)
{
    struct scene s = scene();

    s.rules.fragile_first = true;
    org(&s, E, 1, 100);
    org(&s, R, 0, 0);
    org(&s, F, 0, 0);
    ask(&s, 1, 0, 60, 0);
    ask(&s, 2, 0, 60, 0);
    go(&s);
    EXPECT_POSITIONS(&s, 60, 0, -60);
    s.requests[0].urgent = true;
    go(&s);
    EXPECT_POSITIONS(&s, 60, -60, 0);
    s.rules.fragile_first = false;
    s.requests[0].urgent = false;
    go(&s);
    EXPECT_POSITIONS(&s, 60, -60, 0);
    free(s.memory);
}

Test(simulate, the_pool_carries_a_share_of_what_the_fragile_need)
{
    struct scene s = scene();

    s.rules.pool = true;
    s.rules.pool_permille = 1000;
    s.rules.close_weeks = 4;
    org(&s, E, 1, 800);
    org(&s, R, 0, 600);
    org(&s, R, 0, 600);
    org(&s, F, 0, 400); /* never contributes */
    ask(&s, 3, 0, 101, 0);
    ask(&s, 1, 0, 60, 0); /* not fragile: pays itself */
    go(&s);
    EXPECT_POSITIONS(&s, 161, -60, 0, 0);
    cr_expect_eq(s.out.pool, -101);
    cr_expect_eq(s.out.pool_paid, 101);
    cr_expect_eq(s.out.closings, 0);
    cr_expect_eq(s.run.helped[0 * 4 + 3], 101);
    cr_expect_eq(s.run.accounted[0 * 4 + 3], 0);
    cr_expect_eq(s.run.accounted[0 * 4 + 1], 60);
    s.world.weeks = 4;
    go(&s);
    EXPECT_POSITIONS(&s, 120, -90, -30, 0); /* 101 = 41 + 30 + 30 */
    cr_expect_eq(s.out.pool, 0);
    cr_expect_eq(s.out.closings, 1);
    cr_expect_eq(s.out.pool_path[0], -101);
    cr_expect_eq(s.out.pool_deepest, 101);
    free(s.memory);
}

Test(simulate, at_the_floor_the_pool_helps_the_fragile_alone)
{
    struct scene s = scene();

    s.rules.pool = s.rules.floor = true;
    s.rules.line = 100;
    org(&s, E, 1, 8000);
    org(&s, R, 0, 600);
    org(&s, F, 0, 400);
    ask(&s, 1, 0, 101, 0);
    ask(&s, 2, 0, 100, 0);
    ask(&s, 2, 0, 7, 0);
    go(&s);
    EXPECT_POSITIONS(&s, 107, 0, -100);
    cr_expect_eq(s.out.pool, -7);
    cr_expect_eq(s.out.by_class[R].at_floor, 1);
    s.requests[0].urgent = true; /* of anybody: the share of urgent ones */
    s.rules.pool_urgent_permille = 1000;
    go(&s);
    EXPECT_POSITIONS(&s, 208, 0, -100);
    cr_expect_eq(s.out.pool, -108);
    free(s.memory);
}

Test(simulate, the_cap_of_the_pool_counts_between_closings)
{
    struct scene s = scene();

    s.rules.pool = true;
    s.rules.pool_permille = 1000;
    s.rules.pool_cap = 50; /* for each of two members */
    s.rules.close_weeks = 4;
    s.world.weeks = 5;
    org(&s, E, 1, 8000);
    org(&s, R, 0, 600);
    org(&s, F, 0, 400);
    ask(&s, 2, 0, 60, 0);
    ask(&s, 2, 0, 41, 0); /* 101: falls on the receiver */
    ask(&s, 2, 0, 40, 3); /* 100 */
    ask(&s, 2, 0, 90, 4); /* the next quarter */
    go(&s);
    cr_expect_eq(s.out.pool_path[0], -100);
    cr_expect_eq(s.out.pool, -90);
    cr_expect_eq(s.run.position[2], -41);
    s.rules.pool_cap = 0;
    go(&s);
    cr_expect_eq(s.out.pool_paid, 0);
    free(s.memory);
}

Test(simulate, a_share_of_the_pool_is_drawn_by_lot)
{
    struct scene s = scene();

    s.rules.pool = true;
    s.rules.pool_permille = 500;
    s.world.weeks = 1;
    org(&s, E, 1, 10000);
    org(&s, F, 0, 0);
    for (int i = 0; i < 64; i++)
        ask(&s, 1, 0, 1, 0);
    go(&s);
    int64_t first = s.out.pool_paid;
    cr_expect(first > 16 && first < 48, "%" PRId64, first);
    go(&s);
    cr_expect_eq(s.out.pool_paid, first, "the same seed");
    free(s.memory);
}

Test(simulate, the_burdened_among_the_fragile_are_spared_while_others_are_there)
{
    struct scene s = scene();

    s.rules.burden_guard = true;
    org(&s, F, 1 | 4, 100);
    org(&s, E, 2 | 4, 1000);
    org(&s, R, 0, 0);
    ask(&s, 2, 0, 20, 0);  /* 0: a fifth of what it can give, more than the mean */
    ask(&s, 2, 1, 100, 0); /* 1: a tenth; all together 120 of 1100 */
    ask(&s, 2, 2, 20, 0);  /* 0 is lower, but burdened */
    ask(&s, 2, 0, 20, 0);  /* nobody else: 0 all the same */
    go(&s);
    EXPECT_POSITIONS(&s, 40, 120, -160);
    s.rules.burden_guard = false;
    go(&s);
    EXPECT_POSITIONS(&s, 60, 100, -160);
    s.rules.burden_guard = true;
    s.requests[0].minutes = 10; /* 10 of 100; all together 110 of 1100: not above */
    go(&s);
    EXPECT_POSITIONS(&s, 50, 100, -150);
    s.requests[1].minutes = 99; /* one minute less, and it is */
    go(&s);
    EXPECT_POSITIONS(&s, 30, 119, -149);
    free(s.memory);
}

Test(simulate, an_unserved_request_waits_as_long_as_it_may)
{
    struct scene s = scene();

    s.world.weeks = 4;
    org(&s, E, 1, 100);
    org(&s, R, 0, 0);
    ask(&s, 1, 0, 100, 0);
    ask(&s, 1, 0, 100, 0);
    ask(&s, 1, 0, 100, 0);
    go(&s);
    cr_expect_eq(s.out.by_class[R].served, 1);
    cr_expect_eq(s.out.by_class[R].no_provider, 2);
    s.world.patience = 1;
    go(&s);
    cr_expect_eq(s.out.by_class[R].served, 2);
    cr_expect_eq(s.out.by_class[R].waited_weeks, 1);
    cr_expect_eq(s.out.by_class[R].no_provider, 1);
    s.world.patience = 9;
    go(&s);
    cr_expect_eq(s.out.by_class[R].served, 3);
    cr_expect_eq(s.out.by_class[R].waited_weeks, 3);
    cr_expect_eq(s.out.by_class[R].no_provider, 0);
    free(s.memory);
}

Test(simulate, each_week_is_a_new_chance)
{
    struct scene s = scene();

    s.world.weeks = 20;
    s.world.patience = 19;
    s.world.free_permille = 500;
    org(&s, E, 1, 10000);
    org(&s, R, 0, 0);
    for (int i = 0; i < 60; i++)
        ask(&s, 1, 0, 1, 0);
    go(&s);
    cr_expect_eq(s.out.by_class[R].served, 60);
    /* 1 week on average, with a standard deviation of 1.4 / sqrt(60) */
    cr_expect(s.out.by_class[R].waited_weeks > 15 && s.out.by_class[R].waited_weeks < 115);
    free(s.memory);
}

Test(simulate, who_leaves_hands_its_position_to_the_pool)
{
    struct scene s = scene();

    s.world.weeks = 3;
    org(&s, E, 1, 1000);
    org(&s, E, 1, 1000);
    org(&s, R, 0, 0);
    s.orgs[0].leaves = 14;
    s.orgs[1].joins = 14;
    ask(&s, 2, 0, 60, 0);
    ask(&s, 2, 0, 60, 1);
    ask(&s, 2, 0, 90, 2); /* from the newcomer */
    go(&s);
    EXPECT_POSITIONS(&s, 0, 90, -210);
    cr_expect_eq(s.out.pool, 120);
    cr_expect_eq(s.out.by_class[E].capacity_minutes, 3000);
    free(s.memory);
}

Test(simulate, who_refuses_is_passed_over)
{
    struct scene s = scene();

    org(&s, E, 1, 10000);
    org(&s, R, 0, 0);
    for (int i = 0; i < 64; i++)
        ask(&s, 1, 0, 1, 0);
    s.world.refuse_permille = 1000;
    go(&s);
    cr_expect_eq(s.out.by_class[R].no_provider, 64);
    s.world.refuse_permille = 500;
    go(&s);
    cr_expect(s.out.by_class[R].served > 16 && s.out.by_class[R].served < 48);
    free(s.memory);
}

Test(simulate, by_chance_those_who_gave_more_are_chosen_more_often)
{
    struct scene s = scene();
    int64_t first = 0;

    s.rules.choice = SIM_CHANCE;
    s.rules.imitation_permille = 1000;
    s.world.weeks = 1;
    org(&s, E, 1 | 2, 100000);
    org(&s, E, 2, 100000);
    org(&s, R, 0, 0);
    ask(&s, 2, 0, 540, 0); /* 0 gave 9 h: weights 10 and 1 */
    ask(&s, 2, 1, 60, 0);
    for (s.world.seed = 0; s.world.seed < 2000; s.world.seed++) {
        go(&s);
        first += s.run.given[0] == 600;
    }
    /* 10 of 11 times: 1818 of 2000, with a standard deviation of 13 */
    cr_expect(first > 1750 && first < 1886, "%" PRId64, first);
    s.rules.imitation_permille = 0;
    first = 0;
    for (s.world.seed = 0; s.world.seed < 2000; s.world.seed++) {
        go(&s);
        first += s.run.given[0] == 600;
    }
    cr_expect(first > 890 && first < 1110, "%" PRId64, first);
    free(s.memory);
}

Test(simulate, rules_do_not_move_who_is_free)
{
    struct scene s = scene();
    int64_t served;

    s.world.free_permille = 300;
    org(&s, E, 1, 100000);
    org(&s, E, 2, 100000);
    org(&s, R, 0, 0);
    for (int i = 0; i < 60; i++)
        ask(&s, 2, i % 2, 1 + i % 5, 0);
    go(&s);
    served = s.out.by_class[R].served_minutes;
    cr_expect(served > 20 && served < 100);
    s.rules.choice = SIM_CHANCE;
    s.rules.pool = true;
    s.rules.pair_cap_permille = 1;
    go(&s);
    cr_expect_eq(s.out.by_class[R].served_minutes, served);
    free(s.memory);
}

Test(simulate, a_policy_document_gives_its_own_lines)
{
    struct policy policy;
    struct scene s = scene();

    policy_default(&policy); /* newcomers 600, hard stop at 1.5 times */
    s.rules.floor = s.rules.pool = true;
    s.rules.document = &policy;
    s.rules.ceiling = SIM_SOFT_CEILING;
    org(&s, E, 1, 100000);
    org(&s, R, 2, 100000);
    org(&s, F, 0, 0);
    ask(&s, 1, 0, 600, 0);
    ask(&s, 1, 0, 300, 0); /* to the hard stop at 900 */
    ask(&s, 1, 0, 1, 0);   /* beyond */
    ask(&s, 2, 0, 600, 0);
    ask(&s, 2, 0, 60, 0); /* past the floor: the pool, though not refused */
    go(&s);
    EXPECT_POSITIONS(&s, 1560, -900, -600);
    cr_expect_eq(s.out.by_class[R].at_floor, 1);
    cr_expect_eq(s.out.pool, -60);
    /* Two gifts make the floor 1200 + given / 4 of the year: 1 goes on to 1.5 times that. */
    s.n_requests = 0;
    ask(&s, 0, 1, 200, 0);
    ask(&s, 0, 1, 200, 0);
    ask(&s, 1, 0, 2350, 0); /* from 400 to -1950 = 1.5 * (1200 + 100) */
    ask(&s, 1, 0, 1, 0);
    go(&s);
    cr_expect_eq(s.run.position[1], -1950);
    cr_expect_eq(s.out.by_class[R].at_floor, 1);
    free(s.memory);
}

Test(simulate, the_year_of_a_document_rolls)
{
    struct policy policy;
    struct scene s = scene();

    policy_default(&policy);
    s.rules.floor = true;
    s.rules.document = &policy;
    s.world.weeks = 60;
    org(&s, E, 1, 100000);
    org(&s, R, 2, 100000);
    ask(&s, 0, 1, 200, 0);
    ask(&s, 0, 1, 200, 0);
    ask(&s, 1, 0, 2350, 51); /* the year still holds the 400 */
    go(&s);
    cr_expect_eq(s.run.position[1], -1950);
    s.requests[2].day = 7 * 52; /* now it does not: hard stop at 1800 */
    go(&s);
    cr_expect_eq(s.run.position[1], 400);
    s.requests[2].minutes = 2200;
    go(&s);
    cr_expect_eq(s.run.position[1], -1800);
    free(s.memory);
}

/* Three organisations at 2 h, 2 h and -4 h; B asks what A and C can give, A what C alone can, and C
 * has 2 h. One at a time the first takes C, which stands lowest, and the second finds nobody. */
Test(simulate, a_week_matched_at_once_serves_what_one_at_a_time_cannot)
{
    struct scene s = scene();

    s.world.weeks = 2;
    org(&s, R, 1 | 4, 300);
    org(&s, R, 8, 300);
    org(&s, R, 1 | 2, 120);
    ask(&s, 2, 2, 120, 0);
    ask(&s, 2, 3, 120, 0);
    ask(&s, 1, 0, 120, 1);
    ask(&s, 0, 1, 120, 1);
    go(&s);
    EXPECT_POSITIONS(&s, 120, 0, -120);
    cr_expect_eq(s.out.by_class[R].no_provider, 1);
    cr_expect_eq(s.run.helped[2 * 3 + 1], 120);
    s.rules.choice = SIM_BATCH;
    go(&s);
    EXPECT_POSITIONS(&s, 120, 0, -120);
    cr_expect_eq(s.out.by_class[R].served, 4);
    cr_expect_eq(s.run.helped[0 * 3 + 1], 120);
    cr_expect_eq(s.run.helped[2 * 3 + 0], 120);
    free(s.memory);
}

Test(simulate, a_week_matched_at_once_keeps_to_lines_pool_and_capacity)
{
    struct scene s = scene();

    s.rules.choice = SIM_BATCH;
    s.rules.floor = s.rules.pool = s.rules.fragile_first = true;
    s.rules.line = 120;
    s.rules.pool_permille = 500;
    org(&s, E, 1, 360);
    org(&s, R, 0, 0);
    org(&s, F, 0, 0);
    ask(&s, 1, 0, 120, 0); /* up to the floor */
    ask(&s, 1, 0, 60, 0);  /* past it */
    ask(&s, 2, 0, 240, 0); /* half of it by the pool */
    go(&s);
    EXPECT_POSITIONS(&s, 360, -120, -120);
    cr_expect_eq(s.out.pool, -120);
    cr_expect_eq(s.out.by_class[R].at_floor + s.out.by_class[R].no_provider, 1);
    s.orgs[0].capacity = 240; /* the fragile first */
    go(&s);
    EXPECT_POSITIONS(&s, 240, 0, -120);
    s.rules.floor = false;
    s.rules.pool = false;
    s.orgs[0].capacity = 1000;
    go(&s);
    EXPECT_POSITIONS(&s, 420, -180, -240);
    s.world.refuse_permille = 1000;
    go(&s);
    EXPECT_POSITIONS(&s, 0, 0, 0);
    s.world.refuse_permille = s.world.free_permille = 0;
    s.world.patience = 5;
    go(&s);
    cr_expect_eq(s.out.by_class[F].no_provider, 0, "it still waits");
    free(s.memory);
}

/* A deficit of 100 and one of 101 over capacities 8, 6, 6, as worked out by hand. */
Test(simulate, a_deficit_is_shared_by_largest_remainder)
{
    static const struct {
        int64_t deficit, weight[3], share[3];
    } rows[] = {
        {100, {8, 6, 6}, {40, 30, 30}}, {101, {8, 6, 6}, {41, 30, 30}},
        {1, {1, 1, 1}, {1, 0, 0}},      {2, {1, 1, 1}, {1, 1, 0}},
        {10, {0, 1, 2}, {0, 3, 7}},     {7, {1, 0, 1}, {4, 0, 3}},
        {INT64_C(1) << 52, {1, 1, 2}, {INT64_C(1) << 50, INT64_C(1) << 50, INT64_C(1) << 51}},
    };
    int64_t share[3];

    for (size_t i = 0; i < COUNT(rows); i++) {
        cr_assert(sim_pool_shares(rows[i].deficit, rows[i].weight, share, 3));
        for (size_t k = 0; k < 3; k++)
            cr_expect_eq(share[k], rows[i].share[k], "row %zu, share %zu: %" PRId64, i, k,
                         share[k]);
    }
    share[0] = 77;
    cr_expect_not(sim_pool_shares(5, (const int64_t[]){0, 0, 0}, share, 3));
    cr_expect_eq(share[0], 77);
}

Test(simulate, shares_add_up_and_lie_next_to_the_exact_ones)
{
    int64_t weight[9], share[9];
    uint64_t x = 1;

    for (int round = 0; round < 3000; round++) {
        int64_t total = 0, sum = 0;
        x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
        int64_t deficit = (int64_t)(x >> 40) % 5000 + 1;
        for (size_t k = 0; k < 9; k++) {
            x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
            total += weight[k] = (int64_t)(x >> 60);
        }
        if (total == 0)
            continue;
        cr_assert(sim_pool_shares(deficit, weight, share, 9));
        for (size_t k = 0; k < 9; k++) {
            int64_t floor = deficit * weight[k] / total;
            cr_assert(share[k] == floor || share[k] == floor + 1);
            cr_assert(weight[k] > 0 || share[k] == 0);
            sum += share[k];
        }
        cr_assert_eq(sum, deficit);
    }
}
