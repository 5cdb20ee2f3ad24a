/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/match_facts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/filled.h"
#include "ledger/query.h"
#include "policies/burden.h"
#include "policies/need_class.h"
#include "policies/pool.h"
#include "policies/promise.h"
#include "policies/window.h"

/* What an organisation gave lately was given out of the capacity of a month. */
#define MONTH_DAYS 30
/* The weight of a quantum beyond a pair's allowance (SPEC 19.1). */
#define PAIR_PRICE 25000

/* Room for the reading of one state. */
struct reading {
    struct state *s;
    const struct policy *policy;
    struct match_facts *out;
    uint32_t *place; /* by organisation number; UINT32_MAX: not active */
    uint32_t numbers;
    struct entry *entry;
    size_t offers_room, needs_room;
};

/* Doubles the room of a list when it is full. */
static bool grow(void **v, size_t n, size_t *room, size_t size)
{
    void *more;

    if (n < *room) {
        return true;
    }
    *room = *room ? 2 * *room : 64;
    more = reallocarray(*v, *room, size);
    if (more) {
        *v = more;
    }
    return more != NULL;
}

/* --- Organisations ---------------------------------------------------------------------------- */

static int64_t at_least_0(int64_t n)
{
    return n > 0 ? n : 0;
}

static void read_org(struct reading *r, struct org *org)
{
    struct match_fact_org *o = &r->out->orgs[r->out->n_orgs];
    struct burden burden;

    state_roll_window(r->s, org, window_day(r->out->at));
    burden = burden_of(org->given_year, org->fte.set ? org->fte.n : 0);
    o->handle = org->handle;
    o->number = org->number;
    o->position = org_position(org) - org->received_pending;
    state_line(r->s, org, r->out->at, &o->line);
    o->capacity = (org->capacity.set ? org->capacity.n : r->policy->capacity_default) -
                  org->given_pending; /* and less what was given lately: take_given() */
    o->burden = burden.known ? burden.minutes : -1;
    o->fragile = state_status_class(r->s, org->number, r->out->at, NULL) == 1;
    o->helped_at = org->last_received_at;
    r->place[org->number] = (uint32_t)r->out->n_orgs++;
}

static bool read_orgs(struct reading *r)
{
    struct sums sums;
    struct org org;

    state_sums(r->s, &sums);
    r->numbers = sums.orgs + 1;
    r->place = calloc(r->numbers, sizeof *r->place);
    r->out->orgs = calloc(r->numbers, sizeof *r->out->orgs);
    if (!r->place || !r->out->orgs) {
        return false;
    }
    for (uint32_t i = 0; i < r->numbers; i++) {
        r->place[i] = UINT32_MAX;
    }
    for (uint32_t i = 1; i < r->numbers && state_org(r->s, i, &org); i++) {
        if (org.state == ORG_ACTIVE) {
            read_org(r, &org);
        }
    }
    return true;
}

/* --- Who helped whom -------------------------------------------------------------------------- */

static bool take_given(struct reading *r)
{
    int32_t to = window_day(r->out->at);
    struct flows help;
    bool ok = query_days(r->s, window_first_day(to, MONTH_DAYS), to, &help);

    for (size_t i = 0; ok && i < help.n; i++) {
        uint32_t place = help.v[i].from < r->numbers ? r->place[help.v[i].from] : UINT32_MAX;

        if (place != UINT32_MAX) {
            r->out->orgs[place].capacity -= help.v[i].minutes;
        }
    }
    query_flows_free(&help);
    return ok;
}

static bool read_pairs(struct reading *r)
{
    int32_t to = window_day(r->out->at);
    struct flows help;
    bool ok = query_days(r->s, window_first_day(to, r->policy->window_days), to, &help);

    r->out->pairs = ok ? calloc(help.n + 1, sizeof *r->out->pairs) : NULL;
    ok = r->out->pairs != NULL;
    for (size_t i = 0; ok && i < help.n; i++) {
        uint32_t from = r->place[help.v[i].from], to_place = r->place[help.v[i].to];

        if (to_place == UINT32_MAX) {
            continue;
        }
        r->out->orgs[to_place].received += help.v[i].minutes;
        if (from != UINT32_MAX) {
            r->out->pairs[r->out->n_pairs++] =
                (struct match_pair){from, to_place, help.v[i].minutes};
        }
    }
    query_flows_free(&help);
    return ok;
}

