/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The oracle is the coefficient's other definition, by differences of all pairs. */
#include <criterion/criterion.h>
#include <inttypes.h>

#include "policies/burden.h"
#include "policies/evenness.h"
#include "tests/policies/networks.h"

static struct ratio of_network(const struct flow *flows, size_t n, size_t orgs)
{
    int64_t given[NETWORK_ORGS_MAX], received[NETWORK_ORGS_MAX];

    reciprocity_totals(flows, n, given, received, orgs);
    for (size_t i = 0; i < orgs; i++)
        given[i] -= received[i];
    return evenness_of_positions(given, orgs);
}

Test(evenness, positions_of_the_worked_network_are_847)
{
    networks_expect(of_network(e5, E5_FLOWS, E5_ORGS), 847, "concentration of positions");
}

Test(evenness, positions_of_small_networks)
{
    static const int64_t expected[] = {
        [PATH] = 1000, [PAIR] = 1000, [STAR] = 666, [FORWARD] = 1000};

    for (size_t i = 0; i < SMALL_NETWORKS; i++) {
        const struct small_network *net = &small_networks[i];
        struct ratio found = of_network(net->flows, net->n, net->orgs);

        if (i == CYCLE)
            networks_expect_unknown(found, "all positions of a cycle are 0");
        else
            networks_expect(found, expected[i], net->name);
    }
}

Test(evenness, without_organisations_or_with_one_nothing_is_known)
{
    int64_t one[] = {7};

    networks_expect_unknown(evenness_of_positions(NULL, 0), "positions of nobody");
    networks_expect_unknown(evenness_of_shares(NULL, 0), "shares of nobody");
    networks_expect_unknown(evenness_of_positions(one, 1), "a single position");
    networks_expect(evenness_of_shares(one, 1), 0, "a single share");
}

Test(evenness, the_largest_amounts_do_not_overflow)
{
    int64_t positions[] = {EVENNESS_SUM_MAX / 2, 0, -(EVENNESS_SUM_MAX / 2)};
    int64_t shares[] = {0, 0, 0, EVENNESS_SUM_MAX};

    networks_expect(evenness_of_positions(positions, 3), 1000, "one above, one below");
    networks_expect(evenness_of_shares(shares, 4), 750, "one has it all");
}

static int64_t differences(const int64_t *values, size_t n)
{
    int64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++)
            sum += values[i] > values[j] ? values[i] - values[j] : values[j] - values[i];
    }
    return sum;
}

Test(evenness, agrees_with_the_differences_of_all_pairs)
{
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        int64_t positions[12], shares[12], absolute = 0, sum = 0;
        int64_t between_positions, between_shares;
        struct ratio found;
        size_t n;

        networks_seed(seed);
        n = 2 + networks_draw(11);
        for (size_t i = 0; i < n; i++) {
            positions[i] = (int64_t)networks_draw(seed % 3 ? 2001 : 5) - (seed % 3 ? 1000 : 2);
            shares[i] = networks_draw(seed % 3 ? 100000 : 3);
            absolute += positions[i] < 0 ? -positions[i] : positions[i];
            sum += shares[i];
        }
        between_positions = differences(positions, n);
        between_shares = differences(shares, n);
        found = evenness_of_positions(positions, n);
        cr_assert_eq(found.known, absolute > 0, "seed %" PRIu64, seed);
        if (absolute > 0)
            cr_assert_eq(found.permille,
                         1000 * between_positions / (2 * (int64_t)(n - 1) * absolute));
        found = evenness_of_shares(shares, n);
        cr_assert_eq(found.known, sum > 0, "seed %" PRIu64, seed);
        if (sum > 0)
            cr_assert_eq(found.permille, 1000 * between_shares / (2 * (int64_t)n * sum));
    }
}

/* Burden: the same network, of which A has a staff of forty. */

static const int64_t e5_given[] = {1200, 300, 180, 60, 0};
static const int64_t e5_fte100[] = {4000, 500, 400, 100, 300};

