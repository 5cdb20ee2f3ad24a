/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/policies/networks.h"

#include <criterion/criterion.h>
#include <inttypes.h>

const struct flow e5[E5_FLOWS] = {
    {A, B, 120, 1}, {A, D, 600, 2}, {A, E, 480, 1}, {B, A, 120, 1},
    {B, C, 180, 1}, {C, A, 60, 1},  {C, B, 120, 1}, {D, C, 60, 1},
};

const struct small_network small_networks[SMALL_NETWORKS] = {
    [PATH] = {"path", 3, 2, {{0, 1, 1, 1}, {1, 2, 1, 1}}},
    [CYCLE] = {"cycle", 3, 3, {{0, 1, 1, 1}, {1, 2, 1, 1}, {2, 0, 1, 1}}},
    [PAIR] = {"pair", 2, 2, {{0, 1, 3, 1}, {1, 0, 1, 1}}},
    [STAR] = {"star", 4, 3, {{0, 1, 1, 1}, {0, 2, 1, 1}, {0, 3, 1, 1}}},
    [FORWARD] = {"feed-forward", 3, 3, {{0, 1, 1, 1}, {0, 2, 1, 1}, {1, 2, 1, 1}}},
};

static uint64_t lcg_state;

void networks_seed(uint64_t seed)
{
    lcg_state = seed * 2 + 1;
}

uint32_t networks_draw(uint32_t below)
{
    lcg_state = lcg_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((lcg_state >> 33) % below);
}

void network_draw(struct network *net, uint64_t seed, uint32_t orgs, uint32_t minutes)
{
    uint32_t density;

    networks_seed(seed);
    *net = (struct network){.orgs = 2 + networks_draw(orgs - 1)};
    density = networks_draw(11);
    for (uint32_t i = 0; i < net->orgs; i++) {
        for (uint32_t j = 0; j < net->orgs; j++) {
            if (i == j || networks_draw(10) >= density)
                continue;
            net->w[i][j] = networks_draw(3) == 0 ? networks_draw(4) : networks_draw(minutes);
            net->all += net->w[i][j];
            net->flows[net->n++] = (struct flow){i, j, net->w[i][j], 1 + networks_draw(4)};
        }
    }
}

void networks_expect(struct ratio found, int64_t permille, const char *name)
{
    cr_expect(found.known, "%s is known", name);
    cr_expect_eq(found.permille, permille, "%s: %" PRId64 ", not %" PRId64, name, found.permille,
                 permille);
}

void networks_expect_unknown(struct ratio found, const char *name)
{
    cr_expect_not(found.known, "%s is not known", name);
}
