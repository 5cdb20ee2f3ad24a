/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Operations about the pool, status, promises and steps (SPEC 6.13 to 6.16). */
#include "tests/model/generate.h"

#include <stdlib.h>
#include <string.h>

/* --- Panels and cosigners -------------------------------------------------------------------- */

static int compare_handles(const void *a, const void *b)
{
    return strcmp(a, b);
}

bool pick_panel(struct generator *g, struct op *op, int but, int but_too, int least)
{
    int first = (int)rng_below(&g->rng, (size_t)g->m->n_orgs);
    int wanted = least + (rng_chance(&g->rng, 300) ? (int)rng_below(&g->rng, 3) : 0);

    op->n_panel = 0;
    for (int i = 0; i < g->m->n_orgs && op->n_panel < wanted && op->n_panel < M_PARTIES; i++) {
        int org = 1 + (first + i) % g->m->n_orgs;

        if (org != but && org != but_too && model_panel(g->m, org, g->at))
            SET(op->panel[op->n_panel++], handle_of(g, org));
    }
    qsort(op->panel, (size_t)op->n_panel, sizeof op->panel[0], compare_handles);
    return op->n_panel >= least;
}

/* A panel that decides about `org`, one of it the author. */
static bool deciding_panel(struct generator *g, struct op *op, int org)
{
    if (!pick_panel(g, op, org, -1, (int)g->m->network.policy.panel_min))
        return false;
    SET(op->by, op->panel[rng_below(&g->rng, (size_t)op->n_panel)]);
    SET(op->org, handle_of(g, org));
    return true;
}

bool deciding_coordinator(struct generator *g, struct op *op, int org)
{
    int first = (int)rng_below(&g->rng, (size_t)g->m->n_orgs);

    for (int i = 0; i < g->m->n_orgs; i++) {
        int by = 1 + (first + i) % g->m->n_orgs;

        if (by != org && model_coordinator(g->m, by, g->at)) {
            author(g, op, by);
            SET(op->org, handle_of(g, org));
            return true;
        }
    }
    return false;
}

static int step_of(const struct generator *g, const char *handle)
{
    int org = model_org(g->m, handle);
    const struct m_step *s = &g->m->orgs[org > 0 ? org : 0].step;

    return model_step_in_force(s, g->at) ? s->step : 0;
}

static bool is_party(const struct op *op, const char *handle)
{
    for (int i = 0; i < op->n_shares; i++)
        if (strcmp(op->shares[i].from, handle) == 0 || strcmp(op->shares[i].to, handle) == 0)
            return true;
    return false;
}

void pick_cosigner(struct generator *g, struct op *op)
{
    bool wanted = rng_chance(&g->rng, 50);

    for (int i = 0; i < op->n_shares; i++)
        wanted |= step_of(g, op->shares[i].from) >= 3 && rng_chance(&g->rng, 900);
    for (int tries = 0; tries < 20 && wanted; tries++) {
        int org = pick_org(g, -1);

        if (org > 0 && !is_party(op, handle_of(g, org))) {
            SET(op->cosigner, handle_of(g, org));
            return;
        }
    }
}

bool rests(struct generator *g, const struct op *op)
{
    for (int i = 0; i < op->n_shares; i++)
        if (step_of(g, op->shares[i].to) == 4)
            return !rng_chance(&g->rng, 300);
    return step_of(g, op->by) == 4 && op->kind == M_NEED_PUBLISH && !op->urgent &&
           !rng_chance(&g->rng, 300);
}

/* --- Kinds ----------------------------------------------------------------------------------- */

bool make_pool_give(struct generator *g, struct op *op)
{
    struct m_figures figures[M_ORGS];

    model_figures(g->m, m_day(g->at), figures);
    for (int tries = 0; tries < 20; tries++) {
        int org = pick_org(g, -1);
        int64_t position = m_position(&figures[org]);

        if (position < 1)
            continue;
        position = position < 100000 ? position : 100000;
        author(g, op, org);
        op->minutes = rng_chance(&g->rng, 200) ? position : rng_magnitude(&g->rng, position);
        return true;
    }
    return false;
}

