/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a structural deficit (M14) is computed from, gathered for the sheet (ledger/sheet.h) and for
 * the ends of its past years: members with what they can give in a quarter, what was asked in a
 * year, what is on offer. The caller says which of them count, needs and offers in any order and as
 * often as it finds them; things are places of sheet_thing(). One thread.
 */
#ifndef SEM_LEDGER_SHEET_GATHER_H
#define SEM_LEDGER_SHEET_GATHER_H

#include "ledger/state.h"
#include "policies/deficit.h"

/* Starts as zeros. */
struct gather {
    struct deficit_org *orgs;
    size_t n_orgs, orgs_room;
    struct deficit_need *needs;
    size_t n_needs, needs_room;
    struct deficit_offer *offers;
    size_t n_offers, offers_room;
};

/* Whether it was a member at that moment (ms). */
bool gather_was_member(const struct org *org, int64_t at);

/* Organisations come in the order of their numbers. False when there is no memory. */
bool gather_org(struct gather *g, const struct policy *policy, const struct org *org)
    __attribute__((warn_unused_result));
bool gather_need(struct gather *g, const struct need *need, uint32_t thing)
    __attribute__((warn_unused_result));
bool gather_offer(struct gather *g, uint32_t provider, uint32_t thing)
    __attribute__((warn_unused_result));

/* A list, moved if need be, with room for one more element; NULL without memory: it stays. */
void *gather_room(void *list, size_t n, size_t *room, size_t size)
    __attribute__((warn_unused_result));

/*
 * The deficit of a quarter, with at most so many gains: needs are added up once per organisation
 * and thing and divided by four, offers count once. Once for each gathering; free the result with
 * deficit_free().
 */
void gather_deficit(struct gather *g, size_t gains, struct deficit_result *out);
void gather_free(struct gather *g);

#endif
