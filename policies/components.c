/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/components.h"

#include <assert.h>
#include <stdlib.h>

#define ORGS_MAX ((size_t)1 << 31)

/* The representative, with every second link on the way shortened. */
static uint32_t representative(uint32_t *parent, uint32_t org)
{
    while (parent[org] != org) {
        parent[org] = parent[parent[org]];
        org = parent[org];
    }
    return org;
}

void components_weak(const struct flow *flows, size_t n, uint32_t *part, size_t orgs, size_t *parts)
{
    assert(orgs < ORGS_MAX);
    for (uint32_t i = 0; i < orgs; i++)
        part[i] = i;
    for (size_t i = 0; i < n; i++) {
        uint32_t a, b;

        assert(flows[i].from < orgs && flows[i].to < orgs && flows[i].minutes >= 0);
        if (flows[i].minutes == 0)
            continue;
        a = representative(part, flows[i].from);
        b = representative(part, flows[i].to);
        /* The lower number represents, so that a link never points upwards. */
        part[a > b ? a : b] = a < b ? a : b;
    }
    *parts = 0;
    for (uint32_t i = 0; i < orgs; i++)
        part[i] = part[i] == i ? (uint32_t)(*parts)++ : part[part[i]];
}

/* What the walk knows of one organisation. */
struct seen {
    size_t next;     /* its next flow to follow */
    size_t end;      /* behind its last flow */
    uint32_t number; /* in the order of the first visits, from 1; 0 not visited */
    uint32_t low;    /* the lowest number known to be within reach and still open */
    uint32_t below;  /* the one that led here */
    bool open;       /* its set is not complete */
};

struct walk {
    const struct flow *flows;
    struct seen *seen;
    uint32_t *open; /* visited and in no set yet, in the order of the visits */
    size_t n_open;
    uint32_t visited;
    size_t core;
};

static void visit(struct walk *walk, uint32_t org, uint32_t below)
{
    struct seen *seen = &walk->seen[org];

    seen->number = seen->low = ++walk->visited;
    seen->below = below;
    seen->open = true;
    walk->open[walk->n_open++] = org;
}

/* An organisation from which nothing older can be reached: everything open since is its set. */
static void close_set(struct walk *walk, uint32_t org)
{
    size_t size = 0;
    uint32_t last;

    do {
        last = walk->open[--walk->n_open];
        walk->seen[last].open = false;
        size++;
    } while (last != org);
    if (size > walk->core)
        walk->core = size;
}

static void lower(struct seen *seen, uint32_t low)
{
    if (low < seen->low)
        seen->low = low;
}

static void walk_from(struct walk *walk, uint32_t start)
{
    uint32_t at = start;

    visit(walk, start, start);
    for (;;) {
        struct seen *seen = &walk->seen[at];

        if (seen->next < seen->end) {
            const struct flow *flow = &walk->flows[seen->next++];

            if (flow->minutes == 0)
                continue;
            if (walk->seen[flow->to].number == 0) {
                visit(walk, flow->to, at);
                at = flow->to;
            } else if (walk->seen[flow->to].open) {
                lower(seen, walk->seen[flow->to].number);
            }
            continue;
        }
        if (seen->low == seen->number)
            close_set(walk, at);
        if (at == start)
            return;
        lower(&walk->seen[seen->below], seen->low);
        at = seen->below;
    }
}

/* Where each organisation's flows begin and end. */
static void index_flows(const struct flow *flows, size_t n, struct seen *seen, size_t orgs)
{
    for (size_t i = 0; i < n; i++) {
        assert(flows[i].from < orgs && flows[i].to < orgs && flows[i].minutes >= 0);
        assert(i == 0 || flows[i - 1].from <= flows[i].from);
        if (i == 0 || flows[i - 1].from != flows[i].from)
            seen[flows[i].from].next = i;
        seen[flows[i].from].end = i + 1;
    }
}

bool components_core(const struct flow *flows, size_t n, size_t orgs, size_t *core)
{
    struct walk walk = {.flows = flows};
    bool ok;

    assert(orgs < ORGS_MAX);
    walk.seen = calloc(orgs + 1, sizeof *walk.seen);
    walk.open = calloc(orgs + 1, sizeof *walk.open);
    ok = walk.seen != NULL && walk.open != NULL;
    if (ok) {
        index_flows(flows, n, walk.seen, orgs);
        for (uint32_t i = 0; i < orgs; i++) {
            if (walk.seen[i].number == 0)
                walk_from(&walk, i);
        }
        *core = walk.core;
    }
    free(walk.seen);
    free(walk.open);
    return ok;
}
