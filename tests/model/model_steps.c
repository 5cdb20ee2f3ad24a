/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Status, promises, steps about broken ones, and who leans (SPEC 6.14 to 6.16, 18.7, 18.8). */
#include "tests/model/model.h"

#include <stdlib.h>

/* --- Status ---------------------------------------------------------------------------------- */

bool model_status_in_force(const struct m_status *s, int64_t at)
{
    return s->class > 0 && !s->ended && at < s->until;
}

bool model_status_fragile(const struct m_status *s, int64_t at)
{
    return model_status_in_force(s, at) && s->class == 1;
}

int model_vouched(const struct model *m, int asker, int64_t at)
{
    int64_t quarter = m_quarter(at);
    int n = 0;

    for (int i = 0; i < m->needs.n; i++)
        for (int k = 0; m->needs.v[i].author == asker && k < m->needs.v[i].n_vouches; k++) {
            const struct m_vouch *v = &m->needs.v[i].vouches[k];

            n += !v->by_panel && v->at >= quarter;
        }
    return n;
}

/* The lowest of what its asker's status, and being among the first, give; then by its age. */
int model_class(const struct model *m, const struct m_need *n, int64_t at)
{
    const struct m_status *status = &m->orgs[n->author].status;
    int class = 3;

    if (need_in_force(n, at))
        return 0;
    if (model_status_in_force(status, at))
        class = status->class;
    if (n->ordinal <= m->network.policy.class_new_needs && class == 3)
        class = 2;
    for (int64_t t = n->published_at + m->network.policy.class_age_days * M_DAY_MS;
         t <= at && class > 1; t += m->network.policy.class_age_days * M_DAY_MS)
        class--;
    return class;
}

/* --- Promises -------------------------------------------------------------------------------- */

bool agreement_gives(const struct m_agreement *a, int org)
{
    for (int i = 0; i < a->n; i++)
        if (a->pairs[i].from == org)
            return true;
    return false;
}

enum m_outcome promise_outcome(const struct m_agreement *a, int org)
{
    bool all = true;

    if (a->ended_at == 0 || !agreement_gives(a, org))
        return M_NOTHING;
    for (int i = 0; i < a->n; i++)
        if (a->pairs[i].from == org)
            all = all && a->pairs[i].recorded == a->pairs[i].minutes;
    if (a->closed || all)
        return M_KEPT;
    return a->cancelled ? M_NOTHING : M_BROKEN;
}

bool promise_excused(const struct m_agreement *a, int org)
{
    for (int i = 0; i < a->n_excused; i++)
        if (a->excused[i] == org)
            return true;
    return false;
}

int model_promises(const struct model *m, int org, enum m_outcome outcome, int32_t first,
                   int32_t last)
{
    int n = 0;

    for (int i = 0; i < m->agreements.n; i++) {
        const struct m_agreement *a = &m->agreements.v[i];
        int32_t day = m_day(a->ended_at);

        n += day >= first && day <= last && promise_outcome(a, org) == outcome &&
             !promise_excused(a, org);
    }
    return n;
}

bool model_broken_since(const struct model *m, int org, int64_t after)
{
    for (int i = 0; i < m->agreements.n; i++) {
        const struct m_agreement *a = &m->agreements.v[i];

        if (a->ended_at > after && promise_outcome(a, org) == M_BROKEN && !promise_excused(a, org))
            return true;
    }
    return false;
}

bool model_excusable(const struct m_agreement *a, int giver, int receiver)
{
    if (promise_outcome(a, giver) != M_BROKEN || promise_excused(a, giver))
        return false;
    for (int i = 0; i < a->n; i++)
        if (a->pairs[i].from == giver && a->pairs[i].to == receiver &&
            a->pairs[i].recorded < a->pairs[i].minutes)
            return true;
    return false;
}

/* --- Steps ----------------------------------------------------------------------------------- */

bool model_step_in_force(const struct m_step *s, int64_t at)
{
    return s->step > 0 && s->ended_at == 0 && !s->appealed && at < s->until;
}

bool model_step_founded(const struct model *m, int org, int step, bool panel, int64_t at,
                        bool *confirmed)
{
    const struct m_step *last = &m->orgs[org].step;
    const struct m_policy *policy = &m->network.policy;
    int32_t today = m_day(at);

    *confirmed =
        panel && last->step == step && last->appealed && last->ended_at == 0 && at < last->until;
    if (*confirmed)
        return true;
    if (step == 2)
        return model_promises(m, org, M_BROKEN, today - (int32_t)policy->promise_days + 1, today) >=
               policy->promise_meeting;
    int64_t end = last->ended_at ? last->ended_at : last->until;
    return last->step >= step - 1 && at - end < policy->promise_days * M_DAY_MS &&
           model_broken_since(m, org, last->set_at);
}

/* --- Leaning --------------------------------------------------------------------------------- */

static void look(int64_t *since, int64_t use, int64_t from, int64_t at)
{
    if (use < from)
        *since = 0;
    else if (*since == 0)
        *since = at;
}

void model_look(struct model *m, int org, const struct m_figures *f, int64_t at)
{
    int64_t position = m_position(f);
    int64_t line = position < 0 ? model_line(m, f, at).floor : m->network.policy.limit_ceiling;
    int64_t use = 1000 * (position < 0 ? -position : position) / line;

    look(&m->orgs[org].leaning_since, use, m->network.policy.ladder_lean_permille, at);
    look(&m->orgs[org].strained_since, use, m->network.policy.ladder_strain_permille, at);
}
