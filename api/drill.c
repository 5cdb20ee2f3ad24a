/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * GET /v1/reciprocity/{item}: the entries or needs that make an item of the sheet up (SPEC 18.9),
 * by their ids, which is about the order in which they were made. `?org=` leaves those in which
 * one organisation takes part.
 */
#include <string.h>

#include "api/reply.h"
#include "api/routes.h"
#include "api/things.h"
#include "api/view.h"
#include "policies/window.h"

/* What a drill-down is about. */
struct drill {
    int32_t from_day, to_day;
    uint32_t org; /* 0: any */
};

static bool read_drill(struct request *rq, struct query *q, const char *list, struct drill *out,
                       struct page *page)
{
    struct handle handle = {{0}};

    if (!query_handle(rq, &q[2], &handle) ||
        !page_read(rq, list, "", q, 3, THING_CURSOR_LEN, page)) {
        return false;
    }
    out->to_day = window_day(rq->now_ms);
    out->from_day = window_first_day(out->to_day, rq->state->network.found.policy.window_days);
    out->org = 0;
    if (q[2].value) {
        out->org = state_org_number(rq->state, &handle);
        out->org = out->org ? out->org : UINT32_MAX;
    }
    return true;
}

/* An id is at most entry_days_max older than its entry, and what ends later than that lives on. */
static void begin_at(const struct page *page, const struct drill *d, int64_t days,
                     struct thing_key *last)
{
    int64_t from = (d->from_day - days) * WINDOW_DAY_MS;

    things_resume(page, last);
    if (!page->resumed) {
        memset(last, 0, sizeof *last);
        id_make(&last->id, from > 0 ? from : 0, (const uint8_t[10]){0});
    }
}

/* --- Hours ------------------------------------------------------------------------------------ */

static bool hours_fit(const struct drill *d, const struct hours *h)
{
    bool part = d->org == 0;

    for (size_t i = 0; i < h->n && !part; i++) {
        part = h->pairs[i].from == d->org || h->pairs[i].to == d->org;
    }
    return part && h->bucket >= d->from_day && h->bucket <= d->to_day;
}

static json_t *view_hours(struct request *rq, const struct hours *h)
{
    json_t *o = view_object(), *shares = view_array();

    put_thing(o, "ref", rq->state, &h->key);
    put_int(o, "index", (int64_t)h->index);
    put_int(o, "logged_at", h->at);
    put_flag(o, "gift", h->gift);
    if (h->has_need) {
        put_thing(o, "need", rq->state, &h->need);
    }
    for (size_t i = 0; i < h->n; i++) {
        json_t *share = view_object();

        put_handle(share, "from", rq->state, h->pairs[i].from);
        put_handle(share, "to", rq->state, h->pairs[i].to);
        put_int(share, "minutes", h->pairs[i].minutes - h->pairs[i].other);
        put_int(share, "pool", h->pairs[i].paid);
        json_array_append_new(shares, share);
    }
    put(o, "shares", shares);
    return o;
}

static void list_hours(struct request *rq, const struct drill *d, struct page *page)
{
    uint8_t cursor[THING_CURSOR_LEN];
    struct thing_key last;
    struct hours h;

    begin_at(page, d, rq->state->network.found.policy.entry_days_max, &last);
    while (state_next_hours(rq->state, &last, &h)) {
        if (!page_goes_on(page)) {
            things_cursor(cursor, &last);
            page_reply(rq, page, cursor);
            return;
        }
        last = h.key;
        if (hours_fit(d, &h)) {
            page_add(page, view_hours(rq, &h));
        }
    }
    page_reply(rq, page, NULL);
}

/* Of position, displaced, comes_round, dependency and burden. */
void get_sheet_hours(struct request *rq)
{
    struct query q[] = {{"limit", NULL}, {"cursor", NULL}, {"org", NULL}};
    struct drill d;
    struct page page;

    if (!query_read(rq, q, 3) || !request_reads_entries(rq) ||
        !read_drill(rq, q, "sheet hours", &d, &page)) {
        return;
    }
    if (reply_not_modified(rq)) {
        page_drop(&page);
        return;
    }
    list_hours(rq, &d, &page);
}

/* --- Needs ------------------------------------------------------------------------------------ */

/*
 * Those of the fill gap came to an end in the year; those of the deficit were asked for in it, by
 * who is a member.
 */
static bool need_fits(struct request *rq, const struct drill *d, const struct need *need,
                      bool ended)
{
    int32_t day = window_day(need->life == LIFE_EXPIRED ? need->expires : need->ended_at);
    struct org asker;

    if ((d->org && need->key.author != d->org) ||
        !request_reads_directory(rq, need->is_public)) {
        return false;
    }
    if (ended) {
        return (need->life == LIFE_MET || need->life == LIFE_EXPIRED) && day >= d->from_day &&
               day <= d->to_day;
    }
    return window_day(need->published_at) >= d->from_day &&
           state_org(rq->state, need->key.author, &asker) && asker.state == ORG_ACTIVE;
}

static json_t *view_need(struct request *rq, const struct need *need)
{
    json_t *o = view_object();

    put_thing(o, "ref", rq->state, &need->key);
    put_int(o, "index", (int64_t)need->index);
    put_handle(o, "asker", rq->state, need->key.author);
    put_text(o, "state", life_of(need->life));
    put_text(o, "type", thing_word((enum thing)need->type));
    if (need->skill.s[0]) {
        put_text(o, "skill", need->skill.s);
    }
    put_int(o, "minutes", need->minutes);
    put_int(o, "in_time", need->in_time < need->minutes ? need->in_time : need->minutes);
    put_int(o, "published_at", need->published_at);
    if (rq->caller.known && rq->caller.coordinator) {
        put_flag(o, "fragile", need->fragile);
    }
    return o;
}

static void list_needs(struct request *rq, bool ended)
{
    struct query q[] = {{"limit", NULL}, {"cursor", NULL}, {"org", NULL}};
    const struct policy *policy = &rq->state->network.found.policy;
    uint8_t cursor[THING_CURSOR_LEN];
    struct thing_key last;
    struct drill d;
    struct page page;
    struct need need;

    if (!query_read(rq, q, 3) ||
        !read_drill(rq, q, ended ? "sheet fill" : "sheet needs", &d, &page)) {
        return;
    }
    if (reply_not_modified(rq)) {
        page_drop(&page);
        return;
    }
    begin_at(&page, &d, policy->entry_days_max + (ended ? policy->need_days_max : 0), &last);
    while (state_next_need(rq->state, &last, &need)) {
        if (!page_goes_on(&page)) {
            things_cursor(cursor, &last);
            page_reply(rq, &page, cursor);
            return;
        }
        last = need.key;
        if (need_fits(rq, &d, &need, ended)) {
            page_add(&page, view_need(rq, &need));
        }
    }
    page_reply(rq, &page, NULL);
}

void get_sheet_fill(struct request *rq)
{
    list_needs(rq, true);
}

void get_sheet_needs(struct request *rq)
{
    list_needs(rq, false);
}
