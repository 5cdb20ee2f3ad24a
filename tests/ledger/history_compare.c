/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* State against model, record by record. */
#include "tests/ledger/history_driver.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/text.h"
#include "policies/need_class.h"
#include "policies/window.h"

#define equal history_equal

bool history_equal(struct history *h, const char *what, const char *which, int64_t found,
                   int64_t expected)
{
    if (found == expected)
        return true;
    return history_differs(h, "%s %s: found %" PRId64 ", expected %" PRId64, what, which, found,
                           expected);
}

struct thing_key history_key(int author, const char *id)
{
    struct thing_key key = {.author = (uint32_t)author};
    bool good = hex_decode(key.id.b, sizeof key.id.b, id, 32);

    assert(good);
    return key;
}

static bool same_thing(const struct thing_key *a, const struct thing_key *b)
{
    return a->author == b->author && memcmp(a->id.b, b->id.b, sizeof a->id.b) == 0;
}

/* --- Organisations --------------------------------------------------------------------------- */

static bool compare_counters(struct history *h, const struct org *org, const struct m_figures *f)
{
    const char *name = org->handle.s;

    return equal(h, name, "given_posted", org->given_posted, f->given) &&
           equal(h, name, "received_posted", org->received_posted, f->received) &&
           equal(h, name, "given_pending", org->given_pending, f->given_pending) &&
           equal(h, name, "received_pending", org->received_pending, f->received_pending) &&
           equal(h, name, "moves", org->moves, f->moves) &&
           equal(h, name, "position", org_position(org), m_position(f)) &&
           equal(h, name, "given_gifts", org->given_gifts, f->given_gifts) &&
           equal(h, name, "received_gifts", org->received_gifts, f->received_gifts) &&
           equal(h, name, "given_count", org->given_count, f->given_count) &&
           equal(h, name, "received_count", org->received_count, f->received_count) &&
           equal(h, name, "pool_received", org->pool_received, f->pool_received);
}

static int64_t admin_keys(const struct model *m, int org)
{
    int64_t n = 0;

    for (int i = 0; i < m->keys.n; i++)
        n += m->keys.v[i].org == org && m->keys.v[i].scope == 1 && !m->keys.v[i].revoked;
    return n;
}

static bool compare_org(struct history *h, int number)
{
    const struct m_org *expected = &h->model.orgs[number];
    const struct m_figures *f = &h->figures[number];
    struct org org;

    if (!state_org(&h->state, (uint32_t)number, &org))
        return history_differs(h, "organisation %d is not in the state", number);
    if (!compare_counters(h, &org, f))
        return false;
    if (number == POOL)
        return true;
    const char *name = expected->handle;
    state_roll_window(&h->state, &org, m_day(h->model.last_at));
    return history_compare_standing(h, number, &org) &&
           equal(h, name, "handle", strcmp(org.handle.s, name), 0) &&
           equal(h, name, "number", state_org_number(&h->state, &org.handle), number) &&
           equal(h, name, "given_year", org.given_year, f->given_year) &&
           equal(h, name, "received_year", org.received_year, f->received_year) &&
           equal(h, name, "state", org.state, expected->left ? ORG_LEFT : ORG_ACTIVE) &&
           equal(h, name, "admitted_at", org.admitted_at, expected->admitted_at) &&
           (!expected->left || equal(h, name, "left_at", org.left_at, expected->left_at)) &&
           (!expected->has_sheet ||
            equal(h, name, "is_public", org.is_public, expected->is_public)) &&
           (expected->confirmed_at < 0 ||
            equal(h, name, "confirmed_at", org.confirmed_at, expected->confirmed_at)) &&
           (expected->left ||
            equal(h, name, "admin_keys", org.admin_keys, admin_keys(&h->model, number)));
}

