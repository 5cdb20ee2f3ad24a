/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A piece is what one offer gives for one need. The best choice may hold pieces of half an hour;
 * forbidding them from the start would make an assignment problem that nobody solves quickly. So
 * they are merged afterwards, each where it costs least, and what cannot be merged is left out. */
#include "policies/matching_work.h"

#include <assert.h>
#include <stdlib.h>

int64_t m_piece_min(const struct m_work *w, const struct m_need *need)
{
    int64_t quanta = (w->rules.piece_minutes + w->rules.quantum - 1) / w->rules.quantum;

    return quanta < need->quanta ? quanta : need->quanta;
}

/* The size of the piece that a candidate belongs to. */
static int64_t piece(const struct m_work *w, const struct m_candidate *c)
{
    const struct m_need *need = &w->need[c->need];
    int64_t sum = 0;

    for (size_t i = need->first; i < need->first + need->n; i++)
        if (w->candidate[i].offer == c->offer)
            sum += w->candidate[i].given;
    return sum;
}

/* The smallest piece that is too small, by one of its givers; of equals the last in tie rank.
 * NULL: there is none. */
static struct m_candidate *smallest(const struct m_work *w, const struct m_need *need)
{
    struct m_candidate *found = NULL;
    int64_t least = m_piece_min(w, need) - 1;

    for (size_t i = need->first; i < need->first + need->n; i++) {
        struct m_candidate *c = &w->candidate[i];

        if (c->given > 0 && piece(w, c) <= least) {
            found = c;
            least = piece(w, c);
        }
    }
    return found;
}

/* A change of a need's givers that is tried: amounts moved to one candidate from others. */
struct plan {
    struct m_candidate *to;
    int64_t uneven, ties;
};

static bool better(const struct plan *a, const struct plan *b)
{
    if (b->to == NULL)
        return true;
    return a->uneven != b->uneven ? a->uneven < b->uneven : a->ties < b->ties;
}

/* Moves quanta from one to the other, adds up the cost; false, and nothing moved, if impossible. */
static bool move(struct m_work *w, struct plan *plan, struct m_candidate *from, int64_t quanta)
{
    int64_t uneven, ties;

    if (!m_can_give(&w->org[plan->to->giver], quanta) ||
        !m_can_hold_back(&w->org[from->giver], quanta))
        return false;
    m_swap_cost(w, from, plan->to, quanta, &uneven, &ties);
    m_give(w, from, -quanta);
    m_give(w, plan->to, quanta);
    plan->uneven += uneven;
    plan->ties += ties;
    return true;
}

/* Moves to plan->to all that a piece holds. Tries it, and undoes it unless `keep`. */
static bool gather(struct m_work *w, const struct m_need *need, struct plan *plan,
                   uint32_t offer, bool keep)
{
    int64_t *moved = m_room(need->n, sizeof *moved);
    bool ok = true;

    for (size_t i = 0; i < need->n && ok; i++) {
        struct m_candidate *c = &w->candidate[need->first + i];

        if (c->offer != offer || c->given == 0)
            continue;
        moved[i] = c->given;
        ok = move(w, plan, c, c->given);
        if (!ok)
            moved[i] = 0;
    }
    for (size_t i = 0; i < need->n && !(ok && keep); i++) {
        m_give(w, &w->candidate[need->first + i], moved[i]);
        m_give(w, plan->to, -moved[i]);
    }
    free(moved);
    return ok;
}

/* Merges a piece into another, with the giver where that costs least. */
static bool merge(struct m_work *w, const struct m_need *need, const struct m_candidate *of)
{
    struct plan best = {0};

    for (size_t i = need->first; i < need->first + need->n; i++) {
        struct plan plan = {.to = &w->candidate[i]};

        if (plan.to->offer != of->offer && piece(w, plan.to) > 0 &&
            gather(w, need, &plan, of->offer, false) && better(&plan, &best))
            best = plan;
    }
    return best.to != NULL && gather(w, need, &best, of->offer, true);
}

/* Makes a small piece large enough with what a larger one can spare. */
static bool fill_up(struct m_work *w, const struct m_need *need, const struct m_candidate *small)
{
    int64_t min = m_piece_min(w, need), missing = min - piece(w, small);
    struct m_candidate *giver = NULL;
    struct plan best = {0};

    for (size_t i = need->first; i < need->first + need->n; i++) {
        struct plan plan = {.to = &w->candidate[i]};

        if (plan.to->offer != small->offer)
            continue;
        for (size_t k = need->first; k < need->first + need->n; k++) {
            struct m_candidate *from = &w->candidate[k];
            struct plan trial = plan;

            if (from->offer == small->offer || from->given < missing ||
                piece(w, from) - missing < min || !move(w, &trial, from, missing))
                continue;
            m_give(w, from, missing);
            m_give(w, trial.to, -missing);
            if (better(&trial, &best)) {
                best = trial;
                giver = from;
            }
        }
    }
    return best.to != NULL && move(w, &best, giver, missing);
}

static void leave_out(struct m_work *w, struct m_candidate *c);

/* What an organisation gave up giving may have carried what it receives: then the least pressing
 * of that is left out too. */
static void settle(struct m_work *w, uint32_t org)
{
    while (!m_can_hold_back(&w->org[org], 0)) {
        bool usual = w->org[org].own_usual > w->org[org].floor + w->org[org].given;
        struct m_candidate *victim = NULL;

        for (uint32_t i = w->needs; i-- > 0 && victim == NULL;) {
            const struct m_need *need = &w->need[w->by_rank[i]];
            int64_t own = need->served - need->pool - need->rescue;

            if (need->org != org || own == 0 || need->in->urgent || (usual && need->in->fragile))
                continue;
            for (size_t k = need->first; k < need->first + need->n; k++)
                if (w->candidate[k].given > 0)
                    victim = &w->candidate[k];
        }
        assert(victim != NULL);
        leave_out(w, victim);
    }
}

