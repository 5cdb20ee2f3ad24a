/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What an accepted operation adds to the lists (SPEC 6). */
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
    org->capacity = org->fte = -1;
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
    m->budget = m->network.policy.pool_cap * m->network.n_founders;
    s->by = model_org(m, s->op->by);
    new_detail(s, 4);
}

/* Where they are given. */
static void set_sizes(struct step *s)
{
    if (s->op->capacity >= 0)
        s->m->orgs[s->by].capacity = s->op->capacity;
    if (s->op->fte >= 0)
        s->m->orgs[s->by].fte = s->op->fte;
}

static void apply_admit(struct step *s)
{
    s->by = new_org(s, s->op->by, s->op->key);
    s->m->orgs[s->by].has_sheet = true;
    s->m->orgs[s->by].is_public = s->op->is_public;
    set_sizes(s);
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

    for (int i = 0; i < s->m->needs.n - 1; i++)
        n->ordinal += s->m->needs.v[i].author == s->by;
    n->ordinal++;
    n->fragile = model_status_fragile(&s->m->orgs[s->by].status, s->at);
    n->author = s->by;
    COPY(n->id, s->op->id);
    n->minutes = s->op->minutes;
    n->published_at = s->at;
    n->expires = s->op->expires;
    n->urgent = s->op->urgent;
    new_detail(s, 1);
}

static void apply_vouch(struct step *s)
{
    struct m_need *n = &s->m->needs.v[model_need(s->m, s->op->ref)];

    assert(n->n_vouches < M_VOUCHES);
    n->vouches[n->n_vouches++] =
        (struct m_vouch){.org = s->by,
                         .at = s->at,
                         .until = s->at + s->m->network.policy.urgent_days * M_DAY_MS,
                         .by_panel = s->op->n_panel > 0};
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
    int64_t minutes = 0;

    for (int i = 0; i < s->op->n_shares; i++)
        if (model_org(s->m, s->op->shares[i].to) == n->author)
            minutes += s->op->shares[i].minutes;
    n->served += sign * minutes;
    if (sign < 0)
        n->in_time = n->in_time > minutes ? n->in_time - minutes : 0;
    else if (open)
        n->in_time += minutes;
    if (open && n->served >= n->minutes) {
        n->met = true;
        n->ended_at = s->at;
    }
}

static void apply_record(struct step *s)
{
    struct model *m = s->m;
    const struct op *op = s->op;
    struct m_agreement *a = NULL;
    int64_t paid[M_SHARES];
    int need = op->need[0] ? model_need(m, op->need) : -1;

    if (op->agreement[0]) {
        a = &m->agreements.v[model_agreement(m, op->agreement)];
        need = a->need;
    }
    model_payments(m, op, s->at, need, a, paid);
    struct m_hours *h = M_ADD(m->hours);
    h->author = s->by;
    COPY(h->id, op->id);
    h->at = s->at;
    h->first = m->exchanges.n;
    h->n = op->n_shares;
    h->need = need;
    for (int i = 0; i < op->n_shares; i++) {
        struct m_exchange *x = M_ADD(m->exchanges);

        x->hours = m->hours.n - 1;
        x->from = model_org(m, op->shares[i].from);
        x->to = model_org(m, op->shares[i].to);
        x->minutes = op->shares[i].minutes;
        x->bucket = m_day(s->at);
        x->gift = op->gift == 1;
        x->paid = x->first_paid = paid[i];
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
                x->to == model_org(m, s->op->shares[i].to)) {
                int64_t left = x->minutes - x->back;

                x->paid = x->paid * (left - s->op->shares[i].minutes) / left;
                x->back += s->op->shares[i].minutes;
            }
        }
}

/* --- Any entry ------------------------------------------------------------------------------- */

