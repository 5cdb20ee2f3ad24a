/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>

#include "policies/crisis.h"
#include "policies/limits.h"
#include "policies/need_class.h"
#include "policies/params.h"
#include "policies/promise.h"
#include "policies/window.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DAY WINDOW_DAY_MS
#define NOW (20000 * DAY)

static struct policy defaults(void)
{
    struct policy policy;
    policy_default(&policy);
    return policy;
}

Test(promise, standing_counts_broken_promises_and_forgives_the_first_little)
{
    cr_expect_eq(promise_standing(0, 0), 1000);
    cr_expect_eq(promise_standing(9, 0), 1000);
    cr_expect_eq(promise_standing(0, 1), 666);
    cr_expect_eq(promise_standing(1, 3), 500);
    cr_expect_eq(promise_standing(8, 1), 909);
}

Test(promise, a_step_is_in_force_until_it_is_over_ended_or_appealed)
{
    struct promise_last last = {.step = 3, .at = NOW, .until = NOW + DAY};
    cr_expect(promise_step_in_force(&last, NOW + DAY - 1));
    cr_expect_not(promise_step_in_force(&last, NOW + DAY));
    last.appealed = true;
    cr_expect(promise_step_live(&last, NOW));
    cr_expect_not(promise_step_in_force(&last, NOW));
    last.appealed = false;
    last.ended_at = NOW + 1;
    cr_expect_not(promise_step_in_force(&last, NOW + 2));
    cr_expect_not(promise_step_live(&(struct promise_last){.until = NOW + DAY}, NOW));
}

Test(promise, grounds)
{
    static const struct {
        const char *name;
        struct promise_facts facts;
        int64_t step;
        enum promise_ground ground;
    } rows[] = {
        {"two broken", {.broken = 2}, 2, PROMISE_UNFOUNDED},
        {"three broken", {.broken = 3}, 2, PROMISE_FOUNDED},
        {"many broken, no meeting before", {.broken = 30, .broken_since = true}, 3,
         PROMISE_UNFOUNDED},
        {"broken after a meeting",
         {.last = {.step = 2, .until = NOW - 180 * DAY + 1}, .broken_since = true}, 3,
         PROMISE_FOUNDED},
        {"a meeting too long over",
         {.last = {.step = 2, .until = NOW - 180 * DAY}, .broken_since = true}, 3,
         PROMISE_UNFOUNDED},
        {"ended sooner than it was over",
         {.last = {.step = 2, .until = NOW + DAY, .ended_at = NOW - 180 * DAY},
          .broken_since = true}, 3, PROMISE_UNFOUNDED},
        {"nothing broken since", {.last = {.step = 2, .until = NOW}}, 3, PROMISE_UNFOUNDED},
        {"no rung is left out", {.last = {.step = 2, .until = NOW}, .broken_since = true}, 4,
         PROMISE_UNFOUNDED},
        {"the next rung", {.last = {.step = 3, .until = NOW}, .broken_since = true}, 4,
         PROMISE_FOUNDED},
        {"the same again", {.last = {.step = 4, .until = NOW}, .broken_since = true}, 3,
         PROMISE_FOUNDED},
        {"a meeting by that way", {.last = {.step = 2, .until = NOW}, .broken_since = true}, 2,
         PROMISE_UNFOUNDED},
        {"the panel upholds",
         {.last = {.step = 3, .until = NOW + 1, .appealed = true}, .panel = true}, 3,
         PROMISE_CONFIRMS},
        {"a coordinator does not",
         {.last = {.step = 2, .until = NOW + 1, .appealed = true}}, 2, PROMISE_UNFOUNDED},
        {"another step", {.last = {.step = 3, .until = NOW + 1, .appealed = true}, .panel = true},
         2, PROMISE_UNFOUNDED},
        {"over already", {.last = {.step = 3, .until = NOW, .appealed = true}, .panel = true}, 3,
         PROMISE_UNFOUNDED},
        {"ended already",
         {.last = {.step = 3, .until = NOW + 1, .ended_at = 1, .appealed = true}, .panel = true},
         3, PROMISE_UNFOUNDED},
    };
    struct policy policy = defaults();
    for (size_t i = 0; i < COUNT(rows); i++)
        cr_expect_eq(promise_ground(&policy, &rows[i].facts, rows[i].step, NOW), rows[i].ground,
                     "%s", rows[i].name);
}

