/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/flow.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "policies/flow_net.h"

/* Marginal costs and potentials stay below this, so that a sum of a few fits an int64. */
#define COST_MAX ((int64_t)1 << 60)
/* What all arcs together may carry, so that what piles up at a node fits an int64. */
#define CARRY_MAX ((int64_t)1 << 62)

void *flow_room(size_t n, size_t size)
{
    void *room = calloc(n > 0 ? n : 1, size);

    assert(room != NULL);
    return room;
}

int flow_cost_compare(const struct flow_cost *a, const struct flow_cost *b)
{
    for (int k = 0; k < FLOW_COMPONENTS; k++)
        if (a->c[k] != b->c[k])
            return a->c[k] < b->c[k] ? -1 : 1;
    return 0;
}

static bool cost_is_small(flow_wide cost)
{
    return cost > -COST_MAX && cost < COST_MAX;
}

/* --- Building --------------------------------------------------------------------------------- */

struct flow_net *flow_new(uint32_t nodes)
{
    struct flow_net *net = flow_room(1, sizeof *net);

    assert(nodes >= 1 && nodes < UINT32_MAX);
    net->nodes = nodes;
    return net;
}

void flow_free(struct flow_net *net)
{
    if (net == NULL)
        return;
    free(net->arc);
    free(net->flow);
    free(net->lo);
    free(net->hi);
    free(net->c);
    free(net->s);
    free(net->potential);
    free(net->first);
    free(net->adj);
    free(net);
}

static void grow(struct flow_net *net)
{
    int64_t **lists[] = {&net->flow, &net->lo, &net->hi, &net->c, &net->s};

    net->room = net->room > 0 ? 2 * net->room : 64;
    net->arc = realloc(net->arc, net->room * sizeof *net->arc);
    assert(net->arc != NULL);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        *lists[i] = realloc(*lists[i], net->room * sizeof **lists[i]);
        assert(*lists[i] != NULL);
    }
}

static void arc_assert(const struct flow_net *net, const struct flow_arc *arc)
{
    static const struct flow_cost zero;

    assert(arc->from < net->nodes && arc->to < net->nodes && arc->from != arc->to);
    assert(arc->low >= 0 && arc->low <= arc->high && arc->high <= FLOW_HIGH_MAX);
    assert(flow_cost_compare(&arc->step, &zero) >= 0);
    for (int k = 0; k < FLOW_COMPONENTS; k++)
        assert(cost_is_small(arc->base.c[k]) &&
               cost_is_small(arc->base.c[k] + (flow_wide)arc->step.c[k] * arc->high));
}

size_t flow_add(struct flow_net *net, const struct flow_arc *arc)
{
    assert(!net->solved);
    arc_assert(net, arc);
    if (net->arcs == net->room)
        grow(net);

    size_t a = net->arcs++;

    net->carry += arc->high;
    assert(net->carry <= CARRY_MAX);
    net->arc[a] = *arc;
    net->flow[a] = net->lo[a] = arc->low;
    net->hi[a] = arc->high;
    net->c[a] = net->s[a] = 0;
    return a;
}

struct flow_net *flow_copy(const struct flow_net *net)
{
    struct flow_net *made = flow_new(net->nodes);

    assert(!net->solved);
    for (size_t a = 0; a < net->arcs; a++)
        flow_add(made, &net->arc[a]);
    if (net->arcs > 0)
        memcpy(made->flow, net->flow, net->arcs * sizeof *net->flow);
    return made;
}

/* Counts, then places: the halves of a node keep the order of their arcs. */
void flow_index(struct flow_net *net)
{
    free(net->first);
    free(net->adj);
    net->first = flow_room((size_t)net->nodes + 2, sizeof *net->first);
    for (size_t a = 0; a < net->arcs; a++)
        if (net->lo[a] < net->hi[a]) {
            net->first[net->arc[a].from + 2]++;
            net->first[net->arc[a].to + 2]++;
        }
    for (size_t v = 2; v < (size_t)net->nodes + 2; v++)
        net->first[v] += net->first[v - 1];
    net->adj = flow_room(net->first[net->nodes + 1], sizeof *net->adj);
    for (size_t a = 0; a < net->arcs; a++)
        if (net->lo[a] < net->hi[a]) {
            net->adj[net->first[net->arc[a].from + 1]++] = 2 * a;
            net->adj[net->first[net->arc[a].to + 1]++] = 2 * a + 1;
        }
}

