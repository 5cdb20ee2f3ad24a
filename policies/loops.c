/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/loops.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "policies/flow.h"

static void *room(size_t n, size_t size)
{
    void *v = calloc(n > 0 ? n : 1, size);

    assert(v != NULL);
    return v;
}

/* The wishes sorted by giver and receiver, and where those of each giver start. */
struct graph {
    struct loop_wish *wish;
    size_t *first; /* of each giver, and the end */
    uint32_t orgs;
    const int64_t *limit;
};

static int wish_order(const void *a, const void *b)
{
    const struct loop_wish *x = a, *y = b;

    if (x->giver != y->giver)
        return x->giver < y->giver ? -1 : 1;
    return x->receiver < y->receiver ? -1 : x->receiver > y->receiver;
}

static void graph_start(struct graph *g, const struct loop_wish *wishes, size_t n, uint32_t orgs)
{
    g->wish = room(n, sizeof *g->wish);
    g->first = room((size_t)orgs + 1, sizeof *g->first);
    g->orgs = orgs;
    if (n > 0)
        memcpy(g->wish, wishes, n * sizeof *wishes);
    qsort(g->wish, n, sizeof *g->wish, wish_order);
    for (size_t i = 0; i < n; i++) {
        const struct loop_wish *w = &g->wish[i];

        assert(w->giver < orgs && w->receiver < orgs && w->giver != w->receiver);
        assert(w->minutes >= 1 && w->minutes <= FLOW_HIGH_MAX);
        assert(i == 0 || wish_order(w - 1, w) < 0);
        g->first[w->giver + 1]++;
    }
    for (uint32_t v = 0; v < orgs; v++)
        g->first[v + 1] += g->first[v];
}

static void graph_end(struct graph *g)
{
    free(g->wish);
    free(g->first);
}

/* --- Every loop ------------------------------------------------------------------------------- */

struct walk {
    const struct graph *graph;
    bool (*take)(void *context, const struct loop *loop);
    void *context;
    size_t taken;
    struct loop loop; /* as far as it goes; minutes of the way so far */
};

static bool on_the_way(const struct loop *loop, uint32_t org)
{
    for (uint32_t i = 0; i < loop->n; i++)
        if (loop->org[i] == org)
            return true;
    return false;
}

static int64_t narrowed(const struct graph *g, int64_t minutes, const struct loop_wish *wish)
{
    int64_t least = wish->minutes < minutes ? wish->minutes : minutes;

    if (g->limit != NULL && g->limit[wish->giver] < least)
        least = g->limit[wish->giver];
    return least;
}

/* The ways on from the last organisation: first back to the start, then further. Organisations
 * with lower numbers than the start were starts themselves. */
static bool extend(struct walk *walk)
{
    const struct graph *g = walk->graph;
    struct loop *loop = &walk->loop;
    uint32_t last = loop->org[loop->n - 1], start = loop->org[0];
    int64_t minutes = loop->minutes;

    for (int further = 0; further < 2; further++) {
        for (size_t i = g->first[last]; i < g->first[last + 1]; i++) {
            uint32_t next = g->wish[i].receiver;
            bool closes = next == start;

            loop->minutes = narrowed(g, minutes, &g->wish[i]);
            if (loop->minutes == 0 || closes != (further == 0))
                continue;
            if (closes) {
                walk->taken++;
                if (!walk->take(walk->context, loop))
                    return false;
            } else if (next > start && loop->n < LOOP_ORGS_MAX && !on_the_way(loop, next)) {
                loop->org[loop->n++] = next;

                bool more = extend(walk);

                loop->org[--loop->n] = 0;
                if (!more)
                    return false;
            }
        }
    }
    loop->minutes = minutes;
    return true;
}

static size_t each(const struct graph *g, bool (*take)(void *context, const struct loop *loop),
                   void *context)
{
    struct walk walk = {.graph = g, .take = take, .context = context};
    bool more = true;

    for (uint32_t start = 0; start < g->orgs && more; start++) {
        walk.loop = (struct loop){.n = 1, .org = {start}, .minutes = INT64_MAX};
        more = extend(&walk);
    }
    return walk.taken;
}