static bool compare_sums(struct history *h)
{
    struct sums sums;
    struct m_figures total = {0};
    int64_t positions = 0, exchanges = 0;

    for (int i = 1; i <= h->model.n_orgs; i++) {
        const struct m_figures *f = &h->figures[i];

        total.given += f->given;
        total.received += f->received;
        total.given_pending += f->given_pending;
        total.received_pending += f->received_pending;
        positions += m_position(f);
    }
    for (int i = 0; i < h->model.hours.n; i++)
        exchanges += !hours_wholly_reversed(&h->model, &h->model.hours.v[i]);
    state_sums(&h->state, &sums);
    return equal(h, "sums", "orgs", sums.orgs, h->model.n_orgs) &&
           equal(h, "sums", "given", sums.given, total.given) &&
           equal(h, "sums", "received", sums.received, total.received) &&
           equal(h, "sums", "given against received", sums.given, sums.received) &&
           equal(h, "sums", "given_pending", sums.given_pending, total.given_pending) &&
           equal(h, "sums", "received_pending", sums.received_pending, total.received_pending) &&
           equal(h, "sums", "pendings", sums.given_pending, sums.received_pending) &&
           equal(h, "sums", "positions", sums.positions, positions) &&
           equal(h, "sums", "pool", sums.pool, m_position(&h->figures[0])) &&
           equal(h, "sums", "positions and pool", sums.positions + sums.pool, 0) &&
           equal(h, "sums", "exchanges", sums.exchanges, exchanges);
}

static bool compare_key(struct history *h, const struct m_key *expected)
{
    struct org_key key;
    struct public_key pub;
    struct key_id id = {{(uint8_t)(expected->key_id >> 24), (uint8_t)(expected->key_id >> 16),
                         (uint8_t)(expected->key_id >> 8), (uint8_t)expected->key_id}};

    if (!state_key(&h->state, (uint32_t)expected->org, &id, &key) ||
        !hex_decode(pub.b, sizeof pub.b, expected->key, 64) ||
        !public_key_equal(&pub, &key.key))
        return history_differs(h, "key %s is not in the state", expected->key);
    return equal(h, expected->key, "scope", key.scope, expected->scope) &&
           equal(h, expected->key, "ceiling", key.ceiling, expected->ceiling) &&
           equal(h, expected->key, "owner", state_key_owner(&h->state, &pub), expected->org) &&
           (h->model.orgs[expected->org].left ||
            equal(h, expected->key, "revoked", key.revoked_index != 0, expected->revoked));
}

/* --- Things ---------------------------------------------------------------------------------- */

static const enum life lives[] = {
    [M_OPEN] = LIFE_OPEN, [M_WITHDRAWN] = LIFE_WITHDRAWN, [M_EXPIRED] = LIFE_EXPIRED,
    [M_MET] = LIFE_MET,   [M_CLOSED] = LIFE_CLOSED,       [M_CANCELLED] = LIFE_CANCELLED,
};

static bool compare_offer(struct history *h, const struct m_offer *expected)
{
    struct thing_key key = history_key(expected->author, expected->id);
    struct offer o;

    if (!state_offer(&h->state, &key, &o))
        return history_differs(h, "offer %s is not in the state", expected->id);
    for (int i = 0; i < expected->n_providers; i++) {
        bool there = false;

        for (size_t k = 0; k < o.n_providers; k++)
            there |= o.providers[k] == (uint32_t)expected->providers[i];
        if (!equal(h, expected->id, "provider", there, true))
            return false;
    }
    return equal(h, expected->id, "life of the offer", o.life,
                 lives[offer_life(expected, h->model.last_at)]) &&
           equal(h, expected->id, "expires", o.expires, expected->expires) &&
           equal(h, expected->id, "ended_at", o.ended_at, expected->ended_at) &&
           equal(h, expected->id, "providers", (int64_t)o.n_providers, expected->n_providers);
}

