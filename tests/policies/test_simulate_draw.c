/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "policies/simulate_draw.h"

#define ORGS     400
#define REQUESTS 400000

static struct sim_org orgs[ORGS], twin_orgs[ORGS];
static struct sim_request *requests, *twin_requests;

/* Static, the search for leaks would read them after each test of this program. */
static void make_room(void)
{
    requests = malloc(REQUESTS * sizeof *requests);
    twin_requests = malloc(REQUESTS * sizeof *twin_requests);
    cr_assert(requests && twin_requests);
}

static void give_back(void)
{
    free(requests);
    free(twin_requests);
}

TestSuite(simulate_draw, .init = make_room, .fini = give_back);

static struct sim_world draw(const struct sim_setting *setting, uint64_t seed)
{
    struct sim_world world;

    cr_assert_null(sim_setting_wrong(setting), "%s", sim_setting_wrong(setting));
    cr_assert(sim_draw(&world, setting, seed, orgs, ORGS, requests, REQUESTS));
    return world;
}

static struct sim_setting setting(void)
{
    struct sim_setting s;

    sim_setting_default(&s);
    return s;
}

Test(simulate_draw, the_default_is_the_reference_network)
{
    struct sim_setting s = setting();
    struct sim_world w = draw(&s, 1);
    static const int skills[] = {4, 2, 1}, capacity[] = {480, 360, 240}, count[] = {12, 16, 12};
    int seen[3] = {0};

    cr_assert_eq(w.n_orgs, 40);
    cr_expect_eq(w.weeks, 104);
    cr_expect_eq(w.free_permille, 500);
    for (size_t i = 0; i < w.n_orgs; i++) {
        enum sim_class c = orgs[i].class;
        seen[c]++;
        cr_expect_eq(__builtin_popcountll(orgs[i].skills), skills[c]);
        cr_expect_eq(orgs[i].skills >> 10, 0);
        cr_expect_eq(orgs[i].capacity, capacity[c]);
        cr_expect(orgs[i].joins == 0 && orgs[i].leaves == INT32_MAX);
    }
    cr_expect_eq(memcmp(seen, count, sizeof seen), 0);
}

/* Ten worlds: requests of each class, their sizes and skills against their expected numbers, within
 * five standard deviations. */
Test(simulate_draw, requests_come_at_their_rates_in_even_sizes_and_skills)
{
    struct sim_setting s = setting();
    int64_t by_class[3] = {0}, by_size[5] = {0}, by_skill[10] = {0}, all = 0;
    static const double expected[] = {6240, 11648, 6240}; /* orgs * rate * 104 * 10 */

    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct sim_world w = draw(&s, seed);
        all += (int64_t)w.n_requests;
        for (size_t i = 0; i < w.n_requests; i++) {
            by_class[orgs[requests[i].org].class]++;
            cr_assert(requests[i].minutes % 60 == 0 && requests[i].minutes <= 240);
            by_size[requests[i].minutes / 60]++;
            cr_assert_lt(requests[i].skill, 10);
            by_skill[requests[i].skill]++;
            cr_assert(i == 0 || requests[i].day >= requests[i - 1].day);
            cr_assert_not(requests[i].urgent);
        }
    }
    for (size_t c = 0; c < 3; c++) {
        double off = (double)by_class[c] - expected[c];
        cr_expect(off * off < 25 * expected[c], "class %zu: %" PRId64, c, by_class[c]);
    }
    cr_expect_eq(by_size[0], 0);
    for (size_t h = 1; h <= 4; h++) {
        double off = (double)by_size[h] - (double)all / 4;
        cr_expect(off * off < 25 * (double)all * 3 / 16, "%zu h: %" PRId64, h, by_size[h]);
    }
    for (size_t k = 0; k < 10; k++) {
        double off = (double)by_skill[k] - (double)all / 10;
        cr_expect(off * off < 25 * (double)all * .09, "skill %zu: %" PRId64, k, by_skill[k]);
    }
}

Test(simulate_draw, every_request_has_an_id_of_its_own)
{
    struct sim_setting s = setting();
    struct sim_world w = draw(&s, 2);
    static bool seen[REQUESTS];

    for (size_t i = 0; i < w.n_requests; i++) {
        cr_assert_lt(requests[i].id, w.n_requests);
        cr_assert_not(seen[requests[i].id]);
        seen[requests[i].id] = true;
    }
}

Test(simulate_draw, a_seed_gives_one_world)
{
    struct sim_setting s = setting();
    struct sim_world w = draw(&s, 3), twin;

    cr_assert(sim_draw(&twin, &s, 3, twin_orgs, ORGS, twin_requests, REQUESTS));
    cr_assert_eq(w.n_requests, twin.n_requests);
    for (size_t i = 0; i < w.n_orgs; i++)
        cr_assert(orgs[i].class == twin_orgs[i].class && orgs[i].skills == twin_orgs[i].skills);
    for (size_t i = 0; i < w.n_requests; i++)
        cr_assert(requests[i].id == twin_requests[i].id &&
                  requests[i].org == twin_requests[i].org &&
                  requests[i].day == twin_requests[i].day &&
                  requests[i].minutes == twin_requests[i].minutes &&
                  requests[i].skill == twin_requests[i].skill);
    cr_assert(sim_draw(&twin, &s, 4, twin_orgs, ORGS, twin_requests, REQUESTS));
    cr_expect(twin.n_requests != w.n_requests || orgs[0].skills != twin_orgs[0].skills);
}

