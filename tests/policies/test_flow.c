/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "policies/flow.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

Test(flow, a_cycle_of_obligations_clears_180_of_270)
{
    static const struct flow_edge owed[] = {{0, 1, 100}, {1, 2, 80}, {2, 0, 60}, {0, 2, 30}};
    int64_t part[COUNT(owed)];

    cr_expect_eq(flow_balanced(owed, COUNT(owed), 3, part), 180);
    cr_expect_eq(owed[0].amount - part[0], 40);
    cr_expect_eq(owed[1].amount - part[1], 20);
    cr_expect_eq(owed[2].amount - part[2], 0);
    cr_expect_eq(owed[3].amount - part[3], 30);
}

Test(flow, the_share_of_a_small_network_that_comes_round)
{
    enum { A, B, C, D, E };
    static const struct flow_edge given[] = {
        {A, D, 600}, {A, E, 480}, {A, B, 120}, {B, C, 180},
        {C, B, 120}, {C, A, 60},  {B, A, 120}, {D, C, 60},
    };

    cr_expect_eq(flow_balanced(given, COUNT(given), 5, NULL), 660);
}
