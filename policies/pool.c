/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/pool.h"

#include <assert.h>
#include <stdlib.h>

#include "policies/params.h"

#define MINUTES_MAX ((int64_t)1 << 53)

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool in_bounds(int64_t minutes)
{
    return minutes >= -MINUTES_MAX && minutes <= MINUTES_MAX;
}

/* floor(minutes * permille / 1000) for minutes >= 0. */
static int64_t part_of(int64_t minutes, int64_t permille)
{
    return (int64_t)((__int128)minutes * permille / 1000);
}

/* --- What it pays ----------------------------------------------------------------------------- */

int64_t pool_eligible(const struct pool_case *c)
{
    assert(c->minutes >= 0 && in_bounds(c->minutes) && in_bounds(c->asked));

    return smaller(c->minutes, c->asked > 0 ? c->asked : 0);
}

int64_t pool_rate(const struct policy *policy, const struct pool_case *c)
{
    assert(c->class >= 0 && c->class <= 3 && in_bounds(c->position) && in_bounds(c->floor));

    if (c->urgent)
        return policy->pool_urgent_permille;
    if (c->class == 0)
        return 0;
    int64_t rate = smaller(c->pool_permille, policy->pool_rate_permille);
    /* Rather than let a fragile asker fall below its line, the pool pays all. */
    if (c->class == 1 &&
        c->position - c->minutes + part_of(pool_eligible(c), rate) < -c->floor)
        return 1000;
    return rate;
}

int64_t pool_pay(struct pool_purse *purse, int64_t rate, int64_t minutes)
{
    assert(minutes >= 0 && rate >= 0 && rate <= 1000);
    assert(purse->eligible >= 0 && purse->left >= 0);

    int64_t dealt = smaller(minutes, purse->eligible);
    int64_t pays = smaller(part_of(dealt, rate), purse->left);
    purse->eligible -= dealt;
    purse->left -= pays;
    return pays;
}

int64_t pool_stays(int64_t paid, int64_t left, int64_t back)
{
    assert(left > 0 && back >= 0 && back <= left && paid >= 0 && paid <= left);

    return (int64_t)((__int128)paid * (left - back) / left);
}

/* --- How it is filled ------------------------------------------------------------------------- */

static int by_rest(const void *a, const void *b)
{
    const struct pool_part *x = a, *y = b;
    if (x->rest != y->rest)
        return x->rest > y->rest ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static int by_place(const void *a, const void *b)
{
    const struct pool_part *x = a, *y = b;
    return x->place < y->place ? -1 : x->place > y->place;
}

void pool_share(struct pool_part *parts, size_t n, int64_t minutes)
{
    int64_t sum = 0, missing = minutes;
    assert(minutes >= 0 && in_bounds(minutes));

    for (size_t i = 0; i < n; i++) {
        assert(parts[i].weight >= 0 && parts[i].weight <= INT64_MAX - sum);
        sum += parts[i].weight;
    }
    for (size_t i = 0; i < n; i++) {
        __int128 product = (__int128)minutes * parts[i].weight;
        parts[i].place = i;
        parts[i].minutes = sum > 0 ? (int64_t)(product / sum) : 0;
        parts[i].rest = sum > 0 ? (int64_t)(product % sum) : 0;
        missing -= parts[i].minutes;
    }
    if (sum == 0 || missing == 0)
        return;
    assert(missing > 0 && (size_t)missing < n);
    qsort(parts, n, sizeof *parts, by_rest);
    for (int64_t i = 0; i < missing; i++)
        parts[i].minutes++;
    qsort(parts, n, sizeof *parts, by_place);
}

int64_t pool_weight(int64_t capacity, int64_t levy_permille)
{
    assert(capacity >= 0 && levy_permille >= 0 && levy_permille <= 1000);

    return capacity * levy_permille;
}

static int64_t beyond_band(const struct policy *policy, int64_t minutes, int64_t divisor)
{
    assert(in_bounds(minutes));

    if (divisor == 0 || minutes <= policy->forgive_band)
        return 0;
    return (minutes - policy->forgive_band) / divisor;
}

int64_t pool_levy(const struct policy *policy, int64_t position)
{
    return beyond_band(policy, position, policy->forgive_levy_divisor);
}

int64_t pool_forgiveness(const struct policy *policy, int64_t position)
{
    return beyond_band(policy, -position, policy->forgive_divisor);
}

int64_t pool_widened(const struct policy *policy, int64_t budget)
{
    assert(budget >= 0 && in_bounds(budget));

    return part_of(budget, policy->crisis_pool_permille);
}

int64_t pool_budget(const struct policy *policy, int64_t members, bool crisis)
{
    int64_t budget = policy->pool_cap * members;

    return crisis ? pool_widened(policy, budget) : budget;
}