Test(need_class, who_comes_first)
{
    static const struct {
        const char *name;
        struct need_facts need;
        int64_t class;
    } rows[] = {
        {"urgent", {.urgent = true, .ordinal = 9, .published_at = NOW}, 0},
        {"fragile", {.status_class = 1, .ordinal = 9, .published_at = NOW}, 1},
        {"third need", {.ordinal = 3, .published_at = NOW}, 2},
        {"fourth need", {.ordinal = 4, .published_at = NOW}, 3},
        {"a status of class 2", {.status_class = 2, .ordinal = 4, .published_at = NOW}, 2},
        {"a status of class 3, new", {.status_class = 3, .ordinal = 1, .published_at = NOW}, 2},
        {"a status of class 3", {.status_class = 3, .ordinal = 4, .published_at = NOW}, 3},
        {"not quite a month", {.ordinal = 4, .published_at = NOW - 30 * DAY + 1}, 3},
        {"a month", {.ordinal = 4, .published_at = NOW - 30 * DAY}, 2},
        {"two months", {.ordinal = 4, .published_at = NOW - 60 * DAY}, 1},
        {"never above 1", {.ordinal = 1, .published_at = NOW - 300 * DAY}, 1},
    };
    struct policy policy = defaults();
    for (size_t i = 0; i < COUNT(rows); i++)
        cr_expect_eq(need_class(&policy, &rows[i].need, NOW), rows[i].class, "%s", rows[i].name);
}

Test(crisis, urgency)
{
    struct policy policy = defaults();
    cr_expect_not(crisis_by_urgency(&policy, 4, 4));   /* too few to say */
    cr_expect_not(crisis_by_urgency(&policy, 1, 5));   /* exactly a fifth */
    cr_expect(crisis_by_urgency(&policy, 2, 5));
    cr_expect_not(crisis_by_urgency(&policy, 100, 500));
    cr_expect(crisis_by_urgency(&policy, 101, 500));
    policy.crisis_urgent_permille = 1000;
    cr_expect_not(crisis_by_urgency(&policy, 500, 500));
}

Test(crisis, fill)
{
    struct policy policy = defaults();
    cr_expect_eq(crisis_fill(59, 120), 491);
    cr_expect_eq(crisis_fill(0, 7), 0);
    cr_expect(crisis_by_fill(&policy, (int64_t[]){1000, 499, 0, 900, 100}, 5));
    cr_expect_not(crisis_by_fill(&policy, (int64_t[]){1000, 500, 0, 900, 100}, 5));
    cr_expect_not(crisis_by_fill(&policy, (int64_t[]){0, 0, 0, 0}, 4));
    /* Of six the third. */
    cr_expect(crisis_by_fill(&policy, (int64_t[]){500, 0, 900, 499, 0, 1000}, 6));
    cr_expect_not(crisis_by_fill(&policy, (int64_t[]){500, 0, 900, 500, 0, 1000}, 6));
    policy.crisis_fill_permille = 0;
    cr_expect_not(crisis_by_fill(&policy, (int64_t[]){0, 0, 0, 0, 0}, 5));
    policy.crisis_orgs_min = 1;
    cr_expect_not(crisis_by_fill(&policy, NULL, 0));
}

Test(crisis, lines)
{
    struct policy policy = defaults();
    struct line line;
    limits_line(&policy, 4804, 2, &line);
    cr_assert_eq(line.floor, 2401);
    limits_in_crisis(&policy, &line);
    cr_expect_eq(line.floor, 3601);
    cr_expect_eq(line.hard_floor, 5401);
    cr_expect_eq(line.ceiling, 2400);
    policy.crisis_floor_permille = 1000;
    limits_line(&policy, 4804, 2, &line);
    limits_in_crisis(&policy, &line);
    cr_expect_eq(line.floor, 2401);
}
