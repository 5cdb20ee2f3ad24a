/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Reading what the rules do not need: entries of a snapshot, what an entry did to one organisation,
 * and who gave whom how much in the rolling year. Changes nothing. A struct state belongs to one
 * thread; everything here may walk many records, so callers bound how much they ask for at once.
 */
#ifndef SEM_LEDGER_QUERY_H
#define SEM_LEDGER_QUERY_H

#include "ledger/log.h"
#include "ledger/state.h"
#include "policies/layers.h"

/*
 * Reads and decodes the entry at an index. `leaf` and the entry's text are borrowed from the
 * snapshot. False when there is none.
 */
bool query_entry(struct state *s, const char *origin, uint64_t index, struct entry *out,
                 struct slice *leaf) __attribute__((warn_unused_result));

/* The index of the entry that an author (0: the clock) signed under an id. */
bool query_index(struct state *s, const struct ref *ref, bool by_clock, uint64_t *index)
    __attribute__((warn_unused_result));

/*
 * The step of an organisation's backward chain in an entry's record: index + 1 of the one before.
 * query_party() gives all of it; NULL when the organisation is no party of the entry.
 */
const struct entry_party *query_party(const struct entry_record *record, uint32_t org);
bool query_previous(const struct entry_record *record, uint32_t org, uint64_t *previous);

/*
 * M12, return time (SPEC 18.1): for how many days, up to `day`, an organisation's position has kept
 * to one side, as its entries show it: what a closing moved counts from its next entry on. 0 within
 * TURNOVER_BACK_MINUTES of zero. Looks at QUERY_RETURN_MAX entries at most; false beyond.
 */
#define QUERY_RETURN_MAX 5000
bool query_return_days(struct state *s, const struct org *org, int32_t day, int32_t *days)
    __attribute__((warn_unused_result));

/* What an entry did to the counters behind one organisation's position, minutes. */
struct effect {
    int64_t given, received; /* posted; negative for what was taken back */
    int64_t moves;           /* gifts, the pool, and what a leaving organisation hands over */
};
/*
 * Computes it from the entry itself. `entry` is room for a decoded entry. False when the log
 * cannot be read or there is no memory.
 */
bool query_effect(struct state *s, const char *origin, const struct entry_record *record,
                  uint32_t org, struct entry *entry, struct effect *out)
    __attribute__((warn_unused_result));

/*
 * The first closing of the common pool after a moment at which something moved for an organisation
 * (SPEC 18.5); it stands in no chain. An entry of that moment came after it. Looks at every closing
 * on the way, four a year.
 */
bool query_next_closing(struct state *s, uint32_t org, int64_t after, struct closing *out)
    __attribute__((warn_unused_result));

/*
 * The position of an organisation as it was at the end of a moment: what it was after its newest
 * entry until then, with the closings since. 0 before its first entry. Walks its chain back from
 * now, two reads an entry.
 */
int64_t query_position_at(struct state *s, const struct org *org, int64_t at);

/* --- The rolling year ------------------------------------------------------------------------ */

struct flows {
    int32_t from_day, to_day; /* the window, both included */
    size_t n;
    struct help *v; /* sorted by (from, to), each pair once, nothing without minutes */
};
/*
 * Sums the day buckets of the window that ends with `day`; layer_flows() makes the flows of either
 * layer of it. Caller frees. False: no memory.
 */
bool query_flows(struct state *s, int32_t day, struct flows *out)
    __attribute__((warn_unused_result));
/* The same of any days. */
bool query_days(struct state *s, int32_t from_day, int32_t to_day, struct flows *out)
    __attribute__((warn_unused_result));
void query_flows_free(struct flows *flows);

/* The order of flows, by (from, to); for qsort() and bsearch(). */
int query_flow_compare(const void *a, const void *b);
/*
 * Sorts flows and adds up those of one pair; pairs without minutes, which reversals emptied,
 * vanish. Returns how many are left.
 */
size_t query_flows_merge(struct help *v, size_t n);

#endif
