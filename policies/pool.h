/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The common pool: what it pays, and how it is filled again (SPEC 18.4, 18.5).
 *
 * Who gave is counted as ever; of what the pool pays, who received is not expected to give back
 * anything. Once a quarter what the pool is below zero is shared by those who can give, to the
 * minute. All amounts are minutes within ±2^53 and all sums of weights within an int64; asserted.
 * Pure functions, any thread, nothing allocated. */
#ifndef POLICIES_POOL_H
#define POLICIES_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct policy;

/* --- What it pays ----------------------------------------------------------------------------- */

/* An entry by which the asker of a need receives, and the asker before it. */
struct pool_case {
    bool urgent;           /* the entry is urgent */
    int64_t class;         /* of the asker's status in force; 0: none */
    int64_t pool_permille; /* of that status */
    int64_t minutes;       /* that the asker receives, >= 0 */
    int64_t asked;         /* what the need still asked; below 0 it counts as 0 */
    int64_t position, floor;
};

/* How many of the minutes the pool looks at. */
int64_t pool_eligible(const struct pool_case *c);

/* The share of them that it pays, per mille. */
int64_t pool_rate(const struct policy *policy, const struct pool_case *c);

/* What goes on from share to share: deal them in their order. */
struct pool_purse {
    int64_t eligible; /* minutes that are not dealt yet */
    int64_t left;     /* of the quarter's budget */
};

/* What the pool pays of one share, taken from the purse. */
int64_t pool_pay(struct pool_purse *purse, int64_t rate, int64_t minutes);

/* What stays paid of a share of `left` minutes, `paid` of them by the pool, when `back` of them
 * are taken back. 0 <= back <= left, left > 0, 0 <= paid <= left. */
int64_t pool_stays(int64_t paid, int64_t left, int64_t back);

/* --- How it is filled ------------------------------------------------------------------------- */

/* One member's part of a sum. */
struct pool_part {
    int64_t weight;  /* >= 0 */
    int64_t minutes; /* the answer */
    int64_t rest;    /* room for the work */
    size_t place;
};

/* Shares minutes >= 0 in proportion to the weights: each part gets floor(minutes * weight / sum of
 * weights), and the minutes that are then missing go one by one to the parts with the largest
 * remainders of that division, of equal ones to the first. The answers add up to `minutes`; all are
 * 0 when no weight is above 0. O(n log n). */
void pool_share(struct pool_part *parts, size_t n, int64_t minutes);

/* The weight of a member in closings. */
int64_t pool_weight(int64_t capacity, int64_t levy_permille);

/* What a member beyond the band gives, or is forgiven; 0 within it, and where that is off. */
int64_t pool_levy(const struct policy *policy, int64_t position);
int64_t pool_forgiveness(const struct policy *policy, int64_t position);

/* What the pool may pay in a quarter with so many contributing members. */
int64_t pool_budget(const struct policy *policy, int64_t members, bool crisis);

/* A budget when a crisis begins. */
int64_t pool_widened(const struct policy *policy, int64_t budget);

#endif
