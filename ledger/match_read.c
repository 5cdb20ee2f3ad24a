/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Facts of a batch from JSON: a file that anybody may have written, so nothing is believed. */
#include "ledger/match_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/need_class.h"
#include "policies/window.h"

/* The first flaw stays. */
struct reader {
    struct match_facts *out;
    char *why;
    bool bad;
};

static void flaw(struct reader *r, const char *where, const char *what)
{
    if (!r->bad) {
        snprintf(r->why, MATCH_WHY_SIZE, "%s: %s", where, what);
    }
    r->bad = true;
}

/* --- Members ---------------------------------------------------------------------------------- */

static int64_t get_int(struct reader *r, const json_t *o, const char *name, int64_t min,
                       int64_t max)
{
    const json_t *v = json_object_get(o, name);

    if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max) {
        flaw(r, name, "an integer within its range is expected");
        return min;
    }
    return json_integer_value(v);
}

static bool get_flag(struct reader *r, const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);

    if (!json_is_boolean(v)) {
        flaw(r, name, "true or false is expected");
    }
    return json_is_true(v);
}

/* The text of a member; "" after a flaw. */
static const char *get_text(struct reader *r, const json_t *o, const char *name, size_t *n)
{
    const json_t *v = json_object_get(o, name);

    if (!json_is_string(v)) {
        flaw(r, name, "a text is expected");
        *n = 0;
        return "";
    }
    *n = json_string_length(v);
    return json_string_value(v);
}

static void get_handle(struct reader *r, const json_t *o, const char *name, struct handle *out)
{
    size_t n;
    const char *text = get_text(r, o, name, &n);

    if (!r->bad && !handle_parse(out, text, n)) {
        flaw(r, name, "a handle is expected");
    }
}

static void get_ref(struct reader *r, const json_t *o, const char *name, struct ref *out)
{
    size_t n;
    const char *text = get_text(r, o, name, &n);

    if (!r->bad && !ref_parse(out, text, n)) {
        flaw(r, name, "a reference, handle/id, is expected");
    }
}

static void get_slugs(struct reader *r, const json_t *o, const char *name, struct slugs *out)
{
    const json_t *list = json_object_get(o, name);

    if (!json_is_array(list) || json_array_size(list) > PARTIES_MAX) {
        flaw(r, name, "a list of at most 16 words is expected");
        return;
    }
    for (size_t i = 0; i < json_array_size(list) && !r->bad; i++) {
        const json_t *v = json_array_get(list, i);

        if (!json_is_string(v) ||
            !slug_parse(&out->v[out->n++], json_string_value(v), json_string_length(v))) {
            flaw(r, name, "a list of at most 16 words is expected");
        }
    }
}

/* The place of the organisation that a text names. */
static uint32_t place_of(struct reader *r, const json_t *value, const char *name)
{
    struct handle handle;
    size_t place = SIZE_MAX;

    if (json_is_string(value) &&
        handle_parse(&handle, json_string_value(value), json_string_length(value))) {
        place = match_facts_org(r->out, &handle);
    }
    if (place == SIZE_MAX) {
        flaw(r, name, "one of `orgs` is expected");
        return 0;
    }
    return (uint32_t)place;
}

static uint32_t get_org(struct reader *r, const json_t *o, const char *name)
{
    return r->bad ? 0 : place_of(r, json_object_get(o, name), name);
}

/* --- The lists -------------------------------------------------------------------------------- */

#define ITEMS_MAX 1000000

/* The list of a name, and zeroed room for as many items. */
static const json_t *get_list(struct reader *r, const json_t *o, const char *name, size_t size,
                              void **room)
{
    const json_t *list = json_object_get(o, name);

    if (!json_is_array(list) || json_array_size(list) > ITEMS_MAX) {
        flaw(r, name, "a list is expected");
        return NULL;
    }
    *room = calloc(json_array_size(list) + 1, size);
    if (!*room) {
        flaw(r, name, "no memory");
    }
    return r->bad ? NULL : list;
}

static void read_rules(struct reader *r, const json_t *json)
{
    const json_t *o = json_object_get(json, "rules");
    struct match_rules *rules = &r->out->rules;

    if (!json_is_object(o)) {
        flaw(r, "rules", "an object is expected");
        return;
    }
    r->out->guard = get_flag(r, o, "guard");
    rules->quantum = get_int(r, o, "quantum", 1, 1440);
    rules->piece_minutes = get_int(r, o, "piece_minutes", 1, SHARE_MINUTES_MAX);
    rules->pair_cap_minutes = get_int(r, o, "pair_cap_minutes", 0, MATCH_MINUTES_MAX);
    rules->pair_cap_permille = get_int(r, o, "pair_cap_permille", 1, 1000);
    rules->pair_price = get_int(r, o, "pair_price", 0, 1000000000);
    rules->pool_minutes = get_int(r, o, "pool_minutes", 0, MATCH_MINUTES_MAX);
}

