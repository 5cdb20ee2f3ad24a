/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Positions and reciprocity in figures (SPEC 7, 8). No list here is ordered by a figure. */
#include "api/figures.h"
#include "api/json_out.h"
#include "api/page.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/view.h"
#include "policies/limits.h"
#include "policies/window.h"

static void out_day(struct json_out *o, const char *name, int32_t day)
{
    char text[DAY_TEXT_BYTES];

    day_format(text, day < DAY_MIN ? DAY_MIN : day);
    json_text(o, name, text);
}

static void out_line(struct json_out *o, const struct line *line)
{
    json_open(o, "line", '{');
    json_int(o, "floor", line->floor);
    json_int(o, "hard_stop", line->hard_floor);
    json_int(o, "ceiling", line->ceiling);
    json_shut(o, '}');
}

static void out_dependency(struct json_out *o, struct request *rq, const struct dependency_sum *sum)
{
    struct dependency d = reciprocity_dependency(sum);
    struct org top;

    if (!d.known) {
        json_none(o, "dependency");
        return;
    }
    json_open(o, "dependency", '{');
    json_text(o, "org", state_org(rq->state, d.top_from, &top) ? top.handle.s : "");
    json_int(o, "permille", d.top_permille);
    json_int(o, "hhi", d.hhi);
    json_int(o, "providers_permille", d.effective_permille);
    json_flag(o, "above_pair_cap",
              reciprocity_above_pair_cap(&rq->state->network.found.policy, sum));
    json_shut(o, '}');
}

static void out_counters(struct json_out *o, const struct org *org)
{
    json_int(o, "position", org_position(org));
    json_int(o, "given_posted", org->given_posted);
    json_int(o, "received_posted", org->received_posted);
    json_int(o, "given_pending", org->given_pending);
    json_int(o, "received_pending", org->received_pending);
    json_int(o, "moves", org->moves);
    json_int(o, "given_gifts", org->given_gifts);
    json_int(o, "received_gifts", org->received_gifts);
    json_int(o, "given_exchanges", org->given_count);
    json_int(o, "received_exchanges", org->received_count);
}

/* The members of a position; the caller opens and shuts its object. */
static void out_position(struct json_out *o, struct request *rq, const struct org *stored,
                         const struct org_figures *figures)
{
    struct org org = *stored;
    struct line line;

    state_roll_window(rq->state, &org, figures->to_day);
    state_line(rq->state, &org, state_last_at(rq->state), &line);
    json_text(o, "org", org.handle.s);
    json_text(o, "state", org.state == ORG_ACTIVE ? "active" : "left");
    out_counters(o, &org);
    json_int(o, "projected", org_position(&org) - org.received_pending);
    out_line(o, &line);
    json_flag(o, "above_ceiling", limits_above_ceiling(&line, org_position(&org)));
    json_open(o, "window", '{');
    out_day(o, "from", figures->from_day);
    out_day(o, "to", figures->to_day);
    json_int(o, "given", org.given_year);
    json_int(o, "received", org.received_year);
    json_shut(o, '}');
    json_open(o, "metrics", '{');
    json_ratio(o, "line_use", reciprocity_line_use(&line, org_position(&org)));
    json_ratio(o, "exchange_index",
               reciprocity_exchange_index(org.given_year, org.received_year));
    out_dependency(o, rq, &figures->sum);
    json_shut(o, '}');
}

static bool find_figures(struct request *rq, const struct org *org, struct org_figures *out,
                         size_t *looked)
{
    return figures_org(rq->server->figures, rq->state, rq->server->node->origin, org,
                       window_day(rq->now_ms), out, looked);
}

void get_position(struct request *rq)
{
    uint32_t number = state_org_number(rq->state, &rq->args.handle);
    struct org_figures figures;
    struct json_out o = {0};
    size_t looked = 0;
    struct org org;

    if (!query_read(rq, NULL, 0)) {
        return;
    }
    if (number == POOL || !state_org(rq->state, number, &org)) {
        reply_code(rq, CODE_not_found, "no such organisation");
        return;
    }
    if (!request_needs_own(rq, number) || reply_not_modified(rq)) {
        return;
    }
    if (!find_figures(rq, &org, &figures, &looked)) {
        reply_code(rq, CODE_internal, "the rolling year cannot be read");
        return;
    }
    json_open(&o, NULL, '{');
    out_position(&o, rq, &org, &figures);
    json_int(&o, "size", (int64_t)state_size(rq->state));
    json_shut(&o, '}');
    reply_json_out(rq, MHD_HTTP_OK, &o);
}

void get_positions(struct request *rq)
{
    struct query q[] = {{"limit", NULL}, {"cursor", NULL}};
    struct org_figures figures;
    struct page page;
    uint32_t number;
    struct org org;

    if (!query_read(rq, q, 2) || !request_needs_coordinator(rq) ||
        !page_read(rq, "positions", "", q, 2, sizeof number, &page) ||
        !page_read_org(rq, &page, &number)) {
        return;
    }
    if (reply_not_modified(rq)) {
        page_drop(&page);
        return;
    }
    while (state_org(rq->state, number + 1, &org) && page_goes_on(&page)) {
        struct json_out *o;

        if (!find_figures(rq, &org, &figures, &page.scanned)) {
            page_drop(&page);
            reply_code(rq, CODE_internal, "the rolling year cannot be read");
            return;
        }
        o = page_item(&page);
        json_open(o, NULL, '{');
        out_position(o, rq, &org, &figures);
        json_shut(o, '}');
        number = org.number;
    }
    page_reply(rq, &page, state_org(rq->state, number + 1, &org) ? &number : NULL);
}
