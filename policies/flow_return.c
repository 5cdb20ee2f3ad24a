/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/flow_net.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void flow_open(struct flow_net *net)
{
    assert(net->solved);
    for (size_t a = 0; a < net->arcs; a++) {
        net->lo[a] = net->arc[a].low;
        net->hi[a] = net->arc[a].high;
    }
    flow_index(net);
}

bool flow_more(const struct flow_net *net, size_t arc, struct flow_cost *cost)
{
    const struct flow_arc *of = &net->arc[arc];

    assert(arc < net->arcs);
    if (net->flow[arc] == of->high)
        return false;
    for (int k = 0; k < FLOW_COMPONENTS; k++)
        cost->c[k] = of->base.c[k] + of->step.c[k] * net->flow[arc];
    return true;
}

/* The reduced cost of one more quantum along a half: not less than zero as a list. */
static struct flow_cost reduced(const struct flow_net *net, size_t half)
{
    const struct flow_arc *arc = &net->arc[half / 2];
    int64_t sign = half & 1 ? -1 : 1, t = net->flow[half / 2] - (int64_t)(half & 1);
    struct flow_cost cost;

    for (int k = 0; k < FLOW_COMPONENTS; k++) {
        const int64_t *p = net->potential + (size_t)k * net->nodes;

        cost.c[k] = sign * (arc->base.c[k] + arc->step.c[k] * t + p[arc->from] - p[arc->to]);
    }
    return cost;
}

static bool less(const void *keys, uint32_t a, uint32_t b)
{
    const struct flow_cost *key = keys;

    return flow_cost_compare(&key[a], &key[b]) < 0;
}

/* Lowers the keys of what can send to v. */
static void look_back(const struct flow_net *net, struct flow_heap *heap, struct flow_cost *key,
                      const bool *done, uint32_t v)
{
    for (size_t i = net->first[v]; i < net->first[v + 1]; i++) {
        size_t half = net->adj[i] ^ 1;
        uint32_t w = flow_head(net, net->adj[i]);

        if (done[w] || flow_left(net, half) == 0)
            continue;

        struct flow_cost d = reduced(net, half);

        for (int k = 0; k < FLOW_COMPONENTS; k++)
            d.c[k] += key[v].c[k];
        if (heap->at[w] == 0 || flow_cost_compare(&d, &key[w]) < 0) {
            key[w] = d;
            flow_heap_put(heap, w);
        }
    }
}

void flow_return(const struct flow_net *net, uint32_t to, const bool *wanted, bool *found,
                 struct flow_cost *cost)
{
    struct flow_cost *key = flow_room(net->nodes, sizeof *key);
    bool *done = flow_room(net->nodes, sizeof *done);
    struct flow_heap heap;
    uint32_t missing = 0;

    assert(net->solved && to < net->nodes);
    for (uint32_t v = 0; v < net->nodes; v++)
        missing += wanted[v];
    memset(found, 0, net->nodes * sizeof *found);
    flow_heap_new(&heap, net->nodes, key, less);
    flow_heap_put(&heap, to);
    while (heap.size > 0 && missing > 0) {
        uint32_t v = flow_heap_take(&heap);

        done[v] = true;
        look_back(net, &heap, key, done, v);
        if (!wanted[v])
            continue;
        missing--;
        found[v] = true;
        /* What potentials added on the way, less what they took. */
        for (int k = 0; k < FLOW_COMPONENTS; k++) {
            const int64_t *p = net->potential + (size_t)k * net->nodes;

            cost[v].c[k] = key[v].c[k] - p[v] + p[to];
        }
    }
    flow_heap_free(&heap);
    free(key);
    free(done);
}
