/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>

#include "policies/limits.h"
#include "policies/params.h"
#include "policies/reciprocity.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ORGS_MAX 9

/* A small network worked out by hand: five organisations A to E, 1740 minutes, 8 flows. */
enum { A, B, C, D, E, E5_ORGS };

static const struct flow e5[] = {
    {A, B, 120, 1}, {A, D, 600, 2}, {A, E, 480, 1}, {B, A, 120, 1},
    {B, C, 180, 1}, {C, A, 60, 1},  {C, B, 120, 1}, {D, C, 60, 1},
};

static void expect_ratio(struct ratio found, int64_t permille, const char *name)
{
    cr_expect(found.known, "%s is known", name);
    cr_expect_eq(found.permille, permille, "%s: %" PRId64 ", not %" PRId64, name, found.permille,
                 permille);
}

static void expect_unknown(struct ratio found, const char *name)
{
    cr_expect_not(found.known, "%s is not known", name);
}

static struct ratio displaced_share(const struct flow *flows, size_t n, size_t orgs)
{
    int64_t given[ORGS_MAX], received[ORGS_MAX];

    cr_assert_leq(orgs, ORGS_MAX);
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
        expect_ratio(reciprocity_line_use(&line, rows[i].position), rows[i].permille, "line use");
}

Test(reciprocity, line_use_is_not_known_on_a_side_without_a_line)
{
    const struct line no_floor = {.floor = 0, .ceiling = 2400, .hard_floor = 0};
    const struct line no_ceiling = {.floor = 1200, .ceiling = 0, .hard_floor = 1800};

    expect_unknown(reciprocity_line_use(&no_floor, -60), "below without floor");
    expect_ratio(reciprocity_line_use(&no_floor, 60), 25, "above without floor");
    expect_unknown(reciprocity_line_use(&no_ceiling, 60), "above without ceiling");
    expect_unknown(reciprocity_line_use(&no_ceiling, 0), "square without ceiling");
    expect_ratio(reciprocity_line_use(&no_ceiling, -60), -50, "below without ceiling");
}

Test(reciprocity, totals_add_up_what_each_gave_and_received)
{
    static const int64_t expected_given[] = {1200, 300, 180, 60, 0};
    static const int64_t expected_received[] = {180, 240, 240, 600, 480};
    int64_t given[E5_ORGS] = {7, 7, 7, 7, 7}, received[E5_ORGS] = {7, 7, 7, 7, 7};

    reciprocity_totals(e5, COUNT(e5), given, received, E5_ORGS);
    for (size_t i = 0; i < E5_ORGS; i++) {
        cr_expect_eq(given[i], expected_given[i], "given by %zu", i);
        cr_expect_eq(received[i], expected_received[i], "received by %zu", i);
    }
}

Test(reciprocity, exchange_index_of_the_worked_network)
{
    static const int64_t expected[] = {739, 111, -142, -818, -1000};
    int64_t given[E5_ORGS], received[E5_ORGS];

    reciprocity_totals(e5, COUNT(e5), given, received, E5_ORGS);
    for (size_t i = 0; i < E5_ORGS; i++) {
        expect_ratio(reciprocity_exchange_index_raw(given[i], received[i]), expected[i], "raw");
        expect_ratio(reciprocity_exchange_index(given[i], received[i]), expected[i], "shown");
    }
    expect_ratio(reciprocity_exchange_index_raw(60, 0), 1000, "only gives");
}

Test(reciprocity, exchange_index_needs_240_minutes_to_be_shown)
{
    expect_unknown(reciprocity_exchange_index_raw(0, 0), "nothing at all");
    expect_unknown(reciprocity_exchange_index(0, 0), "nothing at all, shown");
    expect_ratio(reciprocity_exchange_index_raw(120, 119), 4, "239 minutes, raw");
    expect_unknown(reciprocity_exchange_index(120, 119), "239 minutes");
    expect_ratio(reciprocity_exchange_index(120, 120), 0, "240 minutes, square is 0 and known");
    expect_ratio(reciprocity_exchange_index(0, 240), -1000, "240 minutes received");
}

Test(reciprocity, displaced_share_of_the_worked_network_is_620)
{
    expect_ratio(displaced_share(e5, COUNT(e5), E5_ORGS), 620, "displaced share");
}

