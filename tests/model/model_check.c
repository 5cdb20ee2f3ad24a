/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Which refusals fit an operation: every rule of SPEC 5.3 and 6 that it breaks. */
#include "tests/model/model.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct check {
    const struct model *m;
    const struct op *op;
    int64_t at;
    int by; /* number of the author, -1: none */
    m_codes codes;
};

static void must(struct check *c, bool holds, m_codes otherwise)
{
    if (!holds)
        c->codes |= otherwise;
}

/* The number of an organisation that must exist and be active, or -1. */
static int active(struct check *c, const char *handle)
{
    int org = model_org(c->m, handle);

    if (org < 0)
        c->codes |= M_BIT(org_unknown);
    else if (c->m->orgs[org].left)
        c->codes |= M_BIT(org_left);
    return org;
}

static void check_expires(struct check *c, int64_t days_max)
{
    must(c, c->op->expires > c->at && c->op->expires <= c->at + days_max * M_DAY_MS,
         M_BIT(expires_out_of_range));
}

static void check_skill(struct check *c)
{
    if (c->op->skill[0])
        must(c, model_has_skill(c->m, c->op->skill), M_BIT(skill_unknown));
}

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

static bool only_receiver(const struct check *c, int org)
{
    for (int i = 0; i < c->op->n_shares; i++)
        if (model_org(c->m, c->op->shares[i].to) != org)
            return false;
    return true;
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

/* What live agreements, `without` one, still keep for the asker of a need. */
static int64_t kept_for(const struct check *c, int need, const struct m_agreement *without)
{
    int64_t kept = 0;

    for (int i = 0; i < c->m->agreements.n; i++) {
        const struct m_agreement *a = &c->m->agreements.v[i];

        if (a == without || a->need != need || agreement_life(a, c->at) != M_OPEN)
            continue;
        for (int j = 0; j < a->n; j++)
            if (a->pairs[j].to == c->m->needs.v[need].author)
                kept += a->pairs[j].minutes - a->pairs[j].recorded;
    }
    return kept;
}

/* True when the need's urgency, in force, opens every line to this operation. */
static bool urgent_passes(const struct check *c, int need, const struct m_agreement *changed)
{
    if (need < 0)
        return false;
    const struct m_need *n = &c->m->needs.v[need];
    const struct m_vouch *vouch = need_in_force(n, c->at);
    int64_t asked = asked_by(c, n->author);

    for (int i = 0; changed && i < changed->n; i++)
        if (changed->pairs[i].to == n->author)
            asked -= changed->pairs[i].recorded;
    return vouch && only_receiver(c, n->author) && !gives(c, vouch->org) &&
           n->served + kept_for(c, need, changed) + asked <= n->minutes;
}

/* `more` is what the operation asks of this receiver beyond what is reserved for it already. */
static bool line_passes(const struct check *c, const struct m_figures *f, int64_t more,
                        bool to_hard_stop)
{
    struct m_line line = model_line(&c->m->network.policy, f);
    int64_t projected = m_position(f) - f->received_pending - more;

    return more <= 0 || projected >= -(to_hard_stop ? line.hard : line.floor);
}

static void check_lines(struct check *c, int need, const struct m_agreement *changed)
{
    struct m_figures figures[M_ORGS];
    bool direct = c->op->kind == M_HOURS_RECORD;

    if (urgent_passes(c, need, changed))
        return;
    model_figures(c->m, m_day(c->at), figures);
    for (int org = 1; org <= c->m->n_orgs; org++) {
        int64_t more = asked_by(c, org);

        for (int i = 0; more > 0 && changed && i < changed->n; i++)
            if (changed->pairs[i].to == org)
                more -= changed->pairs[i].minutes;
        must(c, line_passes(c, &figures[org], more, direct || c->m->network.policy.limit_soft),
             M_BIT(limit_crossed));
    }
}

/* --- Kinds ----------------------------------------------------------------------------------- */

static void check_new_key(struct check *c, const char *handle, int org)
{
    const struct model *m = c->m;
    uint32_t id = m->key_id(handle, c->op->key);

    must(c, !c->op->key_is_bad, M_BIT(key_unacceptable));
    must(c, model_key(m, c->op->key) < 0, M_BIT(key_in_use));
    for (int i = 0; i < m->keys.n; i++)
        if (m->keys.v[i].org == org && m->keys.v[i].key_id == id)
            c->codes |= M_BIT(key_id_taken);
}

static void check_admit(struct check *c)
{
    const struct op *op = c->op;
    bool by_coordinator = op->coordinator[0] != '\0', by_sponsors = op->n_handles > 0;

    must(c, by_coordinator != by_sponsors, M_BIT(field_invalid));
    must(c, c->by < 0, M_BIT(handle_taken));
    must(c, strcmp(op->charter, c->m->network.charter) == 0, M_BIT(charter_mismatch));
    check_new_key(c, op->by, c->by);
    if (by_coordinator)
        must(c, model_coordinator(c->m, active(c, op->coordinator), c->at),
             M_BIT(not_coordinator));
    if (by_sponsors)
        must(c, op->n_handles >= c->m->network.policy.sponsors_min && op->n_handles <= M_PARTIES,
             M_BIT(field_invalid));
    must(c, strcmp(op->coordinator, op->by) != 0, M_BIT(field_invalid));
    for (int i = 0; i < op->n_handles; i++) {
        active(c, op->handles[i]);
        must(c, strcmp(op->handles[i], op->by) != 0, M_BIT(field_invalid));
    }
}

static int admin_keys(const struct model *m, int org)
{
    int n = 0;

    for (int i = 0; i < m->keys.n; i++)
        n += m->keys.v[i].org == org && m->keys.v[i].scope == 1 && !m->keys.v[i].revoked;
    return n;
}

static void check_revoke(struct check *c)
{
    int at = model_key(c->m, c->op->key);
    bool ours = at >= 0 && c->m->keys.v[at].org == c->by && !c->m->keys.v[at].revoked;

    must(c, ours, M_BIT(key_unknown));
    if (ours && c->m->keys.v[at].scope == 1)
        must(c, admin_keys(c->m, c->by) > 1, M_BIT(last_admin_key));
}

static void check_erase(struct check *c)
{
    int at = model_detail(c->m, c->op->ref, c->op->slot);
    bool owner = false;

    if (at < 0) {
        c->codes |= M_BIT(ref_unknown);
        return;
    }
    const struct m_detail *d = &c->m->details.v[at];
    for (int i = 0; i < d->n_owners; i++)
        owner |= d->owners[i] == c->by;
    must(c, owner || model_coordinator(c->m, c->by, c->at), M_BIT(not_yours));
    must(c, !d->erased, M_BIT(already_erased));
}

static void check_offer_publish(struct check *c)
{
    const struct op *op = c->op;
    bool among = false;

    for (int i = 0; i < op->n_handles; i++) {
        active(c, op->handles[i]);
        among |= strcmp(op->handles[i], op->by) == 0;
        must(c, i == 0 || strcmp(op->handles[i - 1], op->handles[i]) < 0, M_BIT(field_invalid));
    }
    must(c, among, M_BIT(field_invalid));
    check_expires(c, c->m->network.policy.offer_days_max);
    check_skill(c);
    must(c, op->type != 1 || op->skill[0], M_BIT(field_missing));
}

static void check_offer_ref(struct check *c)
{
    int at = model_offer(c->m, c->op->ref);
    bool provider = false;

    if (at < 0) {
        c->codes |= M_BIT(ref_unknown);
        return;
    }
    const struct m_offer *o = &c->m->offers.v[at];
    for (int i = 0; i < o->n_providers; i++)
        provider |= o->providers[i] == c->by;
    must(c, provider, M_BIT(not_yours));
    must(c, offer_life(o, c->at) == M_OPEN, M_BIT(already_closed));
    if (c->op->kind == M_OFFER_RENEW)
        check_expires(c, c->m->network.policy.offer_days_max);
}

static void check_need_publish(struct check *c)
{
    check_expires(c, c->m->network.policy.need_days_max);
    check_skill(c);
    must(c, c->op->type != 1 || c->op->skill[0], M_BIT(field_missing));
    must(c, c->op->minutes >= 1 && c->op->minutes <= 100000, M_BIT(field_invalid));
}

static void check_need_ref(struct check *c)
{
    int at = model_need(c->m, c->op->ref);

    if (at < 0) {
        c->codes |= M_BIT(ref_unknown);
        return;
    }
    const struct m_need *n = &c->m->needs.v[at];
    must(c, need_life(n, c->at) == M_OPEN, M_BIT(already_closed));
    if (c->op->kind == M_NEED_WITHDRAW) {
        must(c, n->author == c->by, M_BIT(not_yours));
        return;
    }
    must(c, n->author != c->by, M_BIT(vouch_own));
    must(c, n->urgent, M_BIT(not_urgent));
    must(c, !need_in_force(n, c->at), M_BIT(already_vouched));
    must(c, n->n_vouches == 0 || n->vouches[n->n_vouches - 1].org != c->by,
         M_BIT(already_vouched));
}

static void check_sign(struct check *c)
{
    const struct op *op = c->op;
    const struct model *m = c->m;
    int offer = op->offer[0] ? model_offer(m, op->offer) : -1;
    int need = op->need[0] ? model_need(m, op->need) : -1;

    check_shares(c);
    check_expires(c, m->network.policy.agreement_days_max);
    if (op->offer[0] && offer < 0)
        c->codes |= M_BIT(ref_unknown);
    if (op->need[0] && need < 0)
        c->codes |= M_BIT(ref_unknown);
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
    check_lines(c, need, NULL);
}

/* The agreement that `ref` names, of which `by` must be a party, and live; or NULL. */
static const struct m_agreement *check_agreement(struct check *c, const char *ref)
{
    int at = model_agreement(c->m, ref);

    if (at < 0) {
        c->codes |= M_BIT(ref_unknown);
        return NULL;
    }
    const struct m_agreement *a = &c->m->agreements.v[at];
    must(c, agreement_life(a, c->at) == M_OPEN, M_BIT(already_closed));
    return a;
}

static void check_change(struct check *c)
{
    const struct model *m = c->m;
    const struct m_agreement *a = check_agreement(c, c->op->ref);

    check_shares(c);
    check_expires(c, m->network.policy.agreement_days_max);
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
    check_lines(c, a->need, a);
}

static void check_end(struct check *c)
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
        need = model_need(c->m, c->op->need);
        if (need < 0)
            c->codes |= M_BIT(ref_unknown);
        else
            must(c, asked_by(c, c->m->needs.v[need].author) > 0, M_BIT(agreement_mismatch));
    }
    if (c->op->gift != 1)
        check_lines(c, need, NULL);
}

