/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/match_items.h"

#include <stdlib.h>
#include <string.h>

#include "api/reply.h"
#include "api/server.h"
#include "ledger/kept_batch.h"

/* A need that is urgent now may have as many items again from the choice. */
static size_t items_max(const struct match_list *list)
{
    size_t n = list->now->facts.n_needs * MATCH_CHOICE_MAX;

    return n + (list->batch ? list->batch->result.n_proposals + list->batch->result.n_left : 0) + 1;
}

const char *match_item_state_word(enum match_item_state state)
{
    static const char *const words[] = {[ITEM_OPEN] = "open",
                                        [ITEM_ACCEPTED] = "accepted",
                                        [ITEM_DECLINED] = "declined",
                                        [ITEM_ENDED] = "ended"};

    return words[state];
}

static bool same_ref(const struct ref *a, const struct ref *b)
{
    return memcmp(&a->id, &b->id, sizeof a->id) == 0 && strcmp(a->by.s, b->by.s) == 0;
}

/* --- What became of a proposal ---------------------------------------------------------------- */

static bool find_need(struct request *rq, const struct ref *ref, struct need *out)
{
    struct thing_key key = {.id = ref->id, .author = state_org_number(rq->state, &ref->by)};

    return state_need(rq->state, &key, out);
}

static bool is_open(struct request *rq, const struct match_item *item, const struct need *need)
{
    struct thing_key key = {.id = item->offer.id,
                            .author = state_org_number(rq->state, &item->offer.by)};
    struct offer offer;
    struct org org;

    return need->life == LIFE_OPEN && need->minutes - need->served - need->reserved > 0 &&
           state_offer(rq->state, &key, &offer) && offer.life == LIFE_OPEN &&
           state_org(rq->state, item->provider_number, &org) && org.state == ORG_ACTIVE;
}

/* Whether a live agreement of the provider names the need. */
static bool is_accepted(struct request *rq, const struct match_item *item, const struct need *need)
{
    struct thing_key key, *after = NULL;
    struct agreement a;

    for (; state_next_live(rq->state, LIVE_AGREEMENT, item->provider_number, after, &key);
         after = &key) {
        if (!state_agreement(rq->state, &key, &a) || !a.has_need ||
            memcmp(&a.need, &need->key, sizeof a.need) != 0) {
            continue;
        }
        for (size_t i = 0; i < a.n; i++) {
            if (a.pairs[i].from == item->provider_number) {
                return true;
            }
        }
    }
    return false;
}

static bool is_declined(const struct match_facts *now, const struct match_item *item)
{
    for (size_t i = 0; i < now->n_declines; i++) {
        if (same_ref(&now->declines[i].need, &item->need) &&
            strcmp(now->declines[i].org.s, item->provider.s) == 0) {
            return true;
        }
    }
    return false;
}

static enum match_item_state state_of(struct request *rq, const struct match_facts *now,
                                      const struct match_item *item)
{
    struct need need;

    if (!find_need(rq, &item->need, &need)) {
        return ITEM_ENDED;
    }
    if (is_accepted(rq, item, &need)) {
        return ITEM_ACCEPTED;
    }
    if (!is_open(rq, item, &need)) {
        return ITEM_ENDED;
    }
    return is_declined(now, item) ? ITEM_DECLINED : ITEM_OPEN;
}

/* --- The items -------------------------------------------------------------------------------- */

static struct match_item *add_item(struct request *rq, struct match_list *list,
                                   const struct match_facts *f, enum match_item_kind kind,
                                   size_t need)
{
    struct match_item *item = &list->v[list->n++];
    const struct match_fact_need *n = &f->needs[need];

    memset(item, 0, sizeof *item);
    item->kind = kind;
    item->need = n->ref;
    item->asker = f->orgs[n->asker].handle;
    item->asker_number = state_org_number(rq->state, &item->asker);
    item->skill = n->what.skill;
    item->type = n->what.type;
    item->class = n->class;
    return item;
}

static void set_provider(struct request *rq, struct match_item *item, const struct match_facts *f,
                         uint32_t giver, uint32_t offer)
{
    item->provider = f->orgs[giver].handle;
    item->provider_number = state_org_number(rq->state, &item->provider);
    item->offer = f->offers[offer].ref;
}

static void add_batch(struct request *rq, struct match_list *list)
{
    const struct match_facts *f = &list->batch->facts;
    const struct match_result *r = &list->batch->result;

    for (size_t i = 0; i < r->n_proposals; i++) {
        const struct match_proposal *p = &r->proposals[i];
        struct match_item *item = add_item(rq, list, f, ITEM_BATCH, p->need);

        set_provider(rq, item, f, p->giver, p->offer);
        item->place = i;
        item->minutes = p->minutes;
        item->others = p->n_others;
        item->shared = (i > 0 && r->proposals[i - 1].need == p->need) ||
                       (i + 1 < r->n_proposals && r->proposals[i + 1].need == p->need);
        item->state = state_of(rq, &list->now->facts, item);
    }
}

/* What the open proposals for a need cover. */
static int64_t covered(const struct match_list *list, const struct ref *need)
{
    int64_t minutes = 0;

    for (size_t i = 0; i < list->n; i++) {
        const struct match_item *item = &list->v[i];

        if (item->state == ITEM_OPEN && same_ref(&item->need, need)) {
            minutes += item->minutes;
        }
    }
    return minutes;
}

