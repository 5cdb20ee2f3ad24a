/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The closing of a quarter, to the minute (SPEC 18.5), and what a tick says of it (SPEC 6.10). */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/text.h"
#include "tests/ledger/story.h"

#define DECEMBER INT64_C(1701388800000) /* 2023-12-01, 0:00 UTC */
#define JANUARY  INT64_C(1704067200000) /* 2024-01-01, 0:00 UTC */
#define APRIL    INT64_C(1711929600000) /* 2024-04-01, 0:00 UTC */

static char need[REF_TEXT_SIZE], ref[REF_TEXT_SIZE];

/* The hashed line of a moment of the calendar: its id is the moment and ten zero bytes. */
static void add_moment(struct hash_stream *h, int64_t moment, const char *type)
{
    char line[128];
    int n = snprintf(line, sizeof line, "%" PRId64 " %s pool/%012" PRIx64 "70008000000000000000\n",
                     moment, type, (uint64_t)moment);
    hash_stream_add(h, line, (size_t)n);
}

static void add_text(struct hash_stream *h, const char *text)
{
    hash_stream_add(h, text, strlen(text));
}

/* The newest tick has these effects. */
static void expect_effects(struct hash_stream *h)
{
    struct hash hash;
    char hex[HEX_SIZE(HASH_BYTES)];
    size_t at = made.n - 1;
    hash_stream_end(h, &hash);
    hex_encode(hex, hash.b, HASH_BYTES);
    while (memmem(made.leaves[at].data, made.leaves[at].size, "clock.tick", 10) == NULL)
        cr_assert_gt(at--, 0);
    cr_expect_not_null(memmem(made.leaves[at].data, made.leaves[at].size, hex, strlen(hex)));
}

static void declare(int org, int64_t capacity)
{
    story_do(ref, "org.update", story_name(org),
             "{\"capacity\":%" PRId64 ",\"details\":\"" STORY_ZEROS "\",\"public\":true}",
             capacity);
}

/* The pool pays `minutes` for org-04, which org-01 gives: it is below zero by them. */
static void spend(int64_t minutes)
{
    char hours[REF_TEXT_SIZE];
    story_needs(need, 4, minutes, true);
    story_vouch(2, need);
    story_serve(hours, 1, 4, minutes, need);
}

/* 101 minutes among three: 8, 6 and 6 of 20 give 41, 30 and 30. */
Test(closing, a_deficit_of_101_among_three)
{
    struct hash_stream h;
    struct closing c = {.moment = -1};
    story_start(4, "{\"pool_cap\":100}");
    declare(1, 800);
    declare(2, 600);
    declare(3, 600);
    declare(4, 0);
    cr_assert(story_org(4).capacity.set);
    spend(101);
    cr_expect_eq(story_pool(), -101);
    story_at(JANUARY - 1);
    cr_expect_eq(story_pool(), -101);
    story_at(JANUARY);
    cr_expect_eq(story_pool(), 0);
    cr_expect_eq(story_position(1), 101 - 41);
    cr_expect_eq(story_position(2), -30);
    cr_expect_eq(story_position(3), -30);
    cr_expect_eq(story_position(4), 0);
    cr_expect_eq(story_quarter().budget, 300); /* three of them contribute */
    cr_expect_eq(story_quarter().spent, 0);

    hash_stream_start(&h);
    add_moment(&h, JANUARY, "crisis_check");
    add_moment(&h, JANUARY, "pool_closing");
    add_text(&h, "org-01 41 0\norg-02 30 0\norg-03 30 0\nbudget 300\n");
    expect_effects(&h);

    cr_assert(state_next_closing(&made.state, &c, &c));
    cr_expect_eq(c.moment, JANUARY);
    cr_expect_eq(c.org, (uint32_t)POOL);
    cr_expect_eq(c.deficit, 101);
    cr_expect_eq(c.levied, 101);
    cr_expect_eq(c.forgiven, 0);
    cr_expect_eq(c.budget, 300);
    cr_assert(state_next_closing(&made.state, &c, &c));
    cr_expect_eq(c.org, 1u);
    cr_expect_eq(c.levied, 41);
    story_end();
}

/* A month without a quarter, where nothing is wrong: one line, and nothing moves. */
Test(closing, a_quiet_month)
{
    struct hash_stream h;
    story_start(3, NULL);
    story_at(DECEMBER);
    hash_stream_start(&h);
    add_moment(&h, DECEMBER, "crisis_check");
    expect_effects(&h);
    story_end();
}

/* Who declared nothing counts with the default; a status changes the part that counts. */
Test(closing, weights)
{
    story_start(6, "{\"capacity_default\":300,\"pool_cap\":200}");
    story_status(5, 1, 0, 500);
    story_status(6, 3, 500, 0);
    declare(2, 150);
    declare(4, 0);
    /* 300 + 150 + 300 + 0 + 0 + 150 = 900 */
    spend(90);
    story_at(JANUARY);
    cr_expect_eq(story_position(1), 90 - 30);
    cr_expect_eq(story_position(2), -15);
    cr_expect_eq(story_position(3), -30);
    cr_expect_eq(story_position(4), 0);
    cr_expect_eq(story_position(5), 0);
    cr_expect_eq(story_position(6), -15);
    cr_expect_eq(story_quarter().budget, 4 * 200);
    story_end();
}

