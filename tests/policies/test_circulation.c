/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Two oracles. On the smallest networks every choice of f is tried. On larger ones the same number
 * comes from the other side: what does not come round is the least that must be taken out of the
 * flows to carry every surplus to a deficit, found by shortest paths one after another. */
#include <criterion/criterion.h>
#include <inttypes.h>

#include "policies/circulation.h"
#include "tests/policies/networks.h"

Test(circulation, of_the_worked_network_660_minutes_come_round)
{
    cr_expect_eq(circulation_minutes(e5, E5_FLOWS, E5_ORGS), 660);
    networks_expect(circulation_share(e5, E5_FLOWS, E5_ORGS), 379, "share that comes round");
}

Test(circulation, of_small_networks)
{
    static const int64_t expected[] = {0, 1000, 500, 0, 0};

    for (size_t i = 0; i < SMALL_NETWORKS; i++) {
        const struct small_network *net = &small_networks[i];

        networks_expect(circulation_share(net->flows, net->n, net->orgs), expected[i], net->name);
    }
}

Test(circulation, is_not_known_where_nothing_was_given)
{
    static const struct flow zero[] = {{0, 1, 0, 0}};

    networks_expect_unknown(circulation_share(NULL, 0, 0), "nobody");
    networks_expect_unknown(circulation_share(NULL, 0, 4), "no flows");
    networks_expect_unknown(circulation_share(zero, 1, 2), "all of it reversed");
}

Test(circulation, the_largest_amounts_do_not_overflow)
{
    const int64_t third = RECIPROCITY_MINUTES_MAX / 3;
    const struct flow cycle[] = {{0, 1, third, 1}, {1, 2, third, 1}, {2, 0, third, 1}};

    cr_expect_eq(circulation_minutes(cycle, 3, 3), 3 * third);
    networks_expect(circulation_share(cycle, 3, 3), 1000, "all of it");
}

/* The best of all f within the flows from number i on, given what each has over so far. */
static int64_t try_all(const struct network *net, size_t i, int64_t *over)
{
    int64_t best = -1;

    if (i == net->n) {
        for (size_t k = 0; k < net->orgs; k++) {
            if (over[k] != 0)
                return -1;
        }
        return 0;
    }
    for (int64_t f = 0; f <= net->flows[i].minutes; f++) {
        int64_t rest;

        over[net->flows[i].from] -= f;
        over[net->flows[i].to] += f;
        rest = try_all(net, i + 1, over);
        over[net->flows[i].from] += f;
        over[net->flows[i].to] -= f;
        if (rest >= 0 && rest + f > best)
            best = rest + f;
    }
    return best;
}

Test(circulation, agrees_with_every_choice_there_is)
{
    size_t some = 0;

    for (uint64_t seed = 1; seed <= 1500; seed++) {
        int64_t over[NETWORK_ORGS_MAX] = {0}, found, expected;
        struct network net;

        network_draw(&net, seed, 4, 4);
        if (net.n > 9)
            continue;
        expected = try_all(&net, 0, over);
        found = circulation_minutes(net.flows, net.n, net.orgs);
        cr_assert_eq(found, expected, "seed %" PRIu64 ": %" PRId64 ", not %" PRId64, seed, found,
                     expected);
        some += expected > 0 && expected < net.all;
    }
    cr_expect_gt(some, 200, "networks that come round in part are drawn");
}

/* One shortest path from any surplus to any deficit, back along what was sent at cost -1 (Bellman
 * and Ford); sends what it can. Returns what that costs, -1 if there is no way. */
static int64_t send(const struct network *net, int64_t sent[][NETWORK_ORGS_MAX], int64_t *over)
{
    int64_t cost[NETWORK_ORGS_MAX], amount;
    size_t before[NETWORK_ORGS_MAX], end = net->orgs, at;

    for (size_t i = 0; i < net->orgs; i++) {
        cost[i] = over[i] > 0 ? 0 : 1000;
        before[i] = i;
    }
    for (size_t round = 0; round < net->orgs; round++) {
        for (size_t i = 0; i < net->orgs; i++) {
            for (size_t j = 0; j < net->orgs; j++) {
                if (cost[i] < 900 && sent[i][j] < net->w[i][j] && cost[i] + 1 < cost[j]) {
                    cost[j] = cost[i] + 1;
                    before[j] = i;
                } else if (cost[i] < 900 && sent[j][i] > 0 && cost[i] - 1 < cost[j]) {
                    cost[j] = cost[i] - 1;
                    before[j] = i;
                }
            }
        }
    }
    for (size_t i = 0; i < net->orgs; i++) {
        if (over[i] < 0 && cost[i] < 900 && (end == net->orgs || cost[i] < cost[end]))
            end = i;
    }
    if (end == net->orgs)
        return -1;
    amount = -over[end];
    for (at = end; before[at] != at; at = before[at]) {
        size_t b = before[at];
        int64_t room = cost[at] == cost[b] + 1 ? net->w[b][at] - sent[b][at] : sent[at][b];

        amount = room < amount ? room : amount;
    }
    amount = over[at] < amount ? over[at] : amount;
    over[at] -= amount;
    over[end] += amount;
    for (size_t to = end; before[to] != to; to = before[to]) {
        if (cost[to] == cost[before[to]] + 1)
            sent[before[to]][to] += amount;
        else
            sent[to][before[to]] -= amount;
    }
    return amount * cost[end];
}

static int64_t one_way_minutes(const struct network *net)
{
    int64_t sent[NETWORK_ORGS_MAX][NETWORK_ORGS_MAX] = {{0}}, over[NETWORK_ORGS_MAX] = {0};
    int64_t sum = 0, cost;

    for (size_t i = 0; i < net->orgs; i++) {
        for (size_t j = 0; j < net->orgs; j++)
            over[i] += net->w[i][j] - net->w[j][i];
    }
    while ((cost = send(net, sent, over)) >= 0)
        sum += cost;
    for (size_t i = 0; i < net->orgs; i++)
        cr_assert_eq(over[i], 0, "every surplus has a way to a deficit");
    return sum;
}

Test(circulation, agrees_with_what_carries_surplus_to_deficit)
{
    size_t indirect = 0;

    for (uint64_t seed = 1; seed <= 2000; seed++) {
        int64_t given[NETWORK_ORGS_MAX], received[NETWORK_ORGS_MAX], found;
        struct network net;

        network_draw(&net, seed, NETWORK_ORGS_MAX, 1000);
        found = circulation_minutes(net.flows, net.n, net.orgs);
        cr_assert_eq(found, net.all - one_way_minutes(&net), "seed %" PRIu64, seed);
        if (net.all == 0)
            continue;
        /* Between what is returned directly and what is not displaced. */
        reciprocity_totals(net.flows, net.n, given, received, net.orgs);
        cr_assert_leq(reciprocity_direct(net.flows, net.n).permille,
                      circulation_share(net.flows, net.n, net.orgs).permille);
        cr_assert_leq(circulation_share(net.flows, net.n, net.orgs).permille +
                          reciprocity_displaced_share(given, received, net.orgs).permille, 1000);
        indirect += circulation_share(net.flows, net.n, net.orgs).permille >
                    reciprocity_direct(net.flows, net.n).permille;
    }
    cr_expect_gt(indirect, 500, "networks with longer ways round are drawn");
}
