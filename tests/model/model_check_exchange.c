/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Which rules of agreements and hours an operation breaks (SPEC 6.8, 6.9, 8). */
#include "tests/model/model_check.h"

#include <string.h>

/* --- Shares ---------------------------------------------------------------------------------- */

static bool in_shares(const struct op *op, const char *handle)
{
    for (int i = 0; i < op->n_shares; i++)
        if (strcmp(op->shares[i].from, handle) == 0 || strcmp(op->shares[i].to, handle) == 0)
            return true;
    return false;
}

static bool gives(const struct check *c, int org)
{
    for (int i = 0; i < c->op->n_shares; i++)
        if (model_org(c->m, c->op->shares[i].from) == org)
            return true;
    return false;
}

static int64_t asked_by(const struct check *c, int org)
{
    int64_t sum = 0;

    for (int i = 0; i < c->op->n_shares; i++)
        if (model_org(c->m, c->op->shares[i].to) == org)
            sum += c->op->shares[i].minutes;
    return sum;
}

static int count_parties(const struct op *op)
{
    int n = 0;

    for (int i = 0; i < 2 * op->n_shares; i++) {
        const char *handle = i % 2 ? op->shares[i / 2].to : op->shares[i / 2].from;
        bool before = false;

        for (int k = 0; k < i && !before; k++)
            before = strcmp(k % 2 ? op->shares[k / 2].to : op->shares[k / 2].from, handle) == 0;
        n += !before;
    }
    return n;
}

static int share_order(const struct m_share *a, const struct m_share *b)
{
    int from = strcmp(a->from, b->from);

    return from ? from : strcmp(a->to, b->to);
}

/* The shape of shares (SPEC 2.4), their organisations and the author's place among them. */
static void check_shares(struct check *c)
{
    const struct op *op = c->op;

    must(c, op->n_shares >= 1 && count_parties(op) <= M_PARTIES, M_BIT(field_invalid));
    for (int i = 0; i < op->n_shares; i++) {
        const struct m_share *s = &op->shares[i];

        must(c, s->minutes >= 1 && s->minutes <= 100000 && strcmp(s->from, s->to) != 0,
             M_BIT(field_invalid));
        must(c, i == 0 || share_order(&op->shares[i - 1], s) < 0, M_BIT(field_invalid));
        active(c, s->from);
        active(c, s->to);
    }
    must(c, in_shares(op, op->by), M_BIT(field_invalid));
}

/* --- Limits (SPEC 8) ------------------------------------------------------------------------- */

/* `more` is what the operation asks of this receiver beyond what is reserved for it already. */
static bool line_passes(const struct check *c, const struct m_figures *f, int64_t more,
                        bool to_hard_stop)
{
    struct m_line line = model_line(c->m, f, c->at);
    int64_t projected = m_position(f) - f->received_pending - more;

    return more <= 0 || projected >= -(to_hard_stop ? line.hard : line.floor);
}

/* What is asked of a receiver beyond what is reserved for it already. */
static int64_t more_for(const struct check *c, int org, const struct m_agreement *changed)
{
    int64_t more = asked_by(c, org);

    for (int i = 0; more > 0 && changed && i < changed->n; i++)
        if (changed->pairs[i].to == org)
            more -= changed->pairs[i].minutes;
    return more;
}

static void check_lines(struct check *c, int need, const struct m_agreement *changed)
{
    struct m_figures figures[M_ORGS];
    bool direct = c->op->kind == M_HOURS_RECORD;

    if (model_urgent(c->m, c->op, c->at, need, changed))
        return;
    model_figures(c->m, m_day(c->at), figures);
    for (int org = 1; org <= c->m->n_orgs; org++) {
        int64_t more = more_for(c, org, changed);

        if (more > 0) /* below zero it asks for nothing, as at zero */
            more -= model_covers(c->m, org, c->at, need, changed);
        must(c, line_passes(c, &figures[org], more, direct || c->m->network.policy.limit_soft),
             M_BIT(limit_crossed));
    }
}

/* --- Steps about broken promises (SPEC 18.7) -------------------------------------------------- */

static bool at_step(const struct check *c, int org, int step)
{
    return model_step_in_force(&c->m->orgs[org].step, c->at) && c->m->orgs[org].step.step >= step;
}

static void check_steps(struct check *c, int need, const struct m_agreement *changed)
{
    bool urgent = model_urgent(c->m, c->op, c->at, need, changed);

    for (int org = 1; org <= c->m->n_orgs; org++) {
        if (at_step(c, org, 3) && gives(c, org) && !changed)
            must(c, c->op->cosigner[0], M_BIT(cosigner_missing));
        if (at_step(c, org, 4) && more_for(c, org, changed) > 0)
            must(c, urgent, M_BIT(paused));
    }
}

/* --- Kinds ----------------------------------------------------------------------------------- */

