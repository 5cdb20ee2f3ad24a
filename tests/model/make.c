/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* One operation of each kind, meant to be in order. */
#include "tests/model/generate.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_handles(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void sort_handles(struct op *op)
{
    qsort(op->handles, (size_t)op->n_handles, sizeof op->handles[0], compare_handles);
}

/* Too long ago to be referred to; few references are so late. */
static bool out_of_reach(struct generator *g, int64_t ended_at)
{
    return ended_at > 0 && g->at > model_reach(g->m, ended_at) && !rng_chance(&g->rng, 20);
}

/* --- Kinds: false when there is nothing to do it with ---------------------------------------- */

static void pick_sizes(struct generator *g, struct op *op)
{
    if (rng_chance(&g->rng, 400))
        op->capacity = rng_magnitude(&g->rng, 600001) - 1;
    if (rng_chance(&g->rng, 400))
        op->fte = rng_magnitude(&g->rng, 1000001) - 1;
}

static bool make_admit(struct generator *g, struct op *op)
{
    int sponsors_min = (int)g->m->network.policy.sponsors_min;

    if (g->m->n_orgs + 4 >= M_ORGS || !new_key(g, op->key))
        return false;
    new_handle(g, op->by);
    SET(op->charter, g->m->network.charter);
    commitment(g, op->details);
    op->is_public = rng_chance(&g->rng, 500);
    pick_sizes(g, op);
    int org = pick_org(g, -1);
    for (int tries = 0; tries < 20 && !model_coordinator(g->m, org, g->at); tries++)
        org = pick_org(g, -1);
    if (model_coordinator(g->m, org, g->at) && rng_chance(&g->rng, 600)) {
        SET(op->coordinator, handle_of(g, org));
        return true;
    }
    for (int i = 1; i <= g->m->n_orgs && op->n_handles < sponsors_min; i++)
        if (!g->m->orgs[i].left && op->n_handles < M_PARTIES)
            SET(op->handles[op->n_handles++], handle_of(g, i));
    sort_handles(op);
    return op->n_handles > 0;
}

static bool make_update(struct generator *g, struct op *op)
{
    author(g, op, pick_org(g, -1));
    commitment(g, op->details);
    op->is_public = rng_chance(&g->rng, 500);
    pick_sizes(g, op);
    return true;
}

static bool make_confirm(struct generator *g, struct op *op)
{
    author(g, op, pick_org(g, -1));
    return true;
}

static bool make_leave(struct generator *g, struct op *op)
{
    int by = pick_org(g, -1);

    if (count_active(g) <= g->plan.active_min)
        return false;
    if (model_panel(g->m, by, g->at) && rng_chance(&g->rng, 850)) /* or there is soon none */
        by = pick_org(g, by);
    author(g, op, by);
    if (rng_chance(&g->rng, 500))
        SET(op->to, handle_of(g, pick_org(g, by)));
    return true;
}

static bool make_key_add(struct generator *g, struct op *op)
{
    if (!new_key(g, op->key))
        return false;
    author(g, op, pick_org(g, -1));
    op->scope = (int)rng_range(&g->rng, 1, 3);
    if (rng_chance(&g->rng, 300))
        op->ceiling = rng_magnitude(&g->rng, 1000000);
    return true;
}

static bool make_revoke(struct generator *g, struct op *op)
{
    for (int tries = 0; tries < 30; tries++) {
        const struct m_key *k = &g->m->keys.v[rng_below(&g->rng, (size_t)g->m->keys.n)];

        if (k->revoked || g->m->orgs[k->org].left)
            continue;
        author(g, op, k->org);
        SET(op->key, k->key);
        return true;
    }
    return false;
}

static bool make_erase(struct generator *g, struct op *op)
{
    if (g->m->details.n == 0)
        return false;
    for (int tries = 0; tries < 30; tries++) {
        const struct m_detail *d = &g->m->details.v[rng_below(&g->rng, (size_t)g->m->details.n)];
        int by = d->owners[rng_below(&g->rng, (size_t)d->n_owners)];

        if (rng_chance(&g->rng, 200))
            by = pick_org(g, -1);
        if (by < 0 || g->m->orgs[by].left || (d->erased && tries < 10))
            continue;
        author(g, op, by);
        set_ref(g, op->ref, d->author, d->id);
        op->slot = d->slot;
        return true;
    }
    return false;
}

