/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/model/random.h"

#include <assert.h>

uint64_t rng_mix(uint64_t *counter)
{
    uint64_t z = (*counter += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void rng_seed(struct rng *rng, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        rng->s[i] = rng_mix(&seed);
}

static uint64_t rotate(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->s;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

int64_t rng_range(struct rng *rng, int64_t low, int64_t high)
{
    uint64_t n = (uint64_t)(high - low) + 1;

    assert(low <= high);
    return low + (int64_t)(n == 0 ? rng_next(rng) : rng_next(rng) % n);
}

size_t rng_below(struct rng *rng, size_t n)
{
    assert(n > 0);
    return (size_t)(rng_next(rng) % n);
}

bool rng_chance(struct rng *rng, int permille)
{
    return (int)rng_below(rng, 1000) < permille;
}

int64_t rng_magnitude(struct rng *rng, int64_t high)
{
    int bits = 1;

    assert(high >= 1);
    while (bits < 62 && ((int64_t)1 << bits) <= high)
        bits++;
    int64_t top = ((int64_t)1 << rng_range(rng, 1, bits)) - 1;
    return rng_range(rng, 1, top < high ? top : high);
}

void rng_hex(struct rng *rng, char *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = "0123456789abcdef"[rng_below(rng, 16)];
    out[n] = '\0';
}
