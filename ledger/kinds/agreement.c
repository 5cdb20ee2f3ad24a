/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* agreement.sign, agreement.change, agreement.close, agreement.cancel (SPEC 6.8). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/books.h"
#include "ledger/kinds/kinds.h"
#include "policies/promise.h"

static struct due expiry_of(const struct agreement *a)
{
    return (struct due){.moment = a->expires, .type = DUE_AGREEMENT_EXPIRY, .key = a->key};
}

static void touch_parties(struct rules *r, const struct agreement *a)
{
    uint32_t parties[PARTIES_MAX];
    size_t n = pairs_orgs(a->pairs, a->n, 2, parties);
    for (size_t i = 0; i < n; i++)
        (void)books_org(r, parties[i]);
}

/* What the agreement keeps reserved for its need grows or shrinks. */
static void reserve_for_need(struct rules *r, const struct agreement *a, int64_t minutes)
{
    struct need need;
    if (!a->has_need || !state_need(r->state, &a->need, &need))
        return;
    need.reserved += minutes;
    state_put_need(r->state, &need);
}

static int64_t left_for_need(const struct agreement *a)
{
    return pairs_left_to(a->pairs, a->n, a->need.author);
}

/* --- agreement.sign --------------------------------------------------------------------------- */

static const struct field sign_fields[] = {
    {"cosigner", F_HANDLE, .optional = true, .offset = AT(agreement_sign.cosigner)},
    {"details", F_COMMIT, .offset = AT(agreement_sign.details)},
    {"done_by", F_WORD, .optional = true, .offset = AT(agreement_sign.done_by),
     .words = words_done_by},
    {"expires", F_INT, .offset = AT(agreement_sign.expires), .min = 0, .max = INTEGER_MAX},
    {"need", F_REF, .optional = true, .offset = AT(agreement_sign.need)},
    {"offer", F_REF, .optional = true, .offset = AT(agreement_sign.offer)},
    {"people", F_COMMIT, .optional = true, .offset = AT(agreement_sign.people)},
    {"shares", F_SHARES, .offset = AT(agreement_sign.shares)},
};

static bool sign_validate(const struct entry *e, struct refusal *why)
{
    const struct body_agreement_sign *b = &e->agreement_sign;
    for (size_t i = 0; i < b->shares.n; i++)
        if (strcmp(b->cosigner.s, b->shares.v[i].from.s) == 0 ||
            strcmp(b->cosigner.s, b->shares.v[i].to.s) == 0)
            return refuse(why, CODE_field_invalid, "cosigner", "an organisation beside the parties",
                          "%s", b->cosigner.s);
    return shares_validate(&b->shares, &e->by, why);
}

static bool sign_signers(struct rules *r, const struct entry *e, struct signer_set *set,
                         struct refusal *why)
{
    (void)r;
    (void)why;
    signers_of_shares(&e->agreement_sign.shares, set);
    if (e->agreement_sign.cosigner.s[0] != '\0')
        signer_add(set, &e->agreement_sign.cosigner, SCOPE_SIGN);
    return true;
}

static bool gives(const struct agreement *a, const uint32_t *orgs, size_t n)
{
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = 0; j < n; j++)
            if (a->pairs[i].from == orgs[j])
                return true;
    return false;
}

/* The offer and the need that the agreement answers must be open and fit its parties. */
static bool link_offer(struct rules *r, const struct ref *ref, struct agreement *a,
                       struct refusal *why)
{
    struct offer o;
    if (ref->by.s[0] == '\0')
        return true;
    if (!find_offer(r, ref, &o, why) || !check_open(why, "offer", ref, (enum life)o.life))
        return false;
    if (!gives(a, o.providers, o.n_providers) &&
        !refuse(why, CODE_agreement_mismatch, "offer", "one of its providers to give",
                "none of them does"))
        return false;
    a->has_offer = true;
    a->offer = o.key;
    return true;
}

static bool link_need(struct rules *r, const struct ref *ref, struct agreement *a,
                      struct need *need, struct refusal *why)
{
    if (ref->by.s[0] == '\0')
        return true;
    if (!find_need(r, ref, need, why) || !check_open(why, "need", ref, (enum life)need->life))
        return false;
    if (pairs_left_to(a->pairs, a->n, need->key.author) == 0 &&
        !refuse(why, CODE_agreement_mismatch, "need", "its asker to receive", "%s does not",
                ref->by.s))
        return false;
    a->has_need = true;
    a->need = need->key;
    return true;
}

