/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Years that add up (SPEC 18.11), and positions that were. */
#include "ledger/yearly.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "policies/window.h"
#include "tests/ledger/story.h"

#define Y2023   INT64_C(1672531200000) /* 2023-01-01, 0:00 UTC */
#define JANUARY INT64_C(1704067200000) /* 2024-01-01, 0:00 UTC */
#define APRIL   INT64_C(1711929600000) /* 2024-04-01, 0:00 UTC */
#define Y2025   INT64_C(1735689600000) /* 2025-01-01, 0:00 UTC */
#define ORGS    5
#define WIDE    "\"limit_floor_new\":6000,\"limit_floor_base\":6000,\"limit_floor_max\":6000"

static char ref[REF_TEXT_SIZE], need[REF_TEXT_SIZE];
static struct yearly_org year;
static struct yearly_network network;

/* The made log keeps its leaves beside the state; who reads entries looks for them in there. */
static void keep_leaves(void)
{
    for (uint64_t n = log_size(made.kv); n < made.n; n++)
        cr_assert(log_append_next(made.kv, n, made.leaves[n]));
}

static struct year_span span_of(int number)
{
    struct year_span span;
    cr_assert(year_span(number, made.at, &span), "%d", number);
    return span;
}

static void read_year(int org, int number)
{
    struct year_span span = span_of(number);
    struct org o = story_org(org);
    keep_leaves();
    yearly_org_free(&year);
    cr_assert(yearly_org_make(&made.state, MAKER_ORIGIN, &o, &span, &year), "%d in %d", org,
              number);
}

static void read_network(int number)
{
    struct year_span span = span_of(number);
    yearly_network_free(&network);
    cr_assert(yearly_network_make(&made.state, &span, &network));
}

static void end(void)
{
    yearly_org_free(&year);
    yearly_network_free(&network);
    story_end();
}

Test(yearly, spans)
{
    struct year_span span;
    cr_expect_not(year_span(2025, Y2025 - 1, &span));
    cr_assert(year_span(2025, Y2025, &span));
    cr_expect_not(span.over);
    cr_expect_eq(span.to, Y2025);
    cr_expect_eq(span.months, 1);
    cr_assert(year_span(2024, Y2025, &span));
    cr_expect(span.over);
    cr_expect_eq(span.from, JANUARY);
    cr_expect_eq(span.to, Y2025 - 1);
    cr_expect_eq(span.months, 12);
    cr_assert(year_span(2024, APRIL, &span));
    cr_expect_eq(span.months, 4);
    cr_expect_not(year_span(1969, Y2025, &span));
    cr_expect_not(year_span(2200, INT64_MAX, &span));
    cr_assert(year_span(2199, INT64_C(7258118400000), &span));
    cr_expect(span.over, "2200-01-01, 0:00");
    cr_expect_eq(span.to, INT64_C(7258118399999));
}

/* --- A story over two years ------------------------------------------------------------------- */

/* What stood where, noted while it happened. */
static int64_t then[ORGS + 1], noted_at, left_below;

static void note(void)
{
    noted_at = made.at;
    for (int i = 0; i <= ORGS; i++)
        then[i] = story_position(i);
}

static void told(void)
{
    char hours[REF_TEXT_SIZE], gift[REF_TEXT_SIZE];
    story_start(ORGS, "{\"forgive_divisor\":8,\"forgive_levy_divisor\":8,"
                      "\"pool_cap\":200," WIDE "}");
    story_help(3, 2, 900);
    story_help(3, 1, 600);
    story_do(hours, "hours.record", "org-02 org-04",
             "{\"day\":\"%s\",\"shares\":[{\"from\":\"org-02\",\"minutes\":120,"
             "\"to\":\"org-04\"}],\"skill\":\"garden\"}",
             story_today());
    story_do(gift, "hours.record", "org-03 org-05",
             "{\"day\":\"%s\",\"gift\":true,\"shares\":[{\"from\":\"org-03\",\"minutes\":45,"
             "\"to\":\"org-05\"}]}",
             story_today());
    story_needs(need, 4, 90, true);
    story_vouch(2, need);
    story_serve(ref, 1, 4, 90, need);
    story_do(ref, "pool.give", "org-03", "{\"minutes\":70}");
    note();
    story_at(JANUARY); /* closes the quarter, and the year */
    story_do(ref, "hours.reverse", "org-02 org-04",
             "{\"hours\":\"%s\",\"shares\":[{\"from\":\"org-02\",\"minutes\":20,"
             "\"to\":\"org-04\"}]}",
             hours);
    story_do(ref, "hours.reverse", "org-03 org-05",
             "{\"hours\":\"%s\",\"shares\":[{\"from\":\"org-03\",\"minutes\":5,"
             "\"to\":\"org-05\"}]}",
             gift);
    story_at(APRIL + MAKER_DAY);
    story_do(ref, "org.leave", "org-03", "{\"to\":\"org-05\"}");
    story_needs(need, 2, 30, false);
    story_pass(30 * MAKER_DAY);
    left_below = story_position(4);
    story_do(ref, "org.leave", "org-04", "{}");
}

