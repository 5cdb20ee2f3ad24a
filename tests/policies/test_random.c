/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>

#include "policies/random.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Numbers that the authors' own C programs print: splitmix64 from 1234567, and xoshiro256** from
 * the state 1, 2, 3, 4. */
Test(random, splitmix_gives_the_published_numbers)
{
    static const uint64_t expected[] = {
        UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
        UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
        UINT64_C(16408922859458223821),
    };
    uint64_t state = 1234567;

    for (size_t i = 0; i < COUNT(expected); i++)
        cr_expect_eq(random_splitmix(&state), expected[i], "number %zu", i);
}

Test(random, xoshiro_gives_the_published_numbers)
{
    static const uint64_t expected[] = {
        UINT64_C(11520),
        UINT64_C(0),
        UINT64_C(1509978240),
        UINT64_C(1215971899390074240),
        UINT64_C(1216172134540287360),
        UINT64_C(607988272756665600),
        UINT64_C(16172922978634559625),
        UINT64_C(8476171486693032832),
        UINT64_C(10595114339597558777),
        UINT64_C(2904607092377533576),
    };
    struct random r = {{1, 2, 3, 4}};

    for (size_t i = 0; i < COUNT(expected); i++)
        cr_expect_eq(random_next(&r), expected[i], "number %zu", i);
}

Test(random, a_seed_fills_the_state_with_splitmix)
{
    uint64_t state = 1234567;
    struct random r;

    random_seed(&r, 1234567);
    for (size_t i = 0; i < 4; i++)
        cr_expect_eq(r.s[i], random_splitmix(&state), "word %zu", i);
}

Test(random, a_range_is_the_upper_half_of_the_product)
{
    static const uint64_t ranges[] = {1, 2, 10, 1000, UINT64_C(1) << 40, UINT64_MAX};
    struct random r, twin;

    random_seed(&r, 7);
    twin = r;
    for (size_t i = 0; i < 600; i++) {
        uint64_t n = ranges[i % COUNT(ranges)], x = random_next(&twin);
        /* The product in two halves of 32 bits each, without a wider type. */
        uint64_t xh = x >> 32, xl = x & UINT32_MAX, nh = n >> 32, nl = n & UINT32_MAX;
        uint64_t middle = xh * nl + (xl * nl >> 32), low = xl * nh + (middle & UINT32_MAX);
        uint64_t expected = xh * nh + (middle >> 32) + (low >> 32);
        uint64_t found = random_below(&r, n);
        cr_assert_eq(found, expected);
        cr_assert_lt(found, n);
    }
}

Test(random, every_number_of_a_range_is_as_likely)
{
    int64_t count[10] = {0};
    struct random r;

    random_seed(&r, 11);
    for (int i = 0; i < 1000000; i++)
        count[random_below(&r, 10)]++;
    for (size_t k = 0; k < 10; k++) /* 100 000 with a standard deviation of 300 */
        cr_expect(llabs(count[k] - 100000) < 1500, "%zu: %" PRId64, k, count[k]);
}

Test(random, permille_is_never_at_0_and_always_at_1000)
{
    int64_t hits = 0;
    struct random r;

    random_seed(&r, 3);
    for (int i = 0; i < 100000; i++) {
        cr_assert_not(random_permille(&r, 0));
        cr_assert(random_permille(&r, 1000));
        cr_assert_not(random_permille(&r, -5));
        hits += random_permille(&r, 250);
    }
    cr_expect(llabs(hits - 25000) < 700, "%" PRId64, hits);
}

Test(random, permille_takes_one_number_whatever_the_share)
{
    struct random a, b;

    random_seed(&a, 5);
    b = a;
    (void)random_permille(&a, 0);
    (void)random_permille(&b, 1000);
    cr_expect_eq(random_next(&a), random_next(&b));
}

Test(random, streams_differ_and_repeat)
{
    cr_expect_eq(random_stream(1, 2), random_stream(1, 2));
    cr_expect_neq(random_stream(1, 2), random_stream(1, 3));
    cr_expect_neq(random_stream(1, 2), random_stream(2, 2));
    cr_expect_neq(random_stream(1, 2), random_stream(2, 1));
}