/* What the lines are told: `included` minutes of the need's reserved ones are the entry's own. */
static struct limit_ask ask_of(const struct agreement *a, const struct need *need,
                               int64_t included)
{
    struct limit_ask ask = {.context = LIMIT_AGREEMENT};
    if (a->has_need) {
        ask.urgent = urgent_for(need, a->pairs, a->n, included);
        ask.asker = need->key.author;
        ask.still_asks = need_still_asks(need, included);
    }
    return ask;
}

/* A receiver of `extra` minutes more: whether its requests rest, and its line. */
static bool check_receiver(struct rules *r, uint32_t org, int64_t extra,
                           const struct limit_ask *ask, struct refusal *why)
{
    if (!ask->urgent && step_in_force(r, org) >= PROMISE_PAUSED &&
        !refuse_paused(r, org, "shares", why))
        return false;
    return check_limit(r, org, extra, ask, why);
}

static bool check_receivers(struct rules *r, const struct agreement *a, const struct need *need,
                            struct refusal *why)
{
    struct limit_ask ask = ask_of(a, need, 0);
    uint32_t receivers[PARTIES_MAX];
    size_t n = pairs_orgs(a->pairs, a->n, 1, receivers);
    for (size_t i = 0; i < n; i++)
        if (!check_receiver(r, receivers[i], pairs_left_to(a->pairs, a->n, receivers[i]), &ask,
                            why))
            return false;
    return true;
}

/* SPEC 18.7: at the steps 3 and 4 a giver does not promise alone. */
static bool check_givers(struct rules *r, const struct agreement *a, const struct handle *cosigner,
                         struct refusal *why)
{
    uint32_t number, givers[PARTIES_MAX];
    if (cosigner->s[0] != '\0') {
        if (!find_active(r, cosigner, "cosigner", &number, why))
            return false;
        (void)books_org(r, number);
        return true;
    }
    size_t n = pairs_orgs(a->pairs, a->n, 0, givers);
    for (size_t i = 0; i < n; i++) {
        if (step_in_force(r, givers[i]) < PROMISE_COSIGNED)
            continue;
        const struct org *giver = books_org(r, givers[i]);
        if (!(refuse(why, CODE_cosigner_missing, "cosigner",
                     "an organisation that stands beside the promise", "%s gives",
                     giver->handle.s) ||
              refuse_values(why, giver->handle.s, NULL, NULL)))
            return false;
    }
    return true;
}

static bool sign_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    const struct body_agreement_sign *b = &e->agreement_sign;
    struct agreement a = {.key = own_key(r, e),
                          .index = r->index,
                          .life = LIFE_OPEN,
                          .signed_at = r->at,
                          .expires = b->expires};
    struct need need = {.urgent_until = 0};
    if (!find_pairs(r, &b->shares, &a.n, a.pairs, why) ||
        !check_expires(r, b->expires, r->state->network.found.policy.agreement_days_max, why) ||
        !link_offer(r, &b->offer, &a, why) || !link_need(r, &b->need, &a, &need, why) ||
        !check_givers(r, &a, &b->cosigner, why) || !check_receivers(r, &a, &need, why))
        return false;

    uint32_t parties[PARTIES_MAX];
    size_t n = pairs_orgs(a.pairs, a.n, 2, parties);
    for (size_t i = 0; i < n; i++)
        state_put_live(r->state, LIVE_AGREEMENT, parties[i], &a.key);
    for (size_t i = 0; i < a.n; i++)
        books_reserve(r, a.pairs[i].from, a.pairs[i].to, a.pairs[i].minutes);
    reserve_for_need(r, &a, left_for_need(&a));
    state_put_agreement(r->state, &a);
    struct due due = expiry_of(&a);
    state_put_due(r->state, &due);
    put_commit(r, e, SLOT_DETAILS, "agreement", &b->details, parties, n);
    put_commit(r, e, SLOT_PEOPLE, "people", &b->people, parties, n);
    return true;
}

const struct kind kind_agreement_sign = {.name = "agreement.sign",
                                         .id = KIND_AGREEMENT_SIGN,
                                         FIELDS(sign_fields),
                                         .validate = sign_validate,
                                         .signers = sign_signers,
                                         .apply = sign_apply};

/* --- agreement.change ------------------------------------------------------------------------- */

static const struct field change_fields[] = {
    {"agreement", F_REF, .offset = AT(agreement_change.agreement)},
    {"expires", F_INT, .offset = AT(agreement_change.expires), .min = 0, .max = INTEGER_MAX},
    {"shares", F_SHARES, .offset = AT(agreement_change.shares)},
};