/* --- Offers ----------------------------------------------------------------------------------- */

static struct ref ref_of(struct state *s, const struct thing_key *key)
{
    struct ref ref = {.id = key->id};
    struct org org;

    if (state_org(s, key->author, &org)) {
        ref.by = org.handle;
    }
    return ref;
}

static bool read_text(struct reading *r, uint64_t index)
{
    struct slice leaf;

    return query_entry(r->s, r->out->origin, index, r->entry, &leaf);
}

static bool read_offer(struct reading *r, const struct offer *offer)
{
    struct match_facts *f = r->out;
    struct match_fact_offer *o;

    if (!grow((void **)&f->offers, f->n_offers, &r->offers_room, sizeof *f->offers) ||
        !read_text(r, offer->index)) {
        return false;
    }
    o = &f->offers[f->n_offers];
    memset(o, 0, sizeof *o);
    o->ref = ref_of(r->s, &offer->key);
    o->what = (struct match_fact_what){.type = offer->type,
                                       .skill = offer->skill,
                                       .areas = r->entry->offer_publish.areas,
                                       .languages = r->entry->offer_publish.languages,
                                       .until = offer->expires};
    for (size_t i = 0; i < offer->n_providers; i++) {
        if (r->place[offer->providers[i]] != UINT32_MAX) {
            o->providers[o->n_providers++] = r->place[offer->providers[i]];
        }
    }
    f->n_offers += o->n_providers > 0;
    return true;
}

/*
 * What an organisation offers in a month all together bounds it as well, if each of its offers says
 * how much that is.
 */
struct month {
    int64_t minutes;
    bool bounded, any;
};

static void add_month(struct month *m, const struct offer *offer)
{
    m->bounded = (m->bounded || !m->any) && offer->minutes_month > 0;
    m->any = true;
    m->minutes += offer->minutes_month;
}

static void bound_capacity(struct reading *r, const struct month *months)
{
    struct org org;

    for (size_t i = 0; i < r->out->n_orgs; i++) {
        struct match_fact_org *o = &r->out->orgs[i];
        const struct month *m = &months[i];

        if (m->any && m->bounded && state_org(r->s, o->number, &org)) {
            int64_t declared = org.capacity.set ? org.capacity.n : r->policy->capacity_default;

            o->capacity -= at_least_0(declared - m->minutes);
        }
        o->capacity = at_least_0(o->capacity);
    }
}

/* A joint offer is a live thing of every provider, and read with its author. */
static bool read_offers_of(struct reading *r, uint32_t place, struct month *month)
{
    uint32_t number = r->out->orgs[place].number;
    struct thing_key key, *after = NULL;
    struct offer offer;

    for (; state_next_live(r->s, LIVE_OFFER, number, after, &key); after = &key) {
        if (!state_offer(r->s, &key, &offer) || offer.expires <= r->out->at) {
            continue;
        }
        add_month(month, &offer);
        if (key.author == number && !read_offer(r, &offer)) {
            return false;
        }
    }
    return true;
}

static int compare_refs(const struct ref *a, const struct ref *b)
{
    int order = memcmp(a->id.b, b->id.b, sizeof a->id.b);

    return order != 0 ? order : strcmp(a->by.s, b->by.s);
}

static int compare_offers(const void *a, const void *b)
{
    const struct match_fact_offer *x = a, *y = b;

    return compare_refs(&x->ref, &y->ref);
}

static bool read_offers(struct reading *r)
{
    struct match_facts *f = r->out;
    struct month *months = calloc(f->n_orgs + 1, sizeof *months);
    bool ok = months != NULL;

    for (size_t i = 0; ok && i < f->n_orgs; i++) {
        ok = read_offers_of(r, (uint32_t)i, &months[i]);
    }
    if (ok) {
        bound_capacity(r, months);
    }
    if (f->n_offers > 0) {
        qsort(f->offers, f->n_offers, sizeof *f->offers, compare_offers);
    }
    free(months);
    return ok;
}

