/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Memory follows the live state and the windows of the policy. Forgotten are: ids that SPEC 5.3
 * lets appear no more, hours and ended things that SPEC 6 lets nobody refer to, days that are in no
 * window, and what is known of texts, for which the rare entry that erases one has its leaf read
 * again. That a text was erased is never forgotten.
 */
#include "ledger/audit_parts.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/text.h"
#include "ledger/kinds/kinds.h"
#include "ledger/state_record.h"
#include "policies/window.h"

/* Often enough for the memory, and seldom enough for the walks over what lives long. */
#define DAYS_BETWEEN 8

/* --- Forgetting ------------------------------------------------------------------------------- */

/* Whether a record with this key may go; `before`: what ended earlier is out of reach. */
typedef bool (*gone_fn)(struct audit *a, const struct thing_key *key, uint8_t slot,
                        int64_t before);

/* Walks a table of ids up to the time `until`, which they have in their first six bytes. */
static void sweep(struct audit *a, enum kv_table table, int64_t until, int64_t before,
                  gone_fn gone)
{
    struct key k = {.n = 0};
    struct slice found, value;
    while (kv_seek(a->kv, table, key_slice(&k), k.n > 0, &found, &value)) {
        struct thing_key key;
        uint8_t slot = 0;
        k.n = 0;
        key_bytes(&k, found.data, found.size);
        struct record r = record_reader(key_slice(&k));
        lay_thing(&r, &key);
        if (r.at < r.end)
            record_u8(&r, &slot);
        if (id_time_ms(&key.id) > until)
            break;
        if (gone == NULL || gone(a, &key, slot, before))
            kv_del(a->kv, table, key_slice(&k));
    }
    audit_kv_keep(a->kv);
}

static bool offer_gone(struct audit *a, const struct thing_key *key, uint8_t slot, int64_t before)
{
    struct offer o;
    (void)slot;
    return state_offer(&a->state, key, &o) && o.life != LIFE_OPEN && o.ended_at < before;
}

static bool need_gone(struct audit *a, const struct thing_key *key, uint8_t slot, int64_t before)
{
    struct need n;
    (void)slot;
    return state_need(&a->state, key, &n) && n.life != LIFE_OPEN && n.ended_at < before;
}

static bool agreement_gone(struct audit *a, const struct thing_key *key, uint8_t slot,
                           int64_t before)
{
    struct agreement g;
    (void)slot;
    return state_agreement(&a->state, key, &g) && g.life != LIFE_OPEN && g.ended_at < before;
}

static bool hours_gone(struct audit *a, const struct thing_key *key, uint8_t slot, int64_t before)
{
    struct hours h;
    (void)slot;
    return state_hours(&a->state, key, &h) && h.at < before;
}

static bool detail_gone(struct audit *a, const struct thing_key *key, uint8_t slot, int64_t before)
{
    struct detail d;
    (void)before;
    return state_detail(&a->state, key, (enum slot)slot, &d) && !d.erased;
}

/*
 * Promises that no standing, no step and no excuse can look at any more: they may be excused as
 * long as their agreement can be named, and a step can be about those since the one before it.
 */
static void sweep_promises(struct audit *a, int64_t before)
{
    struct sums sums;
    struct promise p;
    state_sums(&a->state, &sums);
    for (uint32_t i = 1; i <= sums.orgs; i++)
        for (bool more = state_next_promise(&a->state, i, NULL, &p); more;
             more = state_next_promise(&a->state, i, &p.agreement, &p)) {
            struct key k = key_of_number(i);
            key_thing(&k, &p.agreement);
            if (p.at < before)
                kv_del(a->kv, KV_PROMISE, key_slice(&k));
        }
    audit_kv_keep(a->kv);
}

/* Nobody asks what each member gave in a closing; the sums are reported. */
static void sweep_closings(struct audit *a)
{
    struct closing c = {.moment = -1};
    while (state_next_closing(&a->state, &c, &c)) {
        struct key k = {.n = 0};
        key_u64(&k, (uint64_t)c.moment);
        key_u32(&k, c.org);
        if (c.org != POOL)
            kv_del(a->kv, KV_CLOSING, key_slice(&k));
    }
    audit_kv_keep(a->kv);
}

/* Deletes the rows of a table of days before `first`. */
static void sweep_days(struct audit *a, enum kv_table table, int32_t first)
{
    struct key none = {.n = 0};
    struct slice found, value;
    while (kv_seek(a->kv, table, key_slice(&none), false, &found, &value)) {
        struct record r = record_reader(found);
        struct key k = {.n = 0};
        int32_t day = 0;
        record_i32(&r, &day);
        if (day >= first)
            break;
        key_bytes(&k, found.data, found.size);
        kv_del(a->kv, table, key_slice(&k));
    }
    audit_kv_keep(a->kv);
}

