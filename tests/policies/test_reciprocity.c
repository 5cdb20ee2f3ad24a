/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>

#include "policies/limits.h"
#include "policies/params.h"
#include "policies/reciprocity.h"
#include "tests/policies/networks.h"

static struct ratio displaced_share(const struct flow *flows, size_t n, size_t orgs)
{
    int64_t given[NETWORK_ORGS_MAX], received[NETWORK_ORGS_MAX];

    cr_assert_leq(orgs, NETWORK_ORGS_MAX);
    reciprocity_totals(flows, n, given, received, orgs);
    return reciprocity_displaced_share(given, received, orgs);
}

Test(reciprocity, line_use_measures_each_side_by_its_own_line)
{
    const struct line line = {.floor = 1200, .ceiling = 2400, .hard_floor = 1800};
    static const struct {
        int64_t position, permille;
    } rows[] = {
        {-60, -50}, {0, 0},         {-1200, -1000}, {-1800, -1500}, {60, 25},
        {2400, 1000}, {3600, 1500}, {-1, 0},        {-1199, -999},  {2399, 999},
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        networks_expect(reciprocity_line_use(&line, rows[i].position), rows[i].permille,
                        "line use");
}

Test(reciprocity, line_use_is_not_known_on_a_side_without_a_line)
{
    const struct line no_floor = {.floor = 0, .ceiling = 2400, .hard_floor = 0};
    const struct line no_ceiling = {.floor = 1200, .ceiling = 0, .hard_floor = 1800};

    networks_expect_unknown(reciprocity_line_use(&no_floor, -60), "below without floor");
    networks_expect(reciprocity_line_use(&no_floor, 60), 25, "above without floor");
    networks_expect_unknown(reciprocity_line_use(&no_ceiling, 60), "above without ceiling");
    networks_expect_unknown(reciprocity_line_use(&no_ceiling, 0), "square without ceiling");
    networks_expect(reciprocity_line_use(&no_ceiling, -60), -50, "below without ceiling");
}

Test(reciprocity, totals_add_up_what_each_gave_and_received)
{
    static const int64_t expected_given[] = {1200, 300, 180, 60, 0};
    static const int64_t expected_received[] = {180, 240, 240, 600, 480};
    int64_t given[E5_ORGS] = {7, 7, 7, 7, 7}, received[E5_ORGS] = {7, 7, 7, 7, 7};

    reciprocity_totals(e5, E5_FLOWS, given, received, E5_ORGS);
    for (size_t i = 0; i < E5_ORGS; i++) {
        cr_expect_eq(given[i], expected_given[i], "given by %zu", i);
        cr_expect_eq(received[i], expected_received[i], "received by %zu", i);
    }
}

Test(reciprocity, exchange_index_of_the_worked_network)
{
    static const int64_t expected[] = {739, 111, -142, -818, -1000};
    int64_t given[E5_ORGS], received[E5_ORGS];

    reciprocity_totals(e5, E5_FLOWS, given, received, E5_ORGS);
    for (size_t i = 0; i < E5_ORGS; i++) {
        networks_expect(reciprocity_exchange_index_raw(given[i], received[i]), expected[i],
                        "raw");
        networks_expect(reciprocity_exchange_index(given[i], received[i]), expected[i], "shown");
    }
    networks_expect(reciprocity_exchange_index_raw(60, 0), 1000, "only gives");
}

Test(reciprocity, exchange_index_needs_240_minutes_to_be_shown)
{
    networks_expect_unknown(reciprocity_exchange_index_raw(0, 0), "nothing at all");
    networks_expect_unknown(reciprocity_exchange_index(0, 0), "nothing at all, shown");
    networks_expect(reciprocity_exchange_index_raw(120, 119), 4, "239 minutes, raw");
    networks_expect_unknown(reciprocity_exchange_index(120, 119), "239 minutes");
    networks_expect(reciprocity_exchange_index(120, 120), 0, "240 minutes, square is 0 and known");
    networks_expect(reciprocity_exchange_index(0, 240), -1000, "240 minutes received");
}

Test(reciprocity, displaced_share_of_the_worked_network_is_620)
{
    networks_expect(displaced_share(e5, E5_FLOWS, E5_ORGS), 620, "displaced share");
}

Test(reciprocity, displaced_share_of_small_networks)
{
    static const int64_t expected[] = {500, 0, 500, 1000, 666};

    for (size_t i = 0; i < SMALL_NETWORKS; i++) {
        const struct small_network *net = &small_networks[i];

        networks_expect(displaced_share(net->flows, net->n, net->orgs), expected[i], net->name);
    }
    networks_expect_unknown(displaced_share(NULL, 0, 3), "nothing given");
}

Test(reciprocity, direct_reciprocity_of_the_worked_network_is_275)
{
    networks_expect(reciprocity_direct(e5, E5_FLOWS), 275, "direct reciprocity");
}

Test(reciprocity, direct_reciprocity_of_small_networks)
{
    static const struct flow cycle[] = {{0, 1, 1, 1}, {1, 2, 1, 1}, {2, 0, 1, 1}};
    static const struct flow pair[] = {{0, 1, 3, 1}, {1, 0, 1, 1}};
    static const struct flow equal[] = {{0, 1, 90, 1}, {1, 0, 90, 2}};
    static const struct flow zero[] = {{0, 1, 0, 0}, {1, 0, 0, 0}};

    networks_expect(reciprocity_direct(cycle, COUNT(cycle)), 0, "a cycle comes round indirectly");
    networks_expect(reciprocity_direct(pair, COUNT(pair)), 500, "pair 3/1");
    networks_expect(reciprocity_direct(equal, COUNT(equal)), 1000, "equal pair");
    networks_expect_unknown(reciprocity_direct(NULL, 0), "nothing given");
    networks_expect_unknown(reciprocity_direct(zero, COUNT(zero)), "all of it reversed");
}

Test(reciprocity, concentration_of_the_worked_network)
{
    static const int64_t one[] = {0, 7, 0, 0}, alike[] = {5, 5, 5, 5}, none[] = {0, 0};
    int64_t given[E5_ORGS], received[E5_ORGS];

    reciprocity_totals(e5, E5_FLOWS, given, received, E5_ORGS);
    cr_expect_eq(reciprocity_concentration(given, E5_ORGS).hhi, 5172);
    cr_expect_eq(reciprocity_concentration(received, E5_ORGS).hhi, 2437);
    cr_expect_eq(reciprocity_concentration(one, 4).hhi, 10000);
    cr_expect_eq(reciprocity_concentration(alike, 4).hhi, 2500);
    cr_expect_not(reciprocity_concentration(none, 2).known);
    cr_expect_not(reciprocity_concentration(NULL, 0).known);
}

Test(reciprocity, dependency_of_the_worked_network)
{
    static const struct {
        uint32_t top_from;
        int64_t top_permille, hhi, effective_permille;
    } expected[] = {
        {B, 666, 5555, 1800},  {A, 500, 5000, 2000},   {B, 750, 6250, 1600},
        {A, 1000, 10000, 1000}, {A, 1000, 10000, 1000},
    };
    struct dependency_sum sums[E5_ORGS];

    reciprocity_dependency_sums(e5, E5_FLOWS, sums, E5_ORGS);
    for (size_t i = 0; i < E5_ORGS; i++) {
        struct dependency found = reciprocity_dependency_raw(&sums[i]);

        cr_expect(found.known);
        cr_expect_eq(found.top_from, expected[i].top_from, "top of %zu", i);
        cr_expect_eq(found.top_permille, expected[i].top_permille, "share of %zu", i);
        cr_expect_eq(found.hhi, expected[i].hhi, "index of %zu", i);
        cr_expect_eq(found.effective_permille, expected[i].effective_permille, "of %zu", i);
        cr_expect_not(reciprocity_dependency(&sums[i]).known,
                      "%zu has received too little, or too few times, to be shown", i);
    }
}

Test(reciprocity, dependency_is_shown_from_480_minutes_and_3_exchanges)
{
    static const struct {
        int64_t minutes, count;
        bool known;
    } rows[] = {
        {480, 3, true}, {479, 3, false}, {480, 2, false}, {9600, 2, false}, {60, 30, false},
        {481, 4, true}, {0, 0, false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct flow flow = {4, 0, rows[i].minutes, rows[i].count};
        struct dependency_sum sum = {0};

        reciprocity_dependency_add(&sum, &flow);
        cr_expect_eq(reciprocity_dependency(&sum).known, rows[i].known, "row %zu", i);
        cr_expect_eq(reciprocity_dependency_raw(&sum).known, rows[i].minutes > 0, "row %zu", i);
    }
}

Test(reciprocity, of_equal_providers_the_lowest_number_is_named_in_any_order)
{
    static const struct flow flows[] = {{5, 0, 60, 1}, {3, 0, 90, 1}, {2, 0, 90, 1}, {7, 0, 90, 1}};
    struct dependency_sum forth = {0}, back = {0};

    for (size_t i = 0; i < COUNT(flows); i++) {
        reciprocity_dependency_add(&forth, &flows[i]);
        reciprocity_dependency_add(&back, &flows[COUNT(flows) - 1 - i]);
    }
    cr_expect_eq(forth.top_from, 2);
    cr_expect_eq(back.top_from, 2);
}

Test(reciprocity, the_largest_amounts_do_not_overflow)
{
    const int64_t max = RECIPROCITY_MINUTES_MAX;
    const struct flow flows[] = {{0, 1, max - max / 2, 2}, {1, 0, max / 2, 2}};
    const struct flow whole = {0, 1, max, 3};
    int64_t given[2], received[2];
    struct dependency_sum sum = {0};

    reciprocity_totals(flows, 2, given, received, 2);
    networks_expect(reciprocity_displaced_share(given, received, 2), 0, "displaced share");
    networks_expect(reciprocity_direct(flows, 2), 999, "direct reciprocity");
    networks_expect(reciprocity_exchange_index(max, max), 0, "exchange index");
    networks_expect(reciprocity_exchange_index(max, 0), 1000, "exchange index");
    cr_expect_eq(reciprocity_concentration(&max, 1).hhi, 10000, "concentration");
    reciprocity_dependency_add(&sum, &whole);
    cr_expect_eq(reciprocity_dependency(&sum).hhi, 10000);
    cr_expect_eq(reciprocity_dependency(&sum).effective_permille, 1000);
    cr_expect_eq(reciprocity_dependency(&sum).top_permille, 1000);
}

Test(reciprocity, the_pair_cap_warns_strictly_above_its_share_and_from_its_minutes)
{
    static const struct {
        int64_t top, rest;
        bool above;
    } rows[] = {
        {288, 432, false}, /* 720 minutes, exactly 400 per mille */
        {289, 431, true},
        {289, 430, false}, /* 719 minutes */
        {4001, 5999, true}, /* truncated to 400, and yet above */
        {4000, 6000, false},
        {720, 0, true},
        {0, 0, false},
    };
    struct policy policy;

    policy_default(&policy);
    for (size_t i = 0; i < COUNT(rows); i++) {
        /* The rest comes from two others, so that none of them is the largest. */
        const struct flow flows[] = {
            {1, 0, rows[i].top, 1},
            {2, 0, rows[i].rest / 2, 1},
            {3, 0, rows[i].rest - rows[i].rest / 2, 1},
        };
        struct dependency_sum sum = {0};

        for (size_t j = 0; j < COUNT(flows); j++)
            reciprocity_dependency_add(&sum, &flows[j]);
        cr_expect_eq(reciprocity_above_pair_cap(&policy, &sum), rows[i].above, "row %zu", i);
    }
}

/* Random small networks against the formulas written out over a full matrix. */

static void expect_as_oracle(struct ratio found, int64_t numerator, int64_t denominator,
                             const char *name, uint64_t seed)
{
    cr_assert_eq(found.known, denominator != 0, "%s, seed %" PRIu64, name, seed);
    if (denominator != 0)
        cr_assert_eq(found.permille, 1000 * numerator / denominator, "%s, seed %" PRIu64, name,
                     seed);
}

Test(reciprocity, direct_reciprocity_and_displaced_share_agree_with_the_full_matrix)
{
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        struct network net;
        int64_t matched = 0, differences = 0;
        struct ratio direct, displaced;

        network_draw(&net, seed, NETWORK_ORGS_MAX, 100000);
        for (size_t i = 0; i < net.orgs; i++) {
            int64_t y = 0;

            for (size_t j = 0; j < net.orgs; j++) {
                y += net.w[i][j] - net.w[j][i];
                matched += net.w[i][j] < net.w[j][i] ? net.w[i][j] : net.w[j][i];
            }
            differences += y < 0 ? -y : y;
        }
        direct = reciprocity_direct(net.flows, net.n);
        displaced = displaced_share(net.flows, net.n, net.orgs);
        expect_as_oracle(direct, matched, net.all, "direct reciprocity", seed);
        expect_as_oracle(displaced, differences / 2, net.all, "displaced share", seed);
        /* What is matched directly is not displaced. */
        cr_assert_leq(direct.permille + displaced.permille, 1000, "seed %" PRIu64, seed);
    }
}

/* The chance that two minutes, drawn at random, were given (or received) by the same one. */
Test(reciprocity, concentration_is_the_chance_to_meet_the_same_one_twice)
{
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        struct network net;
        int64_t given[NETWORK_ORGS_MAX], received[NETWORK_ORGS_MAX], same_giver = 0, same_taker = 0;
        struct concentration giving, receiving;

        network_draw(&net, seed, NETWORK_ORGS_MAX, 100000);
        for (size_t i = 0; i < net.n; i++) {
            for (size_t j = 0; j < net.n; j++) {
                const struct flow *f = &net.flows[i], *g = &net.flows[j];

                same_giver += f->from == g->from ? f->minutes * g->minutes : 0;
                same_taker += f->to == g->to ? f->minutes * g->minutes : 0;
            }
        }
        reciprocity_totals(net.flows, net.n, given, received, net.orgs);
        giving = reciprocity_concentration(given, net.orgs);
        receiving = reciprocity_concentration(received, net.orgs);
        cr_assert(giving.known == (net.all > 0) && receiving.known == (net.all > 0));
        if (net.all == 0)
            continue;
        cr_assert_eq(giving.hhi, 10000 * same_giver / (net.all * net.all), "seed %" PRIu64, seed);
        cr_assert_eq(receiving.hhi, 10000 * same_taker / (net.all * net.all), "seed %" PRIu64,
                     seed);
    }
}

