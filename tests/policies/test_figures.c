/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>

#include "policies/figures.h"
#include "policies/limits.h"
#include "tests/policies/networks.h"

/* The worked network under the ledger's numbers: 0 is the pool, 2 has left and did nothing. The
 * whole of D -> C was a gift, and the pool paid a third of A -> D. */
enum { N_A = 1, N_B = 3, N_C = 4, N_D = 5, N_E = 6, NUMBERS };

static const struct help worked[] = {
    {N_A, N_B, 120, 0, 0, 1}, {N_A, N_D, 600, 0, 200, 2}, {N_A, N_E, 480, 0, 0, 1},
    {N_B, N_A, 120, 0, 0, 1}, {N_B, N_C, 180, 0, 0, 1},   {N_C, N_A, 60, 0, 0, 1},
    {N_C, N_B, 120, 0, 0, 1}, {N_D, N_C, 60, 60, 0, 1},
};
static const bool members[NUMBERS] = {false, true, false, true, true, true, true};

static void expect_concentration(struct concentration found, int64_t hhi, const char *name)
{
    cr_expect(found.known, "%s is known", name);
    cr_expect_eq(found.hhi, hhi, "%s: %" PRId64 ", not %" PRId64, name, found.hhi, hhi);
}

Test(figures, of_the_worked_network_on_the_help_layer)
{
    struct layer_figures f;

    cr_assert(figures_of_layer(worked, COUNT(worked), members, NUMBERS, LAYER_HELP, &f));
    cr_expect_eq(f.minutes, 1740);
    cr_expect_eq(f.orgs, 5);
    networks_expect(f.displaced, 620, "M3");
    networks_expect(f.positions, 847, "M4");
    networks_expect(f.direct, 275, "M5");
    networks_expect(f.round, 379, "M6");
    networks_expect(f.one_way, 546, "M7");
    expect_concentration(f.giving, 5172, "M8b giving");
    expect_concentration(f.receiving, 2437, "M8b receiving");
    networks_expect(f.core, 800, "M15");
}

/* By hand: G (1000, 300, 180, 0, 0), R (180, 240, 180, 400, 480), y (820, 60, 0, -400, -480). */
Test(figures, of_the_worked_network_on_the_account_layer)
{
    struct layer_figures f;

    cr_assert(figures_of_layer(worked, COUNT(worked), members, NUMBERS, LAYER_ACCOUNT, &f));
    cr_expect_eq(f.minutes, 1480);
    cr_expect_eq(f.orgs, 5);
    networks_expect(f.displaced, 594, "M3: 880 of 1480");
    networks_expect(f.positions, 869, "M4: 4*480 + 2*400 + 2*60 + 4*820 is 6120, of 4*1760");
    networks_expect(f.direct, 324, "M5: 480 of 1480");
    /* All of A -> B comes back, half of it directly and half through C, and C -> B by B -> C. */
    networks_expect(f.round, 364, "M6: 120 + 60 + 60 + 60 + 120 + 120 of 1480");
    networks_expect(f.core, 600, "M15: A, B and C");
}

Test(figures, members_without_exchanges_count_and_those_who_left_with_some_do_too)
{
    bool none[NUMBERS] = {false}, all[NUMBERS] = {true, true, true, true, true, true, true};
    struct layer_figures f;

    cr_assert(figures_of_layer(worked, COUNT(worked), none, NUMBERS, LAYER_HELP, &f));
    cr_expect_eq(f.orgs, 5, "all five exchanged");
    networks_expect(f.positions, 847, "M4");
    cr_assert(figures_of_layer(worked, COUNT(worked), all, NUMBERS, LAYER_HELP, &f));
    cr_expect_eq(f.orgs, 7);
    networks_expect(f.core, 571, "four of seven");
    networks_expect(f.displaced, 620, "M3 does not change");
    /* y sorted: -540, -480, -60, 0, 0, 60, 1020: 11640 over 6 * 2160. */
    networks_expect(f.positions, 898, "M4 does");
}

