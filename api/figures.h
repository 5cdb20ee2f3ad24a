/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What reaches each organisation in the rolling year, for those who look at one.
 *
 * One computed window is kept and shared by all threads. The housekeeper brings it forward by the
 * entries since (ledger/flows_since.h), and whoever asks for one organisation does so from its own
 * chain alone. Nothing is computed under the lock, so who reads a position waits for nobody.
 */
#ifndef SEM_API_FIGURES_H
#define SEM_API_FIGURES_H

#include "ledger/query.h"

struct figures;

struct figures *figures_new(void);
void figures_free(struct figures *figures); /* NULL is accepted */

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
 * The same as flows: one for each who gave to it, by giver; gifts are a part of them. The caller
 * frees them with query_flows_free().
 */
bool figures_flows(struct figures *figures, struct state *s, const char *origin,
                   const struct org *org, int32_t day, struct flows *out, size_t *looked)
    __attribute__((warn_unused_result));

/*
 * True when the housekeeper should call figures_refresh(), given the log's size and day: at the
 * start, with a new day, and when what was read lately is far behind.
 */
bool figures_behind(struct figures *figures, uint64_t size, int32_t day);
/* Brings the kept window forward, whatever it takes. */
void figures_refresh(struct figures *figures, struct state *s, const char *origin, int32_t day);

#endif
