/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/warnings.h"

#include <stdlib.h>
#include <string.h>

#include "api/figures.h"
#include "api/page.h"
#include "api/server.h"
#include "api/view.h"
#include "ledger/kind.h"
#include "policies/window.h"

/* The entry that is looked at. */
struct look {
    struct request *rq;
    const struct shares *shares;
    int64_t at;        /* of the leaf it would be */
    uint8_t type;      /* of the help, enum thing; 0: not known */
    struct slug skill; /* empty: none */
    json_t *others;    /* once they were looked for */
    json_t *list;
};

static uint32_t number_of(const struct look *l, const struct handle *org)
{
    return state_org_number(l->rq->state, org);
}

/* --- What help it is -------------------------------------------------------------------------- */

static bool find_thing(const struct look *l, const struct ref *ref, struct thing_key *out)
{
    out->id = ref->id;
    out->author = ref->by.s[0] != '\0' ? number_of(l, &ref->by) : 0;
    return out->author != 0;
}

/* The skill that the entry names, or type and skill of the need, or of the offer. */
static void find_help(struct look *l, const struct slug *skill, const struct ref *need_ref,
                      const struct ref *offer_ref)
{
    struct thing_key key;
    struct need need;
    struct offer offer;

    if (skill != NULL && skill->s[0] != '\0') {
        l->type = THING_SKILL;
        l->skill = *skill;
    } else if (find_thing(l, need_ref, &key) && state_need(l->rq->state, &key, &need)) {
        l->type = need.type;
        l->skill = need.skill;
    } else if (offer_ref != NULL && find_thing(l, offer_ref, &key) &&
               state_offer(l->rq->state, &key, &offer)) {
        l->type = offer.type;
        l->skill = offer.skill;
    }
}

/* --- Who else offers it ----------------------------------------------------------------------- */

static bool is_party(const struct look *l, const struct handle *org)
{
    for (size_t i = 0; i < l->shares->n; i++) {
        const struct share *share = &l->shares->v[i];

        if (strcmp(share->from.s, org->s) == 0 || strcmp(share->to.s, org->s) == 0) {
            return true;
        }
    }
    return false;
}

static bool offers_it(const struct look *l, uint32_t org, size_t *looked)
{
    struct state *s = l->rq->state;
    struct thing_key key, last;
    struct offer offer;

    for (bool more = state_next_live(s, LIVE_OFFER, org, NULL, &key); more;
         more = state_next_live(s, LIVE_OFFER, org, &last, &key)) {
        last = key;
        ++*looked;
        if (state_offer(s, &key, &offer) && offer.expires > l->at && offer.type == l->type &&
            strcmp(offer.skill.s, l->skill.s) == 0 &&
            request_reads_directory(l->rq, offer.is_public)) {
            return true;
        }
    }
    return false;
}

/* In order of admission; as far as one page of a list would look. */
static json_t *find_others(const struct look *l)
{
    json_t *list = view_array();
    size_t looked = 0;
    struct org org;

    for (uint32_t number = 1;
         l->type != 0 && looked < PAGE_SCAN_MAX && json_array_size(list) < WARNING_OTHERS_MAX &&
         state_org(l->rq->state, number, &org);
         number++) {
        looked++;
        if (org.state == ORG_ACTIVE && !is_party(l, &org.handle) && offers_it(l, number, &looked)) {
            json_array_append_new(list, json_string(org.handle.s));
        }
    }
    return list;
}

static json_t *add_warning(struct look *l, const char *warning, const struct handle *org)
{
    json_t *o = view_object();

    if (l->others == NULL) {
        l->others = find_others(l);
    }
    put_text(o, "warning", warning);
    put_text(o, "org", org->s);
    put(o, "others", json_deep_copy(l->others));
    json_array_append_new(l->list, o);
    return o;
}

/* --- Much from one ---------------------------------------------------------------------------- */

/* What the giver gave to whom the flows are to; from everybody with number 0. */
static int64_t given_by(const struct flows *flows, uint32_t giver)
{
    int64_t minutes = 0;

    for (size_t i = 0; i < flows->n; i++) {
        if (giver == 0 || flows->v[i].from == giver) {
            minutes += flows->v[i].minutes;
        }
    }
    return minutes;
}

