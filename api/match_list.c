/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Proposals over HTTP (SPEC 12.4, 19.8). Positions are their owners': a party sees its own before
 * and after, and how many others could have been proposed; coordinators see all, in order of
 * admission. Whether an asker is fragile can be read from its class and from what the pool pays, so
 * these are told to the asker alone.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/match_items.h"
#include "api/page.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/view.h"
#include "api/words.h"
#include "ledger/kept_batch.h"
#include "ledger/match_json.h"
#include "policies/window.h"

/* How long an agreement drafted from a proposal lasts, where the policy allows it. */
#define DRAFT_DAYS 180

/* --- Views ------------------------------------------------------------------------------------ */

static bool is_asker(const struct request *rq, const struct match_item *item)
{
    return rq->caller.org == item->asker_number;
}

static void put_change(json_t *o, const char *name, int64_t before, int64_t after)
{
    json_t *change = view_object();

    put_int(change, "before", before);
    put_int(change, "after", after);
    put(o, name, change);
}

/* How many others could have, by what spoke against them; nobody is named. */
static json_t *view_counts(const struct match_result *r, const struct match_proposal *p)
{
    json_t *o = view_object();
    int64_t counts[MATCH_OTHER_RELIED + 1] = {0};

    for (size_t i = p->first_other; i < p->first_other + p->n_others; i++) {
        counts[r->others[i].why]++;
    }
    for (int why = MATCH_OTHER_WORSE; why <= MATCH_OTHER_RELIED; why++) {
        put_int(o, match_other_word((enum match_other_why)why), counts[why]);
    }
    return o;
}

static json_t *view_reasons(struct request *rq, const struct match_list *list,
                            const struct match_item *item)
{
    const struct match_result *r = &list->batch->result;
    const struct match_proposal *p = &r->proposals[item->place];
    json_t *o;

    if (rq->caller.coordinator) {
        json_t *whole = match_proposal_json(&list->batch->facts, r, item->place);

        o = json_incref(json_object_get(whole, "reasons"));
        json_decref(whole);
        return o;
    }
    o = view_object();
    put(o, "counts", view_counts(r, p));
    put_int(o, "pair_before", p->pair_before);
    if (is_asker(rq, item)) {
        put_change(o, "asker", p->receiver_before, p->receiver_after);
        put_int(o, "pair_beyond", p->pair_beyond);
        put_int(o, "received_before", p->received_before);
    } else {
        put_change(o, "provider", p->giver_before, p->giver_after);
    }
    return o;
}

static json_t *view_choice_reasons(struct request *rq, const struct match_item *item)
{
    json_t *o = view_object();

    put_int(o, "candidates", (int64_t)item->others + 1);
    if (rq->caller.coordinator || rq->caller.org == item->provider_number) {
        put_change(o, "provider", item->provider_before, item->provider_after);
    }
    return o;
}

/* The members of an agreement.sign, but for by, id, valid_until and details. */
static json_t *view_draft(struct request *rq, const struct match_item *item)
{
    const struct policy *policy = &rq->state->network.found.policy;
    int64_t days = policy->agreement_days_max < DRAFT_DAYS ? policy->agreement_days_max
                                                           : DRAFT_DAYS;
    json_t *o = view_object(), *share = view_object(), *shares = view_array();

    put_text(share, "from", item->provider.s);
    put_int(share, "minutes", item->minutes);
    put_text(share, "to", item->asker.s);
    json_array_append_new(shares, share);
    put_text(o, "kind", "agreement.sign");
    put_ref(o, "need", &item->need);
    put_ref(o, "offer", &item->offer);
    put(o, "shares", shares);
    /* The last moment of a day, so that the answer is the same all day. */
    put_int(o, "expires", (window_day(rq->now_ms) + days) * WINDOW_DAY_MS - 1);
    return o;
}

