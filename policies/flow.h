/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Integer flows of least cost, where the cost is a list of numbers compared one after the other.
 *
 * A network has nodes 0..nodes-1 and arcs with bounds low <= flow <= high. A circulation keeps at
 * every node what goes in equal to what comes out. Its cost has FLOW_COMPONENTS components, each
 * summed over all arcs, and of two costs the first component in which they differ decides. So no
 * component is ever weighed against another, and none needs a number so large that it drowns the
 * next. The marginal cost of an arc may grow: its t-th quantum (t = 0, 1, ...) costs
 * base + t * step, and is computed, never stored, so memory is linear in nodes and arcs.
 *
 * How: one component at a time. The circulations that are best in it are exactly those that keep
 * to narrower bounds, which its potentials name (complementary slackness); the next component
 * chooses among those. Each component alone is a problem in one number, solved by cost scaling
 * with push and relabel (Goldberg and Tarjan, Mathematics of Operations Research 15(3), 1990) and
 * followed by exact potentials from one run of Dijkstra's algorithm. Potentials and bounds are
 * checked after each component and, all components together, at the end; this is asserted in
 * every build.
 *
 * Everything is deterministic: the same calls in the same order give the same flow. Where several
 * flows have the same least cost, the order in which arcs were added takes part in the choice, so
 * callers add arcs in an order of their own that depends on nothing accidental.
 *
 * No input or output, no clock, no global state. A network allocates what it holds with malloc()
 * until flow_free(); without memory the process stops. Different networks may be used by
 * different threads at the same time. Costs, flows and sums that leave int64 are asserted. */
#ifndef POLICIES_FLOW_H
#define POLICIES_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLOW_COMPONENTS 6

/* Bounds of an arc lie within 0..FLOW_HIGH_MAX. */
#define FLOW_HIGH_MAX ((int64_t)1 << 53)

struct flow_cost {
    int64_t c[FLOW_COMPONENTS];
};

/* -1, 0 or 1: which of the two is less. */
int flow_cost_compare(const struct flow_cost *a, const struct flow_cost *b);

/* step: not less than zero as a list; it may be all zero, which is an ordinary arc. */
struct flow_arc {
    uint32_t from, to;
    int64_t low, high;
    struct flow_cost base, step;
};

struct flow_net;

/* A network without arcs. nodes >= 1. */
struct flow_net *flow_new(uint32_t nodes);
void flow_free(struct flow_net *net); /* NULL is accepted */

/* Another network with the same arcs and flows, before flow_solve() only. */
struct flow_net *flow_copy(const struct flow_net *net);

/* Adds an arc and returns its number: 0, 1, ... All arcs are added before anything is solved.
 * Arcs from a node to itself are refused (asserted). */
size_t flow_add(struct flow_net *net, const struct flow_arc *arc);

enum flow_result {
    FLOW_SOLVED,
    FLOW_INFEASIBLE, /* no circulation keeps to the bounds */
};

/* Finds a circulation of least cost. On FLOW_INFEASIBLE the flows mean nothing. Once only. */
__attribute__((warn_unused_result))
enum flow_result flow_solve(struct flow_net *net);

/* After flow_solve(): among all circulations that are as good so far, takes one that is best by one
 * more number, with base[a] and step[a] of arc a (step may be NULL: all zero; else step[a] >= 0
 * where the arc is still free to move by more than one). May be called any number of times:
 * further components without an end. */
void flow_phase(struct flow_net *net, const int64_t *base, const int64_t *step);

/* The flow on an arc. */
int64_t flow_on(const struct flow_net *net, size_t arc);

/* The cost of the flow as it is: sum over arcs and their quanta. */
struct flow_cost flow_total(const struct flow_net *net);

/* After flow_solve(): the potential of a node. The reduced cost of an arc is its marginal cost
 * plus the potential of `from` less that of `to`; it is >= 0 where more could flow and <= 0 for
 * the last quantum where less could. Phases beyond the components are not part of it. */
struct flow_cost flow_potential(const struct flow_net *net, uint32_t node);

/* After flow_solve() and instead of further phases: lets all arcs move within their own bounds
 * again, to ask what else would cost. */
void flow_open(struct flow_net *net);

/* After flow_open(): what it costs at least to send one quantum more from each node to another.
 * Only nodes with wanted[v] are looked for; found[v] says whether there is a way, and cost[v] what
 * it costs. With the marginal cost of an arc out of `to` added, it is what the whole circulation
 * would cost more if that arc carried one more. */
void flow_return(const struct flow_net *net, uint32_t to, const bool *wanted, bool *found,
                 struct flow_cost *cost);

/* The cost of one more quantum on an arc; false if it is full. */
__attribute__((warn_unused_result))
bool flow_more(const struct flow_net *net, size_t arc, struct flow_cost *cost);

/* Sends as much as possible from source to sink, whatever it costs, on top of what flows already,
 * and returns how much more that was. The bounds low are 0 (asserted). The flow is then no longer
 * a circulation, so it cannot be combined with flow_solve(). More arcs may be added afterwards and
 * flow_max() called again. */
int64_t flow_max(struct flow_net *net, uint32_t source, uint32_t sink);

/* Which nodes can still be reached from a node: side[v] for every node v. After flow_max() this is
 * the smallest of the minimum cuts: arcs leading out of it are full, and their capacity is the
 * largest flow. It is the same for every largest flow. */
void flow_reached(const struct flow_net *net, uint32_t from, bool *side);

/* The other way round: from which nodes `to` can still be reached. */
void flow_reaching(const struct flow_net *net, uint32_t to, bool *side);

/* An edge of a plain network: at most `amount` from one node to another, amount >= 0. */
struct flow_edge {
    uint32_t from, to; /* different */
    int64_t amount;
};

/* The largest balanced part: how much of each edge can be taken such that every node has as much
 * going in as coming out, and the sum is greatest. part[n] receives it (may be NULL); returns the
 * sum. Which of several such parts is found depends on the order of the edges; the sum does not. */
int64_t flow_balanced(const struct flow_edge *edges, size_t n, uint32_t nodes, int64_t *part);

#endif
