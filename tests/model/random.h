/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Reproducible random numbers for generated tests: xoshiro256** seeded by splitmix64 (Blackman and
 * Vigna). The same seed gives the same numbers on every machine. Not for secrets.
 */
#ifndef SEM_TESTS_MODEL_RANDOM_H
#define SEM_TESTS_MODEL_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t s[4];
};

/* One step of splitmix64; also a hash of a counter. */
uint64_t rng_mix(uint64_t *counter);
void rng_seed(struct rng *rng, uint64_t seed);
uint64_t rng_next(struct rng *rng);
/* Uniform in low..high, both included; low <= high. */
int64_t rng_range(struct rng *rng, int64_t low, int64_t high);
/* Uniform in 0..n-1; n > 0. */
size_t rng_below(struct rng *rng, size_t n);
/* True in `permille` of 1000 cases. */
bool rng_chance(struct rng *rng, int permille);
/* Between 1 and high, each order of magnitude about as likely as the next. */
int64_t rng_magnitude(struct rng *rng, int64_t high);
/* n lower-case hex digits and a terminating zero. */
void rng_hex(struct rng *rng, char *out, size_t n);

#endif
