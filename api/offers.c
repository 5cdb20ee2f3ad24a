/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Offers: skills, spaces, equipment (SPEC 6.6). In the order in which they were made. */
#include <string.h>

#include "api/reply.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/things.h"
#include "api/view.h"
#include "ledger/query.h"

/* Areas and languages stand in the entry alone; no rule needs them. */
static void put_entry_lists(json_t *o, struct request *rq, uint64_t index)
{
    struct entry *entry = &rq->worker->entry;
    struct slice leaf;

    if (query_entry(rq->state, rq->server->node->origin, index, entry, &leaf)) {
        put_slugs(o, "areas", &entry->offer_publish.areas);
        put_slugs(o, "languages", &entry->offer_publish.languages);
    }
}

static json_t *view_offer(struct request *rq, const struct offer *offer)
{
    json_t *o = view_object(), *providers = view_array();

    put_thing(o, "ref", rq->state, &offer->key);
    put_int(o, "index", (int64_t)offer->index);
    put_text(o, "state", life_of(offer->life));
    put_text(o, "type", thing_word((enum thing)offer->type));
    if (offer->skill.s[0]) {
        put_text(o, "skill", offer->skill.s);
    }
    for (size_t i = 0; i < offer->n_providers; i++) {
        json_array_append_new(providers, view_handle(rq->state, offer->providers[i]));
    }
    put(o, "providers", providers);
    put_flag(o, "public", offer->is_public);
    put_int(o, "published_at", offer->published_at);
    if (offer->renewed_at > offer->published_at) {
        put_int(o, "renewed_at", offer->renewed_at);
    }
    put_int(o, "expires_at", offer->expires);
    if (offer->minutes_month) {
        put_int(o, "minutes_month", offer->minutes_month);
    }
    put_entry_lists(o, rq, offer->index);
    put_title(o, rq, &offer->key);
    return o;
}

void get_offer(struct request *rq)
{
    struct thing_key key;
    struct offer offer;

    if (!query_read(rq, NULL, 0)) {
        return;
    }
    if (!view_thing_key(rq, &key) || !state_offer(rq->state, &key, &offer)) {
        if (request_reads_directory(rq, false) || request_needs_session(rq)) {
            reply_code(rq, CODE_not_found, "no such offer");
        }
        return;
    }
    if ((request_reads_directory(rq, offer.is_public) || request_needs_session(rq)) &&
        !reply_not_modified(rq)) {
        reply_json(rq, MHD_HTTP_OK, view_offer(rq, &offer));
    }
}

static bool provides(const struct offer *offer, uint32_t org)
{
    for (size_t i = 0; i < offer->n_providers; i++) {
        if (offer->providers[i] == org) {
            return true;
        }
    }
    return false;
}

static bool fits(struct request *rq, const struct thing_filter *f, const struct offer *offer)
{
    return request_reads_directory(rq, offer->is_public) &&
           (f->all || offer->life == LIFE_OPEN) && (!f->type || offer->type == f->type) &&
           (!f->skill.s[0] || strcmp(f->skill.s, offer->skill.s) == 0) &&
           (!f->org || provides(offer, f->org));
}

static void list_offers(struct request *rq, const struct thing_filter *filter, struct page *page)
{
    uint8_t cursor[THING_CURSOR_LEN];
    struct thing_key last;
    struct offer offer;

    things_resume(page, &last);
    for (bool more = page->resumed;
         state_next_offer(rq->state, more ? &last : NULL, &offer); more = true) {
        if (!page_goes_on(page)) {
            things_cursor(cursor, &last);
            page_reply(rq, page, cursor);
            return;
        }
        last = offer.key;
        if (fits(rq, filter, &offer)) {
            page_add(page, view_offer(rq, &offer));
        }
    }
    page_reply(rq, page, NULL);
}

void get_offers(struct request *rq)
{
    struct query q[] = {{"limit", NULL}, {"cursor", NULL}, {"skill", NULL},
                        {"org", NULL},   {"type", NULL},   {"state", NULL}};
    struct thing_filter filter;
    struct page page;

    if (!query_read(rq, q, 6) || !things_filter(rq, q, &filter) ||
        !page_read(rq, "offers", "", q, 6, THING_CURSOR_LEN, &page)) {
        return;
    }
    if (reply_not_modified(rq)) {
        page_drop(&page);
        return;
    }
    list_offers(rq, &filter, &page);
}