static bool make_offer(struct generator *g, struct op *op)
{
    int by = pick_org(g, -1);

    author(g, op, by);
    SET(op->handles[op->n_handles++], op->by);
    int more = rng_chance(&g->rng, g->plan.group) ? (int)rng_range(&g->rng, 1, 4) : 0;
    for (int i = 0; i < more; i++) {
        const char *handle = handle_of(g, pick_org(g, by));
        bool known = false;

        for (int k = 0; k < op->n_handles; k++)
            known |= strcmp(op->handles[k], handle) == 0;
        if (!known)
            SET(op->handles[op->n_handles++], handle);
    }
    sort_handles(op);
    pick_type_and_skill(g, op);
    op->expires = pick_expires(g, g->m->network.policy.offer_days_max);
    commitment(g, op->details);
    if (rng_chance(&g->rng, 300))
        op->minutes_month = rng_magnitude(&g->rng, 100000);
    return true;
}

static bool make_offer_step(struct generator *g, struct op *op)
{
    int at = pick_offer(g);

    if (at < 0)
        return false;
    const struct m_offer *o = &g->m->offers.v[at];
    set_ref(g, op->ref, o->author, o->id);
    author(g, op, o->providers[rng_below(&g->rng, (size_t)o->n_providers)]);
    op->expires = pick_expires(g, g->m->network.policy.offer_days_max);
    return true;
}

static void fill_need(struct generator *g, struct op *op, int by)
{
    author(g, op, by);
    pick_type_and_skill(g, op);
    op->minutes = rng_chance(&g->rng, 700) ? rng_magnitude(&g->rng, 4 * g->plan.minutes_max)
                                           : rng_magnitude(&g->rng, 100000);
    op->urgent = rng_chance(&g->rng, g->plan.urgent);
    if (op->urgent && rng_chance(&g->rng, 500)) /* more than the asker may receive without it */
        op->minutes += line_room(g, by, true);
    op->minutes = op->minutes < 1 ? 1 : op->minutes > 100000 ? 100000 : op->minutes;
    op->expires = pick_expires(g, g->m->network.policy.need_days_max);
    commitment(g, op->details);
}

static bool make_need(struct generator *g, struct op *op)
{
    fill_need(g, op, pick_org(g, -1));
    return !rests(g, op);
}

bool make_urgent_need(struct generator *g, struct op *op, int org)
{
    start_op(op, M_NEED_PUBLISH);
    fill_need(g, op, org);
    op->urgent = true;
    return true;
}

/* Where the quota asks for it, or for no reason; false when nobody is there to do it. */
static bool vouch_with_panel(struct generator *g, struct op *op, int asker, int by)
{
    bool spent = model_vouched(g->m, asker, g->at) >= g->m->network.policy.urgent_quota;

    if (!spent && !rng_chance(&g->rng, 150))
        return true;
    if (pick_panel(g, op, asker, by, 1))
        return true;
    op->n_panel = 0;
    return !spent || rng_chance(&g->rng, 200);
}

bool make_vouch_for(struct generator *g, struct op *op, int need)
{
    const struct m_need *n = &g->m->needs.v[need];
    int by = pick_org(g, n->author);

    /* Whoever vouched before tries again now and then. */
    if (n->n_vouches > 0 && rng_chance(&g->rng, 300))
        by = n->vouches[rng_below(&g->rng, (size_t)n->n_vouches)].org;
    if (by < 0 || g->m->orgs[by].left)
        return false;
    start_op(op, M_NEED_VOUCH);
    author(g, op, by);
    set_ref(g, op->ref, n->author, n->id);
    return vouch_with_panel(g, op, n->author, by);
}

static bool make_vouch(struct generator *g, struct op *op)
{
    for (int tries = 0; tries < 40; tries++) {
        int at = pick_need(g);

        if (at < 0)
            return false;
        const struct m_need *n = &g->m->needs.v[at];
        if (!n->urgent || need_in_force(n, g->at))
            continue;
        if (make_vouch_for(g, op, at))
            return true;
    }
    return false;
}

static bool make_need_withdraw(struct generator *g, struct op *op)
{
    int at = pick_need(g);

    if (at < 0)
        return false;
    author(g, op, g->m->needs.v[at].author);
    set_ref(g, op->ref, g->m->needs.v[at].author, g->m->needs.v[at].id);
    return true;
}

/*
 * Urgent needs in force are looked for longer, because the line opens for them alone, and so are
 * those of who has a status, because the pool pays for them.
 */
static int pick_wanted_need(struct generator *g)
{
    int need = pick_need(g);

    for (int tries = 0; tries < 10 && need >= 0; tries++) {
        const struct m_need *n = &g->m->needs.v[need];
        const struct m_status *status = &g->m->orgs[n->author].status;

        if (need_in_force(n, g->at) || model_status_in_force(status, g->at) ||
            !rng_chance(&g->rng, g->plan.urgent))
            break;
        need = pick_need(g);
    }
    return need;
}

