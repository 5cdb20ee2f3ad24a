/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the writer does with one job (ledger/writer.h has the tour): decides it on an overlay, with
 * the ticks before and the seal behind it, and appends what it accepts. Log and state go into the
 * overlay's base, leaves into the journal's draft; nothing here is durable or shown to anybody.
 *
 * Belongs to the writer's thread. What cannot be read or appended ends the process.
 */
#ifndef SEM_LEDGER_DECIDE_H
#define SEM_LEDGER_DECIDE_H

#include "ledger/journal.h"
#include "ledger/refuser.h"
#include "ledger/signers.h"
#include "ledger/writer.h"

struct decider {
    const char *origin;
    const struct secret_key *clock_key;
    struct public_key log_public, clock_public, refusal_public;
    int64_t (*now_ms)(void);
    struct journal *journal;
    struct refuser *refuser;
    struct state state;
    uint64_t appended; /* leaves since decider_begin(); 0 before it */
    /* Its own. */
    struct rules rules;
    struct note note_read;
    struct signatures signatures;
    struct entry own; /* of the clock, under way */
    char leaf[LEAF_MAX];
};

/*
 * Zeroed before. False without memory; decider_free() in any case. What is handed over is borrowed,
 * and the decider stays where it is.
 */
bool decider_init(struct decider *decider, const struct writer_config *config, const char *origin,
                  int64_t (*now_ms)(void), struct journal *journal, struct refuser *refuser)
    __attribute__((warn_unused_result));
void decider_free(struct decider *decider);

/* Begins a batch on an empty overlay over all that was decided before. */
void decider_begin(struct decider *decider, struct kv *overlay);
/*
 * Decides a job whose result is JOB_REFUSED, or leaves one alone that is JOB_DEADLINE. The overlay
 * is empty then: what was accepted is in its base.
 */
void decide(struct decider *decider, struct kv *overlay, struct job *job);
/* SPEC 5.2: appends every tick that is due up to `at`, on the overlay. */
void decide_ticks(struct decider *decider, struct kv *overlay, int64_t at);

/*
 * Pages that may not be on disk, or a head that cannot be kept, must not be built upon, and nobody
 * may be told of them: the only safe way on is a new start.
 */
_Noreturn void writer_die(const char *what, const char *why);

#endif
