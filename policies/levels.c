/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/levels.h"

#include <assert.h>
#include <stdlib.h>

#define MINUTES_MAX (((int64_t)1 << 53) - 1)

/* Beyond these nothing is proven any more, and the bounds stay wide. */
#define FIXED_MAX    ((int64_t)1 << 61)
#define RESIDUAL_MAX ((int64_t)1 << 40)

bool levels_new(struct levels *levels, size_t orgs)
{
    assert(orgs >= 2 && orgs <= MODULAR_SUM_MAX);
    *levels = (struct levels){.m = orgs - 1};
    levels->matrix = calloc(levels->m * levels->m, sizeof *levels->matrix);
    levels->v = calloc(levels->m, sizeof *levels->v);
    return levels->matrix != NULL && levels->v != NULL;
}

void levels_free(struct levels *levels)
{
    free(levels->matrix);
    free(levels->v);
    *levels = (struct levels){0};
}

void levels_add(struct levels *levels, size_t from, size_t to, int64_t minutes)
{
    size_t m = levels->m;

    assert(from != to && from <= m && to <= m && minutes > 0);
    assert(minutes <= MINUTES_MAX - levels->minutes);
    levels->minutes += minutes;
    if (from < m) {
        levels->matrix[from * m + from] += minutes;
        levels->v[from] -= minutes;
    }
    if (to < m) {
        levels->matrix[to * m + to] += minutes;
        levels->v[to] += minutes;
    }
    if (from < m && to < m) {
        levels->matrix[from * m + to] -= minutes;
        levels->matrix[to * m + from] -= minutes;
    }
}

/* --- Bounds -------------------------------------------------------------------------------------
 *
 * Let x be any levels in units of 2^-shift, and r = v - L x what they leave. Then q = x . (v + r) +
 * r . L^-1 r, where the last term is >= 0 and the energy of the electrical flow that carries r to
 * the pinned one through conductances w. By Thomson's principle every other flow that does has no
 * less energy; we take the one along a spanning tree. All of it in integers. */

struct attempt {
    const struct levels *levels;
    unsigned shift;
    double *factor; /* m * m: unit lower triangle, and the pivots on the diagonal */
    double *step;   /* m */
    int64_t *x;     /* m, in units of 2^-shift */
    int64_t *r;     /* m, same */
    int64_t *weight; /* m: of the heaviest flow that joins one to the tree */
    size_t *parent;  /* m: over that flow; m is the pinned one */
    size_t *order;   /* m: parents before children */
};

/* L = F D F', row by row. A pivot that rounding made useless only spoils the approximation. */
static void factorise(const struct levels *levels, double *factor)
{
    size_t m = levels->m;

    for (size_t i = 0; i < m; i++) {
        double *row = factor + i * m;
        double pivot = (double)levels->matrix[i * m + i];

        for (size_t j = 0; j < i; j++) {
            const double *above = factor + j * m;
            double sum = (double)levels->matrix[i * m + j];

            for (size_t k = 0; k < j; k++)
                sum -= row[k] * above[k];
            row[j] = sum;
        }
        for (size_t j = 0; j < i; j++) {
            double part = row[j] / factor[j * m + j];

            pivot -= row[j] * part;
            row[j] = part;
        }
        row[i] = pivot;
    }
}

/* step := L^-1 step, about. */
static void solve(const struct attempt *a)
{
    size_t m = a->levels->m;

    for (size_t i = 0; i < m; i++) {
        for (size_t k = 0; k < i; k++)
            a->step[i] -= a->factor[i * m + k] * a->step[k];
    }
    for (size_t i = 0; i < m; i++)
        a->step[i] /= a->factor[i * m + i];
    for (size_t i = m; i-- > 0;) {
        for (size_t k = 0; k < i; k++)
            a->step[k] -= a->factor[i * m + k] * a->step[i];
    }
}