/* Brings all windows up to the day, so that no sum needs a day before them any more. */
static void roll_windows(struct audit *a, int32_t day)
{
    struct sums sums;
    struct org org;
    state_sums(&a->state, &sums);
    for (uint32_t i = 1; i <= sums.orgs && state_org(&a->state, i, &org); i++) {
        int32_t from = org.window_from;
        state_roll_window(&a->state, &org, day);
        if (org.window_from != from)
            state_put_org(&a->state, &org);
    }
}

void audit_forget(struct audit *a)
{
    int32_t day = window_day(a->applied_at);
    /* What is due may still look at things as they were at its own moment. */
    if (day < a->forgot_day + DAYS_BETWEEN || rules_tick_due(&a->state, a->applied_at))
        return;
    a->forgot_day = day;
    const struct policy *p = &a->state.network.found.policy;
    int64_t before = a->applied_at - p->reference_days_max * WINDOW_DAY_MS;
    /* An id may lie up to a day behind its entry, and the entry before what it began. */
    int64_t until = before + WINDOW_DAY_MS;
    /* With one of these waived an id may come again at any time. */
    if (a->waived_code != CODE_expired && a->waived_code != CODE_valid_until_too_far)
        sweep(a, KV_ID, a->applied_at - p->entry_days_max * WINDOW_DAY_MS - 1, 0, NULL);
    sweep(a, KV_OFFER, until, before, offer_gone);
    sweep(a, KV_NEED, until, before, need_gone);
    sweep(a, KV_AGREEMENT, until, before, agreement_gone);
    sweep(a, KV_HOURS, until, before, hours_gone);
    if (a->config.reread != NULL) {
        a->forgot_details = before;
        sweep(a, KV_DETAIL, before, before, detail_gone);
    }
    int64_t steps = (p->step_days + p->promise_days + 1) * WINDOW_DAY_MS;
    sweep_promises(a, a->applied_at - steps < before ? a->applied_at - steps : before);
    sweep_closings(a);
    roll_windows(a, day);
    state_fold_pairs(&a->state, window_first_day(day, p->window_days), SIZE_MAX);
    sweep_days(a, KV_ORG_DAY, window_first_day(day, p->window_days));
    sweep_days(a, KV_PAIR_DAY, window_first_day(day, p->window_days));
}

/* --- Reading again ---------------------------------------------------------------------------- */

/* Takes leaf `index` into a->again. */
static bool read_again(struct audit *a, uint64_t index)
{
    struct slice leaf;
    if (!a->config.reread(a->config.ctx, index, &leaf)) {
        a->failed = true;
        return false;
    }
    if (leaf.size > a->again.room) {
        uint8_t *buffer = realloc(a->again.buffer, leaf.size);
        if (buffer == NULL) {
            a->failed = true;
            return false;
        }
        a->again.buffer = buffer;
        a->again.room = leaf.size;
    }
    if (leaf.size > 0)
        memcpy(a->again.buffer, leaf.data, leaf.size);
    a->again.size = leaf.size;
    return true;
}

static int64_t time_of(const struct audit_leaf *leaf)
{
    int64_t at;
    const char *note;
    size_t n;
    return leaf_split((const char *)leaf->buffer, leaf->size, &at, &note, &n) ? at : -1;
}

