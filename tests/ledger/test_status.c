/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Status, and the urgencies of a quarter (SPEC 6.7, 6.14, 18.3). */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "tests/ledger/story.h"

#define JANUARY INT64_C(1704067200000) /* 2024-01-01, 0:00 UTC */

static char need[REF_TEXT_SIZE], ref[REF_TEXT_SIZE];

static enum code grant(const char *signers, const char *org, const char *panel, int pool,
                       int64_t days)
{
    return story_try("status.grant", signers,
                     "{\"class\":1,\"levy_permille\":1000,\"org\":\"%s\",\"panel\":[%s],"
                     "\"pool_permille\":%d,\"reason\":\"" STORY_ZEROS "\",\"until\":%" PRId64 "}",
                     org, panel, pool, made.at + 1000 + days * MAKER_DAY);
}

Test(status, who_grants_one_and_for_how_long)
{
    static const char both[] = "\"org-02\",\"org-03\"";
    story_start(5, NULL);
    cr_expect_eq(grant("org-02 org-03", "org-04", both, 500, 366), CODE_OK);
    cr_expect_eq(grant("org-02 org-03", "org-04", both, 500, 367), CODE_expires_out_of_range);
    cr_expect_str_eq(story_why.value_field, "until");
    cr_expect_eq(grant("org-02 org-03", "org-04", both, 500, 0), CODE_expires_out_of_range);
    cr_expect_eq(grant("org-02 org-03", "org-04", both, 501, 9), CODE_field_invalid);
    cr_expect_str_eq(story_why.field, "pool_permille");
    cr_expect_eq(grant("org-02", "org-04", "\"org-02\"", 500, 9), CODE_field_invalid);
    cr_expect_str_eq(story_why.rule, "panel_min");
    cr_expect_eq(grant("org-02 org-05", "org-04", "\"org-02\",\"org-05\"", 500, 9),
                 CODE_not_panel);
    cr_expect_str_eq(story_why.value_found, "org-05");
    cr_expect_eq(grant("org-02 org-03", "org-03", both, 500, 9), CODE_field_invalid);
    cr_expect_eq(grant("org-04", "org-05", both, 500, 9), CODE_field_invalid);
    cr_expect_eq(grant("org-02 org-03", "org-09", both, 500, 9), CODE_org_unknown);
    story_end();
}

/* A new one replaces it, and ends at its own moment. */
Test(status, it_is_in_force_until_its_end)
{
    struct status s;
    story_start(4, NULL);
    story_status(4, 2, 500, 100);
    story_status(4, 1, 0, 500);
    cr_assert(state_status(&made.state, 4, &s));
    cr_expect_eq(s.class, 1);
    cr_expect_eq(state_status_class(&made.state, 4, s.until - 1, NULL), 1);
    cr_expect_eq(state_status_class(&made.state, 4, s.until, NULL), 0);
    story_end();
}

Test(status, who_ends_it)
{
    static const char with_panel[] = "{\"org\":\"org-04\",\"panel\":[\"org-02\",\"org-03\"]}";
    static const char alone[] = "{\"org\":\"org-04\"}";
    story_start(5, NULL);
    cr_expect_eq(story_try("status.end", "org-04", alone), CODE_already_closed);
    cr_expect_str_eq(story_why.value_field, "org");
    cr_expect_str_eq(story_why.value_found, "org-04");
    story_status(4, 1, 1000, 500);
    cr_expect_eq(story_try("status.end", "org-01", alone), CODE_not_yours);
    cr_expect_str_eq(story_why.value_found, "org-04");
    cr_expect_eq(story_try("status.end", "org-02", alone), CODE_not_yours);
    cr_expect_eq(story_try("status.end", "org-02 org-03", with_panel), CODE_OK);
    story_do(ref, "status.end", "org-04", alone);
    cr_expect_eq(state_status_class(&made.state, 4, made.at, NULL), 0);
    cr_expect_eq(story_try("status.end", "org-02 org-03", with_panel), CODE_already_closed);
    story_status(4, 3, 1000, 0);
    story_do(ref, "status.end", "org-02 org-03", with_panel);
    cr_expect_eq(state_status_class(&made.state, 4, made.at, NULL), 0);
    story_end();
}

