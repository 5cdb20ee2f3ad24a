/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/policies/matching_plan.h"

TestSuite(matching, .init = start, .fini = end);

/* --- One who gives, one who asks -------------------------------------------------------------- */

/* A batch in which 1 can give 2, who stands at a position, the 4 h it asks for. */
static struct match_need *four_hours(int64_t position, int64_t pool_minutes)
{
    start();
    p.in.rules.pool_minutes = pool_minutes;
    ORGS({0, 600}, {position, 0});
    OFFERS({1, 0});
    NEEDS({2, 0, 240});
    return need(1);
}

static void set_status(struct match_need *n, bool urgent, bool fragile)
{
    n->urgent = urgent;
    n->fragile = fragile;
    n->pool_permille = urgent ? 1000 : fragile ? 500 : 0;
}

static void run_row(size_t row, int64_t served, int64_t paid)
{
    run();
    cr_expect_eq(given(1, 1), served, "row %zu: %" PRId64, row, given(1, 1));
    cr_expect_eq(pooled(1), paid, "row %zu: pool %" PRId64, row, pooled(1));
}

/* --- Worked examples -------------------------------------------------------------------------- */

/* Four organisations, four needs, hours for quanta. All 8 hours can be served in three ways, all of
 * which leave the positions 6, -1, -2, -3 and so 50 for the sum of their squares, 56 before. */
Test(matching, four_organisations_help_eight_hours_and_even_out)
{
    enum { A = 1, B, C, D };
    enum { COMPTA, JURIDIQUE, GRAPHISME };
    static const int64_t after[] = {6, -1, -2, -3};
    int64_t squares = 0;

    p.in.rules.quantum = p.in.rules.piece_minutes = HOUR;
    ORGS({6 * HOUR, 5 * HOUR}, {0, 2 * HOUR}, {-4 * HOUR, 3 * HOUR}, {-2 * HOUR, 2 * HOUR});
    for (uint32_t id = A; id <= D; id++)
        org(id)->line = (struct line){8 * HOUR, 10 * HOUR, 8 * HOUR};
    OFFERS({A, COMPTA}, {A, JURIDIQUE}, {B, GRAPHISME}, {B, JURIDIQUE}, {C, COMPTA}, {C, GRAPHISME},
           {D, GRAPHISME});
    NEEDS({D, COMPTA, 3 * HOUR}, {A, GRAPHISME, 2 * HOUR}, {B, COMPTA, 2 * HOUR},
          {C, JURIDIQUE, 1 * HOUR});
    run();
    cr_expect_eq(p.result.bound.served[3], 8);
    cr_expect_eq(p.result.bound.uneven, (50 - 56) * HOUR);
    cr_expect_not(p.result.repaired);
    cr_expect_eq(p.result.n_left, 0);
    for (uint32_t id = A; id <= D; id++) {
        int64_t hours = position_after(id) / HOUR;

        cr_expect_eq(hours, after[id - 1], "organisation %u: %" PRId64, id, hours);
        squares += hours * hours;
    }
    cr_expect_eq(squares, 50);
}

/* One after the other, the first need takes C, who is the only one able to help with the second.
 * Together they are served both. */
Test(matching, a_batch_keeps_the_only_giver_for_who_needs_it)
{
    enum { A = 1, B, C };
    enum { COMPTA, GRAPHISME };

    p.in.rules.quantum = HOUR;
    ORGS({2 * HOUR, 2 * HOUR}, {2 * HOUR, 0}, {-4 * HOUR, 2 * HOUR});
    OFFERS({A, COMPTA}, {C, COMPTA}, {C, GRAPHISME});
    NEEDS({B, COMPTA, 2 * HOUR}, {A, GRAPHISME, 2 * HOUR});
    run();
    cr_expect_eq(given(1, A), 2 * HOUR);
    cr_expect_eq(given(2, C), 2 * HOUR);
    cr_expect_eq(position_after(1), 2 * HOUR);
    cr_expect_eq(position_after(2), 0);
    cr_expect_eq(position_after(3), -2 * HOUR);
    cr_expect_eq(p.result.bound.uneven, (8 - 24) * HOUR);
}

/* --- Classes and shares ----------------------------------------------------------------------- */

