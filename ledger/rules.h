/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The rules: (state, entry) to changes, or a refusal with a code and figures (SPEC 3-8).
 *
 * rules_apply() is the one way into the state, for the writer, a replay, an audit and a preview
 * alike. It reads no clock and verifies no signature (ledger/signers.h does): the time and index of
 * the leaf are arguments. On a refusal the changes made so far are in the kv: the caller must throw
 * that transaction or overlay away.
 */
#ifndef SEM_LEDGER_RULES_H
#define SEM_LEDGER_RULES_H

#include "ledger/state.h"
#include "policies/limits.h"

/* What an entry did, for previews and answers. */
struct org_change {
    struct org before, after;
};
struct limit_note { /* a line that was looked at */
    uint32_t org;
    bool urgent;
    int64_t covered; /* minutes that the common pool can pay, and that are not counted */
    struct limit_decision decision;
};
struct pool_note { /* what the common pool pays of the minutes to the asker of a need */
    uint32_t asker;
    int64_t minutes, eligible, rate, paid, left; /* left: of the quarter's budget, before */
};
struct outcome {
    size_t n_changes; /* organisations whose counters moved, each once */
    struct org_change changes[2 * PARTIES_MAX + 2];
    size_t n_limits;
    struct limit_note limits[PARTIES_MAX];
    bool has_pool;
    struct pool_note pool;
};

struct signer_set;

/* Organisations that an entry, or a piece of a tick, may touch at once. */
#define RULES_WORK_MAX (2 * PARTIES_MAX + 2)

struct rules {
    struct state *state;
    uint64_t index;  /* of the leaf being applied */
    int64_t at;      /* of the leaf being applied */
    uint32_t author; /* number of entry->by; 0 for the clock and for newcomers until admitted */
    struct outcome *outcome; /* may be NULL */
    /*
     * The root of this log at a size, for `seen`; false when it cannot be known. NULL: `seen` is
     * not checked.
     */
    bool (*root_at)(void *ctx, uint64_t size, struct hash *out);
    void *root_ctx;
    /*
     * What turns the salts (SPEC 7.4): the bytes of the leaf, and whose signatures it carries (not
     * looked at for what the clock makes). Empty and NULL where there is no leaf, in a preview.
     */
    struct slice leaf;
    const struct signer_set *signers;
    /*
     * The seal that rules_make_seal() has just made of this very state, so that its tree is not
     * computed twice; NULL for a seal that somebody else made.
     */
    const struct body_seal_balances *made;
    /* The entry's working copies (ledger/books.h); start with both zero. */
    size_t n_work;
    struct org_change work[RULES_WORK_MAX];
    int64_t exchanges; /* change of the network's count */
    uint32_t look_last; /* ledger/books.h; POOL: nobody */
    bool look_owed;     /* its counters moved in an earlier piece */
    bool calendar;      /* set when a moment of the calendar was processed */
};

/* --- Signers ---------------------------------------------------------------------------------- */

struct signer {
    struct handle handle;
    uint8_t scope;             /* the least scope: SCOPE_ADMIN or SCOPE_SIGN */
    bool own_key;              /* the key stands in the entry itself: admission, founding */
    struct public_key key;     /* then */
    int64_t minutes;           /* of the shares it takes part in, for key ceilings */
};
struct signer_set {
    size_t n;
    struct signer v[2 * PARTIES_MAX + FOUNDERS_MAX]; /* sorted by handle, each once */
};

/* Whose signatures the entry needs. False with a refusal when that cannot be known. */
bool rules_signers(struct rules *r, const struct entry *entry, struct signer_set *out,
                   struct refusal *why) __attribute__((warn_unused_result));

/* --- Applying --------------------------------------------------------------------------------- */

/*
 * Applies one entry as leaf r->index at time r->at. r->state, index, at (and optionally outcome,
 * root_at) are set by the caller; due ticks must have been applied before (asserted).
 */
bool rules_apply(struct rules *r, const struct entry *entry, struct refusal *why)
    __attribute__((warn_unused_result));

/*
 * The time of the next leaf: max(time of the last leaf, now), or in a demo network the entry's own
 * `at` (SPEC 5.1, 15). Refuses time_order and at_not_allowed.
 */
bool rules_entry_time(struct state *s, const struct entry *entry, int64_t now_ms, int64_t *at,
                      struct refusal *why) __attribute__((warn_unused_result));

/* True when a due moment <= at waits: a tick must come first. */
bool rules_tick_due(struct state *s, int64_t at);

/*
 * Computes the next tick at time `at` without changing anything: its body and id. At most 1 000
 * moments. False when none is due.
 */
bool rules_make_tick(struct state *s, int64_t at, struct body_clock_tick *body, struct id *id);

/*
 * When a seal.balances must come, may not come, and how the next one goes (SPEC 6.11). Its time is
 * that of the last leaf.
 */
bool rules_seal_due(struct state *s);   /* the next leaf must be one */
bool rules_seal_early(struct state *s); /* the last leaf is one */
void rules_make_seal(struct state *s, const char *origin, struct body_seal_balances *body,
                     struct id *id);

/*
 * The full recount of SPEC 7.2. On false `why` (of at least 160 bytes) says what differs.
 */
bool rules_recount(struct state *s, char *why, size_t why_size) __attribute__((warn_unused_result));
/* Its first two invariants alone, which cost one walk over the organisations: at every tick. */
bool rules_recount_positions(struct state *s, char *why, size_t why_size)
    __attribute__((warn_unused_result));

#endif
