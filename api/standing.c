/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* GET /v1/orgs/{handle}/standing: what an organisation sees of itself (SPEC 18.10). */
#include "api/figures.h"
#include "api/next_steps.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/view.h"
#include "policies/fill.h"
#include "policies/promise.h"
#include "policies/window.h"

static void put_line(json_t *o, const struct line *line)
{
    json_t *l = view_object();

    put_int(l, "floor", line->floor);
    put_int(l, "hard_stop", line->hard_floor);
    put_int(l, "ceiling", line->ceiling);
    put(o, "line", l);
}

static void put_dependency(json_t *o, struct request *rq, const struct dependency_sum *sum)
{
    struct dependency d = reciprocity_dependency(sum);
    json_t *dep;

    if (!d.known) {
        put(o, "dependency", json_null());
        return;
    }
    dep = view_object();
    put_handle(dep, "org", rq->state, d.top_from);
    put_int(dep, "permille", d.top_permille);
    put_int(dep, "hhi", d.hhi);
    put(o, "dependency", dep);
}

/* Its own needs that were met or expired in the year. */
static void put_own_fill(json_t *o, struct request *rq, uint32_t org)
{
    const struct policy *policy = &rq->state->network.found.policy;
    int32_t to = window_day(rq->now_ms), from = window_first_day(to, policy->window_days);
    int64_t begin = (from - policy->need_days_max - policy->entry_days_max) * WINDOW_DAY_MS;
    struct thing_key last = {.author = 0};
    struct fill fill = {0};
    struct need need;
    json_t *f = view_object();

    id_make(&last.id, begin > 0 ? begin : 0, (const uint8_t[10]){0});
    for (; state_next_need(rq->state, &last, &need); last = need.key) {
        int32_t day = window_day(need.life == LIFE_EXPIRED ? need.expires : need.ended_at);

        if (need.key.author == org && (need.life == LIFE_MET || need.life == LIFE_EXPIRED) &&
            day >= from && day <= to) {
            fill.asked += need.minutes;
            fill.served += need.in_time < need.minutes ? need.in_time : need.minutes;
        }
    }
    put_int(f, "asked", fill.asked);
    put_int(f, "served", fill.served);
    put_ratio(f, "permille", fill_rate(&fill));
    put(o, "fill", f);
}

static void put_promises(json_t *o, struct request *rq, uint32_t org)
{
    const struct policy *policy = &rq->state->network.found.policy;
    int32_t to = window_day(rq->now_ms);
    struct promise_count year, lately;
    json_t *p = view_object();
    struct step step;

    state_promises(rq->state, org, window_first_day(to, PROMISE_STANDING_DAYS), to, &year);
    state_promises(rq->state, org, window_first_day(to, policy->promise_days), to, &lately);
    put_int(p, "kept", year.kept);
    put_int(p, "broken", year.broken);
    put_int(p, "standing", promise_standing(year.kept, year.broken));
    put_int(p, "broken_lately", lately.broken);
    if (state_step(rq->state, org, &step) && promise_step_in_force(&step.last, rq->now_ms)) {
        put_int(p, "step", step.last.step);
        put_int(p, "until_at", step.last.until);
    } else {
        put_int(p, "step", lately.broken > 0 ? 1 : 0);
    }
    put(o, "promises", p);
}

static void put_status(json_t *o, struct request *rq, uint32_t org)
{
    struct status status;
    json_t *s;

    if (state_status_class(rq->state, org, rq->now_ms, &status) == 0) {
        put(o, "status", json_null());
        return;
    }
    s = view_object();
    put_int(s, "class", status.class);
    put_int(s, "pool_permille", status.pool_permille);
    put_int(s, "levy_permille", status.levy_permille);
    put_int(s, "until_at", status.until);
    put(o, "status", s);
}

static json_t *view_standing(struct request *rq, struct org *org,
                             const struct org_figures *figures)
{
    const struct policy *policy = &rq->state->network.found.policy;
    struct next_case c = {.org = org};
    json_t *o = view_object(), *m = view_object();
    int32_t days;

    state_roll_window(rq->state, org, figures->to_day);
    state_line(rq->state, org, rq->now_ms, &c.line);
    c.position_step = sheet_position_step(policy, org, rq->now_ms);
    c.above_pair_cap = reciprocity_above_pair_cap(policy, &figures->sum);
    put_text(o, "org", org->handle.s);
    put_int(o, "size", (int64_t)state_size(rq->state));
    put_int(o, "position", org_position(org));
    put_line(o, &c.line);
    put_ratio(m, "line_use", reciprocity_line_use(&c.line, org_position(org)));
    put_ratio(m, "exchange_index",
              reciprocity_exchange_index(org->given_year, org->received_year));
    put_dependency(m, rq, &figures->sum);
    if (query_return_days(rq->state, org, figures->to_day, &days)) {
        put_int(m, "return_days", days);
    } else {
        put(m, "return_days", json_null());
    }
    put(o, "metrics", m);
    put_flag(o, "above_pair_cap", c.above_pair_cap);
    put_int(o, "position_step", c.position_step);
    put_int(o, "pool_received", org->pool_received);
    put_own_fill(o, rq, org->number);
    put_promises(o, rq, org->number);
    put_status(o, rq, org->number);
    put(o, "next", next_steps(rq, &c));
    return o;
}

void get_standing(struct request *rq)
{
    uint32_t number = state_org_number(rq->state, &rq->args.handle);
    struct org_figures figures;
    struct org org;
    size_t looked = 0;

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
    if (!figures_org(rq->server->figures, rq->state, rq->server->node->origin, &org,
                     window_day(rq->now_ms), &figures, &looked)) {
        reply_code(rq, CODE_internal, "the rolling year cannot be read");
        return;
    }
    reply_json(rq, MHD_HTTP_OK, view_standing(rq, &org, &figures));
}
