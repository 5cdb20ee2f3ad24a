/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>

#include "policies/modular.h"
#include "tests/policies/networks.h"

#define TOP (UINT64_C(1) << MODULAR_PRIME_BITS)

/* A published list: the primes just below 2^57. */
Test(modular, the_primes_below_two_to_the_57th)
{
    static const uint64_t below[] = {13, 25, 49, 61, 69, 111, 195};
    uint64_t prime = TOP;

    for (size_t i = 0; i < COUNT(below); i++) {
        prime = modular_prime_below(prime);
        cr_expect_eq(prime, TOP - below[i], "the one %" PRIu64 " below", below[i]);
    }
}

Test(modular, remainders_compute_as_integers_do)
{
    uint64_t p = modular_prime_below(TOP);

    cr_expect_eq(modular_of(-1, p), p - 1);
    cr_expect_eq(modular_of(-(__int128)p, p), 0);
    cr_expect_eq(modular_of((__int128)p * p + 5, p), 5);
    cr_expect_eq(modular_add(p - 1, p - 1, p), p - 2);
    cr_expect_eq(modular_add(0, 0, p), 0);
    cr_expect_eq(modular_add(p - 1, 1, p), 0);
    cr_expect_eq(modular_sub(0, 1, p), p - 1);
    cr_expect_eq(modular_sub(5, 5, p), 0);
    cr_expect_eq(modular_mul(p - 1, p - 1, p), 1);
    for (uint64_t a = 1; a < 200; a++) {
        cr_expect_eq(modular_mul(a, modular_inverse(a, p), p), 1);
        cr_expect_eq(modular_mul(p - a, modular_inverse(p - a, p), p), 1);
    }
}

static int sign_of(__int128 value, size_t n)
{
    uint64_t primes[6], rests[6], scratch[18], prime = TOP;

    for (size_t i = 0; i < n; i++) {
        prime = modular_prime_below(prime);
        primes[i] = prime;
        rests[i] = modular_of(value, prime);
    }
    return modular_sign(rests, primes, n, scratch);
}

Test(modular, the_sign_of_integers_that_fit_a_word)
{
    static const int64_t values[] = {0, 1, 2, 1000, INT64_C(1) << 55, (INT64_C(1) << 56) - 7};

    for (size_t i = 0; i < COUNT(values); i++) {
        for (size_t n = 1; n <= 6; n++) {
            cr_expect_eq(sign_of(values[i], n), values[i] > 0, "%zu, %zu", i, n);
            cr_expect_eq(sign_of(-values[i], n), -(values[i] > 0), "-%zu, %zu", i, n);
        }
    }
}

Test(modular, the_sign_up_to_the_edges_of_the_range)
{
    __int128 p = (__int128)modular_prime_below(TOP);
    __int128 q = (__int128)modular_prime_below((uint64_t)p), half = (p * q - 1) / 2;

    cr_expect_eq(sign_of(half, 2), 1);
    cr_expect_eq(sign_of(half - 1, 2), 1);
    cr_expect_eq(sign_of(-half, 2), -1);
    cr_expect_eq(sign_of(1 - half, 2), -1);
    cr_expect_eq(sign_of(half + 1, 2), -1, "beyond it wraps round");
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        __int128 value;

        networks_seed(seed);
        value = (__int128)networks_draw(1u << 25) << 88;
        value += ((__int128)networks_draw(1u << 30) << 50) + networks_draw(1u << 30);
        value >>= networks_draw(110);
        cr_assert_eq(sign_of(value, 2), value > 0, "seed %" PRIu64, seed);
        cr_assert_eq(sign_of(-value, 3), -(value > 0), "seed %" PRIu64, seed);
    }
}
