/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/sheet_past.h"

#include <stdlib.h>

#include "ledger/filled.h"
#include "ledger/sheet_gather.h"
#include "policies/window.h"

/* The work on one year's end. */
struct end {
    struct state *s;
    const struct sheet *sheet;
    struct sheet_year *year;
    int64_t at;   /* its last moment */
    bool *member; /* by number */
    struct gather gather;
};

static bool leaned(const struct policy *policy, const struct line *line, int64_t position)
{
    struct ratio use = reciprocity_line_use(line, position);

    return use.known && (use.permille >= policy->ladder_lean_permille ||
                         use.permille <= -policy->ladder_lean_permille);
}

/* Who was a member, and how many of them leaned. */
static bool read_members(struct end *e)
{
    const struct policy *policy = &e->s->network.found.policy;
    struct org org;

    for (uint32_t i = 1; i <= e->sheet->n_orgs && state_org(e->s, i, &org); i++) {
        e->member[i] = gather_was_member(&org, e->at);
        if (!e->member[i]) {
            continue;
        }
        if (!gather_org(&e->gather, policy, &org)) {
            return false;
        }
        e->year->leaning += leaned(policy, &e->sheet->orgs[i - 1].line,
                                   query_position_at(e->s, &org, e->at));
    }
    return true;
}

/* What members asked for in the year. */
static bool read_needs(struct end *e)
{
    struct thing_key last;
    struct need need;

    filled_start(&e->s->network.found.policy, e->year->from_day, &last);
    for (; state_next_need(e->s, &last, &need); last = need.key) {
        int32_t day = window_day(need.published_at);
        bool counts =
            day >= e->year->from_day && day <= e->year->to_day && e->member[need.key.author];

        if (counts &&
            !gather_need(&e->gather, &need, sheet_thing(e->s, need.type, &need.skill))) {
            return false;
        }
    }
    return true;
}

/* What members had on offer at that moment. */
static bool read_offers(struct end *e)
{
    const struct thing_key *after = NULL;
    struct offer offer;

    for (; state_next_offer(e->s, after, &offer); after = &offer.key) {
        bool open = offer.published_at <= e->at &&
                    (offer.life == LIFE_OPEN || offer.ended_at > e->at);

        for (size_t i = 0; open && i < offer.n_providers; i++) {
            if (e->member[offer.providers[i]] &&
                !gather_offer(&e->gather, offer.providers[i],
                              sheet_thing(e->s, offer.type, &offer.skill))) {
                return false;
            }
        }
    }
    return true;
}

static bool measure_end(struct end *e)
{
    struct deficit_result result;

    if (!read_members(e) || !read_needs(e) || !read_offers(e)) {
        return false;
    }
    gather_deficit(&e->gather, 0, &result);
    e->year->deficit = result.deficit;
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
        ok = e.member && measure_end(&e);
        free(e.member);
        gather_free(&e.gather);
    }
    return ok;
}
