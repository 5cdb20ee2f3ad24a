/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Which refusals fit an operation: every rule of SPEC 5.3 and 6 that it breaks. */
#include "tests/model/model_check.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void must(struct check *c, bool holds, m_codes otherwise)
{
    if (!holds)
        c->codes |= otherwise;
}

int active(struct check *c, const char *handle)
{
    int org = model_org(c->m, handle);

    if (org < 0)
        c->codes |= M_BIT(org_unknown);
    else if (c->m->orgs[org].left)
        c->codes |= M_BIT(org_left);
    return org;
}

void must_expire(struct check *c, int64_t days_max)
{
    must(c, c->op->expires > c->at && c->op->expires <= c->at + days_max * M_DAY_MS,
         M_BIT(expires_out_of_range));
}

void must_have_skill(struct check *c)
{
    if (c->op->skill[0])
        must(c, model_has_skill(c->m, c->op->skill), M_BIT(skill_unknown));
}

/* --- References ------------------------------------------------------------------------------ */

/* Of `found`, the place of a thing or -1: the same, or -1 and the code when it cannot be named. */
static int within_reach(struct check *c, int found, int64_t ended_at)
{
    if (found >= 0 && (ended_at == 0 || c->at <= model_reach(c->m, ended_at)))
        return found;
    c->codes |= M_BIT(ref_unknown);
    return -1;
}

int must_offer(struct check *c, const char *ref)
{
    int at = model_offer(c->m, ref);

    return within_reach(c, at, at < 0 ? 0 : c->m->offers.v[at].ended_at);
}

int must_need(struct check *c, const char *ref)
{
    int at = model_need(c->m, ref);

    return within_reach(c, at, at < 0 ? 0 : c->m->needs.v[at].ended_at);
}

int must_agreement(struct check *c, const char *ref)
{
    int at = model_agreement(c->m, ref);

    return within_reach(c, at, at < 0 ? 0 : c->m->agreements.v[at].ended_at);
}

