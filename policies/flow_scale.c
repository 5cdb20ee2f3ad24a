/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/flow_net.h"

#include <assert.h>
#include <stdlib.h>

/* Costs are multiplied by more than the number of nodes of a path; then a flow on which no cycle
 * gains more than 1 a step is one on which no cycle gains. */
#define SCALE_DOWN 8 /* each round allows that much less */

struct scale {
    struct flow_net *net;
    flow_wide unit;     /* what a cost of 1 is multiplied by */
    flow_wide slack;    /* every reduced cost is >= -slack */
    flow_wide *price;
    int64_t *excess;
    size_t *next;       /* the half to look at next, for each node */
    uint32_t *queue;    /* a ring of the nodes with excess, each once */
    uint32_t head, waiting;
    uint32_t relabels;  /* since the last update of all prices */
    flow_wide *key;     /* of each node in the heap */
    struct flow_heap heap;
};

static bool less(const void *keys, uint32_t a, uint32_t b)
{
    const flow_wide *key = keys;

    return key[a] < key[b];
}

static void put(struct scale *z, uint32_t node, flow_wide key)
{
    z->key[node] = key;
    flow_heap_put(&z->heap, node);
}

static flow_wide reduced(const struct scale *z, uint32_t from, size_t half)
{
    return flow_marginal(z->net, half) * z->unit + z->price[from] -
           z->price[flow_head(z->net, half)];
}

/* How many quanta along a half have a reduced cost below 0, when the next has `cost` < 0. */
static int64_t gainful(const struct scale *z, size_t half, flow_wide cost)
{
    int64_t left = flow_left(z->net, half);
    flow_wide step = z->net->s[half / 2] * z->unit;

    if (step == 0 || left == 1)
        return left;

    flow_wide n = (-cost + step - 1) / step;

    return n < left ? (int64_t)n : left;
}

static void enqueue(struct scale *z, uint32_t v)
{
    z->queue[(z->head + z->waiting++) % z->net->nodes] = v;
}

static void push(struct scale *z, uint32_t from, size_t half, int64_t amount)
{
    uint32_t to = flow_head(z->net, half);

    flow_move(z->net, half, amount);
    z->excess[from] -= amount;
    if (z->excess[to] <= 0 && z->excess[to] + amount > 0)
        enqueue(z, to);
    z->excess[to] += amount;
}

/* Every quantum that gains moves, whatever piles up where. */
static void saturate(struct scale *z)
{
    struct flow_net *net = z->net;

    for (uint32_t v = 0; v < net->nodes; v++) {
        for (size_t i = net->first[v]; i < net->first[v + 1]; i++) {
            size_t half = net->adj[i];

            if (flow_left(net, half) == 0)
                continue;

            flow_wide cost = reduced(z, v, half);

            if (cost < 0) {
                int64_t amount = gainful(z, half, cost);

                flow_move(net, half, amount);
                z->excess[v] -= amount;
                z->excess[flow_head(net, half)] += amount;
            }
        }
    }
    z->head = z->waiting = 0;
    for (uint32_t v = 0; v < net->nodes; v++)
        if (z->excess[v] > 0)
            enqueue(z, v);
}

/* floor(cost / slack) + 1 for cost >= -slack: by how many slacks a price must fall. */
static flow_wide falls(flow_wide cost, flow_wide slack)
{
    if (cost < 0)
        return 0;
    if (cost <= INT64_MAX && slack <= INT64_MAX)
        return (int64_t)cost / (int64_t)slack + 1;
    return cost / slack + 1;
}

/* Looks at the halves that enter v and puts in the heap what could send to it. */
static void look_back(struct scale *z, uint32_t v, const bool *done)
{
    struct flow_net *net = z->net;

    for (size_t i = net->first[v]; i < net->first[v + 1]; i++) {
        size_t half = net->adj[i] ^ 1;
        uint32_t w = flow_head(net, net->adj[i]);

        if (done[w] || flow_left(net, half) == 0)
            continue;

        flow_wide d = z->key[v] + falls(reduced(z, w, half), z->slack);

        if (z->heap.at[w] == 0 || d < z->key[w])
            put(z, w, d);
    }
}

/* Lowers all prices at once so that every node with excess has a way downhill to one that lacks
 * something. Prices only fall, and no reduced cost falls below -slack. */
static void update(struct scale *z)
{
    struct flow_net *net = z->net;
    bool *done = flow_room(net->nodes, sizeof *done);
    uint32_t missing = z->waiting;
    flow_wide far = 0;

    for (uint32_t v = 0; v < net->nodes; v++)
        if (z->excess[v] < 0)
            put(z, v, 0);
    while (missing > 0) {
        uint32_t v = flow_heap_take(&z->heap);

        done[v] = true;
        far = z->key[v];
        if (z->excess[v] > 0)
            missing--;
        look_back(z, v, done);
    }
    flow_heap_clear(&z->heap);
    for (uint32_t v = 0; v < net->nodes; v++) {
        z->price[v] -= z->slack * (done[v] ? z->key[v] : far);
        z->next[v] = net->first[v];
    }
    z->relabels = 0;
    free(done);
}

