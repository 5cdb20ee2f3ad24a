/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/matching_work.h"

#include <assert.h>
#include <stdlib.h>

#include "policies/flow.h"

/* The places of the cost list. */
#define UNEVEN MATCH_CLASSES
#define TIES (MATCH_CLASSES + 1)

_Static_assert(TIES + 1 == FLOW_COMPONENTS, "one component for each member of struct match_worth");

#define NONE UINT32_MAX
#define NO_ARC SIZE_MAX

/* Credit flows from who asks, through the need, to who gives, and back through the middle. */
struct m_net {
    const struct m_work *w;
    struct flow_net *flow;
    uint32_t nodes; /* counted while they are handed out */
    uint32_t middle, pool;
    /* Of each organisation: where what it earned arrives, and from where needs are paid that may
     * reach to the hard floor, and beyond it. NONE where not needed. */
    uint32_t *org, *hard, *free;
    uint32_t *gate;
    uint32_t *need, *need_out; /* two only where the pool shares */
    uint32_t *pair;            /* where several needs share an allowance that could be exceeded */
    /* Arcs to read back. */
    size_t *own_arc, *pool_arc, *rescue_arc;
    size_t *given_arc, *beyond_arc;
    int64_t *hard_asked, *free_asked; /* quanta, of each organisation */
};

static size_t arc(struct m_net *n, uint32_t from, uint32_t to, int64_t high)
{
    return flow_add(n->flow, &(struct flow_arc){.from = from, .to = to, .high = high});
}

static size_t arc_cost(struct m_net *n, uint32_t from, uint32_t to, int64_t high, int component,
                       int64_t cost)
{
    struct flow_arc a = {.from = from, .to = to, .high = high};

    a.base.c[component] = cost;
    return flow_add(n->flow, &a);
}