void check_sign(struct check *c)
{
    const struct op *op = c->op;
    const struct model *m = c->m;
    int offer = op->offer[0] ? must_offer(c, op->offer) : -1;
    int need = op->need[0] ? must_need(c, op->need) : -1;

    check_shares(c);
    must_expire(c, m->network.policy.agreement_days_max);
    if (offer >= 0) {
        const struct m_offer *o = &m->offers.v[offer];
        bool one_gives = false;

        for (int i = 0; i < o->n_providers; i++)
            one_gives |= gives(c, o->providers[i]);
        must(c, one_gives, M_BIT(agreement_mismatch));
        must(c, offer_life(o, c->at) == M_OPEN, M_BIT(already_closed));
    }
    if (need >= 0) {
        must(c, asked_by(c, m->needs.v[need].author) > 0, M_BIT(agreement_mismatch));
        must(c, need_life(&m->needs.v[need], c->at) == M_OPEN, M_BIT(already_closed));
    }
    if (op->cosigner[0]) {
        active(c, op->cosigner);
        must(c, !in_shares(op, op->cosigner), M_BIT(field_invalid));
    }
    check_steps(c, need, NULL);
    check_lines(c, need, NULL);
}

/* The agreement that `ref` names, of which `by` must be a party, and live; or NULL. */
static const struct m_agreement *check_agreement(struct check *c, const char *ref)
{
    int at = must_agreement(c, ref);

    if (at < 0)
        return NULL;
    const struct m_agreement *a = &c->m->agreements.v[at];
    must(c, agreement_life(a, c->at) == M_OPEN, M_BIT(already_closed));
    return a;
}

void check_change(struct check *c)
{
    const struct model *m = c->m;
    const struct m_agreement *a = check_agreement(c, c->op->ref);

    check_shares(c);
    must_expire(c, m->network.policy.agreement_days_max);
    if (!a)
        return;
    must(c, agreement_party(a, c->by), M_BIT(not_yours));
    for (int org = 1; org <= m->n_orgs; org++)
        must(c, agreement_party(a, org) == in_shares(c->op, m->orgs[org].handle),
             M_BIT(parties_mismatch));
    for (int i = 0; i < c->op->n_shares; i++)
        must(c, model_org(m, c->op->shares[i].from) > 0 && model_org(m, c->op->shares[i].to) > 0,
             M_BIT(parties_mismatch));
    for (int i = 0; i < a->n; i++) {
        int64_t now = 0;

        for (int k = 0; k < c->op->n_shares; k++)
            if (model_org(m, c->op->shares[k].from) == a->pairs[i].from &&
                model_org(m, c->op->shares[k].to) == a->pairs[i].to)
                now = c->op->shares[k].minutes;
        must(c, now >= a->pairs[i].recorded, M_BIT(change_below_recorded));
    }
    check_steps(c, a->need, a);
    check_lines(c, a->need, a);
}

void check_end(struct check *c)
{
    const struct m_agreement *a = check_agreement(c, c->op->ref);

    if (a)
        must(c, agreement_party(a, c->by), M_BIT(not_yours));
}

static void check_record_under(struct check *c)
{
    const struct m_agreement *a = check_agreement(c, c->op->agreement);

    for (int i = 0; a && i < c->op->n_shares; i++) {
        const struct m_share *s = &c->op->shares[i];
        const struct m_reserved *pair =
            agreement_pair(a, model_org(c->m, s->from), model_org(c->m, s->to));

        must(c, pair, M_BIT(parties_mismatch));
        if (pair)
            must(c, s->minutes <= pair->minutes - pair->recorded, M_BIT(hours_over_agreement));
    }
}

static void check_record_direct(struct check *c)
{
    int need = -1;

    if (c->op->need[0]) {
        need = must_need(c, c->op->need);
        if (need >= 0)
            must(c, asked_by(c, c->m->needs.v[need].author) > 0, M_BIT(agreement_mismatch));
    }
    if (c->op->gift != 1)
        check_lines(c, need, NULL);
}

void check_record(struct check *c)
{
    int32_t today = m_day(c->at);

    check_shares(c);
    must_have_skill(c);
    must(c, c->op->day <= today && c->op->day >= today - 366, M_BIT(day_out_of_range));
    if (c->op->agreement[0]) {
        must(c, !c->op->need[0], M_BIT(field_invalid));
        check_record_under(c);
    } else {
        check_record_direct(c);
    }
}

void check_reverse(struct check *c)
{
    const struct model *m = c->m;
    int at = must_hours(c, c->op->ref);

    check_shares(c);
    if (at < 0)
        return;
    const struct m_hours *h = &m->hours.v[at];
    for (int i = 0; i < c->op->n_shares; i++) {
        const struct m_share *s = &c->op->shares[i];
        const struct m_exchange *pair = NULL;

        for (int k = h->first; k < h->first + h->n; k++) {
            const struct m_exchange *x = &m->exchanges.v[k];

            if (x->from == model_org(m, s->from) && x->to == model_org(m, s->to))
                pair = x;
        }
        must(c, pair, M_BIT(parties_mismatch));
        if (pair)
            must(c, s->minutes <= pair->minutes - pair->back, M_BIT(reverse_too_much));
    }
}
