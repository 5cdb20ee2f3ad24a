/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Who could help whom: one batch of proposals for all open needs at once (SPEC 19).
 *
 * Among everything that eligibility, offered hours, lines and the pool allow, a batch serves the
 * most minutes of class 0, then of class 1, 2 and 3; then it leaves positions as even as possible
 * and relations as shared as possible; then it follows the tie ranks. That is one circulation of
 * least cost (policies/flow.h) and therefore exact: no other choice is better. Afterwards pieces
 * that are too small to be worth a meeting are merged or left out, which can cost something; both
 * figures are given. A batch proposes. Nobody is bound by it, and the organisations decide.
 *
 * Everything the answer depends on is in the input, whose arrays may come in any order: they are
 * put in the order of their ids first. The same input gives the same answer anywhere. Pure, any
 * thread; memory linear in needs, offers and eligible pairs is allocated and, but for the result,
 * freed; without memory the process stops. Input out of the stated ranges is asserted.
 *
 * Positions are the account's: given less received, with gifts and what the pool took over. What
 * is promised and not yet given counts the way the caller wants it to: it belongs in position. */
#ifndef POLICIES_MATCHING_H
#define POLICIES_MATCHING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policies/limits.h"

#define MATCH_CLASSES 4

/* Amounts of minutes of one organisation, need or budget lie within this, positions within both
 * signs of it. */
#define MATCH_MINUTES_MAX ((int64_t)1 << 32)

/* What decides besides the data. All of it belongs to the assembly, and to the inputs published. */
struct match_rules {
    int64_t quantum;          /* minutes, 1..1440: what is counted in one piece; 30 */
    int64_t piece_minutes;    /* no smaller piece of a need that asks for more; 120 */
    int64_t pair_cap_minutes; /* a receiver's share of one giver is looked at from here; 720 */
    int64_t pair_cap_permille; /* 1..1000; 400 */
    int64_t pair_price;       /* 0..10^9: weight of a quantum beyond that share, see weight; 25000:
                               * like one quantum at half a line of 20 h */
    int64_t pool_minutes; /* what the pool may still pay; >= 0 */
    int64_t weight; /* of an organisation's squared position in quanta: 0 gives each
                     * 10^6 / line^2, at least 1, with its own line in quanta on the side where it
                     * stands; 1..10^6 gives all the same */
};

struct match_org {
    uint32_t id; /* distinct */
    int64_t position;
    struct line line;
    int64_t capacity; /* minutes it offers to give in this batch, >= 0 */
    int64_t received; /* minutes received in the window, >= 0 */
    bool fragile;     /* guarded, see burden */
    bool volunteers;  /* wants to be proposed all the same */
    int64_t burden;   /* minutes given per full-time post, >= 0; -1 if not known. Where the mean of
                       * those known is exceeded, a fragile organisation is not proposed to give */
    uint64_t tie;     /* decides what nothing else does, lower first; such as a hash of batch and
                       * organisation, so that it is nobody's choice */
};

/* A set of numbers (areas, languages) in any order. Empty: any. */
struct match_set {
    const uint32_t *v;
    size_t n;
};

/* What both an offer and a need say of the help. Sets must have a number in common, days a day. */
struct match_what {
    uint32_t type, skill; /* equal */
    struct match_set areas, languages;
    int32_t from_day, until_day; /* inclusive; INT32_MIN and INT32_MAX: any */
};

struct match_offer {
    uint32_t id; /* distinct */
    struct match_what what;
    const uint32_t *givers; /* ids of organisations; more than one: a joint offer, within which a
                             * piece may be shared in any way */
    size_t n_givers;        /* >= 1 */
};

struct match_need {
    uint32_t id;  /* distinct */
    uint32_t org; /* id of who asks */
    struct match_what what;
    int64_t minutes; /* >= 1, still asked for */
    int class;       /* 0..3, see match_class() */
    bool urgent;     /* urgency in force: no floor applies */
    bool fragile;    /* of a fragile organisation: up to the hard floor */
    int64_t pool_permille; /* the share that the pool pays, whatever the two above say; 0..1000 */
    /* Where nothing else decides, needs with a lower `order` go first, then the oldest. */
    uint32_t order; /* such as the place of who asks by its fill rate (SPEC 18.2) */
    int64_t since;  /* when it was published */
};

/* Minutes given in the window, once per pair of organisations. */
struct match_pair {
    uint32_t giver, receiver;
    int64_t minutes;
};

/* This organisation is not proposed for this need: it declined, or it has an interest in it. */
struct match_bar {
    uint32_t need, org;
};

/* These two are not proposed to each other, in either direction. */
struct match_conflict {
    uint32_t a, b;
};

