/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What an accepted operation adds to the lists, and whose signatures it needs (SPEC 6). */
#include "tests/model/model.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct step {
    struct model *m;
    const struct op *op;
    int64_t at;
    int by;
};

#define COPY(to, from) snprintf(to, sizeof(to), "%s", from)

/* --- Organisations and keys ------------------------------------------------------------------ */

static int new_org(struct step *s, const char *handle, const char *key)
{
    struct model *m = s->m;

    assert(m->n_orgs + 1 < M_ORGS);
    int number = ++m->n_orgs;
    struct m_org *org = &m->orgs[number];
    COPY(org->handle, handle);
    org->admitted_at = s->at;
    org->confirmed_at = -1;
    struct m_key *k = M_ADD(m->keys);
    k->org = number;
    COPY(k->key, key);
    k->key_id = m->key_id(handle, key);
    k->scope = 1;
    return number;
}

static struct m_detail *new_detail(struct step *s, int slot)
{
    struct m_detail *d = M_ADD(s->m->details);

    d->author = s->by;
    COPY(d->id, s->op->id);
    d->slot = slot;
    d->n_owners = 1;
    d->owners[0] = s->by;
    return d;
}

static void add_owner(struct m_detail *d, int org)
{
    for (int i = 0; i < d->n_owners; i++)
        if (d->owners[i] == org)
            return;
    assert(d->n_owners < M_PARTIES);
    d->owners[d->n_owners++] = org;
}

static void new_shares_detail(struct step *s, int slot)
{
    struct m_detail *d = new_detail(s, slot);

    for (int i = 0; i < s->op->n_shares; i++) {
        add_owner(d, model_org(s->m, s->op->shares[i].from));
        add_owner(d, model_org(s->m, s->op->shares[i].to));
    }
}

static void apply_found(struct step *s)
{
    struct model *m = s->m;

    m->founded = true;
    m->network = *s->op->founding;
    for (int i = 0; i < m->network.n_founders; i++)
        new_org(s, m->network.founders[i].handle, m->network.founders[i].key);
    for (int i = 0; i < m->network.n_mandates; i++) {
        const struct m_mandate *mandate = &m->network.mandates[i];

        m->orgs[mandate->founder + 1].mandate[mandate->role] = mandate->until;
    }
    s->by = model_org(m, s->op->by);
    new_detail(s, 3);
}

static void apply_admit(struct step *s)
{
    s->by = new_org(s, s->op->by, s->op->key);
    s->m->orgs[s->by].has_sheet = true;
    s->m->orgs[s->by].is_public = s->op->is_public;
    new_detail(s, 1);
}

static void apply_leave(struct step *s)
{
    struct model *m = s->m;
    struct m_figures figures[M_ORGS];

    model_figures(m, m_day(s->at), figures);
    int64_t position = m_position(&figures[s->by]);
    if (position != 0) {
        int to = position > 0 && s->op->to[0] ? model_org(m, s->op->to) : 0;
        *M_ADD(m->transfers) = (struct m_transfer){s->by, to, position};
    }
    for (int i = 0; i < m->agreements.n; i++)
        if (agreement_life(&m->agreements.v[i], s->at) == M_OPEN &&
            agreement_party(&m->agreements.v[i], s->by)) {
            m->agreements.v[i].cancelled = true;
            m->agreements.v[i].ended_at = s->at;
        }
    for (int i = 0; i < m->offers.n; i++)
        for (int k = 0; k < m->offers.v[i].n_providers; k++)
            if (m->offers.v[i].providers[k] == s->by &&
                offer_life(&m->offers.v[i], s->at) == M_OPEN) {
                m->offers.v[i].withdrawn = true;
                m->offers.v[i].ended_at = s->at;
            }
    for (int i = 0; i < m->needs.n; i++)
        if (m->needs.v[i].author == s->by && need_life(&m->needs.v[i], s->at) == M_OPEN) {
            m->needs.v[i].withdrawn = true;
            m->needs.v[i].ended_at = s->at;
        }
    for (int i = 0; i < m->keys.n; i++)
        if (m->keys.v[i].org == s->by)
            m->keys.v[i].revoked = true;
    m->orgs[s->by].left = true;
    m->orgs[s->by].left_at = s->at;
    m->orgs[s->by].mandate[M_COORDINATOR] = 0;
    m->orgs[s->by].mandate[M_PANEL] = 0;
}

static void apply_key_add(struct step *s)
{
    struct m_key *k = M_ADD(s->m->keys);

    k->org = s->by;
    COPY(k->key, s->op->key);
    k->key_id = s->m->key_id(s->op->by, s->op->key);
    k->scope = s->op->scope;
    k->ceiling = s->op->ceiling;
}

