/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Reciprocity in figures: who gave how much to whom, read as a network.
 *
 * All figures come from the rolling window's confirmed exchanges and are exact integers, most of
 * them ratios as policies/ratio.h has them. The functions ending in _raw ask for no minimum and are
 * not known only where the denominator is 0; screens use the others. SPEC.md 18.1 has the table of
 * all figures M1 to M15 with their sources; here are M1 to M3, M5 and M8, which need no more than
 * sums. The same functions serve both layers (policies/layers.h).
 *
 * Organisations are numbered 0..orgs-1. Pure functions, any thread, nothing allocated. Minutes and
 * counts are >= 0 and all minutes of a network add up to at most RECIPROCITY_MINUTES_MAX; both are
 * asserted, the bounds on single entries being what keeps a ledger far away from there. */
#ifndef POLICIES_RECIPROCITY_H
#define POLICIES_RECIPROCITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policies/ratio.h"

struct line;
struct policy;

/* The largest integer of an entry. Its square times 10000 fits 128 bits. */
#define RECIPROCITY_MINUTES_MAX (((int64_t)1 << 53) - 1)

/* Below these a figure about one organisation says more about chance than about it. */
#define RECIPROCITY_INDEX_MINUTES_MIN 240
#define RECIPROCITY_DEPENDENCY_MINUTES_MIN 480
#define RECIPROCITY_DEPENDENCY_EXCHANGES_MIN 3

/* What one organisation gave another in the window. */
struct flow {
    uint32_t from, to; /* different */
    int64_t minutes;
    int64_t count; /* exchanges */
};

/* M1, line use: where a position stands in the room its line gives it, -1000 at the floor, 1000 at
 * the ceiling, beyond when past them. Not known if the line on that side is 0. */
struct ratio reciprocity_line_use(const struct line *line, int64_t position);

/* M2, exchange index: (given - received) / (given + received); -1000 only receives, 1000 only
 * gives. The second is not known below RECIPROCITY_INDEX_MINUTES_MIN given and received together.
 */
struct ratio reciprocity_exchange_index_raw(int64_t given, int64_t received);
struct ratio reciprocity_exchange_index(int64_t given, int64_t received);

/* The totals per organisation of n flows: given[] and received[], each of orgs elements. */
void reciprocity_totals(const struct flow *flows, size_t n, int64_t *given, int64_t *received,
                        size_t orgs);

/* M3, displaced share: which part of all minutes would have to flow back for everybody to have
 * given as much as received; 0 all square, 1000 one-way. The two arrays have equal sums (asserted).
 * Not known if nothing was given. O(orgs). */
struct ratio reciprocity_displaced_share(const int64_t *given, const int64_t *received,
                                         size_t orgs);

/* M5, direct reciprocity: which part of all minutes is matched by minutes the other way between the
 * same two. It describes, it is no aim: help that comes round through others is as good. The flows
 * are sorted by (from, to) without duplicates (asserted). Not known if nothing was given.
 * O(n log n). */
struct ratio reciprocity_direct(const struct flow *flows, size_t n);

/* M8b: how much of all giving, or of all receiving, lies with few organisations. */
struct concentration {
    bool known;  /* not if all is 0 */
    int64_t hhi; /* Herfindahl-Hirschman index in ten-thousandths: 10000/orgs evenly spread, 10000
                  * a single organisation */
};

/* The concentration of given[] or of received[], any order; their sum stays within
 * RECIPROCITY_MINUTES_MAX (asserted). O(orgs). */
struct concentration reciprocity_concentration(const int64_t *minutes, size_t orgs);

/* What reaches one organisation, summed over its providers. Start from {0}. */
struct dependency_sum {
    int64_t minutes;
    int64_t count;
    int64_t top_minutes; /* of the largest provider */
    uint32_t top_from;   /* its number; the lowest one of equals; without meaning if minutes = 0 */
    unsigned __int128 squares;
};

/* Adds one provider. A provider is added at most once: its flow is its total. */
void reciprocity_dependency_add(struct dependency_sum *sum, const struct flow *flow);

/* The sums of all organisations from n flows in any order, in O(n + orgs). */
void reciprocity_dependency_sums(const struct flow *flows, size_t n, struct dependency_sum *sums,
                                 size_t orgs);

/* M8: how much an organisation depends on few providers. */
struct dependency {
    bool known;         /* if not, the rest is 0 and without meaning */
    uint32_t top_from;  /* the largest provider */
    int64_t top_permille; /* its share of what was received */
    int64_t hhi; /* Herfindahl-Hirschman index in ten-thousandths, 10000 = a single provider */
    int64_t effective_permille; /* 1 / hhi as a number of providers: 2000 = like two equal ones */
};

/* The second is not known below RECIPROCITY_DEPENDENCY_MINUTES_MIN minutes or
 * RECIPROCITY_DEPENDENCY_EXCHANGES_MIN exchanges received. */
struct dependency reciprocity_dependency_raw(const struct dependency_sum *sum);
struct dependency reciprocity_dependency(const struct dependency_sum *sum);

/* Whether a warning is due: pair_cap_minutes or more were received, and strictly more than
 * pair_cap_permille of them from one provider. Compared exactly, not by the truncated share. */
bool reciprocity_above_pair_cap(const struct policy *policy, const struct dependency_sum *sum);

#endif
