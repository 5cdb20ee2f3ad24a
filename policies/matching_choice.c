/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/matching_work.h"

#include <assert.h>
#include <string.h>

int64_t m_org_net(const struct m_org *org)
{
    return org->given - org->own_usual - org->own_fragile - org->own_urgent;
}

/* By how much weight * position^2 / quantum grows over n quanta: the sum of the marginal costs
 * weight * (2 * position + quantum * (2 t + 1)) of t = 0 .. n - 1. */
static int64_t org_cost(const struct m_work *w, const struct m_org *org, int64_t n)
{
    return org->weight * n * (2 * org->in->position + w->rules.quantum * n);
}

static int64_t pair_cost(const struct m_work *w, const struct m_pair *pair, int64_t given)
{
    int64_t beyond = given - pair->allowance;

    return beyond > 0 ? w->rules.pair_price * w->rules.quantum * beyond : 0;
}

void m_worth(const struct m_work *w, struct match_worth *worth)
{
    memset(worth, 0, sizeof *worth);
    for (uint32_t i = 0; i < w->orgs; i++)
        worth->uneven += org_cost(w, &w->org[i], m_org_net(&w->org[i]));
    for (uint32_t i = 0; i < w->pairs; i++)
        worth->uneven += pair_cost(w, &w->pair[i], w->pair[i].given);
    for (uint32_t i = 0; i < w->needs; i++) {
        worth->served[w->need[i].in->class] += w->need[i].served;
        worth->uneven += w->need[i].rescue_cost * w->need[i].rescue;
    }
    for (size_t c = 0; c < w->candidates; c++)
        worth->ties += (int64_t)c * w->candidate[c].given;
}

bool m_can_give(const struct m_org *org, int64_t more)
{
    return org->given + more <= org->capacity && m_org_net(org) + more <= org->up;
}

bool m_can_hold_back(const struct m_org *org, int64_t less)
{
    int64_t given = org->given - less;

    return org->own_usual <= org->floor + given &&
           org->own_usual + org->own_fragile <= org->hard + given;
}

/* Where the charge of a quantum goes. */
static int64_t *own_of(struct m_work *w, const struct m_need *need)
{
    struct m_org *org = &w->org[need->org];

    return need->in->urgent    ? &org->own_urgent
           : need->in->fragile ? &org->own_fragile
                               : &org->own_usual;
}

static bool can_own(const struct m_work *w, const struct m_need *need)
{
    struct m_org org = w->org[need->org];

    if (need->in->urgent)
        return true;
    if (need->in->fragile)
        org.own_fragile++;
    else
        org.own_usual++;
    return m_can_hold_back(&org, 0);
}

static bool can_pool(const struct m_work *w, const struct m_need *need)
{
    return need->pool < need->pool_max && w->pool < w->pool_max;
}

static bool can_rescue(const struct m_work *w, const struct m_need *need)
{
    return need->rescue < need->rescue_max && w->pool < w->pool_max;
}

bool m_can_charge(const struct m_work *w, const struct m_need *need)
{
    return can_pool(w, need) || can_rescue(w, need) || can_own(w, need);
}

void m_charge(struct m_work *w, struct m_need *need)
{
    const struct m_org *org = &w->org[need->org];
    int64_t net = m_org_net(org);
    int64_t own = org_cost(w, org, net - 1) - org_cost(w, org, net);

    need->served++;
    if (can_pool(w, need)) {
        need->pool++;
        w->pool++;
    } else if (can_rescue(w, need) && !(can_own(w, need) && own <= need->rescue_cost)) {
        need->rescue++;
        w->pool++;
    } else {
        assert(can_own(w, need));
        ++*own_of(w, need);
    }
}

void m_discharge(struct m_work *w, struct m_need *need)
{
    assert(need->served > 0);
    if (need->rescue > 0) {
        need->rescue--;
        w->pool--;
    } else if (need->served > need->pool) {
        --*own_of(w, need);
    } else {
        need->pool--;
        w->pool--;
    }
    need->served--;
}

void m_swap_cost(const struct m_work *w, const struct m_candidate *from,
                 const struct m_candidate *to, int64_t quanta, int64_t *uneven, int64_t *ties)
{
    const struct m_org *a = &w->org[from->giver], *b = &w->org[to->giver];
    const struct m_pair *p = &w->pair[from->pair], *q = &w->pair[to->pair];
    int64_t before = org_cost(w, a, m_org_net(a)) + org_cost(w, b, m_org_net(b)) +
                     pair_cost(w, p, p->given) + pair_cost(w, q, q->given);
    int64_t after = org_cost(w, a, m_org_net(a) - quanta) + org_cost(w, b, m_org_net(b) + quanta) +
                    pair_cost(w, p, p->given - quanta) + pair_cost(w, q, q->given + quanta);

    assert(from->giver != to->giver && from->need == to->need);
    *uneven = after - before;
    *ties = quanta * ((int64_t)(to - w->candidate) - (int64_t)(from - w->candidate));
}

void m_give(struct m_work *w, struct m_candidate *candidate, int64_t quanta)
{
    candidate->given += quanta;
    w->org[candidate->giver].given += quanta;
    w->pair[candidate->pair].given += quanta;
    assert(candidate->given >= 0);
}
