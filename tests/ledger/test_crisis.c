/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* When a crisis begins and what it changes (SPEC 18.6). */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "tests/ledger/story.h"

#define DECEMBER INT64_C(1701388800000) /* 2023-12-01, 0:00 UTC */
#define JANUARY  INT64_C(1704067200000) /* 2024-01-01, 0:00 UTC */
#define FEBRUARY INT64_C(1706745600000) /* 2024-02-01, 0:00 UTC */

static char need[REF_TEXT_SIZE], ref[REF_TEXT_SIZE];

static void urgent_need(int asker)
{
    story_needs(need, asker, 60, true);
    story_vouch(asker == 2 ? 3 : 2, need);
}

/* Two of nine are more than a fifth, two of ten are not. */
Test(crisis, too_many_urgent_needs)
{
    for (size_t orgs = 9; orgs <= 10; orgs++) {
        story_start(orgs, "{\"urgent_days\":60}");
        urgent_need(4);
        urgent_need(4); /* counts once */
        urgent_need(5);
        story_at(DECEMBER);
        cr_expect_eq(story_quarter().crisis_until, orgs == 9 ? DECEMBER + 183 * MAKER_DAY : 0);
        cr_expect_eq(story_quarter().budget, orgs == 9 ? 2 * 9 * 600 : 10 * 600);
        story_end();
    }
}

/* A fifth of four is no network in a crisis; nor is an urgency that lapsed at that very moment. */
Test(crisis, few_members_and_lapsed_urgencies_say_nothing)
{
    story_start(4, NULL);
    for (int i = 1; i <= 4; i++)
        urgent_need(i);
    story_at(DECEMBER);
    cr_expect_eq(story_quarter().crisis_until, 0);
    story_end();

    story_start(5, "{\"urgent_days\":1}");
    made.at = DECEMBER - MAKER_DAY - 3000;
    urgent_need(4);
    story_do(ref, "need.publish", "org-05",
             "{\"details\":\"" STORY_ZEROS "\",\"expires\":%" PRId64
             ",\"minutes\":60,\"public\":false,\"type\":\"space\",\"urgent\":true}",
             made.at + 20 * MAKER_DAY);
    memcpy(need, ref, sizeof need);
    cr_assert_eq(made.at, DECEMBER - MAKER_DAY);
    made.at -= 1000;
    story_vouch(2, need); /* lapses at the first moment of December */
    story_at(DECEMBER + 1);
    cr_expect_eq(story_quarter().crisis_until, 0);
    story_end();
}

/* Lines and the pool's quarter are wider, until it is over. */
Test(crisis, what_it_changes)
{
    static const char record[] =
        "{\"day\":\"%s\",\"shares\":[{\"from\":\"org-01\",\"minutes\":%d,\"to\":\"org-05\"}]}";
    story_start(5, "{\"crisis_days\":40}");
    urgent_need(3);
    urgent_need(4);
    cr_expect_eq(story_try("hours.record", "org-01 org-05", record, story_today(), 901),
                 CODE_limit_crossed);
    story_at(DECEMBER);
    cr_expect_eq(story_try("hours.record", "org-01 org-05", record, story_today(), 1350), CODE_OK);
    cr_expect_eq(story_try("hours.record", "org-01 org-05", record, story_today(), 1351),
                 CODE_limit_crossed);
    cr_expect_str_eq(story_why.value_expected, "-1350");
    cr_expect_eq(story_quarter().budget, 2 * 5 * 600);
    /* The closing of January finds it in force, and no second one begins meanwhile. */
    story_at(JANUARY);
    cr_expect_eq(story_quarter().crisis_until, DECEMBER + 40 * MAKER_DAY);
    cr_expect_eq(story_quarter().budget, 2 * 5 * 600);
    story_at(DECEMBER + 40 * MAKER_DAY - 1001);
    cr_expect_eq(story_try("hours.record", "org-01 org-05", record, story_today(), 901), CODE_OK);
    cr_expect_eq(story_try("hours.record", "org-01 org-05", record, story_today(), 901),
                 CODE_limit_crossed); /* signing took a second: it is over */
    story_end();
}

