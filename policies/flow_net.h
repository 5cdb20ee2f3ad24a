/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The inside of a network, for the files flow*.c alone. */
#ifndef POLICIES_FLOW_NET_H
#define POLICIES_FLOW_NET_H

#include "policies/flow.h"

/* Potentials are kept multiplied by the number of nodes; together they need more than 64 bits. */
typedef __int128 flow_wide;

struct flow_net {
    uint32_t nodes;
    size_t arcs, room;
    struct flow_arc *arc;
    int64_t *flow;
    int64_t carry; /* the sum of all bounds high */
    bool solved;

    /* What the phases so far leave free, and the marginal cost c + t * s in the current one. */
    int64_t *lo, *hi, *c, *s;
    int64_t *potential; /* FLOW_COMPONENTS a node */

    /* Arcs at each node, in both directions: 2 * arc when it leaves, 2 * arc + 1 when it enters.
     * Those of node v are adj[first[v]] .. adj[first[v + 1] - 1]. */
    size_t *first;
    size_t *adj;
};

/* Memory for n things, zeroed; stops the process when there is none. */
void *flow_room(size_t n, size_t size);

/* Fills first and adj with the arcs that have lo < hi. */
void flow_index(struct flow_net *net);

static inline uint32_t flow_head(const struct flow_net *net, size_t half)
{
    const struct flow_arc *arc = &net->arc[half / 2];

    return half & 1 ? arc->from : arc->to;
}

/* How much more may flow along a half. */
static inline int64_t flow_left(const struct flow_net *net, size_t half)
{
    size_t a = half / 2;

    return half & 1 ? net->flow[a] - net->lo[a] : net->hi[a] - net->flow[a];
}

/* The cost in this phase of one more quantum along a half, which must have room. */
static inline int64_t flow_marginal(const struct flow_net *net, size_t half)
{
    size_t a = half / 2;

    return half & 1 ? -(net->c[a] + net->s[a] * (net->flow[a] - 1))
                    : net->c[a] + net->s[a] * net->flow[a];
}

static inline void flow_move(struct flow_net *net, size_t half, int64_t amount)
{
    net->flow[half / 2] += half & 1 ? -amount : amount;
}

/* Moves as much as possible from nodes with excess > 0 to nodes with excess < 0 within lo and hi,
 * whatever it costs, and changes excess accordingly (blocking flows by levels: Dinic's algorithm).
 * Needs flow_index(). */
void flow_spread(struct flow_net *net, int64_t *excess);

/* Makes the flow, a circulation within lo and hi, one of least c + t * s by cost scaling, and gives
 * the potentials that prove it. Needs flow_index(). */
void flow_scale(struct flow_net *net, int64_t *potential);

/* A binary heap of nodes; among equal keys the lower node comes first. Keys are the caller's. */
struct flow_heap {
    const void *keys;
    bool (*less)(const void *keys, uint32_t a, uint32_t b);
    uint32_t *at; /* 1 + position in the heap of each node, 0 outside */
    uint32_t *node;
    uint32_t size;
};

void flow_heap_new(struct flow_heap *heap, uint32_t nodes, const void *keys,
                   bool (*less)(const void *keys, uint32_t a, uint32_t b));
void flow_heap_free(struct flow_heap *heap);
/* Puts a node in, or moves it after its key was lowered. */
void flow_heap_put(struct flow_heap *heap, uint32_t node);
uint32_t flow_heap_take(struct flow_heap *heap); /* the least; there is one */
void flow_heap_clear(struct flow_heap *heap);

#endif