Test(random, shuffling_keeps_all_and_reaches_every_order)
{
    int64_t orders[6] = {0};
    struct random r;

    random_seed(&r, 9);
    for (int i = 0; i < 60000; i++) {
        uint32_t v[3] = {0, 1, 2};
        random_shuffle(&r, v, 3);
        cr_assert_eq((1u << v[0]) + (1u << v[1]) + (1u << v[2]), 7u);
        orders[2 * v[0] + (v[1] > v[2])]++;
    }
    for (size_t k = 0; k < 6; k++) /* 10 000 with a standard deviation of 91 */
        cr_expect(llabs(orders[k] - 10000) < 460, "order %zu: %" PRId64, k, orders[k]);
}

/* e^-x, from the series of e^x, whose terms are all positive. */
static long double exp_minus(long double x)
{
    long double term = 1, sum = 0;

    for (int k = 1; k < 200; k++) {
        sum += term;
        term *= x / k;
    }
    return 1 / sum;
}

Test(random, the_table_of_a_poisson_law_is_that_of_the_formula)
{
    static const int64_t rates[] = {1, 1000, 500000, 700000, 1100000, 2500000, 8000000};

    for (size_t i = 0; i < COUNT(rates); i++) {
        long double rate = (long double)rates[i] / 1000000, term = exp_minus(rate), sum = 0;
        struct poisson p;
        poisson_table(&p, rates[i]);
        for (int k = 0; k < POISSON_TERMS; k++) {
            sum += term;
            long double found = ((long double)p.upto[k] + 1) / 0x1p64L;
            long double off = found - (sum < 1 ? sum : 1);
            cr_assert(off < 1e-15L && off > -1e-15L, "rate %" PRId64 ", P(N <= %d): %.20Lf, not "
                      "%.20Lf", rates[i], k, found, sum);
            cr_assert(k == 0 || p.upto[k] >= p.upto[k - 1]);
            term *= rate / (k + 1);
        }
        cr_expect_eq(p.upto[POISSON_TERMS - 1], UINT64_MAX);
    }
}

Test(random, nothing_happens_at_the_rate_0)
{
    struct poisson p;
    struct random r;

    poisson_table(&p, 0);
    random_seed(&r, 1);
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(poisson_draw(&p, &r), 0);
}

Test(random, poisson_draws_have_the_mean_and_variance_of_their_rate)
{
    static const int64_t rates[] = {500000, 1100000, 8000000};
    struct random r;

    random_seed(&r, 17);
    for (size_t i = 0; i < COUNT(rates); i++) {
        double sum = 0, squares = 0, rate = (double)rates[i] / 1e6, n = 400000;
        struct poisson p;
        poisson_table(&p, rates[i]);
        for (int k = 0; k < 400000; k++) {
            double x = (double)poisson_draw(&p, &r);
            sum += x;
            squares += x * x;
        }
        double mean = sum / n, variance = squares / n - mean * mean;
        double off = mean - rate, spread = variance - rate; /* at most 5 standard deviations */
        cr_expect(off * off < 25 * rate / n, "mean %g at rate %g", mean, rate);
        cr_expect(spread * spread < 25 * (rate + 2 * rate * rate) / n, "variance %g at rate %g",
                  variance, rate);
    }
}

/* The same in the build of every compiler, or the test fails in one of them. */
Test(random, draws_are_the_same_with_every_compiler)
{
    uint64_t mixed = 0;
    struct poisson p;
    struct random r;

    poisson_table(&p, 1100000);
    random_seed(&r, 2026);
    for (int i = 0; i < 100000; i++)
        mixed = random_stream(mixed, (uint64_t)poisson_draw(&p, &r) + random_below(&r, 97));
    cr_expect_eq(mixed, UINT64_C(14412627717856997773), "%" PRIu64, mixed);
}