Test(reciprocity, dependency_agrees_with_the_full_matrix)
{
    size_t known = 0;

    for (uint64_t seed = 1; seed <= 3000; seed++) {
        struct network net;
        struct dependency_sum sums[NETWORK_ORGS_MAX];

        network_draw(&net, seed, NETWORK_ORGS_MAX, 100000);
        reciprocity_dependency_sums(net.flows, net.n, sums, net.orgs);
        for (size_t j = 0; j < net.orgs; j++) {
            struct dependency found = reciprocity_dependency_raw(&sums[j]);
            int64_t received = 0, squares = 0;
            size_t top = 0;

            for (size_t i = 0; i < net.orgs; i++) {
                received += net.w[i][j];
                squares += net.w[i][j] * net.w[i][j];
                top = net.w[i][j] > net.w[top][j] ? i : top;
            }
            cr_assert_eq(found.known, received > 0, "seed %" PRIu64, seed);
            if (!found.known)
                continue;
            known++;
            cr_assert_eq(found.top_from, top, "seed %" PRIu64, seed);
            cr_assert_eq(found.top_permille, 1000 * net.w[top][j] / received);
            cr_assert_eq(found.hhi, 10000 * squares / (received * received));
            cr_assert_eq(found.effective_permille, 1000 * received * received / squares);
            cr_assert(found.effective_permille >= 1000 && found.hhi <= 10000);
        }
    }
    cr_expect_gt(known, 1000, "the networks drawn say something");
}