/* Needs remember how they began. */
Test(status, a_need_keeps_whether_its_asker_was_fragile_and_its_number)
{
    story_start(4, NULL);
    story_needs(need, 4, 60, false);
    story_status(4, 1, 1000, 500);
    cr_expect_not(story_need(need).fragile);
    cr_expect_eq(story_need(need).ordinal, 1u);
    story_needs(need, 4, 60, false);
    cr_expect(story_need(need).fragile);
    cr_expect_eq(story_need(need).ordinal, 2u);
    story_status(4, 2, 1000, 500);
    story_needs(need, 4, 60, false);
    cr_expect_not(story_need(need).fragile);
    story_end();
}

/*
 * The reason is a text of its own, that its author, whom it is about, or a coordinator may erase;
 * who only sat in the panel may not.
 */
Test(status, its_reason_can_be_erased)
{
    static const char *const erasers[] = {"org-04", "org-02", "org-01"};
    char status[REF_TEXT_SIZE];
    story_start(4, NULL);
    for (size_t i = 0; i < 3; i++) {
        story_do(status, "status.grant", "org-02 org-03",
                 "{\"class\":1,\"levy_permille\":1000,\"org\":\"org-04\","
                 "\"panel\":[\"org-02\",\"org-03\"],\"pool_permille\":500,\"reason\":\"" STORY_ZEROS
                 "\",\"until\":%" PRId64 "}",
                 made.at + MAKER_DAY);
        cr_expect_eq(story_try("details.erase", "org-03",
                               "{\"slot\":\"reason\",\"subject\":\"%s\"}", status),
                     CODE_not_yours);
        story_do(ref, "details.erase", erasers[i], "{\"slot\":\"reason\",\"subject\":\"%s\"}",
                 status);
    }
    cr_expect_eq(story_try("details.erase", "org-02", "{\"slot\":\"details\",\"subject\":\"%s\"}",
                           status),
                 CODE_ref_unknown);
    story_end();
}

/* --- The urgencies of a quarter --------------------------------------------------------------- */

Test(status, two_urgencies_a_quarter_need_no_panel)
{
    static const char with_panel[] = "{\"need\":\"%s\",\"panel\":[\"org-03\"]}";
    story_start(5, "{\"urgent_quota\":2,\"urgent_days\":5}");
    story_needs(need, 4, 60, true);
    story_vouch(2, need);
    story_pass(6 * MAKER_DAY);
    story_vouch(3, need); /* the same need again: each vouching counts */
    story_needs(need, 4, 60, true);
    cr_expect_eq(story_try("need.vouch", "org-02", "{\"need\":\"%s\"}", need), CODE_urgent_quota);
    cr_expect_str_eq(story_why.value_field, "need");
    cr_expect_str_eq(story_why.value_expected, "2");
    cr_expect_str_eq(story_why.value_found, "2");
    cr_expect_eq(story_try("need.vouch", "org-02 org-05",
                           "{\"need\":\"%s\",\"panel\":[\"org-05\"]}", need),
                 CODE_not_panel);
    cr_expect_eq(story_try("need.vouch", "org-02 org-04",
                           "{\"need\":\"%s\",\"panel\":[\"org-04\"]}", need),
                 CODE_field_invalid);
    cr_expect_eq(story_try("need.vouch", "org-02", "{\"need\":\"%s\",\"panel\":[\"org-02\"]}",
                           need),
                 CODE_field_invalid);
    story_do(ref, "need.vouch", "org-01 org-03", with_panel, need);
    cr_expect_gt(story_need(need).urgent_until, made.at);
    cr_expect_eq(story_need(need).voucher, 1u);
    cr_expect_eq(story_org(4).urgent_count, 2u);
    /* Others have a quarter of their own. */
    story_needs(need, 5, 60, true);
    story_vouch(2, need);
    story_at(JANUARY - 1002);
    story_needs(need, 4, 60, true);
    cr_assert_eq(made.at, JANUARY - 2);
    made.at = JANUARY - 1001;
    story_at(JANUARY);
    story_vouch(2, need);
    cr_expect_eq(story_org(4).urgent_count, 1u);
    cr_expect_eq(story_org(4).urgent_quarter, JANUARY);
    story_end();
}

