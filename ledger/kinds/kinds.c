/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/kinds/kinds.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/books.h"
#include "policies/promise.h"
#include "policies/window.h"

static const struct kind *const kinds[] = {
#define KIND_POINTER(suffix, name) [KIND_##suffix] = &kind_##name,
    KINDS(KIND_POINTER)
#undef KIND_POINTER
};
#define KINDS_END (sizeof kinds / sizeof *kinds)

const struct kind *kind_find(const char *name, size_t len)
{
    for (size_t i = 1; i < KINDS_END; i++)
        if (kinds[i]->name[0] == name[0] && strncmp(kinds[i]->name, name, len) == 0 &&
            kinds[i]->name[len] == '\0')
            return kinds[i];
    return NULL;
}

const struct kind *kind_of(enum entry_kind id)
{
    assert(id >= 1 && (size_t)id < KINDS_END);
    return kinds[id];
}

const char *const words_thing[] = {"skill", "space", "equipment", NULL};
const char *const words_slot[] = {"details", "people", "reason", "skills", NULL};
const char *const words_scope[] = {"admin", "sign", "propose", NULL};
const char *const words_done_by[] = {"staff", "volunteers", "mixed", NULL};

/* --- Signers ---------------------------------------------------------------------------------- */

static struct signer *signer_place(struct signer_set *set, const struct handle *handle)
{
    size_t i = 0;
    while (i < set->n && strcmp(set->v[i].handle.s, handle->s) < 0)
        i++;
    if (i < set->n && strcmp(set->v[i].handle.s, handle->s) == 0)
        return &set->v[i];
    assert(set->n < sizeof set->v / sizeof *set->v);
    memmove(&set->v[i + 1], &set->v[i], (set->n - i) * sizeof *set->v);
    set->n++;
    set->v[i] = (struct signer){.handle = *handle, .scope = SCOPE_SIGN};
    return &set->v[i];
}

void signer_add(struct signer_set *set, const struct handle *handle, enum scope scope)
{
    struct signer *s = signer_place(set, handle);
    if (scope == SCOPE_ADMIN)
        s->scope = SCOPE_ADMIN;
}

bool signers_author(struct rules *r, const struct entry *e, struct signer_set *set,
                    struct refusal *why)
{
    (void)r;
    (void)why;
    signer_add(set, &e->by, SCOPE_SIGN);
    return true;
}

bool signers_author_admin(struct rules *r, const struct entry *e, struct signer_set *set,
                          struct refusal *why)
{
    (void)r;
    (void)why;
    signer_add(set, &e->by, SCOPE_ADMIN);
    return true;
}

bool signers_clock(struct rules *r, const struct entry *e, struct signer_set *set,
                   struct refusal *why)
{
    (void)why;
    signer_add(set, &e->by, SCOPE_ADMIN);
    set->v[0].own_key = true;
    set->v[0].key = r->state->network.found.clock_key;
    return true;
}

void signers_of_handles(const struct handles *handles, struct signer_set *set)
{
    for (size_t i = 0; i < handles->n; i++)
        signer_add(set, &handles->v[i], SCOPE_SIGN);
}

void signers_of_shares(const struct shares *shares, struct signer_set *set)
{
    for (size_t i = 0; i < shares->n; i++) {
        signer_place(set, &shares->v[i].from)->minutes += shares->v[i].minutes;
        signer_place(set, &shares->v[i].to)->minutes += shares->v[i].minutes;
    }
}

static bool add_party(struct handles *parties, const struct handle *handle)
{
    for (size_t i = 0; i < parties->n; i++)
        if (strcmp(parties->v[i].s, handle->s) == 0)
            return true;
    if (parties->n == PARTIES_MAX)
        return false;
    parties->v[parties->n++] = *handle;
    return true;
}

bool shares_validate(const struct shares *shares, const struct handle *by, struct refusal *why)
{
    struct handles parties = {.n = 0};
    bool among = false;
    for (size_t i = 0; i < shares->n; i++) {
        const struct share *s = &shares->v[i];
        if (!add_party(&parties, &s->from) || !add_party(&parties, &s->to))
            return refuse(why, CODE_field_invalid, "shares", "at most 16 organisations", "more");
        among = among || strcmp(s->from.s, by->s) == 0 || strcmp(s->to.s, by->s) == 0;
    }
    if (!among)
        return refuse(why, CODE_field_invalid, "by", "a giver or receiver of the shares", "%s",
                      by->s);
    return true;
}

static bool among(const struct handles *handles, const struct handle *handle)
{
    for (size_t i = 0; i < handles->n; i++)
        if (strcmp(handles->v[i].s, handle->s) == 0)
            return true;
    return false;
}

