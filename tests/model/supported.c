/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Exchanges for a need of which the pool pays a part (SPEC 8.2, 18.4). */
#include "tests/model/generate.h"

/* What brings the asker exactly to its line when its status pays, give or take a minute. */
static int64_t to_the_line(struct generator *g, int need)
{
    const struct m_need *n = &g->m->needs.v[need];
    struct m_figures figures[M_ORGS];
    int64_t rate = g->m->orgs[n->author].status.pool, open = n->minutes - n->served;

    model_figures(g->m, m_day(g->at), figures);
    int64_t room = m_position(&figures[n->author]) +
                   model_line(g->m, &figures[n->author], g->at).floor;
    int64_t minutes = room > 0 ? room : 1;
    while (minutes < 100000 && minutes - (minutes < open ? minutes : open) * rate / 1000 < room)
        minutes++;
    return minutes + rng_range(&g->rng, 0, 1);
}

/* As much as the pool and the line together let through, give or take a minute; or anything. */
static int64_t supported_minutes(struct generator *g, int need, bool hard)
{
    int asker = g->m->needs.v[need].author;
    int64_t asks = model_need_asks(g->m, need, g->at, NULL), left = model_budget_left(g->m, g->at);
    int64_t room = line_room(g, asker, hard);

    switch (rng_below(&g->rng, 6)) {
    case 0:
        return room + (asks < left ? asks : left) + rng_range(&g->rng, -1, 1);
    case 1:
        return asks + rng_range(&g->rng, -1, 1);
    case 2:
    case 4:
        return to_the_line(g, need);
    case 3:
        return room > 0 ? rng_magnitude(&g->rng, room) : asks;
    default:
        return rng_magnitude(&g->rng, g->plan.minutes_max);
    }
}

static bool make_supported_for(struct generator *g, struct op *op, int need)
{
    const struct m_need *n = &g->m->needs.v[need];
    bool direct = rng_chance(&g->rng, 600);
    int64_t minutes = supported_minutes(g, need, direct || g->m->network.policy.limit_soft);

    start_op(op, direct ? M_HOURS_RECORD : M_AGREEMENT_SIGN);
    set_ref(g, op->need, n->author, n->id);
    minutes = minutes < 1 ? 1 : minutes > 100000 ? 100000 : minutes;
    int giver = pick_org(g, n->author), another = pick_org(g, n->author);
    add_share(g, op, giver, n->author, minutes);
    if (minutes > 1 && another != giver && rng_chance(&g->rng, 600)) { /* dealt to two */
        op->shares[0].minutes = rng_range(&g->rng, 1, minutes - 1);
        add_share(g, op, another, n->author, minutes - op->shares[0].minutes);
    }
    if (rng_chance(&g->rng, 200))
        add_share(g, op, n->author, another, pick_minutes(g));
    sort_shares(op);
    author_among_shares(g, op);
    op->day = m_day(g->at);
    op->expires = pick_expires(g, g->m->network.policy.agreement_days_max);
    if (!direct) {
        commitment(g, op->details);
        pick_cosigner(g, op);
    }
    return op->n_shares > 0 && !rests(g, op);
}

bool make_supported(struct generator *g, struct op *op)
{
    int n = g->m->needs.n, first = n > 0 ? (int)rng_below(&g->rng, (size_t)n) : 0;

    for (int i = 0; i < n; i++) {
        int need = (first + i) % n, asker = g->m->needs.v[need].author;

        if (need_life(&g->m->needs.v[need], g->at) == M_OPEN && !g->m->orgs[asker].left &&
            model_status_in_force(&g->m->orgs[asker].status, g->at))
            return make_supported_for(g, op, need);
    }
    return false;
}