static bool make_sign(struct generator *g, struct op *op)
{
    int giver = -1, receiver = -1;
    int offer = rng_chance(&g->rng, 300) ? pick_offer(g) : -1;
    int need = rng_chance(&g->rng, g->plan.for_need) ? pick_wanted_need(g) : -1;

    if (need >= 0) {
        const struct m_need *n = &g->m->needs.v[need];
        const struct m_vouch *vouch = need_in_force(n, g->at);

        receiver = n->author;
        set_ref(g, op->need, n->author, n->id);
        if (vouch && rng_chance(&g->rng, 150) && vouch->org != receiver)
            giver = g->m->orgs[vouch->org].left ? -1 : vouch->org;
    }
    if (offer >= 0 && giver < 0) {
        const struct m_offer *o = &g->m->offers.v[offer];

        giver = o->providers[rng_below(&g->rng, (size_t)o->n_providers)];
        set_ref(g, op->offer, o->author, o->id);
    }
    if (giver == receiver)
        giver = -1;
    pick_shares(g, op, giver, receiver);
    to_the_edge(g, op);
    author_among_shares(g, op);
    op->expires = pick_expires(g, g->m->network.policy.agreement_days_max);
    if (rng_chance(&g->rng, g->plan.soon) && op->expires > g->at + 40 * M_DAY_MS)
        op->expires = g->at + rng_magnitude(&g->rng, 40 * M_DAY_MS);
    commitment(g, op->details);
    if (rng_chance(&g->rng, 300))
        commitment(g, op->people);
    op->done_by = (int)rng_below(&g->rng, 4);
    pick_cosigner(g, op);
    return op->n_shares > 0 && !rests(g, op);
}

static bool make_change(struct generator *g, struct op *op)
{
    int at = pick_agreement(g);

    if (at < 0)
        return false;
    const struct m_agreement *a = &g->m->agreements.v[at];
    set_ref(g, op->ref, a->author, a->id);
    for (int i = 0; i < a->n; i++) {
        const struct m_reserved *p = &a->pairs[i];
        int64_t minutes = p->minutes;

        if (rng_chance(&g->rng, 600))
            minutes = p->recorded + rng_magnitude(&g->rng, g->plan.minutes_max) - 1;
        else if (rng_chance(&g->rng, 300))
            minutes += rng_magnitude(&g->rng, 100);
        minutes = minutes < 1 ? 1 : minutes > 100000 ? 100000 : minutes;
        if (!(p->recorded == 0 && a->n > 2 && rng_chance(&g->rng, 100)))
            add_share(g, op, p->from, p->to, minutes);
    }
    if (rng_chance(&g->rng, 150) && a->n > 1)
        add_share(g, op, a->pairs[0].from, a->pairs[a->n - 1].to, pick_minutes(g));
    sort_shares(op);
    author_among_shares(g, op);
    op->expires = pick_expires(g, g->m->network.policy.agreement_days_max);
    return op->n_shares > 0;
}

static bool make_end(struct generator *g, struct op *op)
{
    int at = pick_agreement(g);

    if (at < 0)
        return false;
    const struct m_agreement *a = &g->m->agreements.v[at];
    const struct m_reserved *p = &a->pairs[rng_below(&g->rng, (size_t)a->n)];
    set_ref(g, op->ref, a->author, a->id);
    author(g, op, rng_chance(&g->rng, 500) ? p->from : p->to);
    return true;
}

static bool record_under(struct generator *g, struct op *op)
{
    int at = pick_agreement(g);

    if (at < 0)
        return false;
    const struct m_agreement *a = &g->m->agreements.v[at];
    set_ref(g, op->agreement, a->author, a->id);
    for (int i = 0; i < a->n; i++) {
        int64_t left = a->pairs[i].minutes - a->pairs[i].recorded;

        if (left > 0 && (i == a->n - 1 || rng_chance(&g->rng, 700)))
            add_share(g, op, a->pairs[i].from, a->pairs[i].to,
                      rng_chance(&g->rng, 300) ? left : rng_magnitude(&g->rng, left));
    }
    sort_shares(op);
    return op->n_shares > 0;
}

