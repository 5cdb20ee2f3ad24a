/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/flow_net.h"

#include <assert.h>
#include <stdlib.h>

#define UNSEEN UINT32_MAX

struct spread {
    struct flow_net *net;
    int64_t *excess;
    uint32_t *level; /* distance from the nodes with excess, UNSEEN, or cut off as UNSEEN */
    uint32_t *queue;
    size_t *next;    /* the half to look at next, for each node */
    size_t *path;    /* halves from a source to where the walk stands */
};

/* Levels by breadth; whether a node that lacks something was reached. */
static bool levels(struct spread *d)
{
    struct flow_net *net = d->net;
    uint32_t head = 0, tail = 0;
    bool reached = false;

    for (uint32_t v = 0; v < net->nodes; v++) {
        d->level[v] = d->excess[v] > 0 ? 0 : UNSEEN;
        d->next[v] = net->first[v];
        if (d->excess[v] > 0)
            d->queue[tail++] = v;
    }
    while (head < tail) {
        uint32_t v = d->queue[head++];

        reached = reached || d->excess[v] < 0;
        for (size_t i = net->first[v]; i < net->first[v + 1]; i++) {
            uint32_t w = flow_head(net, net->adj[i]);

            if (d->level[w] == UNSEEN && flow_left(net, net->adj[i]) > 0) {
                d->level[w] = d->level[v] + 1;
                d->queue[tail++] = w;
            }
        }
    }
    return reached;
}

/* One step down a level from v, or false when v leads nowhere any more. */
static bool step(struct spread *d, uint32_t v, size_t *half)
{
    struct flow_net *net = d->net;

    for (; d->next[v] < net->first[v + 1]; d->next[v]++) {
        *half = net->adj[d->next[v]];

        uint32_t w = flow_head(net, *half);

        if (d->level[w] != UNSEEN && d->level[w] == d->level[v] + 1 && flow_left(net, *half) > 0)
            return true;
    }
    return false;
}

/* Sends along the path of n halves from source to sink; returns how many of them lead up to the
 * first that is full now. */
static size_t send(struct spread *d, uint32_t source, uint32_t sink, size_t n)
{
    int64_t amount = d->excess[source] < -d->excess[sink] ? d->excess[source] : -d->excess[sink];
    size_t keep = n;

    for (size_t i = 0; i < n; i++)
        if (flow_left(d->net, d->path[i]) < amount)
            amount = flow_left(d->net, d->path[i]);
    d->excess[source] -= amount;
    d->excess[sink] += amount;
    for (size_t i = n; i-- > 0;) {
        flow_move(d->net, d->path[i], amount);
        if (flow_left(d->net, d->path[i]) == 0)
            keep = i;
    }
    return keep;
}

static void walk(struct spread *d, uint32_t source)
{
    size_t n = 0;
    uint32_t v = source;

    while (d->excess[source] > 0) {
        size_t half;

        if (d->excess[v] < 0) {
            n = send(d, source, v, n);
            v = n > 0 ? flow_head(d->net, d->path[n - 1]) : source;
        } else if (step(d, v, &half)) {
            d->path[n++] = half;
            v = flow_head(d->net, half);
        } else if (n == 0) {
            return;
        } else {
            d->level[v] = UNSEEN;
            n--;
            v = n > 0 ? flow_head(d->net, d->path[n - 1]) : source;
        }
    }
}

void flow_spread(struct flow_net *net, int64_t *excess)
{
    struct spread d = {
        .net = net,
        .excess = excess,
        .level = flow_room(net->nodes, sizeof *d.level),
        .queue = flow_room(net->nodes, sizeof *d.queue),
        .next = flow_room(net->nodes, sizeof *d.next),
        .path = flow_room(net->nodes, sizeof *d.path),
    };

    while (levels(&d))
        for (uint32_t v = 0; v < net->nodes; v++)
            if (d.level[v] == 0)
                walk(&d, v);
    free(d.level);
    free(d.queue);
    free(d.next);
    free(d.path);
}
