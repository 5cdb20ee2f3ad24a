/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A batch while it is being worked on, for the files matching*.c alone. Here everything is counted
 * in quanta and named by its place in arrays sorted by id. */
#ifndef POLICIES_MATCHING_WORK_H
#define POLICIES_MATCHING_WORK_H

#include "policies/matching.h"

struct m_org {
    const struct match_org *in;
    int64_t weight;
    int64_t capacity;
    /* Slots of the net change: up, down to the floor, down to the hard floor. */
    int64_t up, floor, hard;
    bool guarded;
    /* What the choice so far has it give, and receive at its own charge by the right to do so. */
    int64_t given;
    int64_t own_usual, own_fragile, own_urgent;
};

struct m_need {
    const struct match_need *in;
    uint32_t org;
    int64_t quanta;
    int64_t pool_max;    /* the share of the pool */
    int64_t rescue_max;  /* what the pool may pay besides, where the line ends */
    int64_t rescue_cost; /* of each of these */
    size_t first, n;     /* candidates */
    enum match_left_why hurdle; /* where the last one failed, when there is no candidate */
    int64_t served, pool, rescue;
};

struct m_pair {
    uint32_t giver, receiver;
    int64_t before, allowance;
    int64_t asked; /* by the needs that it is a candidate for */
    int64_t given;
};

/* An organisation that may be proposed for a need. Those of a need lie together, in the order of
 * their tie ranks, and the needs in the order of age. */
struct m_candidate {
    uint32_t need, giver, offer;
    uint32_t pair;
    int64_t given; /* the choice */
};

/* What one more quantum through a candidate costs. */
struct m_price {
    bool known;
    struct match_worth worth;
};

struct m_work {
    struct match_rules rules;
    struct m_org *org;
    uint32_t orgs;
    struct m_need *need;
    uint32_t needs;
    uint32_t *by_turn; /* needs by order, then the oldest first */
    uint32_t *by_rank; /* needs by class, then the same */
    const struct match_offer **offer;
    uint32_t offers;
    struct m_pair *pair;
    uint32_t pairs;
    struct m_candidate *candidate; /* its place is its tie rank */
    size_t candidates;
    struct m_price *price; /* of each candidate, or NULL */
    int64_t pool_max, pool;
    bool repaired;
};

void *m_room(size_t n, size_t size);

/* Sorts, looks up, and finds all candidates and pairs. m_work_end() frees. */
void m_work_start(struct m_work *w, const struct match_input *input);
void m_work_end(struct m_work *w);

/* The place of an organisation, which must exist. */
uint32_t m_org_find(const struct m_work *w, uint32_t id);

/* --- The choice: what it is worth, and whether more or less is possible ----------------------- */

int64_t m_org_net(const struct m_org *org);
void m_worth(const struct m_work *w, struct match_worth *worth);
/* Whether an organisation may give more; less, without its own receiving crossing its line. */
bool m_can_give(const struct m_org *org, int64_t more);
bool m_can_hold_back(const struct m_org *org, int64_t less);
/* Whether one more quantum for a need could be charged to somebody. */
bool m_can_charge(const struct m_work *w, const struct m_need *need);
/* Charges a quantum, which must be possible, where it costs least; or takes one back. */
void m_charge(struct m_work *w, struct m_need *need);
void m_discharge(struct m_work *w, struct m_need *need);
/* What moving quanta of a need from one candidate to another would change. */
void m_swap_cost(const struct m_work *w, const struct m_candidate *from,
                 const struct m_candidate *to, int64_t quanta, int64_t *uneven, int64_t *ties);
void m_give(struct m_work *w, struct m_candidate *candidate, int64_t quanta); /* < 0: less */

/* --- The steps of a batch --------------------------------------------------------------------- */

/* Fills in the best choice, and what it is worth. */
void m_solve(struct m_work *w, struct match_worth *bound);
/* Merges or leaves out pieces that are too small. */
void m_repair(struct m_work *w);
/* The least size of a piece of this need. */
int64_t m_piece_min(const struct m_work *w, const struct m_need *need);
void m_explain(const struct m_work *w, struct match_result *result);

#endif