/* --- Needs ------------------------------------------------------------------------------------ */

static bool is_asked(struct reading *r, const struct need *need)
{
    struct step step;

    if (need->life != LIFE_OPEN || need->expires <= r->out->at ||
        need->minutes - need->served - need->reserved <= 0 ||
        r->place[need->key.author] == UINT32_MAX) {
        return false;
    }
    return need->urgent_until > r->out->at || !state_step(r->s, need->key.author, &step) ||
           step.last.step < PROMISE_PAUSED || !promise_step_in_force(&step.last, r->out->at);
}

static void name_org(struct reading *r, uint32_t number, struct handle *out)
{
    struct org org;

    if (state_org(r->s, number, &org)) {
        *out = org.handle;
    }
}

static bool read_need(struct reading *r, const struct need *need)
{
    struct match_facts *f = r->out;
    struct match_fact_need *n;
    struct status status = {.class = 0};
    int64_t status_class;

    if (!is_asked(r, need)) {
        return true;
    }
    if (!grow((void **)&f->needs, f->n_needs, &r->needs_room, sizeof *f->needs) ||
        !read_text(r, need->index)) {
        return false;
    }
    status_class = state_status_class(r->s, need->key.author, f->at, &status);
    n = &f->needs[f->n_needs++];
    memset(n, 0, sizeof *n);
    n->ref = ref_of(r->s, &need->key);
    n->asker = r->place[need->key.author];
    n->what = (struct match_fact_what){.type = need->type,
                                       .skill = need->skill,
                                       .areas = r->entry->need_publish.areas,
                                       .languages = r->entry->need_publish.languages,
                                       .until = need->expires};
    n->minutes = need->minutes - need->served - need->reserved;
    n->urgent = need->urgent_until > f->at;
    n->fragile = f->orgs[n->asker].fragile;
    /* As of nothing: what the pool takes over where a line ends is the batch's to find. */
    n->pool_permille = pool_rate(r->policy, &(struct pool_case){
                                                .urgent = n->urgent,
                                                .class = status_class,
                                                .pool_permille = status.pool_permille});
    n->since = need->published_at;
    n->class = (int)need_class(r->policy,
                               &(struct need_facts){
                                   .urgent = n->urgent,
                                   .status_class = status_class,
                                   .ordinal = need->ordinal,
                                   .published_at = need->published_at},
                               f->at);
    if (n->urgent) {
        name_org(r, need->voucher, &n->voucher);
    }
    return true;
}

static int compare_needs(const void *a, const void *b)
{
    const struct match_fact_need *x = a, *y = b;

    return compare_refs(&x->ref, &y->ref);
}

static bool read_needs(struct reading *r)
{
    for (size_t i = 0; i < r->out->n_orgs; i++) {
        struct thing_key key, *after = NULL;
        struct need need;

        for (; state_next_live(r->s, LIVE_NEED, r->out->orgs[i].number, after, &key);
             after = &key) {
            if (state_need(r->s, &key, &need) && !read_need(r, &need)) {
                return false;
            }
        }
    }
    if (r->out->n_needs > 0) {
        qsort(r->out->needs, r->out->n_needs, sizeof *r->out->needs, compare_needs);
    }
    return true;
}

/* --- What was obtained ------------------------------------------------------------------------ */

/* Of every need that came to its end in the year: who asked for how much, and got what. */
static bool read_fills(struct reading *r)
{
    int32_t to = window_day(r->out->at), from = window_first_day(to, r->policy->window_days);
    struct thing_key last;
    struct need need;

    for (filled_start(r->policy, from, &last); state_next_need(r->s, &last, &need);) {
        uint32_t place = r->place[need.key.author];

        last = need.key;
        if (place != UINT32_MAX && filled_within(&need, from, to)) {
            filled_add(&need, &r->out->orgs[place].fill);
        }
    }
    return true;
}

