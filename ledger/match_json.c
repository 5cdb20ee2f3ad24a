/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/match_json.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/need_class.h"

/* --- Writing ---------------------------------------------------------------------------------- */

/* Takes `value`; without memory the object is the poorer, which its maker finds at the end. */
static void set(json_t *o, const char *name, json_t *value)
{
    (void)json_object_set_new(o, name, value);
}

static void set_int(json_t *o, const char *name, int64_t value)
{
    set(o, name, json_integer(value));
}

static void set_ref(json_t *o, const char *name, const struct ref *ref)
{
    char text[REF_TEXT_SIZE];

    ref_format(text, ref);
    set(o, name, json_string(text));
}

static void set_slugs(json_t *o, const char *name, const struct slugs *slugs)
{
    json_t *list = json_array();

    for (size_t i = 0; i < slugs->n; i++) {
        json_array_append_new(list, json_string(slugs->v[i].s));
    }
    set(o, name, list);
}

static json_t *rules_json(const struct match_facts *f)
{
    json_t *o = json_object();

    set(o, "guard", json_boolean(f->guard));
    set_int(o, "pair_cap_minutes", f->rules.pair_cap_minutes);
    set_int(o, "pair_cap_permille", f->rules.pair_cap_permille);
    set_int(o, "pair_price", f->rules.pair_price);
    set_int(o, "piece_minutes", f->rules.piece_minutes);
    set_int(o, "pool_minutes", f->rules.pool_minutes);
    set_int(o, "quantum", f->rules.quantum);
    return o;
}

static json_t *org_json(const struct match_fact_org *org)
{
    json_t *o = json_object();

    set_int(o, "asked", org->fill.asked);
    set(o, "burden", org->burden >= 0 ? json_integer(org->burden) : json_null());
    set_int(o, "capacity", org->capacity);
    set_int(o, "ceiling", org->line.ceiling);
    set_int(o, "floor", org->line.floor);
    set(o, "fragile", json_boolean(org->fragile));
    set_int(o, "hard_stop", org->line.hard_floor);
    set(o, "org", json_string(org->handle.s));
    set_int(o, "position", org->position);
    set_int(o, "received", org->received);
    set_int(o, "served", org->fill.served);
    return o;
}

static void set_what(json_t *o, const struct match_fact_what *what)
{
    set_slugs(o, "areas", &what->areas);
    set_slugs(o, "languages", &what->languages);
    set(o, "skill", what->skill.s[0] ? json_string(what->skill.s) : json_null());
    set(o, "type", json_string(thing_word((enum thing)what->type)));
    set_int(o, "until", what->until);
}

static json_t *offer_json(const struct match_facts *f, const struct match_fact_offer *offer)
{
    json_t *o = json_object(), *list = json_array();

    for (size_t i = 0; i < offer->n_providers; i++) {
        json_array_append_new(list, json_string(f->orgs[offer->providers[i]].handle.s));
    }
    set(o, "providers", list);
    set_ref(o, "ref", &offer->ref);
    set_what(o, &offer->what);
    return o;
}

static json_t *need_json(const struct match_facts *f, const struct match_fact_need *need)
{
    json_t *o = json_object();

    set(o, "asker", json_string(f->orgs[need->asker].handle.s));
    set_int(o, "class", need->class);
    set(o, "fragile", json_boolean(need->fragile));
    set_int(o, "minutes", need->minutes);
    set_int(o, "pool_permille", need->pool_permille);
    set_ref(o, "ref", &need->ref);
    set_int(o, "since", need->since);
    set(o, "urgent", json_boolean(need->urgent));
    set(o, "voucher", need->voucher.s[0] ? json_string(need->voucher.s) : json_null());
    set_what(o, &need->what);
    return o;
}

