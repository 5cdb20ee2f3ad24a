/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The oracle solves the definition in exact fractions: elimination without division (Bareiss) over
 * the whole integers of small networks, pinned at the other end. What no oracle reaches is held by
 * what must not change a figure: other numbers for the same organisations; all minutes two thousand
 * million times as many, which takes the way through remainders and not the one through bounds. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>

#include "policies/levels.h"
#include "policies/one_way.h"
#include "tests/policies/networks.h"

#define MILLION 1000000

static struct ratio scaled(const struct flow *flows, size_t n, size_t orgs, int64_t scale)
{
    struct ratio found;

    cr_assert(one_way_scaled(flows, n, orgs, scale, &found));
    return found;
}

Test(one_way, of_the_worked_network_is_546)
{
    struct ratio found;

    cr_assert(one_way(e5, E5_FLOWS, E5_ORGS, &found));
    networks_expect(found, 546, "one-wayness");
    networks_expect(scaled(e5, E5_FLOWS, E5_ORGS, MILLION), 546918, "6487/11861");
    /* Exactly at the fraction's own denominator, and a hair below and above it. */
    networks_expect(scaled(e5, E5_FLOWS, E5_ORGS, 11861), 6487, "6487/11861 of 11861");
    networks_expect(scaled(e5, E5_FLOWS, E5_ORGS, 11860), 6486, "6487/11861 of 11860");
}

Test(one_way, of_small_networks)
{
    static const int64_t expected[] = {1000, 0, 250, 1000, 888};

    for (size_t i = 0; i < SMALL_NETWORKS; i++) {
        const struct small_network *net = &small_networks[i];

        networks_expect(scaled(net->flows, net->n, net->orgs, 1000), expected[i], net->name);
    }
}

Test(one_way, is_not_known_where_nothing_was_given)
{
    static const struct flow zero[] = {{0, 1, 0, 0}};

    networks_expect_unknown(scaled(NULL, 0, 3, 1000), "no flows");
    networks_expect_unknown(scaled(NULL, 0, 0, 1000), "nobody");
    networks_expect_unknown(scaled(zero, 1, 2, 1000), "all of it reversed");
}

Test(one_way, whole_per_mille_are_not_truncated_away)
{
    /* A pair a to b has H = ((a - b) / (a + b))^2. */
    static const struct {
        int64_t there, back, permille;
    } rows[] = {
        {4, 1, 360}, {11, 9, 10},    {3, 2, 40},  {7, 3, 160}, {999, 1, 996}, {9, 1, 640},
        {13, 7, 90}, {600, 400, 40}, {19, 1, 810}, {2, 2, 0},   {5, 0, 1000},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct flow pair[] = {{0, 1, rows[i].there, 1}, {1, 0, rows[i].back, 1}};
        int64_t d = rows[i].there - rows[i].back, sum = rows[i].there + rows[i].back;

        networks_expect(scaled(pair, 2, 2, 1000), rows[i].permille, "a pair");
        networks_expect(scaled(pair, 2, 2, MILLION), MILLION * d * d / (sum * sum), "exactly");
    }
}

Test(one_way, parts_count_by_their_minutes)
{
    /* A path (H 1) of 2 minutes, a pair 4 to 1 (H .36), a cycle (H 0) of 3: 3.8 of 10. */
    static const struct flow flows[] = {
        {0, 7, 1, 1}, {7, 3, 1, 1}, {1, 6, 4, 1}, {6, 1, 1, 1}, {2, 4, 1, 1}, {4, 8, 1, 1},
        {8, 2, 1, 1},
    };

    networks_expect(scaled(flows, COUNT(flows), 10, 1000), 380, "three parts and two alone");
    networks_expect(scaled(flows, COUNT(flows), 10, MILLION), 380000, "in millionths");
}

/* --- The oracle ------------------------------------------------------------------------------- */

#define ORACLE_ORGS 6

struct fraction {
    __int128 num, den;
};

/* q of the organisations in `set`, which are connected: eliminates [L | v] without the first one,
 * and finishes with q = v . h by Cramer, all of it whole. */
static struct fraction part_energy(const struct network *net, const size_t *set, size_t size)
{
    __int128 a[ORACLE_ORGS][ORACLE_ORGS + 1] = {{0}}, last = 1, v[ORACLE_ORGS] = {0};
    size_t m = size - 1;
    struct fraction q = {0, 1};

    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < net->orgs; j++) {
            size_t from = set[i + 1];

            a[i][i] += net->w[from][j] + net->w[j][from];
            v[i] += net->w[j][from] - net->w[from][j];
        }
        for (size_t j = 0; j < m; j++)
            a[i][j] -= net->w[set[i + 1]][set[j + 1]] + net->w[set[j + 1]][set[i + 1]];
        a[i][m] = v[i];
    }
    /* Gauss and Jordan: every pivot ends as the determinant, every last column as h times it. */
    for (size_t k = 0; k < m; k++) {
        cr_assert(a[k][k] > 0);
        for (size_t i = 0; i < m; i++) {
            __int128 factor = a[i][k];

            for (size_t j = 0; j <= m && i != k; j++)
                a[i][j] = (a[i][j] * a[k][k] - factor * a[k][j]) / last;
        }
        last = a[k][k];
    }
    q.den = last;
    for (size_t i = 0; i < m; i++)
        q.num += v[i] * a[i][m];
    return q;
}

