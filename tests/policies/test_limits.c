/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>

#include "policies/limits.h"
#include "policies/params.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void set(struct policy *policy, const char *key, int64_t value)
{
    cr_assert_eq(policy_set(policy, key, value), POLICY_OK, "%s", key);
}

Test(limits, the_line_grows_with_giving_between_its_bounds)
{
    static const struct {
        const char *name;
        int64_t given, gifts, floor, hard_floor;
    } rows[] = {
        {"first day", 0, 0, 600, 900},
        {"one gift is still a newcomer", 4800, 1, 600, 900},
        {"second gift", 0, 2, 1200, 1800},
        {"many gifts outside the window", 0, 50, 1200, 1800},
        {"below the divisor", 3, 2, 1200, 1800},
        {"at the divisor", 4, 2, 1201, 1801},
        {"the worked example", 4800, 2, 2400, 3600},
        {"one below the maximum", 9599, 9, 3599, 5398},
        {"at the maximum", 9600, 9, 3600, 5400},
        {"beyond the maximum", 9604, 9, 3600, 5400},
        {"the largest integer", INT64_MAX, INT64_MAX, 3600, 5400},
    };
    struct policy policy;

    policy_default(&policy);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct line line;

        limits_line(&policy, rows[i].given, rows[i].gifts, &line);
        cr_expect_eq(line.floor, rows[i].floor, "%s: %" PRId64, rows[i].name, line.floor);
        cr_expect_eq(line.hard_floor, rows[i].hard_floor, "%s", rows[i].name);
        cr_expect_eq(line.ceiling, 2400, "%s", rows[i].name);
    }
}

Test(limits, giving_never_narrows_a_line_whatever_the_policy)
{
    static const int64_t values[] = {60, 600, 1200, 600000};

    for (size_t i = 0; i < COUNT(values) * COUNT(values) * COUNT(values); i++) {
        struct policy policy;
        struct line before, line;

        policy_default(&policy);
        set(&policy, "limit_floor_new", values[i % 4]);
        set(&policy, "limit_floor_base", values[i / 4 % 4]);
        set(&policy, "limit_floor_max", values[i / 16]);
        limits_line(&policy, 0, 0, &before);
        for (int64_t gifts = 0; gifts < 5; gifts++) {
            limits_line(&policy, gifts * 500, gifts, &line);
            cr_expect_geq(line.floor, before.floor);
            cr_expect_geq(line.hard_floor, before.hard_floor);
            before = line;
        }
    }
}

Test(limits, without_a_newcomer_rule_everybody_starts_at_the_base)
{
    struct policy policy;
    struct line line;

    policy_default(&policy);
    set(&policy, "limit_floor_new_gifts", 0);
    limits_line(&policy, 0, 0, &line);
    cr_expect_eq(line.floor, 1200);
}

Test(limits, a_maximum_below_the_base_wins)
{
    struct policy policy;
    struct line line;

    policy_default(&policy);
    set(&policy, "limit_floor_max", 900);
    limits_line(&policy, 100, 2, &line);
    cr_expect_eq(line.floor, 900);
}

/* One decision on the line floor 1200, ceiling 2400, hard stop 1800. */
struct decision_row {
    const char *name;
    int64_t position, pending_received, pending_given, extra;
    bool urgent;
    enum limit_verdict verdict;
    int64_t projected, allowed_more;
};

