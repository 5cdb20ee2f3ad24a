/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "policies/flow.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

Test(flow, a_cycle_of_obligations_clears_180_of_270)
{
    static const struct flow_edge owed[] = {{0, 1, 100}, {1, 2, 80}, {2, 0, 60}, {0, 2, 30}};
    int64_t part[COUNT(owed)];

    cr_expect_eq(flow_balanced(owed, COUNT(owed), 3, part), 180);
    cr_expect_eq(owed[0].amount - part[0], 40);
    cr_expect_eq(owed[1].amount - part[1], 20);
    cr_expect_eq(owed[2].amount - part[2], 0);
    cr_expect_eq(owed[3].amount - part[3], 30);
}

Test(flow, the_share_of_a_small_network_that_comes_round)
{
    enum { A, B, C, D, E };
    static const struct flow_edge given[] = {
        {A, D, 600}, {A, E, 480}, {A, B, 120}, {B, C, 180},
        {C, B, 120}, {C, A, 60},  {B, A, 120}, {D, C, 60},
    };

    cr_expect_eq(flow_balanced(given, COUNT(given), 5, NULL), 660);
}

/* --- Against cancelling negative cycles ----------------------------------------------------------
 *
 * A circulation costs the least exactly if no cycle of what could still move costs less than
 * nothing (Klein 1967). The oracle shares nothing with the code: lists of numbers are added and
 * compared as they stand, one quantum moves at a time, and arcs are looked at one by one. */

#define NODES_MAX 40
#define ARCS_MAX 260

struct oracle {
    uint32_t nodes;
    size_t arcs;
    struct flow_arc arc[ARCS_MAX];
    int64_t flow[ARCS_MAX];
};

static uint64_t state;

static uint64_t draw(uint64_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % n;
}

static struct flow_cost quantum(const struct flow_arc *arc, int64_t t, int64_t sign)
{
    struct flow_cost cost;

    for (int k = 0; k < FLOW_COMPONENTS; k++)
        cost.c[k] = sign * (arc->base.c[k] + arc->step.c[k] * t);
    return cost;
}

static struct flow_cost sum(struct flow_cost a, struct flow_cost b)
{
    for (int k = 0; k < FLOW_COMPONENTS; k++)
        a.c[k] += b.c[k];
    return a;
}

/* What led to each node, in Bellman and Ford's search. */
struct search {
    struct flow_cost d[NODES_MAX];
    size_t via[NODES_MAX];  /* arc */
    int64_t way[NODES_MAX]; /* 1 along it, -1 against it, 0 nothing */
};

static bool relax(const struct oracle *o, struct search *s, size_t a, int64_t way)
{
    const struct flow_arc *arc = &o->arc[a];
    uint32_t from = way > 0 ? arc->from : arc->to, to = way > 0 ? arc->to : arc->from;

    if (way > 0 ? o->flow[a] == arc->high : o->flow[a] == arc->low)
        return false;

    struct flow_cost d =
        sum(s->d[from], quantum(arc, way > 0 ? o->flow[a] : o->flow[a] - 1, way));

    if (flow_cost_compare(&d, &s->d[to]) >= 0)
        return false;
    s->d[to] = d;
    s->via[to] = a;
    s->way[to] = way;
    return true;
}

/* Moves one quantum round a cycle that gains, if there is one. */
static bool cancel(struct oracle *o)
{
    struct search s;
    uint32_t v = UINT32_MAX;

    memset(&s, 0, sizeof s);
    for (uint32_t round = 0; round <= o->nodes; round++) {
        v = UINT32_MAX;
        for (size_t a = 0; a < o->arcs; a++) {
            if (relax(o, &s, a, 1))
                v = o->arc[a].to;
            if (relax(o, &s, a, -1))
                v = o->arc[a].from;
        }
        if (v == UINT32_MAX)
            return false;
    }
    for (uint32_t i = 0; i < o->nodes; i++)
        v = s.way[v] > 0 ? o->arc[s.via[v]].from : o->arc[s.via[v]].to;
    for (uint32_t w = v, start = 1; w != v || start; start = 0) {
        size_t a = s.via[w];

        o->flow[a] += s.way[w];
        w = s.way[w] > 0 ? o->arc[a].from : o->arc[a].to;
    }
    return true;
}

static struct flow_cost oracle_total(const struct oracle *o)
{
    struct flow_cost total = {{0}};

    for (size_t a = 0; a < o->arcs; a++)
        for (int64_t t = 0; t < o->flow[a]; t++)
            total = sum(total, quantum(&o->arc[a], t, 1));
    return total;
}

/* Few different costs, so that every component leaves ties to the next; some arcs convex from some
 * component on. Lower bounds lie under a circulation made of random cycles. */