bool panel_validate(const struct handles *panel, const struct handle *by, const struct handle *org,
                    struct refusal *why)
{
    if (!among(panel, by))
        return refuse(why, CODE_field_invalid, "panel", "the author among its organisations",
                      "%s is not", by->s);
    if (among(panel, org))
        return refuse(why, CODE_field_invalid, "panel", "others than whom it decides about",
                      "%s", org->s);
    return true;
}

void signer_add_number(struct rules *r, struct signer_set *set, uint32_t number)
{
    struct org org;
    if (state_org(r->state, number, &org))
        signer_add(set, &org.handle, SCOPE_SIGN);
}

/* --- Look-ups that refuse --------------------------------------------------------------------- */

bool find_active(struct rules *r, const struct handle *handle, const char *field, uint32_t *number,
                 struct refusal *why)
{
    struct org org;
    *number = state_org_number(r->state, handle);
    if (*number == 0 || !state_org(r->state, *number, &org))
        return refuse(why, CODE_org_unknown, field, "an organisation of this network", "%s",
                      handle->s) ||
               refuse_values(why, "", NULL, "%s", handle->s);
    return org.state == ORG_ACTIVE ||
           refuse(why, CODE_org_left, field, "an active organisation", "%s has left", handle->s) ||
           refuse_values(why, "", NULL, "%s", handle->s);
}

static bool refuse_ref(struct refusal *why, const struct ref *ref, const char *field,
                       const char *expected)
{
    char text[REF_TEXT_SIZE];
    ref_format(text, ref);
    return refuse(why, CODE_ref_unknown, field, expected, "%s", text) ||
           refuse_values(why, field, NULL, "%s", text);
}

bool find_thing(struct rules *r, const struct ref *ref, const char *field, struct thing_key *key,
                struct refusal *why)
{
    key->author = state_org_number(r->state, &ref->by);
    key->id = ref->id;
    return key->author != 0 ||
           refuse_ref(why, ref, field, "a reference to an entry of this log");
}

/* SPEC 6: what ended or was recorded long ago can no longer be referred to. */
static bool within_reach(struct rules *r, int64_t since)
{
    return r->at - since <= r->state->network.found.policy.reference_days_max * WINDOW_DAY_MS;
}

static bool find_or_refuse(struct refusal *why, const struct ref *ref, const char *field,
                           bool found)
{
    char expected[80];
    snprintf(expected, sizeof expected, "the reference of %s that is there and not too long over",
             field);
    return found || refuse_ref(why, ref, field, expected);
}

bool find_offer(struct rules *r, const struct ref *ref, struct offer *out, struct refusal *why)
{
    struct thing_key key;
    return find_thing(r, ref, "offer", &key, why) &&
           find_or_refuse(why, ref, "offer",
                          state_offer(r->state, &key, out) &&
                              (out->life == LIFE_OPEN || within_reach(r, out->ended_at)));
}

bool find_need(struct rules *r, const struct ref *ref, struct need *out, struct refusal *why)
{
    struct thing_key key;
    return find_thing(r, ref, "need", &key, why) &&
           find_or_refuse(why, ref, "need",
                          state_need(r->state, &key, out) && need_in_reach(r, out));
}

bool need_in_reach(struct rules *r, const struct need *need)
{
    return need->life == LIFE_OPEN || within_reach(r, need->ended_at);
}

bool find_agreement(struct rules *r, const struct ref *ref, struct agreement *out,
                    struct refusal *why)
{
    struct thing_key key;
    return find_thing(r, ref, "agreement", &key, why) &&
           find_or_refuse(why, ref, "agreement",
                          state_agreement(r->state, &key, out) &&
                              (out->life == LIFE_OPEN || within_reach(r, out->ended_at)));
}

bool find_hours(struct rules *r, const struct ref *ref, struct hours *out, struct refusal *why)
{
    struct thing_key key;
    return find_thing(r, ref, "hours", &key, why) &&
           find_or_refuse(why, ref, "hours",
                          state_hours(r->state, &key, out) && within_reach(r, out->at));
}

bool find_pairs(struct rules *r, const struct shares *shares, size_t *n,
                struct pair_minutes pairs[static SHARES_MAX], struct refusal *why)
{
    *n = shares->n;
    for (size_t i = 0; i < shares->n; i++) {
        const struct share *s = &shares->v[i];
        pairs[i] = (struct pair_minutes){.minutes = s->minutes};
        if (!find_active(r, &s->from, "shares", &pairs[i].from, why) ||
            !find_active(r, &s->to, "shares", &pairs[i].to, why))
            return false;
    }
    return true;
}

bool check_open(struct refusal *why, const char *field, const struct ref *ref, enum life life)
{
    char text[REF_TEXT_SIZE];
    if (life == LIFE_OPEN)
        return true;
    ref_format(text, ref);
    return refuse(why, CODE_already_closed, field, "one that is open", "it is %s",
                  life_word(life)) ||
           refuse_values(why, field, NULL, "%s", text);
}

