/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The rolling year's flows and what policies/reciprocity.h makes of them on the layer of help,
 * shared by all threads.
 *
 * One computed window is kept. It is brought forward by the entries since (ledger/flows_since.h):
 * for the network by one thread at a time, for one organisation by whoever asks, from its own chain
 * alone. Nothing is computed under the lock, so who reads a position waits for nobody.
 */
#ifndef SEM_API_FIGURES_H
#define SEM_API_FIGURES_H

#include "ledger/query.h"

struct figures;

/* One window. Read-only, borrowed until figures_release(). */
struct window_figures {
    uint64_t size; /* of the log */
    struct flows flows;
    struct sums totals; /* at that size */
    int64_t minutes;    /* of the window */
    struct ratio displaced, direct; /* M3, M5 */
    size_t orgs;        /* organisation numbers below it */
    size_t *first;      /* where the flows to one begin in to_org; orgs + 1 of them */
    struct help *to_org; /* sorted by (to, from) */
    int users;          /* under the lock of struct figures */
};

struct figures *figures_new(void);
void figures_free(struct figures *figures); /* NULL is accepted */

/*
 * The network's window at the snapshot's size and day; a newer one when it is there, an older one
 * while another thread is computing or when too much was logged since, which the housekeeper mends:
 * look at its size. NULL without memory.
 */
const struct window_figures *figures_network(struct figures *figures, struct state *s,
                                             const char *origin, int32_t day);
void figures_release(struct figures *figures, const struct window_figures *window);

/* What reaches one organisation in the window that ends with `day`, at the snapshot's size. */
struct org_figures {
    int32_t from_day, to_day;
    struct dependency_sum sum;
};
/*
 * Exact at any time; costs what the organisation did since the kept window. Adds how many entries
 * it looked at to *looked. False when the log cannot be read or there is no memory.
 */
bool figures_org(struct figures *figures, struct state *s, const char *origin,
                 const struct org *org, int32_t day, struct org_figures *out, size_t *looked)
    __attribute__((warn_unused_result));

/*
 * True when the housekeeper should call figures_refresh(), given the log's size and day: at the
 * start, with a new day, and when what was read lately is far behind.
 */
bool figures_behind(struct figures *figures, uint64_t size, int32_t day);
/* Brings the kept window forward, whatever it takes. */
void figures_refresh(struct figures *figures, struct state *s, const char *origin, int32_t day);

#endif
