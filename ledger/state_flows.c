/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Who gave whom how much: for ever, by day, and in the rolling year. */
#include "ledger/state_record.h"

#include "policies/window.h"

/* --- Layouts: one function for both directions ------------------------------------------------ */

static void lay_pair(struct record *r, struct pair *p)
{
    record_var_i64(r, &p->minutes);
    record_var_i64(r, &p->gift_minutes);
    record_var_i64(r, &p->count);
    record_var_i64(r, &p->last_at);
}

static void lay_pair_day(struct record *r, struct pair_day *d)
{
    record_var_i64(r, &d->minutes);
    record_var_i64(r, &d->other);
    record_var_i64(r, &d->gift);
    record_var_i64(r, &d->pooled);
    record_var_i64(r, &d->last_ms);
}

static void lay_org_day(struct record *r, struct pair_day *d)
{
    record_var_i64(r, &d->minutes);
    record_var_i64(r, &d->other);
}

/* --- Days of pairs ---------------------------------------------------------------------------- */

static void lay_pair_key(struct record *r, struct pair_key *at)
{
    record_i32(r, &at->day);
    record_u32(r, &at->part);
    record_u32(r, &at->from);
    record_u32(r, &at->to);
}

static struct key key_of_pair_day(const struct pair_key *at)
{
    struct key k = key_of_number((uint32_t)at->day);
    key_u32(&k, at->part);
    key_u32(&k, at->from);
    key_u32(&k, at->to);
    return k;
}

static bool get_pair_day(struct state *s, const struct pair_key *at, struct pair_day *out)
{
    struct key k = key_of_pair_day(at);
    GET(KV_PAIR_DAY, k, lay_pair_day, out);
    return true;
}

static void put_pair_day(struct state *s, const struct pair_key *at, const struct pair_day *d)
{
    struct key k = key_of_pair_day(at);
    PUT(KV_PAIR_DAY, k, lay_pair_day, struct pair_day, d);
}

bool state_next_pair_day(struct state *s, bool after, struct pair_key *at, struct pair_day *out)
{
    struct key k = key_of_pair_day(at);
    struct slice found, value;
    if (!kv_seek(s->kv, KV_PAIR_DAY, key_slice(&k), after, &found, &value))
        return false;
    struct record r = record_reader(found);
    lay_pair_key(&r, at);
    r = record_reader(value);
    lay_pair_day(&r, out);
    return true;
}

/* Where a row stands in its part, against the place of another pair: < 0, 0, > 0. */
static int order_of_pairs(const struct pair_key *row, const struct pair_key *other)
{
    if (row->from != other->from)
        return row->from < other->from ? -1 : 1;
    return (row->to > other->to) - (row->to < other->to);
}

/*
 * The first row of a pair from *at on, and no later than a day. Each seek leads to the pair's place
 * in a part or tells that the part has none of it, so no part is walked through.
 */
static bool find_row(struct state *s, struct pair_key *at, int32_t last, struct pair_day *out)
{
    struct pair_key found = *at;
    while (state_next_pair_day(s, false, &found, out) && found.day <= last) {
        int order = order_of_pairs(&found, at);
        at->day = found.day;
        at->part = found.part;
        if (order == 0)
            return true;
        at->part += order > 0; /* the pair's place lies behind */
        found = *at;
    }
    return false;
}

bool state_pair_days(struct state *s, int32_t first, int32_t last, uint32_t from, uint32_t to,
                     struct pair_day *out)
{
    struct pair_key at = {.day = first, .from = from, .to = to};
    struct pair_day d;
    bool there = false;
    *out = (struct pair_day){0};
    for (; find_row(s, &at, last, &d); at.part++) {
        out->minutes += d.minutes;
        out->other += d.other;
        out->gift += d.gift;
        out->pooled += d.pooled;
        out->last_ms = d.last_ms;
        there = true;
    }
    return there;
}

/* --- Pairs for ever --------------------------------------------------------------------------- */

/* What givers before this one gave on this day, and all of earlier days, was added to `pair`. */
struct mark {
    int32_t day;
    uint32_t from;
};

static void lay_mark(struct record *r, struct mark *m)
{
    record_i32(r, &m->day);
    record_u32(r, &m->from);
}

static bool get_mark(struct state *s, struct mark *out)
{
    struct key k = key_of_word("pairs_until");
    GET(KV_META, k, lay_mark, out);
    return true;
}

