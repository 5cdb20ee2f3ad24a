/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the common pool pays, and takes back (SPEC 6.13, 18.4). */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "tests/ledger/story.h"

#define SHARE_OF(from, minutes, to) \
    "{\"from\":\"org-0" #from "\",\"minutes\":" #minutes ",\"to\":\"org-0" #to "\"}"

static char need[REF_TEXT_SIZE], hours[REF_TEXT_SIZE], ref[REF_TEXT_SIZE];

/* The helper is counted as ever; the asker is expected to give back the rest alone. */
Test(pool, it_pays_half_of_a_fragile_asker_s_need)
{
    story_start(4, NULL);
    story_status(4, 1, 1000, 500);
    story_needs(need, 4, 100, false);
    story_serve(hours, 1, 4, 61, need);
    cr_expect_eq(story_position(1), 61);
    cr_expect_eq(story_position(4), -31); /* the pool pays 30.5 */
    cr_expect_eq(story_pool(), -30);
    cr_expect_eq(story_org(4).pool_received, 30);
    cr_expect_eq(story_quarter().spent, 30);
    cr_expect(story_need(need).fragile);
    cr_expect_eq(story_need(need).in_time, 61);
    /* 39 minutes are still asked; what is given beyond them is paid by nobody. */
    story_serve(hours, 1, 4, 60, need);
    cr_expect_eq(story_org(4).pool_received, 30 + 19);
    cr_expect_eq(story_position(4), -31 - 60 + 19);
    cr_expect_eq(story_need(need).in_time, 121);
    story_end();
}

Test(pool, it_pays_nothing_without_a_need_for_a_gift_or_for_others)
{
    story_start(5, NULL);
    story_status(4, 1, 1000, 500);
    story_help(1, 4, 50);
    story_needs(need, 4, 100, false);
    story_do(hours, "hours.record", "org-01 org-04",
             "{\"day\":\"%s\",\"gift\":true,\"need\":\"%s\",\"shares\":[" SHARE_OF(1, 40, 4) "]}",
             story_today(), need);
    cr_expect_eq(story_pool(), 0);
    cr_expect_eq(story_position(4), -50);
    cr_expect_eq(story_position(1), 50);
    /* In one text: to the asker, and to another who has no need. */
    story_do(hours, "hours.record", "org-01 org-04 org-05",
             "{\"day\":\"%s\",\"need\":\"%s\",\"shares\":[" SHARE_OF(1, 20, 4) "," SHARE_OF(
                 1, 20, 5) "]}",
             story_today(), need);
    cr_expect_eq(story_pool(), -10);
    cr_expect_eq(story_position(5), -20);
    story_needs(need, 5, 100, false);
    story_serve(hours, 1, 5, 100, need);
    cr_expect_eq(story_pool(), -10);
    story_end();
}

/* An urgent need is carried by all, whoever asks; the voucher itself may not be paid for it. */
Test(pool, it_pays_urgent_needs_in_full)
{
    story_start(4, NULL);
    story_needs(need, 4, 100, true);
    story_serve(hours, 1, 4, 10, need); /* nobody vouched yet */
    cr_expect_eq(story_pool(), 0);
    story_vouch(2, need);
    story_serve(hours, 2, 4, 10, need); /* the voucher gives: not urgent */
    cr_expect_eq(story_pool(), 0);
    story_serve(hours, 1, 4, 70, need);
    cr_expect_eq(story_pool(), -70);
    cr_expect_eq(story_position(4), -20);
    story_serve(hours, 1, 4, 11, need); /* more than the need still asks: not urgent */
    cr_expect_eq(story_pool(), -70);
    story_end();
}

/* Hours under an agreement count as urgent as if it kept nothing for itself. */
Test(pool, it_pays_under_an_agreement)
{
    char agreement[REF_TEXT_SIZE];
    story_start(4, NULL);
    story_needs(need, 4, 100, true);
    story_vouch(2, need);
    story_do(agreement, "agreement.sign", "org-01 org-04",
             "{\"details\":\"" STORY_ZEROS "\",\"expires\":%" PRId64 ",\"need\":\"%s\","
             "\"shares\":[" SHARE_OF(1, 100, 4) "]}",
             made.at + 10 * MAKER_DAY, need);
    story_do(hours, "hours.record", "org-01 org-04",
             "{\"agreement\":\"%s\",\"day\":\"%s\",\"shares\":[" SHARE_OF(1, 60, 4) "]}", agreement,
             story_today());
    cr_expect_eq(story_pool(), -60);
    cr_expect_eq(story_position(4), 0);
    cr_expect_eq(story_org(4).received_pending, 40);
    story_end();
}