static void put_batch(json_t *o, const struct match_item *item, const struct match_list *list)
{
    json_t *batch;

    if (item->kind == ITEM_CHOICE) {
        put(o, "batch", json_null());
        return;
    }
    batch = view_object();
    put_text(batch, "week", list->batch->facts.week);
    put_int(batch, "size", (int64_t)list->batch->facts.size);
    put_int(batch, "at", list->batch->facts.at);
    put(o, "batch", batch);
}

static void put_proposed(json_t *o, struct request *rq, const struct match_list *list,
                         const struct match_item *item)
{
    const struct match_proposal *p = item->kind == ITEM_BATCH
                                         ? &list->batch->result.proposals[item->place]
                                         : NULL;

    put_ref(o, "offer", &item->offer);
    put_text(o, "provider", item->provider.s);
    put_flag(o, "joint", p && p->joint);
    if (p && (rq->caller.coordinator || is_asker(rq, item))) {
        put_int(o, "pool_minutes", p->pool_minutes);
    }
    put(o, "reasons", p ? view_reasons(rq, list, item) : view_choice_reasons(rq, item));
    put(o, "draft", view_draft(rq, item));
}

static json_t *view_item(struct request *rq, const struct match_list *list,
                         const struct match_item *item)
{
    bool proposed = item->kind != ITEM_LEFT;
    json_t *o = view_object();

    put_text(o, "outcome", proposed ? "proposed" : "left");
    put_text(o, "state", match_item_state_word(item->state));
    put_batch(o, item, list);
    put_ref(o, "need", &item->need);
    put_text(o, "asker", item->asker.s);
    put_text(o, "type", thing_word((enum thing)item->type));
    if (item->skill.s[0]) {
        put_text(o, "skill", item->skill.s);
    }
    put_int(o, "minutes", item->minutes);
    put_flag(o, "urgent", item->class == 0);
    if (rq->caller.coordinator || is_asker(rq, item)) {
        put_int(o, "class", item->class);
    }
    if (proposed) {
        put_proposed(o, rq, list, item);
    } else {
        put_text(o, "why", match_left_word(list->batch->result.left[item->place].why));
    }
    put(o, "sentence", match_item_sentence(list, item));
    return o;
}

/* --- The list --------------------------------------------------------------------------------- */

#define PLACE_LEN sizeof(uint32_t)

static void reply_list(struct request *rq, struct page *page, const struct match_list *list)
{
    uint32_t at = 0;

    memcpy(&at, page->key, sizeof at);
    for (; at < list->n; at++) {
        if (!match_item_seen(rq, &list->v[at])) {
            continue;
        }
        if (!page_goes_on(page)) {
            page_reply(rq, page, &at);
            return;
        }
        page_add(page, view_item(rq, list, &list->v[at]));
    }
    page_reply(rq, page, NULL);
}

void get_matches(struct request *rq)
{
    struct query q[] = {{"limit", NULL}, {"cursor", NULL}};
    struct match_list list;
    struct page page;

    if (!query_read(rq, q, 2) ||
        !page_read(rq, "matches", rq->caller.handle.s, q, 2, PLACE_LEN, &page)) {
        return;
    }
    if (match_not_modified(rq)) {
        page_drop(&page);
        return;
    }
    if (match_list_begin(rq, &list)) {
        reply_list(rq, &page, &list);
    } else {
        page_drop(&page);
    }
    match_list_end(rq, &list);
}

/* --- The inputs ------------------------------------------------------------------------------- */

/* Coordinators, and the panel, who look after what is done by rule. */
static bool reads_inputs(struct request *rq)
{
    if (!request_needs_session(rq)) {
        return false;
    }
    if (rq->caller.coordinator ||
        state_mandate(rq->state, rq->caller.org, ROLE_PANEL) > rq->now_ms) {
        return true;
    }
    reply_code(rq, CODE_forbidden, "only coordinators and the panel read this");
    return false;
}

