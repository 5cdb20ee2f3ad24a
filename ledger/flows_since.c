/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/flows_since.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/kind.h"
#include "policies/window.h"

struct shifts {
    struct help *v;
    size_t n, room;
};

struct walk {
    struct state *state;
    const char *origin;
    const struct flows_base *base;
    uint32_t to;            /* only flows to this organisation; 0: all */
    struct shifts flows;    /* of the base, and what changes them */
    struct shifts again;    /* pairs whose buckets are summed anew; each counts a minute */
    struct entry *entry;    /* room for a decoded one, when there was need of it */
};

static bool push(struct shifts *list, struct help flow)
{
    if (list->n == list->room) {
        size_t room = list->room ? 2 * list->room : 64;
        struct help *v = realloc(list->v, room * sizeof *v);

        if (!v) {
            return false;
        }
        list->v = v;
        list->room = room;
    }
    list->v[list->n++] = flow;
    return true;
}

/* --- Entries ---------------------------------------------------------------------------------- */

/* Hours as the snapshot has them: what any later entry took back is gone already. */
static bool take_record(struct walk *w, const struct entry_record *record)
{
    struct thing_key key = {record->id, record->author};
    struct hours hours;

    if (!state_hours(w->state, &key, &hours)) {
        return false;
    }
    for (size_t i = 0; i < hours.n && hours.bucket >= w->base->from_day; i++) {
        const struct pair_minutes *p = &hours.pairs[i];
        int64_t left = p->minutes - p->other;
        struct help flow = {p->from, p->to, left, hours.gift ? left : 0, p->paid, 1};

        if ((w->to == 0 || p->to == w->to) && flow.minutes > 0 && !push(&w->flows, flow)) {
            return false;
        }
    }
    return true;
}

/*
 * What was taken back of hours that the base holds: how much of it the base has not seen cannot be
 * told from the hours alone, so the pair is summed anew.
 */
static bool take_reverse(struct walk *w, const struct entry_record *record)
{
    struct thing_key key;
    struct hours hours;
    struct slice leaf;

    if (w->base->size == 0) {
        return true;
    }
    if (!w->entry && !(w->entry = malloc(sizeof *w->entry))) {
        return false;
    }
    if (!query_entry(w->state, w->origin, record->index, w->entry, &leaf)) {
        return false;
    }
    key.id = w->entry->hours_reverse.hours.id;
    key.author = state_org_number(w->state, &w->entry->hours_reverse.hours.by);
    if (!state_hours(w->state, &key, &hours)) {
        return false;
    }
    for (size_t i = 0; i < hours.n && hours.index < w->base->size; i++) {
        const struct pair_minutes *p = &hours.pairs[i];

        if ((w->to == 0 || p->to == w->to) && p->other > 0 &&
            !push(&w->again, (struct help){.from = p->from, .to = p->to, .minutes = 1})) {
            return false;
        }
    }
    return true;
}

static bool take(struct walk *w, const struct entry_record *record)
{
    if (record->kind == KIND_HOURS_RECORD) {
        return take_record(w, record);
    }
    return record->kind != KIND_HOURS_REVERSE || take_reverse(w, record);
}

static bool take_all(struct walk *w)
{
    struct entry_record record;
    uint64_t size = state_size(w->state);

    for (uint64_t i = w->base->size; i < size; i++) {
        if (!state_entry(w->state, i, &record) || !take(w, &record)) {
            return false;
        }
    }
    return true;
}

/* Leaves are in order of time, so the chain ends where the window begins. */
static bool take_chain(struct walk *w, const struct org *org, size_t *looked)
{
    struct entry_record record;

    for (uint64_t next = org->last_entry; next > w->base->size;) {
        if (!state_entry(w->state, next - 1, &record) ||
            !query_previous(&record, org->number, &next)) {
            return false;
        }
        if (window_day(record.at) < w->base->from_day) {
            break;
        }
        ++*looked;
        if (!take(w, &record)) {
            return false;
        }
    }
    return true;
}