/* --- How much was found ----------------------------------------------------------------------- */

/* Asks for 100 minutes, gets some, and lets the need expire. */
static void ask_for_100(int asker, int64_t found)
{
    story_needs(need, asker, 100, false);
    if (found > 0)
        story_serve(ref, 1, asker, found, need);
}

/* The needs of 14 November expire on 4 December, so that January's check looks at them. */
Test(crisis, too_little_was_found)
{
    static const int64_t found[2][6] = {{100, 49, 0, 49, 100, 49}, {100, 50, 0, 49, 100, 50}};
    for (int i = 0; i < 2; i++) {
        story_start(6, NULL);
        for (int org = 2; org <= 6; org++)
            ask_for_100(org, found[i][org - 1]);
        ask_for_100(1, 0);
        story_do(ref, "need.withdraw", "org-01", "{\"need\":\"%s\"}", need); /* says nothing */
        story_at(DECEMBER);
        cr_expect_eq(story_quarter().crisis_until, 0); /* they are still open */
        story_at(JANUARY);
        cr_expect_eq(story_quarter().crisis_until, i == 0 ? JANUARY + 183 * MAKER_DAY : 0, "%d", i);
        story_end();
    }
}

/* Of six the third from below. */
Test(crisis, of_an_even_number_the_lower_of_the_two_in_the_middle)
{
    static const int64_t found[] = {0, 0, 49, 50, 100, 100};
    story_start(7, NULL);
    for (int i = 0; i < 6; i++)
        ask_for_100(2 + i, found[i]);
    story_at(JANUARY);
    cr_expect_eq(story_quarter().crisis_until, JANUARY + 183 * MAKER_DAY);
    story_end();
}

/* What comes when a need is over does not count; what is taken back does not either. */
Test(crisis, what_was_found_in_time)
{
    char hours[REF_TEXT_SIZE], own[REF_TEXT_SIZE];
    story_start(3, "{\"crisis_orgs_min\":1}");
    story_needs(own, 3, 100, false);
    story_serve(hours, 1, 3, 60, own);
    story_do(ref, "hours.reverse", "org-01 org-03",
             "{\"hours\":\"%s\",\"shares\":[{\"from\":\"org-01\",\"minutes\":20,"
             "\"to\":\"org-03\"}]}",
             hours);
    cr_expect_eq(story_need(own).in_time, 40);
    story_pass(21 * MAKER_DAY);
    story_serve(hours, 1, 3, 60, own); /* too late */
    cr_expect_eq(story_need(own).in_time, 40);
    cr_expect_eq(story_need(own).served, 100);
    story_at(JANUARY);
    cr_expect_eq(story_quarter().crisis_until, JANUARY + 183 * MAKER_DAY);
    story_end();
}

/* An expiry counts at its own moment, however late the log learns of it; and for 60 days. */
Test(crisis, needs_count_for_60_days_from_their_end)
{
    story_start(3, "{\"crisis_orgs_min\":1,\"crisis_days\":1}");
    ask_for_100(3, 0);
    /* One tick for everything: December's check, the expiry, January's, February's. */
    story_at(FEBRUARY + MAKER_DAY);
    /* 4 December + 60 days is 2 February: both saw it. */
    cr_expect_eq(story_quarter().crisis_until, FEBRUARY + MAKER_DAY);
    story_end();

    story_start(3, "{\"crisis_orgs_min\":1,\"crisis_days\":1,\"crisis_fill_days\":58}");
    ask_for_100(3, 0);
    story_at(FEBRUARY + MAKER_DAY);
    cr_expect_eq(story_quarter().crisis_until, JANUARY + MAKER_DAY);
    story_end();
}
