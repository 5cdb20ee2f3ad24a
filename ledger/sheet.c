/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/sheet.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/filled.h"
#include "ledger/sheet_gather.h"
#include "ledger/sheet_past.h"
#include "policies/calendar.h"
#include "policies/circulation.h"
#include "policies/turnover.h"
#include "policies/window.h"

/* A gap above this is the first thing to talk about. */
#define GAP_ALERT_PERMILLE 100
/* Rest is offered to whom this one shows and the years that ended with the last two quarters. */
#define REST_YEARS 3

/* Room for the work on one sheet. */
struct work {
    struct state *s;
    const struct policy *policy;
    struct sheet *sheet;
    size_t years;    /* that are measured */
    bool past;       /* `at` lies before the last leaf */
    size_t accounts; /* organisations and the pool */
    bool *member;
    int64_t *given, *scratch, *positions, *received, *fte; /* by number */
    struct burden *burdens;
    struct dependency_sum *sums;
    struct gather gather;      /* for the deficit: members, the year's needs, open offers */
    struct skill_offer *fresh; /* of the catalogue */
    size_t n_fresh, fresh_room;
    struct flows help;         /* of one year */
    struct flow *flows;        /* of one layer of it */
};

static bool get_room(struct work *w)
{
    size_t n = w->accounts;

    w->member = calloc(n, sizeof *w->member);
    w->given = calloc(n, sizeof *w->given);
    w->scratch = calloc(n, sizeof *w->scratch);
    w->positions = calloc(n, sizeof *w->positions);
    w->received = calloc(n, sizeof *w->received);
    w->fte = calloc(n, sizeof *w->fte);
    w->burdens = calloc(n, sizeof *w->burdens);
    w->sums = calloc(n, sizeof *w->sums);
    w->sheet->orgs = calloc(n, sizeof *w->sheet->orgs);
    return w->member && w->given && w->scratch && w->positions && w->received && w->fte &&
           w->burdens && w->sums && w->sheet->orgs;
}

static void free_room(struct work *w)
{
    free(w->member);
    free(w->given);
    free(w->scratch);
    free(w->positions);
    free(w->received);
    free(w->fte);
    free(w->burdens);
    free(w->sums);
    free(w->flows);
    free(w->fresh);
    gather_free(&w->gather);
    query_flows_free(&w->help);
}

/* --- Organisations ---------------------------------------------------------------------------- */

static bool lasts(int64_t since, int64_t at, int64_t days)
{
    return since != 0 && at - since >= days * WINDOW_DAY_MS;
}

int sheet_position_step(const struct policy *policy, const struct org *org, int64_t at)
{
    if (lasts(org->strained_since, at, policy->ladder_strain_days)) {
        return 2;
    }
    return lasts(org->leaning_since, at, policy->ladder_lean_days) ? 1 : 0;
}

static bool has_open_offer(struct state *s, uint32_t org)
{
    struct thing_key key;

    return state_next_live(s, LIVE_OFFER, org, NULL, &key);
}

static void read_org(struct work *w, struct org *org)
{
    struct sheet_org *o = &w->sheet->orgs[org->number - 1];
    int64_t at = w->sheet->at;

    state_roll_window(w->s, org, window_day(at));
    o->number = org->number;
    o->handle = org->handle;
    o->active = gather_was_member(org, at);
    o->fragile = o->active && state_status_class(w->s, org->number, at, NULL) == 1;
    o->position = w->past ? query_position_at(w->s, org, at) : org_position(org);
    state_line(w->s, org, at, &o->line);
    o->line_use = reciprocity_line_use(&o->line, o->position);
    o->position_step = o->active ? sheet_position_step(w->policy, org, at) : 0;
    o->dormant = o->active && o->position > 0 &&
                 !(org->last_received_at > at - w->policy->dormant_days * WINDOW_DAY_MS);
    o->offers = has_open_offer(w->s, org->number);
    w->fte[org->number] = o->active && org->fte.set ? org->fte.n : 0;
    w->member[org->number] = o->active;
    w->positions[org->number] = o->position;
    w->received[org->number] = o->dormant ? 0 : 1;
}

