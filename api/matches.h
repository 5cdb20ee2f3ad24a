/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The week's batch of proposals and the facts of this moment (SPEC 19.8), shared by all threads.
 * The batch is made once a week by the housekeeper, and kept in the side store as the facts it
 * follows from; the facts of now serve what is asked between batches, and are read again when the
 * log, the side store or the day has changed. One thread makes a batch at a time, and one reads
 * facts; who needs the same waits for it, and nobody else does.
 */
#ifndef SEM_API_MATCHES_H
#define SEM_API_MATCHES_H

#include "ledger/match_facts.h"
#include "ledger/side.h"

struct matches;

/* A batch; read-only, until matches_release(). */
struct week_batch {
    struct match_facts facts;
    struct match_result result;
    char *json; /* the canonical facts */
    size_t n;
    uint64_t tag; /* of these bytes, for ETags */
    int users; /* under the lock */
};

/* Facts of a moment, until matches_release_now(). */
struct now_facts {
    struct match_facts facts;
    uint64_t generation;
    int users; /* under the lock */
};

struct matches *matches_new(void); /* NULL without memory */
void matches_free(struct matches *matches); /* NULL is accepted */

/* True when no batch of the week of a moment is there: the housekeeper should make one. */
bool matches_due(struct matches *matches, int64_t now_ms);
/*
 * Takes the week's batch up from the side store, or makes it on this state and keeps it. A demo
 * network, whose log may be written at once for a year gone by, gets a new one at every start;
 * `anew`: so does any. False: no memory, or a store fails; then nothing has changed.
 */
bool matches_refresh(struct matches *matches, struct side *side, struct state *s,
                     const char *origin, int64_t now_ms, bool anew);

/* The batch, or NULL when there is none yet. */
const struct week_batch *matches_get(struct matches *matches);
void matches_release(struct matches *matches, const struct week_batch *batch); /* NULL too */

/* NULL: no memory, or a store fails. */
const struct now_facts *matches_now(struct matches *matches, struct side *side, struct state *s,
                                    const char *origin, int64_t now_ms);
void matches_release_now(struct matches *matches, const struct now_facts *now);

#endif