static struct fraction energy(const struct network *net)
{
    bool done[ORACLE_ORGS] = {false};
    struct fraction sum = {0, 1};

    for (size_t start = 0; start < net->orgs; start++) {
        size_t set[ORACLE_ORGS] = {start}, size = 1;
        struct fraction q;

        if (done[start])
            continue;
        done[start] = true;
        for (size_t i = 0; i < size; i++) {
            for (size_t j = 0; j < net->orgs; j++) {
                if (!done[j] && net->w[set[i]][j] + net->w[j][set[i]] > 0) {
                    done[j] = true;
                    set[size++] = j;
                }
            }
        }
        q = part_energy(net, set, size);
        sum = (struct fraction){sum.num * q.den + q.num * sum.den, sum.den * q.den};
    }
    return sum;
}

/* Every minute so many times: too much for bounds to be proven in a machine's words. */
static void multiply(struct flow *flows, size_t n, int64_t by)
{
    for (size_t i = 0; i < n; i++)
        flows[i].minutes *= by;
}

Test(one_way, agrees_with_exact_fractions)
{
    size_t whole = 0, between = 0;

    for (uint64_t seed = 1; seed <= 4000; seed++) {
        struct network net;
        struct fraction q;
        struct ratio found;

        network_draw(&net, seed, ORACLE_ORGS, seed % 4 == 0 ? 4 : 200);
        q = energy(&net);
        found = scaled(net.flows, net.n, net.orgs, 1000);
        cr_assert_eq(found.known, net.all > 0, "seed %" PRIu64, seed);
        if (!found.known)
            continue;
        cr_assert_eq(found.permille, (int64_t)(1000 * q.num / (q.den * net.all)),
                     "seed %" PRIu64, seed);
        found = scaled(net.flows, net.n, net.orgs, MILLION);
        cr_assert_eq(found.permille, (int64_t)(MILLION * q.num / (q.den * net.all)),
                     "seed %" PRIu64, seed);
        cr_assert(found.permille >= 0 && found.permille <= MILLION);
        multiply(net.flows, net.n, INT64_C(1) << 38);
        cr_assert_eq(scaled(net.flows, net.n, net.orgs, MILLION).permille, found.permille,
                     "by remainders, seed %" PRIu64, seed);
        whole += 1000 * q.num % (q.den * net.all) == 0;
        between += 1000 * q.num % (q.den * net.all) != 0;
    }
    cr_expect_gt(whole, 300, "whole per mille are drawn: %zu", whole);
    cr_expect_gt(between, 2000, "and others: %zu", between);
}

/* --- Larger networks -------------------------------------------------------------------------- */

static size_t draw_large(struct flow *flows, uint64_t seed, uint32_t orgs, uint32_t degree)
{
    size_t n = 0;

    networks_seed(seed);
    for (uint32_t i = 0; i < orgs; i++) {
        for (uint32_t k = 0; k < degree; k++) {
            uint32_t to = (i + 1 + networks_draw(orgs - 1)) % orgs;

            flows[n++] = (struct flow){i, to, 1 + networks_draw(2000), 1};
        }
    }
    return n;
}

Test(one_way, bounds_and_remainders_agree_on_networks_of_every_size)
{
    static const uint32_t orgs[] = {2, 3, 5, 8, 13, 21, 34, 55, 80};
    struct flow *flows = calloc(80 * 9, sizeof *flows);

    cr_assert(flows != NULL);
    for (size_t i = 0; i < COUNT(orgs); i++) {
        for (uint64_t seed = 1; seed <= 8; seed++) {
            size_t n = draw_large(flows, seed, orgs[i], 1 + (uint32_t)seed);
            struct ratio found = scaled(flows, n, orgs[i], MILLION), again;

            multiply(flows, n, INT64_C(1) << 31);
            again = scaled(flows, n, orgs[i], MILLION);
            cr_expect(found.known && again.known);
            cr_expect_eq(found.permille, again.permille,
                         "%u organisations, seed %" PRIu64 ": %" PRId64 " and %" PRId64, orgs[i],
                         seed, found.permille, again.permille);
        }
    }
    free(flows);
}