/* A status that ends at the moment of the closing is none any more; who left is no member. */
Test(closing, members_are_those_of_that_moment)
{
    story_start(5, NULL);
    story_do(ref, "status.grant", "org-02 org-03",
             "{\"class\":1,\"levy_permille\":0,\"org\":\"org-04\","
             "\"panel\":[\"org-02\",\"org-03\"],"
             "\"pool_permille\":0,\"reason\":\"" STORY_ZEROS "\",\"until\":%" PRId64 "}",
             JANUARY);
    spend(80);
    story_do(ref, "org.leave", "org-05", "{}");
    story_at(JANUARY + 5000);
    for (int i = 2; i <= 4; i++)
        cr_expect_eq(story_position(i), -20, "%d", i);
    cr_expect_eq(story_position(1), 60);
    story_end();
}

/* Where nobody can give, the deficit waits. */
Test(closing, a_deficit_waits_for_somebody_who_can_give)
{
    story_start(4, NULL);
    for (int i = 1; i <= 4; i++)
        declare(i, 0);
    spend(70);
    story_at(JANUARY);
    cr_expect_eq(story_pool(), -70);
    cr_expect_eq(story_quarter().budget, 0);
    declare(3, 1);
    story_at(APRIL);
    cr_expect_eq(story_pool(), 0);
    cr_expect_eq(story_position(3), -70);
    story_end();
}

/* A year in one leap: four closings, each with what the one before left. */
Test(closing, many_moments_in_one_tick)
{
    struct closing c = {.moment = -1};
    int quarters = 0;
    story_start(4, NULL);
    spend(100);
    story_at(JANUARY + 400 * MAKER_DAY);
    while (state_next_closing(&made.state, &c, &c))
        quarters += c.org == POOL;
    cr_expect_eq(quarters, 5);
    cr_expect_eq(story_pool(), 0);
    story_end();
}

/* --- Forgiving -------------------------------------------------------------------------------- */

#define FORGIVING "{\"forgive_divisor\":8,\"forgive_levy_divisor\":8,\"limit_floor_new\":2400}"

/* The levy and what is forgiven, of positions 1500, 300, -300, -900 and -600. */
Test(closing, forgiving_and_its_levy)
{
    struct hash_stream h;
    story_start(5, FORGIVING);
    story_help(1, 4, 900);
    story_help(1, 5, 600);
    story_help(2, 3, 300);
    story_at(JANUARY);
    cr_expect_eq(story_position(1), 1388);
    cr_expect_eq(story_position(2), 300);
    cr_expect_eq(story_position(3), -300);
    cr_expect_eq(story_position(4), -863);
    cr_expect_eq(story_position(5), -600);
    cr_expect_eq(story_pool(), 75);
    hash_stream_start(&h);
    add_moment(&h, DECEMBER, "crisis_check");
    add_moment(&h, JANUARY, "crisis_check");
    add_moment(&h, JANUARY, "pool_closing");
    add_text(&h, "org-01 112 0\norg-04 0 37\nbudget 3000\n");
    expect_effects(&h);
    story_end();
}

/*
 * The fragile come first, and a group shares what there is: 10 minutes were given, 25 and 12 would
 * be forgiven, which makes 7 and 3, and nothing is left for the third.
 */
Test(closing, forgiving_goes_as_far_as_the_pool)
{
    story_start(6, "{\"forgive_divisor\":8,\"limit_floor_new\":2400}");
    story_status(4, 1, 1000, 0);
    story_status(5, 1, 1000, 0);
    story_help(1, 4, 800);
    story_help(1, 5, 700);
    story_help(2, 6, 900);
    story_do(ref, "pool.give", "org-02", "{\"minutes\":10}");
    story_at(JANUARY);
    cr_expect_eq(story_position(4), -793); /* 25 of 37: 6.76 */
    cr_expect_eq(story_position(5), -697); /* 12 of 37: 3.24 */
    cr_expect_eq(story_position(6), -900);
    cr_expect_eq(story_pool(), 0);
    story_end();
}

/* A deficit is levied first, and what that leaves is what the band is held against. */
Test(closing, the_steps_follow_one_another)
{
    story_start(4, "{\"forgive_divisor\":2,\"forgive_levy_divisor\":2,\"forgive_band\":100,"
                   "\"limit_floor_new\":2400}");
    declare(1, 0);
    declare(2, 0);
    declare(3, 0);
    declare(4, 1);
    story_help(1, 4, 90);
    spend(40); /* org-01 at 130, org-04 at -90, the pool at -40 */
    story_at(JANUARY);
    /* org-04 gives 40 and is at -130; org-01 gives 15; org-04 is forgiven 15. */
    cr_expect_eq(story_position(1), 115);
    cr_expect_eq(story_position(4), -115);
    cr_expect_eq(story_pool(), 0);
    story_end();
}

/* More members than an entry may touch at once. */
Test(closing, many_members)
{
    int64_t sum = 0;
    story_start(32, "{\"urgent_quota\":100}");
    for (int i = 0; i < 16; i++) {
        story_needs(need, 4 + i, 101, true);
        story_vouch(2, need);
        story_serve(ref, 1, 4 + i, 101, need);
    }
    cr_expect_eq(story_pool(), -16 * 101);
    story_at(JANUARY);
    cr_expect_eq(story_pool(), 0);
    for (int i = 1; i <= 32; i++)
        sum += story_position(i);
    cr_expect_eq(sum, 0);
    /* 1616 of 32: 50.5 each, so that the first 16 give one more. */
    cr_expect_eq(story_position(16), -51);
    cr_expect_eq(story_position(17), -50);
    cr_expect_eq(story_position(1), 16 * 101 - 51);
    story_end();
}
