/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the side store keeps about proposals (SPEC 14.1, 19.8): the facts of the week's batch, from
 * which the same proposals follow at any time, and what providers declined. Safe from any thread;
 * each call is one short transaction.
 */
#ifndef SEM_LEDGER_KEPT_BATCH_H
#define SEM_LEDGER_KEPT_BATCH_H

#include "ledger/match_facts.h"
#include "ledger/side.h"

struct kept_batch {
    char week[CALENDAR_WEEK_BYTES];
    char *json; /* NUL-terminated; the canonical facts */
    size_t n;
};

enum kept_look { KEPT_THERE, KEPT_ABSENT, KEPT_FAILED };

/* The newest batch; free json when it is there. */
enum kept_look kept_batch_get(struct side *side, struct kept_batch *out);
/* Keeps one in the place of the one before; side_generation() does not count it. */
bool kept_batch_put(struct side *side, const struct kept_batch *batch)
    __attribute__((warn_unused_result));

/* Keeps what was declined; of one need and organisation the last word counts. */
bool kept_decline_put(struct side *side, const struct match_decline *decline)
    __attribute__((warn_unused_result));
/* All of them; the caller frees *out. KEPT_ABSENT is no answer of this one. */
enum kept_look kept_declines(struct side *side, struct match_decline **out, size_t *n);
/*
 * Forgets those for which `dead` is true; returns how many. When the store fails, 0, and
 * nothing is forgotten.
 */
size_t kept_declines_purge(struct side *side, bool (*dead)(void *ctx, const struct match_decline *),
                           void *ctx);

#endif