static void expect_decisions(enum limit_context context, int64_t soft, int64_t refused_past,
                             const struct decision_row *rows, size_t n)
{
    struct policy policy;
    struct line line;

    policy_default(&policy);
    set(&policy, "limit_soft", soft);
    limits_line(&policy, 0, 2, &line);
    for (size_t i = 0; i < n; i++) {
        const struct limit_input input = {
            .position = rows[i].position,
            .pending_received = rows[i].pending_received,
            .pending_given = rows[i].pending_given,
            .extra_received = rows[i].extra,
            .urgent = rows[i].urgent,
            .context = context,
        };
        struct limit_decision found;

        limits_decide(&policy, &line, &input, &found);
        cr_expect_eq(found.verdict, rows[i].verdict, "%s: %d", rows[i].name, (int)found.verdict);
        cr_expect_eq(found.projected, rows[i].projected, "%s", rows[i].name);
        cr_expect_eq(found.allowed_more, rows[i].allowed_more, "%s: %" PRId64, rows[i].name,
                     found.allowed_more);
        cr_expect_eq(found.refused_past, refused_past, "%s", rows[i].name);
        cr_expect_eq(found.floor, 1200, "%s", rows[i].name);
        cr_expect_eq(found.hard_floor, 1800, "%s", rows[i].name);
    }
}

static const struct decision_row hard_stop_rows[] = {
    {"well inside", 0, 0, 0, 60, false, LIMIT_PASS, -60, 1800},
    {"exactly at the floor", 0, 0, 0, 1200, false, LIMIT_PASS, -1200, 1800},
    {"one past the floor", 0, 0, 0, 1201, false, LIMIT_PASS_SOFT, -1201, 1800},
    {"exactly at the hard stop", 0, 0, 0, 1800, false, LIMIT_PASS_SOFT, -1800, 1800},
    {"one past the hard stop", 0, 0, 0, 1801, false, LIMIT_REFUSED, -1801, 1800},
    {"past the hard stop, urgent", 0, 0, 0, 1801, true, LIMIT_PASS_SOFT, -1801, 1800},
    {"far past the hard stop, urgent", -9000, 0, 0, 600, true, LIMIT_PASS_SOFT, -9600, 0},
    {"inside, urgent", 0, 0, 0, 60, true, LIMIT_PASS, -60, 1800},
    {"a positive position helps", 600, 0, 0, 1800, false, LIMIT_PASS, -1200, 2400},
    {"pending received counts", 0, 1200, 0, 1, false, LIMIT_PASS_SOFT, -1201, 600},
    {"pending received up to the stop", -600, 600, 0, 600, false, LIMIT_PASS_SOFT, -1800, 600},
    {"pending received past the stop", -600, 600, 0, 601, false, LIMIT_REFUSED, -1801, 600},
    {"pending given does not help", 0, 0, 9000, 1801, false, LIMIT_REFUSED, -1801, 1800},
    {"already past, nothing more", -2000, 0, 0, 0, false, LIMIT_PASS, -2000, 0},
    {"already past, toward zero", -2000, 0, 0, -100, false, LIMIT_PASS, -1900, 0},
    {"already past, one more", -2000, 0, 0, 1, false, LIMIT_REFUSED, -2001, 0},
    {"already at the stop, one more", -1800, 0, 0, 1, false, LIMIT_REFUSED, -1801, 0},
    {"above the ceiling is not refused", 9000, 0, 0, 60, false, LIMIT_PASS, 8940, 10800},
};

Test(limits, a_soft_agreement_is_refused_only_past_the_hard_stop)
{
    expect_decisions(LIMIT_AGREEMENT, 1, 1800, hard_stop_rows, COUNT(hard_stop_rows));
}

Test(limits, a_direct_record_is_refused_only_past_the_hard_stop_in_either_mode)
{
    expect_decisions(LIMIT_DIRECT, 1, 1800, hard_stop_rows, COUNT(hard_stop_rows));
    expect_decisions(LIMIT_DIRECT, 0, 1800, hard_stop_rows, COUNT(hard_stop_rows));
}

