/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/deficit.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "policies/flow.h"

#define SOURCE 0
#define SINK 1

/* Sorted copies: organisations by id, needs by skill and organisation, offers by skill and
 * organisation. Nodes: source, sink, organisations, needs. */
struct work {
    struct deficit_org *org;
    struct deficit_need *need;
    struct deficit_offer *offer;
    size_t orgs, needs, offers;
    int64_t *own; /* what each organisation asks for */
    struct flow_net *net;
    bool *reached, *reaching;
};

static void *room(size_t n, size_t size)
{
    void *v = calloc(n > 0 ? n : 1, size);

    assert(v != NULL);
    return v;
}

static void *copy(const void *v, size_t n, size_t size)
{
    void *made = room(n, size);

    if (n > 0)
        memcpy(made, v, n * size);
    return made;
}

static int order(uint32_t a, uint32_t b)
{
    return a < b ? -1 : a > b;
}

static int org_order(const void *a, const void *b)
{
    return order(((const struct deficit_org *)a)->id, ((const struct deficit_org *)b)->id);
}

static int need_order(const void *a, const void *b)
{
    const struct deficit_need *x = a, *y = b;

    return x->skill != y->skill ? order(x->skill, y->skill) : order(x->org, y->org);
}

static int offer_order(const void *a, const void *b)
{
    const struct deficit_offer *x = a, *y = b;

    return x->skill != y->skill ? order(x->skill, y->skill) : order(x->org, y->org);
}

static size_t org_find(const struct work *w, uint32_t id)
{
    struct deficit_org key = {.id = id};
    const struct deficit_org *found = bsearch(&key, w->org, w->orgs, sizeof key, org_order);

    assert(found != NULL);
    return (size_t)(found - w->org);
}

static uint32_t org_node(size_t i)
{
    return (uint32_t)(2 + i);
}

static uint32_t need_node(const struct work *w, size_t i)
{
    return (uint32_t)(2 + w->orgs + i);
}

static void add(struct work *w, uint32_t from, uint32_t to, int64_t high)
{
    flow_add(w->net, &(struct flow_arc){.from = from, .to = to, .high = high});
}

static void sort(struct work *w, const struct deficit_input *in)
{
    w->org = copy(in->orgs, in->n_orgs, sizeof *w->org);
    w->need = copy(in->needs, in->n_needs, sizeof *w->need);
    w->offer = copy(in->offers, in->n_offers, sizeof *w->offer);
    w->orgs = in->n_orgs;
    w->needs = in->n_needs;
    w->offers = in->n_offers;
    assert(w->orgs + w->needs < UINT32_MAX - 2);
    qsort(w->org, w->orgs, sizeof *w->org, org_order);
    qsort(w->need, w->needs, sizeof *w->need, need_order);
    qsort(w->offer, w->offers, sizeof *w->offer, offer_order);
    for (size_t i = 1; i < w->orgs; i++)
        assert(org_order(&w->org[i - 1], &w->org[i]) < 0);
    for (size_t i = 1; i < w->needs; i++)
        assert(need_order(&w->need[i - 1], &w->need[i]) < 0);
    for (size_t i = 1; i < w->offers; i++)
        assert(offer_order(&w->offer[i - 1], &w->offer[i]) < 0);
}

/* Returns what is asked for in all. */
static int64_t build(struct work *w)
{
    int64_t asked = 0;
    size_t o = 0;

    w->own = room(w->orgs, sizeof *w->own);
    w->net = flow_new((uint32_t)(2 + w->orgs + w->needs));
    for (size_t i = 0; i < w->needs; i++) {
        const struct deficit_need *need = &w->need[i];

        w->own[org_find(w, need->org)] += need->minutes;
        asked += need->minutes;
        assert(need->minutes >= 0 && asked <= FLOW_HIGH_MAX);
        add(w, SOURCE, need_node(w, i), need->minutes);
        while (o < w->offers && w->offer[o].skill < need->skill)
            o++;
        for (size_t k = o; k < w->offers && w->offer[k].skill == need->skill; k++)
            if (w->offer[k].org != need->org)
                add(w, need_node(w, i), org_node(org_find(w, w->offer[k].org)), need->minutes);
    }
    for (size_t i = 0; i < w->orgs; i++) {
        assert(w->org[i].capacity >= 0);
        add(w, org_node(i), SINK, w->own[i] < w->org[i].capacity ? w->own[i] : w->org[i].capacity);
    }
    return asked;
}