/* --- Leaning positions (SPEC 18.8) ------------------------------------------------------------ */

/* A newcomer's line is 600 below zero: it leans from 300 on, and is strained from 480 on. */
Test(status, positions_lean_from_the_first_time_on)
{
    story_start(4, NULL);
    story_help(1, 2, 299);
    cr_expect_eq(story_org(2).leaning_since, 0);
    cr_expect_eq(story_org(1).leaning_since, 0); /* 299 of 2400 */
    story_help(1, 2, 1);
    int64_t since = made.at;
    cr_expect_eq(story_org(2).leaning_since, since);
    story_help(1, 2, 180);
    cr_expect_eq(story_org(2).leaning_since, since);
    cr_expect_eq(story_org(2).strained_since, made.at);
    cr_expect_gt(made.at, since);
    story_help(2, 1, 1);
    cr_expect_eq(story_org(2).strained_since, 0);
    cr_expect_eq(story_org(2).leaning_since, since);
    story_help(2, 1, 300);
    cr_expect_eq(story_org(2).leaning_since, 0);
    story_end();
}

/* Above zero the line is 2400, on which org-01 leans from 1200 on. */
Test(status, positions_lean_on_either_side)
{
    story_start(5, NULL);
    story_help(1, 2, 700);
    story_help(1, 3, 500);
    cr_expect_eq(story_org(1).leaning_since, made.at);
    story_do(ref, "org.leave", "org-01", "{\"to\":\"org-04\"}");
    cr_expect_eq(story_org(1).leaning_since, 0);
    cr_expect_eq(story_org(4).leaning_since, made.at);
    story_do(ref, "pool.give", "org-04", "{\"minutes\":1}");
    cr_expect_eq(story_org(4).leaning_since, 0);
    story_end();
}

/*
 * Looked at while the agreement is cancelled, org-04 would not lean any more, for its line is wider
 * since the crisis; but as the entry leaves it, it leans as it did before, on the other side.
 */
Test(status, an_heir_leans_on)
{
    char need_of_another[REF_TEXT_SIZE];
    story_start(6, "{\"crisis_orgs_min\":1,\"crisis_urgent_permille\":1,\"urgent_days\":60}");
    story_help(1, 3, 800);
    story_help(1, 5, 800);
    story_help(2, 4, 350);
    int64_t since = story_org(4).leaning_since;
    cr_assert_eq(since, made.at);
    story_agree(ref, 1, 4, 100, made.at + 60 * MAKER_DAY);
    story_needs(need_of_another, 6, 60, true);
    story_vouch(2, need_of_another);
    story_at(INT64_C(1701388800000));
    cr_assert_gt(story_quarter().crisis_until, 0);
    cr_assert_eq(story_org(4).leaning_since, since);
    story_do(ref, "org.leave", "org-01", "{\"to\":\"org-04\"}");
    cr_expect_eq(story_position(4), 1250);
    cr_expect_eq(story_org(4).leaning_since, since);
    story_end();
}

/* An heir that is also a party of the leaver's agreements is looked at once, when all is done. */
Test(status, an_heir_is_looked_at_when_all_is_done)
{
    story_start(4, NULL);
    story_help(2, 4, 350);
    int64_t since = story_org(4).leaning_since;
    cr_assert_eq(since, made.at);
    story_help(1, 3, 100);
    story_agree(ref, 1, 4, 100, made.at + 9 * MAKER_DAY);
    cr_expect_eq(story_org(4).leaning_since, since);
    story_do(ref, "org.leave", "org-01", "{\"to\":\"org-04\"}");
    cr_expect_eq(story_position(4), -250);
    cr_expect_eq(story_org(4).received_pending, 0);
    cr_expect_eq(story_org(4).leaning_since, 0);
    story_end();
}
