/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>

#include "policies/layers.h"
#include "tests/policies/networks.h"

static const struct help help[] = {
    {1, 2, 600, 0, 0, 3},     {1, 3, 480, 480, 0, 2}, {2, 1, 120, 0, 60, 1},
    {3, 1, 240, 60, 180, 4}, {3, 2, 0, 0, 0, 0},
};

Test(layers, the_account_layer_is_help_less_gifts_and_what_the_pool_paid)
{
    struct flow flows[COUNT(help)];

    cr_assert_eq(layer_flows(help, COUNT(help), LAYER_HELP, flows), 4, "all that has minutes");
    for (size_t i = 0; i < 4; i++) {
        cr_expect_eq(flows[i].from, help[i].from);
        cr_expect_eq(flows[i].to, help[i].to);
        cr_expect_eq(flows[i].minutes, help[i].minutes);
        cr_expect_eq(flows[i].count, help[i].count);
    }
    cr_assert_eq(layer_flows(help, COUNT(help), LAYER_ACCOUNT, flows), 2);
    cr_expect(flows[0].from == 1 && flows[0].to == 2 && flows[0].minutes == 600);
    cr_expect(flows[1].from == 2 && flows[1].to == 1 && flows[1].minutes == 60);
    cr_expect_eq(flows[1].count, 1);
}

Test(layers, solidarity_share_is_gifts_and_pool_over_all)
{
    networks_expect(layer_solidarity(help, COUNT(help)), 541, "780 of 1440");
    networks_expect(layer_solidarity(help, 1), 0, "nothing but counted hours");
    networks_expect(layer_solidarity(help + 1, 1), 1000, "nothing but gifts");
    networks_expect_unknown(layer_solidarity(help + 4, 1), "no minutes");
    networks_expect_unknown(layer_solidarity(NULL, 0), "nothing at all");
}

Test(layers, the_difference_between_the_layers_is_the_solidarity)
{
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        struct help drawn[20];
        struct flow flows[20];
        int64_t minutes[LAYERS] = {0}, all = 0;
        struct ratio share;

        networks_seed(seed);
        for (uint32_t i = 0; i < 20; i++) {
            struct help *h = &drawn[i];

            *h = (struct help){i, i + 1, networks_draw(1000), 0, 0, 1};
            h->gift = networks_draw((uint32_t)h->minutes + 1);
            h->pooled = networks_draw((uint32_t)(h->minutes - h->gift) + 1);
            all += h->minutes;
        }
        for (enum layer layer = LAYER_HELP; layer < LAYERS; layer++) {
            size_t n = layer_flows(drawn, 20, layer, flows);

            for (size_t i = 0; i < n; i++) {
                cr_assert_gt(flows[i].minutes, 0);
                minutes[layer] += flows[i].minutes;
            }
        }
        share = layer_solidarity(drawn, 20);
        cr_assert_eq(minutes[LAYER_HELP], all);
        cr_assert_eq(share.permille, 1000 * (all - minutes[LAYER_ACCOUNT]) / all, "%" PRIu64, seed);
    }
}