/* --- Solving ---------------------------------------------------------------------------------- */

/* A flow within the bounds that is a circulation, or false. */
static bool make_feasible(struct flow_net *net)
{
    int64_t *excess = flow_room(net->nodes, sizeof *excess);
    bool balanced = true;

    for (size_t a = 0; a < net->arcs; a++) {
        excess[net->arc[a].to] += net->arc[a].low;
        excess[net->arc[a].from] -= net->arc[a].low;
    }
    flow_index(net);
    flow_spread(net, excess);
    for (uint32_t v = 0; v < net->nodes; v++)
        balanced = balanced && excess[v] == 0;
    free(excess);
    return balanced;
}

/* Fills in the marginal costs of a phase for the arcs that are still free; whether any is not 0.
 * Where only one quantum is left to decide, it costs what it costs and there is no step. */
static bool set_costs(struct flow_net *net, size_t a, int64_t base, int64_t step)
{
    if (net->lo[a] == net->hi[a])
        base = step = 0;
    flow_wide first = base + (flow_wide)step * net->lo[a];
    flow_wide last = base + (flow_wide)step * net->hi[a];

    assert(cost_is_small(first) && cost_is_small(last));
    if (net->hi[a] - net->lo[a] == 1) {
        base = (int64_t)first;
        step = 0;
    }
    assert(step >= 0);
    net->c[a] = base;
    net->s[a] = step;
    return base != 0 || step != 0;
}

/* Keeps of an arc's bounds what costs nothing at these potentials. That the flow lies there, for
 * every arc, is the proof that it is best; so it is asserted. */
static void narrow(struct flow_net *net, size_t a, const int64_t *potential)
{
    int64_t f = net->flow[a], down = potential[net->arc[a].to] - potential[net->arc[a].from];
    int64_t more = net->c[a] + net->s[a] * f - down, less = more - net->s[a];
    bool rises = f < net->hi[a], falls = f > net->lo[a];

    assert(!rises || more >= 0);
    assert(!falls || less <= 0);
    if (net->s[a] == 0 && more == 0)
        return;
    net->hi[a] = rises && more == 0 ? f + 1 : f;
    net->lo[a] = falls && less == 0 ? f - 1 : f;
}

static void phase(struct flow_net *net, int64_t *potential)
{
    flow_index(net);
    flow_scale(net, potential);
    for (uint32_t v = 0; v < net->nodes; v++)
        assert(cost_is_small(potential[v]));
    for (size_t a = 0; a < net->arcs; a++)
        if (net->lo[a] < net->hi[a])
            narrow(net, a, potential);
}

void flow_phase(struct flow_net *net, const int64_t *base, const int64_t *step)
{
    int64_t *potential = flow_room(net->nodes, sizeof *potential);
    bool any = false;

    assert(net->solved);
    for (size_t a = 0; a < net->arcs; a++)
        any = set_costs(net, a, base[a], step != NULL ? step[a] : 0) || any;
    if (any)
        phase(net, potential);
    free(potential);
}

/* The flow is a circulation within the bounds, and no quantum has a reduced cost of the wrong
 * sign: nothing costs less. All components at once, from the arcs as they were given. */
static void certify(const struct flow_net *net)
{
    static const struct flow_cost zero;
    int64_t *excess = flow_room(net->nodes, sizeof *excess);

    for (size_t a = 0; a < net->arcs; a++) {
        const struct flow_arc *arc = &net->arc[a];
        int64_t f = net->flow[a];
        struct flow_cost more, less;

        assert(f >= arc->low && f <= arc->high);
        excess[arc->to] += f;
        excess[arc->from] -= f;
        for (int k = 0; k < FLOW_COMPONENTS; k++) {
            const int64_t *p = net->potential + (size_t)k * net->nodes;

            more.c[k] = arc->base.c[k] + arc->step.c[k] * f + p[arc->from] - p[arc->to];
            less.c[k] = more.c[k] - arc->step.c[k];
        }
        assert(f == arc->high || flow_cost_compare(&more, &zero) >= 0);
        assert(f == arc->low || flow_cost_compare(&less, &zero) <= 0);
    }
    for (uint32_t v = 0; v < net->nodes; v++)
        assert(excess[v] == 0);
    free(excess);
}

