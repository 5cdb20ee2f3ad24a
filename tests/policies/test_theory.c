/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <string.h>

#include "policies/theory.h"

/* Every figure of a test lies within its tolerance, which policies/theory.c states beside the
 * expected value; `figures` counts them, so that none can fall away. */
static void expect_test(size_t test, const char *name, size_t figures)
{
    struct theory_figure found[THEORY_FIGURES_MAX];
    size_t n = theory_run(test, 1, found);

    cr_assert_eq(n, figures, "%zu figures", n);
    for (size_t i = 0; i < n; i++) {
        const struct theory_figure *f = &found[i];
        cr_expect_str_eq(f->test, name);
        cr_expect(f->low <= f->high);
        cr_expect(theory_ok(f), "%s: %g, not %g (%g to %g)", f->what, f->found, f->expected, f->low,
                  f->high);
    }
}

Test(theory, t1_with_a_provider_by_chance_positions_wander_without_bound)
{
    expect_test(0, "T1", 2);
}

Test(theory, t2_the_lowest_of_two_keeps_positions_bounded)
{
    expect_test(1, "T2", 9);
}

Test(theory, t3_the_lowest_of_more_keeps_them_nearer)
{
    expect_test(2, "T3", 6);
}

Test(theory, t4_a_limit_spreads_everybody_evenly_and_refuses)
{
    expect_test(3, "T4", 10);
}

Test(theory, t5_uneven_limits_give_a_geometric_law)
{
    expect_test(4, "T5", 3);
}

Test(theory, t6_who_never_asks_stops_a_system_of_chance)
{
    expect_test(5, "T6", 8);
}

Test(theory, t7_more_room_cures_a_shortage_up_to_a_point)
{
    expect_test(6, "T7", 3);
}

Test(theory, t8_more_helps_until_nobody_needs_to_give)
{
    expect_test(7, "T8", 3);
}

Test(theory, t9_no_choice_cures_a_structural_gap)
{
    expect_test(8, "T9", 5);
}

/* The law behind T2: G(k+1) = G(k)^2 with mean 0, solved here for its free parameter. */
Test(theory, the_shares_of_t2_solve_their_equation)
{
    struct theory_figure found[THEORY_FIGURES_MAX];
    double low = 0, high = .001, g[41]; /* G at k = -20 lies a little under 1 */

    for (int step = 0; step < 200; step++) {
        double mean = 0;
        g[0] = 1 - (low + high) / 2;
        for (int k = 1; k <= 40; k++)
            g[k] = g[k - 1] * g[k - 1];
        for (int k = 0; k < 40; k++)
            mean += (k - 20) * (g[k] - g[k + 1]);
        *(mean > 0 ? &low : &high) = (low + high) / 2;
    }
    theory_run(1, 1, found);
    for (int k = -2; k <= 3; k++) {
        double share = g[k + 20] - g[k + 21];
        double off = found[k + 2].expected - share;
        cr_expect(off < .0001 && off > -.0001, "at %d: %g, not %g", k, found[k + 2].expected,
                  share);
    }
}

Test(theory, the_same_seed_gives_the_same_figures)
{
    struct theory_figure a[THEORY_FIGURES_MAX], b[THEORY_FIGURES_MAX];
    size_t n = theory_run(4, 5, a);

    cr_assert_eq(theory_run(4, 5, b), n);
    for (size_t i = 0; i < n; i++)
        cr_expect(a[i].found == b[i].found, "%s", a[i].what);
    theory_run(4, 6, b);
    cr_expect(a[0].found != b[0].found, "another seed plays another game");
}