/* A fragile organisation at its line is carried whole: -580 - 40 + 20 is the line itself. */
Test(pool, it_pays_all_where_a_fragile_asker_would_cross_its_line)
{
    story_start(4, NULL);
    story_help(1, 4, 580);
    story_status(4, 1, 1000, 500);
    story_needs(need, 4, 100, false);
    story_serve(hours, 1, 4, 40, need);
    cr_expect_eq(story_position(4), -600);
    cr_expect_eq(story_pool(), -20);
    story_serve(hours, 1, 4, 40, need);
    cr_expect_eq(story_position(4), -600);
    cr_expect_eq(story_pool(), -60);
    story_end();
}

/* 150 minutes are there for the quarter. */
Test(pool, it_runs_out)
{
    story_start(3, "{\"pool_cap\":50,\"urgent_quota\":100}");
    cr_assert_eq(story_quarter().budget, 150);
    for (int i = 0; i < 4; i++) {
        static const int64_t pool[] = {-60, -120, -150, -150};
        story_needs(need, 3, 60, true);
        story_vouch(2, need);
        story_serve(hours, 1, 3, 60, need);
        cr_expect_eq(story_pool(), pool[i]);
    }
    cr_expect_eq(story_position(1), 240);
    cr_expect_eq(story_position(3), -90);
    cr_expect_eq(story_quarter().spent, 150);
    /* What is taken back goes to the pool, and the quarter's budget does not grow again. */
    story_do(ref, "hours.reverse", "org-01 org-03",
             "{\"hours\":\"%s\",\"shares\":[" SHARE_OF(1, 60, 3) "]}", hours);
    cr_expect_eq(story_position(3), -30);
    story_needs(need, 3, 60, true);
    story_vouch(2, need);
    story_serve(hours, 1, 3, 60, need);
    cr_expect_eq(story_pool(), -150);
    story_end();
}

Test(pool, a_reversal_gives_back_its_part)
{
    story_start(4, NULL);
    story_status(4, 1, 1000, 500);
    story_needs(need, 4, 400, false);
    story_serve(hours, 1, 4, 101, need);
    cr_expect_eq(story_pool(), -50);
    /* 1 of 101: floor(50 * 100 / 101) = 49 stay paid. */
    story_do(ref, "hours.reverse", "org-01 org-04",
             "{\"hours\":\"%s\",\"shares\":[" SHARE_OF(1, 1, 4) "]}", hours);
    cr_expect_eq(story_pool(), -49);
    cr_expect_eq(story_position(4), -51);
    cr_expect_eq(story_need(need).in_time, 100);
    /* 67 of the 100: floor(49 * 33 / 100) = 16. */
    story_do(ref, "hours.reverse", "org-01 org-04",
             "{\"hours\":\"%s\",\"shares\":[" SHARE_OF(1, 67, 4) "]}", hours);
    cr_expect_eq(story_pool(), -16);
    story_do(ref, "hours.reverse", "org-01 org-04",
             "{\"hours\":\"%s\",\"shares\":[" SHARE_OF(1, 33, 4) "]}", hours);
    cr_expect_eq(story_pool(), 0);
    cr_expect_eq(story_position(1), 0);
    cr_expect_eq(story_position(4), 0);
    cr_expect_eq(story_quarter().spent, 50);
    cr_expect_eq(story_need(need).in_time, 0);
    story_end();
}

/* Its own days keep the share of the pool and of gifts apart. */
Test(pool, the_days_of_a_pair_tell_gifts_and_the_pool_apart)
{
    struct pair_day day;
    int32_t today;
    story_start(4, NULL);
    story_status(4, 1, 1000, 500);
    story_needs(need, 4, 100, false);
    story_serve(hours, 1, 4, 100, need);
    story_do(ref, "hours.record", "org-01 org-04",
             "{\"day\":\"%s\",\"gift\":true,\"shares\":[" SHARE_OF(1, 7, 4) "]}", story_today());
    today = (int32_t)(made.at / MAKER_DAY);
    cr_assert(state_pair_days(&made.state, today, today, 1, 4, &day));
    cr_expect_eq(day.minutes, 107);
    cr_expect_eq(day.gift, 7);
    cr_expect_eq(day.pooled, 50);
    cr_expect_eq(day.other, 2);
    story_end();
}