/* r = v - L x; false when it leaves the range. */
static bool residual(const struct attempt *a)
{
    size_t m = a->levels->m;

    for (size_t i = 0; i < m; i++) {
        __int128 sum = (__int128)a->levels->v[i] * ((__int128)1 << a->shift);

        for (size_t j = 0; j < m; j++)
            sum -= (__int128)a->levels->matrix[i * m + j] * a->x[j];
        if (sum > RESIDUAL_MAX || sum < -RESIDUAL_MAX)
            return false;
        a->r[i] = (int64_t)sum;
    }
    return true;
}

/* x = step, rounded; false when it leaves the range, or was never a number. */
static bool fix(const struct attempt *a)
{
    for (size_t i = 0; i < a->levels->m; i++) {
        double step = a->step[i];

        if (!(step < (double)FIXED_MAX && step > -(double)FIXED_MAX))
            return false;
        a->x[i] = (int64_t)(step < 0 ? step - 0.5 : step + 0.5);
    }
    return true;
}

static bool approximate(const struct attempt *a)
{
    factorise(a->levels, a->factor);
    for (size_t i = 0; i < a->levels->m; i++)
        a->step[i] = (double)a->levels->v[i] * (double)((int64_t)1 << a->shift);
    solve(a);
    return fix(a) && residual(a);
}

/* The heaviest spanning tree from the pinned one (Prim). */
static void span(const struct attempt *a)
{
    size_t m = a->levels->m;

    for (size_t i = 0; i < m; i++) {
        a->parent[i] = m;
        a->order[i] = i;
        a->weight[i] = 0;
        for (size_t j = 0; j < m; j++)
            a->weight[i] += a->levels->matrix[i * m + j];
    }
    for (size_t done = 0; done < m; done++) {
        size_t best = done, one;

        for (size_t k = done + 1; k < m; k++) {
            if (a->weight[a->order[k]] > a->weight[a->order[best]])
                best = k;
        }
        one = a->order[best];
        a->order[best] = a->order[done];
        a->order[done] = one;
        assert(a->weight[one] > 0);
        for (size_t k = done + 1; k < m; k++) {
            size_t other = a->order[k];
            int64_t weight = -a->levels->matrix[one * m + other];

            if (weight > a->weight[other]) {
                a->weight[other] = weight;
                a->parent[other] = one;
            }
        }
    }
}

/* The energy of r carried along the tree, rounded up, in units of 4^-shift. Eats r. */
static __int128 energy(const struct attempt *a)
{
    size_t m = a->levels->m;
    __int128 sum = 0;

    for (size_t k = m; k-- > 0;) {
        size_t one = a->order[k];
        __int128 square = (__int128)a->r[one] * a->r[one];

        sum += (square + a->weight[one] - 1) / a->weight[one];
        if (a->parent[one] < m)
            a->r[a->parent[one]] += a->r[one];
    }
    return sum;
}

static void prove(const struct attempt *a, __int128 all, struct levels_bounds *bounds)
{
    __int128 power = (__int128)1 << a->shift, xv = 0, xr = 0, more;

    for (size_t i = 0; i < a->levels->m; i++) {
        xv += (__int128)a->x[i] * a->levels->v[i];
        xr += (__int128)a->x[i] * a->r[i];
    }
    span(a);
    more = energy(a);
    /* 0 <= q <= minutes: what lies outside by more is no approximation. */
    if (xv < 0 || xv > 2 * (all / power) || xr > all || xr < -all || more > all)
        return;
    xv = xv * power + xr;
    bounds->low = xv > bounds->low ? xv : bounds->low;
    bounds->high = xv + more < bounds->high ? xv + more : bounds->high;
    assert(bounds->low <= bounds->high);
}

static bool attempt_new(struct attempt *a, const struct levels *levels, unsigned shift)
{
    size_t m = levels->m;

    *a = (struct attempt){.levels = levels, .shift = shift};
    a->factor = calloc(m * m, sizeof *a->factor);
    a->step = calloc(m, sizeof *a->step);
    a->x = calloc(m, sizeof *a->x);
    a->r = calloc(m, sizeof *a->r);
    a->weight = calloc(m, sizeof *a->weight);
    a->parent = calloc(m, sizeof *a->parent);
    a->order = calloc(m, sizeof *a->order);
    return a->factor && a->step && a->x && a->r && a->weight && a->parent && a->order;
}