static struct mark mark_of(struct state *s)
{
    struct mark m;
    return get_mark(s, &m) ? m : (struct mark){0};
}

static void put_mark(struct state *s, const struct mark *m)
{
    struct key k = key_of_word("pairs_until");
    PUT(KV_META, k, lay_mark, struct mark, m);
}

static bool is_before(const struct mark *m, const struct pair_key *row)
{
    return row->day != m->day ? row->day < m->day : row->from < m->from;
}

static struct key key_of_pair(uint32_t from, uint32_t to)
{
    struct key k = key_of_number(from);
    key_u32(&k, to);
    return k;
}

static bool get_pair(struct state *s, const struct key *k, struct pair *out)
{
    GET(KV_PAIR, *k, lay_pair, out);
    return true;
}

static void add_to_pair(struct pair *p, const struct pair *more)
{
    p->minutes += more->minutes;
    p->gift_minutes += more->gift_minutes;
    p->count += more->count;
    p->last_at = more->last_at > p->last_at ? more->last_at : p->last_at;
}

static struct pair pair_of_day(const struct pair_key *at, const struct pair_day *d)
{
    return (struct pair){.from = at->from,
                         .to = at->to,
                         .minutes = d->minutes,
                         .gift_minutes = d->gift,
                         .count = d->other,
                         .last_at = at->day * WINDOW_DAY_MS + d->last_ms};
}

static void add_for_ever(struct state *s, const struct pair *more)
{
    struct key k = key_of_pair(more->from, more->to);
    struct pair p;
    if (!get_pair(s, &k, &p))
        p = (struct pair){0};
    add_to_pair(&p, more);
    assert((p.minutes >= 0 && p.gift_minutes >= 0 && p.count >= 0) || kv_failed(s->kv));
    PUT(KV_PAIR, k, lay_pair, struct pair, &p);
}

bool state_pair(struct state *s, uint32_t from, uint32_t to, struct pair *out)
{
    struct mark mark = mark_of(s);
    struct pair_key at = {.day = mark.day + (from < mark.from), .from = from, .to = to};
    struct key k = key_of_pair(from, to);
    struct pair_day d;
    bool there = get_pair(s, &k, out);
    if (!there)
        *out = (struct pair){0};
    for (; find_row(s, &at, INT32_MAX, &d); at.part++) {
        struct pair more = pair_of_day(&at, &d);
        add_to_pair(out, &more);
        there = true;
    }
    out->from = from;
    out->to = to;
    return there;
}

int64_t state_pairs_minutes(struct state *s)
{
    struct mark mark = mark_of(s);
    struct pair_key at = {.day = mark.day};
    struct key k = {.n = 0};
    struct slice found, value;
    struct pair_day d;
    int64_t sum = 0;
    while (kv_seek(s->kv, KV_PAIR, key_slice(&k), k.n > 0, &found, &value)) {
        struct record r = record_reader(value);
        struct pair p = {0};
        lay_pair(&r, &p);
        sum += p.minutes;
        k.n = 0;
        key_bytes(&k, found.data, found.size);
    }
    for (bool after = false; state_next_pair_day(s, after, &at, &d); after = true)
        sum += is_before(&mark, &at) ? 0 : d.minutes;
    return sum;
}

/*
 * Adds up what the giver at the mark gave on that day, out of all parts from the day's first on,
 * and moves the mark on to the next giver. By giver, and not row by row as they lie: so the rows of
 * `pair` that a commit changes lie together, however many parts a day has.
 */
static size_t add_giver(struct state *s, struct mark *m, uint32_t first_part)
{
    struct pair_key at = {.day = m->day, .part = first_part, .from = m->from};
    struct mark next = {.day = m->day + 1};
    struct pair_day d;
    size_t rows = 0;
    while (state_next_pair_day(s, false, &at, &d) && at.day == m->day) {
        if (at.from == m->from) {
            struct pair more = pair_of_day(&at, &d);
            add_for_ever(s, &more);
            rows++;
            at.to++;
            continue;
        }
        if (at.from > m->from) {
            if (next.day != m->day || at.from < next.from)
                next = (struct mark){m->day, at.from};
            at.part++;
        }
        at.from = m->from;
        at.to = 0;
    }
    *m = next;
    return rows;
}

