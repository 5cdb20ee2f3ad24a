/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Positions and reciprocity in figures (SPEC 7, 8). No list here is ordered by a figure. */
#include <string.h>

#include "api/figures.h"
#include "api/page.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/view.h"
#include "policies/limits.h"
#include "policies/window.h"

static void put_day(json_t *o, const char *name, int32_t day)
{
    char text[DAY_TEXT_BYTES];

    day_format(text, day < DAY_MIN ? DAY_MIN : day);
    put_text(o, name, text);
}

static json_t *view_line(const struct line *line)
{
    json_t *o = view_object();

    put_int(o, "floor", line->floor);
    put_int(o, "hard_stop", line->hard_floor);
    put_int(o, "ceiling", line->ceiling);
    return o;
}

static json_t *view_dependency(struct request *rq, const struct dependency_sum *sum)
{
    struct dependency d = reciprocity_dependency(sum);
    json_t *o;

    if (!d.known) {
        return json_null();
    }
    o = view_object();
    put_handle(o, "org", rq->state, d.top_from);
    put_int(o, "permille", d.top_permille);
    put_int(o, "hhi", d.hhi);
    put_int(o, "providers_permille", d.effective_permille);
    put_flag(o, "above_pair_cap",
             reciprocity_above_pair_cap(&rq->state->network.found.policy, sum));
    return o;
}

static void put_counters(json_t *o, const struct org *org)
{
    put_int(o, "position", org_position(org));
    put_int(o, "given_posted", org->given_posted);
    put_int(o, "received_posted", org->received_posted);
    put_int(o, "given_pending", org->given_pending);
    put_int(o, "received_pending", org->received_pending);
    put_int(o, "moves", org->moves);
    put_int(o, "given_gifts", org->given_gifts);
    put_int(o, "received_gifts", org->received_gifts);
    put_int(o, "given_exchanges", org->given_count);
    put_int(o, "received_exchanges", org->received_count);
}

static json_t *view_position(struct request *rq, const struct org *stored,
                             const struct window_figures *w)
{
    static const struct dependency_sum nothing;
    struct org org = *stored;
    struct line line;
    json_t *o = view_object(), *window = view_object(), *m = view_object();
    const struct dependency_sum *sum = org.number < w->orgs ? &w->sums[org.number] : &nothing;

    state_roll_window(rq->state, &org, w->flows.to_day);
    limits_line(&rq->state->network.found.policy, org.given_year, org.given_count, &line);
    put_text(o, "org", org.handle.s);
    put_text(o, "state", org.state == ORG_ACTIVE ? "active" : "left");
    put_counters(o, &org);
    put_int(o, "projected", org_position(&org) - org.received_pending);
    put(o, "line", view_line(&line));
    put_flag(o, "above_ceiling", limits_above_ceiling(&line, org_position(&org)));
    put_day(window, "from", w->flows.from_day);
    put_day(window, "to", w->flows.to_day);
    put_int(window, "given", org.given_year);
    put_int(window, "received", org.received_year);
    put(o, "window", window);
    put_ratio(m, "line_use", reciprocity_line_use(&line, org_position(&org)));
    put_ratio(m, "exchange_index",
              reciprocity_exchange_index(org.given_year, org.received_year));
    put(m, "dependency", view_dependency(rq, sum));
    put(o, "metrics", m);
    return o;
}

static const struct window_figures *figures_now(struct request *rq)
{
    const struct window_figures *w =
        figures_get(rq->server->figures, rq->state, window_day(rq->now_ms));

    if (!w) {
        reply_code(rq, CODE_internal, "no memory for the rolling year");
    }
    return w;
}

void get_position(struct request *rq)
{
    uint32_t number = state_org_number(rq->state, &rq->args.handle);
    const struct window_figures *w;
    struct org org;
    json_t *o;

    if (!query_read(rq, NULL, 0)) {
        return;
    }
    if (number == POOL || !state_org(rq->state, number, &org)) {
        reply_code(rq, CODE_not_found, "no such organisation");
        return;
    }
    if (!request_needs_own(rq, number) || reply_not_modified(rq) || !(w = figures_now(rq))) {
        return;
    }
    o = view_position(rq, &org, w);
    put_int(o, "size", (int64_t)state_size(rq->state));
    figures_release(rq->server->figures, w);
    reply_json(rq, MHD_HTTP_OK, o);
}

void get_positions(struct request *rq)
{
    struct query q[] = {{"limit", NULL}, {"cursor", NULL}};
    const struct window_figures *w;
    struct page page;
    uint32_t number;
    struct org org;

    if (!query_read(rq, q, 2) || !request_needs_coordinator(rq) ||
        !page_read(rq, "positions", "", q, 2, sizeof number, &page) ||
        !page_read_org(rq, &page, &number)) {
        return;
    }
    if (reply_not_modified(rq) || !(w = figures_now(rq))) {
        page_drop(&page);
        return;
    }
    while (state_org(rq->state, number + 1, &org) && page_goes_on(&page)) {
        page_add(&page, view_position(rq, &org, w));
        number = org.number;
    }
    figures_release(rq->server->figures, w);
    page_reply(rq, &page, state_org(rq->state, number + 1, &org) ? &number : NULL);
}

void get_reciprocity(struct request *rq)
{
    const struct window_figures *w;
    json_t *o, *window, *m;

    if (!query_read(rq, NULL, 0) || reply_not_modified(rq) || !(w = figures_now(rq))) {
        return;
    }
    o = view_object();
    window = view_object();
    m = view_object();
    put_day(window, "from", w->flows.from_day);
    put_day(window, "to", w->flows.to_day);
    put_int(window, "minutes", w->minutes);
    put_int(window, "pairs", (int64_t)w->flows.n);
    put(o, "window", window);
    put_totals(o, rq->state);
    put_ratio(m, "displaced_share", w->displaced);
    put_ratio(m, "direct_reciprocity", w->direct);
    put(o, "metrics", m);
    put_int(o, "size", (int64_t)state_size(rq->state));
    figures_release(rq->server->figures, w);
    reply_json(rq, MHD_HTTP_OK, o);
}