static bool change_validate(const struct entry *e, struct refusal *why)
{
    return shares_validate(&e->agreement_change.shares, &e->by, why);
}

static bool change_signers(struct rules *r, const struct entry *e, struct signer_set *set,
                           struct refusal *why)
{
    (void)r;
    (void)why;
    signers_of_shares(&e->agreement_change.shares, set);
    return true;
}

/* Finds an agreement that is live (unless that is waived) and in which the author has a part. */
static bool find_own_live(struct rules *r, const struct ref *ref, const struct handle *by,
                          struct agreement *a, struct refusal *why)
{
    if (!find_agreement(r, ref, a, why))
        return false;
    uint32_t parties[PARTIES_MAX];
    size_t n = pairs_orgs(a->pairs, a->n, 2, parties);
    bool party = false;
    for (size_t i = 0; i < n; i++)
        party = party || parties[i] == r->author;
    return check_own(why, "agreement", ref, party, "an agreement of one's own", by) &&
           check_open(why, "agreement", ref, (enum life)a->life);
}

static bool same_parties(const struct agreement *a, const struct agreement *b)
{
    uint32_t old[PARTIES_MAX], new[PARTIES_MAX];
    size_t n_old = pairs_orgs(a->pairs, a->n, 2, old), n_new = pairs_orgs(b->pairs, b->n, 2, new);
    if (n_old != n_new)
        return false;
    for (size_t i = 0; i < n_old; i++) {
        bool found = false;
        for (size_t j = 0; j < n_new; j++)
            found = found || old[i] == new[j];
        if (!found)
            return false;
    }
    return true;
}

/* Takes over what is recorded already into the new pairs. */
static bool carry_recorded(struct agreement *old, struct agreement *new, struct refusal *why)
{
    for (size_t i = 0; i < old->n; i++) {
        const struct pair_minutes *was = &old->pairs[i];
        struct pair_minutes *is = find_pair(new->pairs, new->n, was->from, was->to);
        int64_t minutes = is == NULL ? 0 : is->minutes;
        char path[SHARE_PATH_SIZE] = "shares";
        if (is != NULL) {
            is->other = was->other;
            snprintf(path, sizeof path, "shares[%td]", is - new->pairs);
        }
        if (was->other > minutes)
            return refuse_minutes(why, CODE_change_below_recorded, path, minutes, "at least",
                                  was->other);
    }
    return true;
}

/* The parties are those that it was signed for, unless that is waived. */
static void relist(struct rules *r, const struct agreement *old, const struct agreement *new)
{
    uint32_t parties[PARTIES_MAX];
    size_t n = pairs_orgs(old->pairs, old->n, 2, parties);
    for (size_t i = 0; i < n; i++)
        state_del_live(r->state, LIVE_AGREEMENT, parties[i], &old->key);
    n = pairs_orgs(new->pairs, new->n, 2, parties);
    for (size_t i = 0; i < n; i++)
        state_put_live(r->state, LIVE_AGREEMENT, parties[i], &new->key);
}

static bool check_growth(struct rules *r, const struct agreement *old, const struct agreement *new,
                         struct refusal *why)
{
    struct need need;
    struct limit_ask ask = {.context = LIMIT_AGREEMENT};
    if (old->has_need && state_need(r->state, &old->need, &need) && need_in_reach(r, &need))
        ask = ask_of(new, &need, left_for_need(old));
    uint32_t receivers[PARTIES_MAX];
    size_t n = pairs_orgs(new->pairs, new->n, 1, receivers);
    for (size_t i = 0; i < n; i++) {
        int64_t extra = pairs_left_to(new->pairs, new->n, receivers[i]) -
                        pairs_left_to(old->pairs, old->n, receivers[i]);
        if (extra > 0 && !check_receiver(r, receivers[i], extra, &ask, why))
            return false;
    }
    return true;
}

static void reserve_left(struct rules *r, const struct agreement *a, int sign)
{
    for (size_t i = 0; i < a->n; i++)
        books_reserve(r, a->pairs[i].from, a->pairs[i].to,
                      sign * (a->pairs[i].minutes - a->pairs[i].other));
}