static void read_org(struct reader *r, const json_t *o, struct match_fact_org *out)
{
    get_handle(r, o, "org", &out->handle);
    out->burden = json_is_null(json_object_get(o, "burden"))
                      ? -1
                      : get_int(r, o, "burden", 0, MATCH_MINUTES_MAX);
    out->capacity = get_int(r, o, "capacity", 0, MATCH_MINUTES_MAX);
    out->line.ceiling = get_int(r, o, "ceiling", 0, MATCH_MINUTES_MAX);
    out->line.floor = get_int(r, o, "floor", 0, MATCH_MINUTES_MAX);
    out->line.hard_floor = get_int(r, o, "hard_stop", out->line.floor, MATCH_MINUTES_MAX);
    out->fragile = get_flag(r, o, "fragile");
    out->position = get_int(r, o, "position", -MATCH_MINUTES_MAX, MATCH_MINUTES_MAX);
    out->received = get_int(r, o, "received", 0, MATCH_MINUTES_MAX);
    out->fill.asked = get_int(r, o, "asked", 0, INTEGER_MAX);
    out->fill.served = get_int(r, o, "served", 0, out->fill.asked);
    if (!r->bad && match_facts_org(r->out, &out->handle) != SIZE_MAX) {
        flaw(r, "orgs", "each once");
    }
}

static void read_orgs(struct reader *r, const json_t *json)
{
    const json_t *list =
        get_list(r, json, "orgs", sizeof *r->out->orgs, (void **)&r->out->orgs);

    for (size_t i = 0; i < json_array_size(list) && !r->bad; i++) {
        read_org(r, json_array_get(list, i), &r->out->orgs[i]);
        r->out->n_orgs++;
    }
}

static void read_what(struct reader *r, const json_t *o, struct match_fact_what *out)
{
    size_t n;
    const char *text = get_text(r, o, "type", &n);

    for (enum thing t = THING_SKILL; t <= THING_EQUIPMENT; t++) {
        if (strcmp(text, thing_word(t)) == 0) {
            out->type = (uint8_t)t;
        }
    }
    if (out->type == 0) {
        flaw(r, "type", "skill, space or equipment is expected");
    }
    if (!json_is_null(json_object_get(o, "skill"))) {
        text = get_text(r, o, "skill", &n);
        if (!r->bad && !slug_parse(&out->skill, text, n)) {
            flaw(r, "skill", "a word of the catalogue is expected");
        }
    }
    get_slugs(r, o, "areas", &out->areas);
    get_slugs(r, o, "languages", &out->languages);
    out->until = get_int(r, o, "until", 0, INTEGER_MAX);
}

static void read_offers(struct reader *r, const json_t *json)
{
    const json_t *list =
        get_list(r, json, "offers", sizeof *r->out->offers, (void **)&r->out->offers);

    for (size_t i = 0; i < json_array_size(list) && !r->bad; i++) {
        const json_t *o = json_array_get(list, i), *givers = json_object_get(o, "providers");
        struct match_fact_offer *out = &r->out->offers[i];

        get_ref(r, o, "ref", &out->ref);
        read_what(r, o, &out->what);
        out->n_providers = json_array_size(givers);
        if (out->n_providers < 1 || out->n_providers > PARTIES_MAX) {
            flaw(r, "providers", "1 to 16 organisations are expected");
            return;
        }
        for (size_t k = 0; k < out->n_providers && !r->bad; k++) {
            out->providers[k] = place_of(r, json_array_get(givers, k), "providers");
            for (size_t j = 0; j < k; j++) {
                if (out->providers[j] == out->providers[k]) {
                    flaw(r, "providers", "each once");
                }
            }
        }
        r->out->n_offers++;
    }
}

