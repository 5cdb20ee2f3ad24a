/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/sheet_gather.h"

#include <stdlib.h>

#define QUARTERS 4
#define QUARTER_MONTHS 3
#define ROOM_FIRST 64

bool gather_was_member(const struct org *org, int64_t at)
{
    return org->admitted_at <= at && (org->state == ORG_ACTIVE || org->left_at > at);
}

void *gather_room(void *list, size_t n, size_t *room, size_t size)
{
    size_t wanted = *room ? 2 * *room : ROOM_FIRST;
    void *more;

    if (n < *room) {
        return list;
    }
    more = realloc(list, wanted * size);
    if (more) {
        *room = wanted;
    }
    return more;
}

bool gather_org(struct gather *g, const struct policy *policy, const struct org *org)
{
    int64_t month = org->capacity.set ? org->capacity.n : policy->capacity_default;
    struct deficit_org *orgs = gather_room(g->orgs, g->n_orgs, &g->orgs_room, sizeof *orgs);

    if (!orgs) {
        return false;
    }
    g->orgs = orgs;
    orgs[g->n_orgs++] = (struct deficit_org){org->number, month * QUARTER_MONTHS};
    return true;
}

bool gather_need(struct gather *g, const struct need *need, uint32_t thing)
{
    struct deficit_need *needs = gather_room(g->needs, g->n_needs, &g->needs_room, sizeof *needs);

    if (!needs) {
        return false;
    }
    g->needs = needs;
    needs[g->n_needs++] = (struct deficit_need){need->key.author, thing, need->minutes};
    return true;
}

bool gather_offer(struct gather *g, uint32_t provider, uint32_t thing)
{
    struct deficit_offer *offers =
        gather_room(g->offers, g->n_offers, &g->offers_room, sizeof *offers);

    if (!offers) {
        return false;
    }
    g->offers = offers;
    offers[g->n_offers++] = (struct deficit_offer){provider, thing};
    return true;
}

static int compare_needs(const void *a, const void *b)
{
    const struct deficit_need *x = a, *y = b;

    if (x->org != y->org) {
        return x->org < y->org ? -1 : 1;
    }
    return x->skill < y->skill ? -1 : x->skill > y->skill;
}

static int compare_offers(const void *a, const void *b)
{
    const struct deficit_offer *x = a, *y = b;

    if (x->org != y->org) {
        return x->org < y->org ? -1 : 1;
    }
    return x->skill < y->skill ? -1 : x->skill > y->skill;
}

static void sum_needs(struct gather *g)
{
    size_t kept = 0;

    if (g->n_needs > 0) {
        qsort(g->needs, g->n_needs, sizeof *g->needs, compare_needs);
    }
    for (size_t i = 0; i < g->n_needs;) {
        struct deficit_need sum = g->needs[i];

        for (i++; i < g->n_needs && compare_needs(&g->needs[i], &sum) == 0; i++) {
            sum.minutes += g->needs[i].minutes;
        }
        sum.minutes /= QUARTERS;
        g->needs[kept++] = sum;
    }
    g->n_needs = kept;
}

static void single_offers(struct gather *g)
{
    size_t kept = 0;

    if (g->n_offers > 0) {
        qsort(g->offers, g->n_offers, sizeof *g->offers, compare_offers);
    }
    for (size_t i = 0; i < g->n_offers; i++) {
        if (i == 0 || compare_offers(&g->offers[i], &g->offers[kept - 1]) != 0) {
            g->offers[kept++] = g->offers[i];
        }
    }
    g->n_offers = kept;
}

void gather_deficit(struct gather *g, size_t gains, struct deficit_result *out)
{
    struct deficit_input in;

    sum_needs(g);
    single_offers(g);
    in = (struct deficit_input){.orgs = g->orgs, .n_orgs = g->n_orgs,
                                .needs = g->needs, .n_needs = g->n_needs,
                                .offers = g->offers, .n_offers = g->n_offers};
    deficit_find(&in, gains, out);
}

void gather_free(struct gather *g)
{
    free(g->orgs);
    free(g->needs);
    free(g->offers);
}