Test(simulate_draw, what_does_not_fit_is_said)
{
    struct sim_setting s = setting();
    struct sim_world w = draw(&s, 1), small;

    cr_expect_not(sim_draw(&small, &s, 1, twin_orgs, 39, twin_requests, REQUESTS));
    cr_expect_geq(small.n_orgs, 40);
    cr_expect_not(sim_draw(&small, &s, 1, twin_orgs, ORGS, twin_requests, w.n_requests - 1));
    cr_expect_eq(small.n_requests, w.n_requests);
    cr_expect(sim_draw(&small, &s, 1, twin_orgs, 40, twin_requests, w.n_requests));
}

Test(simulate_draw, some_never_ask_and_some_never_give)
{
    struct sim_setting s = setting();
    static bool asks[ORGS];
    int silent = 0, idle = 0;

    s.never_ask_permille = 200;
    s.never_give_permille = 100;
    struct sim_world w = draw(&s, 5);
    for (size_t i = 0; i < w.n_requests; i++)
        asks[requests[i].org] = true;
    for (size_t i = 0; i < w.n_orgs; i++) {
        silent += !asks[i];
        idle += orgs[i].skills == 0;
    }
    cr_expect_eq(silent, 8);
    cr_expect_eq(idle, 4);
}

Test(simulate_draw, urgency_has_its_share)
{
    struct sim_setting s = setting();
    double urgent = 0;

    s.urgent_permille = 300;
    struct sim_world w = draw(&s, 6);
    for (size_t i = 0; i < w.n_requests; i++)
        urgent += requests[i].urgent;
    double n = (double)w.n_requests, off = urgent - .3 * n;
    cr_expect(off * off < 25 * n * .21, "%g of %g", urgent, n);
}

Test(simulate_draw, seasons_move_requests_within_the_year_and_not_their_number)
{
    struct sim_setting s = setting();
    double half[2] = {0};

    s.season_permille = 1000;
    s.weeks = 1040;
    struct sim_world w = draw(&s, 7);
    for (size_t i = 0; i < w.n_requests; i++)
        half[requests[i].day / 7 % 52 / 26]++;
    /* Straight lines up to twice the rate and down to nothing: 3/4 in the first half. */
    double n = half[0] + half[1], expected = 23.2 * 1040, off = half[0] - .75 * n;
    cr_expect((n - expected) * (n - expected) < 25 * expected, "%g, not %g", n, expected);
    cr_expect(off * off < 25 * n * 3 / 16 + n * n * .0004, "%g of %g", half[0], n);
}

Test(simulate_draw, who_leaves_is_replaced_by_a_newcomer_of_its_class)
{
    struct sim_setting s = setting();
    int left = 0, of_class[3] = {0};

    s.leave_permille = 100;
    s.weeks = 520; /* ten years: 40 are expected to leave */
    struct sim_world w = draw(&s, 8);
    for (size_t i = 0; i < w.n_orgs; i++) {
        left += orgs[i].leaves != INT32_MAX;
        of_class[orgs[i].class] += orgs[i].leaves == INT32_MAX;
        cr_expect(i < 40 ? orgs[i].joins == 0 : orgs[i].joins > 0);
    }
    cr_expect_eq(w.n_orgs, 40 + (size_t)left);
    cr_expect(left > 10 && left < 75, "%d", left);
    cr_expect(of_class[0] == 12 && of_class[1] == 16 && of_class[2] == 12);
    for (size_t i = 0; i < w.n_requests; i++) {
        const struct sim_org *o = &orgs[requests[i].org];
        cr_assert(o->joins <= requests[i].day && requests[i].day < o->leaves);
    }
}

Test(simulate_draw, the_network_is_resized_in_proportion)
{
    static const int64_t rows[][4] = {
        {40, 12, 16, 12}, {10, 3, 4, 3}, {300, 90, 120, 90}, {11, 3, 5, 3}, {2, 1, 1, 0}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sim_setting s = setting();
        sim_setting_resize(&s, rows[i][0]);
        for (size_t c = 0; c < 3; c++)
            cr_expect_eq(s.kinds[c].orgs, rows[i][c + 1], "%" PRId64 ", class %zu: %" PRId64,
                         rows[i][0], c, s.kinds[c].orgs);
    }
}

Test(simulate_draw, what_cannot_be_drawn_is_named)
{
    struct sim_setting s = setting();

    s.kinds[SIM_FRAGILE].skills = 11;
    cr_expect_str_eq(sim_setting_wrong(&s), "skills");
    s = setting();
    s.kinds[SIM_REGULAR].needs_milli = SIM_NEEDS_MILLI_MAX + 1;
    cr_expect_str_eq(sim_setting_wrong(&s), "needs");
    s = setting();
    s.kinds[SIM_REGULAR].sizes[2].minutes = 0;
    cr_expect_str_eq(sim_setting_wrong(&s), "sizes");
    s = setting();
    s.leave_permille = 1001;
    cr_expect_str_eq(sim_setting_wrong(&s), "share");
    s = setting();
    s.weeks = 0;
    cr_expect_str_eq(sim_setting_wrong(&s), "weeks");
    s = setting();
    memset(s.skill_weight, 0, sizeof s.skill_weight);
    cr_expect_str_eq(sim_setting_wrong(&s), "skill_weight");
    s = setting();
    s.kinds[0].orgs = s.kinds[1].orgs = 0;
    s.kinds[2].orgs = 1;
    cr_expect_str_eq(sim_setting_wrong(&s), "orgs");
}