static void apply_erase(struct step *s)
{
    struct m_detail *d = &s->m->details.v[model_detail(s->m, s->op->ref, s->op->slot)];

    d->erased = true;
    d->erased_index = s->m->size;
}

/* --- Offers and needs ------------------------------------------------------------------------ */

static void apply_offer_publish(struct step *s)
{
    struct m_offer *o = M_ADD(s->m->offers);
    struct m_detail *d = new_detail(s, 1);

    o->author = s->by;
    COPY(o->id, s->op->id);
    o->expires = s->op->expires;
    for (int i = 0; i < s->op->n_handles; i++) {
        o->providers[o->n_providers++] = model_org(s->m, s->op->handles[i]);
        add_owner(d, o->providers[i]);
    }
}

static void apply_need_publish(struct step *s)
{
    struct m_need *n = M_ADD(s->m->needs);

    n->author = s->by;
    COPY(n->id, s->op->id);
    n->minutes = s->op->minutes;
    n->expires = s->op->expires;
    n->urgent = s->op->urgent;
    new_detail(s, 1);
}

static void apply_vouch(struct step *s)
{
    struct m_need *n = &s->m->needs.v[model_need(s->m, s->op->ref)];

    assert(n->n_vouches < M_VOUCHES);
    n->vouches[n->n_vouches++] =
        (struct m_vouch){s->by, s->at + s->m->network.policy.urgent_days * M_DAY_MS};
}

/* --- Agreements ------------------------------------------------------------------------------ */

/* The shares of the operation, with what was recorded for the same pair before. */
static void set_pairs(struct step *s, struct m_agreement *a)
{
    struct m_agreement before = *a;

    a->n = s->op->n_shares;
    for (int i = 0; i < a->n; i++) {
        int from = model_org(s->m, s->op->shares[i].from);
        int to = model_org(s->m, s->op->shares[i].to);
        const struct m_reserved *old = agreement_pair(&before, from, to);

        a->pairs[i] = (struct m_reserved){from, to, s->op->shares[i].minutes,
                                          old ? old->recorded : 0};
    }
    a->expires = s->op->expires;
}

static void apply_sign(struct step *s)
{
    struct m_agreement *a = M_ADD(s->m->agreements);

    a->author = s->by;
    COPY(a->id, s->op->id);
    a->offer = s->op->offer[0] ? model_offer(s->m, s->op->offer) : -1;
    a->need = s->op->need[0] ? model_need(s->m, s->op->need) : -1;
    set_pairs(s, a);
    new_shares_detail(s, 1);
    if (s->op->people[0])
        new_shares_detail(s, 2);
}

/* --- Hours ----------------------------------------------------------------------------------- */

/* What the asker received of a record counts for the need; what is taken back counts no more. */
static void serve(struct step *s, int need, int sign)
{
    struct m_need *n = &s->m->needs.v[need];
    bool open = need_life(n, s->at) == M_OPEN;

    for (int i = 0; i < s->op->n_shares; i++)
        if (model_org(s->m, s->op->shares[i].to) == n->author)
            n->served += sign * s->op->shares[i].minutes;
    if (open && n->served >= n->minutes) {
        n->met = true;
        n->ended_at = s->at;
    }
}

static void apply_record(struct step *s)
{
    struct model *m = s->m;
    const struct op *op = s->op;
    struct m_hours *h = M_ADD(m->hours);
    struct m_agreement *a = NULL;

    h->author = s->by;
    COPY(h->id, op->id);
    h->at = s->at;
    h->first = m->exchanges.n;
    h->n = op->n_shares;
    h->need = op->need[0] ? model_need(m, op->need) : -1;
    if (op->agreement[0]) {
        a = &m->agreements.v[model_agreement(m, op->agreement)];
        h->need = a->need;
    }
    for (int i = 0; i < op->n_shares; i++) {
        struct m_exchange *x = M_ADD(m->exchanges);

        x->hours = m->hours.n - 1;
        x->from = model_org(m, op->shares[i].from);
        x->to = model_org(m, op->shares[i].to);
        x->minutes = op->shares[i].minutes;
        x->bucket = m_day(s->at);
        x->gift = op->gift == 1;
        if (a)
            agreement_pair(a, x->from, x->to)->recorded += x->minutes;
    }
    if (h->need >= 0)
        serve(s, h->need, 1);
    if (op->details[0])
        new_shares_detail(s, 1);
}

static void apply_reverse(struct step *s)
{
    struct model *m = s->m;
    const struct m_hours *h = &m->hours.v[model_hours(m, s->op->ref)];

    if (h->need >= 0)
        serve(s, h->need, -1);
    for (int i = 0; i < s->op->n_shares; i++)
        for (int k = h->first; k < h->first + h->n; k++) {
            struct m_exchange *x = &m->exchanges.v[k];

            if (x->from == model_org(m, s->op->shares[i].from) &&
                x->to == model_org(m, s->op->shares[i].to))
                x->back += s->op->shares[i].minutes;
        }
}

