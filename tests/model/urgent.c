/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Exchanges that only the urgency of a need lets past the line of its asker (SPEC 8.2). */
#include "tests/model/generate.h"

enum way { VOUCHER_GIVES, ANOTHER_RECEIVES, MORE_THAN_ASKED, IN_ORDER, WAYS = 6 };

/* Another than the asker and, most often, than the voucher; -1 when there is none. */
static int pick_giver(struct generator *g, const struct m_need *n, int voucher, enum way way)
{
    int giver = voucher;

    for (int tries = 0; tries < 10 && giver == voucher && way != VOUCHER_GIVES; tries++)
        giver = pick_org(g, n->author);
    return giver > 0 && g->m->orgs[giver].left ? -1 : giver;
}

/* False when what the need still asks for ends before the line. */
static bool share_past_the_line(struct generator *g, struct op *op, int need, enum way way)
{
    const struct m_need *n = &g->m->needs.v[need];
    int64_t past = line_room(g, n->author, true) + 1, least = past > 1 ? past : 1;
    int64_t kept = need_kept(g->m, need, g->at, NULL), most = n->minutes - n->served - kept;
    int giver = pick_giver(g, n, need_in_force(n, g->at)->org, way);

    if (way == MORE_THAN_ASKED && least <= n->minutes)
        least = most = most + 1 > least ? most + 1 : least;
    if (least > most || most > 100000 || giver < 0)
        return false;
    add_share(g, op, giver, n->author,
              rng_chance(&g->rng, 300) ? most : rng_range(&g->rng, least, most));
    if (way == ANOTHER_RECEIVES)
        add_share(g, op, giver, pick_org(g, giver), 1);
    sort_shares(op);
    return op->n_shares > 0;
}

static bool make_for(struct generator *g, struct op *op, int need)
{
    const struct m_need *n = &g->m->needs.v[need];
    enum way way = (enum way)rng_below(&g->rng, WAYS);

    start_op(op, rng_chance(&g->rng, 700) ? M_AGREEMENT_SIGN : M_HOURS_RECORD);
    set_ref(g, op->need, n->author, n->id);
    if (!share_past_the_line(g, op, need, way))
        return false;
    author_among_shares(g, op);
    op->day = m_day(g->at);
    op->expires = pick_expires(g, g->m->network.policy.agreement_days_max);
    if (op->kind == M_AGREEMENT_SIGN)
        commitment(g, op->details);
    if (op->kind == M_AGREEMENT_SIGN)
        pick_cosigner(g, op);
    return true;
}

bool make_urgent(struct generator *g, struct op *op)
{
    int n = g->m->needs.n, first = n > 0 ? (int)rng_below(&g->rng, (size_t)n) : 0;

    for (int i = 0; i < n; i++) {
        int need = (first + i) % n;

        if (need_in_force(&g->m->needs.v[need], g->at) &&
            !g->m->orgs[g->m->needs.v[need].author].left && make_for(g, op, need))
            return true;
    }
    return false;
}

/* The last open need of an organisation that is declared urgent; -1: none. */
static int urgent_need_of(const struct generator *g, int org)
{
    for (int i = g->m->needs.n - 1; i >= 0; i--) {
        const struct m_need *n = &g->m->needs.v[i];

        if (n->author == org && n->urgent && need_life(n, g->at) == M_OPEN)
            return i;
    }
    return -1;
}

bool make_paused(struct generator *g, struct op *op)
{
    for (int i = 1; i <= g->m->n_orgs; i++) {
        const struct m_org *o = &g->m->orgs[i];
        int need = urgent_need_of(g, i);

        if (o->left || o->step.step < 4 || !model_step_in_force(&o->step, g->at) ||
            rng_chance(&g->rng, 300))
            continue;
        if (need < 0)
            return make_urgent_need(g, op, i);
        if (need_in_force(&g->m->needs.v[need], g->at))
            return make_for(g, op, need);
        return make_vouch_for(g, op, need);
    }
    return false;
}

bool urgency_in_force(const struct generator *g)
{
    for (int i = 0; i < g->m->needs.n; i++)
        if (need_in_force(&g->m->needs.v[i], g->now))
            return true;
    return false;
}
