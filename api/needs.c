/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Needs and their urgency (SPEC 6.7). In the order in which they were made. */
#include <string.h>

#include "api/reply.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/things.h"
#include "api/view.h"
#include "ledger/query.h"

static void put_entry_lists(json_t *o, struct request *rq, uint64_t index)
{
    struct entry *entry = &rq->worker->entry;
    struct slice leaf;

    if (query_entry(rq->state, rq->server->node->origin, index, entry, &leaf)) {
        put_slugs(o, "areas", &entry->need_publish.areas);
        put_slugs(o, "languages", &entry->need_publish.languages);
    }
}

/* The states of urgency of SPEC 6.7. */
static const char *urgency(const struct need *need)
{
    if (!need->urgent_declared) {
        return "none";
    }
    if (need->urgent_until) {
        return "in_force";
    }
    return need->voucher ? "lapsed" : "declared";
}

static json_t *view_need(struct request *rq, const struct need *need)
{
    int64_t left = need->minutes - need->served;
    json_t *o = view_object();

    put_thing(o, "ref", rq->state, &need->key);
    put_int(o, "index", (int64_t)need->index);
    put_text(o, "state", life_of(need->life));
    put_text(o, "type", thing_word((enum thing)need->type));
    if (need->skill.s[0]) {
        put_text(o, "skill", need->skill.s);
    }
    put_handle(o, "asker", rq->state, need->key.author);
    put_flag(o, "public", need->is_public);
    put_int(o, "minutes", need->minutes);
    put_int(o, "served", need->served);
    put_int(o, "left", left > 0 ? left : 0);
    put_text(o, "urgency", urgency(need));
    if (need->voucher) {
        put_handle(o, "voucher", rq->state, need->voucher);
    }
    if (need->urgent_until) {
        put_int(o, "urgent_until_at", need->urgent_until);
    }
    put_int(o, "published_at", need->published_at);
    put_int(o, "expires_at", need->expires);
    put_entry_lists(o, rq, need->index);
    put_title(o, rq, &need->key);
    return o;
}

void get_need(struct request *rq)
{
    struct thing_key key;
    struct need need;

    if (!query_read(rq, NULL, 0)) {
        return;
    }
    if (!view_thing_key(rq, &key) || !state_need(rq->state, &key, &need)) {
        if (request_reads_directory(rq, false) || request_needs_session(rq)) {
            reply_code(rq, CODE_not_found, "no such need");
        }
        return;
    }
    if ((request_reads_directory(rq, need.is_public) || request_needs_session(rq)) &&
        !reply_not_modified(rq)) {
        reply_json(rq, MHD_HTTP_OK, view_need(rq, &need));
    }
}

enum urgent_filter { URGENT_ANY = -1, URGENT_YES, URGENT_NO };

static bool fits(struct request *rq, const struct thing_filter *f, int urgent,
                 const struct need *need)
{
    const char *word = urgency(need);
    bool is_urgent = strcmp(word, "declared") == 0 || strcmp(word, "in_force") == 0;

    return request_reads_directory(rq, need->is_public) && (f->all || need->life == LIFE_OPEN) &&
           (!f->type || need->type == f->type) &&
           (!f->skill.s[0] || strcmp(f->skill.s, need->skill.s) == 0) &&
           (!f->org || need->key.author == f->org) &&
           (urgent == URGENT_ANY || is_urgent == (urgent == URGENT_YES));
}

static void list_needs(struct request *rq, const struct thing_filter *filter, int urgent,
                       struct page *page)
{
    uint8_t cursor[THING_CURSOR_LEN];
    struct thing_key last;
    struct need need;

    things_resume(page, &last);
    for (bool more = page->resumed; state_next_need(rq->state, more ? &last : NULL, &need);
         more = true) {
        if (!page_goes_on(page)) {
            things_cursor(cursor, &last);
            page_reply(rq, page, cursor);
            return;
        }
        last = need.key;
        if (fits(rq, filter, urgent, &need)) {
            page_add(page, view_need(rq, &need));
        }
    }
    page_reply(rq, page, NULL);
}

void get_needs(struct request *rq)
{
    static const char *const words[] = {"true", "false", NULL};
    struct query q[] = {{"limit", NULL}, {"cursor", NULL}, {"skill", NULL}, {"org", NULL},
                        {"type", NULL},  {"state", NULL},  {"urgent", NULL}};
    struct thing_filter filter;
    struct page page;
    int urgent = URGENT_ANY;

    if (!query_read(rq, q, 7) || !things_filter(rq, q, &filter) ||
        !query_word(rq, &q[6], words, &urgent) ||
        !page_read(rq, "needs", "", q, 7, THING_CURSOR_LEN, &page)) {
        return;
    }
    if (reply_not_modified(rq)) {
        page_drop(&page);
        return;
    }
    list_needs(rq, &filter, urgent, &page);
}
