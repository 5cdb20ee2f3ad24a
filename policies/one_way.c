/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/one_way.h"

#include <assert.h>
#include <stdlib.h>

#include "policies/components.h"
#include "policies/levels.h"

/* minutes * 4^shift * scale stays below 2^127. */
#define FIXED_BITS 106
#define SHIFT_MAX  40

_Static_assert(ONE_WAY_ORGS_MAX <= MODULAR_SUM_MAX, "remainders of a part add up");
_Static_assert(ONE_WAY_SCALE_MAX < 1 << 20, "20 bits are left for the scale");

struct network {
    struct levels *systems; /* of the parts that have flows */
    size_t n;
    int64_t minutes;
    int64_t scale;
};

/* The answer lies in low..high. */
struct range {
    int64_t low, high;
};

static void network_free(struct network *net)
{
    for (size_t i = 0; i < net->n; i++)
        levels_free(&net->systems[i]);
    free(net->systems);
}

/* Where an organisation stands: its system, and its number there. */
struct place {
    uint32_t part;
    uint32_t number;
};

/* Makes an empty system of each part with two organisations or more. system[] receives which. */
static bool make_systems(struct network *net, const uint32_t *part, size_t orgs, size_t parts,
                         struct place *places, uint32_t *system)
{
    uint32_t *sizes = calloc(parts + 1, sizeof *sizes);
    bool ok = sizes != NULL;

    for (size_t i = 0; i < orgs && ok; i++)
        places[i] = (struct place){part[i], sizes[part[i]]++};
    for (size_t p = 0; p < parts && ok; p++) {
        if (sizes[p] < 2)
            continue;
        system[p] = (uint32_t)net->n;
        ok = levels_new(&net->systems[net->n++], sizes[p]);
    }
    free(sizes);
    return ok;
}

static bool network_read(struct network *net, const struct flow *flows, size_t n, size_t orgs)
{
    uint32_t *part = calloc(orgs + 1, sizeof *part), *system = calloc(orgs + 1, sizeof *system);
    struct place *places = calloc(orgs + 1, sizeof *places);
    size_t parts = 0;
    bool ok;

    net->systems = calloc(orgs + 1, sizeof *net->systems);
    ok = part != NULL && system != NULL && places != NULL && net->systems != NULL;
    if (ok) {
        components_weak(flows, n, part, orgs, &parts);
        ok = make_systems(net, part, orgs, parts, places, system);
    }
    for (size_t i = 0; i < n && ok; i++) {
        const struct flow *flow = &flows[i];

        if (flow->minutes == 0)
            continue;
        levels_add(&net->systems[system[part[flow->from]]], places[flow->from].number,
                   places[flow->to].number, flow->minutes);
        net->minutes += flow->minutes;
        assert(net->minutes <= RECIPROCITY_MINUTES_MAX);
    }
    free(part);
    free(system);
    free(places);
    return ok;
}

static unsigned shift_for(int64_t minutes)
{
    unsigned bits = 0;

    for (; minutes > 0; minutes >>= 1)
        bits++;
    return (FIXED_BITS - bits) / 2 < SHIFT_MAX ? (FIXED_BITS - bits) / 2 : SHIFT_MAX;
}

static bool bound(const struct network *net, struct range *range)
{
    unsigned shift = shift_for(net->minutes);
    __int128 low = 0, high = 0, all = (__int128)net->minutes << 2 * shift;

    for (size_t i = 0; i < net->n; i++) {
        struct levels_bounds one;

        if (!levels_bound(&net->systems[i], shift, &one))
            return false;
        low += one.low;
        high += one.high;
    }
    range->low = (int64_t)(low * net->scale / all);
    range->high = (int64_t)(high * net->scale / all);
    return true;
}

/* The remainders of det and det * q for the whole network, modulo n primes. */
struct rests {
    size_t n;
    uint64_t *primes, *det, *q;
    uint64_t *value;   /* n: of what is being compared */
    uint64_t *scratch; /* 3 n */
};