static void attempt_free(struct attempt *a)
{
    free(a->factor);
    free(a->step);
    free(a->x);
    free(a->r);
    free(a->weight);
    free(a->parent);
    free(a->order);
}

static size_t bits_of(int64_t value)
{
    size_t bits = 0;

    for (; value > 0; value >>= 1)
        bits++;
    return bits;
}

bool levels_bound(const struct levels *levels, unsigned shift, struct levels_bounds *bounds)
{
    struct attempt a;
    bool ok = attempt_new(&a, levels, shift);
    __int128 all;

    assert(levels->minutes > 0 && bits_of(levels->minutes) + 2 * shift <= 120 && shift < 62);
    all = (__int128)levels->minutes << 2 * shift;
    *bounds = (struct levels_bounds){0, all};
    if (ok && approximate(&a))
        prove(&a, all, bounds);
    attempt_free(&a);
    return ok;
}

/* --- Remainders ------------------------------------------------------------------------------- */

static uint64_t dot(const uint64_t *a, const uint64_t *b, size_t n, uint64_t prime)
{
    unsigned __int128 sum = 0;

    for (size_t k = 0; k < n; k++)
        sum += (unsigned __int128)a[k] * b[k];
    return (uint64_t)(sum % prime);
}

/* L = F D F' modulo the prime; the same walk as above. inverse[] receives those of the pivots. */
static bool factorise_modulo(const struct levels *levels, uint64_t prime, uint64_t *factor,
                             uint64_t *inverse, uint64_t *det)
{
    size_t m = levels->m;

    *det = 1;
    for (size_t i = 0; i < m; i++) {
        uint64_t *row = factor + i * m;
        uint64_t pivot = modular_of(levels->matrix[i * m + i], prime);

        for (size_t j = 0; j < i; j++)
            row[j] = modular_sub(modular_of(levels->matrix[i * m + j], prime),
                                 dot(row, factor + j * m, j, prime), prime);
        for (size_t j = 0; j < i; j++) {
            uint64_t part = modular_mul(row[j], inverse[j], prime);

            pivot = modular_sub(pivot, modular_mul(row[j], part, prime), prime);
            row[j] = part;
        }
        if (pivot == 0)
            return false;
        inverse[i] = modular_inverse(pivot, prime);
        *det = modular_mul(*det, pivot, prime);
    }
    return true;
}

enum levels_result levels_modulo(const struct levels *levels, uint64_t prime,
                                 struct levels_rest *rest)
{
    size_t m = levels->m;
    uint64_t *factor = calloc(m * m, sizeof *factor), *inverse = calloc(m, sizeof *inverse);
    uint64_t *z = calloc(m, sizeof *z);
    enum levels_result result = LEVELS_NO_MEMORY;

    *rest = (struct levels_rest){0};
    if (factor != NULL && inverse != NULL && z != NULL) {
        result = factorise_modulo(levels, prime, factor, inverse, &rest->det)
                     ? LEVELS_OK : LEVELS_PRIME_DIVIDES;
    }
    /* With F z = v, q = z . D^-1 z. */
    for (size_t i = 0; i < m && result == LEVELS_OK; i++) {
        uint64_t square;

        z[i] = modular_sub(modular_of(levels->v[i], prime), dot(factor + i * m, z, i, prime),
                           prime);
        square = modular_mul(z[i], z[i], prime);
        rest->q = modular_add(rest->q, modular_mul(square, inverse[i], prime), prime);
    }
    free(factor);
    free(inverse);
    free(z);
    return result;
}

size_t levels_det_bits(const struct levels *levels)
{
    size_t bits = 0;

    for (size_t i = 0; i < levels->m; i++)
        bits += bits_of(levels->matrix[i * levels->m + i]);
    return bits;
}
