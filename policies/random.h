/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Random numbers that are the same everywhere: for simulations, never for secrets.
 *
 * The generator is xoshiro256** of Blackman and Vigna, its state filled by splitmix64. A seed gives
 * the same numbers with every compiler and on every machine: all is integer arithmetic, and no
 * function of libm decides anything.
 *
 * Thread rule: a struct random belongs to one thread at a time; the rest is pure. Nothing fails. */
#ifndef POLICIES_RANDOM_H
#define POLICIES_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t s[4];
};

/* One step of splitmix64: moves the state and gives the next number. */
uint64_t random_splitmix(uint64_t *state);

/* Fills the state with four numbers of splitmix64 that starts at the seed. */
void random_seed(struct random *r, uint64_t seed);

/* A seed for a stream of its own, from a seed and the stream's number. Streams of different numbers
 * have nothing to do with each other, so that what one draws does not move what another gives. */
uint64_t random_stream(uint64_t seed, uint64_t number);

/* The next 64 bits. */
uint64_t random_next(struct random *r);

/* A number of 0..n-1, n > 0 (asserted): the upper half of next * n, biased by under n / 2^64. */
uint64_t random_below(struct random *r, uint64_t n);

/* True permille times in a thousand; never at 0 or less, always at 1000 or more. Takes one number
 * in every case. */
bool random_permille(struct random *r, int64_t permille);

/* Puts n numbers into a random order (Fisher and Yates). */
void random_shuffle(struct random *r, uint32_t *v, size_t n);

/* The number of events in a time in which rate_micro / 10^6 are expected.
 *
 * A table holds P(N <= k) * 2^64, found by integer arithmetic: e^-x from its series in 128 bits,
 * then P(k + 1) = P(k) * rate / (k + 1). It is off by less than POISSON_TERMS / 2^64 + 2^-50. */
#define POISSON_RATE_MAX ((int64_t)8000000)
#define POISSON_TERMS    64

struct poisson {
    uint64_t upto[POISSON_TERMS]; /* rising; the last is 2^64 - 1 */
};

/* 0 <= rate_micro <= POISSON_RATE_MAX, asserted. */
void poisson_table(struct poisson *p, int64_t rate_micro);

/* Takes one number. */
int64_t poisson_draw(const struct poisson *p, struct random *r);

#endif
