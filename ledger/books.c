/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/books.h"

#include <assert.h>
#include <string.h>

#include "policies/reciprocity.h"
#include "policies/window.h"

struct org *books_org(struct rules *r, uint32_t number)
{
    for (size_t i = 0; i < r->n_work; i++)
        if (r->work[i].after.number == number)
            return &r->work[i].after;
    assert(r->n_work < RULES_WORK_MAX);
    struct org_change *w = &r->work[r->n_work];
    bool there = state_org(r->state, number, &w->before);
    /* A failing store answers "not there"; the transaction will not commit, so go on with zeros. */
    assert(there || kv_failed(r->state->kv));
    w->before.number = number;
    w->after = w->before;
    r->n_work++;
    return &w->after;
}

void books_reserve(struct rules *r, uint32_t from, uint32_t to, int64_t minutes)
{
    books_org(r, from)->given_pending += minutes;
    books_org(r, to)->received_pending += minutes;
}

static void post_org_day(struct rules *r, int32_t bucket, uint32_t org, int64_t given,
                         int64_t received)
{
    /* The window first: it takes away what a bucket held before this change. */
    struct org *o = books_org(r, org);
    state_roll_window(r->state, o, window_day(r->at));
    struct pair_day day;
    bool known = state_org_day(r->state, bucket, org, &day);
    if (!known)
        day = (struct pair_day){0};
    day.minutes += given;
    day.other += received;
    if (known || given + received > 0) {
        assert(day.minutes >= 0 && day.other >= 0);
        state_put_org_day(r->state, bucket, org, &day);
    } else { /* an audit forgets the buckets that no window holds any more */
        assert(bucket < o->window_from || kv_failed(r->state->kv));
    }
    if (bucket >= o->window_from) {
        o->given_year += given;
        o->received_year += received;
    }
}

void books_post(struct rules *r, const struct hours *h, const struct pair_minutes *pair,
                int64_t minutes, int64_t paid, int step)
{
    uint32_t from = pair->from, to = pair->to;
    struct org *giver = books_org(r, from), *receiver = books_org(r, to);
    giver->given_posted += minutes;
    receiver->received_posted += minutes;
    if (minutes > 0)
        giver->last_given_at = receiver->last_received_at = r->at;
    if (h->gift) {
        giver->given_gifts += minutes;
        receiver->received_gifts += minutes;
        books_move(r, from, to, minutes);
    }
    if (paid != 0) {
        receiver->pool_received += paid;
        books_move(r, POOL, to, paid);
    }
    post_org_day(r, h->bucket, from, minutes, 0);
    post_org_day(r, h->bucket, to, 0, minutes);

    struct pair change = {.from = from,
                          .to = to,
                          .minutes = minutes,
                          .gift_minutes = h->gift ? minutes : 0,
                          .count = step,
                          .last_at = minutes > 0 ? r->at : 0};
    state_post_pair(r->state, &change, paid, h->bucket, h->index, window_day(r->at));
}

void books_count(struct rules *r, const struct pair_minutes *pairs, size_t n, int step)
{
    /* Each organisation once: skip a pair whose organisation stood in an earlier one. */
    for (size_t i = 0; i < n; i++) {
        bool giver_new = true, receiver_new = true;
        for (size_t j = 0; j < i; j++) {
            giver_new = giver_new && pairs[j].from != pairs[i].from;
            receiver_new = receiver_new && pairs[j].to != pairs[i].to;
        }
        if (giver_new)
            books_org(r, pairs[i].from)->given_count += step;
        if (receiver_new)
            books_org(r, pairs[i].to)->received_count += step;
    }
    r->exchanges += step;
}

void books_move(struct rules *r, uint32_t from, uint32_t to, int64_t minutes)
{
    books_org(r, from)->moves -= minutes;
    books_org(r, to)->moves += minutes;
}

/* Tells the caller who changed; an organisation that changes in two settlings stands there once. */
static void note_change(struct outcome *out, const struct org_change *w)
{
    for (size_t i = 0; i < out->n_changes; i++)
        if (out->changes[i].after.number == w->after.number) {
            out->changes[i].after = w->after;
            return;
        }
    if (out->n_changes < sizeof out->changes / sizeof *out->changes)
        out->changes[out->n_changes++] = *w;
}

static void add_to_sums(struct sums *sums, const struct org *o, int sign)
{
    if (o->number == POOL) {
        sums->pool += sign * org_position(o);
        return;
    }
    sums->given += sign * o->given_posted;
    sums->received += sign * o->received_posted;
    sums->given_pending += sign * o->given_pending;
    sums->received_pending += sign * o->received_pending;
    sums->positions += sign * org_position(o);
}

static void assert_sums(const struct sums *sums)
{
    assert(sums->given == sums->received);
    assert(sums->given_pending == sums->received_pending);
    assert(sums->positions + sums->pool == 0);
}

/* SPEC 18.8 */
static int64_t since(int64_t before, int64_t use, int64_t from_permille, int64_t at)
{
    if (use < from_permille)
        return 0;
    return before != 0 ? before : at;
}

static void look_at_line(struct rules *r, struct org *org)
{
    const struct policy *policy = &r->state->network.found.policy;
    struct line line;
    state_roll_window(r->state, org, window_day(r->at));
    state_line(r->state, org, r->at, &line);
    struct ratio use = reciprocity_line_use(&line, org_position(org));
    int64_t size = use.permille < 0 ? -use.permille : use.permille;
    org->leaning_since = since(org->leaning_since, size, policy->ladder_lean_permille, r->at);
    org->strained_since = since(org->strained_since, size, policy->ladder_strain_permille, r->at);
}

void books_look(struct rules *r, uint32_t number)
{
    look_at_line(r, books_org(r, number));
}

static bool moved(const struct org *a, const struct org *b)
{
    return a->given_posted != b->given_posted || a->received_posted != b->received_posted ||
           a->given_pending != b->given_pending || a->received_pending != b->received_pending ||
           a->moves != b->moves;
}

static void look(struct rules *r, struct org_change *w)
{
    bool owed = moved(&w->before, &w->after);
    if (w->after.number == POOL)
        return;
    if (w->after.number == r->look_last) {
        r->look_owed = r->look_owed || owed;
        return;
    }
    if (owed)
        look_at_line(r, &w->after);
}

void books_settle(struct rules *r)
{
    struct sums sums, changes = {0};
    state_sums(r->state, &sums);
    for (size_t i = 0; i < r->n_work; i++) {
        look(r, &r->work[i]);
        const struct org *before = &r->work[i].before, *after = &r->work[i].after;
        assert(after->given_posted >= 0 && after->received_posted >= 0);
        assert(after->given_pending >= 0 && after->received_pending >= 0);
        assert(after->given_count >= 0 && after->received_count >= 0);
        assert(after->given_year >= 0 && after->received_year >= 0);
        assert(after->pool_received >= 0);
        add_to_sums(&changes, before, -1);
        add_to_sums(&changes, after, 1);
        state_put_org(r->state, after);
        if (r->outcome != NULL)
            note_change(r->outcome, &r->work[i]);
    }
    assert_sums(&changes);
    sums.given += changes.given;
    sums.received += changes.received;
    sums.given_pending += changes.given_pending;
    sums.received_pending += changes.received_pending;
    sums.positions += changes.positions;
    sums.pool += changes.pool;
    sums.exchanges += r->exchanges;
    if (!kv_failed(r->state->kv))
        assert_sums(&sums);
    state_put_sums(r->state, &sums);
    r->n_work = 0;
    r->exchanges = 0;
}
