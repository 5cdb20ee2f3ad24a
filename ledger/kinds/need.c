/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* need.publish, need.vouch, need.withdraw (SPEC 6.7). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/books.h"
#include "ledger/kinds/kinds.h"
#include "policies/calendar.h"
#include "policies/promise.h"
#include "policies/window.h"

/* --- need.publish ----------------------------------------------------------------------------- */

static const struct field publish_fields[] = {
    {"areas", F_SLUGS, .optional = true, .offset = AT(need_publish.areas), .min = 1,
     .max = PARTIES_MAX},
    {"details", F_COMMIT, .offset = AT(need_publish.details)},
    {"expires", F_INT, .offset = AT(need_publish.expires), .min = 0, .max = INTEGER_MAX},
    {"languages", F_LANGUAGES, .optional = true, .offset = AT(need_publish.languages), .min = 1,
     .max = PARTIES_MAX},
    {"minutes", F_INT, .offset = AT(need_publish.minutes), .min = 1, .max = SHARE_MINUTES_MAX},
    {"public", F_FLAG, .offset = AT(need_publish.is_public)},
    {"skill", F_SLUG, .optional = true, .offset = AT(need_publish.skill)},
    {"type", F_WORD, .offset = AT(need_publish.type), .words = words_thing},
    {"urgent", F_FLAG, .offset = AT(need_publish.urgent)},
};

static bool publish_validate(const struct entry *e, struct refusal *why)
{
    if (e->need_publish.type == THING_SKILL && e->need_publish.skill.s[0] == '\0')
        return refuse(why, CODE_field_missing, "skill", "a skill of the catalogue", "nothing");
    return true;
}

static struct due expiry_of(const struct need *n)
{
    return (struct due){.moment = n->expires, .type = DUE_NEED_EXPIRY, .key = n->key};
}

static struct due lapse_of(const struct need *n)
{
    return (struct due){.moment = n->urgent_until, .type = DUE_URGENCY_LAPSE, .key = n->key};
}

static bool publish_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    const struct body_need_publish *b = &e->need_publish;
    struct need n = {.key = own_key(r, e),
                     .index = r->index,
                     .life = LIFE_OPEN,
                     .type = (uint8_t)b->type,
                     .is_public = b->is_public,
                     .urgent_declared = b->urgent,
                     .skill = b->skill,
                     .published_at = r->at,
                     .expires = b->expires,
                     .minutes = b->minutes};
    if (!check_skill(r, &b->skill, why) ||
        !check_expires(r, b->expires, r->state->network.found.policy.need_days_max, why))
        return false;
    if (!b->urgent && step_in_force(r, r->author) >= PROMISE_PAUSED &&
        !refuse_paused(r, r->author, "urgent", why))
        return false;
    n.fragile = state_status_class(r->state, r->author, r->at, NULL) == 1;
    n.ordinal = ++books_org(r, r->author)->needs;
    state_put_need(r->state, &n);
    state_put_live(r->state, LIVE_NEED, r->author, &n.key);
    struct due due = expiry_of(&n);
    state_put_due(r->state, &due);
    put_commit(r, e, SLOT_DETAILS, "need", &b->details, NULL, 0);
    return true;
}

const struct kind kind_need_publish = {.name = "need.publish",
                                       .id = KIND_NEED_PUBLISH,
                                       FIELDS(publish_fields),
                                       .validate = publish_validate,
                                       .signers = signers_author,
                                       .apply = publish_apply};

/* --- need.vouch ------------------------------------------------------------------------------- */

static const struct field vouch_fields[] = {
    {"need", F_REF, .offset = AT(need_ref.need)},
    {"panel", F_HANDLES, .optional = true, .offset = AT(need_ref.panel), .min = 1,
     .max = PARTIES_MAX},
};

/* The asker stands in the reference, so that this needs no state. */
static bool vouch_validate(const struct entry *e, struct refusal *why)
{
    const struct body_need_ref *b = &e->need_ref;
    for (size_t i = 0; i < b->panel.n; i++)
        if (strcmp(b->panel.v[i].s, e->by.s) == 0 || strcmp(b->panel.v[i].s, b->need.by.s) == 0)
            return refuse(why, CODE_field_invalid, "panel", "others than the asker and the author",
                          "%s", b->panel.v[i].s);
    return true;
}

static bool vouch_signers(struct rules *r, const struct entry *e, struct signer_set *set,
                          struct refusal *why)
{
    signers_of_handles(&e->need_ref.panel, set);
    return signers_author(r, e, set, why);
}