static json_t *declines_json(const struct match_facts *f)
{
    json_t *list = json_array();

    for (size_t i = 0; i < f->n_declines; i++) {
        json_t *o = json_object();

        set_ref(o, "need", &f->declines[i].need);
        set(o, "org", json_string(f->declines[i].org.s));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *pairs_json(const struct match_facts *f)
{
    json_t *list = json_array();

    for (size_t i = 0; i < f->n_pairs; i++) {
        json_t *o = json_object();

        set(o, "from", json_string(f->orgs[f->pairs[i].giver].handle.s));
        set_int(o, "minutes", f->pairs[i].minutes);
        set(o, "to", json_string(f->orgs[f->pairs[i].receiver].handle.s));
        json_array_append_new(list, o);
    }
    return list;
}

json_t *match_facts_json(const struct match_facts *f)
{
    json_t *o = json_object(), *orgs = json_array(), *offers = json_array(),
           *needs = json_array();

    for (size_t i = 0; i < f->n_orgs; i++) {
        json_array_append_new(orgs, org_json(&f->orgs[i]));
    }
    for (size_t i = 0; i < f->n_offers; i++) {
        json_array_append_new(offers, offer_json(f, &f->offers[i]));
    }
    for (size_t i = 0; i < f->n_needs; i++) {
        json_array_append_new(needs, need_json(f, &f->needs[i]));
    }
    set_int(o, "at", f->at);
    set(o, "declined", declines_json(f));
    set(o, "needs", needs);
    set(o, "offers", offers);
    set(o, "orgs", orgs);
    set(o, "origin", json_string(f->origin));
    set(o, "pairs", pairs_json(f));
    set(o, "rules", rules_json(f));
    set_int(o, "size", (int64_t)f->size);
    set(o, "week", json_string(f->week));
    return o;
}

/* --- Proposals -------------------------------------------------------------------------------- */

const char *match_other_word(enum match_other_why why)
{
    static const char *const words[] = {[MATCH_OTHER_WORSE] = "worse",
                                        [MATCH_OTHER_TAKEN] = "taken",
                                        [MATCH_OTHER_CEILING] = "ceiling",
                                        [MATCH_OTHER_RELIED] = "relied"};

    return words[why];
}

const char *match_left_word(enum match_left_why why)
{
    static const char *const words[] = {
        [MATCH_LEFT_NO_OFFER] = "no_offer",       [MATCH_LEFT_NO_DAY] = "no_day",
        [MATCH_LEFT_NO_AREA] = "no_area",         [MATCH_LEFT_NO_LANGUAGE] = "no_language",
        [MATCH_LEFT_BARRED] = "barred",           [MATCH_LEFT_GUARDED] = "guarded",
        [MATCH_LEFT_NO_CAPACITY] = "no_capacity", [MATCH_LEFT_CEILING] = "ceiling",
        [MATCH_LEFT_FLOOR] = "floor",             [MATCH_LEFT_POOL] = "pool",
        [MATCH_LEFT_SMALL] = "small"};

    return words[why];
}

/* In order of admission: nobody is ranked. */
static json_t *others_json(const struct match_facts *f, const struct match_result *result,
                           const struct match_proposal *p)
{
    json_t *list = json_array();

    for (uint32_t org = 0; org < f->n_orgs; org++) {
        for (size_t i = p->first_other; i < p->first_other + p->n_others; i++) {
            const struct match_other *other = &result->others[i];

            if (other->giver == org) {
                json_t *o = json_object();

                set_ref(o, "offer", &f->offers[other->offer].ref);
                set(o, "org", json_string(f->orgs[org].handle.s));
                set_int(o, "ties", other->ties);
                set_int(o, "uneven", other->uneven);
                set(o, "why", json_string(match_other_word(other->why)));
                json_array_append_new(list, o);
            }
        }
    }
    return list;
}

static json_t *change_json(int64_t before, int64_t after)
{
    json_t *o = json_object();

    set_int(o, "after", after);
    set_int(o, "before", before);
    return o;
}

json_t *match_proposal_json(const struct match_facts *f, const struct match_result *result,
                            size_t i)
{
    const struct match_proposal *p = &result->proposals[i];
    json_t *o = json_object(), *reasons = json_object();

    set(o, "asker", json_string(f->orgs[p->receiver].handle.s));
    set_int(o, "class", p->class);
    set(o, "joint", json_boolean(p->joint));
    set_int(o, "minutes", p->minutes);
    set_ref(o, "need", &f->needs[p->need].ref);
    set_ref(o, "offer", &f->offers[p->offer].ref);
    set_int(o, "pool_minutes", p->pool_minutes);
    set(o, "provider", json_string(f->orgs[p->giver].handle.s));
    set(reasons, "asker", change_json(p->receiver_before, p->receiver_after));
    set(reasons, "others", others_json(f, result, p));
    set_int(reasons, "pair_before", p->pair_before);
    set_int(reasons, "pair_beyond", p->pair_beyond);
    set(reasons, "provider", change_json(p->giver_before, p->giver_after));
    set_int(reasons, "received_before", p->received_before);
    set(o, "reasons", reasons);
    return o;
}

json_t *match_left_json(const struct match_facts *f, const struct match_left *left)
{
    json_t *o = json_object();

    set(o, "asker", json_string(f->orgs[f->needs[left->need].asker].handle.s));
    set_int(o, "class", f->needs[left->need].class);
    set_int(o, "minutes", left->minutes);
    set_ref(o, "need", &f->needs[left->need].ref);
    set(o, "why", json_string(match_left_word(left->why)));
    return o;
}

static json_t *worth_json(const struct match_worth *w)
{
    json_t *o = json_object(), *served = json_array();

    for (size_t i = 0; i < MATCH_CLASSES; i++) {
        json_array_append_new(served, json_integer(w->served[i]));
    }
    set(o, "served", served);
    set_int(o, "ties", w->ties);
    set_int(o, "uneven", w->uneven);
    return o;
}

json_t *match_result_json(const struct match_facts *f, const struct match_result *r)
{
    json_t *o = json_object(), *proposals = json_array(), *left = json_array();

    for (size_t i = 0; i < r->n_proposals; i++) {
        json_array_append_new(proposals, match_proposal_json(f, r, i));
    }
    for (size_t i = 0; i < r->n_left; i++) {
        json_array_append_new(left, match_left_json(f, &r->left[i]));
    }
    set_int(o, "at", f->at);
    set(o, "bound", worth_json(&r->bound));
    set(o, "left", left);
    set_int(o, "pool_minutes", r->pool_minutes);
    set(o, "proposals", proposals);
    set(o, "reached", worth_json(&r->reached));
    set(o, "repaired", json_boolean(r->repaired));
    set_int(o, "size", (int64_t)f->size);
    set(o, "week", json_string(f->week));
    return o;
}
