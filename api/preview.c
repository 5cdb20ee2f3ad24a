/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * POST /v1/preview: what an entry would do, by the rules of the log (SPEC 12.4).
 *
 * A preview tells about positions, so it is for those whom the entry binds: a session of one of its
 * signers or of a coordinator, or a valid signature on the note. Applications and foundings move
 * nothing and are for everybody.
 */
#include <stdio.h>
#include <string.h>

#include "api/posted.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/view.h"
#include "api/warnings.h"
#include "ledger/kind.h"
#include "ledger/preview.h"
#include "ledger/refusals.h"

static json_t *view_counters(const struct org *org)
{
    json_t *o = view_object();

    put_int(o, "position", org_position(org));
    put_int(o, "given_posted", org->given_posted);
    put_int(o, "received_posted", org->received_posted);
    put_int(o, "given_pending", org->given_pending);
    put_int(o, "received_pending", org->received_pending);
    return o;
}

static json_t *view_changes(struct request *rq, const struct outcome *outcome)
{
    json_t *list = view_array();

    for (size_t i = 0; i < outcome->n_changes; i++) {
        const struct org_change *change = &outcome->changes[i];
        json_t *o;

        if (change->after.number == POOL || !request_reads_position(rq, change->after.number)) {
            continue;
        }
        o = view_object();
        put_text(o, "org", change->after.handle.s);
        put(o, "before", view_counters(&change->before));
        put(o, "after", view_counters(&change->after));
        json_array_append_new(list, o);
    }
    return list;
}

/* The verdict of each line that was looked at; its figures for those who may read the position. */
static json_t *view_limits(struct request *rq, const struct outcome *outcome)
{
    static const char *const verdicts[] = {"pass", "pass_soft", "refused"};
    json_t *list = view_array();

    for (size_t i = 0; i < outcome->n_limits; i++) {
        const struct limit_note *limit = &outcome->limits[i];
        json_t *o = view_object();

        put_handle(o, "org", rq->state, limit->org);
        put_text(o, "verdict", verdicts[limit->decision.verdict]);
        put_flag(o, "urgent", limit->urgent);
        if (request_reads_position(rq, limit->org)) {
            put_int(o, "covered", limit->covered);
            put_int(o, "projected", limit->decision.projected);
            put_int(o, "floor", limit->decision.floor);
            put_int(o, "hard_stop", limit->decision.hard_floor);
            put_int(o, "allowed_more", limit->decision.allowed_more);
        }
        json_array_append_new(list, o);
    }
    return list;
}

/* What the common pool would pay, and what decided it (SPEC 18.4, 18.12). */
static void put_pool_part(json_t *effects, struct request *rq, const struct outcome *outcome)
{
    const struct pool_note *pool = &outcome->pool;
    json_t *o;

    if (!outcome->has_pool || !request_reads_position(rq, pool->asker)) {
        return;
    }
    o = view_object();
    put_handle(o, "asker", rq->state, pool->asker);
    put_int(o, "minutes", pool->minutes);
    put_int(o, "eligible", pool->eligible);
    put_int(o, "rate_permille", pool->rate);
    put_int(o, "paid", pool->paid);
    put_int(o, "budget_left", pool->left);
    put(effects, "pool", o);
}

static json_t *view_signers(const struct signer_set *signers)
{
    json_t *list = view_array();

    for (size_t i = 0; i < signers->n; i++) {
        json_t *o = view_object();

        put_text(o, "org", signers->v[i].handle.s);
        put_text(o, "scope", scope_word((enum scope)signers->v[i].scope));
        put_int(o, "minutes", signers->v[i].minutes);
        json_array_append_new(list, o);
    }
    return list;
}

static bool is_signer(const struct signer_set *signers, const struct handle *org)
{
    for (size_t i = 0; i < signers->n; i++) {
        if (strcmp(signers->v[i].handle.s, org->s) == 0) {
            return true;
        }
    }
    return false;
}

/* Replies and answers false when the preview is none of the caller's business. */
static bool may_preview(struct request *rq, const struct entry *entry, const struct note *note)
{
    struct signatures *found = &rq->worker->signatures;
    struct refusal why = {.code = CODE_OK};
    bool known, listed;

    if (entry->kind->id == KIND_NETWORK_FOUND || entry->kind->id == KIND_ORG_ADMIT ||
        !rq->state->network.founded || rq->caller.coordinator) {
        return true;
    }
    known = posted_signatures(rq, entry, note, true, found, &why);
    listed = rq->caller.known && (is_signer(&found->needed, &rq->caller.handle) ||
                                  strcmp(entry->by.s, rq->caller.handle.s) == 0);
    if (listed || (known && found->n_present > 0)) {
        return true;
    }
    if (request_needs_session(rq)) {
        reply_code(rq, CODE_forbidden, "a preview is for those whose signature the entry needs");
    }
    return false;
}