static bool is_proposed(const struct match_list *list, const struct ref *need,
                        const struct handle *provider)
{
    for (size_t i = 0; i < list->n; i++) {
        if (same_ref(&list->v[i].need, need) &&
            strcmp(list->v[i].provider.s, provider->s) == 0) {
            return true;
        }
    }
    return false;
}

static void add_choice(struct request *rq, struct match_list *list, size_t need, int64_t left,
                       const struct match_choice *choice)
{
    const struct match_facts *f = &list->now->facts;

    for (size_t i = 0; i < choice->n; i++) {
        const struct match_fact_org *giver = &f->orgs[choice->v[i].giver];
        struct match_item *item;

        if (is_proposed(list, &f->needs[need].ref, &giver->handle)) {
            continue;
        }
        item = add_item(rq, list, f, ITEM_CHOICE, need);
        set_provider(rq, item, f, choice->v[i].giver, choice->v[i].offer);
        item->place = i;
        item->minutes = choice->v[i].minutes < left ? choice->v[i].minutes : left;
        item->others = choice->candidates - 1;
        item->provider_before = giver->position;
        item->provider_after = giver->position + item->minutes;
        left -= item->minutes;
    }
}

/* Urgent needs are not made to wait for the next batch. */
static bool add_choices(struct request *rq, struct match_list *list)
{
    const struct match_facts *f = &list->now->facts;
    struct match_choice choice;

    for (size_t i = 0; i < f->n_needs; i++) {
        int64_t left = f->needs[i].minutes;

        if (f->needs[i].class != 0) {
            continue;
        }
        left -= covered(list, &f->needs[i].ref);
        if (left <= 0) {
            continue;
        }
        if (!match_facts_choose(f, i, left, &choice)) {
            return false;
        }
        add_choice(rq, list, i, left, &choice);
    }
    return true;
}

static bool is_chosen(const struct match_list *list, const struct ref *need)
{
    for (size_t i = 0; i < list->n; i++) {
        if (list->v[i].kind == ITEM_CHOICE && same_ref(&list->v[i].need, need)) {
            return true;
        }
    }
    return false;
}

static void add_left(struct request *rq, struct match_list *list)
{
    const struct match_facts *f = &list->batch->facts;
    const struct match_result *r = &list->batch->result;

    for (size_t i = 0; i < r->n_left; i++) {
        const struct ref *ref = &f->needs[r->left[i].need].ref;
        bool open = match_facts_need(&list->now->facts, ref) != SIZE_MAX && !is_chosen(list, ref);
        struct match_item *item = add_item(rq, list, f, ITEM_LEFT, r->left[i].need);

        item->place = i;
        item->minutes = r->left[i].minutes;
        item->state = open ? ITEM_OPEN : ITEM_ENDED;
    }
}

const struct week_batch *match_batch_of(struct request *rq)
{
    struct server *server = rq->server;

    if (matches_due(server->matches, rq->now_ms)) {
        (void)matches_refresh(server->matches, server->node->side, rq->state,
                              server->node->origin, rq->now_ms, false);
    }
    return matches_get(server->matches);
}

bool match_not_modified(struct request *rq)
{
    const struct week_batch *batch = match_batch_of(rq);

    rq->generation += batch ? batch->tag : 0;
    matches_release(rq->server->matches, batch);
    return reply_not_modified(rq);
}

/* In the order of the needs, whatever became of them. */
static int compare_items(const void *a, const void *b)
{
    const struct match_item *x = a, *y = b;
    int order = memcmp(&x->need.id, &y->need.id, sizeof x->need.id);

    order = order != 0 ? order : strcmp(x->need.by.s, y->need.by.s);
    if (order == 0 && x->kind != y->kind) {
        order = x->kind < y->kind ? -1 : 1;
    }
    return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

bool match_list_begin(struct request *rq, struct match_list *out)
{
    struct server *server = rq->server;

    memset(out, 0, sizeof *out);
    out->batch = match_batch_of(rq);
    out->now = matches_now(server->matches, server->node->side, rq->state, server->node->origin,
                           rq->now_ms);
    out->v = out->now ? calloc(items_max(out), sizeof *out->v) : NULL;
    if (out->v && out->batch) {
        add_batch(rq, out);
    }
    if (!out->v || !add_choices(rq, out)) {
        reply_code(rq, CODE_internal, "the proposals cannot be computed");
        return false;
    }
    if (out->batch) {
        add_left(rq, out);
    }
    qsort(out->v, out->n, sizeof *out->v, compare_items);
    return true;
}

void match_list_end(struct request *rq, struct match_list *list)
{
    if (list->now) {
        matches_release_now(rq->server->matches, list->now);
    }
    matches_release(rq->server->matches, list->batch);
    free(list->v);
}

bool match_item_seen(const struct request *rq, const struct match_item *item)
{
    bool own = rq->caller.org == item->asker_number ||
               (item->kind != ITEM_LEFT && rq->caller.org == item->provider_number);

    return rq->caller.coordinator || (own && item->state == ITEM_OPEN);
}