Test(matching, classes_rise_with_waiting_but_not_into_urgency)
{
    static const struct {
        bool urgent, fragile, first_three;
        int64_t days;
        int class;
    } rows[] = {
        {true, false, false, 0, 0},  {true, true, true, 400, 0},  {false, true, false, 0, 1},
        {false, true, true, 0, 1},   {false, true, false, 90, 1}, {false, false, true, 0, 2},
        {false, false, true, 29, 2}, {false, false, true, 30, 1}, {false, false, false, 0, 3},
        {false, false, false, 30, 2}, {false, false, false, 59, 2}, {false, false, false, 60, 1},
        {false, false, false, 900, 1}, {false, false, false, -50, 3},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(match_class(rows[i].urgent, rows[i].fragile, rows[i].first_three,
                                 rows[i].days), rows[i].class, "row %zu", i);
}

Test(matching, a_more_pressing_need_goes_first_whoever_is_more_even)
{
    for (int class = 0; class < 3; class++) {
        start();
        ORGS({0, 120}, {-1000, 0}, {2000, 0});
        OFFERS({1, 0});
        NEEDS({3, 0, 120}, {2, 0, 120});
        need(1)->class = class + 1;
        need(2)->class = class;
        run();
        cr_expect_eq(given(2, 1), 120);
        expect_left(1, 120, MATCH_LEFT_NO_CAPACITY);
    }
}

Test(matching, the_pool_pays_its_share_of_a_fragile_need)
{
    static const struct {
        bool urgent, fragile;
        int64_t budget, paid;
    } rows[] = {
        {false, true, 600, 120}, {false, true, 60, 60}, {false, true, 89, 60},
        {true, false, 600, 240}, {true, true, 600, 240}, {true, false, 90, 90},
        {false, false, 600, 0},  {true, false, 0, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_status(four_hours(0, rows[i].budget), rows[i].urgent, rows[i].fragile);
        run_row(i, 240, rows[i].paid);
        cr_expect_eq(p.result.pool_minutes, rows[i].paid);
        cr_expect_eq(position_after(1), 240);
        cr_expect_eq(position_after(2), rows[i].paid - 240);
    }
}

/* The floor is 1200, the hard floor 1800. */
Test(matching, how_far_a_need_reaches_below_the_line)
{
    static const struct {
        int64_t position;
        bool urgent, fragile;
        int64_t budget, served, paid;
        enum match_left_why why;
    } rows[] = {
        {-1080, false, false, 600, 120, 0, MATCH_LEFT_FLOOR},
        {-1081, false, false, 600, 0, 0, MATCH_LEFT_SMALL}, /* 90 would fit, but not 120 */
        {-1171, false, false, 600, 0, 0, MATCH_LEFT_FLOOR},
        {-1200, false, false, 600, 0, 0, MATCH_LEFT_FLOOR},
        {-5000, false, false, 600, 0, 0, MATCH_LEFT_FLOOR},
        {-1200, false, true, 0, 240, 0, MATCH_LEFT_FLOOR},
        {-1560, false, true, 0, 240, 0, MATCH_LEFT_FLOOR},
        {-1680, false, true, 0, 120, 0, MATCH_LEFT_FLOOR},
        {-1800, false, true, 0, 0, 0, MATCH_LEFT_FLOOR},
        {-1140, false, true, 600, 240, 180, MATCH_LEFT_FLOOR}, /* half, and what is past the line */
        {-1200, false, true, 600, 240, 240, MATCH_LEFT_FLOOR},
        {-1800, false, true, 120, 120, 120, MATCH_LEFT_POOL},
        {-1800, true, false, 0, 240, 0, MATCH_LEFT_FLOOR},
        {-9000, true, false, 60, 240, 60, MATCH_LEFT_FLOOR},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_status(four_hours(rows[i].position, rows[i].budget), rows[i].urgent, rows[i].fragile);
        run_row(i, rows[i].served, rows[i].paid);
        if (rows[i].served < 240)
            expect_left(1, 240 - rows[i].served, rows[i].why);
    }
}

/* What an organisation gives in the same batch makes room for what it asks. */
Test(matching, giving_and_receiving_in_one_batch_cancel)
{
    ORGS({0, 120}, {-1200, 120});
    OFFERS({1, 0}, {2, 1});
    NEEDS({2, 0, 120}, {1, 1, 120});
    run();
    cr_expect_eq(p.result.n_left, 0);
    cr_expect_eq(position_after(2), -1200);

    p.in.n_needs = 1;
    run();
    expect_left(1, 120, MATCH_LEFT_FLOOR);
}

Test(matching, above_the_ceiling_an_organisation_rests)
{
    static const struct {
        int64_t position, served;
        enum match_left_why why;
    } rows[] = {
        {2279, 120, 0},
        {2280, 120, 0},
        {2281, 0, MATCH_LEFT_SMALL}, /* 90 would fit, but not 120 */
        {2370, 0, MATCH_LEFT_SMALL},
        {2371, 0, MATCH_LEFT_CEILING},
        {2400, 0, MATCH_LEFT_CEILING},
        {3000, 0, MATCH_LEFT_CEILING},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        start();
        ORGS({rows[i].position, 600}, {0, 0});
        OFFERS({1, 0});
        NEEDS({2, 0, 120});
        run();
        cr_expect_eq(given(1, 1), rows[i].served, "row %zu", i);
        if (rows[i].served == 0)
            expect_left(1, 120, rows[i].why);
    }
}

/* --- Who is proposed -------------------------------------------------------------------------- */

Test(matching, each_hurdle_has_a_name)
{
    static const uint32_t here[] = {7, 8}, there[] = {9};

    ORGS({0, 600}, {0, 0});
    OFFERS({1, 0});
    NEEDS({2, 0, 120});
    run();
    cr_expect_eq(given(1, 1), 120);

    need(1)->what.skill = 5;
    run();
    expect_left(1, 120, MATCH_LEFT_NO_OFFER);
    need(1)->what.skill = 0;

    need(1)->what.type = 1;
    run();
    expect_left(1, 120, MATCH_LEFT_NO_OFFER);
    need(1)->what.type = 0;

    offer(1)->what.until_day = 99;
    need(1)->what.from_day = 100;
    run();
    expect_left(1, 120, MATCH_LEFT_NO_DAY);
    need(1)->what.from_day = 99;
    run();
    cr_expect_eq(given(1, 1), 120);

    offer(1)->what.areas = (struct match_set){here, 2};
    need(1)->what.areas = (struct match_set){there, 1};
    run();
    expect_left(1, 120, MATCH_LEFT_NO_AREA);
    need(1)->what.areas = (struct match_set){here + 1, 1};
    run();
    cr_expect_eq(given(1, 1), 120);

    offer(1)->what.languages = (struct match_set){there, 1};
    need(1)->what.languages = (struct match_set){here, 2};
    run();
    expect_left(1, 120, MATCH_LEFT_NO_LANGUAGE);
    need(1)->what.languages.n = 0;

    p.bars[0] = (struct match_bar){1, 1};
    p.in.n_bars = 1;
    run();
    expect_left(1, 120, MATCH_LEFT_BARRED);
    p.bars[0].need = 2;

    p.conflicts[0] = (struct match_conflict){2, 1};
    p.in.n_conflicts = 1;
    run();
    expect_left(1, 120, MATCH_LEFT_BARRED);
    p.conflicts[0] = (struct match_conflict){2, 3};

    org(1)->capacity = 29;
    run();
    expect_left(1, 120, MATCH_LEFT_NO_CAPACITY);
    need(1)->org = 1;
    run();
    expect_left(1, 120, MATCH_LEFT_BARRED);
}

/* Three known burdens with mean 200; the fragile one lies above it. */
Test(matching, a_fragile_organisation_that_carries_more_than_the_mean_is_not_proposed)
{
    ORGS({-1000, 600}, {0, 0}, {0, 0}, {0, 0});
    org(1)->fragile = true;
    org(1)->burden = 201;
    org(2)->burden = 199;
    org(3)->burden = 200;
    OFFERS({1, 0});
    NEEDS({2, 0, 120});
    run();
    expect_left(1, 120, MATCH_LEFT_GUARDED);

    org(1)->volunteers = true;
    run();
    cr_expect_eq(given(1, 1), 120);
    org(1)->volunteers = false;

    org(2)->burden = 200;
    org(1)->burden = 200; /* exactly the mean */
    run();
    cr_expect_eq(given(1, 1), 120);

    org(1)->burden = -1;
    run();
    cr_expect_eq(given(1, 1), 120);

    org(1)->burden = 500;
    org(1)->fragile = false;
    run();
    cr_expect_eq(given(1, 1), 120);
}

Test(matching, the_least_asked_gives_and_relations_are_shared)
{
    ORGS({300, 600}, {0, 600}, {0, 0});
    org(3)->received = 720;
    OFFERS({1, 0}, {2, 0});
    NEEDS({3, 0, 120});
    run();
    cr_expect_eq(given(1, 2), 120);
    cr_expect_eq(p.result.proposals[0].pair_before, 0);
    cr_expect_eq(p.result.proposals[0].received_before, 720);
    cr_expect_eq(p.result.proposals[0].pair_beyond, 0);

    /* 2 has already given more than its share: 1 is asked instead, though it gave more in all. */
    p.pairs[0] = (struct match_pair){2, 3, 400};
    p.in.n_pairs = 1;
    run();
    cr_expect_eq(given(1, 1), 120);

    /* It is a weight, not a ban. */
    p.in.n_offers = 2;
    offer(1)->what.skill = 1;
    run();
    cr_expect_eq(given(1, 2), 120);
    cr_expect_eq(p.result.proposals[0].pair_before, 400);
    cr_expect_eq(p.result.proposals[0].pair_beyond, 120);
}

Test(matching, the_allowance_of_a_pair_is_the_rule_solved)
{
    for (int64_t received = 0; received <= 60; received += 3)
        for (int64_t pair = 0; pair <= received; pair += 2)
            for (int64_t cap = 0; cap <= 50; cap += 7)
                for (int64_t permille = 1; permille < 1000; permille += 111) {
                    int64_t x = 0;

                    while (received + x + 1 < cap ||
                           1000 * (pair + x + 1) <= permille * (received + x + 1))
                        x++;
                    cr_assert_eq(match_pair_allowance(pair, received, cap, permille), x);
                }
    cr_expect_eq(match_pair_allowance(5, 9, 0, 1000), INT64_MAX);
}

/* --- Reasons and ties ------------------------------------------------------------------------- */

static const struct match_other *other(const struct match_proposal *of, uint32_t giver)
{
    for (size_t i = 0; i < of->n_others; i++)
        if (p.result.others[of->first_other + i].giver == giver)
            return &p.result.others[of->first_other + i];
    cr_assert_fail("%u is no alternative", giver);
    return NULL;
}

Test(matching, a_proposal_says_why_not_the_others)
{
    /* 3 is the lowest, and taken by who is more pressing. */
    ORGS({-300, 120}, {0, 120}, {-600, 120}, {2399, 120}, {0, 0}, {0, 0});
    OFFERS({1, 0}, {2, 0}, {3, 0}, {4, 0}, {3, 1});
    NEEDS({5, 0, 120}, {6, 1, 120});
    need(2)->class = 2;
    run();
    cr_assert_eq(p.result.n_proposals, 2);

    const struct match_proposal *first = &p.result.proposals[0];

    cr_expect_eq(first->giver, 1);
    cr_expect_eq(first->giver_before, -300);
    cr_expect_eq(first->giver_after, -180);
    cr_expect_eq(first->receiver_after, -120);
    cr_expect_eq(first->n_others, 3);
    cr_expect_eq(other(first, 2)->why, MATCH_OTHER_WORSE);
    /* 120^2 - 0^2 instead of 180^2 - 300^2, by 30. */
    cr_expect_eq(other(first, 2)->uneven, (14400 - (32400 - 90000)) / 30);
    cr_expect_eq(other(first, 3)->why, MATCH_OTHER_TAKEN);
    cr_expect_eq(other(first, 4)->why, MATCH_OTHER_CEILING);
    cr_expect_eq(p.result.proposals[1].giver, 3);
    cr_expect_eq(p.result.proposals[1].n_others, 0);
}

Test(matching, a_giver_that_stays_within_its_line_by_this_piece_is_told_so)
{
    ORGS({-1200, 120}, {-1200, 120}, {0, 120});
    OFFERS({1, 0}, {2, 0}, {3, 1});
    NEEDS({3, 0, 120}, {1, 1, 120});
    run();
    cr_assert_eq(given(1, 1), 120);
    cr_expect_eq(other(&p.result.proposals[0], 2)->why, MATCH_OTHER_RELIED);
}

Test(matching, ties_go_to_the_lower_number_and_the_older_need)
{
    ORGS({0, 120}, {0, 120}, {0, 0}, {0, 0});
    org(1)->tie = 900;
    org(2)->tie = 100;
    OFFERS({1, 0}, {2, 0});
    NEEDS({3, 0, 120});
    run();
    cr_expect_eq(given(1, 2), 120);
    org(2)->tie = 900;
    run();
    cr_expect_eq(given(1, 1), 120);

    p.in.n_offers = 1;
    NEEDS({4, 0, 120});
    run();
    cr_expect_eq(given(1, 1), 120);
    need(2)->since = -1;
    run();
    cr_expect_eq(given(2, 1), 120);
}

/* One need can be met, of two. */
Test(matching, where_nothing_else_decides_the_order_comes_before_age)
{
    static const struct {
        uint32_t order[2];
        int64_t since[2];
        uint32_t first;
    } rows[] = {
        {{0, 0}, {1, 2}, 1}, {{0, 0}, {2, 1}, 2}, {{0, 0}, {1, 1}, 1}, {{0, 1}, {2, 1}, 1},
        {{1, 0}, {1, 2}, 2}, {{UINT32_MAX, 0}, {1, 2}, 2},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t first = rows[i].first, second = 3 - first;

        start();
        ORGS({0, 120}, {0, 0}, {0, 0});
        OFFERS({1, 0});
        for (uint32_t k = 0; k < 2; k++) {
            NEEDS({2 + k, 0, 120});
            need(k + 1)->order = rows[i].order[k];
            need(k + 1)->since = rows[i].since[k];
        }
        run();
        cr_expect_eq(given(first, 1), 120, "row %zu", i);
        /* A class is not a matter of order, nor is what an organisation already has. */
        need(first)->class = 3;
        need(second)->class = 2;
        run();
        cr_expect_eq(given(second, 1), 120, "row %zu", i);
        need(second)->class = 3;
        org(first + 1)->position = -600;
        run();
        cr_expect_eq(given(second, 1), 120, "row %zu", i);
    }
}

/* What a status of another class is worth: a share, and no way past the line. */
Test(matching, the_pool_pays_a_share_of_a_usual_need)
{
    static const struct {
        int64_t position, permille, budget, served, paid;
    } rows[] = {
        {0, 250, 600, 240, 60},     {0, 1000, 600, 240, 240},    {0, 1000, 90, 240, 90},
        {0, 0, 600, 240, 0},        {-1200, 1000, 600, 240, 240}, {-1200, 500, 600, 120, 120},
        {-1140, 250, 600, 120, 60}, {-1200, 500, 0, 0, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        four_hours(rows[i].position, rows[i].budget)->pool_permille = rows[i].permille;
        run_row(i, rows[i].served, rows[i].paid);
    }
}

Test(matching, an_offer_of_one_is_named_before_a_joint_one)
{
    ORGS({0, 600}, {0, 0}, {0, 0});
    OFFERS({1, 0}, {1, 0});
    joint(1, 3);
    NEEDS({2, 0, 120});
    run();
    cr_assert_eq(p.result.n_proposals, 1);
    cr_expect_eq(p.result.proposals[0].offer, 2);
    cr_expect_not(p.result.proposals[0].joint);
}

/* The line is part of the weight: an hour is more for who has less room. */
Test(matching, weights_follow_the_line_of_each)
{
    p.in.rules.weight = 0;
    ORGS({600, 120}, {400, 120}, {0, 0});
    org(1)->line.ceiling = 2400; /* it stands at a quarter of its line */
    org(2)->line.ceiling = 800;  /* half of it, though less in minutes */
    OFFERS({1, 0}, {2, 0});
    NEEDS({3, 0, 120});
    run();
    cr_expect_eq(given(1, 1), 120);
    p.in.rules.weight = 1;
    run();
    cr_expect_eq(given(1, 2), 120);
}

Test(matching, nothing_asked_or_nothing_offered_is_no_trouble)
{
    run();
    cr_expect_eq(p.result.n_proposals + p.result.n_left, 0);
    ORGS({0, 0});
    NEEDS({1, 0, 120});
    run();
    expect_left(1, 120, MATCH_LEFT_NO_OFFER);
}