bool check_own(struct refusal *why, const char *field, const struct ref *ref, bool own,
               const char *expected, const struct handle *by)
{
    char text[REF_TEXT_SIZE];
    if (own)
        return true;
    ref_format(text, ref);
    return refuse(why, CODE_not_yours, field, expected, "%s has no part in it", by->s) ||
           refuse_values(why, field, NULL, "%s", text);
}

bool refuse_minutes(struct refusal *why, enum code code, const char *path, int64_t minutes,
                    const char *word, int64_t bound)
{
    char expected[80], value[24];
    snprintf(expected, sizeof expected, "%s %" PRId64 " minutes", word, bound);
    snprintf(value, sizeof value, "%" PRId64, bound);
    return refuse(why, code, path, expected, "%" PRId64, minutes) ||
           refuse_values(why, path, value, "%" PRId64, minutes);
}

static bool check_moment(struct rules *r, const char *field, int64_t expires, int64_t days_max,
                         struct refusal *why)
{
    int64_t latest = r->at + days_max * WINDOW_DAY_MS;
    if (expires > r->at && expires <= latest)
        return true;
    char expected[96], value[24];
    snprintf(expected, sizeof expected, "after %" PRId64 ", at most %" PRId64 " (%" PRId64 " days)",
             r->at, latest, days_max);
    snprintf(value, sizeof value, "%" PRId64, latest);
    return refuse(why, CODE_expires_out_of_range, field, expected, "%" PRId64, expires) ||
           refuse_values(why, field, value, "%" PRId64, expires);
}

bool check_expires(struct rules *r, int64_t expires, int64_t days_max, struct refusal *why)
{
    return check_moment(r, "expires", expires, days_max, why);
}

bool check_until(struct rules *r, int64_t until, int64_t days_max, struct refusal *why)
{
    return check_moment(r, "until", until, days_max, why);
}

int64_t panel_min(struct rules *r)
{
    return r->state->network.found.policy.panel_min;
}

bool check_panel(struct rules *r, const struct handles *panel, int64_t least, struct refusal *why)
{
    char expected[64];
    snprintf(expected, sizeof expected, "at least %" PRId64 " organisations of the panel", least);
    if ((int64_t)panel->n < least)
        return refuse(why, CODE_field_invalid, "panel", expected, "%zu", panel->n) ||
               refuse_rule(why, "panel_min");
    for (size_t i = 0; i < panel->n; i++) {
        uint32_t number;
        if (!find_active(r, &panel->v[i], "panel", &number, why))
            return false;
        if (state_mandate(r->state, number, ROLE_PANEL) <= r->at &&
            !refuse_handle(why, CODE_not_panel, "panel",
                           "organisations with a panel mandate in force", &panel->v[i]))
            return false;
        (void)books_org(r, number);
    }
    return true;
}

bool refuse_handle(struct refusal *why, enum code code, const char *field, const char *expected,
                   const struct handle *handle)
{
    return refuse(why, code, field, expected, "%s", handle->s) ||
           refuse_values(why, "", NULL, "%s", handle->s);
}

int64_t step_in_force(struct rules *r, uint32_t org)
{
    struct step step;
    return state_step(r->state, org, &step) && promise_step_in_force(&step.last, r->at)
               ? step.last.step
               : PROMISE_NO_STEP;
}

bool refuse_paused(struct rules *r, uint32_t org, const char *field, struct refusal *why)
{
    const struct org *o = books_org(r, org);
    return refuse(why, CODE_paused, field, "what is urgent; other requests rest for now", "%s",
                  o->handle.s) ||
           refuse_values(why, o->handle.s, NULL, NULL);
}

bool check_skill(struct rules *r, const struct slug *skill, struct refusal *why)
{
    if (skill->s[0] == '\0' || state_has_skill(r->state, skill))
        return true;
    return refuse(why, CODE_skill_unknown, "skill", "a skill of the network's catalogue", "%s",
                  skill->s);
}

bool is_coordinator(struct rules *r, uint32_t org)
{
    return state_mandate(r->state, org, ROLE_COORDINATOR) > r->at;
}

/* --- Common effects --------------------------------------------------------------------------- */

struct thing_key own_key(const struct rules *r, const struct entry *e)
{
    return (struct thing_key){.id = e->id, .author = r->author};
}

struct pair_minutes *find_pair(struct pair_minutes *pairs, size_t n, uint32_t from, uint32_t to)
{
    for (size_t i = 0; i < n; i++)
        if (pairs[i].from == from && pairs[i].to == to)
            return &pairs[i];
    return NULL;
}

static size_t add_number(uint32_t *out, size_t n, uint32_t number)
{
    for (size_t i = 0; i < n; i++)
        if (out[i] == number)
            return n;
    assert(n < PARTIES_MAX);
    out[n] = number;
    return n + 1;
}