static void apply_update(struct step *s)
{
    s->m->orgs[s->by].has_sheet = true;
    s->m->orgs[s->by].is_public = s->op->is_public;
    s->m->orgs[s->by].confirmed_at = s->at;
    set_sizes(s);
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

/* --- The pool, status and steps -------------------------------------------------------------- */

static void apply_pool_give(struct step *s)
{
    *M_ADD(s->m->transfers) = (struct m_transfer){s->by, 0, s->op->minutes};
}

static void apply_status_grant(struct step *s)
{
    s->m->orgs[model_org(s->m, s->op->org)].status = (struct m_status){
        .class = s->op->class,
        .levy = s->op->levy,
        .pool = s->op->pool,
        .granted_at = s->at,
        .until = s->op->until,
    };
    add_owner(new_detail(s, 3), model_org(s->m, s->op->org));
}

static void apply_status_end(struct step *s)
{
    s->m->orgs[model_org(s->m, s->op->org)].status.ended = true;
}

static void apply_excuse(struct step *s)
{
    struct m_agreement *a = &s->m->agreements.v[model_agreement(s->m, s->op->ref)];

    for (int org = 1; org <= s->m->n_orgs; org++)
        if (model_excusable(a, org, s->by))
            a->excused[a->n_excused++] = org;
}

static void apply_step_set(struct step *s)
{
    struct m_org *org = &s->m->orgs[model_org(s->m, s->op->org)];
    bool confirmed;

    model_step_founded(s->m, model_org(s->m, s->op->org), s->op->step, s->op->n_panel > 0, s->at,
                 &confirmed);
    org->step = (struct m_step){.step = s->op->step,
                                .set_at = s->at,
                                .until = s->op->until,
                                .confirmed = confirmed};
    add_owner(new_detail(s, 3), model_org(s->m, s->op->org));
}

static void apply_step_end(struct step *s)
{
    s->m->orgs[model_org(s->m, s->op->org)].step.ended_at = s->at;
}

static void apply_appeal(struct step *s)
{
    s->m->orgs[s->by].step.appealed = true;
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
    [M_POOL_GIVE] = apply_pool_give,
    [M_STATUS_GRANT] = apply_status_grant,
    [M_STATUS_END] = apply_status_end,
    [M_PROMISE_EXCUSE] = apply_excuse,
    [M_STEP_SET] = apply_step_set,
    [M_STEP_END] = apply_step_end,
    [M_STEP_APPEAL] = apply_appeal,
};

static void add_leaf(struct model *m, struct m_entry entry, const char *text)
{
    entry.index = m->size++;
    entry.text = strdup(text);
    assert(entry.text);
    *M_ADD(m->entries) = entry;
}

static bool moves_counters(enum m_kind kind)
{
    return kind == M_ORG_LEAVE || kind == M_AGREEMENT_SIGN || kind == M_AGREEMENT_CHANGE ||
           kind == M_AGREEMENT_CLOSE || kind == M_AGREEMENT_CANCEL || kind == M_HOURS_RECORD ||
           kind == M_HOURS_REVERSE || kind == M_POOL_GIVE;
}

static void look_at_changed(struct model *m, const struct m_figures *before, int64_t at)
{
    struct m_figures after[M_ORGS];

    model_figures(m, m_day(at), after);
    for (int i = 1; i <= m->n_orgs; i++) {
        int64_t was[M_COUNTERS], is[M_COUNTERS];

        m_counters(&before[i], was);
        m_counters(&after[i], is);
        if (memcmp(was, is, sizeof was) != 0)
            model_look(m, i, &after[i], at);
    }
}

void model_apply(struct model *m, const struct op *op, int64_t at, const char *text)
{
    struct m_figures before[M_ORGS];
    struct step s = {.m = m, .op = op, .at = at, .by = model_org(m, op->by)};
    struct m_entry entry = {.kind = op->kind, .at = at};

    assert(at >= m->last_at);
    if (moves_counters(op->kind))
        model_figures(m, m_day(at), before);
    applies[op->kind](&s);
    entry.author = s.by;
    COPY(entry.id, op->id);
    add_leaf(m, entry, text);
    m->last_at = at;
    if (moves_counters(op->kind))
        look_at_changed(m, before, at);
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