static bool read_orgs(struct work *w)
{
    struct org org;

    for (uint32_t i = 1; i < w->accounts && state_org(w->s, i, &org); i++) {
        read_org(w, &org);
        w->positions[POOL] -= w->positions[i]; /* all of them add up to 0 */
        w->sheet->n_orgs = i;
        if (w->member[i] && !gather_org(&w->gather, w->policy, &org)) {
            return false;
        }
    }
    return true;
}

/* --- Needs and skills ------------------------------------------------------------------------- */

uint32_t sheet_thing(const struct state *s, uint8_t type, const struct slug *skill)
{
    const struct body_network_found *found = &s->network.found;

    for (size_t i = 0; i < found->n_skills; i++) {
        if (strcmp(found->skills[i].s, skill->s) == 0) {
            return (uint32_t)i;
        }
    }
    return (uint32_t)found->n_skills + type;
}

static void fill_years(struct work *w, const struct need *need)
{
    for (size_t i = 0; i < SHEET_YEARS; i++) {
        struct sheet_year *y = &w->sheet->years[i];

        if (filled_within(need, y->from_day, y->to_day)) {
            filled_add(need, need->fragile ? &y->fragile : &y->others);
            if (i == 0 && need->key.author <= w->sheet->n_orgs) {
                filled_add(need, &w->sheet->orgs[need->key.author - 1].fill);
            }
        }
    }
}

static bool read_need(struct work *w, const struct need *need, bool *requested)
{
    int32_t year = window_first_day(w->sheet->years[0].to_day, SKILLS_REQUESTED_DAYS);
    uint32_t thing;

    fill_years(w, need);
    if (window_day(need->published_at) < year) {
        return true;
    }
    thing = sheet_thing(w->s, need->type, &need->skill);
    if (need->skill.s[0] != '\0') {
        requested[thing] = true;
    }
    return !w->member[need->key.author] || gather_need(&w->gather, need, thing);
}

/* All needs that can have ended since the first of the years began. */
static bool read_needs(struct work *w, bool *requested)
{
    struct thing_key last;
    struct need need;

    filled_start(w->policy, w->sheet->years[SHEET_YEARS - 1].from_day, &last);
    while (state_next_need(w->s, &last, &need)) {
        last = need.key;
        if (!read_need(w, &need, requested)) {
            return false;
        }
    }
    return true;
}

static bool add_fresh(struct work *w, uint32_t thing, uint32_t org)
{
    struct skill_offer *fresh = gather_room(w->fresh, w->n_fresh, &w->fresh_room, sizeof *fresh);

    if (!fresh) {
        return false;
    }
    w->fresh = fresh;
    fresh[w->n_fresh++] = (struct skill_offer){thing, org};
    return true;
}

/* For the deficit; and for its skill, if it was published or renewed of late. */
static bool read_offer(struct work *w, const struct offer *offer, uint32_t org)
{
    int64_t since = w->sheet->at - w->policy->skill_fresh_days * WINDOW_DAY_MS;
    uint32_t thing = sheet_thing(w->s, offer->type, &offer->skill);
    bool fresh = thing < w->sheet->n_skills &&
                 (offer->renewed_at >= since || offer->published_at >= since);

    return gather_offer(&w->gather, org, thing) && (!fresh || add_fresh(w, thing, org));
}

/* The open offers of all. */
static bool read_offers(struct work *w)
{
    for (uint32_t org = 1; org <= w->sheet->n_orgs; org++) {
        struct thing_key key, *after = NULL;
        struct offer offer;

        for (; state_next_live(w->s, LIVE_OFFER, org, after, &key); after = &key) {
            if (state_offer(w->s, &key, &offer) && !read_offer(w, &offer, org)) {
                return false;
            }
        }
    }
    return true;
}

