/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "policies/choice.h"
#include "policies/matching.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct choice_candidate candidate(uint32_t id, int64_t position)
{
    return (struct choice_candidate){.id = id, .available = true, .position = position,
                                     .line = {1200, 2400, 1800}, .tie = id};
}

Test(choice, the_least_used_line_goes_first_not_the_lowest_position)
{
    struct choice_candidate c[] = {candidate(1, 600), candidate(2, 500), candidate(3, -60)};
    struct choice_ranked ranked[COUNT(c)];

    c[1].line.ceiling = 1000; /* half used; 1 has used a quarter */
    cr_assert_eq(choice_rank(c, COUNT(c), 120, ranked), 3);
    cr_expect_eq(ranked[0].candidate->id, 3);
    cr_expect_eq(ranked[1].candidate->id, 1);
    cr_expect_eq(ranked[2].candidate->id, 2);
    cr_expect_eq(ranked[0].position_after, 60);
    cr_expect_eq(ranked[2].by, CHOICE_BY_LINE_USE);

    /* Less than a per mille apart, and still told apart. */
    c[0].position = 1000;
    c[0].line.ceiling = 3001;
    c[1].position = 1000;
    c[1].line.ceiling = 3000;
    c[2].available = false;
    cr_assert_eq(choice_rank(c, COUNT(c), 120, ranked), 2);
    cr_expect_eq(ranked[0].candidate->id, 1);
}

Test(choice, what_decides_is_named)
{
    struct choice_candidate a = candidate(1, 0), b = candidate(2, 0);
    enum choice_by by;

    cr_expect_lt(choice_compare(&a, &b, &by), 0);
    cr_expect_eq(by, CHOICE_BY_TIE);
    b.tie = 0;
    cr_expect_gt(choice_compare(&a, &b, &by), 0);
    b.helped_at = 5;
    cr_expect_lt(choice_compare(&a, &b, &by), 0);
    cr_expect_eq(by, CHOICE_BY_WAITING);
    a.pair_minutes = 1;
    cr_expect_gt(choice_compare(&a, &b, &by), 0);
    cr_expect_eq(by, CHOICE_BY_PAIR);
    b.position = 1;
    cr_expect_lt(choice_compare(&a, &b, &by), 0);
    cr_expect_eq(by, CHOICE_BY_LINE_USE);
    a.surcharge = 100;
    cr_expect_gt(choice_compare(&a, &b, &by), 0);
    b.position = 240; /* a tenth of its line, the same as the surcharge */
    cr_expect_gt(choice_compare(&a, &b, &by), 0);
    cr_expect_eq(by, CHOICE_BY_PAIR);
    cr_expect_eq(choice_compare(&a, &a, &by), 0);
}

Test(choice, who_is_not_asked_is_ranked_behind_with_a_reason)
{
    struct choice_candidate c[] = {candidate(1, -900), candidate(2, -800), candidate(3, 2281),
                                   candidate(4, 2280), candidate(5, -1000)};
    struct choice_ranked ranked[COUNT(c)];

    c[0].available = false;
    c[1].guarded = true;
    c[4].available = false;
    cr_assert_eq(choice_rank(c, COUNT(c), 120, ranked), 1);
    cr_expect_eq(ranked[0].candidate->id, 4);
    cr_expect_eq(ranked[1].candidate->id, 3);
    cr_expect_eq(ranked[1].state, CHOICE_RESTS);
    cr_expect_eq(ranked[2].candidate->id, 2);
    cr_expect_eq(ranked[2].state, CHOICE_GUARDED);
    cr_expect_eq(ranked[3].candidate->id, 1);
    cr_expect_eq(ranked[4].candidate->id, 5);
    cr_expect_eq(ranked[4].state, CHOICE_NOT_AVAILABLE);
}

Test(choice, a_choice_waits_for_two_or_for_its_time)
{
    cr_expect_not(choice_ready(0, 2, 1000, 72));
    cr_expect_not(choice_ready(0, 0, 1000, 72));
    cr_expect_not(choice_ready(1, 2, 71, 72));
    cr_expect(choice_ready(1, 2, 72, 72));
    cr_expect(choice_ready(2, 2, 0, 72));
    cr_expect(choice_ready(1, 1, 0, 72));
}

/* One after the other: the first need takes C, and nobody is left for the second. The batch of
 * test_matching.c serves both. */
Test(choice, one_by_one_the_only_giver_may_be_gone)
{
    struct choice_candidate first[] = {candidate(1, 120), candidate(3, -240)};
    struct choice_ranked ranked[COUNT(first)];

    cr_assert_eq(choice_rank(first, COUNT(first), 120, ranked), 2);
    cr_expect_eq(ranked[0].candidate->id, 3);
}

/* With equal lines, nobody near one, and no history, a batch of one need chooses the same. */
Test(choice, a_batch_of_one_need_agrees)
{
    enum { GIVERS = 6 };
    uint64_t state = 88172645463325252u;

    for (int round = 0; round < 500; round++) {
        struct match_org orgs[GIVERS + 1];
        struct match_offer offers[GIVERS];
        uint32_t ids[GIVERS];
        struct choice_candidate c[GIVERS];
        struct choice_ranked ranked[GIVERS];
        struct match_what what = {.from_day = INT32_MIN, .until_day = INT32_MAX};
        struct match_need need = {.id = 1, .org = 99, .what = what, .minutes = 60, .class = 3};
        struct match_input in = {
            .rules = {30, 120, 720, 1000, 0, 0, 1},
            .orgs = orgs, .n_orgs = GIVERS + 1, .offers = offers, .n_offers = GIVERS,
            .needs = &need, .n_needs = 1,
        };
        struct match_result result;

        orgs[GIVERS] = (struct match_org){.id = 99, .line = {1200, 1200, 1800}, .burden = -1};
        for (uint32_t i = 0; i < GIVERS; i++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            ids[i] = 1 + i;
            /* Sixty apart or equal, so that a batch has no reason to share the hour. */
            orgs[i] = (struct match_org){.id = ids[i], .position = (int64_t)(state % 7) * 60 - 240,
                                         .line = {1200, 1200, 1800}, .capacity = 60, .burden = -1,
                                         .tie = state >> 40};
            offers[i] = (struct match_offer){.id = 1 + i, .what = what, .givers = &ids[i],
                                             .n_givers = 1};
            c[i] = candidate(ids[i], orgs[i].position);
            c[i].line = orgs[i].line;
            c[i].tie = orgs[i].tie;
        }
        cr_assert_eq(choice_rank(c, GIVERS, 60, ranked), GIVERS);
        match_batch(&in, &result);
        cr_assert_eq(result.n_proposals, 1);
        cr_assert_eq(orgs[result.proposals[0].giver - 1].position, ranked[0].candidate->position);
        match_free(&result);
    }
}