/* Leaves out one quantum. */
static void leave_out(struct m_work *w, struct m_candidate *c)
{
    m_give(w, c, -1);
    m_discharge(w, &w->need[c->need]);
    settle(w, c->giver);
}

static void leave_out_piece(struct m_work *w, const struct m_need *need, uint32_t offer)
{
    for (size_t i = need->first; i < need->first + need->n; i++)
        while (w->candidate[i].offer == offer && w->candidate[i].given > 0)
            leave_out(w, &w->candidate[i]);
}

/* Does away with a small piece without losing any of it: the smallest if that can be, or another */
static bool mend(struct m_work *w, const struct m_need *need, const struct m_candidate *small)
{
    int64_t min = m_piece_min(w, need);

    if (merge(w, need, small) || fill_up(w, need, small))
        return true;
    for (size_t i = need->first + need->n; i-- > need->first;) {
        const struct m_candidate *c = &w->candidate[i];

        if (c->given > 0 && piece(w, c) < min && (merge(w, need, c) || fill_up(w, need, c)))
            return true;
    }
    return false;
}

static bool repair_need(struct m_work *w, struct m_need *need)
{
    struct m_candidate *small;
    bool changed = false;

    while ((small = smallest(w, need)) != NULL) {
        changed = true;
        if (!mend(w, need, small))
            leave_out_piece(w, need, small->offer);
    }
    return changed;
}

/* --- What was left out may have made room ----------------------------------------------------- */

static int64_t room_at(const struct m_org *org)
{
    int64_t hours = org->capacity - org->given, up = org->up - m_org_net(org);

    return hours < up ? hours : up;
}

/* Gives up to n quanta more through a candidate, at least min or none. */
static bool add(struct m_work *w, struct m_candidate *c, int64_t min, int64_t n)
{
    struct m_need *need = &w->need[c->need];
    int64_t done = 0;

    while (done < n && m_can_charge(w, need)) {
        m_charge(w, need);
        done++;
    }
    if (done < min) {
        while (done-- > 0)
            m_discharge(w, need);
        return false;
    }
    m_give(w, c, done);
    return done > 0;
}

/* The marginal cost of the next quantum of a giver. */
static int64_t next_cost(const struct m_work *w, const struct m_org *org)
{
    return org->weight * (2 * org->in->position + w->rules.quantum * (2 * m_org_net(org) + 1));
}

static bool use_room(struct m_work *w, struct m_need *need)
{
    struct m_candidate *best = NULL;
    int64_t left = need->quanta - need->served, best_min = 0, best_n = 0;

    for (size_t i = need->first; i < need->first + need->n && left > 0; i++) {
        struct m_candidate *c = &w->candidate[i];
        int64_t min = piece(w, c) > 0 ? 1 : m_piece_min(w, need);
        int64_t n = room_at(&w->org[c->giver]);

        if (n > left)
            n = left;
        if (n < min || (best != NULL && next_cost(w, &w->org[c->giver]) >=
                                            next_cost(w, &w->org[best->giver])))
            continue;
        best = c;
        best_min = min;
        best_n = n;
    }
    return best != NULL && add(w, best, best_min, best_n);
}

/* --- Whole pieces elsewhere ------------------------------------------------------------------- */

/* Where the whole piece of a candidate, who gives it alone, would cost least; NULL: nowhere. */
static struct m_candidate *elsewhere(const struct m_work *w, const struct m_need *need,
                                     const struct m_candidate *from)
{
    struct plan best = {.to = NULL};

    if (piece(w, from) != from->given || !m_can_hold_back(&w->org[from->giver], from->given))
        return NULL;
    for (size_t i = need->first; i < need->first + need->n; i++) {
        struct plan plan = {.to = &w->candidate[i]};

        if (plan.to->giver == from->giver || !m_can_give(&w->org[plan.to->giver], from->given))
            continue;
        m_swap_cost(w, from, plan.to, from->given, &plan.uneven, &plan.ties);
        if ((plan.uneven < 0 || (plan.uneven == 0 && plan.ties < 0)) && better(&plan, &best))
            best = plan;
    }
    return best.to;
}

/* A piece was moved where its pieces were, which need not be where the whole of it belongs. Each
 * step lowers unevenness, or leaves it and lowers the ties, so there is an end. */
static bool place_wholes(struct m_work *w, struct m_need *need)
{
    bool moved = false;

    for (size_t i = need->first; i < need->first + need->n; i++) {
        struct m_candidate *from = &w->candidate[i];
        struct m_candidate *to = from->given > 0 ? elsewhere(w, need, from) : NULL;
        int64_t quanta = from->given;

        if (to == NULL)
            continue;
        m_give(w, from, -quanta);
        m_give(w, to, quanta);
        moved = true;
    }
    return moved;
}

void m_repair(struct m_work *w)
{
    bool again = true;

    while (again) {
        again = false;
        for (uint32_t i = 0; i < w->needs; i++)
            again = repair_need(w, &w->need[w->by_rank[i]]) || again;
        w->repaired = w->repaired || again;
    }
    if (!w->repaired)
        return;
    for (uint32_t i = 0; i < w->needs; i++)
        while (use_room(w, &w->need[w->by_rank[i]]))
            ;
    for (again = true; again;) {
        again = false;
        for (uint32_t i = 0; i < w->needs; i++)
            again = place_wholes(w, &w->need[w->by_rank[i]]) || again;
    }
}
