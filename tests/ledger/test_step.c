/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Promises, and the steps that people take about them (SPEC 6.15, 6.16, 18.7). */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "policies/window.h"
#include "tests/ledger/story.h"

static char ref[REF_TEXT_SIZE], agreement[REF_TEXT_SIZE];

static struct promise_count promises(int org)
{
    struct promise_count count;
    int32_t today = window_day(made.at);
    state_promises(&made.state, (uint32_t)org, window_first_day(today, PROMISE_STANDING_DAYS),
                   today, &count);
    return count;
}

static void expect_promises(int org, int64_t kept, int64_t broken)
{
    struct promise_count count = promises(org);
    cr_expect_eq(count.kept, kept, "%d", org);
    cr_expect_eq(count.broken, broken, "%d", org);
}

static void record(const char *of, int from, int to, int64_t minutes)
{
    story_do(ref, "hours.record", story_both(from, to),
             "{\"agreement\":\"%s\",\"day\":\"%s\",\"shares\":[{\"from\":\"%s\","
             "\"minutes\":%" PRId64 ",\"to\":\"%s\"}]}",
             of, story_today(), story_name(from), minutes, story_name(to));
}

/* --- What becomes of a promise ---------------------------------------------------------------- */

Test(promise, kept_broken_or_nothing)
{
    story_start(5, NULL);
    story_agree(agreement, 4, 1, 60, made.at + MAKER_DAY);
    story_do(ref, "agreement.close", "org-01 org-04", "{\"agreement\":\"%s\"}", agreement);
    expect_promises(4, 1, 0); /* closed: the work is done, whatever was recorded */
    expect_promises(1, 0, 0); /* who receives promises nothing */
    story_agree(agreement, 4, 1, 60, made.at + MAKER_DAY);
    story_do(ref, "agreement.cancel", "org-01", "{\"agreement\":\"%s\"}", agreement);
    expect_promises(4, 1, 0);
    story_agree(agreement, 4, 1, 60, made.at + MAKER_DAY);
    record(agreement, 4, 1, 60);
    story_do(ref, "agreement.cancel", "org-04", "{\"agreement\":\"%s\"}", agreement);
    expect_promises(4, 2, 0);
    story_agree(agreement, 4, 1, 60, made.at + MAKER_DAY);
    record(agreement, 4, 1, 59);
    story_pass(2 * MAKER_DAY);
    expect_promises(4, 2, 1);
    story_agree(agreement, 4, 1, 60, made.at + MAKER_DAY);
    record(agreement, 4, 1, 60);
    story_pass(2 * MAKER_DAY);
    expect_promises(4, 3, 1);
    /* A member that leaves breaks nothing by it. */
    story_agree(agreement, 5, 1, 60, made.at + MAKER_DAY);
    story_do(ref, "org.leave", "org-05", "{}");
    expect_promises(5, 0, 0);
    /* After 365 days nothing of it counts any more. */
    story_pass(364 * MAKER_DAY);
    expect_promises(4, 1, 0);
    story_pass(2 * MAKER_DAY);
    expect_promises(4, 0, 0);
    story_end();
}

/* Each giver of an agreement for itself. */
Test(promise, of_several_givers)
{
    story_start(5, NULL);
    story_do(agreement, "agreement.sign", "org-01 org-02 org-04 org-05",
             "{\"details\":\"" STORY_ZEROS "\",\"expires\":%" PRId64 ",\"shares\":["
             "{\"from\":\"org-04\",\"minutes\":10,\"to\":\"org-01\"},"
             "{\"from\":\"org-04\",\"minutes\":10,\"to\":\"org-02\"},"
             "{\"from\":\"org-05\",\"minutes\":10,\"to\":\"org-01\"}]}",
             made.at + MAKER_DAY);
    record(agreement, 4, 1, 10);
    record(agreement, 5, 1, 10);
    story_pass(2 * MAKER_DAY);
    expect_promises(4, 0, 1);
    expect_promises(5, 1, 0);
    /* org-01 has received everything; org-02 may say that it was all right. */
    cr_expect_eq(story_try("promise.excuse", "org-01", "{\"agreement\":\"%s\"}", agreement),
                 CODE_nothing_broken);
    cr_expect_str_eq(story_why.value_field, "agreement");
    cr_expect_str_eq(story_why.value_found, agreement);
    cr_expect_eq(story_try("promise.excuse", "org-04", "{\"agreement\":\"%s\"}", agreement),
                 CODE_not_yours);
    cr_expect_eq(story_try("promise.excuse", "org-03", "{\"agreement\":\"%s\"}", agreement),
                 CODE_not_yours);
    story_do(ref, "promise.excuse", "org-02", "{\"agreement\":\"%s\"}", agreement);
    expect_promises(4, 0, 0);
    cr_expect_eq(story_try("promise.excuse", "org-02", "{\"agreement\":\"%s\"}", agreement),
                 CODE_nothing_broken);
    story_end();
}

/* --- Steps ------------------------------------------------------------------------------------ */