/* --- Gifts to the pool, and leaving ----------------------------------------------------------- */

Test(pool, only_what_lies_above_zero_is_given_to_it)
{
    story_start(3, NULL);
    story_help(1, 2, 60);
    cr_expect_eq(story_try("pool.give", "org-01", "{\"minutes\":61}"), CODE_pool_over_position);
    cr_expect_str_eq(story_why.value_field, "minutes");
    cr_expect_str_eq(story_why.value_expected, "60");
    cr_expect_str_eq(story_why.value_found, "61");
    cr_expect_eq(story_try("pool.give", "org-02", "{\"minutes\":1}"), CODE_pool_over_position);
    cr_expect_str_eq(story_why.value_expected, "0");
    story_do(ref, "pool.give", "org-01", "{\"minutes\":60}");
    cr_expect_eq(story_position(1), 0);
    cr_expect_eq(story_pool(), 60);
    cr_expect_eq(story_org(1).given_posted, 60); /* the help stays visible */
    story_end();
}

/* Who gave much and leaves: what lies above zero goes to whom it names, or to the pool. */
Test(pool, a_giver_leaves)
{
    struct entry_record record;
    story_start(5, NULL);
    story_status(5, 1, 1000, 500);
    story_needs(need, 5, 200, false);
    story_serve(hours, 4, 5, 101, need);
    cr_expect_eq(story_pool(), -50);
    story_do(ref, "org.leave", "org-04", "{}");
    cr_expect_eq(story_position(4), 0);
    cr_expect_eq(story_pool(), 51);
    cr_assert(state_entry(&made.state, made.n - 1, &record));
    cr_assert_eq(record.n_parties, 1);
    cr_expect_eq(record.parties[0].moves, -101);
    cr_expect_eq(record.parties[0].position, 0);
    /* And below zero the pool takes it over. */
    story_do(ref, "org.leave", "org-05", "{}");
    cr_expect_eq(story_pool(), 0);
    story_end();
}

/* --- Lines ------------------------------------------------------------------------------------ */

/* What the pool can pay is not held against a fragile asker, as far as it can. */
Test(pool, a_line_does_not_count_what_the_pool_covers)
{
    static const char record[] =
        "{\"day\":\"%s\",\"need\":\"%s\",\"shares\":[{\"from\":\"org-01\",\"minutes\":%d,"
        "\"to\":\"org-04\"}]}";
    story_start(4, "{\"pool_cap\":30}");
    story_help(1, 4, 900); /* the hard stop */
    story_needs(need, 4, 100, false);
    cr_expect_eq(story_try("hours.record", "org-01 org-04", record, story_today(), need, 1),
                 CODE_limit_crossed);
    story_status(4, 2, 1000, 500);
    cr_expect_eq(story_try("hours.record", "org-01 org-04", record, story_today(), need, 1),
                 CODE_limit_crossed);
    story_status(4, 1, 1000, 500);
    cr_expect_eq(story_try("hours.record", "org-01 org-04", record, story_today(), need, 100),
                 CODE_OK);
    /* no more than the need asks */
    cr_expect_eq(story_try("hours.record", "org-01 org-04", record, story_today(), need, 101),
                 CODE_limit_crossed);
    cr_expect_str_eq(story_why.value_found, "-901");
    /* nor than the budget of 120 has left: 100 are paid whole, 20 are left for 21 */
    story_serve(hours, 1, 4, 100, need);
    cr_expect_eq(story_position(4), -900);
    story_needs(need, 4, 100, false);
    cr_expect_eq(story_try("hours.record", "org-01 org-04", record, story_today(), need, 20),
                 CODE_OK);
    cr_expect_eq(story_try("hours.record", "org-01 org-04", record, story_today(), need, 21),
                 CODE_limit_crossed);
    cr_expect_str_eq(story_why.value_expected, "-900");
    cr_expect_str_eq(story_why.value_found, "-901");
    story_end();
}
