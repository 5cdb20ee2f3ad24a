/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/matching_work.h"

#include <assert.h>
#include <stdlib.h>

/* What is proposed in minutes, for each organisation: a last quantum may be a part of one. */
struct totals {
    int64_t *given, *own;
};

static int proposal_order(const void *a, const void *b, void *work)
{
    const struct m_work *w = work;
    const struct m_candidate *x = *(const struct m_candidate *const *)a;
    const struct m_candidate *y = *(const struct m_candidate *const *)b;

    if (x->offer != y->offer) /* places of offers sorted by id */
        return x->offer < y->offer ? -1 : 1;
    return w->org[x->giver].in->id < w->org[y->giver].in->id ? -1 : x != y;
}

static enum match_other_why why_not(const struct m_work *w, const struct m_candidate *chosen,
                                    const struct m_candidate *other)
{
    const struct m_org *org = &w->org[other->giver];

    if (org->given + chosen->given > org->capacity)
        return MATCH_OTHER_TAKEN;
    if (!m_can_give(org, chosen->given))
        return MATCH_OTHER_CEILING;
    if (!m_can_hold_back(&w->org[chosen->giver], chosen->given))
        return MATCH_OTHER_RELIED;
    return MATCH_OTHER_WORSE;
}

static void add_others(const struct m_work *w, struct match_result *result,
                       const struct m_candidate *chosen)
{
    const struct m_need *need = &w->need[chosen->need];

    for (size_t i = need->first; i < need->first + need->n; i++) {
        const struct m_candidate *other = &w->candidate[i];

        if (other == chosen)
            continue;

        struct match_other *out = &result->others[result->n_others++];

        out->giver = w->org[other->giver].in->id;
        out->offer = w->offer[other->offer]->id;
        out->why = why_not(w, chosen, other);
        m_swap_cost(w, chosen, other, chosen->given, &out->uneven, &out->ties);
        if (w->price != NULL && w->price[other - w->candidate].known) {
            out->priced = true;
            out->price = w->price[other - w->candidate].worth;
        }
    }
}

static void add_proposal(const struct m_work *w, struct match_result *result,
                         const struct m_candidate *c, int64_t minutes, int64_t pool_minutes)
{
    const struct m_need *need = &w->need[c->need];
    const struct m_pair *pair = &w->pair[c->pair];
    struct match_proposal *p = &result->proposals[result->n_proposals++];
    int64_t beyond = pair->given - pair->allowance;

    *p = (struct match_proposal){
        .need = need->in->id,
        .receiver = need->in->org,
        .giver = w->org[c->giver].in->id,
        .offer = w->offer[c->offer]->id,
        .joint = w->offer[c->offer]->n_givers > 1,
        .class = need->in->class,
        .minutes = minutes,
        .pool_minutes = pool_minutes,
        .giver_before = w->org[c->giver].in->position,
        .receiver_before = w->org[need->org].in->position,
        .pair_before = pair->before,
        .received_before = w->org[need->org].in->received,
        .pair_beyond = beyond > 0 ? beyond * w->rules.quantum : 0,
        .first_other = result->n_others,
    };
    add_others(w, result, c);
    p->n_others = result->n_others - p->first_other;
}

static void add_need(const struct m_work *w, struct match_result *result, struct totals *totals,
                     const struct m_need *need)
{
    const struct m_candidate **chosen = m_room(need->n, sizeof *chosen);
    int64_t pool = (need->pool + need->rescue) * w->rules.quantum;
    int64_t minutes = need->served * w->rules.quantum;
    size_t n = 0;

    if (minutes > need->in->minutes)
        minutes = need->in->minutes;
    for (size_t i = need->first; i < need->first + need->n; i++)
        if (w->candidate[i].given > 0)
            chosen[n++] = &w->candidate[i];
    qsort_r(chosen, n, sizeof *chosen, proposal_order, (void *)w);
    for (size_t i = 0; i < n; i++) {
        int64_t part = chosen[i]->given * w->rules.quantum;

        part = part < minutes ? part : minutes;

        int64_t pool_part = part < pool ? part : pool;

        minutes -= part;
        pool -= pool_part;
        totals->given[chosen[i]->giver] += part;
        totals->own[need->org] += part - pool_part;
        add_proposal(w, result, chosen[i], part, pool_part);
    }
    free(chosen);
}

/* The hurdle of a need that has candidates and yet is not served in full. */
static enum match_left_why why_left(const struct m_work *w, const struct m_need *need)
{
    enum match_left_why why = MATCH_LEFT_NO_CAPACITY;

    if (need->n == 0)
        return need->hurdle;
    if (!m_can_charge(w, need))
        return (need->pool_max + need->rescue_max > 0 && w->pool == w->pool_max)
                   ? MATCH_LEFT_POOL
                   : MATCH_LEFT_FLOOR;
    for (size_t i = need->first; i < need->first + need->n; i++) {
        const struct m_org *org = &w->org[w->candidate[i].giver];

        if (m_can_give(org, 1))
            return MATCH_LEFT_SMALL;
        if (org->given < org->capacity)
            why = MATCH_LEFT_CEILING;
    }
    return why;
}

static void add_left(const struct m_work *w, struct match_result *result,
                     const struct m_need *need)
{
    result->left[result->n_left++] = (struct match_left){
        .need = need->in->id,
        .minutes = need->in->minutes - need->served * w->rules.quantum,
        .why = why_left(w, need),
    };
}

static void make_room(const struct m_work *w, struct match_result *result)
{
    size_t proposals = 0, others = 0;

    for (size_t c = 0; c < w->candidates; c++)
        if (w->candidate[c].given > 0) {
            proposals++;
            others += w->need[w->candidate[c].need].n - 1;
        }
    result->proposals = m_room(proposals, sizeof *result->proposals);
    result->others = m_room(others, sizeof *result->others);
    result->left = m_room(w->needs, sizeof *result->left);
}

void m_explain(const struct m_work *w, struct match_result *result)
{
    struct totals totals = {
        .given = m_room(w->orgs, sizeof *totals.given),
        .own = m_room(w->orgs, sizeof *totals.own),
    };

    make_room(w, result);
    for (uint32_t i = 0; i < w->needs; i++) {
        add_need(w, result, &totals, &w->need[i]);
        if (w->need[i].served < w->need[i].quanta)
            add_left(w, result, &w->need[i]);
    }
    for (size_t i = 0; i < result->n_proposals; i++) {
        struct match_proposal *p = &result->proposals[i];
        uint32_t giver = m_org_find(w, p->giver), receiver = m_org_find(w, p->receiver);

        p->giver_after = p->giver_before + totals.given[giver] - totals.own[giver];
        p->receiver_after = p->receiver_before + totals.given[receiver] - totals.own[receiver];
    }
    free(totals.given);
    free(totals.own);
}