void get_match_inputs(struct request *rq)
{
    const struct week_batch *batch;

    if (!query_read(rq, NULL, 0) || !reads_inputs(rq) || match_not_modified(rq)) {
        return;
    }
    batch = match_batch_of(rq);
    if (batch) {
        reply_copy(rq, MHD_HTTP_OK, "application/json", batch->json, batch->n);
    } else {
        reply_code(rq, CODE_internal, "the batch cannot be made");
    }
    matches_release(rq->server->matches, batch);
}

/* --- A batch anew ----------------------------------------------------------------------------- */

void post_matches(struct request *rq)
{
    struct server *server = rq->server;
    const struct week_batch *batch;
    json_t *o;

    if (!query_read(rq, NULL, 0) || !request_needs_coordinator(rq)) {
        return;
    }
    if (!matches_refresh(server->matches, server->node->side, rq->state, server->node->origin,
                         rq->now_ms, true)) {
        reply_code(rq, CODE_internal, "the batch cannot be made");
        return;
    }
    batch = matches_get(server->matches);
    o = view_object();
    put_text(o, "week", batch->facts.week);
    put_int(o, "size", (int64_t)batch->facts.size);
    put_int(o, "at", batch->facts.at);
    put_int(o, "proposals", (int64_t)batch->result.n_proposals);
    put_int(o, "left", (int64_t)batch->result.n_left);
    matches_release(server->matches, batch);
    reply_json(rq, MHD_HTTP_OK, o);
}

/* --- Declining -------------------------------------------------------------------------------- */

/* `{}`, or `{"until":"YYYY-MM-DD"}`: the last day on which it does not want to be proposed. */
static bool read_decline(struct request *rq, struct match_decline *out)
{
    json_t *body = request_json(rq);
    const char *text;
    size_t n;
    int32_t day;

    if (!body) {
        return false;
    }
    if (json_object_size(body) > 0 && (text = request_json_string(rq, body, "until", &n)) != NULL &&
        request_json_only(rq, body, 1)) {
        if (!day_parse(text, n, &day) || day < window_day(rq->now_ms)) {
            reply_body(rq, "until", "a day to come, YYYY-MM-DD", text);
        } else {
            out->until = (day + 1) * WINDOW_DAY_MS;
        }
    }
    json_decref(body);
    return rq->outcome == OUTCOME_NONE;
}

static bool is_proposed(const struct request *rq, const struct match_list *list,
                        const struct match_decline *d)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct match_item *item = &list->v[i];

        if (item->kind != ITEM_LEFT && item->provider_number == rq->caller.org &&
            memcmp(&item->need.id, &d->need.id, sizeof d->need.id) == 0 &&
            strcmp(item->need.by.s, d->need.by.s) == 0) {
            return true;
        }
    }
    return false;
}

void post_match_decline(struct request *rq)
{
    struct match_decline decline = {.need = {rq->args.handle, rq->args.id},
                                    .org = rq->caller.handle,
                                    .at = rq->now_ms};
    struct match_list list;
    bool proposed = false;
    json_t *o;

    if (!query_read(rq, NULL, 0) || !read_decline(rq, &decline)) {
        return;
    }
    if (match_list_begin(rq, &list)) {
        proposed = is_proposed(rq, &list, &decline);
    }
    match_list_end(rq, &list);
    if (rq->outcome != OUTCOME_NONE) {
        return;
    }
    if (!proposed) {
        reply_code(rq, CODE_not_found, "your organisation is not proposed for this need");
        return;
    }
    if (!kept_decline_put(rq->server->node->side, &decline)) {
        reply_code(rq, CODE_internal, "it cannot be kept now");
        return;
    }
    o = view_object();
    put_ref(o, "need", &decline.need);
    put_text(o, "org", decline.org.s);
    put(o, "until_at", decline.until ? json_integer(decline.until) : json_null());
    reply_json(rq, MHD_HTTP_OK, o);
}

/* --- Loops ------------------------------------------------------------------------------------ */

#define LOOPS_MAX 50