struct match_input {
    struct match_rules rules;
    const struct match_org *orgs;
    size_t n_orgs;
    const struct match_offer *offers;
    size_t n_offers;
    const struct match_need *needs;
    size_t n_needs;
    const struct match_pair *pairs;
    size_t n_pairs;
    const struct match_bar *bars;
    size_t n_bars;
    const struct match_conflict *conflicts;
    size_t n_conflicts;
    bool prices; /* work out match_other.price: one search through the network for each need */
};

/* The class of a need: 0 urgent, 1 fragile, 2 among the first three of a new member, 3 others; one
 * class up for every 30 days of waiting, but not into 0, which only a vouched urgency opens. */
int match_class(bool urgent, bool fragile, bool first_three, int64_t days_waiting);

/* What a batch is worth, compared from the first member to the last. All counted in quanta. */
struct match_worth {
    int64_t served[MATCH_CLASSES]; /* more is better */
    int64_t uneven; /* less is better: by how much the sum of weight * position^2 / quantum changes
                     * (positions in minutes), plus pair_price * quantum for every quantum beyond a
                     * pair's allowance, plus what the pool's help at the floor is valued at */
    int64_t ties;   /* less is better: the sum of tie ranks */
};

/* -1: a is better than b, 1: worse, 0: equal. */
int match_compare(const struct match_worth *a, const struct match_worth *b);

/* Why an organisation was not proposed instead. */
enum match_other_why {
    MATCH_OTHER_WORSE,   /* it could, and the batch would be worth less: by uneven and ties */
    MATCH_OTHER_TAKEN,   /* its hours go to other needs */
    MATCH_OTHER_CEILING, /* it would be above its ceiling */
    MATCH_OTHER_RELIED,  /* the giver needs this piece to stay within its own line */
};

struct match_other {
    uint32_t giver, offer;
    enum match_other_why why;
    int64_t uneven, ties; /* what the whole piece would have cost more from this giver, all else
                           * being left as it is; may be negative only where pieces were merged or
                           * left out, or if it could not */
    /* If asked for, of who gives nothing for this need in the best batch, and if there is any way:
     * by how much the best batch is worth less in which this giver gives a quantum for this need
     * and everything else is arranged anew: quanta lost of each class (the first that differs from
     * 0 is a loss), unevenness and ties more. */
    bool priced;
    struct match_worth price;
};

struct match_proposal {
    uint32_t need, receiver, giver, offer;
    bool joint; /* the offer has several givers; those proposed for this need are one piece */
    int class;
    int64_t minutes;
    int64_t pool_minutes; /* of these, those paid by the pool */
    /* Positions before the batch and after all of it. */
    int64_t giver_before, giver_after, receiver_before, receiver_after;
    /* Minutes of this giver to this receiver in the window, all that the receiver received, and how
     * many of this batch's go beyond the pair's allowance. */
    int64_t pair_before, received_before, pair_beyond;
    size_t first_other, n_others; /* in match_result.others: everybody else eligible */
};

/* Why a need, or what is left of it, found nobody: the hurdle that most nearly was taken. */
enum match_left_why {
    MATCH_LEFT_NO_OFFER,    /* nobody offers that skill */
    MATCH_LEFT_NO_DAY,      /* nobody then */
    MATCH_LEFT_NO_AREA,     /* nobody there */
    MATCH_LEFT_NO_LANGUAGE, /* nobody in that language */
    MATCH_LEFT_BARRED,      /* only itself, or organisations that declined or have an interest */
    MATCH_LEFT_GUARDED,     /* only fragile organisations that carry more than the mean */
    MATCH_LEFT_NO_CAPACITY, /* all hours offered are taken, or none was */
    MATCH_LEFT_CEILING,     /* only organisations that gave so much more that they rest */
    MATCH_LEFT_FLOOR,       /* the one who asks stands at its line */
    MATCH_LEFT_POOL,        /* ... and the pool has nothing left */
    MATCH_LEFT_SMALL,       /* only a piece too small to be worth a meeting */
};

struct match_left {
    uint32_t need;
    int64_t minutes; /* left */
    enum match_left_why why;
};

/* Sorted by need, offer, giver; left by need. */
struct match_result {
    struct match_worth bound;   /* of the circulation: nothing can be better */
    struct match_worth reached; /* of the proposals */
    bool repaired;              /* pieces were merged or left out; else the two are equal */
    int64_t pool_minutes;       /* what the pool would pay, quanta counted whole */
    struct match_proposal *proposals;
    size_t n_proposals;
    struct match_other *others;
    size_t n_others;
    struct match_left *left;
    size_t n_left;
};

/* Free the result with match_free(). */
void match_batch(const struct match_input *input, struct match_result *result);
void match_free(struct match_result *result);

/* How many more minutes a giver may give a receiver before one more would be above pair_cap: less
 * than pair_cap_minutes received in all, or no more than pair_cap_permille of it from this giver,
 * counting nothing else. INT64_MAX if never. 0 <= pair <= received. */
int64_t match_pair_allowance(int64_t pair, int64_t received, int64_t cap_minutes,
                             int64_t cap_permille);

#endif