Test(burden, of_the_worked_network)
{
    static const int64_t expected[] = {30, 60, 45, 60, 0};
    struct burden burdens[E5_ORGS];
    int64_t scratch[E5_ORGS], raw[E5_ORGS];
    struct burden_spread spread;

    for (size_t i = 0; i < E5_ORGS; i++) {
        burdens[i] = burden_of(e5_given[i], e5_fte100[i]);
        raw[i] = e5_given[i];
        cr_expect(burdens[i].known);
        cr_expect_eq(burdens[i].minutes, expected[i], "burden of %zu", i);
    }
    spread = burden_spread_of(burdens, E5_ORGS, scratch);
    networks_expect(spread.gini, 307, "burden Gini");
    cr_expect_eq(spread.known, 5);
    cr_expect_eq(spread.sum, 195);
    cr_expect_eq(spread.median, 45);
    networks_expect(evenness_of_shares(raw, E5_ORGS), 606, "Gini of the hours");
    /* A gives most hours, and carries less than the mean of 39. */
    networks_expect(burden_beside_mean(&burdens[A], &spread), 769, "A beside the mean");
    networks_expect(burden_beside_mean(&burdens[B], &spread), 1538, "B beside the mean");
    cr_expect_not(burden_above_mean(&burdens[A], &spread));
    cr_expect(burden_above_mean(&burdens[B], &spread));
    cr_expect(burden_above_mean(&burdens[C], &spread));
    cr_expect_not(burden_above_mean(&burdens[E], &spread));
}

Test(burden, whose_size_is_not_declared_has_none_and_is_not_counted)
{
    const struct burden with[] = {burden_of(600, 0), burden_of(600, 100), burden_of(0, 50)};
    int64_t scratch[3];
    struct burden_spread spread = burden_spread_of(with, 3, scratch);

    cr_expect_not(with[0].known);
    cr_expect_eq(spread.known, 2);
    networks_expect(spread.gini, 500, "one of two carries all");
    networks_expect_unknown(burden_beside_mean(&with[0], &spread), "of unknown size");
    cr_expect_not(burden_above_mean(&with[0], &spread));
    spread = burden_spread_of(with, 1, scratch);
    cr_expect_eq(spread.known, 0);
    networks_expect_unknown(spread.gini, "nobody declares a size");
    spread = burden_spread_of(with + 2, 1, scratch);
    networks_expect_unknown(spread.gini, "nobody gave");
    networks_expect_unknown(burden_beside_mean(&with[2], &spread), "a mean of 0");
}

Test(burden, exactly_the_mean_is_not_above_it_and_minutes_are_truncated)
{
    const struct burden burdens[] = {burden_of(100, 100), burden_of(100, 100), burden_of(199, 200)};
    int64_t scratch[3];
    struct burden_spread spread = burden_spread_of(burdens, 2, scratch);

    cr_expect_not(burden_above_mean(&burdens[0], &spread));
    cr_expect_eq(burdens[2].minutes, 99);
    spread = burden_spread_of(burdens, 3, scratch);
    cr_expect(burden_above_mean(&burdens[0], &spread), "the mean is 99 2/3");
    networks_expect(burden_beside_mean(&burdens[0], &spread), 1003, "by a third");
}

Test(burden, rest_is_offered_strictly_above_a_share_of_the_median)
{
    const struct burden burdens[] = {
        burden_of(60, 100), burden_of(10, 100), burden_of(40, 100), burden_of(61, 100),
        burden_of(999, 0),
    };
    int64_t scratch[5];
    struct burden_spread spread = burden_spread_of(burdens, 5, scratch);

    cr_expect_eq(spread.median, 40, "the lower one of 40 and 60");
    cr_expect_not(burden_above_median(&burdens[0], &spread, 1500), "exactly one and a half");
    cr_expect(burden_above_median(&burdens[3], &spread, 1500));
    cr_expect_not(burden_above_median(&burdens[3], &spread, 1525));
    cr_expect_not(burden_above_median(&burdens[4], &spread, 0), "of unknown size");
    spread = burden_spread_of(burdens + 4, 1, scratch);
    cr_expect_eq(spread.median, 0);
    cr_expect_not(burden_above_median(&burdens[3], &spread, 1500), "no median to compare with");
}