size_t loops_each(const struct loop_wish *wishes, size_t n, uint32_t orgs,
                  bool (*take)(void *context, const struct loop *loop), void *context)
{
    struct graph g = {0};

    graph_start(&g, wishes, n, orgs);

    size_t taken = each(&g, take, context);

    graph_end(&g);
    return taken;
}

/* --- Loops that go together ------------------------------------------------------------------- */

static bool keep_best(void *context, const struct loop *loop)
{
    struct loop *best = context;

    if (loop->minutes > best->minutes || (loop->minutes == best->minutes && loop->n < best->n))
        *best = *loop;
    return true;
}

static void use_up(struct graph *g, int64_t *limit, const struct loop *loop)
{
    for (uint32_t i = 0; i < loop->n; i++) {
        struct loop_wish key = {loop->org[i], loop->org[(i + 1) % loop->n], 0};
        struct loop_wish *found = bsearch(&key, g->wish, g->first[g->orgs], sizeof key, wish_order);

        assert(found != NULL && found->minutes >= loop->minutes);
        found->minutes -= loop->minutes;
        if (limit != NULL)
            limit[key.giver] -= loop->minutes;
    }
}

size_t loops_choose(const struct loop_wish *wishes, size_t n, uint32_t orgs, const int64_t *limit,
                    int64_t least, struct loop *loops, size_t max)
{
    int64_t *left = room(orgs, sizeof *left);
    struct graph g = {0};
    size_t chosen = 0;

    assert(least >= 1);
    graph_start(&g, wishes, n, orgs);
    if (limit != NULL) {
        memcpy(left, limit, orgs * sizeof *left);
        g.limit = left;
    }
    while (chosen < max) {
        struct loop best = {0};

        each(&g, keep_best, &best);
        if (best.minutes < least)
            break;
        use_up(&g, limit != NULL ? left : NULL, &best);
        loops[chosen++] = best;
    }
    graph_end(&g);
    free(left);
    return chosen;
}

/* --- The largest balanced exchange ------------------------------------------------------------ */

/* Node 2 v is where v receives, 2 v + 1 from where it gives; what passes between is its limit. */
static struct flow_net *balanced_net(const struct graph *g, size_t n, const int64_t *limit)
{
    struct flow_net *net = flow_new(2 * g->orgs);

    for (size_t i = 0; i < n; i++) {
        struct flow_arc arc = {.from = 2 * g->wish[i].giver + 1, .to = 2 * g->wish[i].receiver,
                               .high = g->wish[i].minutes};

        arc.base.c[0] = -1;
        flow_add(net, &arc);
    }
    for (uint32_t v = 0; v < g->orgs; v++) {
        int64_t high = 0;

        for (size_t i = g->first[v]; i < g->first[v + 1]; i++)
            high += g->wish[i].minutes;
        if (limit != NULL && limit[v] < high)
            high = limit[v];
        flow_add(net, &(struct flow_arc){.from = 2 * v, .to = 2 * v + 1,
                                         .high = high < FLOW_HIGH_MAX ? high : FLOW_HIGH_MAX});
    }
    return net;
}

int64_t loops_balanced(const struct loop_wish *wishes, size_t n, uint32_t orgs,
                       const int64_t *limit, const uint32_t *priority, int64_t *part)
{
    struct graph g = {0};

    if (orgs == 0)
        return 0;
    graph_start(&g, wishes, n, orgs);

    struct flow_net *net = balanced_net(&g, n, limit);
    int64_t *gain = room(n + orgs, sizeof *gain), sum = 0;
    enum flow_result solved = flow_solve(net);

    assert(solved == FLOW_SOLVED); /* nothing at all is balanced */
    for (uint32_t i = 0; i < orgs; i++) {
        uint32_t v = priority != NULL ? priority[i] : i;

        assert(v < orgs);
        gain[n + v] = -1;
        flow_phase(net, gain, NULL);
        gain[n + v] = 0;
    }
    for (size_t i = 0; i < n; i++) {
        const struct loop_wish *found =
            bsearch(&wishes[i], g.wish, n, sizeof *g.wish, wish_order);

        part[i] = flow_on(net, (size_t)(found - g.wish));
        sum += part[i];
    }
    flow_free(net);
    free(gain);
    graph_end(&g);
    return sum;
}
