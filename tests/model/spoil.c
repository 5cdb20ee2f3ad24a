/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* One thing wrong with an operation. Each function answers false where it has nothing to spoil. */
#include "tests/model/generate.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* --- Any kind -------------------------------------------------------------------------------- */

static bool past_valid_until(struct generator *g, struct op *op)
{
    int64_t longest = g->founding.policy.entry_days_max * M_DAY_MS;

    op->valid_until = g->at - (rng_chance(&g->rng, 500) ? 1 : rng_magnitude(&g->rng, longest));
    if (op->id_time < op->valid_until - longest || op->id_time > op->valid_until)
        set_id(g, op, op->valid_until - rng_range(&g->rng, 0, longest));
    return true;
}

static bool id_of_tomorrow(struct generator *g, struct op *op)
{
    int64_t skew = g->founding.policy.id_skew_minutes * 60000;

    set_id(g, op, g->at + skew + (rng_chance(&g->rng, 500) ? 1 : rng_magnitude(&g->rng, M_DAY_MS)));
    op->valid_until = op->id_time;
    return true;
}

static bool valid_too_long(struct generator *g, struct op *op)
{
    op->valid_until = op->id_time + g->founding.policy.entry_days_max * M_DAY_MS +
                      (rng_chance(&g->rng, 500) ? 1 : rng_magnitude(&g->rng, M_DAY_MS));
    return true;
}

/* Another text under an id that its author used before, young enough to be valid. */
static bool used_id(struct generator *g, struct op *op)
{
    int by = model_org(g->m, op->by);
    int64_t longest = g->founding.policy.entry_days_max * M_DAY_MS;

    for (int i = g->m->entries.n - 1; i >= 0 && i >= g->m->entries.n - 200; i--) {
        const struct m_entry *e = &g->m->entries.v[i];
        unsigned long long time = 0;

        if (e->author != by || sscanf(e->id, "%12llx", &time) != 1)
            continue;
        if ((int64_t)time + longest < g->at)
            continue;
        SET(op->id, e->id);
        op->id_time = (int64_t)time;
        op->valid_until = rng_range(&g->rng, g->at, op->id_time + longest);
        return true;
    }
    return false;
}

/* The same text again: not an error, but the first index. */
static bool same_again(struct generator *g, struct op *op)
{
    int at = (int)rng_below(&g->rng, (size_t)g->m->entries.n);
    const struct m_entry *e = &g->m->entries.v[at];

    if (e->kind == M_CLOCK_TICK || e->kind == M_SEAL_BALANCES)
        return false;
    op->repeat = at;
    op->kind = e->kind;
    SET(op->by, g->m->orgs[e->author].handle);
    SET(op->id, e->id);
    return true;
}

static bool unknown_author(struct generator *g, struct op *op)
{
    if (op->kind == M_ORG_ADMIT)
        return false;
    new_handle(g, op->by);
    return true;
}

static bool departed_author(struct generator *g, struct op *op)
{
    int org = pick_left_org(g);

    if (org < 0)
        return false;
    SET(op->by, g->m->orgs[org].handle);
    return true;
}

static bool other_author(struct generator *g, struct op *op)
{
    SET(op->by, g->m->orgs[pick_org(g, model_org(g->m, op->by))].handle);
    return true;
}

static bool wrong_seen(struct generator *g, struct op *op)
{
    op->has_seen = true;
    op->seen_size = g->m->size + (uint64_t)rng_range(&g->rng, -1, 2);
    rng_hex(&g->rng, op->seen_root, 64);
    return true;
}

static bool bad_text(struct generator *g, struct op *op)
{
    op->text_fault = (enum m_text_fault)rng_range(&g->rng, M_TEXT_OTHER_NETWORK, M_TEXT_ID_VERSION);
    return true;
}

static bool wrong_at(struct generator *g, struct op *op)
{
    op->has_at = true;
    if (g->founding.demo && g->m->last_at > 0 && rng_chance(&g->rng, 600))
        op->at = g->m->last_at - rng_magnitude(&g->rng, M_DAY_MS);
    else
        op->at = g->now + rng_magnitude(&g->rng, M_DAY_MS);
    return true;
}

/* --- References ------------------------------------------------------------------------------ */

