/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Agreements, read by their parties (SPEC 6.8). In the order in which they were made. */
#include <string.h>

#include "api/reply.h"
#include "api/routes.h"
#include "api/things.h"
#include "api/view.h"

/* An agreement that can be used is "live" in SPEC 6.8. */
static const char *state_of(const struct agreement *a)
{
    return a->life == LIFE_OPEN ? "live" : life_of(a->life);
}

static bool is_party(const struct agreement *a, uint32_t org)
{
    for (size_t i = 0; i < a->n; i++) {
        if (a->pairs[i].from == org || a->pairs[i].to == org) {
            return true;
        }
    }
    return false;
}

static json_t *view_shares(struct request *rq, const struct agreement *a)
{
    json_t *list = view_array();

    for (size_t i = 0; i < a->n; i++) {
        json_t *o = view_object();

        put_handle(o, "from", rq->state, a->pairs[i].from);
        put_handle(o, "to", rq->state, a->pairs[i].to);
        put_int(o, "minutes", a->pairs[i].minutes);
        put_int(o, "recorded", a->pairs[i].other);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *view_agreement(struct request *rq, const struct agreement *a)
{
    int64_t minutes = 0, recorded = 0;
    json_t *o = view_object();

    for (size_t i = 0; i < a->n; i++) {
        minutes += a->pairs[i].minutes;
        recorded += a->pairs[i].other;
    }
    put_thing(o, "ref", rq->state, &a->key);
    put_int(o, "index", (int64_t)a->index);
    put_text(o, "state", state_of(a));
    put(o, "shares", view_shares(rq, a));
    put_int(o, "minutes", minutes);
    put_int(o, "recorded", recorded);
    if (a->has_offer) {
        put_thing(o, "offer", rq->state, &a->offer);
    }
    if (a->has_need) {
        put_thing(o, "need", rq->state, &a->need);
    }
    put_int(o, "signed_at", a->signed_at);
    put_int(o, "expires_at", a->expires);
    if (a->life != LIFE_OPEN) {
        put_int(o, "ended_at", a->ended_at);
    }
    put_title(o, rq, &a->key);
    return o;
}

void get_agreement(struct request *rq)
{
    struct thing_key key;
    struct agreement a;

    if (!query_read(rq, NULL, 0)) {
        return;
    }
    if (!view_thing_key(rq, &key) || !state_agreement(rq->state, &key, &a)) {
        reply_code(rq, CODE_not_found, "no such agreement");
    } else if (!is_party(&a, rq->caller.org)) {
        reply_code(rq, CODE_forbidden, "only the parties read an agreement");
    } else if (!reply_not_modified(rq)) {
        reply_json(rq, MHD_HTTP_OK, view_agreement(rq, &a));
    }
}

/* --- The list: the caller's own -------------------------------------------------------------- */

static const char *const states[] = {"all", "live", "closed", "cancelled", "expired", NULL};

static void list_agreements(struct request *rq, const char *state, struct page *page)
{
    uint8_t cursor[THING_CURSOR_LEN];
    struct thing_key last;
    struct agreement a;

    things_resume(page, &last);
    for (bool more = page->resumed; state_next_agreement(rq->state, more ? &last : NULL, &a);
         more = true) {
        if (!page_goes_on(page)) {
            things_cursor(cursor, &last);
            page_reply(rq, page, cursor);
            return;
        }
        last = a.key;
        if (is_party(&a, rq->caller.org) &&
            (strcmp(state, "all") == 0 || strcmp(state, state_of(&a)) == 0)) {
            page_add(page, view_agreement(rq, &a));
        }
    }
    page_reply(rq, page, NULL);
}

/* Live ones have an index by party; the others are found by looking at all. */
static void list_live(struct request *rq, struct page *page)
{
    uint8_t cursor[THING_CURSOR_LEN];
    struct thing_key last, key;
    struct agreement a;

    things_resume(page, &last);
    for (bool more = page->resumed;
         state_next_live(rq->state, LIVE_AGREEMENT, rq->caller.org, more ? &last : NULL, &key);
         more = true) {
        if (!page_goes_on(page)) {
            things_cursor(cursor, &last);
            page_reply(rq, page, cursor);
            return;
        }
        last = key;
        if (state_agreement(rq->state, &key, &a)) {
            page_add(page, view_agreement(rq, &a));
        }
    }
    page_reply(rq, page, NULL);
}

void get_agreements(struct request *rq)
{
    struct query q[] = {{"limit", NULL}, {"cursor", NULL}, {"state", NULL}};
    struct page page;
    int state = 0;

    if (!query_read(rq, q, 3) || !query_word(rq, &q[2], states, &state) ||
        !page_read(rq, "agreements", rq->caller.handle.s, q, 3, THING_CURSOR_LEN, &page)) {
        return;
    }
    if (reply_not_modified(rq)) {
        page_drop(&page);
    } else if (strcmp(states[state], "live") == 0) {
        list_live(rq, &page);
    } else {
        list_agreements(rq, states[state], &page);
    }
}