int must_hours(struct check *c, const char *ref)
{
    int at = model_hours(c->m, ref);

    return within_reach(c, at, at < 0 ? 0 : c->m->hours.v[at].at);
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

static void check_sizes(struct check *c)
{
    must(c, c->op->capacity <= 600000 && c->op->fte <= 1000000, M_BIT(field_invalid));
}

static void check_admit(struct check *c)
{
    const struct op *op = c->op;
    bool by_coordinator = op->coordinator[0] != '\0', by_sponsors = op->n_handles > 0;

    must(c, by_coordinator != by_sponsors, M_BIT(field_invalid));
    must(c, c->by < 0, M_BIT(handle_taken));
    must(c, strcmp(op->charter, c->m->network.charter) == 0, M_BIT(charter_mismatch));
    check_sizes(c);
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
    must_expire(c, c->m->network.policy.offer_days_max);
    must_have_skill(c);
    must(c, op->type != 1 || op->skill[0], M_BIT(field_missing));
}

static void check_offer_ref(struct check *c)
{
    int at = must_offer(c, c->op->ref);
    bool provider = false;

    if (at < 0)
        return;
    const struct m_offer *o = &c->m->offers.v[at];
    for (int i = 0; i < o->n_providers; i++)
        provider |= o->providers[i] == c->by;
    must(c, provider, M_BIT(not_yours));
    must(c, offer_life(o, c->at) == M_OPEN, M_BIT(already_closed));
    if (c->op->kind == M_OFFER_RENEW)
        must_expire(c, c->m->network.policy.offer_days_max);
}

static void check_need_publish(struct check *c)
{
    must_expire(c, c->m->network.policy.need_days_max);
    must_have_skill(c);
    must(c, c->op->type != 1 || c->op->skill[0], M_BIT(field_missing));
    must(c, c->op->minutes >= 1 && c->op->minutes <= 100000, M_BIT(field_invalid));
    if (c->by > 0 && !c->op->urgent)
        must(c, !model_step_in_force(&c->m->orgs[c->by].step, c->at) ||
                    c->m->orgs[c->by].step.step < 4, M_BIT(paused));
}

/* Handles in order, active, with a panel mandate in force. */
static void check_panel_handles(struct check *c)
{
    for (int i = 0; i < c->op->n_panel; i++) {
        int org = active(c, c->op->panel[i]);

        must(c, model_panel(c->m, org, c->at), M_BIT(not_panel));
        must(c, i == 0 || strcmp(c->op->panel[i - 1], c->op->panel[i]) < 0, M_BIT(field_invalid));
    }
    must(c, c->op->n_panel <= M_PARTIES, M_BIT(field_invalid));
}

static bool in_panel(const struct op *op, const char *handle)
{
    for (int i = 0; i < op->n_panel; i++)
        if (strcmp(op->panel[i], handle) == 0)
            return true;
    return false;
}

/* The asker is the author in the reference, known or not. */
static void check_vouching_panel(struct check *c)
{
    char asker[M_REF];

    snprintf(asker, sizeof asker, "%s", c->op->ref);
    asker[strcspn(asker, "/")] = '\0';
    check_panel_handles(c);
    must(c, !in_panel(c->op, c->op->by) && !in_panel(c->op, asker), M_BIT(field_invalid));
}

static void check_need_ref(struct check *c)
{
    int at = must_need(c, c->op->ref);

    if (c->op->kind == M_NEED_VOUCH)
        check_vouching_panel(c);
    if (at < 0)
        return;
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
    if (c->op->n_panel == 0)
        must(c, model_vouched(c->m, n->author, c->at) < c->m->network.policy.urgent_quota,
             M_BIT(urgent_quota));
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

static void check_assertion(struct check *c)
{
    struct m_figures figures[M_ORGS];
    int64_t counters[M_COUNTERS];

    if (c->by < 0)
        return;
    model_figures(c->m, m_day(c->at), figures);
    m_counters(&figures[c->by], counters);
    for (int i = 0; i < M_COUNTERS; i++) {
        must(c, c->op->counters[i] == counters[i], M_BIT(assertion_false));
        must(c, i == M_MOVES || c->op->counters[i] >= 0, M_BIT(field_invalid));
    }
}

/* --- The pool, status and steps (SPEC 6.13 to 6.16) ------------------------------------------ */

static void check_pool_give(struct check *c)
{
    struct m_figures figures[M_ORGS];

    must(c, c->op->minutes >= 1 && c->op->minutes <= 100000, M_BIT(field_invalid));
    model_figures(c->m, m_day(c->at), figures);
    if (c->by > 0)
        must(c, m_position(&figures[c->by]) >= c->op->minutes, M_BIT(pool_over_position));
}

/* A panel that decides about `org`. */
static void check_deciding_panel(struct check *c)
{
    check_panel_handles(c);
    must(c, c->op->n_panel >= c->m->network.policy.panel_min, M_BIT(field_invalid));
    must(c, in_panel(c->op, c->op->by) && !in_panel(c->op, c->op->org), M_BIT(field_invalid));
}

static void must_end(struct check *c, int64_t days_max)
{
    must(c, c->op->until > c->at && c->op->until <= c->at + days_max * M_DAY_MS,
         M_BIT(expires_out_of_range));
}

static void check_status_grant(struct check *c)
{
    const struct op *op = c->op;
    const struct m_policy *policy = &c->m->network.policy;

    active(c, op->org);
    must(c, op->class >= 1 && op->class <= 3 && op->levy >= 0 && op->levy <= 1000,
         M_BIT(field_invalid));
    must(c, op->pool >= 0 && op->pool <= policy->pool_rate_permille, M_BIT(field_invalid));
    if (op->n_panel > 0)
        check_deciding_panel(c);
    must(c, op->n_panel > 0, M_BIT(field_missing));
    must_end(c, policy->status_days_max);
}

static void check_status_end(struct check *c)
{
    int org = active(c, c->op->org);

    if (c->op->n_panel > 0)
        check_deciding_panel(c);
    else
        must(c, strcmp(c->op->by, c->op->org) == 0, M_BIT(not_yours));
    if (org > 0)
        must(c, model_status_in_force(&c->m->orgs[org].status, c->at), M_BIT(already_closed));
}

static void check_excuse(struct check *c)
{
    int at = must_agreement(c, c->op->ref);
    bool receives = false, any = false;

    if (at < 0)
        return;
    const struct m_agreement *a = &c->m->agreements.v[at];
    for (int i = 0; i < a->n; i++)
        receives |= a->pairs[i].to == c->by;
    for (int org = 1; org <= c->m->n_orgs; org++)
        any |= model_excusable(a, org, c->by);
    must(c, receives, M_BIT(not_yours));
    must(c, any, M_BIT(nothing_broken));
}

static void check_step_set(struct check *c)
{
    const struct op *op = c->op;
    int org = active(c, op->org);
    bool confirmed;

    must(c, strcmp(op->by, op->org) != 0, M_BIT(field_invalid));
    must(c, op->step >= 2 && op->step <= 4, M_BIT(field_invalid));
    must_end(c, c->m->network.policy.step_days);
    if (op->n_panel > 0)
        check_deciding_panel(c);
    else if (op->step == 2)
        must(c, model_coordinator(c->m, c->by, c->at), M_BIT(not_coordinator));
    else
        must(c, false, M_BIT(field_invalid));
    if (org > 0)
        must(c, model_step_founded(c->m, org, op->step, op->n_panel > 0, c->at, &confirmed),
             M_BIT(step_unfounded));
}

static bool step_stands(const struct m_step *s, int64_t at)
{
    return s->step > 0 && s->ended_at == 0 && at < s->until;
}

static void check_step_end(struct check *c)
{
    int org = active(c, c->op->org);

    must(c, strcmp(c->op->by, c->op->org) != 0, M_BIT(field_invalid));
    if (c->op->n_panel > 0)
        check_deciding_panel(c);
    else if (org > 0 && c->m->orgs[org].step.step > 2)
        must(c, false, M_BIT(not_panel));
    else
        must(c, model_coordinator(c->m, c->by, c->at), M_BIT(not_coordinator));
    if (org > 0)
        must(c, step_stands(&c->m->orgs[org].step, c->at), M_BIT(already_closed));
}

static void check_appeal(struct check *c)
{
    if (c->by < 0)
        return;
    const struct m_step *s = &c->m->orgs[c->by].step;
    must(c, step_stands(s, c->at) && !s->appealed, M_BIT(already_closed));
    must(c, !s->confirmed, M_BIT(already_appealed));
}

/* Kinds that are not here have no rule of their own. */
static void (*const checks[M_KIND_COUNT])(struct check *) = {
    [M_ORG_ADMIT] = check_admit,
    [M_ORG_UPDATE] = check_sizes,
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
    [M_ASSERTION_BALANCE] = check_assertion,
    [M_POOL_GIVE] = check_pool_give,
    [M_STATUS_GRANT] = check_status_grant,
    [M_STATUS_END] = check_status_end,
    [M_PROMISE_EXCUSE] = check_excuse,
    [M_STEP_SET] = check_step_set,
    [M_STEP_END] = check_step_end,
    [M_STEP_APPEAL] = check_appeal,
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