enum flow_result flow_solve(struct flow_net *net)
{
    assert(!net->solved);
    net->solved = true;
    net->potential = flow_room((size_t)net->nodes * FLOW_COMPONENTS, sizeof *net->potential);
    if (!make_feasible(net))
        return FLOW_INFEASIBLE;
    for (int k = 0; k < FLOW_COMPONENTS; k++) {
        bool any = false;

        for (size_t a = 0; a < net->arcs; a++)
            any = set_costs(net, a, net->arc[a].base.c[k], net->arc[a].step.c[k]) || any;
        if (any)
            phase(net, net->potential + (size_t)k * net->nodes);
    }
    certify(net);
    return FLOW_SOLVED;
}

/* --- Reading ---------------------------------------------------------------------------------- */

int64_t flow_on(const struct flow_net *net, size_t arc)
{
    assert(arc < net->arcs);
    return net->flow[arc];
}

struct flow_cost flow_total(const struct flow_net *net)
{
    struct flow_cost total;

    for (int k = 0; k < FLOW_COMPONENTS; k++) {
        flow_wide sum = 0;

        for (size_t a = 0; a < net->arcs; a++) {
            flow_wide f = net->flow[a];

            sum += net->arc[a].base.c[k] * f + net->arc[a].step.c[k] * (f * (f - 1) / 2);
        }
        assert(sum >= INT64_MIN && sum <= INT64_MAX);
        total.c[k] = (int64_t)sum;
    }
    return total;
}

struct flow_cost flow_potential(const struct flow_net *net, uint32_t node)
{
    struct flow_cost p;

    assert(net->solved && node < net->nodes);
    for (int k = 0; k < FLOW_COMPONENTS; k++)
        p.c[k] = net->potential[(size_t)k * net->nodes + node];
    return p;
}

/* --- Without costs ---------------------------------------------------------------------------- */

int64_t flow_max(struct flow_net *net, uint32_t source, uint32_t sink)
{
    int64_t *excess = flow_room(net->nodes, sizeof *excess);

    assert(!net->solved && source < net->nodes && sink < net->nodes && source != sink);
    for (size_t a = 0; a < net->arcs; a++)
        assert(net->arc[a].low == 0);
    excess[source] = INT64_MAX;
    excess[sink] = -INT64_MAX;
    flow_index(net);
    flow_spread(net, excess);

    int64_t sent = INT64_MAX - excess[source];

    free(excess);
    return sent;
}

/* Breadth first from a node; back = 1 walks against the direction in which more could flow. */
static void reach(const struct flow_net *net, uint32_t start, size_t back, bool *side)
{
    uint32_t *queue = flow_room(net->nodes, sizeof *queue), head = 0, tail = 0;

    assert(start < net->nodes && net->first != NULL);
    memset(side, 0, net->nodes * sizeof *side);
    side[start] = true;
    queue[tail++] = start;
    while (head < tail) {
        uint32_t v = queue[head++];

        for (size_t i = net->first[v]; i < net->first[v + 1]; i++) {
            uint32_t w = flow_head(net, net->adj[i]);

            if (!side[w] && flow_left(net, net->adj[i] ^ back) > 0) {
                side[w] = true;
                queue[tail++] = w;
            }
        }
    }
    free(queue);
}

void flow_reached(const struct flow_net *net, uint32_t from, bool *side)
{
    reach(net, from, 0, side);
}

void flow_reaching(const struct flow_net *net, uint32_t to, bool *side)
{
    reach(net, to, 1, side);
}

int64_t flow_balanced(const struct flow_edge *edges, size_t n, uint32_t nodes, int64_t *part)
{
    struct flow_net *net = flow_new(nodes);
    int64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        struct flow_arc arc = {.from = edges[i].from, .to = edges[i].to, .high = edges[i].amount};

        arc.base.c[0] = -1;
        flow_add(net, &arc);
    }

    enum flow_result result = flow_solve(net);

    assert(result == FLOW_SOLVED); /* nothing at all is balanced */
    for (size_t i = 0; i < n; i++) {
        sum += flow_on(net, i);
        if (part != NULL)
            part[i] = flow_on(net, i);
    }
    flow_free(net);
    return sum;
}