Test(yearly, a_year_adds_up_to_the_position_that_was)
{
    told();
    for (int i = 1; i <= ORGS; i++) {
        read_year(i, 2023);
        cr_expect_eq(year.opening, 0);
        cr_expect_eq(year.closing, then[i], "org %d", i);
        cr_expect_eq(year.n_closings, 0u);
        read_year(i, 2024);
        cr_expect_eq(year.opening, then[i], "org %d", i);
        cr_expect_eq(year.closing, story_position(i), "org %d", i);
        cr_expect_eq(year.opening + year_moved(&year.sums), year.closing, "org %d", i);
    }
    end();
}

Test(yearly, every_way_in_which_a_position_moves)
{
    told();
    read_year(3, 2023);
    cr_expect_eq(year.sums.given, 1545);
    cr_expect_eq(year.sums.gifts, -45);
    cr_expect_eq(year.sums.pool_given, 70);
    cr_expect_eq(year.gifts.given, 45);
    cr_expect_eq(year.months[10].given, 1545, "in November");
    cr_expect_eq(year.partners[2].given, 900);
    cr_expect_eq(year.partners[5].given, 45);
    read_year(4, 2023);
    cr_expect_eq(year.sums.received, 210);
    cr_expect_eq(year.sums.pool_paid, 90);
    cr_expect_eq(year.skills[0].received, 120, "garden");
    cr_expect_eq(year.skills[2].received, 90, "no skill was named");
    cr_expect_eq(year.needs.published, 1);
    cr_expect_eq(year.needs.met, 1);
    cr_expect_eq(year.needs.fill.served, 90);
    read_year(2, 2024);
    cr_expect_eq(year.sums.given, -20, "taken back this year");
    cr_expect_eq(year.months[0].given, -20);
    cr_expect_eq(year.skills[0].given, -20, "of the skill that the record named");
    cr_expect_eq(year.needs.expired, 1);
    cr_expect_gt(year.sums.forgiven, 0);
    read_year(5, 2024);
    cr_expect_eq(year.gifts.received, -5);
    cr_expect_eq(year.sums.received, -5);
    cr_expect_eq(year.sums.gifts, -5, "and so it moves nothing");
    cr_expect_gt(year.sums.handed_over, 0, "org-03 left it all");
    read_year(3, 2024);
    cr_expect_eq(year.closing, 0);
    cr_expect_lt(year.sums.handed_over, 0);
    cr_expect_gt(year.sums.levied, 0);
    end();
}

/* A closing at the first moment of a year is that year's; opening and position before agree. */
Test(yearly, closings_stand_in_the_year_they_begin)
{
    int64_t sum = 0;
    told();
    for (int i = 1; i <= ORGS; i++) {
        struct org o = story_org(i);
        cr_expect_eq(query_position_at(&made.state, &o, JANUARY - 1), then[i]);
        cr_expect_eq(query_position_at(&made.state, &o, noted_at), then[i]);
        cr_expect_eq(query_position_at(&made.state, &o, made.at), story_position(i));
        cr_expect_eq(query_position_at(&made.state, &o, Y2023), 0);
        read_year(i, 2024);
        for (size_t k = 0; k < year.n_closings; k++)
            sum += year.closings[k].levied - year.closings[k].forgiven;
        if (year.n_closings > 0 && year.closings[0].moment == JANUARY)
            cr_expect_eq(query_position_at(&made.state, &o, JANUARY) - then[i],
                         year.closings[0].forgiven - year.closings[0].levied);
    }
    read_network(2024);
    cr_expect_eq(network.n_closings, 2u);
    cr_expect_eq(network.pool.levied - network.pool.forgiven, sum);
    end();
}

