/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/rehearse.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/kind.h"
#include "ledger/rules.h"

struct rehearsal {
    const char *origin;
    struct rehearse_change changes[REHEARSE_CHANGES_MAX];
    size_t n_changes;
    struct kv *base, *overlay;
    struct state state;
    struct rules rules;
    struct entry entry, tick;
    uint64_t index; /* of the next leaf of the log */
    struct rehearse_refusal *refusals;
    struct ref *refs; /* of the refused entries, at the same places */
    size_t n_refusals, room;
    struct rehearse_concern *concerns;
    size_t n_concerns, concerns_room;
};

struct rehearsal *rehearse_new(const char *origin, const struct rehearse_change *changes, size_t n)
{
    struct rehearsal *r = calloc(1, sizeof *r);

    if (!r || n > REHEARSE_CHANGES_MAX) {
        free(r);
        return NULL;
    }
    r->origin = origin;
    r->n_changes = n;
    for (size_t i = 0; i < n; i++) {
        r->changes[i] = changes[i];
    }
    r->base = kv_memory_new(NULL);
    r->overlay = r->base ? kv_memory_new(r->base) : NULL;
    if (!r->overlay) {
        rehearse_free(r);
        return NULL;
    }
    r->rules.state = &r->state;
    state_attach(&r->state, r->overlay);
    return r;
}

void rehearse_free(struct rehearsal *r)
{
    if (r) {
        kv_memory_free(r->overlay);
        kv_memory_free(r->base);
        free(r->refusals);
        free(r->refs);
        free(r->concerns);
        free(r);
    }
}

struct state *rehearse_state(struct rehearsal *r)
{
    state_attach(&r->state, r->overlay);
    return &r->state;
}

const struct rehearse_refusal *rehearse_refusals(const struct rehearsal *r, size_t *n)
{
    *n = r->n_refusals;
    return r->refusals;
}

const struct rehearse_concern *rehearse_concerns(const struct rehearsal *r, size_t *n)
{
    *n = r->n_concerns;
    return r->concerns;
}

/* --- What an entry is about ------------------------------------------------------------------- */

static const struct shares *shares_of(const struct entry *e)
{
    switch (e->kind->id) {
    case KIND_AGREEMENT_SIGN:
        return &e->agreement_sign.shares;
    case KIND_AGREEMENT_CHANGE:
        return &e->agreement_change.shares;
    case KIND_HOURS_RECORD:
        return &e->hours_record.shares;
    case KIND_HOURS_REVERSE:
        return &e->hours_reverse.shares;
    default:
        return NULL;
    }
}

static int64_t minutes_of(const struct entry *e)
{
    const struct shares *shares = shares_of(e);
    int64_t minutes = 0;

    for (size_t i = 0; shares && i < shares->n; i++) {
        minutes += shares->v[i].minutes;
    }
    if (e->kind->id == KIND_NEED_PUBLISH) {
        minutes = e->need_publish.minutes;
    } else if (e->kind->id == KIND_POOL_GIVE) {
        minutes = e->pool_give.minutes;
    }
    return minutes;
}

/* The references of an entry; returns how many. */
static size_t refs_of(const struct entry *e, const struct ref *out[static 2])
{
    size_t n = 0;

    switch (e->kind->id) {
    case KIND_OFFER_RENEW:
        out[n++] = &e->offer_renew.offer;
        break;
    case KIND_OFFER_WITHDRAW:
        out[n++] = &e->offer_withdraw.offer;
        break;
    case KIND_NEED_VOUCH:
    case KIND_NEED_WITHDRAW:
        out[n++] = &e->need_ref.need;
        break;
    case KIND_AGREEMENT_SIGN:
        out[n++] = &e->agreement_sign.offer;
        out[n++] = &e->agreement_sign.need;
        break;
    case KIND_AGREEMENT_CHANGE:
        out[n++] = &e->agreement_change.agreement;
        break;
    case KIND_AGREEMENT_CLOSE:
    case KIND_AGREEMENT_CANCEL:
    case KIND_PROMISE_EXCUSE:
        out[n++] = &e->agreement_ref.agreement;
        break;
    case KIND_HOURS_RECORD:
        out[n++] = &e->hours_record.agreement;
        out[n++] = &e->hours_record.need;
        break;
    case KIND_HOURS_REVERSE:
        out[n++] = &e->hours_reverse.hours;
        break;
    case KIND_DETAILS_ERASE:
        out[n++] = &e->details_erase.subject;
        break;
    default:
        break;
    }
    return n;
}

static bool same_ref(const struct ref *a, const struct ref *b)
{
    return memcmp(&a->id, &b->id, sizeof a->id) == 0 && strcmp(a->by.s, b->by.s) == 0;
}

static bool was_refused(const struct rehearsal *r, const struct ref *ref)
{
    for (size_t i = 0; ref->by.s[0] && i < r->n_refusals; i++) {
        if (same_ref(&r->refs[i], ref)) {
            return true;
        }
    }
    return false;
}

static bool is_consequence(const struct rehearsal *r, const struct entry *e, enum code code)
{
    const struct ref *refs[2];
    size_t n = refs_of(e, refs);

    for (size_t i = 0; i < n; i++) {
        if (was_refused(r, refs[i])) {
            return true;
        }
    }
    /* A statement of one's figures follows what became of them. */
    return code == CODE_org_unknown || code == CODE_assertion_false;
}

/* --- Counting --------------------------------------------------------------------------------- */

static bool grow(void **v, size_t n, size_t *room, size_t size)
{
    void *more;

    if (n < *room) {
        return true;
    }
    *room = *room ? 2 * *room : 32;
    more = reallocarray(*v, *room, size);
    if (more) {
        *v = more;
    }
    return more != NULL;
}

