/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* org.admit, org.update, org.confirm, org.leave (SPEC 6.2, 6.3). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/text.h"
#include "ledger/books.h"
#include "ledger/kinds/members.h"

#define CAPACITY_MAX 600000 /* minutes a month */
#define FTE_MAX 1000000     /* hundredths of a full-time person */

/* --- org.admit -------------------------------------------------------------------------------- */

static const struct field admit_fields[] = {
    {"capacity", F_NUMBER, .optional = true, .offset = AT(org_admit.capacity), .min = 0,
     .max = CAPACITY_MAX},
    {"charter", F_HASH, .offset = AT(org_admit.charter)},
    {"coordinator", F_HANDLE, .optional = true, .offset = AT(org_admit.coordinator)},
    {"details", F_COMMIT, .offset = AT(org_admit.details)},
    {"fte", F_NUMBER, .optional = true, .offset = AT(org_admit.fte), .min = 0, .max = FTE_MAX},
    {"key", F_KEY, .offset = AT(org_admit.key)},
    {"public", F_FLAG, .offset = AT(org_admit.is_public)},
    {"sponsors", F_HANDLES, .optional = true, .offset = AT(org_admit.sponsors), .min = 1,
     .max = PARTIES_MAX},
};

static bool admit_validate(const struct entry *e, struct refusal *why)
{
    const struct body_org_admit *b = &e->org_admit;
    bool coordinator = b->coordinator.s[0] != '\0';
    if (coordinator == (b->sponsors.n > 0))
        return refuse(why, CODE_field_invalid, "sponsors",
                      "either a coordinator or sponsors, one of the two", "%s",
                      coordinator ? "both" : "neither");
    if (strcmp(b->coordinator.s, e->by.s) == 0)
        return refuse(why, CODE_field_invalid, "coordinator", "somebody else", "%s", e->by.s);
    for (size_t i = 0; i < b->sponsors.n; i++)
        if (strcmp(b->sponsors.v[i].s, e->by.s) == 0)
            return refuse(why, CODE_field_invalid, "sponsors", "other organisations", "%s",
                          e->by.s);
    return true;
}

static bool admit_signers(struct rules *r, const struct entry *e, struct signer_set *set,
                          struct refusal *why)
{
    (void)r;
    (void)why;
    member_signer(set, &e->by, &e->org_admit.key);
    if (e->org_admit.coordinator.s[0] != '\0')
        signer_add(set, &e->org_admit.coordinator, SCOPE_SIGN);
    for (size_t i = 0; i < e->org_admit.sponsors.n; i++)
        signer_add(set, &e->org_admit.sponsors.v[i], SCOPE_ADMIN);
    return true;
}

/* Those who let the newcomer in: they exist, are active, and enough or with a mandate. */
static bool check_sponsors(struct rules *r, const struct body_org_admit *b, struct refusal *why)
{
    uint32_t number;
    if (b->coordinator.s[0] != '\0') {
        if (!find_active(r, &b->coordinator, "coordinator", &number, why))
            return false;
        if (!is_coordinator(r, number) &&
            !(refuse(why, CODE_not_coordinator, "coordinator",
                     "an organisation with a coordinator mandate in force", "%s",
                     b->coordinator.s) ||
              refuse_values(why, "", NULL, "%s", b->coordinator.s)))
            return false;
        (void)books_org(r, number);
        return true;
    }
    int64_t least = r->state->network.found.policy.sponsors_min;
    if ((int64_t)b->sponsors.n < least) {
        char expected[64];
        snprintf(expected, sizeof expected, "at least %" PRId64 " sponsors", least);
        return refuse(why, CODE_field_invalid, "sponsors", expected, "%zu", b->sponsors.n) ||
               refuse_rule(why, "sponsors_min");
    }
    for (size_t i = 0; i < b->sponsors.n; i++) {
        if (!find_active(r, &b->sponsors.v[i], "sponsors", &number, why))
            return false;
        (void)books_org(r, number);
    }
    return true;
}

static void set_size(struct rules *r, const struct number *capacity, const struct number *fte)
{
    struct org *org = books_org(r, r->author);
    if (capacity->set)
        org->capacity = *capacity;
    if (fte->set)
        org->fte = *fte;
}

static void set_sheet(struct rules *r, const struct entry *e, const struct commit *details,
                      bool is_public)
{
    struct org *org = books_org(r, r->author);
    org->sheet = *details;
    org->sheet_ref = (struct ref){.by = e->by, .id = e->id};
    org->is_public = is_public;
    org->confirmed_at = r->at;
    put_commit(r, e, SLOT_DETAILS, "org", details, NULL, 0);
}