/* --- Days ------------------------------------------------------------------------------------- */

static struct help minus(uint32_t from, uint32_t to, const struct pair_day *bucket)
{
    return (struct help){from,          to,           -bucket->minutes,
                         -bucket->gift, -bucket->pooled, -bucket->other};
}

/* Takes the buckets away that the window has left behind. */
static bool leave_all(struct walk *w, int32_t first)
{
    struct pair_key at = {.day = w->base->from_day};
    struct pair_day bucket;

    for (bool after = false;
         at.day < first && state_next_pair_day(w->state, after, &at, &bucket); after = true) {
        if (at.day < first && !push(&w->flows, minus(at.from, at.to, &bucket))) {
            return false;
        }
    }
    return true;
}

static bool leave_to(struct walk *w, int32_t first)
{
    size_t n = w->flows.n = query_flows_merge(w->flows.v, w->flows.n);
    struct pair_day bucket;

    for (size_t i = 0; i < n && w->base->from_day < first; i++) {
        uint32_t from = w->flows.v[i].from;

        if (state_pair_days(w->state, w->base->from_day, first - 1, from, w->to, &bucket) &&
            !push(&w->flows, minus(from, w->to, &bucket))) {
            return false;
        }
    }
    return true;
}

static bool sum_again(struct walk *w, int32_t first, int32_t last)
{
    struct shifts *again = &w->again;
    size_t kept = 0;

    again->n = query_flows_merge(again->v, again->n);
    for (size_t i = 0; again->n > 0 && i < w->flows.n; i++) {
        if (!bsearch(&w->flows.v[i], again->v, again->n, sizeof *again->v, query_flow_compare)) {
            w->flows.v[kept++] = w->flows.v[i];
        }
    }
    w->flows.n = again->n > 0 ? kept : w->flows.n;
    for (size_t i = 0; i < again->n; i++) {
        struct help sum = {.from = again->v[i].from, .to = again->v[i].to};
        struct pair_day bucket;

        if (state_pair_days(w->state, first, last, sum.from, sum.to, &bucket)) {
            sum.minutes = bucket.minutes;
            sum.gift = bucket.gift;
            sum.pooled = bucket.pooled;
            sum.count = bucket.other;
        }
        if (!push(&w->flows, sum)) {
            return false;
        }
    }
    return true;
}

/* --- The calls -------------------------------------------------------------------------------- */

static bool start(struct walk *w, int32_t day, struct flows *out)
{
    memset(out, 0, sizeof *out);
    out->to_day = day;
    out->from_day = window_first_day(day, w->state->network.found.policy.window_days);
    assert(w->base->from_day <= out->from_day && w->base->size <= state_size(w->state));
    for (size_t i = 0; i < w->base->n; i++) {
        if (!push(&w->flows, w->base->v[i])) {
            return false;
        }
    }
    return true;
}

static bool finish(struct walk *w, bool ok, struct flows *out)
{
    ok = ok && sum_again(w, out->from_day, out->to_day) && !kv_failed(w->state->kv);
    if (ok) {
        out->n = query_flows_merge(w->flows.v, w->flows.n);
        out->v = w->flows.v;
    } else {
        free(w->flows.v);
    }
    free(w->again.v);
    free(w->entry);
    return ok;
}

bool flows_since(struct state *s, const char *origin, const struct flows_base *base, int32_t day,
                 struct flows *out)
{
    struct walk w = {.state = s, .origin = origin, .base = base};

    return finish(&w, start(&w, day, out) && take_all(&w) && leave_all(&w, out->from_day), out);
}

bool flows_to_since(struct state *s, const char *origin, const struct flows_base *base,
                    const struct org *org, int32_t day, struct flows *out, size_t *looked)
{
    struct walk w = {.state = s, .origin = origin, .base = base, .to = org->number};

    return finish(&w, start(&w, day, out) && take_chain(&w, org, looked) &&
                  leave_to(&w, out->from_day), out);
}
