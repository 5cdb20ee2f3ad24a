/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The flows of the rolling year (ledger/query.h), brought forward from those of an earlier size of
 * the same log by looking at the entries since then: all of them, or those of one organisation
 * alone. What comes out is exactly what query_flows() sums from the day buckets of the snapshot.
 * A struct state belongs to one thread; so does a call.
 */
#ifndef SEM_LEDGER_FLOWS_SINCE_H
#define SEM_LEDGER_FLOWS_SINCE_H

#include "ledger/query.h"

/* Where to start; {0} with the window's days: from nothing, so that the whole window is walked. */
struct flows_base {
    uint64_t size;            /* of the log */
    int32_t from_day, to_day; /* its window, not after the one that is asked for */
    const struct help *v;     /* borrowed; of one organisation: the flows to it */
    size_t n;
};

/*
 * All flows of the window that ends with `day`, in out as query_flows() gives them. The base is not
 * larger than the snapshot. Caller frees. False when the log cannot be read or there is no memory.
 */
bool flows_since(struct state *s, const char *origin, const struct flows_base *base, int32_t day,
                 struct flows *out) __attribute__((warn_unused_result));

/*
 * The same for the flows to one organisation, by its backward chain. Adds how many entries it
 * looked at to *looked.
 */
bool flows_to_since(struct state *s, const char *origin, const struct flows_base *base,
                    const struct org *org, int32_t day, struct flows *out, size_t *looked)
    __attribute__((warn_unused_result));

#endif