static bool admit_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    const struct body_org_admit *b = &e->org_admit;
    if (!hash_equal(&b->charter, &r->state->network.found.charter)) {
        char expected[HEX_SIZE(HASH_BYTES)], found[HEX_SIZE(HASH_BYTES)];
        hex_encode(expected, r->state->network.found.charter.b, HASH_BYTES);
        hex_encode(found, b->charter.b, HASH_BYTES);
        if (!refuse(why, CODE_charter_mismatch, "charter", expected, "%s", found))
            return false;
    }
    if (!check_sponsors(r, b, why) ||
        !member_new(r, e->origin, &e->by, &b->key, &r->author, why))
        return false;
    set_sheet(r, e, &b->details, b->is_public);
    set_size(r, &b->capacity, &b->fte);
    return true;
}

const struct kind kind_org_admit = {.name = "org.admit",
                                    .id = KIND_ORG_ADMIT,
                                    FIELDS(admit_fields),
                                    .validate = admit_validate,
                                    .signers = admit_signers,
                                    .apply = admit_apply};

/* --- org.update, org.confirm ------------------------------------------------------------------ */

static const struct field update_fields[] = {
    {"capacity", F_NUMBER, .optional = true, .offset = AT(org_update.capacity), .min = 0,
     .max = CAPACITY_MAX},
    {"details", F_COMMIT, .offset = AT(org_update.details)},
    {"fte", F_NUMBER, .optional = true, .offset = AT(org_update.fte), .min = 0, .max = FTE_MAX},
    {"public", F_FLAG, .offset = AT(org_update.is_public)},
};

static bool update_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    (void)why;
    set_sheet(r, e, &e->org_update.details, e->org_update.is_public);
    set_size(r, &e->org_update.capacity, &e->org_update.fte);
    return true;
}

const struct kind kind_org_update = {.name = "org.update",
                                     .id = KIND_ORG_UPDATE,
                                     FIELDS(update_fields),
                                     .signers = signers_author,
                                     .apply = update_apply};

static bool confirm_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    (void)e;
    (void)why;
    books_org(r, r->author)->confirmed_at = r->at;
    return true;
}

const struct kind kind_org_confirm = {.name = "org.confirm",
                                      .id = KIND_ORG_CONFIRM,
                                      .signers = signers_author,
                                      .apply = confirm_apply};

/* --- org.leave -------------------------------------------------------------------------------- */

static const struct field leave_fields[] = {
    {"to", F_HANDLE, .optional = true, .offset = AT(org_leave.to)},
};

static bool leave_validate(const struct entry *e, struct refusal *why)
{
    if (strcmp(e->org_leave.to.s, e->by.s) == 0)
        return refuse(why, CODE_field_invalid, "to", "another organisation", "%s", e->by.s);
    return true;
}

/* Ends what is live. Other parties of agreements are settled one agreement at a time, because
 * there is no bound on how many there are. */
static void end_everything(struct rules *r, uint32_t number)
{
    struct thing_key key, *last;
    struct agreement a;
    for (last = NULL; state_next_live(r->state, LIVE_AGREEMENT, number, last, &key) &&
                      state_agreement(r->state, &key, &a); last = &key) {
        agreement_end(r, &a, LIFE_CANCELLED);
        books_settle(r);
    }
    struct offer offer;
    for (last = NULL; state_next_live(r->state, LIVE_OFFER, number, last, &key) &&
                      state_offer(r->state, &key, &offer); last = &key)
        offer_end(r, &offer, LIFE_WITHDRAWN);
    struct need need;
    for (last = NULL; state_next_live(r->state, LIVE_NEED, number, last, &key) &&
                      state_need(r->state, &key, &need); last = &key)
        need_end(r, &need, LIFE_WITHDRAWN);
}

static bool leave_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    uint32_t heir = POOL;
    if (e->org_leave.to.s[0] != '\0' && !find_active(r, &e->org_leave.to, "to", &heir, why))
        return false;
    r->look_last = heir;
    end_everything(r, r->author);
    r->look_last = POOL;
    if (heir != POOL)
        (void)books_org(r, heir);
    struct org *org = books_org(r, r->author);
    int64_t position = org_position(org);
    if (position != 0)
        books_move(r, r->author, position > 0 ? heir : POOL, position);
    org->state = ORG_LEFT;
    org->left_at = r->at;
    if (r->look_owed)
        books_look(r, heir);
    return true;
}

const struct kind kind_org_leave = {.name = "org.leave",
                                    .id = KIND_ORG_LEAVE,
                                    FIELDS(leave_fields),
                                    .validate = leave_validate,
                                    .signers = signers_author_admin,
                                    .apply = leave_apply};