Test(figures, of_a_network_without_help_are_not_known)
{
    const bool two[] = {false, true, true};
    struct layer_figures f;

    cr_assert(figures_of_layer(NULL, 0, two, 3, LAYER_HELP, &f));
    cr_expect(f.minutes == 0 && f.orgs == 2);
    cr_expect_not(f.displaced.known || f.positions.known || f.direct.known || f.round.known ||
                  f.one_way.known || f.giving.known || f.receiving.known);
    networks_expect(f.core, 500, "each alone");
    cr_assert(figures_of_layer(NULL, 0, NULL, 0, LAYER_HELP, &f));
    cr_expect_not(f.core.known);
}

Test(figures, what_an_organisation_sees_of_itself)
{
    const struct line line = {.floor = 1200, .ceiling = 2400, .hard_floor = 1800};
    static const struct help help[] = {
        {1, 2, 300, 60, 0, 2}, {2, 1, 600, 60, 240, 5}, {2, 3, 999, 0, 0, 9}, {3, 1, 200, 0, 0, 1},
        {4, 1, 300, 300, 0, 1},
    };
    struct own_sums sums;
    struct own_figures own;

    figures_own_sums(help, COUNT(help), 1, &sums);
    cr_expect(sums.given[LAYER_HELP] == 300 && sums.given[LAYER_ACCOUNT] == 240);
    cr_expect(sums.received[LAYER_HELP] == 1100 && sums.received[LAYER_ACCOUNT] == 500);
    figures_own(&line, -60, 250, &sums, &own);
    networks_expect(own.line_use, -50, "M1");
    networks_expect(own.exchange_index[LAYER_HELP], -571, "M2, help");
    networks_expect(own.exchange_index[LAYER_ACCOUNT], -351, "M2, account");
    cr_expect(own.dependency[LAYER_HELP].known && own.dependency[LAYER_ACCOUNT].known);
    cr_expect_eq(own.dependency[LAYER_HELP].top_from, 2);
    cr_expect_eq(own.dependency[LAYER_HELP].top_permille, 545);
    cr_expect_eq(own.dependency[LAYER_ACCOUNT].top_permille, 600);
    cr_expect_eq(own.dependency[LAYER_ACCOUNT].hhi, 5200);
    cr_expect(own.burden.known && own.burden.minutes == 120, "gifts are an effort too");
}

Test(figures, own_sums_add_up_to_those_of_the_network)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct help help[NETWORK_ORGS_MAX * NETWORK_ORGS_MAX];
        bool member[NETWORK_ORGS_MAX] = {false};
        struct network net;
        int64_t given[LAYERS] = {0}, received[LAYERS] = {0};

        network_draw(&net, seed, NETWORK_ORGS_MAX, 1000);
        for (size_t i = 0; i < net.n; i++) {
            const struct flow *f = &net.flows[i];
            int64_t gift = networks_draw((uint32_t)f->minutes + 1);

            help[i] = (struct help){f->from, f->to, f->minutes, gift, 0, f->count};
        }
        for (uint32_t org = 0; org < net.orgs; org++) {
            struct own_sums sums;

            figures_own_sums(help, net.n, org, &sums);
            for (enum layer layer = LAYER_HELP; layer < LAYERS; layer++) {
                given[layer] += sums.given[layer];
                received[layer] += sums.received[layer];
                cr_assert_eq(sums.received[layer], sums.providers[layer].minutes);
            }
        }
        for (enum layer layer = LAYER_HELP; layer < LAYERS; layer++) {
            struct layer_figures f;

            cr_assert(figures_of_layer(help, net.n, member, net.orgs, layer, &f));
            cr_assert_eq(f.minutes, given[layer], "seed %" PRIu64, seed);
            cr_assert_eq(f.minutes, received[layer], "seed %" PRIu64, seed);
        }
    }
}