static void move_mark(struct state *s, struct mark *m, int32_t day, size_t rows)
{
    size_t added = 0;
    while (m->day < day && added < rows) {
        struct pair_key first = {.day = m->day};
        struct pair_day d;
        if (!state_next_pair_day(s, false, &first, &d) || first.day >= day) {
            *m = (struct mark){.day = day};
            return;
        }
        if (m->day != first.day)
            *m = (struct mark){.day = first.day};
        while (m->day == first.day && added < rows)
            added += add_giver(s, m, first.part);
    }
}

void state_fold_pairs(struct state *s, int32_t day, size_t rows)
{
    struct mark mark = mark_of(s), at = mark;
    move_mark(s, &at, day, rows);
    if (at.day != mark.day || at.from != mark.from)
        put_mark(s, &at);
}

/* More than one: as many rows come as pairs post, and the mark has to catch up. */
#define FOLD_ROWS 4

static void change_row(struct state *s, const struct mark *mark, const struct pair_key *at,
                       const struct pair *change, int64_t pooled)
{
    struct pair_day d;
    bool known = get_pair_day(s, at, &d);
    if (!known)
        d = (struct pair_day){0};
    d.minutes += change->minutes;
    d.other += change->count;
    d.gift += change->gift_minutes;
    d.pooled += pooled;
    if (change->last_at > 0)
        d.last_ms = change->last_at - at->day * WINDOW_DAY_MS;
    if (known || change->minutes > 0) {
        assert((d.minutes >= 0 && d.other >= 0 && d.gift >= 0 && d.pooled >= 0) ||
               kv_failed(s->kv));
        put_pair_day(s, at, &d);
    } else { /* an audit forgets days that no window holds, which were added up long before */
        assert(is_before(mark, at) || kv_failed(s->kv));
    }
    if (is_before(mark, at))
        add_for_ever(s, change);
}

void state_post_pair(struct state *s, const struct pair *change, int64_t pooled, int32_t day,
                     uint64_t index, int32_t today)
{
    struct mark mark = mark_of(s), at = mark;
    struct pair_key row = {day, (uint32_t)(index / PAIR_PART_LEAVES), change->from, change->to};
    change_row(s, &mark, &row, change, pooled);
    move_mark(s, &at, today - FOLD_DAYS_MAX, SIZE_MAX);
    move_mark(s, &at, today, FOLD_ROWS);
    if (at.day != mark.day || at.from != mark.from)
        put_mark(s, &at);
}

/* --- Days of organisations -------------------------------------------------------------------- */

static struct key key_of_org_day(int32_t day, uint32_t org)
{
    struct key k = key_of_number((uint32_t)day);
    key_u32(&k, org);
    return k;
}

bool state_org_day(struct state *s, int32_t day, uint32_t org, struct pair_day *out)
{
    struct key k = key_of_org_day(day, org);
    GET(KV_ORG_DAY, k, lay_org_day, out);
    return true;
}

bool state_next_org_day(struct state *s, int32_t *day, uint32_t *org, struct pair_day *out)
{
    struct key k = key_of_org_day(*day, *org);
    struct slice found, value;
    if (!kv_seek(s->kv, KV_ORG_DAY, key_slice(&k), true, &found, &value))
        return false;
    struct record r = record_reader(found);
    record_i32(&r, day);
    record_u32(&r, org);
    r = record_reader(value);
    *out = (struct pair_day){0};
    lay_org_day(&r, out);
    return true;
}

void state_put_org_day(struct state *s, int32_t day, uint32_t org, const struct pair_day *d)
{
    struct key k = key_of_org_day(day, org);
    PUT(KV_ORG_DAY, k, lay_org_day, struct pair_day, d);
}

void state_roll_window(struct state *s, struct org *org, int32_t day)
{
    int64_t days = s->network.found.policy.window_days;
    int32_t from = window_first_day(day, days);
    if (from <= org->window_from)
        return;
    if (from - org->window_from >= days) {
        /* Nothing was recorded since the window's last day, so nothing of it is left. */
        org->given_year = org->received_year = 0;
    } else {
        struct pair_day bucket;
        for (int32_t d = org->window_from; d < from; d++) {
            if (!state_org_day(s, d, org->number, &bucket))
                continue;
            org->given_year -= bucket.minutes;
            org->received_year -= bucket.other;
        }
    }
    org->window_from = from;
}