static enum code try_step(int step, const char *signers, const char *panel, int64_t days)
{
    return story_try("step.set", signers,
                     "{\"org\":\"org-04\",%s\"reason\":\"" STORY_ZEROS "\",\"step\":%d,"
                     "\"until\":%" PRId64 "}",
                     panel, step, made.at + 1000 + days * MAKER_DAY);
}

#define PANEL "\"panel\":[\"org-02\",\"org-03\"],"

static void set_step(int step)
{
    story_do(ref, "step.set", "org-02 org-03",
             "{\"org\":\"org-04\"," PANEL "\"reason\":\"" STORY_ZEROS "\",\"step\":%d,"
             "\"until\":%" PRId64 "}",
             step, made.at + 30 * MAKER_DAY);
}

/* To a step, by all those before it. */
static void climb(int step)
{
    for (int i = 0; i < 3; i++)
        story_break(ref, 4);
    for (int s = 2; s <= step; s++) {
        set_step(s);
        if (s < step)
            story_break(ref, 4);
    }
}

Test(step, its_reason_is_erased_by_whom_it_is_about_and_not_by_the_panel)
{
    story_start(5, NULL);
    climb(2);
    cr_expect_eq(
        story_try("details.erase", "org-03", "{\"slot\":\"reason\",\"subject\":\"%s\"}", ref),
        CODE_not_yours);
    cr_expect_eq(
        story_try("details.erase", "org-04", "{\"slot\":\"reason\",\"subject\":\"%s\"}", ref),
        CODE_OK);
    story_end();
}

Test(step, a_meeting_after_three_broken_promises)
{
    story_start(5, NULL);
    for (int i = 0; i < 2; i++)
        story_break(ref, 4);
    cr_expect_eq(try_step(2, "org-01", "", 90), CODE_step_unfounded);
    cr_expect_str_eq(story_why.value_field, "step");
    cr_expect_str_eq(story_why.value_found, "2");
    story_break(agreement, 4);
    cr_expect_eq(try_step(2, "org-01", "", 90), CODE_OK);
    cr_expect_eq(try_step(2, "org-01", "", 91), CODE_expires_out_of_range);
    cr_expect_eq(try_step(2, "org-05", "", 90), CODE_not_coordinator);
    cr_expect_str_eq(story_why.value_found, "org-05");
    cr_expect_eq(try_step(2, "org-02 org-03", PANEL, 90), CODE_OK);
    cr_expect_eq(try_step(3, "org-01", "", 90), CODE_field_invalid);
    cr_expect_eq(try_step(3, "org-02 org-03", PANEL, 90), CODE_step_unfounded);
    story_do(ref, "promise.excuse", "org-01", "{\"agreement\":\"%s\"}", agreement);
    cr_expect_eq(try_step(2, "org-01", "", 90), CODE_step_unfounded);
    story_break(agreement, 4);
    cr_expect_eq(try_step(2, "org-01", "", 90), CODE_OK);
    story_pass(177 * MAKER_DAY); /* the first of the three is too long ago */
    cr_expect_eq(try_step(2, "org-01", "", 90), CODE_step_unfounded);
    story_end();
}

/* Each further step needs a promise broken after the one before. */
Test(step, one_rung_at_a_time)
{
    story_start(5, NULL);
    climb(2);
    cr_expect_eq(try_step(3, "org-02 org-03", PANEL, 90), CODE_step_unfounded);
    story_break(agreement, 4);
    cr_expect_eq(try_step(4, "org-02 org-03", PANEL, 90), CODE_step_unfounded);
    cr_expect_eq(try_step(3, "org-02 org-03", PANEL, 90), CODE_OK);
    cr_expect_eq(try_step(3, "org-02", "\"panel\":[\"org-02\"],", 90), CODE_field_invalid);
    set_step(3);
    cr_expect_eq(try_step(4, "org-02 org-03", PANEL, 90), CODE_step_unfounded);
    story_break(agreement, 4);
    set_step(4);
    /* 30 days, and 180 after them. */
    story_break(agreement, 4);
    struct step step;
    cr_assert(state_step(&made.state, 4, &step));
    story_at(step.last.until + 180 * MAKER_DAY - 2000);
    cr_expect_eq(try_step(4, "org-02 org-03", PANEL, 90), CODE_OK);
    cr_expect_eq(try_step(4, "org-02 org-03", PANEL, 90), CODE_step_unfounded);
    story_end();
}

static enum code try_cosigned(int from, int to, const char *cosigner, const char *signers)
{
    return story_try("agreement.sign", signers,
                     "{\"cosigner\":\"%s\",\"details\":\"" STORY_ZEROS "\",\"expires\":%" PRId64
                     ",\"shares\":[{\"from\":\"%s\",\"minutes\":10,\"to\":\"%s\"}]}",
                     cosigner, made.at + MAKER_DAY, story_name(from), story_name(to));
}

