/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * GET /v1/orgs/{handle}/statement: an organisation's entries, newest first, with what each did to
 * its position and where the position stood after it, and between them what the closings of the
 * common pool moved, which are no entries of an organisation.
 */
#include <string.h>

#include "api/page.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/view.h"
#include "ledger/query.h"
#include "policies/window.h"

/* Where the walk stands; the key of its cursor. */
struct walk {
    uint64_t next;  /* index + 1 of the next entry; 0: done */
    int64_t before; /* closings of later moments were passed */
};

struct days {
    int32_t from, to;
};

static void out_step(struct json_out *o, struct request *rq, const struct entry_record *record,
                     const struct effect *effect, int64_t position)
{
    json_open(o, NULL, '{');
    out_entry_record(o, rq->state, record);
    json_int(o, "given", effect->given);
    json_int(o, "received", effect->received);
    json_int(o, "moves", effect->moves);
    json_int(o, "position", position);
    json_shut(o, '}');
}

/*
 * The newest closing between an entry and walk->before, and the position after it; false when there
 * is none.
 */
static bool find_closing(struct request *rq, uint32_t org, const struct entry_record *older,
                         int64_t position, const struct walk *walk, struct closing *out,
                         int64_t *after)
{
    struct closing next = {.moment = older->at};
    bool found = false;

    *after = position;
    while (query_next_closing(rq->state, org, next.moment, &next) && next.moment <= walk->before) {
        *after += next.forgiven - next.levied;
        *out = next;
        found = true;
    }
    return found;
}

static void out_closing(struct json_out *o, const struct closing *closing, int64_t position)
{
    json_open(o, NULL, '{');
    json_int(o, "at", closing->moment);
    json_text(o, "kind", "pool.closing");
    json_int(o, "levied", closing->levied);
    json_int(o, "forgiven", closing->forgiven);
    json_int(o, "given", 0);
    json_int(o, "received", 0);
    json_int(o, "moves", closing->forgiven - closing->levied);
    json_int(o, "position", position);
    json_shut(o, '}');
}

/* Whether an item of that moment is asked for; ends the walk behind the first day. */
static bool asked_for(const struct days *days, int64_t at, struct walk *walk)
{
    int32_t day = window_day(at);

    if (day < days->from) {
        walk->next = 0;
    }
    return day >= days->from && day <= days->to;
}

/* One step back; adds an item when its day is asked for. False when the log cannot be read. */
static bool step(struct request *rq, uint32_t org, const struct days *days, struct walk *walk,
                 struct page *page)
{
    struct entry_record record;
    const struct entry_party *party;
    struct closing closing;
    struct effect effect;
    int64_t after;

    if (!state_entry(rq->state, walk->next - 1, &record) ||
        !(party = query_party(&record, org))) {
        return false;
    }
    if (find_closing(rq, org, &record, party->position, walk, &closing, &after)) {
        walk->before = closing.moment - 1;
        if (asked_for(days, closing.moment, walk)) {
            out_closing(page_item(page), &closing, after);
        }
        return true;
    }
    walk->next = party->previous;
    walk->before = record.at;
    if (asked_for(days, record.at, walk)) {
        if (!query_effect(rq->state, rq->server->node->origin, &record, org, &rq->worker->entry,
                          &effect)) {
            return false;
        }
        out_step(page_item(page), rq, &record, &effect, party->position);
    }
    return true;
}

static void list_steps(struct request *rq, const struct org *org, const struct days *days,
                       struct page *page)
{
    struct walk walk = {org->last_entry, INT64_MAX};

    if (page->resumed) {
        memcpy(&walk, page->key, sizeof walk);
    }
    while (walk.next > 0 && page_goes_on(page)) {
        if (!step(rq, org->number, days, &walk, page)) {
            page_drop(page);
            reply_code(rq, page->resumed ? CODE_cursor_invalid : CODE_internal,
                       "the statement cannot be read from here");
            return;
        }
    }
    page_reply(rq, page, walk.next > 0 ? &walk : NULL);
}

void get_statement(struct request *rq)
{
    struct query q[] = {{"limit", NULL}, {"cursor", NULL}, {"from", NULL}, {"to", NULL}};
    uint32_t number = state_org_number(rq->state, &rq->args.handle);
    struct days days = {DAY_MIN, DAY_MAX};
    struct page page;
    struct org org;

    if (!query_read(rq, q, 4) || !query_day(rq, &q[2], &days.from) ||
        !query_day(rq, &q[3], &days.to)) {
        return;
    }
    if (number == POOL || !state_org(rq->state, number, &org)) {
        reply_code(rq, CODE_not_found, "no such organisation");
        return;
    }
    if (!request_needs_own(rq, number) ||
        !page_read(rq, "statement", org.handle.s, q, 4, sizeof(struct walk), &page)) {
        return;
    }
    if (reply_not_modified(rq)) {
        page_drop(&page);
        return;
    }
    list_steps(rq, &org, &days, &page);
}