static bool change_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    const struct body_agreement_change *b = &e->agreement_change;
    struct agreement old, new;
    if (!find_own_live(r, &b->agreement, &e->by, &old, why))
        return false;
    new = old;
    if (!find_pairs(r, &b->shares, &new.n, new.pairs, why))
        return false;
    if (!same_parties(&old, &new) &&
        !refuse(why, CODE_parties_mismatch, "shares", "the parties of the agreement", "others"))
        return false;
    if (!carry_recorded(&old, &new, why) ||
        !check_expires(r, b->expires, r->state->network.found.policy.agreement_days_max, why) ||
        !check_growth(r, &old, &new, why))
        return false;
    if (old.life != LIFE_OPEN)
        return true;
    if (!same_parties(&old, &new))
        relist(r, &old, &new);
    reserve_left(r, &old, -1);
    reserve_left(r, &new, 1);
    reserve_for_need(r, &new, left_for_need(&new) - left_for_need(&old));
    struct due due = expiry_of(&old);
    state_del_due(r->state, &due);
    new.expires = b->expires;
    due = expiry_of(&new);
    state_put_due(r->state, &due);
    state_put_agreement(r->state, &new);
    return true;
}

const struct kind kind_agreement_change = {.name = "agreement.change",
                                           .id = KIND_AGREEMENT_CHANGE,
                                           FIELDS(change_fields),
                                           .validate = change_validate,
                                           .signers = change_signers,
                                           .apply = change_apply};

/* --- agreement.close, agreement.cancel -------------------------------------------------------- */

static const struct field ref_fields[] = {
    {"agreement", F_REF, .offset = AT(agreement_ref.agreement)},
};

bool gives_more(const struct agreement *a, uint32_t from, uint32_t to)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->pairs[i].from == from && (to == POOL || a->pairs[i].to == to) &&
            a->pairs[i].other < a->pairs[i].minutes)
            return true;
    return false;
}

static bool close_signers(struct rules *r, const struct entry *e, struct signer_set *set,
                          struct refusal *why)
{
    struct agreement a;
    if (!find_agreement(r, &e->agreement_ref.agreement, &a, why))
        return false;
    uint32_t parties[PARTIES_MAX];
    size_t n = pairs_orgs(a.pairs, a.n, 2, parties);
    signer_add(set, &e->by, SCOPE_SIGN);
    for (size_t i = 0; i < n; i++)
        signer_add_number(r, set, parties[i]);
    return true;
}

/* SPEC 18.7: what becomes of each giver's promise. */
static void settle_promises(struct rules *r, const struct agreement *a, enum life life)
{
    uint32_t givers[PARTIES_MAX];
    size_t n = pairs_orgs(a->pairs, a->n, 0, givers);
    for (size_t i = 0; i < n; i++) {
        bool kept = life == LIFE_CLOSED || !gives_more(a, givers[i], POOL);
        struct promise p = {
            .org = givers[i], .agreement = a->key, .broken = !kept, .at = r->at};
        if (kept || life == LIFE_EXPIRED)
            state_put_promise(r->state, &p);
    }
}

void agreement_end(struct rules *r, struct agreement *a, enum life life)
{
    settle_promises(r, a, life);
    uint32_t parties[PARTIES_MAX];
    size_t n = pairs_orgs(a->pairs, a->n, 2, parties);
    for (size_t i = 0; i < n; i++)
        state_del_live(r->state, LIVE_AGREEMENT, parties[i], &a->key);
    reserve_left(r, a, -1);
    reserve_for_need(r, a, -left_for_need(a));
    struct due due = expiry_of(a);
    state_del_due(r->state, &due);
    a->life = (uint8_t)life;
    a->ended_at = r->at;
    state_put_agreement(r->state, a);
}

static bool end_apply(struct rules *r, const struct entry *e, enum life life, struct refusal *why)
{
    struct agreement a;
    if (!find_own_live(r, &e->agreement_ref.agreement, &e->by, &a, why))
        return false;
    touch_parties(r, &a);
    if (a.life == LIFE_OPEN)
        agreement_end(r, &a, life);
    return true;
}

static bool close_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    return end_apply(r, e, LIFE_CLOSED, why);
}

const struct kind kind_agreement_close = {.name = "agreement.close",
                                          .id = KIND_AGREEMENT_CLOSE,
                                          FIELDS(ref_fields),
                                          .signers = close_signers,
                                          .apply = close_apply};

static bool cancel_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    return end_apply(r, e, LIFE_CANCELLED, why);
}

const struct kind kind_agreement_cancel = {.name = "agreement.cancel",
                                           .id = KIND_AGREEMENT_CANCEL,
                                           FIELDS(ref_fields),
                                           .signers = signers_author,
                                           .apply = cancel_apply};