static void name_sides(const struct work *w, struct deficit_result *result)
{
    result->givers = room(w->orgs, sizeof *result->givers);
    result->unreached = room(w->orgs, sizeof *result->unreached);
    for (size_t i = 0; i < w->orgs && result->deficit > 0; i++) {
        if (w->reached[org_node(i)])
            result->givers[result->n_givers++] = w->org[i].id;
        if (w->reaching[org_node(i)])
            result->unreached[result->n_unreached++] = w->org[i].id;
    }
}

/* --- New offers ------------------------------------------------------------------------------- */

static int gain_order(const void *a, const void *b)
{
    const struct deficit_gain *x = a, *y = b;

    if (x->minutes != y->minutes)
        return x->minutes > y->minutes ? -1 : 1;
    return x->org != y->org ? order(x->org, y->org) : order(x->skill, y->skill);
}

/* Needs first..end are those of a skill. Only an organisation from which the sink can still be
 * reached, for needs that can be reached, gains anything. */
static int64_t gain(const struct work *w, size_t org, size_t first, size_t end)
{
    const struct deficit_offer key = {w->org[org].id, w->need[first].skill};
    struct flow_net *net = NULL;

    if (!w->reaching[org_node(org)] ||
        bsearch(&key, w->offer, w->offers, sizeof key, offer_order) != NULL)
        return 0;
    for (size_t i = first; i < end; i++) {
        if (w->need[i].org == w->org[org].id || !w->reached[need_node(w, i)])
            continue;
        if (net == NULL)
            net = flow_copy(w->net);
        flow_add(net, &(struct flow_arc){.from = need_node(w, i), .to = org_node(org),
                                         .high = w->need[i].minutes});
    }
    if (net == NULL)
        return 0;

    int64_t more = flow_max(net, SOURCE, SINK);

    flow_free(net);
    return more;
}

/* Keeps the best max in result->gains, which has room for one more. */
static void keep(struct deficit_result *result, size_t max, struct deficit_gain found)
{
    result->gains[result->n_gains++] = found;
    qsort(result->gains, result->n_gains, sizeof found, gain_order);
    if (result->n_gains > max)
        result->n_gains = max;
}

static void find_gains(const struct work *w, size_t max, struct deficit_result *result)
{
    result->gains = room(max + 1, sizeof *result->gains);
    for (size_t first = 0, end; first < w->needs; first = end) {
        for (end = first; end < w->needs && w->need[end].skill == w->need[first].skill;)
            end++;
        for (size_t org = 0; org < w->orgs; org++) {
            struct deficit_gain found = {w->org[org].id, w->need[first].skill,
                                         gain(w, org, first, end)};

            if (found.minutes > 0)
                keep(result, max, found);
        }
    }
}

void deficit_find(const struct deficit_input *input, size_t max_gains,
                  struct deficit_result *result)
{
    struct work w = {0};

    memset(result, 0, sizeof *result);
    sort(&w, input);
    result->asked = build(&w);
    result->deficit = result->asked - flow_max(w.net, SOURCE, SINK);
    w.reached = room(2 + w.orgs + w.needs, sizeof *w.reached);
    w.reaching = room(2 + w.orgs + w.needs, sizeof *w.reaching);
    flow_reached(w.net, SOURCE, w.reached);
    flow_reaching(w.net, SINK, w.reaching);
    name_sides(&w, result);
    if (max_gains > 0 && result->deficit > 0)
        find_gains(&w, max_gains, result);
    flow_free(w.net);
    free(w.org);
    free(w.need);
    free(w.offer);
    free(w.own);
    free(w.reached);
    free(w.reaching);
}

void deficit_free(struct deficit_result *result)
{
    free(result->givers);
    free(result->unreached);
    free(result->gains);
    memset(result, 0, sizeof *result);
}
