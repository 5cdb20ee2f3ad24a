/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The rolling year's flows and what policies/reciprocity.h makes of them, computed once for each
 * size of the log and day and shared by all threads.
 */
#ifndef SEM_API_FIGURES_H
#define SEM_API_FIGURES_H

#include "ledger/query.h"

struct figures;

/* One window. Read-only, borrowed until figures_release(). */
struct window_figures {
    uint64_t size; /* of the log */
    struct flows flows;
    size_t orgs;   /* length of the arrays: organisation numbers below it */
    int64_t *given, *received;
    struct dependency_sum *sums;
    int64_t minutes, exchanges; /* of the window */
    struct ratio displaced, direct; /* M3, M5 */
    int users;     /* under the lock of struct figures */
};

struct figures *figures_new(void);
void figures_free(struct figures *figures); /* NULL is accepted */
/* NULL without memory. */
const struct window_figures *figures_get(struct figures *figures, struct state *s, int32_t day);
void figures_release(struct figures *figures, const struct window_figures *window);

#endif