struct loop_step {
    const struct match_facts *f;
    json_t *needs;
};

static void add_need(void *ctx, size_t need, size_t offer)
{
    struct loop_step *step = ctx;
    json_t *o = view_object();

    put_ref(o, "need", &step->f->needs[need].ref);
    put_int(o, "minutes", step->f->needs[need].minutes);
    put_ref(o, "offer", &step->f->offers[offer].ref);
    json_array_append_new(step->needs, o);
}

static json_t *view_loop_sentence(const struct match_facts *f, const struct loop *loop)
{
    static const char *const forms[][LANGUAGES] = {
        {"$1 and $2 could give each other $3.", "$1 et $2 pourraient se donner $3 l'une à l'autre.",
         "$1 en $2 kunnen elkaar $3 geven."},
        {"$1 gives $2, $2 gives $4, $4 gives $1: $3 each, and all positions stay as they are.",
         "$1 donne à $2, $2 à $4, $4 à $1 : $3 chacune, et toutes les positions restent les mêmes.",
         "$1 geeft $2, $2 geeft $4, $4 geeft $1: elk $3, en alle standen blijven gelijk."},
        {"$1 gives $2, $2 gives $4, $4 gives $5, $5 gives $1: $3 each, and all positions stay as "
         "they are.",
         "$1 donne à $2, $2 à $4, $4 à $5, $5 à $1 : $3 chacune, et toutes les positions restent "
         "les mêmes.",
         "$1 geeft $2, $2 geeft $4, $4 geeft $5, $5 geeft $1: elk $3, en alle standen blijven "
         "gelijk."}};
    const char *const *form = forms[loop->n - 2];
    struct words w = {.form = {form[0], form[1], form[2]}, .n = loop->n + 1};

    for (uint32_t i = 0; i < loop->n; i++) {
        size_t k = i < 2 ? i : i + 1;

        w.v[k].kind = 's';
        w.v[k].text = f->orgs[loop->org[i]].handle.s;
    }
    w.v[2].kind = 'h';
    w.v[2].value = loop->minutes;
    return words_json(&w);
}

static json_t *view_loop(const struct match_facts *f, const struct loop *loop)
{
    json_t *o = view_object(), *steps = view_array();

    for (uint32_t i = 0; i < loop->n; i++) {
        uint32_t from = loop->org[i], to = loop->org[(i + 1) % loop->n];
        struct loop_step step = {f, view_array()};
        json_t *one = view_object();

        match_facts_between(f, from, to, add_need, &step);
        put_text(one, "from", f->orgs[from].handle.s);
        put_text(one, "to", f->orgs[to].handle.s);
        put(one, "needs", step.needs);
        json_array_append_new(steps, one);
    }
    put_int(o, "minutes", loop->minutes);
    put(o, "steps", steps);
    put(o, "sentence", view_loop_sentence(f, loop));
    return o;
}

void get_match_loops(struct request *rq)
{
    struct server *server = rq->server;
    const struct now_facts *now;
    struct loop loops[LOOPS_MAX];
    json_t *o, *list;
    size_t n;

    if (!query_read(rq, NULL, 0) || !request_needs_coordinator(rq) || reply_not_modified(rq)) {
        return;
    }
    now = matches_now(server->matches, server->node->side, rq->state, server->node->origin,
                      rq->now_ms);
    n = now ? match_facts_loops(&now->facts, loops, LOOPS_MAX) : SIZE_MAX;
    if (n == SIZE_MAX) {
        reply_code(rq, CODE_internal, "the loops cannot be computed");
    } else {
        o = view_object();
        list = view_array();
        for (size_t i = 0; i < n; i++) {
            json_array_append_new(list, view_loop(&now->facts, &loops[i]));
        }
        put(o, "items", list);
        put_int(o, "size", (int64_t)now->facts.size);
        reply_json(rq, MHD_HTTP_OK, o);
    }
    if (now) {
        matches_release_now(server->matches, now);
    }
}
