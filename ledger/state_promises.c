/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Status, steps, promises, and the pool's quarters and closings (SPEC 18). */
#include "ledger/state_record.h"

#include "policies/window.h"

/* --- Layouts: one function for both directions ------------------------------------------------ */

static void lay_status(struct record *r, struct status *s)
{
    record_var_u64(r, &s->index);
    record_u8(r, &s->class);
    record_var_i64(r, &s->levy_permille);
    record_var_i64(r, &s->pool_permille);
    record_var_i64(r, &s->at);
    record_var_i64(r, &s->until);
}

static void lay_step(struct record *r, struct step *s)
{
    record_var_u64(r, &s->index);
    record_var_i64(r, &s->last.step);
    record_var_i64(r, &s->last.at);
    record_var_i64(r, &s->last.until);
    record_var_i64(r, &s->last.ended_at);
    record_bool(r, &s->last.appealed);
    record_bool(r, &s->last.confirmed);
}

static void lay_promise(struct record *r, struct promise *p)
{
    record_bool(r, &p->broken);
    record_bool(r, &p->excused);
    record_var_i64(r, &p->at);
}

static void lay_closing(struct record *r, struct closing *c)
{
    record_var_i64(r, &c->levied);
    record_var_i64(r, &c->forgiven);
    record_var_i64(r, &c->deficit);
    record_var_i64(r, &c->budget);
}

static void lay_quarter(struct record *r, struct quarter *q)
{
    record_var_i64(r, &q->budget);
    record_var_i64(r, &q->spent);
    record_var_i64(r, &q->crisis_until);
}

/* --- Status and steps ------------------------------------------------------------------------- */

bool state_status(struct state *s, uint32_t org, struct status *out)
{
    struct key k = key_of_number(org);
    GET(KV_STATUS, k, lay_status, out);
    out->org = org;
    return true;
}

void state_put_status(struct state *s, const struct status *status)
{
    struct key k = key_of_number(status->org);
    PUT(KV_STATUS, k, lay_status, struct status, status);
}

void state_del_status(struct state *s, uint32_t org)
{
    struct key k = key_of_number(org);
    kv_del(s->kv, KV_STATUS, key_slice(&k));
}

int64_t state_status_class(struct state *s, uint32_t org, int64_t at, struct status *out)
{
    struct status status;
    if (!state_status(s, org, &status) || at >= status.until)
        return 0;
    if (out != NULL)
        *out = status;
    return status.class;
}

static bool get_step(struct state *s, uint32_t org, struct step *out)
{
    struct key k = key_of_number(org);
    GET(KV_STEP, k, lay_step, out);
    return true;
}

bool state_step(struct state *s, uint32_t org, struct step *out)
{
    bool there = get_step(s, org, out);
    if (!there)
        memset(out, 0, sizeof *out);
    out->org = org;
    return there;
}

void state_put_step(struct state *s, const struct step *step)
{
    struct key k = key_of_number(step->org);
    PUT(KV_STEP, k, lay_step, struct step, step);
}

/* --- Promises --------------------------------------------------------------------------------- */

static struct key key_of_promise(uint32_t org, const struct thing_key *agreement)
{
    struct key k = key_of_number(org);
    if (agreement != NULL)
        key_thing(&k, agreement);
    return k;
}

bool state_promise(struct state *s, uint32_t org, const struct thing_key *agreement,
                   struct promise *out)
{
    struct key k = key_of_promise(org, agreement);
    GET(KV_PROMISE, k, lay_promise, out);
    out->org = org;
    out->agreement = *agreement;
    return true;
}

void state_put_promise(struct state *s, const struct promise *p)
{
    struct key k = key_of_promise(p->org, &p->agreement);
    PUT(KV_PROMISE, k, lay_promise, struct promise, p);
}

bool state_next_promise(struct state *s, uint32_t org, const struct thing_key *after,
                        struct promise *out)
{
    struct key k = key_of_promise(org, after);
    struct slice found, value;
    if (!kv_seek(s->kv, KV_PROMISE, key_slice(&k), after != NULL, &found, &value))
        return false;
    struct record r = record_reader(value);
    memset(out, 0, sizeof *out);
    lay_promise(&r, out);
    r = record_reader(found);
    record_u32(&r, &out->org);
    lay_thing(&r, &out->agreement);
    return out->org == org;
}

void state_promises(struct state *s, uint32_t org, int32_t first, int32_t last,
                    struct promise_count *out)
{
    struct promise p;
    memset(out, 0, sizeof *out);
    for (bool more = state_next_promise(s, org, NULL, &p); more;
         more = state_next_promise(s, org, &p.agreement, &p)) {
        int32_t day = window_day(p.at);
        if (p.excused)
            continue;
        if (p.broken && p.at > out->last_broken_at)
            out->last_broken_at = p.at;
        if (day < first || day > last)
            continue;
        out->broken += p.broken;
        out->kept += !p.broken;
    }
}

/* --- The pool --------------------------------------------------------------------------------- */

void state_put_closing(struct state *s, const struct closing *c)
{
    struct key k = {.n = 0};
    key_u64(&k, (uint64_t)c->moment);
    key_u32(&k, c->org);
    PUT(KV_CLOSING, k, lay_closing, struct closing, c);
}

bool state_next_closing(struct state *s, const struct closing *after, struct closing *out)
{
    struct key k = {.n = 0};
    struct slice found, value;
    if (after->moment >= 0) {
        key_u64(&k, (uint64_t)after->moment);
        key_u32(&k, after->org);
    }
    if (!kv_seek(s->kv, KV_CLOSING, key_slice(&k), k.n > 0, &found, &value))
        return false;
    struct record r = record_reader(value);
    memset(out, 0, sizeof *out);
    lay_closing(&r, out);
    r = record_reader(found);
    record_i64(&r, &out->moment);
    record_u32(&r, &out->org);
    return true;
}

static bool get_quarter(struct state *s, struct quarter *out)
{
    struct key k = key_of_word("quarter");
    GET(KV_META, k, lay_quarter, out);
    return true;
}

void state_quarter(struct state *s, struct quarter *out)
{
    if (!get_quarter(s, out))
        memset(out, 0, sizeof *out);
}

void state_put_quarter(struct state *s, const struct quarter *q)
{
    struct key k = key_of_word("quarter");
    PUT(KV_META, k, lay_quarter, struct quarter, q);
}

void state_line(struct state *s, const struct org *org, int64_t at, struct line *out)
{
    const struct policy *policy = &s->network.found.policy;
    struct quarter q;
    limits_line(policy, org->given_year, org->given_count, out);
    state_quarter(s, &q);
    if (at < q.crisis_until)
        limits_in_crisis(policy, out);
}
