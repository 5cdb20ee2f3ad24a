/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/modular.h"

#include <assert.h>
#include <stdbool.h>

uint64_t modular_mul(uint64_t a, uint64_t b, uint64_t prime)
{
    return (uint64_t)((unsigned __int128)a * b % prime);
}

uint64_t modular_add(uint64_t a, uint64_t b, uint64_t prime)
{
    return a >= prime - b ? a - (prime - b) : a + b;
}

uint64_t modular_sub(uint64_t a, uint64_t b, uint64_t prime)
{
    return a >= b ? a - b : a + (prime - b);
}

uint64_t modular_of(__int128 value, uint64_t prime)
{
    __int128 rest = value % (__int128)prime;

    return (uint64_t)(rest < 0 ? rest + (__int128)prime : rest);
}

static uint64_t power(uint64_t base, uint64_t exponent, uint64_t modulus)
{
    uint64_t result = 1;

    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1)
            result = modular_mul(result, base, modulus);
        base = modular_mul(base, base, modulus);
    }
    return result;
}

/* By Fermat: a^(p-1) = 1. */
uint64_t modular_inverse(uint64_t a, uint64_t prime)
{
    assert(a != 0);
    return power(a, prime - 2, prime);
}

/* Whether n = odd * 2^twos + 1 passes the strong test to one base. */
static bool passes(uint64_t n, uint64_t odd, unsigned twos, uint64_t base)
{
    uint64_t x = power(base, odd, n);

    if (x == 1 || x == n - 1)
        return true;
    for (unsigned i = 1; i < twos; i++) {
        x = modular_mul(x, x, n);
        if (x == n - 1)
            return true;
    }
    return false;
}

/* Strong tests to the first twelve primes leave no composite below 3.1e23 (Sorenson, Webster
 * 2017). n is odd and far above them. */
static bool is_prime(uint64_t n)
{
    static const uint64_t bases[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
    uint64_t odd = n - 1;
    unsigned twos = 0;

    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
        if (n % bases[i] == 0)
            return false;
    }
    for (; odd % 2 == 0; odd /= 2)
        twos++;
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
        if (!passes(n, odd, twos, bases[i]))
            return false;
    }
    return true;
}

uint64_t modular_prime_below(uint64_t n)
{
    assert(n <= UINT64_C(1) << MODULAR_PRIME_BITS);
    for (uint64_t candidate = (n - 2) | 1;; candidate -= 2) {
        assert(candidate > UINT64_C(1) << MODULAR_BITS);
        if (is_prime(candidate))
            return candidate;
    }
}

/* The digits of the least integer >= 0 with these remainders, in the mixed radix of the primes: it
 * is d[0] + d[1] p[0] + d[2] p[0] p[1] + ... (Garner). */
static void mixed_radix(const uint64_t *remainders, const uint64_t *primes, size_t n,
                        uint64_t *scratch)
{
    uint64_t *digits = scratch, *values = scratch + n, *products = scratch + 2 * n;

    for (size_t i = 0; i < n; i++) {
        values[i] = 0;
        products[i] = 1;
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t missing = modular_sub(remainders[i], values[i], primes[i]);

        digits[i] = modular_mul(missing, modular_inverse(products[i], primes[i]), primes[i]);
        for (size_t j = i + 1; j < n; j++) {
            uint64_t more = modular_mul(digits[i] % primes[j], products[j], primes[j]);

            values[j] = modular_add(values[j], more, primes[j]);
            products[j] = modular_mul(products[j], primes[i] % primes[j], primes[j]);
        }
    }
}

int modular_sign(const uint64_t *remainders, const uint64_t *primes, size_t n, uint64_t *scratch)
{
    bool zero = true;

    assert(n > 0);
    for (size_t i = 0; i < n; i++)
        zero = zero && remainders[i] == 0;
    if (zero)
        return 0;
    mixed_radix(remainders, primes, n, scratch);
    /* All digits of half the product, rounded down, are (p - 1) / 2; what lies above stands for a
     * negative integer. */
    for (size_t i = n; i > 0; i--) {
        uint64_t half = (primes[i - 1] - 1) / 2;

        if (scratch[i - 1] != half)
            return scratch[i - 1] > half ? -1 : 1;
    }
    return 1;
}
