/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The oracle is the closure of "helped" (Warshall), from which both kinds of sets are read off. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>

#include "policies/components.h"
#include "tests/policies/networks.h"

static struct ratio core_share(const struct flow *flows, size_t n, size_t orgs)
{
    size_t core = 99;

    cr_assert(components_core(flows, n, orgs, &core));
    return ratio_of((int64_t)core, (int64_t)orgs);
}

Test(components, the_core_of_the_worked_network_is_four_of_five)
{
    networks_expect(core_share(e5, E5_FLOWS, E5_ORGS), 800, "core share");
}

Test(components, the_core_of_small_networks)
{
    static const int64_t expected[] = {333, 1000, 1000, 250, 333};

    for (size_t i = 0; i < SMALL_NETWORKS; i++) {
        const struct small_network *net = &small_networks[i];

        networks_expect(core_share(net->flows, net->n, net->orgs), expected[i], net->name);
    }
    networks_expect(core_share(NULL, 0, 4), 250, "nobody helps");
    networks_expect_unknown(core_share(NULL, 0, 0), "nobody");
}

Test(components, a_flow_without_minutes_joins_nobody)
{
    static const struct flow flows[] = {{0, 1, 5, 1}, {1, 0, 0, 0}, {2, 3, 0, 0}};
    uint32_t part[4];
    size_t parts;

    networks_expect(core_share(flows, 3, 4), 250, "core");
    components_weak(flows, 3, part, 4, &parts);
    cr_expect_eq(parts, 3);
    cr_expect(part[0] == 0 && part[1] == 0 && part[2] == 1 && part[3] == 2);
}

static void close_over(bool reach[NETWORK_ORGS_MAX][NETWORK_ORGS_MAX], size_t orgs)
{
    for (size_t k = 0; k < orgs; k++) {
        for (size_t i = 0; i < orgs; i++) {
            for (size_t j = 0; j < orgs; j++)
                reach[i][j] = reach[i][j] || (reach[i][k] && reach[k][j]);
        }
    }
}

Test(components, agree_with_the_closure)
{
    size_t sizes[NETWORK_ORGS_MAX + 1] = {0}, split = 0;

    for (uint64_t seed = 1; seed <= 5000; seed++) {
        bool strong[NETWORK_ORGS_MAX][NETWORK_ORGS_MAX] = {{false}};
        bool weak[NETWORK_ORGS_MAX][NETWORK_ORGS_MAX] = {{false}};
        struct network net;
        uint32_t part[NETWORK_ORGS_MAX], next = 0;
        size_t parts, core, largest = 0;

        network_draw(&net, seed, NETWORK_ORGS_MAX, 1000);
        for (size_t i = 0; i < net.orgs; i++) {
            for (size_t j = 0; j < net.orgs; j++) {
                strong[i][j] = i == j || net.w[i][j] > 0;
                weak[i][j] = strong[i][j] || net.w[j][i] > 0;
            }
        }
        close_over(strong, net.orgs);
        close_over(weak, net.orgs);
        cr_assert(components_core(net.flows, net.n, net.orgs, &core));
        components_weak(net.flows, net.n, part, net.orgs, &parts);
        for (size_t i = 0; i < net.orgs; i++) {
            size_t with = 0;

            for (size_t j = 0; j < net.orgs; j++) {
                with += strong[i][j] && strong[j][i];
                cr_assert_eq(part[i] == part[j], weak[i][j], "seed %" PRIu64, seed);
            }
            largest = with > largest ? with : largest;
            /* Parts are numbered as they are met. */
            cr_assert_leq(part[i], next);
            next += part[i] == next;
        }
        cr_assert_eq(core, largest, "seed %" PRIu64, seed);
        cr_assert_eq(parts, next, "seed %" PRIu64, seed);
        sizes[core]++;
        split += parts > 1;
    }
    for (size_t i = 1; i <= NETWORK_ORGS_MAX; i++)
        cr_expect_gt(sizes[i], 20, "cores of %zu are drawn", i);
    cr_expect_gt(split, 200, "networks in parts are drawn");
}

Test(components, a_long_way_round_takes_no_deep_stack)
{
    enum { LONG = 1000000 };
    struct flow *flows = calloc(LONG, sizeof *flows);
    size_t core;

    cr_assert(flows != NULL);
    for (uint32_t i = 0; i < LONG; i++)
        flows[i] = (struct flow){i, (i + 1) % LONG, 1, 1};
    cr_assert(components_core(flows, LONG, LONG, &core));
    cr_expect_eq(core, LONG);
    cr_assert(components_core(flows, LONG - 1, LONG, &core));
    cr_expect_eq(core, 1, "open by one flow");
    free(flows);
}