/* Gives an organisation a place, if it has none yet. */
static bool concern(struct rehearsal *r, const struct handle *org)
{
    size_t i = 0;

    while (i < r->n_concerns && strcmp(r->concerns[i].org.s, org->s) != 0) {
        i++;
    }
    if (i == r->n_concerns) {
        if (!grow((void **)&r->concerns, r->n_concerns, &r->concerns_room, sizeof *r->concerns)) {
            return false;
        }
        r->concerns[r->n_concerns++] = (struct rehearse_concern){.org = *org};
    }
    return true;
}

/* What an organisation has in an entry: its minutes, and whether it takes part at all. */
static bool part_of(const struct entry *e, const struct handle *org, int64_t *minutes)
{
    const struct shares *shares = shares_of(e);
    bool part = strcmp(e->by.s, org->s) == 0;

    *minutes = part && !shares ? minutes_of(e) : 0;
    for (size_t i = 0; shares && i < shares->n; i++) {
        if (strcmp(shares->v[i].from.s, org->s) == 0 || strcmp(shares->v[i].to.s, org->s) == 0) {
            part = true;
            *minutes += shares->v[i].minutes;
        }
    }
    return part;
}

/* Makes sure that everybody in it has a place, then counts each once. */
static bool count_concerned(struct rehearsal *r, const struct entry *e)
{
    const struct shares *shares = shares_of(e);
    int64_t minutes;
    bool ok = concern(r, &e->by);

    for (size_t i = 0; ok && shares && i < shares->n; i++) {
        ok = concern(r, &shares->v[i].from) && concern(r, &shares->v[i].to);
    }
    for (size_t i = 0; i < r->n_concerns; i++) {
        if (part_of(e, &r->concerns[i].org, &minutes)) {
            r->concerns[i].entries++;
            r->concerns[i].minutes += minutes;
        }
    }
    return ok;
}

static bool count_refusal(struct rehearsal *r, const struct entry *e, enum code code)
{
    size_t room = r->room;

    if (!grow((void **)&r->refusals, r->n_refusals, &r->room, sizeof *r->refusals) ||
        !grow((void **)&r->refs, r->n_refusals, &room, sizeof *r->refs)) {
        return false;
    }
    r->refusals[r->n_refusals] = (struct rehearse_refusal){
        .index = r->index,
        .kind = e->kind->name,
        .code = code,
        .by = e->by,
        .minutes = minutes_of(e),
        .is_consequence = is_consequence(r, e, code),
    };
    r->refs[r->n_refusals++] = (struct ref){e->by, e->id};
    return count_concerned(r, e);
}

/* --- Playing ---------------------------------------------------------------------------------- */

static bool apply(struct rehearsal *r, const struct entry *e, int64_t at, struct refusal *why)
{
    bool ok;

    state_attach(&r->state, r->overlay);
    r->rules.index = state_size(&r->state);
    r->rules.at = at;
    ok = rules_apply(&r->rules, e, why);
    if (ok) {
        kv_memory_flush(r->overlay);
    } else {
        kv_memory_clear(r->overlay);
    }
    state_attach(&r->state, r->overlay);
    return ok;
}

/* What is due by then. */
static bool make_ticks(struct rehearsal *r, int64_t at)
{
    struct refusal why = {.code = CODE_OK};

    while (r->state.network.founded && rules_tick_due(&r->state, at)) {
        memset(&r->tick, 0, sizeof r->tick);
        r->tick.kind = kind_of(KIND_CLOCK_TICK);
        r->tick.origin = r->origin;
        r->tick.at = -1;
        r->tick.valid_until = at;
        if (!rules_make_tick(&r->state, at, &r->tick.clock_tick, &r->tick.id) ||
            !apply(r, &r->tick, at, &why)) {
            return false;
        }
    }
    return true;
}

static void change_policy(struct rehearsal *r)
{
    for (size_t i = 0; i < r->n_changes; i++) {
        enum policy_set_result set = policy_set(&r->entry.network_found.policy,
                                                r->changes[i].key->key, r->changes[i].value);

        assert(set == POLICY_OK); /* key and range are the caller's promise */
    }
}

static bool fail(char why[static REHEARSE_WHY_SIZE], const char *what)
{
    snprintf(why, REHEARSE_WHY_SIZE, "%s", what);
    return false;
}

static bool read_leaf(struct rehearsal *r, struct slice leaf, int64_t *at)
{
    struct refusal refusal = {.code = CODE_OK};
    const char *note, *end;
    size_t n;

    if (!leaf_split((const char *)leaf.data, leaf.size, at, &note, &n)) {
        return false;
    }
    end = memmem(note, n, "\n\n", 2);
    return end && entry_decode(&r->entry, r->origin, note, (size_t)(end - note) + 1, &refusal);
}

bool rehearse_leaf(struct rehearsal *r, struct slice leaf, char why[static REHEARSE_WHY_SIZE])
{
    struct refusal refusal = {.code = CODE_OK};
    int64_t at;
    bool ok = read_leaf(r, leaf, &at);

    if (!ok) {
        return fail(why, "no entry of this log");
    }
    if (r->entry.kind->id == KIND_NETWORK_FOUND) {
        change_policy(r);
    }
    ok = r->entry.kind->id == KIND_SEAL_BALANCES || make_ticks(r, at);
    if (ok && !r->entry.kind->by_clock && !apply(r, &r->entry, at, &refusal)) {
        ok = count_refusal(r, &r->entry, refusal.code);
    }
    r->index++;
    if (kv_failed(r->overlay) || kv_failed(r->base)) {
        return fail(why, "no memory");
    }
    return ok || fail(why, "no memory, or a tick that the rules do not take");
}
