/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>

#include "policies/turnover.h"
#include "tests/policies/networks.h"

Test(turnover, of_the_worked_network_is_1611)
{
    static const int64_t positions[] = {1020, 60, -60, -540, -480};

    networks_expect(turnover_of(1740, positions, E5_ORGS), 1611, "turnover");
}

Test(turnover, counts_the_pool_among_the_accounts)
{
    static const int64_t positions[] = {-100, 60, 40};
    static const int64_t square[] = {0, 0, 0};

    networks_expect(turnover_of(250, positions, 3), 2500, "250 over 100 outstanding");
    networks_expect(turnover_of(0, positions, 3), 0, "nothing moved");
    networks_expect_unknown(turnover_of(250, square, 3), "all square");
    networks_expect_unknown(turnover_of(0, NULL, 0), "nobody");
}

Test(turnover, dormant_is_what_they_hold_who_received_nothing)
{
    static const int64_t positions[] = {1020, 60, -60, -540, -480};
    static const int64_t received[] = {0, 1, 0, 600, 480};
    static const int64_t all_received[] = {1, 1, 1, 1, 1};
    static const int64_t below[] = {-5, 0};

    networks_expect(turnover_dormant(positions, received, E5_ORGS), 944, "A of A and B");
    networks_expect(turnover_dormant(positions, all_received, E5_ORGS), 0, "nobody");
    networks_expect_unknown(turnover_dormant(below, received, 2), "nobody above zero");
}

Test(turnover, return_time_counts_from_the_last_day_near_zero)
{
    struct return_time time = {.position = 0, .since = 100};

    cr_expect_eq(return_time_days(&time, 500), 0, "at zero");
    return_time_moved(&time, 240, 510);
    cr_expect_eq(return_time_days(&time, 520), 0, "240 is near");
    return_time_moved(&time, 241, 530);
    cr_expect_eq(return_time_days(&time, 530), 0, "the day it left");
    cr_expect_eq(return_time_days(&time, 531), 1);
    return_time_moved(&time, 900, 540);
    cr_expect_eq(return_time_days(&time, 550), 20, "farther away on the same side");
    return_time_moved(&time, -900, 560);
    cr_expect_eq(return_time_days(&time, 565), 5, "the other side");
    return_time_moved(&time, -240, 570);
    cr_expect_eq(return_time_days(&time, 600), 0);
    return_time_moved(&time, -241, 610);
    cr_expect_eq(return_time_days(&time, 611), 1);
}

/* The oracle keeps the whole history and looks back through it. */
struct moved {
    int64_t position;
    int32_t day;
};

static int32_t look_back(const struct moved *history, size_t n, int32_t today)
{
    int64_t now = history[n - 1].position;
    size_t i = n - 1;

    if (llabs(now) <= TURNOVER_BACK_MINUTES)
        return 0;
    /* Until the position before the change was near zero, or on the other side. */
    while (i > 0 && llabs(history[i - 1].position) > TURNOVER_BACK_MINUTES &&
           (history[i - 1].position > 0) == (now > 0))
        i--;
    return today - history[i].day;
}

Test(turnover, return_time_agrees_with_the_whole_history)
{
    size_t away = 0;

    for (uint64_t seed = 1; seed <= 1000; seed++) {
        struct moved history[60] = {{0, 100}};
        struct return_time time = {.position = 0, .since = 100};

        networks_seed(seed);
        for (size_t i = 1; i < 60; i++) {
            int64_t step = (int64_t)networks_draw(601) - 300;

            history[i].position = history[i - 1].position + (i % 17 == 0 ? 8 * step : step);
            history[i].day = history[i - 1].day + (int32_t)networks_draw(5);
            return_time_moved(&time, history[i].position, history[i].day);
            for (int32_t later = 0; later < 3; later++) {
                int32_t expected = look_back(history, i + 1, history[i].day + later);

                cr_assert_eq(return_time_days(&time, history[i].day + later), expected,
                             "seed %" PRIu64 ", step %zu", seed, i);
                away += expected > 0;
            }
        }
    }
    cr_expect_gt(away, 10000, "positions stay away long enough to say something");
}