Test(limits, a_strict_agreement_is_refused_past_the_floor)
{
    static const struct decision_row rows[] = {
        {"exactly at the floor", 0, 0, 0, 1200, false, LIMIT_PASS, -1200, 1200},
        {"one past the floor", 0, 0, 0, 1201, false, LIMIT_REFUSED, -1201, 1200},
        {"one past the floor, urgent", 0, 0, 0, 1201, true, LIMIT_PASS_SOFT, -1201, 1200},
        {"past the hard stop, urgent", 0, 0, 0, 1801, true, LIMIT_PASS_SOFT, -1801, 1200},
        {"pending received counts", 0, 1200, 0, 1, false, LIMIT_REFUSED, -1201, 0},
        {"pending given does not help", -1200, 0, 600, 1, false, LIMIT_REFUSED, -1201, 0},
        {"already past, toward zero", -1500, 0, 0, -1, false, LIMIT_PASS, -1499, 0},
    };

    expect_decisions(LIMIT_AGREEMENT, 0, 1200, rows, COUNT(rows));
}

Test(limits, a_newcomer_may_receive_first)
{
    struct policy policy;
    struct line line;
    struct limit_input input = {.extra_received = 600, .context = LIMIT_AGREEMENT};
    struct limit_decision found;

    policy_default(&policy);
    limits_line(&policy, 0, 0, &line);
    limits_decide(&policy, &line, &input, &found);
    cr_expect_eq(found.verdict, LIMIT_PASS);
    input.extra_received = 601;
    limits_decide(&policy, &line, &input, &found);
    cr_expect_eq(found.verdict, LIMIT_PASS_SOFT);
    input.extra_received = 901;
    limits_decide(&policy, &line, &input, &found);
    cr_expect_eq(found.verdict, LIMIT_REFUSED);
    input.urgent = true;
    limits_decide(&policy, &line, &input, &found);
    cr_expect_eq(found.verdict, LIMIT_PASS_SOFT);
}

/* Walks every projection around the limits in both contexts and modes. */
Test(limits, allowed_more_is_the_last_amount_that_passes_and_urgent_is_never_refused)
{
    for (int64_t position = -2500; position <= 500; position += 50) {
        for (int mode = 0; mode < 4; mode++) {
            struct policy policy;
            struct line line;
            struct limit_input input = {
                .position = position,
                .pending_received = 150,
                .extra_received = 1,
                .context = mode & 1 ? LIMIT_AGREEMENT : LIMIT_DIRECT,
            };
            struct limit_decision found;

            policy_default(&policy);
            set(&policy, "limit_soft", mode >> 1);
            limits_line(&policy, 0, 2, &line);
            limits_decide(&policy, &line, &input, &found);
            input.extra_received = found.allowed_more;
            limits_decide(&policy, &line, &input, &found);
            cr_expect_neq(found.verdict, LIMIT_REFUSED, "%" PRId64, position);
            input.extra_received++;
            limits_decide(&policy, &line, &input, &found);
            cr_expect_eq(found.verdict, LIMIT_REFUSED, "%" PRId64, position);
            input.urgent = true;
            limits_decide(&policy, &line, &input, &found);
            cr_expect_eq(found.verdict, LIMIT_PASS_SOFT, "%" PRId64, position);
        }
    }
}

Test(limits, the_largest_amounts_do_not_overflow)
{
    struct policy policy;
    struct line line;
    const struct limit_input input = {
        .position = -LIMITS_MINUTES_MAX,
        .pending_received = LIMITS_MINUTES_MAX,
        .extra_received = LIMITS_MINUTES_MAX,
        .context = LIMIT_AGREEMENT,
    };
    struct limit_decision found;

    policy_default(&policy);
    limits_line(&policy, 0, 2, &line);
    limits_decide(&policy, &line, &input, &found);
    cr_expect_eq(found.verdict, LIMIT_REFUSED);
    cr_expect_eq(found.projected, -3 * LIMITS_MINUTES_MAX);
    cr_expect_eq(found.allowed_more, 0);
}

Test(limits, the_ceiling_is_passed_only_beyond_it)
{
    const struct line line = {.floor = 1200, .ceiling = 2400, .hard_floor = 1800};

    cr_expect_not(limits_above_ceiling(&line, -5000));
    cr_expect_not(limits_above_ceiling(&line, 0));
    cr_expect_not(limits_above_ceiling(&line, 2400));
    cr_expect(limits_above_ceiling(&line, 2401));
}
