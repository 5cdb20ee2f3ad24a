/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a batch of proposals is computed from (SPEC 19.8): read from a state, that is from a log of
 * one size, and from the list of what was declined, which no log has. The same log and the same
 * list give the same facts anywhere, and the same facts the same proposals (policies/matching.h).
 *
 * Organisations, offers and needs have their place in the lists for number: organisations in order
 * of admission, offers and needs in the order of their ids. Everything is held by value. Reads no
 * clock. A struct state belongs to one thread; what was read does not change.
 */
#ifndef SEM_LEDGER_MATCH_FACTS_H
#define SEM_LEDGER_MATCH_FACTS_H

#include "ledger/state.h"
#include "policies/calendar.h"
#include "policies/fill.h"
#include "policies/loops.h"
#include "policies/matching.h"

/* A provider that does not want to be proposed for a need. Nothing follows from it but that. */
struct match_decline {
    struct ref need;
    struct handle org;
    int64_t until; /* ms: it may be proposed again from then on; 0: never */
    int64_t at;    /* when it said so, ms */
};

struct match_fact_org {
    struct handle handle;
    int64_t position; /* less what is promised to it */
    struct line line;
    int64_t capacity; /* minutes that it can still be asked for */
    int64_t received; /* in the rolling year */
    int64_t burden;   /* M11; -1: not known */
    struct fill fill; /* M10 of its own needs in the rolling year */
    bool fragile;
    int64_t helped_at; /* when it last received, ms; 0: never. For choices alone */
    uint32_t number;   /* of the state; 0 where facts were read from a file */
};

/* What an offer and a need say of the help. */
struct match_fact_what {
    uint8_t type;      /* enum thing */
    struct slug skill; /* empty: none */
    struct slugs areas, languages;
    int64_t until; /* ms */
};

struct match_fact_offer {
    struct ref ref;
    struct match_fact_what what;
    size_t n_providers;
    uint32_t providers[PARTIES_MAX]; /* places; those that are active */
};

struct match_fact_need {
    struct ref ref;
    uint32_t asker;
    struct match_fact_what what;
    int64_t minutes; /* neither served nor reserved */
    int class;
    bool urgent, fragile;
    int64_t pool_permille; /* SPEC 18.4, but for what is taken over where a line ends */
    int64_t since;
    struct handle voucher; /* of the urgency in force, who is not proposed; empty: nobody */
};

struct match_facts {
    char origin[ORIGIN_MAX + 1];
    char week[CALENDAR_WEEK_BYTES];
    uint64_t size; /* of the log */
    int64_t at;    /* ms: the moment it speaks of */
    bool guard;    /* choice_burden_guard */
    struct match_rules rules;
    size_t n_orgs, n_offers, n_needs, n_pairs, n_declines;
    struct match_fact_org *orgs;
    struct match_fact_offer *offers;
    struct match_fact_need *needs;
    struct match_pair *pairs; /* places; sorted by (giver, receiver) */
    struct match_decline *declines; /* those in force, sorted by need, then organisation */
};

/*
 * Reads them for the week that begins at `week` (calendar_week()), as of its first moment or the
 * last leaf, whichever is later. `declines` in any order; those whose need is not asked any more
 * are left out. The network is founded. False: no memory, or the log cannot be read. Free with
 * match_facts_free(), also after false.
 */
bool match_facts_read(struct state *s, const char *origin, int64_t week,
                      const struct match_decline *declines, size_t n_declines,
                      struct match_facts *out) __attribute__((warn_unused_result));
/* The same as of a moment, which is not before the last leaf: for what is asked between batches. */
bool match_facts_read_at(struct state *s, const char *origin, int64_t at,
                         const struct match_decline *declines, size_t n_declines,
                         struct match_facts *out) __attribute__((warn_unused_result));
void match_facts_free(struct match_facts *facts);

/* Places; SIZE_MAX: it is not among them. */
size_t match_facts_org(const struct match_facts *facts, const struct handle *handle);
size_t match_facts_need(const struct match_facts *facts, const struct ref *ref);
size_t match_facts_offer(const struct match_facts *facts, const struct ref *ref);

/* --- Proposals -------------------------------------------------------------------------------- */

/*
 * The batch: ids in the result are places. Free with match_free(). False: no memory for what is
 * handed to match_batch().
 */
bool match_facts_solve(const struct match_facts *facts, struct match_result *out)
    __attribute__((warn_unused_result));

/* Most organisations that share what one need asks for between batches. */
#define MATCH_CHOICE_MAX 3

/* Whom to ask now for one need: the least asked first (SPEC 19.5). */
struct match_choice {
    size_t n;
    struct {
        uint32_t giver, offer;
        int64_t minutes;
    } v[MATCH_CHOICE_MAX];
    size_t candidates; /* who could be asked */
};
/* For the need at a place, whose minutes may be fewer by now. False: no memory. */
bool match_facts_choose(const struct match_facts *facts, size_t need, int64_t minutes,
                        struct match_choice *out) __attribute__((warn_unused_result));

/* --- Loops ------------------------------------------------------------------------------------ */

/*
 * Who could give whom how much for what is asked, once per pair, and the loops of SPEC 19.6 among
 * them; organisations are places. `*out` has the caller's room for `max`. Returns how many;
 * SIZE_MAX: no memory.
 */
size_t match_facts_loops(const struct match_facts *facts, struct loop *out, size_t max);
/* The needs of one that offers of another fit: calls take() for each. */
void match_facts_between(const struct match_facts *facts, uint32_t giver, uint32_t receiver,
                         void (*take)(void *ctx, size_t need, size_t offer), void *ctx);

#endif