/* The first leaf that is not before a time. */
static uint64_t first_since(struct audit *a, int64_t at)
{
    uint64_t low = 0, high = a->tree.size;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (!read_again(a, middle))
            return a->tree.size;
        if (time_of(&a->again) < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int compare_indices(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool is_unapplied(const struct audit *a, uint64_t index)
{
    return a->n_unapplied > 0 && bsearch(&index, a->unapplied, a->n_unapplied, sizeof index,
                                         compare_indices) != NULL;
}

/* Whether a->again is the applied entry of that reference. */
static bool is_entry(struct audit *a, const struct ref *ref, uint64_t index)
{
    char text[ID_TEXT_SIZE];
    id_format(text, &ref->id);
    if (is_unapplied(a, index) ||
        memmem(a->again.buffer, a->again.size, text, sizeof text - 1) == NULL)
        return false;
    audit_leaf_open(&a->again, a->origin, NULL);
    const struct entry *e = &a->again.entry;
    return a->again.fault == NULL && a->again.form.code == CODE_OK &&
           strcmp(e->by.s, ref->by.s) == 0 && memcmp(&e->id, &ref->id, sizeof e->id) == 0;
}

/* An entry stands at most entry_days_max behind the time in its id (SPEC 5.3). */
static bool find_entry(struct audit *a, const struct ref *ref, uint64_t *index)
{
    const struct policy *p = &a->state.network.found.policy;
    int64_t made = id_time_ms(&ref->id);
    int64_t last = made + p->entry_days_max * WINDOW_DAY_MS;
    uint64_t i = first_since(a, made - p->id_skew_minutes * 60000);
    for (; i < a->tree.size && read_again(a, i) && time_of(&a->again) <= last; i++) {
        *index = i;
        if (is_entry(a, ref, i))
            return true;
    }
    return false;
}

static size_t numbers_of_shares(struct audit *a, const struct shares *shares,
                                uint32_t out[static 2 * SHARES_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < shares->n; i++) {
        out[n++] = state_org_number(&a->state, &shares->v[i].from);
        out[n++] = state_org_number(&a->state, &shares->v[i].to);
    }
    return n;
}

/* The commitments that this entry put into the state when it was applied. */
static void put_commits(struct audit *a, struct rules *r, const struct entry *e)
{
    uint32_t owners[2 * SHARES_MAX];
    size_t n = 0;
    switch (e->kind->id) {
    case KIND_NETWORK_FOUND:
        put_commit(r, e, SLOT_SKILLS, "skills", &e->network_found.skills_details, NULL, 0);
        break;
    case KIND_ORG_ADMIT:
        put_commit(r, e, SLOT_DETAILS, "org", &e->org_admit.details, NULL, 0);
        break;
    case KIND_ORG_UPDATE:
        put_commit(r, e, SLOT_DETAILS, "org", &e->org_update.details, NULL, 0);
        break;
    case KIND_OFFER_PUBLISH:
        for (; n < e->offer_publish.providers.n; n++)
            owners[n] = state_org_number(&a->state, &e->offer_publish.providers.v[n]);
        put_commit(r, e, SLOT_DETAILS, "offer", &e->offer_publish.details, owners, n);
        break;
    case KIND_NEED_PUBLISH:
        put_commit(r, e, SLOT_DETAILS, "need", &e->need_publish.details, NULL, 0);
        break;
    case KIND_AGREEMENT_SIGN:
        n = numbers_of_shares(a, &e->agreement_sign.shares, owners);
        put_commit(r, e, SLOT_DETAILS, "agreement", &e->agreement_sign.details, owners, n);
        put_commit(r, e, SLOT_PEOPLE, "people", &e->agreement_sign.people, owners, n);
        break;
    case KIND_HOURS_RECORD:
        n = numbers_of_shares(a, &e->hours_record.shares, owners);
        put_commit(r, e, SLOT_DETAILS, "hours", &e->hours_record.details, owners, n);
        break;
    case KIND_STATUS_GRANT:
        owners[0] = state_org_number(&a->state, &e->status_grant.org);
        put_commit(r, e, SLOT_REASON, "status", &e->status_grant.reason, owners, 1);
        break;
    case KIND_STEP_SET:
        owners[0] = state_org_number(&a->state, &e->step_set.org);
        put_commit(r, e, SLOT_REASON, "step", &e->step_set.reason, owners, 1);
        break;
    default:
        break;
    }
}

/* Its other slots come back too, but for those that were erased and never forgotten. */
static void recall_commits(struct audit *a, uint32_t author, uint64_t index)
{
    struct detail erased[SLOT_SKILLS + 1];
    bool is_erased[SLOT_SKILLS + 1];
    struct rules r = {.state = &a->state, .index = index, .author = author};
    struct thing_key subject = {.id = a->again.entry.id, .author = author};
    for (int slot = SLOT_DETAILS; slot <= SLOT_SKILLS; slot++)
        is_erased[slot] = state_detail(&a->state, &subject, (enum slot)slot, &erased[slot]);
    put_commits(a, &r, &a->again.entry);
    for (int slot = SLOT_DETAILS; slot <= SLOT_SKILLS; slot++)
        if (is_erased[slot])
            state_put_detail(&a->state, &erased[slot]);
}

void audit_recall(struct audit *a, const struct entry *erase)
{
    const struct body_details_erase *b = &erase->details_erase;
    struct thing_key subject = {.id = b->subject.id,
                                .author = state_org_number(&a->state, &b->subject.by)};
    struct detail d;
    uint64_t index;
    if (subject.author == 0 || id_time_ms(&subject.id) > a->forgot_details ||
        state_detail(&a->state, &subject, (enum slot)b->slot, &d))
        return;
    if (find_entry(a, &b->subject, &index))
        recall_commits(a, subject.author, index);
}