/* --- What was declined ------------------------------------------------------------------------ */

static int compare_declines(const void *a, const void *b)
{
    const struct match_decline *x = a, *y = b;
    int order = compare_refs(&x->need, &y->need);

    return order != 0 ? order : strcmp(x->org.s, y->org.s);
}

static bool read_declines(struct reading *r, const struct match_decline *declines, size_t n)
{
    struct match_facts *f = r->out;

    f->declines = calloc(n + 1, sizeof *f->declines);
    for (size_t i = 0; f->declines && i < n; i++) {
        const struct match_decline *d = &declines[i];

        if ((d->until == 0 || d->until > f->at) &&
            match_facts_need(f, &d->need) != SIZE_MAX &&
            match_facts_org(f, &d->org) != SIZE_MAX) {
            f->declines[f->n_declines++] = *d;
        }
    }
    if (f->n_declines > 0) {
        qsort(f->declines, f->n_declines, sizeof *f->declines, compare_declines);
    }
    return f->declines != NULL;
}

/* --- All of it -------------------------------------------------------------------------------- */

static void read_rules(struct reading *r)
{
    struct match_rules *rules = &r->out->rules;
    struct quarter quarter;

    state_quarter(r->s, &quarter);
    r->out->guard = r->policy->choice_burden_guard != 0;
    *rules = (struct match_rules){
        .quantum = r->policy->match_quantum,
        .piece_minutes = r->policy->match_split_min,
        .pair_cap_minutes = r->policy->pair_cap_minutes,
        .pair_cap_permille = r->policy->pair_cap_permille,
        .pair_price = PAIR_PRICE,
        .pool_minutes = at_least_0(quarter.budget - quarter.spent),
    };
}

bool match_facts_read_at(struct state *s, const char *origin, int64_t at,
                         const struct match_decline *declines, size_t n_declines,
                         struct match_facts *out)
{
    struct reading r = {.s = s, .policy = &s->network.found.policy, .out = out};
    bool ok;

    assert(s->network.founded && at >= state_last_at(s));
    memset(out, 0, sizeof *out);
    snprintf(out->origin, sizeof out->origin, "%s", origin);
    calendar_week_name(out->week, at);
    out->size = state_size(s);
    out->at = at;
    read_rules(&r);
    r.entry = malloc(sizeof *r.entry);
    ok = r.entry && read_orgs(&r) && take_given(&r) && read_pairs(&r) && read_offers(&r) &&
         read_needs(&r) && read_fills(&r) && read_declines(&r, declines, n_declines) &&
         !kv_failed(s->kv);
    free(r.entry);
    free(r.place);
    return ok;
}

bool match_facts_read(struct state *s, const char *origin, int64_t week,
                      const struct match_decline *declines, size_t n_declines,
                      struct match_facts *out)
{
    int64_t last = state_last_at(s);
    bool ok = match_facts_read_at(s, origin, week > last ? week : last, declines, n_declines, out);

    calendar_week_name(out->week, week);
    return ok;
}

void match_facts_free(struct match_facts *facts)
{
    free(facts->orgs);
    free(facts->offers);
    free(facts->needs);
    free(facts->pairs);
    free(facts->declines);
    memset(facts, 0, sizeof *facts);
}

/* --- Places ----------------------------------------------------------------------------------- */

size_t match_facts_org(const struct match_facts *facts, const struct handle *handle)
{
    for (size_t i = 0; i < facts->n_orgs; i++) {
        if (strcmp(facts->orgs[i].handle.s, handle->s) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* Ids are in order, but those of several authors may be the same. */
size_t match_facts_need(const struct match_facts *facts, const struct ref *ref)
{
    for (size_t i = 0; i < facts->n_needs; i++) {
        if (compare_refs(&facts->needs[i].ref, ref) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

size_t match_facts_offer(const struct match_facts *facts, const struct ref *ref)
{
    for (size_t i = 0; i < facts->n_offers; i++) {
        if (compare_refs(&facts->offers[i].ref, ref) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}