static void relabel(struct scale *z, uint32_t v)
{
    struct flow_net *net = z->net;
    bool found = false;
    flow_wide best = 0;

    for (size_t i = net->first[v]; i < net->first[v + 1]; i++) {
        size_t half = net->adj[i];

        if (flow_left(net, half) == 0)
            continue;

        flow_wide price = z->price[flow_head(net, half)] - flow_marginal(net, half) * z->unit;

        if (!found || price > best)
            best = price;
        found = true;
    }
    assert(found); /* what came in can go back */
    z->price[v] = best - z->slack;
    z->next[v] = net->first[v];
    z->relabels++;
}

static void discharge(struct scale *z, uint32_t v)
{
    struct flow_net *net = z->net;

    while (z->excess[v] > 0) {
        if (z->next[v] == net->first[v + 1]) {
            relabel(z, v);
            continue;
        }

        size_t half = net->adj[z->next[v]];
        flow_wide cost = flow_left(net, half) > 0 ? reduced(z, v, half) : 0;

        if (cost < 0) {
            int64_t amount = gainful(z, half, cost);

            push(z, v, half, amount < z->excess[v] ? amount : z->excess[v]);
        }
        if (z->excess[v] > 0)
            z->next[v]++;
    }
}

static void refine(struct scale *z)
{
    saturate(z);
    if (z->waiting > 0)
        update(z);
    while (z->waiting > 0) {
        uint32_t v = z->queue[z->head];

        z->head = (z->head + 1) % z->net->nodes;
        z->waiting--;
        discharge(z, v);
        if (z->relabels > z->net->nodes && z->waiting > 0)
            update(z);
    }
}

/* How far the flow is from being best at the prices as they are. */
static flow_wide violation(const struct scale *z)
{
    struct flow_net *net = z->net;
    flow_wide most = 0;

    for (uint32_t v = 0; v < net->nodes; v++)
        for (size_t i = net->first[v]; i < net->first[v + 1]; i++)
            if (flow_left(net, net->adj[i]) > 0 && -reduced(z, v, net->adj[i]) > most)
                most = -reduced(z, v, net->adj[i]);
    return most;
}

/* Exact potentials: shortest distances where each step costs 1 more than its cost times unit. The
 * steps of a path add up to less than unit, so dividing tells the cost apart from them; and all
 * lengths are >= 0 at the prices of the last round. Distances count from a place outside, at 0
 * from every node. */
static void distances(struct scale *z, int64_t *potential)
{
    struct flow_net *net = z->net;
    bool *done = flow_room(net->nodes, sizeof *done);
    flow_wide top = z->price[0];

    for (uint32_t v = 1; v < net->nodes; v++)
        if (z->price[v] > top)
            top = z->price[v];
    for (uint32_t v = 0; v < net->nodes; v++)
        put(z, v, top - z->price[v]);
    while (z->heap.size > 0) {
        uint32_t v = flow_heap_take(&z->heap);
        flow_wide exact = z->key[v] - top + z->price[v];

        assert(exact <= 0);
        done[v] = true;
        potential[v] = (int64_t)(-(-exact / z->unit) - (-exact % z->unit != 0));
        for (size_t i = net->first[v]; i < net->first[v + 1]; i++) {
            size_t half = net->adj[i];
            uint32_t w = flow_head(net, half);

            if (done[w] || flow_left(net, half) == 0)
                continue;

            flow_wide length = reduced(z, v, half) + 1;

            assert(length >= 0);
            if (z->key[v] + length < z->key[w])
                put(z, w, z->key[v] + length);
        }
    }
    free(done);
}

void flow_scale(struct flow_net *net, int64_t *potential)
{
    struct scale z = {
        .net = net,
        .unit = 1,
        .price = flow_room(net->nodes, sizeof *z.price),
        .excess = flow_room(net->nodes, sizeof *z.excess),
        .next = flow_room(net->nodes, sizeof *z.next),
        .queue = flow_room(net->nodes, sizeof *z.queue),
        .key = flow_room(net->nodes, sizeof *z.key),
    };

    for (uint32_t v = 0; v < net->nodes; v++)
        z.unit += net->first[v + 1] > net->first[v];
    flow_heap_new(&z.heap, net->nodes, z.key, less);
    z.slack = violation(&z);
    while (z.slack > 1) {
        z.slack = z.slack > SCALE_DOWN ? z.slack / SCALE_DOWN : 1;
        refine(&z);
    }
    distances(&z, potential);
    flow_heap_free(&z.heap);
    free(z.price);
    free(z.excess);
    free(z.next);
    free(z.queue);
    free(z.key);
}
