/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* GET /v1/orgs/{handle}/pairs: with whom, in order of admission of the others (SPEC 12.4). */
#include <string.h>

#include "api/page.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/view.h"

static json_t *view_pair(struct request *rq, uint32_t other, const struct pair *given,
                         const struct pair *received)
{
    int64_t last = given->last_at > received->last_at ? given->last_at : received->last_at;
    json_t *o = view_object();

    put_handle(o, "org", rq->state, other);
    put_int(o, "given", given->minutes);
    put_int(o, "received", received->minutes);
    put_int(o, "given_gifts", given->gift_minutes);
    put_int(o, "received_gifts", received->gift_minutes);
    put_int(o, "given_exchanges", given->count);
    put_int(o, "received_exchanges", received->count);
    put_int(o, "last_at", last);
    return o;
}

static void list_pairs(struct request *rq, uint32_t org, struct page *page)
{
    struct sums sums;
    uint32_t other = 0;

    state_sums(rq->state, &sums);
    memcpy(&other, page->key, sizeof other);
    while (other < sums.orgs) {
        struct pair given = {0}, received = {0};
        bool any;

        if (!page_goes_on(page)) {
            page_reply(rq, page, &other);
            return;
        }
        other++;
        any = state_pair(rq->state, org, other, &given);
        any = state_pair(rq->state, other, org, &received) || any;
        if (any) {
            page_add(page, view_pair(rq, other, &given, &received));
        }
    }
    page_reply(rq, page, NULL);
}

void get_pairs(struct request *rq)
{
    struct query q[] = {{"limit", NULL}, {"cursor", NULL}};
    uint32_t number = state_org_number(rq->state, &rq->args.handle);
    struct page page;

    if (!query_read(rq, q, 2)) {
        return;
    }
    if (number == POOL) {
        reply_code(rq, CODE_not_found, "no such organisation");
        return;
    }
    if (!request_needs_own(rq, number) ||
        !page_read(rq, "pairs", rq->args.handle.s, q, 2, sizeof number, &page)) {
        return;
    }
    if (reply_not_modified(rq)) {
        page_drop(&page);
        return;
    }
    list_pairs(rq, number, &page);
}