static bool compare_class(struct history *h, const struct m_need *expected, const struct need *n)
{
    int64_t at = h->model.last_at;
    const struct need_facts facts = {
        .urgent = n->urgent_until > at,
        .status_class = state_status_class(&h->state, n->key.author, at, NULL),
        .ordinal = n->ordinal,
        .published_at = n->published_at,
    };

    return equal(h, expected->id, "class",
                 need_class(&h->state.network.found.policy, &facts, at),
                 model_class(&h->model, expected, at));
}

static bool compare_need(struct history *h, const struct m_need *expected)
{
    struct thing_key key = history_key(expected->author, expected->id);
    const struct m_vouch *vouch = need_in_force(expected, h->model.last_at);
    enum m_life life = need_life(expected, h->model.last_at);
    struct need n;

    if (!state_need(&h->state, &key, &n))
        return history_differs(h, "need %s is not in the state", expected->id);
    return equal(h, expected->id, "life of the need", n.life, lives[life]) &&
           equal(h, expected->id, "expires", n.expires, expected->expires) &&
           equal(h, expected->id, "ended_at", n.ended_at, expected->ended_at) &&
           equal(h, expected->id, "minutes", n.minutes, expected->minutes) &&
           equal(h, expected->id, "served", n.served, expected->served) &&
           equal(h, expected->id, "in_time", n.in_time, expected->in_time) &&
           equal(h, expected->id, "ordinal", n.ordinal, expected->ordinal) &&
           equal(h, expected->id, "fragile", n.fragile, expected->fragile) &&
           (life != M_OPEN || compare_class(h, expected, &n)) &&
           equal(h, expected->id, "urgent", n.urgent_declared, expected->urgent) &&
           (life != M_OPEN ||
            equal(h, expected->id, "urgent_until", n.urgent_until, vouch ? vouch->until : 0)) &&
           (!vouch || equal(h, expected->id, "voucher", n.voucher, vouch->org));
}

static bool compare_agreement(struct history *h, const struct m_agreement *expected)
{
    struct thing_key key = history_key(expected->author, expected->id);
    struct agreement a;

    if (!state_agreement(&h->state, &key, &a))
        return history_differs(h, "agreement %s is not in the state", expected->id);
    for (size_t i = 0; i < a.n; i++) {
        const struct m_reserved *pair =
            agreement_pair(expected, (int)a.pairs[i].from, (int)a.pairs[i].to);

        if (!pair || !equal(h, expected->id, "reserved", a.pairs[i].minutes, pair->minutes) ||
            !equal(h, expected->id, "recorded", a.pairs[i].other, pair->recorded))
            return history_differs(h, "agreement %s has another pair", expected->id);
    }
    return equal(h, expected->id, "life of the agreement", a.life,
                 lives[agreement_life(expected, h->model.last_at)]) &&
           equal(h, expected->id, "expires", a.expires, expected->expires) &&
           equal(h, expected->id, "ended_at", a.ended_at, expected->ended_at) &&
           equal(h, expected->id, "pairs", (int64_t)a.n, expected->n) &&
           equal(h, expected->id, "has_need", a.has_need, expected->need >= 0) &&
           equal(h, expected->id, "has_offer", a.has_offer, expected->offer >= 0);
}

static bool compare_hours(struct history *h, const struct m_hours *expected)
{
    struct thing_key key = history_key(expected->author, expected->id);
    const struct m_exchange *x = &h->model.exchanges.v[expected->first];
    struct hours hours;

    if (!state_hours(&h->state, &key, &hours))
        return history_differs(h, "hours %s are not in the state", expected->id);
    if (!equal(h, expected->id, "pairs", (int64_t)hours.n, expected->n) ||
        !equal(h, expected->id, "at", hours.at, expected->at) ||
        !equal(h, expected->id, "bucket", hours.bucket, x->bucket) ||
        !equal(h, expected->id, "gift", hours.gift, x->gift) ||
        !equal(h, expected->id, "counted", hours.counted,
               !hours_wholly_reversed(&h->model, expected)))
        return false;
    for (int i = 0; i < expected->n; i++) {
        const struct pair_minutes *p = &hours.pairs[i];

        if (!equal(h, expected->id, "from", p->from, x[i].from) ||
            !equal(h, expected->id, "to", p->to, x[i].to) ||
            !equal(h, expected->id, "minutes", p->minutes, x[i].minutes) ||
            !equal(h, expected->id, "taken back", p->other, x[i].back) ||
            !equal(h, expected->id, "paid", p->paid, x[i].paid))
            return false;
    }
    return true;
}