Test(yearly, the_network_and_its_pool)
{
    told();
    read_network(2023);
    cr_expect_eq(network.pool.opening, 0);
    cr_expect_eq(network.pool.closing, then[0]);
    cr_expect_eq(network.pool.given, 70);
    cr_expect_eq(network.pool.paid, 90);
    cr_expect_eq(network.members.before, 0);
    cr_expect_eq(network.members.admitted, ORGS);
    cr_expect_eq(network.members.after, ORGS);
    cr_expect_eq(network.sheet.n_orgs, (size_t)ORGS);
    cr_expect(network.sheet.orgs[2].active, "org-03 was there then");
    cr_expect_eq(network.sheet.orgs[2].position, then[3]);
    /* 25 of it were taken back later, and are gone from the day they were recorded on */
    cr_expect_eq(network.sums.minutes, 900 + 600 + 100 + 40 + 90);
    cr_expect_eq(network.sums.gift, 40);
    cr_expect_eq(network.sums.pooled, 90);
    cr_expect_eq(network.sums.count, 5);
    read_network(2024);
    cr_expect_eq(network.members.before, ORGS);
    cr_expect_eq(network.members.left, 2);
    cr_expect_eq(network.members.after, ORGS - 2);
    cr_expect_lt(left_below, 0);
    cr_expect_eq(network.pool.handed_over, left_below, "org-04 left it to the pool");
    cr_expect_eq(network.pool.opening, then[0]);
    cr_expect_eq(network.pool.closing, story_pool());
    cr_expect_eq(network.sums.minutes, 0);
    cr_expect_not(network.sheet.orgs[2].active);
    cr_expect_eq(network.sheet.layer[LAYER_HELP].minutes, 1730);
    end();
}

/* The turnover of a year that is over has the positions of its end, whatever happened later. */
Test(yearly, figures_of_a_year_that_is_over_stay)
{
    struct ratio turnover, displaced;
    story_start(3, "{" WIDE "}");
    story_help(1, 2, 600);
    story_help(2, 3, 200);
    story_at(JANUARY);
    read_network(2023);
    turnover = network.sheet.turnover;
    displaced = network.sheet.years[0].displaced;
    cr_expect_eq(turnover.permille, 1000 * 800 / 600);
    story_help(2, 1, 500);
    story_help(3, 2, 200);
    story_pass(40 * MAKER_DAY);
    read_network(2023);
    cr_expect_eq(network.sheet.turnover.permille, turnover.permille);
    cr_expect_eq(network.sheet.years[0].displaced.permille, displaced.permille);
    end();
}

Test(yearly, agreements_and_promises)
{
    story_start(4, NULL);
    story_agree(ref, 4, 1, 60, made.at + 10 * MAKER_DAY);
    story_agree(need, 4, 2, 60, made.at + 40 * MAKER_DAY);
    story_at(JANUARY - MAKER_DAY);
    story_do(ref, "promise.excuse", "org-02", "{\"agreement\":\"%s\"}", need);
    story_agree(need, 2, 4, 60, made.at + 40 * MAKER_DAY);
    story_at(JANUARY + MAKER_DAY);
    story_do(ref, "agreement.cancel", "org-02", "{\"agreement\":\"%s\"}", need);
    read_year(4, 2023);
    cr_expect_eq(year.agreements.signed_, 3);
    cr_expect_eq(year.agreements.expired, 2);
    cr_expect_eq(year.promises.broken, 1);
    cr_expect_eq(year.promises.excused, 1);
    read_year(4, 2024);
    cr_expect_eq(year.agreements.signed_, 0);
    cr_expect_eq(year.agreements.cancelled, 1);
    cr_expect_eq(year.promises.broken, 0);
    end();
}
