/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a coordinator looks at, in figures (SPEC 18.9): everything is read from one snapshot, for
 * the rolling year that ends with a day. Nothing is measured here: policies/figures.h and its
 * neighbours do. Organisations stand in the order of their numbers, which is that of admission, and
 * in no other. A struct state belongs to one thread.
 */
#ifndef SEM_LEDGER_SHEET_H
#define SEM_LEDGER_SHEET_H

#include "ledger/query.h"
#include "policies/deficit.h"
#include "policies/figures.h"
#include "policies/fill.h"
#include "policies/skills.h"

/* The rolling year now, and those that ended with the last four quarters, the newest first. */
#define SHEET_YEARS 5

/* What one organisation has to do with the sheet. */
struct sheet_org {
    uint32_t number;
    struct handle handle;
    bool active, fragile;
    int64_t position;
    struct line line;
    struct ratio line_use;     /* M1 */
    struct ratio index;        /* M2, help layer */
    struct dependency depends; /* M8, help layer */
    bool above_pair_cap;       /* and a member */
    struct burden burden; /* M11 */
    bool rests;           /* it is offered rest (SPEC 18.9) */
    bool dormant;         /* above zero, and received nothing for dormant_days */
    bool offers;          /* has an open offer */
    int position_step;    /* SPEC 18.8: 0, 1 leaning for long, 2 strained for long */
    struct fill fill;     /* M10 of its own needs */
};

/* One of the rolling years. */
struct sheet_year {
    int32_t from_day, to_day;
    struct ratio displaced;      /* M3, account layer */
    struct ratio round;          /* M6, help layer */
    struct fill others, fragile; /* M10 */
    struct burden_spread burden; /* M11 */
    size_t dependent;            /* members above the pair cap */
    /* Of the years but the newest, if all of them were asked for (ledger/sheet_past.h). */
    size_t leaning;  /* members whose position leaned when it ended */
    int64_t deficit; /* M14, minutes a quarter */
};

struct sheet {
    uint64_t size; /* of the log */
    int64_t at;    /* ms: the moment that it speaks of, not before the last leaf */
    struct sums totals;
    struct quarter quarter;
    struct layer_figures layer[LAYERS]; /* of the year that ends with `at` */
    struct sheet_year years[SHEET_YEARS];
    struct ratio gap;        /* M10 */
    bool gap_alert;          /* above 100 per mille */
    struct ratio solidarity; /* M13 */
    struct ratio turnover, dormant; /* M12 */
    size_t hanging;          /* M9 */
    size_t n_skills;
    struct skill_hold *skills; /* in the order of the catalogue */
    /*
     * M14, of a quarter: what members asked for in the year, by four, through the open offers,
     * against three months of capacity. Ids are organisation numbers and places in the catalogue;
     * spaces and equipment without a skill stand behind the catalogue (sheet_thing()). The gains
     * are the SHEET_GAINS largest, in the order of organisations and not of minutes.
     */
    struct deficit_result deficit;
    size_t n_orgs;
    struct sheet_org *orgs; /* number i + 1 at place i */
};

#define SHEET_GAINS 3 /* new offers that would help most */

/* The place of what an offer or a need is about: of its skill in the catalogue, else behind it. */
uint32_t sheet_thing(const struct state *s, uint8_t type, const struct slug *skill);

/* SPEC 18.8: 0, 1 leaning for long, 2 strained for long. */
int sheet_position_step(const struct policy *policy, const struct org *org, int64_t at);

/*
 * Computes it, with the first so many of its years (1 to SHEET_YEARS; with less than three nobody
 * rests). At a moment before the last leaf, members and positions are those of that moment, and
 * what no past is kept of is that of now: lines, steps, offers, sizes, skills, the deficit. Costs
 * what the years' pairs and needs are; M6 and M7 are most of it. False when there is no memory.
 * Free with sheet_free(), also after false.
 */
bool sheet_make(struct state *s, int64_t at, size_t years, struct sheet *out)
    __attribute__((warn_unused_result));
void sheet_free(struct sheet *sheet);

#endif