static bool measure_skills(struct work *w)
{
    struct sheet *sheet = w->sheet;
    bool *requested, ok;

    sheet->n_skills = w->s->network.found.n_skills;
    requested = calloc(sheet->n_skills + 1, sizeof *requested);
    sheet->skills = calloc(sheet->n_skills + 1, sizeof *sheet->skills);
    ok = requested && sheet->skills && read_needs(w, requested) && read_offers(w);
    if (ok) {
        sheet->hanging = skills_hanging(w->fresh, w->n_fresh, requested, sheet->skills,
                                        sheet->n_skills);
    }
    free(requested);
    return ok;
}

/* --- The deficit ------------------------------------------------------------------------------ */

static int compare_gains(const void *a, const void *b)
{
    const struct deficit_gain *x = a, *y = b;

    if (x->org != y->org) {
        return x->org < y->org ? -1 : 1;
    }
    return x->skill < y->skill ? -1 : x->skill > y->skill;
}

static void measure_deficit(struct work *w)
{
    struct deficit_result *d = &w->sheet->deficit;

    gather_deficit(&w->gather, SHEET_GAINS, d);
    if (d->n_gains > 1) { /* nobody is ranked by what could be asked of them */
        qsort(d->gains, d->n_gains, sizeof *d->gains, compare_gains);
    }
}

/* --- Years ------------------------------------------------------------------------------------ */

static bool read_year(struct work *w, const struct sheet_year *y)
{
    query_flows_free(&w->help);
    free(w->flows);
    w->flows = NULL;
    if (!query_days(w->s, y->from_day, y->to_day, &w->help)) {
        return false;
    }
    w->flows = calloc(w->help.n + 1, sizeof *w->flows);
    return w->flows != NULL;
}

/* M3 and M6 of a year that is over; those of the newest stand among the layer's figures. */
static void measure_flows(struct work *w, struct sheet_year *y, bool newest)
{
    const struct layer_figures *layer = w->sheet->layer;
    size_t n = layer_flows(w->help.v, w->help.n, LAYER_ACCOUNT, w->flows);

    memset(w->given, 0, w->accounts * sizeof *w->given);
    memset(w->scratch, 0, w->accounts * sizeof *w->scratch);
    reciprocity_totals(w->flows, n, w->given, w->scratch, w->accounts);
    y->displaced = newest ? layer[LAYER_ACCOUNT].displaced
                          : reciprocity_displaced_share(w->given, w->scratch, w->accounts);
    n = layer_flows(w->help.v, w->help.n, LAYER_HELP, w->flows);
    y->round = newest ? layer[LAYER_HELP].round : circulation_share(w->flows, n, w->accounts);
    memset(w->given, 0, w->accounts * sizeof *w->given);
    memset(w->scratch, 0, w->accounts * sizeof *w->scratch);
    reciprocity_totals(w->flows, n, w->given, w->scratch, w->accounts);
}

static void measure_dependency(struct work *w, struct sheet_year *y, bool newest)
{
    size_t n = layer_flows(w->help.v, w->help.n, LAYER_HELP, w->flows);

    memset(w->sums, 0, w->accounts * sizeof *w->sums);
    reciprocity_dependency_sums(w->flows, n, w->sums, w->accounts);
    for (size_t i = 0; i < w->sheet->n_orgs; i++) {
        struct sheet_org *o = &w->sheet->orgs[i];
        bool above = o->active && reciprocity_above_pair_cap(w->policy, &w->sums[o->number]);

        y->dependent += above;
        if (newest) {
            o->above_pair_cap = above;
            o->depends = reciprocity_dependency(&w->sums[o->number]);
        }
    }
}

/* `given` holds the year's minutes of the help layer. */
static void measure_burden(struct work *w, struct sheet_year *y, size_t year)
{
    struct sheet *sheet = w->sheet;

    for (size_t i = 0; i < sheet->n_orgs; i++) {
        w->burdens[i] = burden_of(w->given[i + 1], w->fte[i + 1]);
    }
    y->burden = burden_spread_of(w->burdens, sheet->n_orgs, w->scratch);
    for (size_t i = 0; i < sheet->n_orgs; i++) {
        bool above = burden_above_median(&w->burdens[i], &y->burden, w->policy->rest_permille);

        if (year == 0) {
            sheet->orgs[i].burden = w->burdens[i];
            sheet->orgs[i].rests = above;
        } else if (year < REST_YEARS) {
            sheet->orgs[i].rests = sheet->orgs[i].rests && above;
        }
    }
}

