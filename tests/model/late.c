/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Operations at the end of what can be referred to (SPEC 6). */
#include "tests/model/generate.h"

static bool ends_now(const struct generator *g, int64_t since)
{
    int64_t late = g->at - model_reach(g->m, since);

    return since > 0 && late >= -1 && late <= 1;
}

static bool late_reverse(struct generator *g, struct op *op, const struct m_hours *h)
{
    start_op(op, M_HOURS_REVERSE);
    for (int i = h->first; i < h->first + h->n && op->n_shares == 0; i++) {
        const struct m_exchange *x = &g->m->exchanges.v[i];

        if (x->back < x->minutes && !g->m->orgs[x->from].left && !g->m->orgs[x->to].left)
            add_share(g, op, x->from, x->to, 1);
    }
    set_ref(g, op->ref, h->author, h->id);
    author_among_shares(g, op);
    return op->n_shares > 0;
}

/* A gift to the asker, which no line refuses, or a withdrawal. */
static bool late_need(struct generator *g, struct op *op, const struct m_need *n)
{
    if (g->m->orgs[n->author].left)
        return false;
    if (rng_chance(&g->rng, 300)) {
        start_op(op, M_NEED_WITHDRAW);
        author(g, op, n->author);
        set_ref(g, op->ref, n->author, n->id);
        return true;
    }
    start_op(op, M_HOURS_RECORD);
    set_ref(g, op->need, n->author, n->id);
    add_share(g, op, pick_org(g, n->author), n->author, 1);
    author_among_shares(g, op);
    op->gift = 1;
    op->day = m_day(g->at);
    return op->n_shares > 0;
}

static bool late_end(struct generator *g, struct op *op, enum m_kind kind, int by, int of,
                     const char *id)
{
    start_op(op, kind);
    author(g, op, by);
    set_ref(g, op->ref, of, id);
    return !g->m->orgs[by].left;
}

bool make_late(struct generator *g, struct op *op)
{
    const struct model *m = g->m;

    for (int i = 0; i < m->hours.n; i++)
        if (ends_now(g, m->hours.v[i].at) && late_reverse(g, op, &m->hours.v[i]))
            return true;
    for (int i = 0; i < m->needs.n; i++)
        if (ends_now(g, m->needs.v[i].ended_at) && late_need(g, op, &m->needs.v[i]))
            return true;
    for (int i = 0; i < m->offers.n; i++) {
        const struct m_offer *o = &m->offers.v[i];

        if (ends_now(g, o->ended_at) &&
            late_end(g, op, M_OFFER_WITHDRAW, o->providers[0], o->author, o->id))
            return true;
    }
    for (int i = 0; i < m->agreements.n; i++) {
        const struct m_agreement *a = &m->agreements.v[i];
        enum m_kind kind = rng_chance(&g->rng, 500) ? M_PROMISE_EXCUSE : M_AGREEMENT_CANCEL;
        int by = kind == M_PROMISE_EXCUSE ? a->pairs[0].to : a->pairs[0].from;

        if (ends_now(g, a->ended_at) && late_end(g, op, kind, by, a->author, a->id))
            return true;
    }
    return false;
}
