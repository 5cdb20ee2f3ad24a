/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Moving counters: the one place where minutes change hands in the state. An entry works on copies
 * of the organisations it touches; books_settle() writes them back and asserts that the sums of
 * SPEC 7.2 still hold, on the entry's own changes and on the stored totals.
 */
#ifndef SEM_LEDGER_BOOKS_H
#define SEM_LEDGER_BOOKS_H

#include "ledger/rules.h"

/* The working copy of an organisation, or of the pool; it exists (asserted). */
struct org *books_org(struct rules *r, uint32_t number);

/* Reserves (minutes > 0) or releases (< 0) between giver and receiver. */
void books_reserve(struct rules *r, uint32_t from, uint32_t to, int64_t minutes);

/*
 * Posts confirmed minutes (> 0) of a pair of hours, or takes them back (< 0), in the bucket of the
 * day on which these hours were recorded; a gift leaves both positions where they were. `paid` of
 * them (of the same sign) the pool takes over from who receives. `step`: one exchange of the pair
 * more (+1), one less (-1), or 0. The counts of organisations are the caller's, by books_count().
 */
void books_post(struct rules *r, const struct hours *h, const struct pair_minutes *pair,
                int64_t minutes, int64_t paid, int step);
/* One exchange more or less for each organisation in the pairs, and for the network. */
void books_count(struct rules *r, const struct pair_minutes *pairs, size_t n, int step);

/* Moves minutes from one account to another without help being given: leaving, the pool. */
void books_move(struct rules *r, uint32_t from, uint32_t to, int64_t minutes);

/* Looks at an organisation's line even if this piece does not move its counters. */
void books_look(struct rules *r, uint32_t number);

/*
 * Writes the working copies back, checks the sums, looks at the line of whoever's counters moved
 * (SPEC 18.8), and starts with none again. An entry that settles in pieces names in r->look_last
 * the organisation whose position its last piece still changes.
 */
void books_settle(struct rules *r);

#endif