/* --- Any entry ------------------------------------------------------------------------------- */

static void apply_update(struct step *s)
{
    s->m->orgs[s->by].has_sheet = true;
    s->m->orgs[s->by].is_public = s->op->is_public;
    s->m->orgs[s->by].confirmed_at = s->at;
    new_detail(s, 1);
}

static void apply_confirm(struct step *s)
{
    s->m->orgs[s->by].confirmed_at = s->at;
}

static void apply_revoke(struct step *s)
{
    s->m->keys.v[model_key(s->m, s->op->key)].revoked = true;
}

static void apply_renew(struct step *s)
{
    s->m->offers.v[model_offer(s->m, s->op->ref)].expires = s->op->expires;
}

static void apply_offer_withdraw(struct step *s)
{
    struct m_offer *o = &s->m->offers.v[model_offer(s->m, s->op->ref)];

    o->withdrawn = true;
    o->ended_at = s->at;
}

static void apply_need_withdraw(struct step *s)
{
    struct m_need *n = &s->m->needs.v[model_need(s->m, s->op->ref)];

    n->withdrawn = true;
    n->ended_at = s->at;
}

static void apply_change(struct step *s)
{
    set_pairs(s, &s->m->agreements.v[model_agreement(s->m, s->op->ref)]);
}

static void apply_close(struct step *s)
{
    struct m_agreement *a = &s->m->agreements.v[model_agreement(s->m, s->op->ref)];

    a->closed = true;
    a->ended_at = s->at;
}

static void apply_cancel(struct step *s)
{
    struct m_agreement *a = &s->m->agreements.v[model_agreement(s->m, s->op->ref)];

    a->cancelled = true;
    a->ended_at = s->at;
}

static void apply_nothing(struct step *s)
{
    (void)s;
}

static void (*const applies[M_KIND_COUNT])(struct step *) = {
    [M_NETWORK_FOUND] = apply_found,
    [M_ORG_ADMIT] = apply_admit,
    [M_ORG_UPDATE] = apply_update,
    [M_ORG_CONFIRM] = apply_confirm,
    [M_ORG_LEAVE] = apply_leave,
    [M_KEY_ADD] = apply_key_add,
    [M_KEY_REVOKE] = apply_revoke,
    [M_DETAILS_ERASE] = apply_erase,
    [M_OFFER_PUBLISH] = apply_offer_publish,
    [M_OFFER_RENEW] = apply_renew,
    [M_OFFER_WITHDRAW] = apply_offer_withdraw,
    [M_NEED_PUBLISH] = apply_need_publish,
    [M_NEED_VOUCH] = apply_vouch,
    [M_NEED_WITHDRAW] = apply_need_withdraw,
    [M_AGREEMENT_SIGN] = apply_sign,
    [M_AGREEMENT_CHANGE] = apply_change,
    [M_AGREEMENT_CLOSE] = apply_close,
    [M_AGREEMENT_CANCEL] = apply_cancel,
    [M_HOURS_RECORD] = apply_record,
    [M_HOURS_REVERSE] = apply_reverse,
    [M_ASSERTION_BALANCE] = apply_nothing,
};

static void add_leaf(struct model *m, struct m_entry entry, const char *text)
{
    entry.index = m->size++;
    entry.text = strdup(text);
    assert(entry.text);
    *M_ADD(m->entries) = entry;
}

void model_apply(struct model *m, const struct op *op, int64_t at, const char *text)
{
    struct step s = {.m = m, .op = op, .at = at, .by = model_org(m, op->by)};
    struct m_entry entry = {.kind = op->kind, .at = at};

    assert(at >= m->last_at);
    applies[op->kind](&s);
    entry.author = s.by;
    COPY(entry.id, op->id);
    add_leaf(m, entry, text);
    m->last_at = at;
}

void model_tick(struct model *m, int64_t at, const char *text)
{
    add_leaf(m, (struct m_entry){.kind = M_CLOCK_TICK, .at = at}, text);
}

bool model_seal_due(const struct model *m)
{
    return m->founded && m->size - 1 - m->sealed >= (uint64_t)m->network.policy.seal_every;
}

void model_seal(struct model *m, int64_t at, const char *text)
{
    m->sealed = m->size;
    add_leaf(m, (struct m_entry){.kind = M_SEAL_BALANCES, .at = at}, text);
}

/* --- Signers --------------------------------------------------------------------------------- */

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
    if (op->kind == M_KEY_ADD || op->kind == M_KEY_REVOKE || op->kind == M_ORG_LEAVE)
        sign(&set, op->by)->admin = true;
    return set.n;
}