static bool make_record(struct generator *g, struct op *op)
{
    int receiver = -1, need = -1;

    op->gift = rng_chance(&g->rng, g->plan.gift) ? 1 : rng_chance(&g->rng, 100) ? 0 : -1;
    if (!rng_chance(&g->rng, g->plan.under_agreement) || !record_under(g, op)) {
        op->agreement[0] = '\0';
        if (rng_chance(&g->rng, g->plan.for_need))
            need = rng_chance(&g->rng, 800) || g->m->needs.n == 0
                       ? pick_wanted_need(g)
                       : (int)rng_below(&g->rng, (size_t)g->m->needs.n);
        if (need >= 0 && out_of_reach(g, g->m->needs.v[need].ended_at))
            need = -1;
        if (need >= 0 && !g->m->orgs[g->m->needs.v[need].author].left) {
            receiver = g->m->needs.v[need].author;
            set_ref(g, op->need, receiver, g->m->needs.v[need].id);
        }
        pick_shares(g, op, -1, receiver);
        to_the_edge(g, op);
    }
    author_among_shares(g, op);
    op->day = m_day(g->at) - (rng_chance(&g->rng, 500) ? 0 : (int32_t)rng_range(&g->rng, 0, 366));
    if (rng_chance(&g->rng, 300))
        SET(op->skill, g->m->network.skills[rng_below(&g->rng, (size_t)g->m->network.n_skills)]);
    if (rng_chance(&g->rng, 300))
        commitment(g, op->details);
    op->done_by = (int)rng_below(&g->rng, 4);
    return op->n_shares > 0;
}

static bool make_reverse(struct generator *g, struct op *op)
{
    bool whole = rng_chance(&g->rng, 300);

    for (int tries = 0; tries < 30 && g->m->hours.n > 0; tries++) {
        int span = tries % 2 && g->m->hours.n > 20 ? 20 : g->m->hours.n;
        const struct m_hours *h =
            &g->m->hours.v[g->m->hours.n - 1 - (int)rng_below(&g->rng, (size_t)span)];

        op->n_shares = 0;
        if (out_of_reach(g, h->at))
            continue;
        set_ref(g, op->ref, h->author, h->id);
        for (int i = h->first; i < h->first + h->n; i++) {
            const struct m_exchange *x = &g->m->exchanges.v[i];
            int64_t left = x->minutes - x->back;

            if (left > 0 && (whole || rng_chance(&g->rng, 700)))
                add_share(g, op, x->from, x->to, whole ? left : rng_magnitude(&g->rng, left));
        }
        if (op->n_shares == 0)
            continue;
        sort_shares(op);
        author_among_shares(g, op);
        return true;
    }
    return false;
}

static bool make_assertion(struct generator *g, struct op *op)
{
    struct m_figures figures[M_ORGS];
    int org = pick_org(g, -1);

    author(g, op, org);
    model_figures(g->m, m_day(g->at), figures);
    m_counters(&figures[org], op->counters);
    return true;
}

static bool (*const makers[M_KIND_COUNT])(struct generator *, struct op *) = {
    [M_ORG_ADMIT] = make_admit,
    [M_ORG_UPDATE] = make_update,
    [M_ORG_CONFIRM] = make_confirm,
    [M_ORG_LEAVE] = make_leave,
    [M_KEY_ADD] = make_key_add,
    [M_KEY_REVOKE] = make_revoke,
    [M_DETAILS_ERASE] = make_erase,
    [M_OFFER_PUBLISH] = make_offer,
    [M_OFFER_RENEW] = make_offer_step,
    [M_OFFER_WITHDRAW] = make_offer_step,
    [M_NEED_PUBLISH] = make_need,
    [M_NEED_VOUCH] = make_vouch,
    [M_NEED_WITHDRAW] = make_need_withdraw,
    [M_AGREEMENT_SIGN] = make_sign,
    [M_AGREEMENT_CHANGE] = make_change,
    [M_AGREEMENT_CLOSE] = make_end,
    [M_AGREEMENT_CANCEL] = make_end,
    [M_HOURS_RECORD] = make_record,
    [M_HOURS_REVERSE] = make_reverse,
    [M_ASSERTION_BALANCE] = make_assertion,
    [M_POOL_GIVE] = make_pool_give,
    [M_STATUS_GRANT] = make_status_grant,
    [M_STATUS_END] = make_status_end,
    [M_PROMISE_EXCUSE] = make_excuse,
    [M_STEP_SET] = make_step_set,
    [M_STEP_END] = make_step_end,
    [M_STEP_APPEAL] = make_appeal,
};

void start_op(struct op *op, enum m_kind kind)
{
    memset(op, 0, sizeof *op);
    op->kind = kind;
    op->repeat = -1;
    op->gift = -1;
    op->capacity = op->fte = -1;
}

bool make_kind(struct generator *g, struct op *op, enum m_kind kind)
{
    start_op(op, kind);
    return makers[kind](g, op);
}