/* What only the newest year is asked for; `given` and `scratch` hold its help layer. */
static void measure_newest(struct work *w)
{
    struct sheet *sheet = w->sheet;

    for (size_t i = 0; i < sheet->n_orgs; i++) {
        sheet->orgs[i].index = reciprocity_exchange_index(w->given[i + 1], w->scratch[i + 1]);
    }
    sheet->solidarity = layer_solidarity(w->help.v, w->help.n);
    sheet->turnover = turnover_of(sheet->layer[LAYER_HELP].minutes, w->positions, w->accounts);
    sheet->dormant = turnover_dormant(w->positions + 1, w->received + 1, sheet->n_orgs);
}

static bool measure_year(struct work *w, size_t year)
{
    struct sheet_year *y = &w->sheet->years[year];
    bool newest = year == 0, ok = read_year(w, y);

    for (enum layer l = 0; newest && ok && l < LAYERS; l++) {
        ok = figures_of_layer(w->help.v, w->help.n, w->member, w->accounts, l,
                              &w->sheet->layer[l]);
    }
    if (!ok) {
        return false;
    }
    measure_flows(w, y, newest);
    if (newest) {
        measure_newest(w);
    }
    measure_burden(w, y, year);
    measure_dependency(w, y, newest);
    return true;
}

static bool measure_years(struct work *w)
{
    bool ok = true;

    for (size_t year = 0; ok && year < w->years; year++) {
        ok = measure_year(w, year);
    }
    for (size_t i = 0; w->years < REST_YEARS && i < w->sheet->n_orgs; i++) {
        w->sheet->orgs[i].rests = false;
    }
    return ok;
}

/* The year that ends today, and those that ended with the last days of the quarters before. */
static void set_years(struct sheet *sheet, int64_t window_days)
{
    int32_t to = window_day(sheet->at);
    int64_t begin = calendar_quarter(sheet->at);

    for (size_t i = 0; i < SHEET_YEARS; i++) {
        sheet->years[i].to_day = to;
        sheet->years[i].from_day = window_first_day(to, window_days);
        to = window_day(begin > 0 ? begin - 1 : 0);
        begin = begin > 0 ? calendar_quarter(begin - 1) : 0;
    }
}

/* --- The sheet -------------------------------------------------------------------------------- */

bool sheet_make(struct state *s, int64_t at, size_t years, struct sheet *out)
{
    struct work w = {.s = s,
                     .policy = &s->network.found.policy,
                     .sheet = out,
                     .years = years,
                     .past = at < state_last_at(s)};
    bool ok;

    assert(years >= 1 && years <= SHEET_YEARS);

    memset(out, 0, sizeof *out);
    out->size = state_size(s);
    out->at = at;
    state_sums(s, &out->totals);
    state_quarter(s, &out->quarter);
    w.accounts = (size_t)out->totals.orgs + 1;
    set_years(out, w.policy->window_days);
    ok = get_room(&w) && read_orgs(&w) && measure_skills(&w) && measure_years(&w) &&
         (years < SHEET_YEARS || sheet_past(s, out));
    if (ok) {
        const struct sheet_year *y = &out->years[0];

        measure_deficit(&w);
        out->gap = fill_gap(&y->others, &y->fragile);
        out->gap_alert = fill_gap_above(&y->others, &y->fragile, GAP_ALERT_PERMILLE);
    }
    free_room(&w);
    return ok;
}

void sheet_free(struct sheet *sheet)
{
    deficit_free(&sheet->deficit);
    free(sheet->skills);
    free(sheet->orgs);
    memset(sheet, 0, sizeof *sheet);
}