/* The reference that an operation hangs on, or NULL. */
static char *some_ref(struct generator *g, struct op *op)
{
    char *set[4];
    size_t n = 0;

    if (op->ref[0])
        set[n++] = op->ref;
    if (op->agreement[0])
        set[n++] = op->agreement;
    if (op->offer[0])
        set[n++] = op->offer;
    if (op->need[0])
        set[n++] = op->need;
    return n ? set[rng_below(&g->rng, n)] : NULL;
}

static bool unknown_ref(struct generator *g, struct op *op)
{
    char *ref = some_ref(g, op);
    struct op other;

    if (!ref)
        return false;
    set_id(g, &other, g->at);
    snprintf(ref, M_REF, "%s/%s", g->m->orgs[pick_org(g, -1)].handle, other.id);
    return true;
}

/* A reference to something that exists, of any kind. */
static bool ref_of_another_kind(struct generator *g, struct op *op)
{
    char *ref = some_ref(g, op);
    const struct m_entry *e = &g->m->entries.v[rng_below(&g->rng, (size_t)g->m->entries.n)];

    if (!ref || e->kind == M_CLOCK_TICK || e->kind == M_SEAL_BALANCES)
        return false;
    set_ref(g, ref, e->author, e->id);
    return true;
}

/* Anything of the right kind, most often long over, with an author who has a part in it. */
static bool thing_that_is_over(struct generator *g, struct op *op)
{
    const struct model *m = g->m;

    if ((op->kind == M_OFFER_RENEW || op->kind == M_OFFER_WITHDRAW) && m->offers.n > 0) {
        const struct m_offer *o = &m->offers.v[rng_below(&g->rng, (size_t)m->offers.n)];
        set_ref(g, op->ref, o->author, o->id);
        SET(op->by, m->orgs[o->author].handle);
        return true;
    }
    if ((op->kind == M_NEED_VOUCH || op->kind == M_NEED_WITHDRAW) && m->needs.n > 0) {
        const struct m_need *n = &m->needs.v[rng_below(&g->rng, (size_t)m->needs.n)];
        set_ref(g, op->ref, n->author, n->id);
        if (op->kind == M_NEED_WITHDRAW)
            SET(op->by, m->orgs[n->author].handle);
        return true;
    }
    bool under = op->kind == M_AGREEMENT_CHANGE || op->kind == M_AGREEMENT_CLOSE ||
                 op->kind == M_AGREEMENT_CANCEL || op->kind == M_HOURS_RECORD;
    if (!under || m->agreements.n == 0)
        return false;
    const struct m_agreement *a = &m->agreements.v[rng_below(&g->rng, (size_t)m->agreements.n)];
    set_ref(g, op->kind == M_HOURS_RECORD ? op->agreement : op->ref, a->author, a->id);
    SET(op->by, m->orgs[a->author].handle);
    if (op->kind == M_AGREEMENT_CHANGE || op->kind == M_HOURS_RECORD) {
        op->n_shares = a->n;
        op->need[0] = '\0';
        for (int i = 0; i < a->n; i++) {
            SET(op->shares[i].from, m->orgs[a->pairs[i].from].handle);
            SET(op->shares[i].to, m->orgs[a->pairs[i].to].handle);
            op->shares[i].minutes = op->kind == M_HOURS_RECORD ? 1 : a->pairs[i].minutes;
        }
    }
    return true;
}

static bool closed_need_or_offer(struct generator *g, struct op *op)
{
    if (op->kind != M_AGREEMENT_SIGN || g->m->needs.n == 0 || g->m->offers.n == 0)
        return false;
    const struct m_need *n = &g->m->needs.v[rng_below(&g->rng, (size_t)g->m->needs.n)];
    const struct m_offer *o = &g->m->offers.v[rng_below(&g->rng, (size_t)g->m->offers.n)];
    if (rng_chance(&g->rng, 500))
        set_ref(g, op->need, n->author, n->id);
    else
        set_ref(g, op->offer, o->author, o->id);
    return true;
}

/* --- Fields ---------------------------------------------------------------------------------- */