static void random_network(struct oracle *o, uint32_t nodes, size_t arcs, int64_t high)
{
    memset(o, 0, sizeof *o);
    o->nodes = nodes;
    o->arcs = arcs;
    for (size_t a = 0; a < arcs; a++) {
        struct flow_arc *arc = &o->arc[a];

        /* The first arcs form a ring, so that there are cycles to put lower bounds on. */
        arc->from = a < nodes ? (uint32_t)a : (uint32_t)draw(nodes);
        arc->to = a < nodes ? (uint32_t)(a + 1) % nodes
                            : (arc->from + 1 + (uint32_t)draw(nodes - 1)) % nodes;
        arc->high = (int64_t)draw((uint64_t)high + 1);
        for (int k = 0; k < FLOW_COMPONENTS; k++)
            if (draw(3) == 0)
                arc->base.c[k] = (int64_t)draw(7) - 3;
        if (draw(2) == 0) {
            int k = (int)draw(FLOW_COMPONENTS);

            arc->step.c[k] = 1 + (int64_t)draw(3);
            for (k++; k < FLOW_COMPONENTS; k++)
                arc->step.c[k] = (int64_t)draw(5) - 2;
        }
    }
    if (draw(3) == 0) {
        for (size_t a = 0; a < nodes; a++) {
            o->arc[a].high += 2;
            o->flow[a] = 2;
            o->arc[a].low = (int64_t)draw(3);
        }
    }
}

static struct flow_net *network_of(const struct oracle *o)
{
    struct flow_net *net = flow_new(o->nodes);

    for (size_t a = 0; a < o->arcs; a++)
        flow_add(net, &o->arc[a]);
    return net;
}

static void compare(struct oracle *o, uint64_t seed)
{
    struct flow_net *net = network_of(o);

    cr_assert_eq(flow_solve(net), FLOW_SOLVED, "seed %" PRIu64, seed);
    while (cancel(o))
        ;

    struct flow_cost found = flow_total(net), expected = oracle_total(o);

    for (int k = 0; k < FLOW_COMPONENTS; k++)
        cr_assert_eq(found.c[k], expected.c[k],
                     "seed %" PRIu64 " component %d: %" PRId64 ", not %" PRId64, seed, k,
                     found.c[k], expected.c[k]);
    flow_free(net);
}

Test(flow, small_networks_equal_cancelling_negative_cycles)
{
    struct oracle *o = malloc(sizeof *o);

    for (uint64_t seed = 1; seed <= 3000; seed++) {
        state = seed * 0x9e3779b97f4a7c15u;
        random_network(o, 2 + (uint32_t)draw(7), 12 + draw(20), 4);
        compare(o, seed);
    }
    free(o);
}

Test(flow, medium_networks_equal_cancelling_negative_cycles)
{
    struct oracle *o = malloc(sizeof *o);

    for (uint64_t seed = 1; seed <= 40; seed++) {
        state = seed * 0xbf58476d1ce4e5b9u;
        random_network(o, 20 + (uint32_t)draw(20), 100 + draw(ARCS_MAX - 100), 6);
        compare(o, seed);
    }
    free(o);
}

/* --- Bounds, cuts and further phases ---------------------------------------------------------- */

Test(flow, bounds_that_no_circulation_keeps_are_told)
{
    struct flow_net *net = flow_new(2);

    flow_add(net, &(struct flow_arc){.from = 0, .to = 1, .low = 3, .high = 5});
    flow_add(net, &(struct flow_arc){.from = 1, .to = 0, .high = 2});
    cr_expect_eq(flow_solve(net), FLOW_INFEASIBLE);
    flow_free(net);
}

Test(flow, a_lower_bound_is_kept_at_any_cost)
{
    struct flow_net *net = flow_new(3);

    flow_add(net, &(struct flow_arc){.from = 0, .to = 1, .low = 3, .high = 5,
                                     .base = {{1000, 0, 0, 0, 0, 0}}});
    flow_add(net, &(struct flow_arc){.from = 1, .to = 0, .high = 2});
    flow_add(net, &(struct flow_arc){.from = 1, .to = 2, .high = 9, .base = {{0, 7, 0, 0, 0, 0}}});
    flow_add(net, &(struct flow_arc){.from = 2, .to = 0, .high = 9});
    cr_assert_eq(flow_solve(net), FLOW_SOLVED);
    cr_expect_eq(flow_on(net, 0), 3);
    cr_expect_eq(flow_on(net, 2), 1);
    cr_expect_eq(flow_total(net).c[0], 3000);
    cr_expect_eq(flow_total(net).c[1], 7);
    flow_free(net);
}

/* 1000 quanta share two convex arcs in proportion; a materialised arc would need 1000 of them. */
Test(flow, convex_arcs_share_by_marginal_cost)
{
    struct flow_net *net = flow_new(2);

    flow_add(net, &(struct flow_arc){.from = 0, .to = 1, .high = FLOW_HIGH_MAX,
                                     .base = {{0, 0, 0, 0, 1, 0}}, .step = {{0, 0, 0, 0, 2, 0}}});
    flow_add(net, &(struct flow_arc){.from = 0, .to = 1, .high = FLOW_HIGH_MAX,
                                     .base = {{0, 0, 0, 0, 3, 0}}, .step = {{0, 0, 0, 0, 6, 0}}});
    flow_add(net, &(struct flow_arc){.from = 1, .to = 0, .high = 1000,
                                     .base = {{-1, 0, 0, 0, 0, 0}}});
    cr_assert_eq(flow_solve(net), FLOW_SOLVED);
    cr_expect_eq(flow_on(net, 0), 750);
    cr_expect_eq(flow_on(net, 1), 250);
    cr_expect_eq(flow_total(net).c[4], 750 * 750 + 3 * 250 * 250);
    flow_free(net);
}