static bool compare_detail(struct history *h, const struct m_detail *expected)
{
    struct thing_key key = history_key(expected->author, expected->id);
    struct detail d;

    if (!state_detail(&h->state, &key, (enum slot)expected->slot, &d))
        return history_differs(h, "the commitment of %s is not in the state", expected->id);
    return equal(h, expected->id, "erased", d.erased, expected->erased) &&
           (!d.erased || equal(h, expected->id, "erased at index", (int64_t)d.erased_index,
                               (int64_t)expected->erased_index));
}

/* --- Pairs and days -------------------------------------------------------------------------- */

/* A cell of a table of sums; the table is built from the list of exchanges each time. */
struct cell {
    int64_t minutes, gifts;
};

static bool compare_pairs(struct history *h)
{
    struct cell(*sums)[M_ORGS] = calloc(M_ORGS, sizeof *sums);
    bool good = true;

    assert(sums);
    for (int i = 0; i < h->model.exchanges.n; i++) {
        const struct m_exchange *x = &h->model.exchanges.v[i];

        sums[x->from][x->to].minutes += x->minutes - x->back;
        sums[x->from][x->to].gifts += x->gift ? x->minutes - x->back : 0;
    }
    for (int from = 1; from <= h->model.n_orgs; from++)
        for (int to = 1; to <= h->model.n_orgs && good; to++) {
            struct pair p = {0};
            const char *name = h->model.orgs[from].handle;

            (void)state_pair(&h->state, (uint32_t)from, (uint32_t)to, &p);
            good = equal(h, name, h->model.orgs[to].handle, p.minutes, sums[from][to].minutes) &&
                   equal(h, name, h->model.orgs[to].handle, p.gift_minutes, sums[from][to].gifts);
        }
    free(sums);
    return good;
}

struct bucket {
    int32_t day;
    int from, to;
    int64_t minutes, gifts, paid, count;
};

static int compare_buckets(const void *va, const void *vb)
{
    const struct bucket *a = va, *b = vb;

    if (a->day != b->day)
        return a->day < b->day ? -1 : 1;
    return a->from != b->from ? a->from - b->from : a->to - b->to;
}

static void add_bucket(struct bucket *to, const struct bucket *b)
{
    to->minutes += b->minutes;
    to->gifts += b->gifts;
    to->paid += b->paid;
    to->count += b->count;
}

static bool one_bucket(struct history *h, const struct bucket *b)
{
    struct pair_day d = {0};
    char place[80];

    snprintf(place, sizeof place, "day %" PRId32 ", %s to", b->day,
             h->model.orgs[b->from].handle);
    (void)state_pair_days(&h->state, b->day, b->day, (uint32_t)b->from, (uint32_t)b->to, &d);
    const char *to = h->model.orgs[b->to].handle;
    return equal(h, place, to, d.minutes, b->minutes) && equal(h, place, to, d.gift, b->gifts) &&
           equal(h, place, to, d.pooled, b->paid) && equal(h, place, to, d.other, b->count);
}