static bool bad_expires(struct generator *g, struct op *op)
{
    const struct m_policy *policy = &g->founding.policy;
    int64_t days;

    if (op->kind == M_OFFER_PUBLISH || op->kind == M_OFFER_RENEW)
        days = policy->offer_days_max;
    else if (op->kind == M_NEED_PUBLISH)
        days = policy->need_days_max;
    else if (op->kind == M_AGREEMENT_SIGN || op->kind == M_AGREEMENT_CHANGE)
        days = policy->agreement_days_max;
    else
        return false;
    if (rng_chance(&g->rng, 500))
        op->expires = g->at - (rng_chance(&g->rng, 500) ? 0 : rng_magnitude(&g->rng, M_DAY_MS));
    else
        op->expires = g->at + days * M_DAY_MS +
                      (rng_chance(&g->rng, 500) ? 1 : rng_magnitude(&g->rng, 9 * M_DAY_MS));
    return true;
}

static bool bad_skill(struct generator *g, struct op *op)
{
    (void)g;
    if (op->kind != M_OFFER_PUBLISH && op->kind != M_NEED_PUBLISH && op->kind != M_HOURS_RECORD)
        return false;
    SET(op->skill, "alchemy");
    return true;
}

static bool bad_day(struct generator *g, struct op *op)
{
    if (op->kind != M_HOURS_RECORD)
        return false;
    int32_t today = m_day(g->at);
    op->day = rng_chance(&g->rng, 500) ? today + (int32_t)rng_range(&g->rng, 1, 40)
                                       : today - (int32_t)rng_range(&g->rng, 367, 800);
    return true;
}

static bool strange_party(struct generator *g, struct op *op)
{
    int left = pick_left_org(g);
    char handle[M_HANDLE];

    if (rng_chance(&g->rng, 50))
        SET(handle, op->by);
    else if (left > 0 && rng_chance(&g->rng, 600))
        SET(handle, g->m->orgs[left].handle);
    else
        new_handle(g, handle);
    if (op->n_shares > 0) {
        struct m_share *s = &op->shares[rng_below(&g->rng, (size_t)op->n_shares)];

        if (strcmp(op->by, s->from) != 0)
            SET(s->from, handle);
        else
            SET(s->to, handle);
        sort_shares(op);
        return true;
    }
    if (op->n_handles == 1 && op->kind == M_OFFER_PUBLISH) {
        int before = strcmp(handle, op->by) < 0;

        SET(op->handles[1 - before], op->by);
        SET(op->handles[!before], handle);
        op->n_handles = 2;
        return true;
    }
    if (op->kind == M_ORG_ADMIT && op->coordinator[0])
        SET(op->coordinator, handle);
    else if (op->kind == M_ORG_LEAVE)
        SET(op->to, handle);
    else if (op->org[0])
        SET(op->org, handle);
    else
        return false;
    return true;
}

static bool far_too_many_minutes(struct generator *g, struct op *op)
{
    if (op->n_shares == 0)
        return false;
    struct m_share *s = &op->shares[rng_below(&g->rng, (size_t)op->n_shares)];
    s->minutes = rng_chance(&g->rng, 500) ? 100000 : rng_range(&g->rng, 1, 100000);
    return true;
}

/* One minute more than is left of an agreement or of a record. */
static bool one_minute_too_many(struct generator *g, struct op *op)
{
    const struct model *m = g->m;
    struct m_share *s = &op->shares[0];

    if (op->n_shares == 0)
        return false;
    int from = model_org(m, s->from), to = model_org(m, s->to);
    if (op->kind == M_HOURS_REVERSE) {
        const struct m_hours *h = &m->hours.v[model_hours(m, op->ref)];

        for (int i = h->first; i < h->first + h->n; i++)
            if (m->exchanges.v[i].from == from && m->exchanges.v[i].to == to)
                s->minutes = m->exchanges.v[i].minutes - m->exchanges.v[i].back + 1;
        return true;
    }
    if (!op->agreement[0])
        return false;
    const struct m_reserved *p =
        agreement_pair(&m->agreements.v[model_agreement(m, op->agreement)], from, to);
    s->minutes = p->minutes - p->recorded + 1;
    return s->minutes <= 100000;
}