/* Looks at one share, given what reached its receiver in the rolling year, without the entry. */
static void look_at_giver(struct look *l, const struct share *share, const struct flows *flows,
                          int64_t received)
{
    const struct policy *policy = &l->rq->state->network.found.policy;
    int64_t minutes = given_by(flows, number_of(l, &share->from)) + share->minutes;
    struct dependency_sum sum = {.minutes = received, .top_minutes = minutes};
    json_t *o;

    if (!reciprocity_above_pair_cap(policy, &sum)) {
        return;
    }
    o = add_warning(l, "pair_cap", &share->to);
    put_text(o, "provider", share->from.s);
    put_int(o, "permille", minutes * 1000 / received);
}

/* The receiver of a share, if no share before it has the same. */
static bool look_at_receiver(struct look *l, size_t first)
{
    const struct handle *to = &l->shares->v[first].to;
    struct server *server = l->rq->server;
    int64_t received;
    struct flows flows;
    struct org org;
    size_t looked = 0;

    for (size_t i = 0; i < first; i++) {
        if (strcmp(l->shares->v[i].to.s, to->s) == 0) {
            return true;
        }
    }
    if (!request_reads_position(l->rq, number_of(l, to)) ||
        !state_org(l->rq->state, number_of(l, to), &org)) {
        return true;
    }
    if (!figures_flows(server->figures, l->rq->state, server->node->origin, &org, window_day(l->at),
                       &flows, &looked)) {
        return false;
    }
    received = given_by(&flows, 0);
    for (size_t i = first; i < l->shares->n; i++) {
        received += strcmp(l->shares->v[i].to.s, to->s) == 0 ? l->shares->v[i].minutes : 0;
    }
    for (size_t i = first; i < l->shares->n; i++) {
        if (strcmp(l->shares->v[i].to.s, to->s) == 0) {
            look_at_giver(l, &l->shares->v[i], &flows, received);
        }
    }
    query_flows_free(&flows);
    return true;
}

/* --- Above a ceiling -------------------------------------------------------------------------- */

/* Where it stands once all that it promised is given. */
static int64_t projected(const struct org *org)
{
    return org_position(org) + org->given_pending;
}

static bool gives(const struct look *l, const struct handle *org)
{
    for (size_t i = 0; i < l->shares->n; i++) {
        if (strcmp(l->shares->v[i].from.s, org->s) == 0) {
            return true;
        }
    }
    return false;
}

static void look_at_ceiling(struct look *l, const struct org_change *change)
{
    struct org after = change->after;
    struct line line;
    json_t *o;

    if (after.number == POOL || !gives(l, &after.handle) ||
        !request_reads_position(l->rq, after.number) ||
        projected(&after) <= projected(&change->before)) {
        return;
    }
    state_roll_window(l->rq->state, &after, window_day(l->at));
    state_line(l->rq->state, &after, l->at, &line);
    if (limits_above_ceiling(&line, projected(&after))) {
        o = add_warning(l, "ceiling", &after.handle);
        put_int(o, "projected", projected(&after));
        put_int(o, "ceiling", line.ceiling);
    }
}

bool put_warnings(json_t *effects, struct request *rq, const struct entry *entry,
                  const struct outcome *outcome)
{
    struct look l = {.rq = rq, .at = entry->at >= 0 ? entry->at : rq->now_ms};
    bool ok = true;

    if (entry->kind->id == KIND_AGREEMENT_SIGN) {
        l.shares = &entry->agreement_sign.shares;
        find_help(&l, NULL, &entry->agreement_sign.need, &entry->agreement_sign.offer);
    } else if (entry->kind->id == KIND_HOURS_RECORD &&
               entry->hours_record.agreement.by.s[0] == '\0') {
        l.shares = &entry->hours_record.shares;
        find_help(&l, &entry->hours_record.skill, &entry->hours_record.need, NULL);
    } else {
        return true;
    }
    l.list = view_array();
    for (size_t i = 0; i < l.shares->n && ok; i++) {
        ok = look_at_receiver(&l, i);
    }
    for (size_t i = 0; i < outcome->n_changes && ok; i++) {
        look_at_ceiling(&l, &outcome->changes[i]);
    }
    json_decref(l.others);
    put(effects, "warnings", l.list);
    return ok;
}