static int64_t pick_until(struct generator *g, int64_t days_max)
{
    int64_t longest = days_max * M_DAY_MS;

    switch (rng_below(&g->rng, 6)) {
    case 0:
        return g->at + rng_magnitude(&g->rng, longest);
    case 1:
        return g->at + rng_range(&g->rng, 1, longest);
    default:
        return g->at + longest;
    }
}

/* Who received most beyond what it gave. */
static int lowest_org(struct generator *g)
{
    struct m_figures figures[M_ORGS];
    int lowest = pick_org(g, -1);

    model_figures(g->m, m_day(g->at), figures);
    for (int i = 1; i <= g->m->n_orgs; i++)
        if (!g->m->orgs[i].left && m_position(&figures[i]) < m_position(&figures[lowest]))
            lowest = i;
    return lowest;
}

bool make_status_grant(struct generator *g, struct op *op)
{
    int org = pick_org(g, -1), need = rng_chance(&g->rng, 600) ? pick_need(g) : -1;
    int64_t rate = g->m->network.policy.pool_rate_permille;

    if (need >= 0 && !g->m->orgs[g->m->needs.v[need].author].left)
        org = g->m->needs.v[need].author;
    else if (rng_chance(&g->rng, 500))
        org = lowest_org(g);
    for (int tries = 0; tries < 5 && model_panel(g->m, org, g->at); tries++)
        org = pick_org(g, -1);
    if (!deciding_panel(g, op, org))
        return false;
    op->class = rng_chance(&g->rng, 700) ? 1 : (int)rng_range(&g->rng, 2, 3);
    op->levy = rng_chance(&g->rng, 300) ? 0 : rng_range(&g->rng, 0, 1000);
    op->pool = rng_chance(&g->rng, 500) ? rate : rng_range(&g->rng, 0, rate);
    op->until = pick_until(g, g->m->network.policy.status_days_max);
    commitment(g, op->reason);
    return true;
}

bool make_status_end(struct generator *g, struct op *op)
{
    for (int tries = 0; tries < 30; tries++) {
        int org = pick_org(g, -1);

        if (!model_status_in_force(&g->m->orgs[org].status, g->at))
            continue;
        if (rng_chance(&g->rng, 500))
            return deciding_panel(g, op, org);
        author(g, op, org);
        SET(op->org, op->by);
        return true;
    }
    return false;
}

bool make_excuse(struct generator *g, struct op *op)
{
    int n = g->m->agreements.n, first = n > 0 ? (int)rng_below(&g->rng, (size_t)n) : 0;

    for (int i = 0; i < n; i++) {
        const struct m_agreement *a = &g->m->agreements.v[(first + i) % n];
        const struct m_reserved *p = &a->pairs[rng_below(&g->rng, (size_t)a->n)];

        if (!model_excusable(a, p->from, p->to) || g->m->orgs[p->to].left ||
            (g->at > model_reach(g->m, a->ended_at) && !rng_chance(&g->rng, 20)))
            continue;
        author(g, op, p->to);
        set_ref(g, op->ref, a->author, a->id);
        return true;
    }
    return false;
}

/* A step that there is reason for, the highest most often; 0 when there is none. */
static int founded_for(struct generator *g, int org, bool *by_panel)
{
    bool confirmed;

    for (int step = 4; step >= 2; step--) {
        *by_panel = step > 2 || rng_chance(&g->rng, 500);
        if (model_step_founded(g->m, org, step, *by_panel, g->at, &confirmed) &&
            rng_chance(&g->rng, 800))
            return step;
    }
    return 0;
}

/* Broken so long ago that it counts today for the last time, or since today no more. */
static bool just_aged(const struct generator *g, const struct m_agreement *a)
{
    int64_t days = m_day(g->at) - m_day(a->ended_at);

    return days == g->m->network.policy.promise_days ||
           days == g->m->network.policy.promise_days - 1;
}

/*
 * Without a look at whether there is reason for it: the next step of one that promised badly.
 * `doubtful`: and was excused, or did so long ago.
 */
