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
}

static void lay_org_day(struct record *r, struct pair_day *d)
{
    record_var_i64(r, &d->minutes);
    record_var_i64(r, &d->other);
}

/* --- Pairs and days --------------------------------------------------------------------------- */

static struct key key_of_pair(uint32_t from, uint32_t to)
{
    struct key k = key_of_number(from);
    key_u32(&k, to);
    return k;
}

bool state_pair(struct state *s, uint32_t from, uint32_t to, struct pair *out)
{
    struct key k = key_of_pair(from, to);
    GET(KV_PAIR, k, lay_pair, out);
    out->from = from;
    out->to = to;
    return true;
}

void state_put_pair(struct state *s, const struct pair *p)
{
    struct key k = key_of_pair(p->from, p->to);
    PUT(KV_PAIR, k, lay_pair, struct pair, p);
}

bool state_next_pair(struct state *s, uint32_t from, uint32_t to, struct pair *out)
{
    struct key k = key_of_pair(from, to);
    struct slice found, value;
    if (!kv_seek(s->kv, KV_PAIR, key_slice(&k), true, &found, &value))
        return false;
    struct record r = record_reader(found);
    record_u32(&r, &out->from);
    record_u32(&r, &out->to);
    r = record_reader(value);
    lay_pair(&r, out);
    return true;
}

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
