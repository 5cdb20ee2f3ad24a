/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* offer.publish, offer.renew, offer.withdraw (SPEC 6.6). */
#include <string.h>

#include "ledger/books.h"
#include "ledger/kinds/kinds.h"

/* --- offer.publish ---------------------------------------------------------------------------- */

static const struct field publish_fields[] = {
    {"areas", F_SLUGS, .optional = true, .offset = AT(offer_publish.areas), .min = 1,
     .max = PARTIES_MAX},
    {"details", F_COMMIT, .offset = AT(offer_publish.details)},
    {"expires", F_INT, .offset = AT(offer_publish.expires), .min = 0, .max = INTEGER_MAX},
    {"languages", F_LANGUAGES, .optional = true, .offset = AT(offer_publish.languages), .min = 1,
     .max = PARTIES_MAX},
    {"minutes_month", F_INT, .optional = true, .offset = AT(offer_publish.minutes_month), .min = 1,
     .max = SHARE_MINUTES_MAX},
    {"providers", F_HANDLES, .offset = AT(offer_publish.providers), .min = 1, .max = PARTIES_MAX},
    {"public", F_FLAG, .offset = AT(offer_publish.is_public)},
    {"skill", F_SLUG, .optional = true, .offset = AT(offer_publish.skill)},
    {"type", F_WORD, .offset = AT(offer_publish.type), .words = words_thing},
};

static bool publish_validate(const struct entry *e, struct refusal *why)
{
    const struct body_offer_publish *b = &e->offer_publish;
    bool among = false;
    for (size_t i = 0; i < b->providers.n; i++)
        among = among || strcmp(b->providers.v[i].s, e->by.s) == 0;
    if (!among)
        return refuse(why, CODE_field_invalid, "by", "one of the providers", "%s", e->by.s);
    if (b->type == THING_SKILL && b->skill.s[0] == '\0')
        return refuse(why, CODE_field_missing, "skill", "a skill of the catalogue", "nothing");
    return true;
}

static bool publish_signers(struct rules *r, const struct entry *e, struct signer_set *set,
                            struct refusal *why)
{
    (void)r;
    (void)why;
    for (size_t i = 0; i < e->offer_publish.providers.n; i++)
        signer_add(set, &e->offer_publish.providers.v[i], SCOPE_SIGN);
    return true;
}

static struct due expiry_of(const struct offer *o)
{
    return (struct due){.moment = o->expires, .type = DUE_OFFER_EXPIRY, .key = o->key};
}

static bool publish_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    const struct body_offer_publish *b = &e->offer_publish;
    struct offer o = {.key = own_key(r, e),
                      .index = r->index,
                      .life = LIFE_OPEN,
                      .type = (uint8_t)b->type,
                      .is_public = b->is_public,
                      .skill = b->skill,
                      .published_at = r->at,
                      .renewed_at = r->at,
                      .expires = b->expires,
                      .minutes_month = b->minutes_month,
                      .n_providers = b->providers.n};
    if (!check_skill(r, &b->skill, why) ||
        !check_expires(r, b->expires, r->state->network.found.policy.offer_days_max, why))
        return false;
    for (size_t i = 0; i < b->providers.n; i++) {
        if (!find_active(r, &b->providers.v[i], "providers", &o.providers[i], why))
            return false;
        (void)books_org(r, o.providers[i]);
        state_put_live(r->state, LIVE_OFFER, o.providers[i], &o.key);
    }
    state_put_offer(r->state, &o);
    struct due due = expiry_of(&o);
    state_put_due(r->state, &due);
    put_commit(r, e, SLOT_DETAILS, "offer", &b->details, o.providers, o.n_providers);
    return true;
}

const struct kind kind_offer_publish = {.name = "offer.publish",
                                        .id = KIND_OFFER_PUBLISH,
                                        FIELDS(publish_fields),
                                        .validate = publish_validate,
                                        .signers = publish_signers,
                                        .apply = publish_apply};

/* --- offer.renew, offer.withdraw -------------------------------------------------------------- */

static bool is_provider(const struct offer *o, uint32_t org)
{
    for (size_t i = 0; i < o->n_providers; i++)
        if (o->providers[i] == org)
            return true;
    return false;
}

static bool find_own_open(struct rules *r, const struct ref *ref, const struct handle *by,
                          struct offer *o, struct refusal *why)
{
    return find_offer(r, ref, o, why) &&
           check_own(why, "offer", ref, is_provider(o, r->author), "an offer of one's own", by) &&
           check_open(why, "offer", ref, (enum life)o->life);
}

static const struct field renew_fields[] = {
    {"expires", F_INT, .offset = AT(offer_renew.expires), .min = 0, .max = INTEGER_MAX},
    {"offer", F_REF, .offset = AT(offer_renew.offer)},
};

static bool renew_signers(struct rules *r, const struct entry *e, struct signer_set *set,
                          struct refusal *why)
{
    struct offer o;
    if (!find_offer(r, &e->offer_renew.offer, &o, why))
        return false;
    signer_add(set, &e->by, SCOPE_SIGN);
    for (size_t i = 0; i < o.n_providers; i++)
        signer_add_number(r, set, o.providers[i]);
    return true;
}

static bool renew_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    struct offer o;
    if (!find_own_open(r, &e->offer_renew.offer, &e->by, &o, why) ||
        !check_expires(r, e->offer_renew.expires, r->state->network.found.policy.offer_days_max,
                       why))
        return false;
    for (size_t i = 0; i < o.n_providers; i++)
        (void)books_org(r, o.providers[i]);
    if (o.life != LIFE_OPEN)
        return true;
    struct due due = expiry_of(&o);
    state_del_due(r->state, &due);
    o.expires = e->offer_renew.expires;
    o.renewed_at = r->at;
    due = expiry_of(&o);
    state_put_due(r->state, &due);
    state_put_offer(r->state, &o);
    return true;
}

const struct kind kind_offer_renew = {.name = "offer.renew",
                                      .id = KIND_OFFER_RENEW,
                                      FIELDS(renew_fields),
                                      .signers = renew_signers,
                                      .apply = renew_apply};

static const struct field withdraw_fields[] = {
    {"offer", F_REF, .offset = AT(offer_withdraw.offer)},
};

void offer_end(struct rules *r, struct offer *o, enum life life)
{
    struct due due = expiry_of(o);
    state_del_due(r->state, &due);
    for (size_t i = 0; i < o->n_providers; i++)
        state_del_live(r->state, LIVE_OFFER, o->providers[i], &o->key);
    o->life = (uint8_t)life;
    o->ended_at = r->at;
    state_put_offer(r->state, o);
}

static bool withdraw_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    struct offer o;
    if (!find_own_open(r, &e->offer_withdraw.offer, &e->by, &o, why))
        return false;
    for (size_t i = 0; i < o.n_providers; i++)
        (void)books_org(r, o.providers[i]);
    if (o.life == LIFE_OPEN)
        offer_end(r, &o, LIFE_WITHDRAWN);
    return true;
}

const struct kind kind_offer_withdraw = {.name = "offer.withdraw",
                                         .id = KIND_OFFER_WITHDRAW,
                                         FIELDS(withdraw_fields),
                                         .signers = signers_author,
                                         .apply = withdraw_apply};