static bool next_step(struct generator *g, struct op *op, bool doubtful)
{
    int n = g->m->agreements.n, first = n > 0 ? (int)rng_below(&g->rng, (size_t)n) : 0;

    for (int i = 0; i < n; i++) {
        const struct m_agreement *a = &g->m->agreements.v[(first + i) % n];
        int org = a->pairs[0].from;

        if (promise_outcome(a, org) != M_BROKEN || g->m->orgs[org].left ||
            (doubtful && !promise_excused(a, org) && !just_aged(g, a)))
            continue;
        op->step = g->m->orgs[org].step.step < 2 ? 2 : g->m->orgs[org].step.step + 1;
        op->step = op->step > 4 || rng_chance(&g->rng, 200) ? 2 : op->step;
        op->until = pick_until(g, g->m->network.policy.step_days);
        commitment(g, op->reason);
        return deciding_panel(g, op, org);
    }
    return false;
}

bool make_aged(struct generator *g, struct op *op)
{
    int n = g->m->agreements.n, first = n > 0 ? (int)rng_below(&g->rng, (size_t)n) : 0;

    for (int i = 0; i < n; i++) {
        const struct m_agreement *a = &g->m->agreements.v[(first + i) % n];
        int org = a->pairs[0].from;

        if (!just_aged(g, a) || g->m->orgs[org].left || promise_excused(a, org) ||
            promise_outcome(a, org) != M_BROKEN)
            continue;
        start_op(op, M_STEP_SET);
        op->step = 2;
        op->until = pick_until(g, g->m->network.policy.step_days);
        commitment(g, op->reason);
        return rng_chance(&g->rng, 500) ? deciding_coordinator(g, op, org)
                                        : deciding_panel(g, op, org);
    }
    return false;
}

/* The panel looks again at a step that was appealed. */
static bool confirm_step(struct generator *g, struct op *op, int org)
{
    const struct m_step *last = &g->m->orgs[org].step;
    bool confirms;

    if (g->m->orgs[org].left || !last->appealed ||
        !model_step_founded(g->m, org, last->step, true, g->at, &confirms) || !confirms)
        return false;
    op->step = last->step;
    op->until = pick_until(g, g->m->network.policy.step_days);
    commitment(g, op->reason);
    return deciding_panel(g, op, org);
}

bool make_step_set(struct generator *g, struct op *op)
{
    for (int org = 1; org <= g->m->n_orgs; org++)
        if (rng_chance(&g->rng, 700) && confirm_step(g, op, org))
            return true;
    if (rng_chance(&g->rng, 300) && next_step(g, op, rng_chance(&g->rng, 700)))
        return true;
    int first = (int)rng_below(&g->rng, (size_t)g->m->n_orgs);

    for (int i = 0; i < g->m->n_orgs; i++) {
        int org = 1 + (first + i) % g->m->n_orgs;
        bool by_panel;

        if (g->m->orgs[org].left)
            continue;
        op->step = founded_for(g, org, &by_panel);
        if (op->step == 0)
            continue;
        if (by_panel ? !deciding_panel(g, op, org) : !deciding_coordinator(g, op, org))
            continue;
        if (!by_panel)
            op->n_panel = 0;
        op->until = pick_until(g, g->m->network.policy.step_days);
        commitment(g, op->reason);
        return true;
    }
    return false;
}

static bool stands(const struct generator *g, int org)
{
    const struct m_step *s = &g->m->orgs[org].step;

    return s->step > 0 && s->ended_at == 0 && g->at < s->until;
}

bool make_step_end(struct generator *g, struct op *op)
{
    for (int tries = 0; tries < 30; tries++) {
        int org = pick_org(g, -1);

        if (!stands(g, org))
            continue;
        if (rng_chance(&g->rng, g->m->orgs[org].step.step == 2 ? 500 : 150))
            return deciding_coordinator(g, op, org);
        return deciding_panel(g, op, org);
    }
    return false;
}

bool make_appeal(struct generator *g, struct op *op)
{
    for (int tries = 0; tries < 30; tries++) {
        int org = pick_org(g, -1);

        if (!stands(g, org) || g->m->orgs[org].step.appealed ||
            (g->m->orgs[org].step.confirmed && !rng_chance(&g->rng, 100)))
            continue;
        author(g, op, org);
        return true;
    }
    return false;
}
