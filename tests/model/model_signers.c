/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Whose signatures an operation needs (SPEC 6). */
#include "tests/model/model.h"

#include <assert.h>
#include <string.h>

struct signing {
    struct m_signer *v;
    int n;
};

static struct m_signer *sign(struct signing *set, const char *handle)
{
    int at = 0;

    while (at < set->n && strcmp(set->v[at].handle, handle) < 0)
        at++;
    if (at < set->n && strcmp(set->v[at].handle, handle) == 0)
        return &set->v[at];
    assert(set->n + 1 < M_ORGS);
    memmove(&set->v[at + 1], &set->v[at], (size_t)(set->n - at) * sizeof set->v[0]);
    set->n++;
    set->v[at] = (struct m_signer){.handle = handle};
    return &set->v[at];
}

static void sign_shares(struct signing *set, const struct op *op)
{
    for (int i = 0; i < op->n_shares; i++) {
        sign(set, op->shares[i].from)->minutes += op->shares[i].minutes;
        sign(set, op->shares[i].to)->minutes += op->shares[i].minutes;
    }
}

static void sign_admission(struct signing *set, const struct op *op)
{
    struct m_signer *applicant = sign(set, op->by);

    applicant->own_key = applicant->admin = true;
    if (op->coordinator[0])
        sign(set, op->coordinator);
    for (int i = 0; i < op->n_handles; i++)
        sign(set, op->handles[i])->admin = true;
}

static void sign_parties(struct signing *set, const struct model *m, const struct op *op)
{
    if (op->kind == M_OFFER_RENEW) {
        const struct m_offer *o = &m->offers.v[model_offer(m, op->ref)];

        for (int i = 0; i < o->n_providers; i++)
            sign(set, m->orgs[o->providers[i]].handle);
    } else if (op->kind == M_AGREEMENT_CLOSE) {
        const struct m_agreement *a = &m->agreements.v[model_agreement(m, op->ref)];

        for (int i = 0; i < a->n; i++) {
            sign(set, m->orgs[a->pairs[i].from].handle);
            sign(set, m->orgs[a->pairs[i].to].handle);
        }
    }
}

int model_signers(const struct model *m, const struct op *op, struct m_signer out[static M_ORGS])
{
    struct signing set = {.v = out};

    if (op->kind == M_NETWORK_FOUND) {
        for (int i = 0; i < op->founding->n_founders; i++) {
            struct m_signer *founder = sign(&set, op->founding->founders[i].handle);

            founder->own_key = founder->admin = true;
        }
        return set.n;
    }
    if (op->kind == M_ORG_ADMIT) {
        sign_admission(&set, op);
        return set.n;
    }
    sign(&set, op->by);
    sign_shares(&set, op);
    sign_parties(&set, m, op);
    if (op->kind == M_OFFER_PUBLISH)
        for (int i = 0; i < op->n_handles; i++)
            sign(&set, op->handles[i]);
    for (int i = 0; i < op->n_panel; i++)
        sign(&set, op->panel[i]);
    if (op->cosigner[0])
        sign(&set, op->cosigner);
    if (op->kind == M_KEY_ADD || op->kind == M_KEY_REVOKE || op->kind == M_ORG_LEAVE)
        sign(&set, op->by)->admin = true;
    return set.n;
}