static void check_record(struct check *c)
{
    int32_t today = m_day(c->at);

    check_shares(c);
    check_skill(c);
    must(c, c->op->day <= today && c->op->day >= today - 366, M_BIT(day_out_of_range));
    if (c->op->agreement[0]) {
        must(c, !c->op->need[0], M_BIT(field_invalid));
        check_record_under(c);
    } else {
        check_record_direct(c);
    }
}

static void check_reverse(struct check *c)
{
    const struct model *m = c->m;
    int at = model_hours(m, c->op->ref);

    check_shares(c);
    if (at < 0) {
        c->codes |= M_BIT(ref_unknown);
        return;
    }
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

static void check_leave(struct check *c)
{
    if (c->op->to[0]) {
        active(c, c->op->to);
        must(c, strcmp(c->op->to, c->op->by) != 0, M_BIT(field_invalid));
    }
}

static void check_key_add(struct check *c)
{
    check_new_key(c, c->op->by, c->by);
}

/* Kinds that are not here have no rule of their own. */
static void (*const checks[M_KIND_COUNT])(struct check *) = {
    [M_ORG_ADMIT] = check_admit,
    [M_ORG_LEAVE] = check_leave,
    [M_KEY_ADD] = check_key_add,
    [M_KEY_REVOKE] = check_revoke,
    [M_DETAILS_ERASE] = check_erase,
    [M_OFFER_PUBLISH] = check_offer_publish,
    [M_OFFER_RENEW] = check_offer_ref,
    [M_OFFER_WITHDRAW] = check_offer_ref,
    [M_NEED_PUBLISH] = check_need_publish,
    [M_NEED_VOUCH] = check_need_ref,
    [M_NEED_WITHDRAW] = check_need_ref,
    [M_AGREEMENT_SIGN] = check_sign,
    [M_AGREEMENT_CHANGE] = check_change,
    [M_AGREEMENT_CLOSE] = check_end,
    [M_AGREEMENT_CANCEL] = check_end,
    [M_HOURS_RECORD] = check_record,
    [M_HOURS_REVERSE] = check_reverse,
};

/* --- Any entry ------------------------------------------------------------------------------- */

static void check_times(struct check *c, const struct m_policy *policy)
{
    const struct op *op = c->op;

    must(c, c->at <= op->valid_until, M_BIT(expired));
    must(c, op->id_time <= c->at + policy->id_skew_minutes * 60000, M_BIT(id_time));
    must(c, op->valid_until <= op->id_time + policy->entry_days_max * M_DAY_MS,
         M_BIT(valid_until_too_far));
}

static void check_id(struct check *c)
{
    for (int i = 0; i < c->m->entries.n; i++)
        if (c->m->entries.v[i].author == c->by &&
            strcmp(c->m->entries.v[i].id, c->op->id) == 0)
            c->codes |= M_BIT(id_reused);
}

static void check_seen(struct check *c)
{
    char root[M_HEX64];

    if (!c->op->has_seen)
        return;
    if (c->op->seen_size == 0 || c->op->seen_size > c->m->size) {
        c->codes |= M_BIT(seen_mismatch);
        return;
    }
    c->m->root_at(c->op->seen_size, root);
    must(c, strcmp(root, c->op->seen_root) == 0, M_BIT(seen_mismatch));
}

static m_codes text_fault_codes(enum m_text_fault fault)
{
    switch (fault) {
    case M_TEXT_GOOD:
        return 0;
    case M_TEXT_OTHER_NETWORK:
        return M_BIT(wrong_network);
    case M_TEXT_SPACE:
        return M_BIT(not_canonical);
    case M_TEXT_EXTRA_FIELD:
        return M_BIT(field_unknown);
    case M_TEXT_NO_ID:
        return M_BIT(field_missing);
    case M_TEXT_ID_VERSION:
        return M_BIT(field_invalid);
    }
    return 0;
}

static void check_founding(struct check *c)
{
    const struct m_founding *f = c->op->founding;
    bool by_founder = false, coordinator = false;

    check_times(c, &f->policy);
    for (int i = 0; i < f->n_founders; i++)
        by_founder |= strcmp(f->founders[i].handle, c->op->by) == 0;
    for (int i = 0; i < f->n_mandates; i++) {
        coordinator |= f->mandates[i].role == M_COORDINATOR;
        must(c, f->mandates[i].until > c->at, M_BIT(field_invalid));
    }
    must(c, by_founder && coordinator, M_BIT(field_invalid));
}

m_codes model_check(const struct model *m, const struct op *op, int64_t at)
{
    struct check c = {.m = m, .op = op, .at = at, .codes = text_fault_codes(op->text_fault)};

    if (op->kind == M_NETWORK_FOUND && m->founded) {
        c.codes |= M_BIT(network_already_founded);
    } else if (op->kind == M_NETWORK_FOUND) {
        check_founding(&c);
        return c.codes;
    } else if (!m->founded) {
        return c.codes | M_BIT(network_not_founded);
    }
    if (op->kind == M_ORG_ADMIT) {
        c.by = model_org(m, op->by);
    } else {
        c.by = active(&c, op->by);
    }
    check_times(&c, &m->network.policy);
    check_id(&c);
    check_seen(&c);
    if (checks[op->kind])
        checks[op->kind](&c);
    return c.codes;
}