/*
 * The figures of a refused line tell a position, which only some may read (SPEC 12.3): the signer
 * that a stranger to the receiver names in a preview has not signed anything.
 */
static void hide_figures(struct request *rq, const struct outcome *outcome, struct refusal *why)
{
    if (why->code != CODE_limit_crossed || outcome->n_limits == 0 ||
        request_reads_position(rq, outcome->limits[outcome->n_limits - 1].org)) {
        return;
    }
    snprintf(why->expected, sizeof why->expected,
             "fewer minutes; or a gift, or a need whose urgency another organisation vouches for");
    why->found[0] = '\0';
    why->ways.known = false;
}

/*
 * Whether a text was refused for good under this author and id (SPEC 10.2): then no other outcome
 * can come. It is in the worker's room, and in *why what a posting would be told; the refusal is
 * also for whoever gets here, since the signers have all signed it.
 */
static enum refused_look refused_before(struct request *rq, struct refusal *why)
{
    const struct node *node = rq->server->node;
    struct refused *kept = &rq->worker->refused;
    const struct entry *entry = &rq->worker->entry;
    const struct ref ref = {entry->by, entry->id};
    struct refusal_note stated;
    struct public_key key;
    const char *wrong;
    enum refused_look look = refused_get(node->side, &ref, kept);

    if (look != REFUSED_THERE) {
        return look;
    }
    secret_key_public(node->refusal_key, &key);
    if (!refusal_open(&stated, kept->refusal, kept->refusal_len, node->origin, &key, &wrong)) {
        return REFUSED_UNKNOWN;
    }
    if (hash_equal(&kept->text_hash, &entry->text_hash)) {
        *why = stated.why;
    } else {
        refusal_reuse(why, stated.at);
        kept->refusal_len = 0;
    }
    return REFUSED_THERE;
}

static json_t *view_refused(struct request *rq, enum refused_look look, struct refusal *why)
{
    const struct refused *kept = &rq->worker->refused;
    json_t *problem;

    if (look != REFUSED_THERE) {
        hide_figures(rq, &rq->worker->outcome, why);
    }
    problem = problem_json(why, NULL);
    if (look == REFUSED_THERE && kept->refusal_len > 0) {
        json_object_set_new(problem, "refusal", json_stringn(kept->refusal, kept->refusal_len));
    }
    return problem;
}

void post_preview(struct request *rq)
{
    struct worker *w = rq->worker;
    struct refusal why = {.code = CODE_OK};
    struct signer_set *signers = &w->signatures.needed;
    enum refused_look look;
    json_t *answer;
    bool accepted;

    if (!query_read(rq, NULL, 0) || !posted_read(rq, true, &w->entry, &w->note)) {
        return;
    }
    if (w->entry.kind->by_clock) {
        reply_code(rq, CODE_clock_only, NULL);
        return;
    }
    if (!may_preview(rq, &w->entry, &w->note)) {
        return;
    }
    signers->n = 0;
    accepted = preview_entry(rq->state->kv, &w->scratch, &w->entry, rq->now_ms, &w->outcome,
                             signers, &why);
    look = refused_before(rq, &why);
    if (look == REFUSED_UNKNOWN) {
        reply_code(rq, CODE_internal, "the store of refusals cannot be read now");
        return;
    }
    accepted = accepted && look == REFUSED_ABSENT;
    answer = view_object();
    put_text(answer, "outcome", accepted ? "accepted" : "refused");
    if (accepted) {
        json_t *effects = view_object();

        put(effects, "organisations", view_changes(rq, &w->outcome));
        put(effects, "limits", view_limits(rq, &w->outcome));
        put_pool_part(effects, rq, &w->outcome);
        put(answer, "effects", effects);
        if (!put_warnings(effects, rq, &w->entry, &w->outcome)) {
            json_decref(answer);
            reply_code(rq, CODE_internal, "the rolling year cannot be read");
            return;
        }
    } else {
        put(answer, "problem", view_refused(rq, look, &why));
    }
    put(answer, "signers", view_signers(signers));
    reply_json(rq, MHD_HTTP_OK, answer);
}
