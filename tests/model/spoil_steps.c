/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* One thing wrong with what SPEC 6.13 to 6.16 and 18.7 ask for. */
#include "tests/model/generate.h"

#include <stdlib.h>
#include <string.h>

static int compare_handles(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Somebody without the mandate, somebody too few, or the one it is about. */
bool wrong_panel(struct generator *g, struct op *op)
{
    if (op->n_panel == 0)
        return false;
    char *member = op->panel[rng_below(&g->rng, (size_t)op->n_panel)];
    if (op->n_panel < M_PARTIES && rng_chance(&g->rng, 500)) /* one too many */
        member = op->panel[op->n_panel++];
    else if (strcmp(member, op->by) == 0 && rng_chance(&g->rng, 700))
        return false;
    switch (rng_below(&g->rng, 6)) {
    case 0:
        op->n_panel--;
        break;
    case 1:
        set_text(member, M_HANDLE, op->org[0] ? op->org : op->by);
        break;
    default:
        set_text(member, M_HANDLE, handle_of(g, pick_org(g, -1)));
        break;
    }
    qsort(op->panel, (size_t)op->n_panel, sizeof op->panel[0], compare_handles);
    return true;
}

bool no_panel(struct generator *g, struct op *op)
{
    (void)g;
    if (op->n_panel == 0)
        return false;
    op->n_panel = 0;
    return true;
}

/* As somebody may do for another organisation, or another step. */
bool step_without_reason(struct generator *g, struct op *op)
{
    if (op->kind != M_STEP_SET)
        return false;
    if (rng_chance(&g->rng, 500))
        op->step = (int)rng_range(&g->rng, 2, 4);
    else
        SET(op->org, handle_of(g, pick_org(g, model_org(g->m, op->by))));
    return true;
}

/* A coordinator who is none, or no coordinator for a step that is not for one. */
bool decided_alone(struct generator *g, struct op *op)
{
    bool kind = op->kind == M_STEP_SET || op->kind == M_STEP_END || op->kind == M_STATUS_END;

    if (!kind)
        return false;
    op->n_panel = 0;
    if (rng_chance(&g->rng, 600))
        return deciding_coordinator(g, op, model_org(g->m, op->org));
    SET(op->by, handle_of(g, pick_org(g, -1)));
    return true;
}

/* A status or a step of somebody who most often has none. */
bool end_of_nothing(struct generator *g, struct op *op)
{
    if (op->kind != M_STATUS_END && op->kind != M_STEP_END && op->kind != M_STEP_APPEAL)
        return false;
    int org = pick_org(g, op->kind == M_STEP_END ? model_org(g->m, op->by) : -1);
    if (op->kind == M_STEP_APPEAL || (op->kind == M_STATUS_END && op->n_panel == 0))
        SET(op->by, handle_of(g, org));
    if (op->kind != M_STEP_APPEAL)
        SET(op->org, handle_of(g, org));
    return true;
}

bool appeal_again(struct generator *g, struct op *op)
{
    if (op->kind != M_STEP_APPEAL && op->kind != M_STEP_SET && op->kind != M_ORG_CONFIRM)
        return false;
    for (int i = 1; i <= g->m->n_orgs; i++) {
        const struct m_org *o = &g->m->orgs[i];

        if (o->left || !o->step.confirmed || o->step.ended_at || g->at >= o->step.until)
            continue;
        op->kind = M_STEP_APPEAL;
        SET(op->by, o->handle);
        return true;
    }
    return false;
}

bool more_than_position(struct generator *g, struct op *op)
{
    struct m_figures figures[M_ORGS];

    if (op->kind != M_POOL_GIVE)
        return false;
    int org = rng_chance(&g->rng, 500) ? model_org(g->m, op->by) : pick_org(g, -1);
    model_figures(g->m, m_day(g->at), figures);
    int64_t position = m_position(&figures[org]);
    SET(op->by, handle_of(g, org));
    op->minutes = position < 0 ? 1 : position + 1;
    if (rng_chance(&g->rng, 200))
        op->minutes = rng_chance(&g->rng, 500) ? 0 : 100001;
    return true;
}

bool excuse_anything(struct generator *g, struct op *op)
{
    if (op->kind != M_PROMISE_EXCUSE)
        return false;
    const struct m_agreement *a =
        &g->m->agreements.v[rng_below(&g->rng, (size_t)g->m->agreements.n)];
    const struct m_reserved *p = &a->pairs[rng_below(&g->rng, (size_t)a->n)];
    set_ref(g, op->ref, a->author, a->id);
    SET(op->by, handle_of(g, rng_chance(&g->rng, 700) ? p->to : p->from));
    return true;
}

/* None, or a party. */
bool wrong_cosigner(struct generator *g, struct op *op)
{
    if (op->kind != M_AGREEMENT_SIGN || (!op->cosigner[0] && !rng_chance(&g->rng, 200)))
        return false;
    if (rng_chance(&g->rng, 700))
        op->cosigner[0] = '\0';
    else if (op->n_shares > 0)
        SET(op->cosigner, op->shares[0].to);
    return true;
}

bool bad_until(struct generator *g, struct op *op)
{
    if (op->kind != M_STATUS_GRANT && op->kind != M_STEP_SET)
        return false;
    int64_t days = op->kind == M_STATUS_GRANT ? g->founding.policy.status_days_max
                                              : g->founding.policy.step_days;
    if (rng_chance(&g->rng, 500))
        op->until = g->at - (rng_chance(&g->rng, 500) ? 0 : rng_magnitude(&g->rng, M_DAY_MS));
    else
        op->until = g->at + days * M_DAY_MS +
                    (rng_chance(&g->rng, 500) ? 1 : rng_magnitude(&g->rng, M_DAY_MS));
    return true;
}

bool too_generous(struct generator *g, struct op *op)
{
    if (op->kind == M_STATUS_GRANT) {
        switch (rng_below(&g->rng, 3)) {
        case 0:
            op->class = rng_chance(&g->rng, 500) ? 0 : 4;
            return true;
        case 1:
            op->levy = 1001;
            return true;
        default:
            op->pool = g->founding.policy.pool_rate_permille + 1;
            return true;
        }
    }
    if (op->kind != M_ORG_ADMIT && op->kind != M_ORG_UPDATE)
        return false;
    if (rng_chance(&g->rng, 500))
        op->capacity = 600001;
    else
        op->fte = 1000001;
    return true;
}