size_t pairs_orgs(const struct pair_minutes *pairs, size_t n, int side,
                  uint32_t out[static PARTIES_MAX])
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        if (side != 1)
            found = add_number(out, found, pairs[i].from);
        if (side != 0)
            found = add_number(out, found, pairs[i].to);
    }
    return found;
}

void put_commit(struct rules *r, const struct entry *e, enum slot slot, const char *kind,
                const struct commit *commit, const uint32_t *owners, size_t n_owners)
{
    if (!commit->set)
        return;
    struct detail d = {
        .subject = own_key(r, e), .slot = (uint8_t)slot, .commit = commit->h, .index = r->index};
    snprintf(d.kind, sizeof d.kind, "%s", kind);
    d.n_owners = add_number(d.owners, 0, r->author);
    for (size_t i = 0; i < n_owners; i++)
        d.n_owners = add_number(d.owners, d.n_owners, owners[i]);
    state_put_detail(r->state, &d);
}

static bool refuse_limit(struct rules *r, const struct org *org, const struct limit_decision *d,
                         int64_t extra, enum limit_context context, struct refusal *why)
{
    struct quarter quarter;
    state_quarter(r->state, &quarter);
    char expected[200], lowest[24];
    snprintf(lowest, sizeof lowest, "%" PRId64, -d->refused_past);
    snprintf(
        expected, sizeof expected,
        "at most %" PRId64 " minutes more for %s; or a smaller share, a gift%s, or a need whose "
        "urgency another organisation vouches for",
        d->allowed_more, org->handle.s, context == LIMIT_AGREEMENT ? " recorded afterwards" : "");
    why->ways.known = true;
    why->ways.smaller = d->allowed_more;
    why->ways.pool = quarter.budget - quarter.spent;
    why->ways.give_back = -d->refused_past - d->projected;
    return refuse(why, CODE_limit_crossed, "shares", expected,
                  "%" PRId64 " minutes; position would be %" PRId64 ", floor -%" PRId64
                  ", hard stop -%" PRId64,
                  extra, d->projected, d->floor, d->hard_floor) ||
           refuse_rule(why, d->refused_past == d->floor ? "limit_floor" : "limit_hard_permille") ||
           refuse_values(why, org->handle.s, lowest, "%" PRId64, d->projected);
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What the common pool can pay of what a fragile asker asks for, at most (SPEC 8.2). */
static int64_t most_by_pool(struct rules *r, uint32_t number, const struct limit_ask *ask)
{
    struct quarter quarter;
    if (ask->asker != number || ask->still_asks <= 0 ||
        state_status_class(r->state, number, r->at, NULL) != 1)
        return 0;
    state_quarter(r->state, &quarter);
    return smaller(ask->still_asks, quarter.budget - quarter.spent);
}

bool check_limit(struct rules *r, uint32_t number, int64_t extra, const struct limit_ask *ask,
                 struct refusal *why)
{
    struct org *org = books_org(r, number);
    state_roll_window(r->state, org, window_day(r->at));
    struct line line;
    state_line(r->state, org, r->at, &line);
    int64_t most = most_by_pool(r, number, ask);
    struct limit_note note = {
        .org = number, .urgent = ask->urgent, .covered = extra > 0 ? smaller(extra, most) : 0};
    struct limit_input input = {.position = org_position(org),
                                .pending_received = org->received_pending,
                                .pending_given = org->given_pending,
                                .extra_received = extra - note.covered,
                                .urgent = ask->urgent,
                                .context = ask->context};
    limits_decide(&r->state->network.found.policy, &line, &input, &note.decision);
    note.decision.allowed_more += most; /* beside what is not counted */
    if (r->outcome != NULL && r->outcome->n_limits < PARTIES_MAX)
        r->outcome->limits[r->outcome->n_limits++] = note;
    if (note.decision.verdict == LIMIT_REFUSED)
        return refuse_limit(r, org, &note.decision, extra, ask->context, why);
    return true;
}

int64_t pairs_left_to(const struct pair_minutes *pairs, size_t n, uint32_t receiver)
{
    int64_t left = 0;
    for (size_t i = 0; i < n; i++)
        if (pairs[i].to == receiver)
            left += pairs[i].minutes - pairs[i].other;
    return left;
}

bool urgent_for(const struct need *need, const struct pair_minutes *pairs, size_t n,
                int64_t included)
{
    if (need->urgent_until == 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (pairs[i].to != need->key.author || pairs[i].from == need->voucher)
            return false;
    return pairs_left_to(pairs, n, need->key.author) <= need_still_asks(need, included);
}

int64_t need_still_asks(const struct need *need, int64_t included)
{
    return need->minutes - need->served - (need->reserved - included);
}
