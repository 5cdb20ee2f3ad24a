/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Remainders modulo primes: exact answers about integers of thousands of digits.
 *
 * An integer is known by its remainders modulo enough primes; sums and products are those of the
 * remainders, so a determinant of a thousand digits needs no long arithmetic, and its sign comes
 * out of the remainders at the end. All primes lie between 2^56 and 2^57, so that 8192 products of
 * two remainders add up within 128 bits before a division is due. Pure functions, any thread. */
#ifndef POLICIES_MODULAR_H
#define POLICIES_MODULAR_H

#include <stddef.h>
#include <stdint.h>

#define MODULAR_PRIME_BITS 57 /* every prime is below 2^57 ... */
#define MODULAR_BITS       56 /* ... and above 2^56: so many bits does each of them add */
#define MODULAR_SUM_MAX    8192

/* The largest prime below n; n <= 2^57, and there is one above 2^56 (asserted). */
uint64_t modular_prime_below(uint64_t n);

/* The remainder of any integer, 0 .. prime - 1. */
uint64_t modular_of(__int128 value, uint64_t prime);

/* Of remainders: product, sum, difference, inverse of one that is not 0 (asserted). */
uint64_t modular_mul(uint64_t a, uint64_t b, uint64_t prime);
uint64_t modular_add(uint64_t a, uint64_t b, uint64_t prime);
uint64_t modular_sub(uint64_t a, uint64_t b, uint64_t prime);
uint64_t modular_inverse(uint64_t a, uint64_t prime);

/* The sign, -1, 0 or 1, of the integer with these remainders modulo n different primes, n > 0. It
 * lies strictly between half the primes' product and its opposite. scratch has room for 3 n.
 * O(n^2). */
int modular_sign(const uint64_t *remainders, const uint64_t *primes, size_t n, uint64_t *scratch);

#endif