Test(reciprocity, displaced_share_of_small_networks)
{
    static const struct flow path[] = {{0, 1, 1, 1}, {1, 2, 1, 1}};
    static const struct flow cycle[] = {{0, 1, 1, 1}, {1, 2, 1, 1}, {2, 0, 1, 1}};
    static const struct flow pair[] = {{0, 1, 3, 1}, {1, 0, 1, 1}};
    static const struct flow star[] = {{0, 1, 1, 1}, {0, 2, 1, 1}, {0, 3, 1, 1}};
    static const struct flow forward[] = {{0, 1, 1, 1}, {0, 2, 1, 1}, {1, 2, 1, 1}};

    expect_ratio(displaced_share(path, COUNT(path), 3), 500, "path");
    expect_ratio(displaced_share(cycle, COUNT(cycle), 3), 0, "cycle");
    expect_ratio(displaced_share(pair, COUNT(pair), 2), 500, "pair");
    expect_ratio(displaced_share(star, COUNT(star), 4), 1000, "star");
    expect_ratio(displaced_share(forward, COUNT(forward), 3), 666, "feed-forward");
    expect_unknown(displaced_share(NULL, 0, 3), "nothing given");
}

Test(reciprocity, direct_reciprocity_of_the_worked_network_is_275)
{
    expect_ratio(reciprocity_direct(e5, COUNT(e5)), 275, "direct reciprocity");
}

Test(reciprocity, direct_reciprocity_of_small_networks)
{
    static const struct flow cycle[] = {{0, 1, 1, 1}, {1, 2, 1, 1}, {2, 0, 1, 1}};
    static const struct flow pair[] = {{0, 1, 3, 1}, {1, 0, 1, 1}};
    static const struct flow equal[] = {{0, 1, 90, 1}, {1, 0, 90, 2}};
    static const struct flow zero[] = {{0, 1, 0, 0}, {1, 0, 0, 0}};

    expect_ratio(reciprocity_direct(cycle, COUNT(cycle)), 0, "a cycle comes round indirectly");
    expect_ratio(reciprocity_direct(pair, COUNT(pair)), 500, "pair 3/1");
    expect_ratio(reciprocity_direct(equal, COUNT(equal)), 1000, "equal pair");
    expect_unknown(reciprocity_direct(NULL, 0), "nothing given");
    expect_unknown(reciprocity_direct(zero, COUNT(zero)), "all of it reversed");
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

    reciprocity_dependency_sums(e5, COUNT(e5), sums, E5_ORGS);
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
    expect_ratio(reciprocity_displaced_share(given, received, 2), 0, "displaced share");
    expect_ratio(reciprocity_direct(flows, 2), 999, "direct reciprocity");
    expect_ratio(reciprocity_exchange_index(max, max), 0, "exchange index");
    expect_ratio(reciprocity_exchange_index(max, 0), 1000, "exchange index");
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

static uint64_t lcg_state;

static uint32_t lcg(uint32_t below)
{
    lcg_state = lcg_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((lcg_state >> 33) % below);
}

struct network {
    size_t orgs, n;
    int64_t w[ORGS_MAX][ORGS_MAX];
    struct flow flows[ORGS_MAX * ORGS_MAX];
    int64_t all;
};

static void network_draw(struct network *net, uint64_t seed)
{
    uint32_t density;

    lcg_state = seed * 2 + 1;
    *net = (struct network){.orgs = 2 + lcg(ORGS_MAX - 1)};
    density = lcg(11);
    for (uint32_t i = 0; i < net->orgs; i++) {
        for (uint32_t j = 0; j < net->orgs; j++) {
            if (i == j || lcg(10) >= density)
                continue;
            net->w[i][j] = lcg(3) == 0 ? lcg(4) : lcg(100000);
            net->all += net->w[i][j];
            net->flows[net->n++] = (struct flow){i, j, net->w[i][j], 1 + lcg(4)};
        }
    }
}

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

        network_draw(&net, seed);
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

Test(reciprocity, dependency_agrees_with_the_full_matrix)
{
    size_t known = 0;

    for (uint64_t seed = 1; seed <= 3000; seed++) {
        struct network net;
        struct dependency_sum sums[ORGS_MAX];

        network_draw(&net, seed);
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
