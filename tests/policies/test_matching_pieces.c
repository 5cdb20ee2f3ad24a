/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/policies/matching_plan.h"

TestSuite(matching_pieces, .init = start, .fini = end);

/* Evenness alone would have each give an hour and a half. */
Test(matching_pieces, three_hours_come_from_one_organisation)
{
    ORGS({0, 600}, {0, 600}, {0, 0});
    OFFERS({1, 0}, {2, 0});
    NEEDS({3, 0, 180});
    run();
    cr_expect(p.result.repaired);
    cr_expect_eq(p.result.n_proposals, 1);
    cr_expect_eq(given(1, 1), 180);
    cr_expect_eq(p.result.bound.served[3], 6);
    cr_expect_eq(p.result.reached.served[3], 6);
    cr_expect_eq(p.result.reached.uneven - p.result.bound.uneven, (180 * 180 - 2 * 90 * 90) / 30);
}

Test(matching_pieces, four_hours_may_be_shared_by_two)
{
    ORGS({0, 600}, {0, 600}, {0, 0});
    OFFERS({1, 0}, {2, 0});
    NEEDS({3, 0, 240});
    run();
    cr_expect_not(p.result.repaired);
    cr_expect_eq(given(1, 1), 120);
    cr_expect_eq(given(1, 2), 120);
}

/* 2 has no line and receives as much as it gives: its piece may not be merged into that of 1, which
 * would be more even, but that of 1 into its own. */
Test(matching_pieces, merging_leaves_a_giver_what_it_relies_on)
{
    ORGS({-300, 600}, {0, 600}, {0, 90});
    org(2)->line = (struct line){0, 2400, 0};
    OFFERS({1, 0}, {2, 0}, {3, 1});
    NEEDS({3, 0, 180}, {2, 1, 90});
    run();
    cr_expect(p.result.repaired);
    cr_expect_eq(p.result.n_left, 0);
    cr_expect_eq(given(1, 2), 180);
    cr_expect_eq(given(2, 3), 90);
}

/* By quanta 2 gives as much as 3, who is the lower in ties; the whole belongs to 2, asked least. */
Test(matching_pieces, a_merged_piece_goes_to_who_was_asked_least)
{
    p.in.rules.weight = 0;
    ORGS({0, 0}, {0, 240}, {30, 210}, {90, 150});
    org(2)->tie = 9;
    OFFERS({2, 7}, {3, 7}, {4, 7});
    NEEDS({1, 7, 120});
    run();
    cr_expect(p.result.repaired);
    cr_expect_eq(given(1, 2), 120);
    cr_expect_eq(given(1, 0), 120);
    for (size_t i = 0; i < p.result.n_others; i++)
        cr_expect_geq(p.result.others[i].uneven, 0);
}

/* Two pieces of an hour find one who can take both. */
Test(matching_pieces, small_pieces_go_together_to_somebody_new)
{
    ORGS({-900, 60}, {-900, 60}, {900, 120}, {0, 0});
    OFFERS({1, 0}, {2, 0}, {3, 0});
    NEEDS({4, 0, 120});
    run();
    cr_expect(p.result.repaired);
    cr_expect_eq(p.result.n_proposals, 1);
    cr_expect_eq(given(1, 3), 120);
}

/* 4 h and 1 h become 3 h and 2 h. */
Test(matching_pieces, a_small_piece_grows_at_the_cost_of_a_large_one)
{
    ORGS({-1000, 240}, {0, 120}, {0, 0});
    OFFERS({1, 0}, {2, 0});
    NEEDS({3, 0, 300});
    run();
    cr_expect(p.result.repaired);
    cr_expect_eq(given(1, 1), 180);
    cr_expect_eq(given(1, 2), 120);
}

Test(matching_pieces, what_cannot_be_a_piece_is_left_and_told)
{
    ORGS({0, 60}, {0, 60}, {0, 0});
    OFFERS({1, 0}, {2, 0});
    NEEDS({3, 0, 120});
    run();
    cr_expect_eq(p.result.n_proposals, 0);
    cr_expect_eq(p.result.bound.served[3], 4);
    cr_expect_eq(p.result.reached.served[3], 0);
    expect_left(1, 120, MATCH_LEFT_SMALL);

    /* Together they can: a joint offer is one piece. */
    p.in.n_offers = 0;
    OFFERS({1, 0});
    joint(1, 2);
    run();
    cr_expect_not(p.result.repaired);
    cr_expect_eq(p.result.n_proposals, 2);
    cr_expect(p.result.proposals[0].joint && p.result.proposals[1].joint);
    cr_expect_eq(given(1, 1), 60);
    cr_expect_eq(given(1, 2), 60);

    /* And a need that asks for less than a piece is one. */
    need(1)->minutes = 60;
    p.in.n_offers = 0;
    OFFERS({1, 0});
    run();
    cr_expect_eq(given(1, 1), 60);
}

/* 2 can receive only because it gives. When what it would give is too small to be a piece, what
 * it would receive is left out with it. */
Test(matching_pieces, leaving_out_a_piece_takes_with_it_what_it_carried)
{
    ORGS({0, 600}, {-1200, 60}, {0, 0});
    OFFERS({1, 0}, {2, 1});
    NEEDS({2, 0, 60}, {3, 1, 120});
    run();
    cr_expect(p.result.repaired);
    cr_expect_eq(p.result.bound.served[3], 4);
    cr_expect_eq(p.result.reached.served[3], 0);
    expect_left(1, 60, MATCH_LEFT_FLOOR);
    expect_left(2, 120, MATCH_LEFT_SMALL);
}

Test(matching_pieces, a_need_that_is_no_whole_number_of_quanta_is_proposed_as_asked)
{
    ORGS({0, 600}, {0, 0});
    OFFERS({1, 0});
    NEEDS({2, 0, 130});
    run();
    cr_expect_eq(given(1, 1), 130);
    cr_expect_eq(position_after(2), -130);
    cr_expect_eq(p.result.n_left, 0);
}