/* Minutes of which some were taken back before. */
static bool reverse_again(struct generator *g, struct op *op)
{
    const struct model *m = g->m;

    if (op->kind != M_HOURS_REVERSE)
        return false;
    for (int tries = 0; tries < 100; tries++) {
        const struct m_exchange *x = &m->exchanges.v[rng_below(&g->rng, (size_t)m->exchanges.n)];
        const struct m_hours *h = &m->hours.v[x->hours];

        if (x->back == 0 || m->orgs[x->from].left || m->orgs[x->to].left)
            continue;
        set_ref(g, op->ref, h->author, h->id);
        op->n_shares = 1;
        SET(op->shares[0].from, m->orgs[x->from].handle);
        SET(op->shares[0].to, m->orgs[x->to].handle);
        op->shares[0].minutes = x->minutes;
        SET(op->by, op->shares[0].from);
        return true;
    }
    return false;
}

/* A pair that gets less than was recorded for it, or that is no longer there. */
static bool change_below(struct generator *g, struct op *op)
{
    if (op->kind != M_AGREEMENT_CHANGE)
        return false;
    const struct m_agreement *a = &g->m->agreements.v[model_agreement(g->m, op->ref)];
    for (int i = 0; i < op->n_shares; i++) {
        const struct m_reserved *p = agreement_pair(a, model_org(g->m, op->shares[i].from),
                                                    model_org(g->m, op->shares[i].to));

        if (p && p->recorded > 1) {
            op->shares[i].minutes = p->recorded - 1;
            return true;
        }
    }
    return false;
}

/* Another pair of parties in place of the first. */
static bool other_parties(struct generator *g, struct op *op)
{
    bool bound = op->kind == M_AGREEMENT_CHANGE || op->kind == M_HOURS_REVERSE ||
                 op->kind == M_AGREEMENT_SIGN || op->kind == M_HOURS_RECORD;

    if (!bound || op->n_shares == 0)
        return false;
    int from = pick_org(g, -1);
    int to = pick_org(g, from);
    op->n_shares = 1;
    SET(op->shares[0].from, g->m->orgs[from].handle);
    SET(op->shares[0].to, g->m->orgs[to].handle);
    SET(op->by, op->shares[0].from);
    return true;
}

static bool own_vouch(struct generator *g, struct op *op)
{
    if (op->kind != M_NEED_VOUCH)
        return false;
    SET(op->by, g->m->orgs[g->m->needs.v[model_need(g->m, op->ref)].author].handle);
    return true;
}

/* A need that was not declared urgent, or that somebody vouched for already. */
static bool vouch_for_any_need(struct generator *g, struct op *op)
{
    if (op->kind != M_NEED_VOUCH)
        return false;
    for (int tries = 0; tries < 40; tries++) {
        const struct m_need *n = &g->m->needs.v[rng_below(&g->rng, (size_t)g->m->needs.n)];

        if (need_life(n, g->at) != M_OPEN)
            continue;
        set_ref(g, op->ref, n->author, n->id);
        if (model_org(g->m, op->by) == n->author)
            SET(op->by, g->m->orgs[pick_org(g, n->author)].handle);
        return true;
    }
    return false;
}

/* --- Admissions, keys, texts ----------------------------------------------------------------- */

bool spoil_admission(struct generator *g, struct op *op)
{
    if (op->kind != M_ORG_ADMIT)
        return false;
    switch (rng_below(&g->rng, 5)) {
    case 0: /* a handle in use, or once in use */
        SET(op->by, g->m->orgs[1 + rng_below(&g->rng, (size_t)g->m->n_orgs)].handle);
        break;
    case 1:
        commitment(g, op->charter);
        break;
    case 2: /* most often somebody without the mandate, or whose mandate is over */
        op->n_handles = 0;
        SET(op->coordinator, g->m->orgs[pick_org(g, -1)].handle);
        break;
    case 3: /* neither, or both */
        SET(op->coordinator, op->coordinator[0] ? "" : op->handles[0]);
        break;
    default: /* too few sponsors */
        if (op->n_handles > 0)
            op->n_handles = (int)g->founding.policy.sponsors_min - 1;
        break;
    }
    return true;
}