Test(step, at_step_3_it_does_not_promise_alone)
{
    story_start(5, NULL);
    climb(3);
    cr_expect_eq(story_try_agree(4, 1, 10), CODE_cosigner_missing);
    cr_expect_str_eq(story_why.value_field, "org-04");
    cr_expect_eq(try_cosigned(4, 1, "org-05", "org-01 org-04 org-05"), CODE_OK);
    cr_expect_eq(try_cosigned(4, 1, "org-01", "org-01 org-04"), CODE_field_invalid);
    cr_expect_eq(story_try_agree(1, 4, 10), CODE_OK); /* it receives as ever */
    story_pass(31 * MAKER_DAY);
    cr_expect_eq(story_try_agree(4, 1, 10), CODE_OK);
    story_end();
}

Test(step, at_step_4_what_is_not_urgent_rests)
{
    char need[REF_TEXT_SIZE];
    story_start(6, NULL);
    story_agree(agreement, 1, 4, 10, made.at + 200 * MAKER_DAY);
    climb(4);
    cr_expect_eq(story_try_agree(4, 1, 10), CODE_cosigner_missing);
    cr_expect_eq(story_try_agree(1, 4, 10), CODE_paused);
    cr_expect_str_eq(story_why.value_field, "org-04");
    cr_expect_eq(story_try("need.publish", "org-04",
                           "{\"details\":\"" STORY_ZEROS "\",\"expires\":%" PRId64
                           ",\"minutes\":60,\"public\":false,\"type\":\"space\",\"urgent\":false}",
                           made.at + MAKER_DAY),
                 CODE_paused);
    cr_expect_str_eq(story_why.value_field, "org-04");
#define CHANGE "{\"agreement\":\"%s\",\"expires\":%" PRId64 ",\"shares\":[{\"from\":\"org-01\"," \
               "\"minutes\":%d,\"to\":\"org-04\"}]}"
    cr_expect_eq(story_try("agreement.change", "org-01 org-04", CHANGE, agreement,
                           made.at + MAKER_DAY, 11),
                 CODE_paused);
    cr_expect_eq(story_try("agreement.change", "org-01 org-04", CHANGE, agreement,
                           made.at + MAKER_DAY, 10),
                 CODE_OK);
    /* What is urgent goes on. */
    story_needs(need, 4, 60, true);
    static const char urgent[] =
        "{\"details\":\"" STORY_ZEROS "\",\"expires\":%" PRId64 ",\"need\":\"%s\","
        "\"shares\":[{\"from\":\"org-01\",\"minutes\":60,\"to\":\"org-04\"}]}";
    cr_expect_eq(story_try("agreement.sign", "org-01 org-04", urgent, made.at + MAKER_DAY, need),
                 CODE_paused);
    story_vouch(6, need);
    cr_expect_eq(story_try("agreement.sign", "org-01 org-04", urgent, made.at + MAKER_DAY, need),
                 CODE_OK);
    story_help(1, 4, 10); /* hours that were given may always be recorded */
    story_end();
}

Test(step, an_appeal_suspends_and_the_panel_may_confirm)
{
    story_start(5, NULL);
    cr_expect_eq(story_try("step.appeal", "org-04", "{}"), CODE_already_closed);
    cr_expect_str_eq(story_why.value_field, "");
    cr_expect_str_eq(story_why.value_found, "org-04");
    climb(3);
    story_do(ref, "step.appeal", "org-04", "{}");
    cr_expect_eq(story_try_agree(4, 1, 10), CODE_OK);
    cr_expect_eq(story_try("step.appeal", "org-04", "{}"), CODE_already_closed);
    /* No promise was broken since; the appealed step itself can be confirmed, no other. */
    cr_expect_eq(try_step(4, "org-02 org-03", PANEL, 30), CODE_step_unfounded);
    set_step(3);
    cr_expect_eq(story_try_agree(4, 1, 10), CODE_cosigner_missing);
    cr_expect_eq(story_try("step.appeal", "org-04", "{}"), CODE_already_appealed);
    cr_expect_str_eq(story_why.value_found, "org-04");
    story_end();
}

Test(step, who_ends_one)
{
    static const char alone[] = "{\"org\":\"org-04\"}";
    static const char with_panel[] = "{\"org\":\"org-04\",\"panel\":[\"org-02\",\"org-03\"]}";
    story_start(5, NULL);
    cr_expect_eq(story_try("step.end", "org-01", alone), CODE_already_closed);
    cr_expect_str_eq(story_why.value_field, "org");
    climb(2);
    cr_expect_eq(story_try("step.end", "org-05", alone), CODE_not_coordinator);
    cr_expect_eq(story_try("step.end", "org-04", alone), CODE_field_invalid);
    cr_expect_eq(story_try("step.end", "org-02 org-03", with_panel), CODE_OK);
    story_do(ref, "step.end", "org-01", alone);
    cr_expect_eq(story_try("step.end", "org-01", alone), CODE_already_closed);
    story_break(ref, 4); /* the next rung is still the third */
    set_step(3);
    cr_expect_eq(story_try("step.end", "org-01", alone), CODE_not_panel);
    cr_expect_str_eq(story_why.value_found, "org-01");
    story_do(ref, "step.end", "org-02 org-03", with_panel);
    cr_expect_eq(story_try_agree(4, 1, 10), CODE_OK);
    story_end();
}
