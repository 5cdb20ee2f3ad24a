/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/sheet_past.h"

#include <stdlib.h>

#include "ledger/filled.h"
#include "policies/window.h"

#define QUARTERS 4
#define QUARTER_MONTHS 3

/* The work on one year's end. */
struct end {
    struct state *s;
    const struct sheet *sheet;
    const struct sheet_year *year;
    int64_t at; /* its last moment */
    bool *member; /* by number */
    struct deficit_org *orgs;
    size_t n_orgs;
    struct deficit_need *needs;
    size_t n_needs, needs_room;
    struct deficit_offer *offers;
    size_t n_offers, offers_room;
};

/* Room for one more element of a growing list. */
static bool more_room(void **list, size_t n, size_t *room, size_t size)
{
    if (n == *room) {
        size_t wanted = *room ? 2 * *room : 64;
        void *more = realloc(*list, wanted * size);

        if (!more) {
            return false;
        }
        *list = more;
        *room = wanted;
    }
    return true;
}

static bool leaned(const struct policy *policy, const struct line *line, int64_t position)
{
    struct ratio use = reciprocity_line_use(line, position);

    return use.known && (use.permille >= policy->ladder_lean_permille ||
                         use.permille <= -policy->ladder_lean_permille);
}

/* Who was a member, with what it can give in a quarter; returns how many of them leaned. */
static size_t read_members(struct end *e)
{
    const struct policy *policy = &e->s->network.found.policy;
    size_t leaning = 0;
    struct org org;

    for (uint32_t i = 1; i <= e->sheet->n_orgs && state_org(e->s, i, &org); i++) {
        int64_t month = org.capacity.set ? org.capacity.n : policy->capacity_default;

        e->member[i] =
            org.admitted_at <= e->at && (org.state == ORG_ACTIVE || org.left_at > e->at);
        if (e->member[i]) {
            e->orgs[e->n_orgs++] = (struct deficit_org){i, month * QUARTER_MONTHS};
            leaning += leaned(policy, &e->sheet->orgs[i - 1].line,
                              query_position_at(e->s, &org, e->at));
        }
    }
    return leaning;
}

static int compare_needs(const void *a, const void *b)
{
    const struct deficit_need *x = a, *y = b;

    if (x->org != y->org) {
        return x->org < y->org ? -1 : 1;
    }
    return x->skill < y->skill ? -1 : x->skill > y->skill;
}

static int compare_offers(const void *a, const void *b)
{
    const struct deficit_offer *x = a, *y = b;

    if (x->org != y->org) {
        return x->org < y->org ? -1 : 1;
    }
    return x->skill < y->skill ? -1 : x->skill > y->skill;
}

/* What members asked for in the year, once per organisation and thing, by four. */
static bool read_needs(struct end *e)
{
    struct thing_key last;
    struct need need;
    size_t kept = 0;

    filled_start(&e->s->network.found.policy, e->year->from_day, &last);
    for (; state_next_need(e->s, &last, &need); last = need.key) {
        int32_t day = window_day(need.published_at);

        if (day < e->year->from_day || day > e->year->to_day || !e->member[need.key.author]) {
            continue;
        }
        if (!more_room((void **)&e->needs, e->n_needs, &e->needs_room, sizeof *e->needs)) {
            return false;
        }
        e->needs[e->n_needs++] = (struct deficit_need){
            need.key.author, sheet_thing(e->s, need.type, &need.skill), need.minutes};
    }
    if (e->n_needs > 0) {
        qsort(e->needs, e->n_needs, sizeof *e->needs, compare_needs);
    }
    for (size_t i = 0; i < e->n_needs;) {
        struct deficit_need sum = e->needs[i];

        for (i++; i < e->n_needs && compare_needs(&e->needs[i], &sum) == 0; i++) {
            sum.minutes += e->needs[i].minutes;
        }
        sum.minutes /= QUARTERS;
        e->needs[kept++] = sum;
    }
    e->n_needs = kept;
    return true;
}

/* What was on offer at that moment, once per organisation and thing. */
static bool read_offers(struct end *e)
{
    const struct thing_key *after = NULL;
    struct offer offer;
    size_t kept = 0;

    for (; state_next_offer(e->s, after, &offer); after = &offer.key) {
        bool open = offer.published_at <= e->at &&
                    (offer.life == LIFE_OPEN || offer.ended_at > e->at);

        for (size_t i = 0; open && i < offer.n_providers; i++) {
            if (!e->member[offer.providers[i]]) {
                continue;
            }
            if (!more_room((void **)&e->offers, e->n_offers, &e->offers_room,
                           sizeof *e->offers)) {
                return false;
            }
            e->offers[e->n_offers++] = (struct deficit_offer){
                offer.providers[i], sheet_thing(e->s, offer.type, &offer.skill)};
        }
    }
    if (e->n_offers > 0) {
        qsort(e->offers, e->n_offers, sizeof *e->offers, compare_offers);
    }
    for (size_t i = 0; i < e->n_offers; i++) {
        if (i == 0 || compare_offers(&e->offers[i], &e->offers[i - 1]) != 0) {
            e->offers[kept++] = e->offers[i];
        }
    }
    e->n_offers = kept;
    return true;
}

static bool measure_end(struct end *e, struct sheet_year *year)
{
    struct deficit_result result;
    struct deficit_input in;

    year->leaning = read_members(e);
    if (!read_needs(e) || !read_offers(e)) {
        return false;
    }
    in = (struct deficit_input){.orgs = e->orgs, .n_orgs = e->n_orgs,
                                .needs = e->needs, .n_needs = e->n_needs,
                                .offers = e->offers, .n_offers = e->n_offers};
    deficit_find(&in, 0, &result);
    year->deficit = result.deficit;
    deficit_free(&result);
    return true;
}

bool sheet_past(struct state *s, struct sheet *sheet)
{
    bool ok = true;

    for (size_t i = 1; ok && i < SHEET_YEARS; i++) {
        struct sheet_year *year = &sheet->years[i];
        struct end e = {.s = s, .sheet = sheet, .year = year,
                        .at = (year->to_day + 1) * WINDOW_DAY_MS - 1};

        e.member = calloc(sheet->n_orgs + 1, sizeof *e.member);
        e.orgs = calloc(sheet->n_orgs + 1, sizeof *e.orgs);
        ok = e.member && e.orgs && measure_end(&e, year);
        free(e.member);
        free(e.orgs);
        free(e.needs);
        free(e.offers);
    }
    return ok;
}