static bool bad_key(struct generator *g, struct op *op)
{
    static const char *const small_order[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    };
    const struct m_key *k = &g->m->keys.v[rng_below(&g->rng, (size_t)g->m->keys.n)];

    if (op->kind != M_KEY_ADD && op->kind != M_ORG_ADMIT)
        return false;
    if (rng_chance(&g->rng, 300)) {
        SET(op->key, small_order[rng_below(&g->rng, 4)]);
        op->key_is_bad = true;
    } else {
        SET(op->key, k->key);
    }
    return true;
}

static bool key_with_the_same_id(struct generator *g, struct op *op)
{
    char twin[M_HEX64];
    int org = model_org(g->m, TWINS_HANDLE);

    if (op->kind != M_KEY_ADD || g->m->orgs[org].left)
        return false;
    g->key(KEY_TWIN_B, twin);
    SET(op->key, twin);
    SET(op->by, TWINS_HANDLE);
    return true;
}

static bool key_of_others(struct generator *g, struct op *op)
{
    if (op->kind != M_KEY_REVOKE)
        return false;
    SET(op->key, g->m->keys.v[rng_below(&g->rng, (size_t)g->m->keys.n)].key);
    return true;
}

static bool other_slot(struct generator *g, struct op *op)
{
    if (op->kind != M_DETAILS_ERASE)
        return false;
    op->slot = (int)rng_range(&g->rng, 1, 4);
    return true;
}

static bool erase_again(struct generator *g, struct op *op)
{
    if (op->kind != M_DETAILS_ERASE)
        return false;
    for (int i = 0; i < g->m->details.n; i++) {
        const struct m_detail *d = &g->m->details.v[i];

        if (d->erased && !g->m->orgs[d->author].left) {
            SET(op->by, g->m->orgs[d->author].handle);
            set_ref(g, op->ref, d->author, d->id);
            op->slot = d->slot;
            return true;
        }
    }
    return false;
}

static bool both_agreement_and_need(struct generator *g, struct op *op)
{
    if (op->kind != M_HOURS_RECORD || !op->agreement[0] || g->m->needs.n == 0)
        return false;
    const struct m_need *n = &g->m->needs.v[rng_below(&g->rng, (size_t)g->m->needs.n)];
    set_ref(g, op->need, n->author, n->id);
    return true;
}

/* One counter or several, often by one minute. */
static bool false_counters(struct generator *g, struct op *op)
{
    if (op->kind != M_ASSERTION_BALANCE)
        return false;
    do {
        int64_t *counter = &op->counters[rng_below(&g->rng, M_COUNTERS)];
        int64_t step = rng_chance(&g->rng, 700) ? 1 : rng_magnitude(&g->rng, 1000000);

        *counter += *counter < step || rng_chance(&g->rng, 500) ? step : -step;
    } while (rng_chance(&g->rng, 300));
    return true;
}

/* --- Any of them ----------------------------------------------------------------------------- */

typedef bool (*spoiler)(struct generator *, struct op *);

static const spoiler general[] = {
    past_valid_until, id_of_tomorrow, valid_too_long, used_id,  same_again, same_again,
    unknown_author,   departed_author, other_author,  other_author, wrong_seen, bad_text, wrong_at,
};

static const spoiler particular[] = {
    unknown_ref,         ref_of_another_kind, thing_that_is_over,   thing_that_is_over,
    bad_expires,         bad_skill,           bad_day,              strange_party,
    far_too_many_minutes, one_minute_too_many, one_minute_too_many, change_below,
    other_parties,       own_vouch,           vouch_for_any_need,   spoil_admission,
    bad_key,             key_with_the_same_id, key_of_others,       other_slot,
    closed_need_or_offer, both_agreement_and_need, erase_again,
    reverse_again,       false_counters,      wrong_panel,          wrong_panel,
    no_panel,            step_without_reason, decided_alone,        end_of_nothing,
    appeal_again,        more_than_position,  excuse_anything,      wrong_cosigner,
    bad_until,           too_generous,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void spoil(struct generator *g, struct op *op)
{
    for (int tries = 0; tries < 40; tries++) {
        spoiler way = rng_chance(&g->rng, 300) ? general[rng_below(&g->rng, COUNT(general))]
                                               : particular[rng_below(&g->rng, COUNT(particular))];
        struct op before = *op;

        if (op->kind != M_NETWORK_FOUND && way(g, op))
            return;
        *op = before;
    }
}