Test(flow, potentials_prove_the_flow)
{
    static const struct flow_cost zero;
    struct oracle *o = malloc(sizeof *o);

    for (uint64_t seed = 1; seed <= 200; seed++) {
        state = seed * 0x94d049bb133111ebu;
        random_network(o, 2 + (uint32_t)draw(12), 12 + draw(30), 5);

        struct flow_net *net = network_of(o);

        cr_assert_eq(flow_solve(net), FLOW_SOLVED);
        for (size_t a = 0; a < o->arcs; a++) {
            const struct flow_arc *arc = &o->arc[a];
            struct flow_cost from = flow_potential(net, arc->from);
            struct flow_cost to = flow_potential(net, arc->to), more, less;

            for (int k = 0; k < FLOW_COMPONENTS; k++)
                to.c[k] = from.c[k] - to.c[k];
            more = sum(quantum(arc, flow_on(net, a), 1), to);
            less = sum(quantum(arc, flow_on(net, a) - 1, 1), to);
            if (flow_on(net, a) < arc->high)
                cr_assert_geq(flow_cost_compare(&more, &zero), 0);
            if (flow_on(net, a) > arc->low)
                cr_assert_leq(flow_cost_compare(&less, &zero), 0);
        }
        flow_free(net);
    }
    free(o);
}

/* The largest flow against the capacity of every cut of a small network. */
static int64_t least_cut(const struct oracle *o, uint32_t source, uint32_t sink)
{
    int64_t least = INT64_MAX;

    for (uint32_t set = 0; set < 1u << o->nodes; set++) {
        int64_t capacity = 0;

        if (!(set >> source & 1) || set >> sink & 1)
            continue;
        for (size_t a = 0; a < o->arcs; a++)
            if (set >> o->arc[a].from & 1 && !(set >> o->arc[a].to & 1))
                capacity += o->arc[a].high;
        if (capacity < least)
            least = capacity;
    }
    return least;
}

Test(flow, the_largest_flow_is_the_least_cut)
{
    struct oracle *o = malloc(sizeof *o);
    bool side[NODES_MAX], reaching[NODES_MAX];

    for (uint64_t seed = 1; seed <= 500; seed++) {
        state = seed * 0x9e3779b97f4a7c15u;
        random_network(o, 3 + (uint32_t)draw(6), 12 + draw(12), 6);
        for (size_t a = 0; a < o->arcs; a++)
            o->arc[a].low = 0;

        struct flow_net *net = network_of(o);
        int64_t sent = flow_max(net, 0, o->nodes - 1), across = 0, behind = 0;

        cr_assert_eq(sent, least_cut(o, 0, o->nodes - 1), "seed %" PRIu64, seed);
        cr_assert_eq(flow_max(net, 0, o->nodes - 1), 0);
        flow_reached(net, 0, side);
        flow_reaching(net, o->nodes - 1, reaching);
        for (size_t a = 0; a < o->arcs; a++) {
            if (side[o->arc[a].from] && !side[o->arc[a].to])
                across += o->arc[a].high;
            if (!reaching[o->arc[a].from] && reaching[o->arc[a].to])
                behind += o->arc[a].high;
        }
        cr_assert_eq(across, sent);
        cr_assert_eq(behind, sent);
        flow_free(net);
    }
    free(o);
}

/* Components one by one as further phases give what they give as components. */
Test(flow, further_phases_continue_the_list_of_components)
{
    struct oracle *o = malloc(sizeof *o);

    for (uint64_t seed = 1; seed <= 300; seed++) {
        int64_t base[ARCS_MAX], step[ARCS_MAX];

        state = seed * 0xd6e8feb86659fd93u;
        random_network(o, 2 + (uint32_t)draw(8), 12 + draw(20), 4);

        struct flow_net *whole = network_of(o), *parts = flow_new(o->nodes);

        for (size_t a = 0; a < o->arcs; a++) {
            struct flow_arc arc = o->arc[a];

            memset(&arc.base, 0, sizeof arc.base);
            memset(&arc.step, 0, sizeof arc.step);
            flow_add(parts, &arc);
        }
        cr_assert_eq(flow_solve(whole), FLOW_SOLVED);
        cr_assert_eq(flow_solve(parts), FLOW_SOLVED);
        for (int k = 0; k < FLOW_COMPONENTS; k++) {
            for (size_t a = 0; a < o->arcs; a++) {
                base[a] = o->arc[a].base.c[k];
                step[a] = o->arc[a].step.c[k];
            }
            flow_phase(parts, base, step);
        }
        for (size_t a = 0; a < o->arcs; a++)
            o->flow[a] = flow_on(parts, a);

        struct flow_cost one = flow_total(whole), many = oracle_total(o);

        cr_assert_eq(flow_cost_compare(&one, &many), 0, "seed %" PRIu64, seed);
        flow_free(whole);
        flow_free(parts);
    }
    free(o);
}