/* Every bucket of a pair that the list of exchanges gives, and no minute in any other. */
static bool compare_days(struct history *h)
{
    int n = h->model.exchanges.n;
    struct bucket *b = calloc((size_t)n + 1, sizeof *b);
    int64_t left = 0, found = 0;
    bool good = true;

    assert(b);
    for (int i = 0; i < n; i++) {
        const struct m_exchange *x = &h->model.exchanges.v[i];

        int64_t minutes = x->minutes - x->back;
        b[i] = (struct bucket){x->bucket, x->from,  x->to,      minutes,
                               x->gift ? minutes : 0, x->paid, minutes > 0};
        left += b[i].minutes;
    }
    qsort(b, (size_t)n, sizeof *b, compare_buckets);
    for (int i = 0; i < n && good; i++) {
        if (i + 1 < n && compare_buckets(&b[i], &b[i + 1]) == 0)
            add_bucket(&b[i + 1], &b[i]);
        else
            good = one_bucket(h, &b[i]);
    }
    free(b);
    struct pair_key at = {.day = 0};
    struct pair_day d;
    for (bool after = false; state_next_pair_day(&h->state, after, &at, &d); after = true)
        found += d.minutes;
    return good && equal(h, "all buckets", "together", found, left);
}

/* --- Live and due ---------------------------------------------------------------------------- */

static bool in_live(struct history *h, enum live_type type, int org, int author, const char *id)
{
    struct thing_key key = history_key(author, id), at;
    const struct thing_key *after = NULL;

    while (state_next_live(&h->state, type, (uint32_t)org, after, &at)) {
        if (same_thing(&at, &key))
            return true;
        after = &at;
    }
    return false;
}

static int64_t count_live(struct history *h, int org)
{
    int64_t n = 0;

    for (int type = LIVE_AGREEMENT; type <= LIVE_OFFER; type++) {
        struct thing_key at;
        const struct thing_key *after = NULL;

        for (; state_next_live(&h->state, (enum live_type)type, (uint32_t)org, after, &at); n++)
            after = &at;
    }
    return n;
}

static bool compare_live(struct history *h)
{
    const struct model *m = &h->model;
    int64_t counts[M_ORGS] = {0};
    bool good = true;

    for (int i = 0; i < m->offers.n && good; i++) {
        const struct m_offer *o = &m->offers.v[i];

        if (offer_life(o, m->last_at) != M_OPEN)
            continue;
        for (int k = 0; k < o->n_providers; k++) {
            counts[o->providers[k]]++;
            good = good && in_live(h, LIVE_OFFER, o->providers[k], o->author, o->id);
        }
    }
    for (int i = 0; i < m->needs.n && good; i++) {
        const struct m_need *n = &m->needs.v[i];

        if (need_life(n, m->last_at) != M_OPEN)
            continue;
        counts[n->author]++;
        good = in_live(h, LIVE_NEED, n->author, n->author, n->id);
    }
    for (int i = 0; i < m->agreements.n && good; i++) {
        const struct m_agreement *a = &m->agreements.v[i];

        if (agreement_life(a, m->last_at) != M_OPEN)
            continue;
        for (int org = 1; org <= m->n_orgs; org++)
            if (agreement_party(a, org)) {
                counts[org]++;
                good = good && in_live(h, LIVE_AGREEMENT, org, a->author, a->id);
            }
    }
    if (!good)
        return history_differs(h, "something live is not among the live things of its parties");
    for (int org = 1; org <= m->n_orgs && good; org++)
        good = equal(h, m->orgs[org].handle, "live things", count_live(h, org), counts[org]);
    return good;
}

static bool compare_due(struct history *h)
{
    struct m_due expected;
    struct due found;
    bool due = model_next_due(&h->model, &expected);

    if (!equal(h, "something", "due", state_first_due(&h->state, INT64_MAX, &found), due) || !due)
        return !due && !h->failed;
    struct thing_key key = history_key(expected.author, expected.id);
    return equal(h, expected.id, "next due", found.moment, expected.moment) &&
           equal(h, expected.id, "due type", found.type - DUE_AGREEMENT_EXPIRY, expected.type) &&
           equal(h, expected.id, "due thing", same_thing(&found.key, &key), true);
}