/* Slots of an organisation's net change: from the first-th on, `high` of them. sign 1: up. */
static void slots(struct m_net *n, uint32_t from, uint32_t to, const struct m_org *org,
                  int64_t sign, int64_t first, int64_t high)
{
    struct flow_arc a = {.from = from, .to = to, .high = high};
    int64_t quantum = n->w->rules.quantum;

    if (high <= 0)
        return;
    a.base.c[UNEVEN] = org->weight * (sign * 2 * org->in->position + quantum * (2 * first + 1));
    a.step.c[UNEVEN] = org->weight * 2 * quantum;
    flow_add(n->flow, &a);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Whether the allowance of a pair can be exceeded at all. */
static bool pair_binds(const struct m_work *w, const struct m_pair *pair)
{
    return w->rules.pair_price > 0 &&
           pair->allowance < least(pair->asked, w->org[pair->giver].capacity);
}

static uint32_t *room_32(uint32_t n)
{
    uint32_t *v = m_room(n, sizeof *v);

    for (uint32_t i = 0; i < n; i++)
        v[i] = NONE;
    return v;
}

static size_t *room_arcs(size_t n)
{
    size_t *v = m_room(n, sizeof *v);

    for (size_t i = 0; i < n; i++)
        v[i] = NO_ARC;
    return v;
}

static void net_start(struct m_net *n, const struct m_work *w)
{
    n->w = w;
    n->org = room_32(w->orgs);
    n->hard = room_32(w->orgs);
    n->free = room_32(w->orgs);
    n->gate = room_32(w->orgs);
    n->need = room_32(w->needs);
    n->need_out = room_32(w->needs);
    n->pair = room_32(w->pairs);
    n->own_arc = room_arcs(w->needs);
    n->pool_arc = room_arcs(w->needs);
    n->rescue_arc = room_arcs(w->needs);
    n->given_arc = room_arcs(w->candidates);
    n->beyond_arc = room_arcs(w->candidates);
    n->hard_asked = m_room(w->orgs, sizeof *n->hard_asked);
    n->free_asked = m_room(w->orgs, sizeof *n->free_asked);
    n->nodes = 2;
    n->pool = 1;
}

static void net_end(struct m_net *n)
{
    flow_free(n->flow);
    free(n->org);
    free(n->hard);
    free(n->free);
    free(n->gate);
    free(n->need);
    free(n->need_out);
    free(n->pair);
    free(n->own_arc);
    free(n->pool_arc);
    free(n->rescue_arc);
    free(n->given_arc);
    free(n->beyond_arc);
    free(n->hard_asked);
    free(n->free_asked);
}

static void node(struct m_net *n, uint32_t *place)
{
    if (*place == NONE)
        *place = n->nodes++;
}

/* Hands out nodes to what takes part. */
static void nodes(struct m_net *n)
{
    const struct m_work *w = n->w;

    for (uint32_t i = 0; i < w->needs; i++) {
        const struct m_need *need = &w->need[i];

        if (need->n == 0)
            continue;
        node(n, &n->org[need->org]);
        if (need->in->urgent || need->in->fragile)
            node(n, &n->hard[need->org]);
        if (need->in->urgent) {
            node(n, &n->free[need->org]);
            n->free_asked[need->org] += need->quanta;
        } else if (need->in->fragile) {
            n->hard_asked[need->org] += need->quanta;
        }
        node(n, &n->need[i]);
        if (need->pool_max + need->rescue_max > 0)
            node(n, &n->need_out[i]);
    }
    for (size_t c = 0; c < w->candidates; c++) {
        uint32_t giver = w->candidate[c].giver, p = w->candidate[c].pair;

        node(n, &n->org[giver]);
        node(n, &n->gate[giver]);
        if (pair_binds(w, &w->pair[p]) && w->pair[p].asked > w->need[w->candidate[c].need].quanta)
            node(n, &n->pair[p]);
    }
}

static void org_arcs(struct m_net *n, uint32_t i)
{
    const struct m_org *org = &n->w->org[i];
    int64_t wide = n->hard_asked[i] + n->free_asked[i];

    if (n->gate[i] != NONE) {
        arc(n, n->gate[i], n->org[i], org->capacity);
        slots(n, n->org[i], n->middle, org, 1, 0, least(org->up, org->capacity));
    }
    if (n->org[i] != NONE)
        slots(n, n->middle, n->org[i], org, -1, 0, org->floor);
    if (n->hard[i] != NONE) {
        arc(n, n->org[i], n->hard[i], wide);
        slots(n, n->middle, n->hard[i], org, -1, org->floor,
              least(org->hard - org->floor, wide));
    }
    if (n->free[i] != NONE) {
        arc(n, n->hard[i], n->free[i], n->free_asked[i]);
        slots(n, n->middle, n->free[i], org, -1, org->hard, n->free_asked[i]);
    }
}

static void need_arcs(struct m_net *n, uint32_t i)
{
    const struct m_need *need = &n->w->need[i];
    uint32_t from = need->in->urgent    ? n->free[need->org]
                    : need->in->fragile ? n->hard[need->org]
                                        : n->org[need->org];

    if (n->need[i] == NONE)
        return;
    if (n->need_out[i] == NONE) {
        n->own_arc[i] = arc_cost(n, from, n->need[i], need->quanta, need->in->class, -1);
        n->need_out[i] = n->need[i];
        return;
    }
    n->own_arc[i] = arc(n, from, n->need[i], need->quanta);
    n->pool_arc[i] = arc(n, n->pool, n->need[i], need->pool_max);
    n->rescue_arc[i] =
        arc_cost(n, n->pool, n->need[i], need->rescue_max, UNEVEN, need->rescue_cost);
    arc_cost(n, n->need[i], n->need_out[i], need->quanta, need->in->class, -1);
}

static void candidate_arcs(struct m_net *n, size_t c)
{
    const struct m_candidate *candidate = &n->w->candidate[c];
    const struct m_pair *pair = &n->w->pair[candidate->pair];
    int64_t quanta = n->w->need[candidate->need].quanta, within = quanta;
    uint32_t from = n->need_out[candidate->need], shared = n->pair[candidate->pair];
    struct flow_arc a = {.from = from, .to = shared != NONE ? shared : n->gate[candidate->giver]};

    if (shared == NONE && pair_binds(n->w, pair))
        within = least(quanta, pair->allowance);
    a.high = within;
    a.base.c[TIES] = (int64_t)c;
    n->given_arc[c] = flow_add(n->flow, &a);
    if (within < quanta) {
        a.high = quanta - within;
        a.base.c[UNEVEN] = n->w->rules.pair_price * n->w->rules.quantum;
        n->beyond_arc[c] = flow_add(n->flow, &a);
    }
}

static void pair_arcs(struct m_net *n, uint32_t p)
{
    const struct m_pair *pair = &n->w->pair[p];
    int64_t price = n->w->rules.pair_price * n->w->rules.quantum;

    if (n->pair[p] == NONE)
        return;
    arc(n, n->pair[p], n->gate[pair->giver], pair->allowance);
    arc_cost(n, n->pair[p], n->gate[pair->giver], pair->asked - pair->allowance, UNEVEN, price);
}

static void arcs(struct m_net *n)
{
    const struct m_work *w = n->w;

    n->flow = flow_new(n->nodes);
    if (w->pool_max > 0)
        arc(n, n->middle, n->pool, w->pool_max);
    for (uint32_t i = 0; i < w->orgs; i++)
        org_arcs(n, i);
    for (uint32_t i = 0; i < w->needs; i++)
        need_arcs(n, i);
    for (uint32_t i = 0; i < w->pairs; i++)
        pair_arcs(n, i);
    for (size_t c = 0; c < w->candidates; c++)
        candidate_arcs(n, c);
}

static int64_t on(const struct m_net *n, size_t a)
{
    return a != NO_ARC ? flow_on(n->flow, a) : 0;
}

static void read_back(const struct m_net *n, struct m_work *w)
{
    for (uint32_t i = 0; i < w->needs; i++) {
        struct m_need *need = &w->need[i];
        struct m_org *org = &w->org[need->org];
        int64_t own = on(n, n->own_arc[i]);

        need->pool = on(n, n->pool_arc[i]);
        need->rescue = on(n, n->rescue_arc[i]);
        need->served = own + need->pool + need->rescue;
        w->pool += need->pool + need->rescue;
        if (need->in->urgent)
            org->own_urgent += own;
        else if (need->in->fragile)
            org->own_fragile += own;
        else
            org->own_usual += own;
    }
    for (size_t c = 0; c < w->candidates; c++)
        m_give(w, &w->candidate[c], on(n, n->given_arc[c]) + on(n, n->beyond_arc[c]));
}

/* The flow's cost and the choice's worth are computed apart, and must agree. */
static void worth_assert(const struct flow_net *flow, const struct match_worth *worth)
{
    struct flow_cost cost = flow_total(flow);

    for (int k = 0; k < MATCH_CLASSES; k++)
        assert(cost.c[k] == -worth->served[k]);
    assert(cost.c[UNEVEN] == worth->uneven);
    assert(cost.c[TIES] == worth->ties);
}

/* --- Prices ----------------------------------------------------------------------------------- */

static uint32_t head(const struct m_net *n, size_t c)
{
    const struct m_candidate *candidate = &n->w->candidate[c];
    uint32_t shared = n->pair[candidate->pair];

    return shared != NONE ? shared : n->gate[candidate->giver];
}

/* What one more quantum through a candidate costs, when back from its head costs `back`. */
static void price(const struct m_net *n, size_t c, const struct flow_cost *back,
                  struct m_price *out)
{
    struct flow_cost cost;

    if (!flow_more(n->flow, n->given_arc[c], &cost) &&
        (n->beyond_arc[c] == NO_ARC || !flow_more(n->flow, n->beyond_arc[c], &cost)))
        return;
    out->known = true;
    for (int k = 0; k < MATCH_CLASSES; k++)
        out->worth.served[k] = cost.c[k] + back->c[k];
    out->worth.uneven = cost.c[UNEVEN] + back->c[UNEVEN];
    out->worth.ties = cost.c[TIES] + back->c[TIES];
}

static void prices(struct m_net *n, struct m_work *w)
{
    bool *wanted = m_room(n->nodes, sizeof *wanted), *found = m_room(n->nodes, sizeof *found);
    struct flow_cost *back = m_room(n->nodes, sizeof *back);

    flow_open(n->flow);
    for (uint32_t i = 0; i < w->needs; i++) {
        const struct m_need *need = &w->need[i];

        if (need->n == 0)
            continue;
        for (size_t c = need->first; c < need->first + need->n; c++)
            wanted[head(n, c)] = true;
        flow_return(n->flow, n->need_out[i], wanted, found, back);
        for (size_t c = need->first; c < need->first + need->n; c++) {
            wanted[head(n, c)] = false;
            if (found[head(n, c)] && w->candidate[c].given == 0)
                price(n, c, &back[head(n, c)], &w->price[c]);
        }
    }
    free(wanted);
    free(found);
    free(back);
}

void m_solve(struct m_work *w, struct match_worth *bound)
{
    struct m_net n = {0};

    net_start(&n, w);
    nodes(&n);
    arcs(&n);

    enum flow_result solved = flow_solve(n.flow);

    assert(solved == FLOW_SOLVED); /* no bound asks for anything */
    read_back(&n, w);
    m_worth(w, bound);
    worth_assert(n.flow, bound);
    if (w->price != NULL)
        prices(&n, w);
    net_end(&n);
}
