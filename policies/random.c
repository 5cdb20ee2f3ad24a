/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/random.h"

#include <assert.h>

#define MICRO ((unsigned __int128)1000000)
/* Fractions of the table's arithmetic have this many bits. */
#define FRACTION 96

uint64_t random_splitmix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

void random_seed(struct random *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        r->s[i] = random_splitmix(&seed);
}

uint64_t random_stream(uint64_t seed, uint64_t number)
{
    uint64_t mixed = random_splitmix(&seed) ^ number;

    return random_splitmix(&mixed);
}

static uint64_t rotate(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

uint64_t random_next(struct random *r)
{
    uint64_t *s = r->s, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t random_below(struct random *r, uint64_t n)
{
    assert(n > 0);
    return (uint64_t)((unsigned __int128)random_next(r) * n >> 64);
}

bool random_permille(struct random *r, int64_t permille)
{
    return (int64_t)random_below(r, 1000) < permille;
}

void random_shuffle(struct random *r, uint32_t *v, size_t n)
{
    for (size_t left = n; left > 1; left--) {
        size_t j = (size_t)random_below(r, left);
        uint32_t kept = v[left - 1];
        v[left - 1] = v[j];
        v[j] = kept;
    }
}

/* e^-(rate_micro / 10^6) * 2^FRACTION. The series is taken at a 16th of the rate, where its terms
 * fall fast (at most 1/2 each), and its sum squared four times. */
static unsigned __int128 exp_minus(int64_t rate_micro)
{
    const unsigned __int128 one = (unsigned __int128)1 << FRACTION;
    unsigned __int128 term = one, up = one, down = 0;

    for (uint64_t k = 1; term != 0 && k < POISSON_TERMS; k++) {
        term = term * (unsigned __int128)rate_micro / (16 * MICRO * k);
        *(k % 2 == 0 ? &up : &down) += term;
    }
    uint64_t root = (uint64_t)((up - down - (up - down == one)) >> (FRACTION - 64));
    for (int i = 0; i < 3; i++)
        root = (uint64_t)((unsigned __int128)root * root >> 64);
    return (unsigned __int128)root * root >> (128 - FRACTION);
}

void poisson_table(struct poisson *p, int64_t rate_micro)
{
    const unsigned __int128 one = (unsigned __int128)1 << FRACTION;

    assert(rate_micro >= 0 && rate_micro <= POISSON_RATE_MAX);
    unsigned __int128 term = rate_micro == 0 ? one : exp_minus(rate_micro), sum = 0;
    for (uint64_t k = 0; k < POISSON_TERMS; k++) {
        sum += term;
        p->upto[k] = sum >= one ? UINT64_MAX : (uint64_t)(sum >> (FRACTION - 64));
        term = term * (unsigned __int128)rate_micro / (MICRO * (k + 1));
    }
    p->upto[POISSON_TERMS - 1] = UINT64_MAX;
}

int64_t poisson_draw(const struct poisson *p, struct random *r)
{
    uint64_t x = random_next(r);
    int64_t k = 0;

    while (x > p->upto[k])
        k++;
    return k;
}