/* --- Together -------------------------------------------------------------------------------- */

#define COMPARE_LIST(h, list, compare) \
    do { \
        for (int i = 0; i < (h)->model.list.n; i++) \
            if (!compare(h, &(h)->model.list.v[i])) \
                return false; \
    } while (0)

static bool compare_things(struct history *h)
{
    COMPARE_LIST(h, keys, compare_key);
    COMPARE_LIST(h, offers, compare_offer);
    COMPARE_LIST(h, needs, compare_need);
    COMPARE_LIST(h, agreements, compare_agreement);
    COMPARE_LIST(h, hours, compare_hours);
    COMPARE_LIST(h, details, compare_detail);
    return true;
}

bool history_compare_all(struct history *h)
{
    model_figures(&h->model, m_day(h->model.last_at), h->figures);
    for (int i = 0; i <= h->model.n_orgs; i++)
        if (!compare_org(h, i))
            return false;
    return compare_sums(h) && compare_things(h) && compare_pairs(h) && compare_days(h) &&
           compare_live(h) && compare_due(h) && history_compare_pool(h) &&
           history_compare_promises(h);
}

/* The thing of a list that a reference names, if it names one. */
#define COMPARE_REF(h, ref, list, find, compare) \
    (find(&(h)->model, ref) < 0 || compare(h, &(h)->model.list.v[find(&(h)->model, ref)]))

static bool compare_ref(struct history *h, const char *ref)
{
    return ref[0] == '\0' || (COMPARE_REF(h, ref, offers, model_offer, compare_offer) &&
                              COMPARE_REF(h, ref, needs, model_need, compare_need) &&
                              COMPARE_REF(h, ref, agreements, model_agreement, compare_agreement) &&
                              COMPARE_REF(h, ref, hours, model_hours, compare_hours));
}

/* Organisations whose figures changed, or `always`. */
static bool compare_moved(struct history *h, int always)
{
    for (int i = 0; i <= h->model.n_orgs; i++) {
        bool moved = memcmp(&h->before[i], &h->figures[i], sizeof h->before[i]) != 0;

        if ((moved || i == always) && !compare_org(h, i))
            return false;
    }
    return compare_sums(h);
}

/* What the moves of each party grew by stands in the record of the entry. */
static bool compare_chain(struct history *h)
{
    struct entry_record record;

    if (!state_entry(&h->state, h->model.size - 1, &record))
        return history_differs(h, "the entry has no record");
    for (size_t i = 0; i < record.n_parties; i++) {
        uint32_t org = record.parties[i].org;

        if (org < M_ORGS &&
            !equal(h, h->model.orgs[org].handle, "moves of the entry", record.parties[i].moves,
                   h->figures[org].moves - h->before[org].moves))
            return false;
    }
    return true;
}

bool history_compare_touched(struct history *h)
{
    char own[M_REF];

    snprintf(own, sizeof own, "%s/%s", h->op.by, h->op.id);
    return compare_moved(h, model_org(&h->model, h->op.by)) && compare_ref(h, own) &&
           compare_ref(h, h->op.ref) && compare_ref(h, h->op.agreement) &&
           compare_ref(h, h->op.offer) && compare_ref(h, h->op.need) &&
           (!h->op.org[0] || compare_org(h, model_org(&h->model, h->op.org))) &&
           compare_chain(h) && history_compare_pool(h);
}

bool history_compare_due(struct history *h, const struct m_due *due, int n)
{
    char ref[M_REF];

    for (int i = 0; i < n; i++) {
        if (due[i].author == 0)
            continue;
        snprintf(ref, sizeof ref, "%s/%s", h->model.orgs[due[i].author].handle, due[i].id);
        if (!compare_ref(h, ref))
            return false;
    }
    return compare_moved(h, -1) && history_compare_pool(h) && history_compare_promises(h);
}