Test(one_way, does_not_depend_on_numbers_and_order)
{
    enum { ORGS = 60 };
    struct flow flows[ORGS * 4], other[ORGS * 4];

    for (uint64_t seed = 1; seed <= 10; seed++) {
        size_t n = draw_large(flows, seed, ORGS, 3);
        uint32_t name[ORGS];

        for (uint32_t i = 0; i < ORGS; i++)
            name[i] = (i * 7 + 11) % ORGS;
        for (size_t i = 0; i < n; i++) {
            const struct flow *f = &flows[n - 1 - i];

            other[i] = (struct flow){name[f->from], name[f->to], f->minutes, f->count};
        }
        cr_expect_eq(scaled(flows, n, ORGS, MILLION).permille,
                     scaled(other, n, ORGS, MILLION).permille, "seed %" PRIu64, seed);
    }
}

Test(one_way, a_long_path_is_wholly_one_way_and_a_long_cycle_not_at_all)
{
    enum { ORGS = 300 };
    struct flow flows[ORGS];

    for (uint32_t i = 0; i < ORGS; i++)
        flows[i] = (struct flow){i, (i + 1) % ORGS, 77, 1};
    networks_expect(scaled(flows, ORGS - 1, ORGS, 1000), 1000, "a path");
    networks_expect(scaled(flows, ORGS, ORGS, 1000), 0, "a cycle");
    /* A minute less on the last flow leaves a trace of one way in it, below a millionth. */
    flows[ORGS - 1].minutes--;
    networks_expect(scaled(flows, ORGS, ORGS, MILLION), 0, "nearly a cycle");
}

static void fill_levels(struct levels *levels, const struct flow *flows, size_t n, size_t orgs)
{
    cr_assert(levels_new(levels, orgs));
    for (size_t i = 0; i < n; i++) {
        if (flows[i].minutes > 0)
            levels_add(levels, flows[i].from, flows[i].to, flows[i].minutes);
    }
}

Test(levels, bounds_are_close_together_for_amounts_of_a_real_network)
{
    enum { ORGS = 80, SHIFT = 36 };
    struct flow flows[ORGS * 6];

    for (uint64_t seed = 1; seed <= 5; seed++) {
        size_t n = draw_large(flows, seed, ORGS, 6);
        struct levels levels;
        struct levels_bounds bounds;
        __int128 all;

        fill_levels(&levels, flows, n, ORGS);
        cr_assert(levels_bound(&levels, SHIFT, &bounds));
        cr_expect(bounds.low > 0 && bounds.low <= bounds.high);
        /* The chance that a figure is not settled by that is one in a million million. */
        all = (__int128)levels.minutes << 2 * SHIFT;
        cr_expect(bounds.high - bounds.low < all / INT64_C(1000000000000000000),
                  "seed %" PRIu64, seed);
        levels_free(&levels);
    }
}

/* Units so coarse that little is left of the levels: the bounds part, and hold all the same. */
Test(levels, bounds_hold_however_coarse_the_units)
{
    size_t apart = 0;

    for (uint64_t seed = 1; seed <= 3000; seed++) {
        unsigned shift = (unsigned)(seed % 12);
        size_t set[ORACLE_ORGS] = {0, 1, 2, 3, 4, 5};
        struct network net;
        struct levels levels;
        struct levels_bounds bounds;
        struct fraction q;

        network_draw(&net, seed, ORACLE_ORGS, 100);
        /* A chain through all keeps them in one part. */
        for (uint32_t i = 1; i < net.orgs; i++) {
            int64_t more = 1 + networks_draw(40);

            net.w[i - 1][i] += more;
            net.flows[net.n++] = (struct flow){i - 1, i, more, 1};
        }
        q = part_energy(&net, set, net.orgs);
        fill_levels(&levels, net.flows, net.n, net.orgs);
        cr_assert(levels_bound(&levels, shift, &bounds));
        cr_assert(bounds.low * q.den <= q.num << 2 * shift, "low, seed %" PRIu64, seed);
        cr_assert(bounds.high * q.den >= q.num << 2 * shift, "high, seed %" PRIu64, seed);
        apart += bounds.high > bounds.low;
        levels_free(&levels);
    }
    cr_expect_gt(apart, 2000, "rounding leaves something to bound");
}

Test(levels, a_prime_that_divides_a_minor_is_told)
{
    /* The determinant is 1 (x + y) + x y = (x + 1) (y + 1) - 1, with these x and y a prime. */
    struct flow flows[] = {{0, 1, 1, 1}, {0, 2, 1870, 1}, {1, 2, 77025755251659, 1}};
    uint64_t prime = (UINT64_C(1) << 57) - 13;
    struct levels levels;
    struct levels_rest rest;

    fill_levels(&levels, flows, COUNT(flows), 3);
    cr_expect_eq(levels_modulo(&levels, prime, &rest), LEVELS_PRIME_DIVIDES);
    cr_expect_eq(levels_modulo(&levels, modular_prime_below(prime), &rest), LEVELS_OK);
    levels_free(&levels);
    flows[1].minutes++;
    fill_levels(&levels, flows, COUNT(flows), 3);
    cr_expect_eq(levels_modulo(&levels, prime, &rest), LEVELS_OK);
    levels_free(&levels);
}