static void rests_free(struct rests *rests)
{
    free(rests->primes);
    free(rests->det);
    free(rests->q);
    free(rests->value);
    free(rests->scratch);
}

/* So many primes that their product is more than twice |det (scale q - k minutes)|, which is at
 * most det * scale * minutes since q <= minutes and k <= scale. */
static size_t primes_needed(const struct network *net)
{
    size_t bits = 20 + 53 + 2;

    for (size_t i = 0; i < net->n; i++)
        bits += levels_det_bits(&net->systems[i]);
    return bits / MODULAR_BITS + 1;
}

static bool rests_new(struct rests *rests, size_t n)
{
    *rests = (struct rests){.n = n};
    rests->primes = calloc(n, sizeof *rests->primes);
    rests->det = calloc(n, sizeof *rests->det);
    rests->q = calloc(n, sizeof *rests->q);
    rests->value = calloc(n, sizeof *rests->value);
    rests->scratch = calloc(3 * n, sizeof *rests->scratch);
    return rests->primes && rests->det && rests->q && rests->value && rests->scratch;
}

/* One prime: q is a sum over the parts, det a product. */
static enum levels_result rests_modulo(const struct network *net, uint64_t prime, uint64_t *det,
                                       uint64_t *q)
{
    *det = 1;
    *q = 0;
    for (size_t i = 0; i < net->n; i++) {
        struct levels_rest rest;
        enum levels_result result = levels_modulo(&net->systems[i], prime, &rest);

        if (result != LEVELS_OK)
            return result;
        *det = modular_mul(*det, rest.det, prime);
        *q = modular_add(*q, rest.q, prime);
    }
    *q = modular_mul(*q, *det, prime);
    return LEVELS_OK;
}

static bool rests_fill(struct rests *rests, const struct network *net)
{
    uint64_t prime = UINT64_C(1) << MODULAR_PRIME_BITS;

    for (size_t i = 0; i < rests->n;) {
        enum levels_result result;

        prime = modular_prime_below(prime);
        result = rests_modulo(net, prime, &rests->det[i], &rests->q[i]);
        if (result == LEVELS_NO_MEMORY)
            return false;
        if (result == LEVELS_OK)
            rests->primes[i++] = prime;
    }
    return true;
}

/* Whether scale q / minutes >= k, exactly. */
static bool reaches(const struct rests *rests, const struct network *net, int64_t k)
{
    for (size_t i = 0; i < rests->n; i++) {
        uint64_t prime = rests->primes[i];
        uint64_t q = modular_mul(modular_of(net->scale, prime), rests->q[i], prime);
        uint64_t line = modular_of((__int128)k * net->minutes, prime);

        rests->value[i] = modular_sub(q, modular_mul(line, rests->det[i], prime), prime);
    }
    return modular_sign(rests->value, rests->primes, rests->n, rests->scratch) >= 0;
}

/* Narrows the range to one number, its low end. */
static bool decide(const struct network *net, struct range *range)
{
    struct rests rests;
    bool ok = rests_new(&rests, primes_needed(net)) && rests_fill(&rests, net);

    while (ok && range->low < range->high) {
        int64_t middle = range->low + (range->high - range->low + 1) / 2;

        if (reaches(&rests, net, middle))
            range->low = middle;
        else
            range->high = middle - 1;
    }
    rests_free(&rests);
    return ok;
}

bool one_way_scaled(const struct flow *flows, size_t n, size_t orgs, int64_t scale,
                    struct ratio *out)
{
    struct network net = {.scale = scale};
    struct range range = {0};
    bool ok;

    assert(scale >= 1 && scale <= ONE_WAY_SCALE_MAX);
    ok = network_read(&net, flows, n, orgs);
    if (ok && net.minutes > 0)
        ok = bound(&net, &range) && (range.low == range.high || decide(&net, &range));
    if (ok)
        *out = net.minutes > 0 ? (struct ratio){true, range.low} : ratio_unknown();
    network_free(&net);
    return ok;
}

bool one_way(const struct flow *flows, size_t n, size_t orgs, struct ratio *out)
{
    return one_way_scaled(flows, n, orgs, 1000, out);
}