static void read_needs(struct reader *r, const json_t *json)
{
    const json_t *list =
        get_list(r, json, "needs", sizeof *r->out->needs, (void **)&r->out->needs);

    for (size_t i = 0; i < json_array_size(list) && !r->bad; i++) {
        const json_t *o = json_array_get(list, i);
        struct match_fact_need *out = &r->out->needs[i];

        get_ref(r, o, "ref", &out->ref);
        out->asker = get_org(r, o, "asker");
        read_what(r, o, &out->what);
        out->minutes = get_int(r, o, "minutes", 1, SHARE_MINUTES_MAX);
        out->class = (int)get_int(r, o, "class", 0, NEED_CLASS_LAST);
        out->urgent = get_flag(r, o, "urgent");
        out->fragile = get_flag(r, o, "fragile");
        out->pool_permille = get_int(r, o, "pool_permille", 0, 1000);
        out->since = get_int(r, o, "since", 0, INTEGER_MAX);
        if (!json_is_null(json_object_get(o, "voucher"))) {
            get_handle(r, o, "voucher", &out->voucher);
        }
        r->out->n_needs++;
    }
}

static int compare_pairs(const void *a, const void *b)
{
    const struct match_pair *x = a, *y = b;

    if (x->giver != y->giver) {
        return x->giver < y->giver ? -1 : 1;
    }
    return x->receiver < y->receiver ? -1 : x->receiver > y->receiver;
}

static void read_pairs(struct reader *r, const json_t *json)
{
    const json_t *list =
        get_list(r, json, "pairs", sizeof *r->out->pairs, (void **)&r->out->pairs);

    for (size_t i = 0; i < json_array_size(list) && !r->bad; i++) {
        const json_t *o = json_array_get(list, i);
        struct match_pair *out = &r->out->pairs[i];

        out->giver = get_org(r, o, "from");
        out->receiver = get_org(r, o, "to");
        if (out->giver == out->receiver) {
            flaw(r, "pairs", "two organisations are expected");
        }
        out->minutes =
            get_int(r, o, "minutes", 0,
                    r->bad ? 0 : r->out->orgs[out->receiver].received);
        r->out->n_pairs++;
    }
    if (r->out->n_pairs > 0) {
        qsort(r->out->pairs, r->out->n_pairs, sizeof *r->out->pairs, compare_pairs);
    }
    for (size_t i = 1; i < r->out->n_pairs; i++) {
        if (compare_pairs(&r->out->pairs[i - 1], &r->out->pairs[i]) == 0) {
            flaw(r, "pairs", "each once");
        }
    }
}

static void read_declines(struct reader *r, const json_t *json)
{
    const json_t *list =
        get_list(r, json, "declined", sizeof *r->out->declines, (void **)&r->out->declines);

    for (size_t i = 0; i < json_array_size(list) && !r->bad; i++) {
        struct match_decline *out = &r->out->declines[i];

        get_ref(r, json_array_get(list, i), "need", &out->need);
        get_handle(r, json_array_get(list, i), "org", &out->org);
        r->out->n_declines++;
    }
}

bool match_facts_from_json(const json_t *json, struct match_facts *out,
                           char why[static MATCH_WHY_SIZE])
{
    struct reader r = {.out = out, .why = why};
    const char *text;
    int64_t week;
    size_t n;

    memset(out, 0, sizeof *out);
    text = get_text(&r, json, "origin", &n);
    if (origin_valid(text, n)) {
        memcpy(out->origin, text, n);
    } else {
        flaw(&r, "origin", "the name of a network is expected");
    }
    text = get_text(&r, json, "week", &n);
    if (calendar_week_parse(text, n, &week)) {
        memcpy(out->week, text, n);
    } else {
        flaw(&r, "week", "a week is expected, like 2026-W09");
    }
    out->size = (uint64_t)get_int(&r, json, "size", 0, INTEGER_MAX);
    out->at = get_int(&r, json, "at", 0, INTEGER_MAX);
    read_rules(&r, json);
    read_orgs(&r, json);
    read_offers(&r, json);
    read_needs(&r, json);
    read_pairs(&r, json);
    read_declines(&r, json);
    return !r.bad;
}

bool match_declines_from_json(const json_t *json, struct match_decline **out, size_t *n,
                              char why[static MATCH_WHY_SIZE])
{
    struct match_facts facts = {.n_declines = 0};
    struct reader r = {.out = &facts, .why = why};
    json_t *wrapped = json_is_array(json)
                          ? json_pack("{s:O}", "declined", (json_t *)(uintptr_t)json)
                          : NULL;

    read_declines(&r, wrapped ? wrapped : json);
    json_decref(wrapped);
    *out = facts.declines;
    *n = facts.n_declines;
    return !r.bad;
}