/* How many urgencies of an asker were confirmed without the panel in this quarter. */
static int64_t confirmed(struct rules *r, const struct org *asker)
{
    return asker->urgent_quarter == calendar_quarter(r->at) ? asker->urgent_count : 0;
}

static bool check_quota(struct rules *r, const struct entry *e, const struct need *n,
                        struct refusal *why)
{
    int64_t quota = r->state->network.found.policy.urgent_quota;
    int64_t so_far = confirmed(r, books_org(r, n->key.author));
    char value[24];
    if (e->need_ref.panel.n > 0)
        return check_panel(r, &e->need_ref.panel, 1, why);
    if (so_far < quota)
        return true;
    snprintf(value, sizeof value, "%" PRId64, quota);
    return refuse(why, CODE_urgent_quota, "need",
                  "organisations of the panel that sign as well, in `panel`",
                  "%" PRId64 " urgencies confirmed in this quarter", so_far) ||
           refuse_rule(why, "urgent_quota") ||
           refuse_values(why, "need", value, "%" PRId64, so_far);
}

static bool check_vouch(struct rules *r, const struct entry *e, const struct need *n,
                        struct refusal *why)
{
    if (n->key.author == r->author && !refuse(why, CODE_vouch_own, "need",
                                              "the need of another organisation", "%s asks",
                                              e->by.s))
        return false;
    if (!check_open(why, "need", &e->need_ref.need, (enum life)n->life))
        return false;
    if (!n->urgent_declared &&
        !refuse(why, CODE_not_urgent, "need", "a need declared urgent", "it is not"))
        return false;
    if (n->urgent_until != 0 && !refuse(why, CODE_already_vouched, "need",
                                        "an urgency that nobody vouches for",
                                        "in force until %" PRId64, n->urgent_until))
        return false;
    return n->voucher != r->author ||
           refuse(why, CODE_already_vouched, "need", "another organisation than the last time",
                  "%s", e->by.s);
}

static bool vouch_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    struct need n;
    if (!find_need(r, &e->need_ref.need, &n, why) || !check_vouch(r, e, &n, why) ||
        !check_quota(r, e, &n, why))
        return false;
    struct org *asker = books_org(r, n.key.author);
    if (n.life != LIFE_OPEN)
        return true;
    if (e->need_ref.panel.n == 0) {
        asker->urgent_count = (uint32_t)confirmed(r, asker) + 1;
        asker->urgent_quarter = calendar_quarter(r->at);
    }
    struct due due = lapse_of(&n);
    if (n.urgent_until != 0) /* waived: the new urgency takes the place of the one in force */
        state_del_due(r->state, &due);
    n.voucher = r->author;
    n.urgent_until = r->at + r->state->network.found.policy.urgent_days * WINDOW_DAY_MS;
    state_put_need(r->state, &n);
    due = lapse_of(&n);
    state_put_due(r->state, &due);
    return true;
}

const struct kind kind_need_vouch = {.name = "need.vouch",
                                     .id = KIND_NEED_VOUCH,
                                     FIELDS(vouch_fields),
                                     .validate = vouch_validate,
                                     .signers = vouch_signers,
                                     .apply = vouch_apply};

void need_urgency_lapse(struct rules *r, struct need *n)
{
    struct due due = lapse_of(n);
    state_del_due(r->state, &due);
    n->urgent_until = 0;
    state_put_need(r->state, n);
}

/* --- need.withdraw ---------------------------------------------------------------------------- */

static const struct field ref_fields[] = {
    {"need", F_REF, .offset = AT(need_ref.need)},
};

void need_end(struct rules *r, struct need *n, enum life life)
{
    struct due due = expiry_of(n);
    state_del_due(r->state, &due);
    if (n->urgent_until != 0)
        need_urgency_lapse(r, n);
    state_del_live(r->state, LIVE_NEED, n->key.author, &n->key);
    n->life = (uint8_t)life;
    n->ended_at = r->at;
    state_put_need(r->state, n);
}

static bool withdraw_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    const struct ref *ref = &e->need_ref.need;
    struct need n;
    if (!find_need(r, ref, &n, why) ||
        !check_own(why, "need", ref, n.key.author == r->author, "a need of one's own", &e->by) ||
        !check_open(why, "need", ref, (enum life)n.life))
        return false;
    if (n.life == LIFE_OPEN)
        need_end(r, &n, LIFE_WITHDRAWN);
    return true;
}

const struct kind kind_need_withdraw = {.name = "need.withdraw",
                                        .id = KIND_NEED_WITHDRAW,
                                        FIELDS(ref_fields),
                                        .signers = signers_author,
                                        .apply = withdraw_apply};
