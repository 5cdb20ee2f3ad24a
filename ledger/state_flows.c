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

static struct key key_of_pair_day(int32_t day, uint32_t from, uint32_t to)
{
    struct key k = key_of_number((uint32_t)day);
    key_u32(&k, from);
    key_u32(&k, to);
    return k;
}

bool state_pair_day(struct state *s, int32_t day, uint32_t from, uint32_t to, struct pair_day *out)
{
    struct key k = key_of_pair_day(day, from, to);
    GET(KV_PAIR_DAY, k, lay_pair_day, out);
    return true;
}

void state_put_pair_day(struct state *s, int32_t day, uint32_t from, uint32_t to,
                        const struct pair_day *d)
{
    struct key k = key_of_pair_day(day, from, to);
    PUT(KV_PAIR_DAY, k, lay_pair_day, struct pair_day, d);
}

bool state_next_pair_day(struct state *s, bool after, int32_t *day, uint32_t *from, uint32_t *to,
                         struct pair_day *out)
{
    struct key k = key_of_pair_day(*day, *from, *to);
    struct slice found, value;
    if (!kv_seek(s->kv, KV_PAIR_DAY, key_slice(&k), after, &found, &value))
        return false;
    struct record r = record_reader(found);
    record_i32(&r, day);
    record_u32(&r, from);
    record_u32(&r, to);
    r = record_reader(value);
    lay_pair_day(&r, out);
    return true;
}

/* --- Pairs for ever --------------------------------------------------------------------------- */

/* What stands before it in pair_day has been added to `pair`. */
struct mark {
    int32_t day;
    uint32_t from, to;
};

static void lay_mark(struct record *r, struct mark *m)
{
    record_i32(r, &m->day);
    record_u32(r, &m->from);
    record_u32(r, &m->to);
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

static bool is_before(const struct mark *m, int32_t day, uint32_t from, uint32_t to)
{
    if (day != m->day)
        return day < m->day;
    return from != m->from ? from < m->from : to < m->to;
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

static struct pair pair_of_day(int32_t day, const struct pair_day *d)
{
    return (struct pair){.minutes = d->minutes,
                         .gift_minutes = d->gift,
                         .count = d->other,
                         .last_at = day * WINDOW_DAY_MS + d->last_ms};
}

static void add_for_ever(struct state *s, uint32_t from, uint32_t to, const struct pair *more)
{
    struct key k = key_of_pair(from, to);
    struct pair p;
    if (!get_pair(s, &k, &p))
        p = (struct pair){0};
    add_to_pair(&p, more);
    assert((p.minutes >= 0 && p.gift_minutes >= 0) || kv_failed(s->kv));
    PUT(KV_PAIR, k, lay_pair, struct pair, &p);
}

/*
 * The pair's row in the first day from *day on that has rows at or behind the pair's place; false
 * when that day has none of it. *day becomes that day, or INT32_MAX when there is none.
 */
static bool find_day(struct state *s, uint32_t from, uint32_t to, int32_t *day,
                     struct pair_day *out)
{
    int32_t found = *day;
    uint32_t f = from, t = to;
    if (!state_next_pair_day(s, false, &found, &f, &t, out))
        found = INT32_MAX;
    bool there = found == *day && f == from && t == to;
    if (!there && found != *day && found != INT32_MAX)
        there = state_pair_day(s, found, from, to, out);
    *day = found;
    return there;
}

bool state_pair(struct state *s, uint32_t from, uint32_t to, struct pair *out)
{
    struct mark mark = mark_of(s);
    struct key k = key_of_pair(from, to);
    struct pair_day d;
    int32_t last = window_day(state_last_at(s)), day = mark.day;
    bool there = get_pair(s, &k, out);
    if (!there)
        *out = (struct pair){0};
    for (; day <= last; day++) {
        if (!find_day(s, from, to, &day, &d) || is_before(&mark, day, from, to)) {
            if (day == INT32_MAX)
                break;
            continue;
        }
        struct pair more = pair_of_day(day, &d);
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
    for (bool after = false;
         state_next_pair_day(s, after, &mark.day, &mark.from, &mark.to, &d); after = true)
        sum += d.minutes;
    return sum;
}

void state_post_pair(struct state *s, int32_t day, const struct pair *change, int64_t pooled)
{
    struct mark mark = mark_of(s);
    uint32_t from = change->from, to = change->to;
    struct pair_day d;
    bool known = state_pair_day(s, day, from, to, &d);
    if (!known)
        d = (struct pair_day){0};
    d.minutes += change->minutes;
    d.other += change->count;
    d.gift += change->gift_minutes;
    d.pooled += pooled;
    if (change->last_at > 0)
        d.last_ms = change->last_at - day * WINDOW_DAY_MS;
    if (known || change->minutes > 0) {
        assert((d.minutes >= 0 && d.gift >= 0 && d.pooled >= 0) || kv_failed(s->kv));
        state_put_pair_day(s, day, from, to, &d);
    } else { /* an audit forgets days that no window holds, which were added up long before */
        assert(is_before(&mark, day, from, to) || kv_failed(s->kv));
    }
    if (is_before(&mark, day, from, to))
        add_for_ever(s, from, to, change);
}

void state_fold_pairs(struct state *s, int32_t day, size_t rows)
{
    struct mark mark = mark_of(s), at = mark;
    struct pair_day d;
    if (mark.day >= day)
        return;
    for (; rows > 0; rows--) {
        if (!state_next_pair_day(s, false, &at.day, &at.from, &at.to, &d) || at.day >= day) {
            at = (struct mark){.day = day};
            break;
        }
        struct pair more = pair_of_day(at.day, &d);
        add_for_ever(s, at.from, at.to, &more);
        at.to++;
    }
    put_mark(s, &at);
}

/* More than one: as many rows come as pairs post, and the mark has to catch up. */
#define FOLD_ROWS 4

void state_advance_pairs(struct state *s, int32_t today)
{
    state_fold_pairs(s, today - FOLD_DAYS_MAX, SIZE_MAX);
    state_fold_pairs(s, today, FOLD_ROWS);
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
