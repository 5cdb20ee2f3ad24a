/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/yearly.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/kind.h"
#include "policies/window.h"

/* --- The year --------------------------------------------------------------------------------- */

static bool first_moment(int year, int64_t *out)
{
    char text[DAY_TEXT_BYTES + 8];
    int32_t day;

    snprintf(text, sizeof text, "%04d-01-01", year);
    if (!day_parse(text, DAY_TEXT_BYTES - 1, &day)) {
        return false;
    }
    *out = day * WINDOW_DAY_MS;
    return true;
}

/* 0 for January. */
static int month_of(int64_t at)
{
    char text[DAY_TEXT_BYTES];

    day_format(text, window_day(at));
    return (text[5] - '0') * 10 + text[6] - '0' - 1;
}

bool year_span(int year, int64_t now, struct year_span *out)
{
    int64_t next;

    if (year < 1970 || year > 2199 || !first_moment(year, &out->from) || out->from > now) {
        return false;
    }
    out->year = year;
    next = year < 2199 ? 0 : (DAY_MAX + 1) * WINDOW_DAY_MS;
    if (next == 0 && !first_moment(year + 1, &next)) {
        return false;
    }
    out->over = next <= now;
    out->to = out->over ? next - 1 : now;
    out->months = month_of(out->to) + 1;
    return true;
}

static bool within(const struct year_span *span, int64_t at)
{
    return at >= span->from && at <= span->to;
}

int64_t year_moved(const struct year_sums *s)
{
    return s->given - s->received + s->gifts + s->pool_paid - s->pool_given + s->handed_over -
           s->levied + s->forgiven;
}

/* --- Hours of an organisation ----------------------------------------------------------------- */

/* Room for the work on one organisation's year. */
struct org_work {
    struct state *s;
    const char *origin;
    const struct org *org;
    const struct year_span *span;
    struct entry *entry;
    struct yearly_org *y;
};

/* Hours that were recorded, or a part of them taken back (sign -1), as the log has them. */
struct told_hours {
    const struct shares *shares;
    struct slug skill;
    bool gift;
    int64_t sign;
};

/* The record of hours that a reversal is about: whether they were a gift, and their skill. */
static bool reversed_hours(struct org_work *w, struct told_hours *out)
{
    static _Thread_local struct shares shares; /* the entry is decoded over */
    struct ref ref = w->entry->hours_reverse.hours;
    struct slice leaf;
    uint64_t index;

    shares = w->entry->hours_reverse.shares;
    if (!query_index(w->s, &ref, false, &index) ||
        !query_entry(w->s, w->origin, index, w->entry, &leaf)) {
        return false;
    }
    *out = (struct told_hours){&shares, w->entry->hours_record.skill, w->entry->hours_record.gift,
                               -1};
    return true;
}

static bool read_hours(struct org_work *w, const struct entry_record *record,
                       struct told_hours *out)
{
    struct slice leaf;

    if (!query_entry(w->s, w->origin, record->index, w->entry, &leaf)) {
        return false;
    }
    if (record->kind == KIND_HOURS_REVERSE) {
        return reversed_hours(w, out);
    }
    *out = (struct told_hours){&w->entry->hours_record.shares, w->entry->hours_record.skill,
                               w->entry->hours_record.gift, 1};
    return true;
}

static struct given_received *skill_of(struct org_work *w, const struct slug *skill)
{
    uint32_t place = sheet_thing(w->s, THING_SKILL, skill);

    return &w->y->skills[place < w->y->n_skills ? place : w->y->n_skills];
}

static void add_share(struct org_work *w, const struct told_hours *h, const struct share *share,
                      struct year_sums *sums)
{
    bool gives = strcmp(share->from.s, w->org->handle.s) == 0;
    struct given_received *skill = skill_of(w, &h->skill);
    uint32_t other = state_org_number(w->s, gives ? &share->to : &share->from);
    int64_t minutes = h->sign * share->minutes;

    if (!gives && strcmp(share->to.s, w->org->handle.s) != 0) {
        return;
    }
    assert(other < w->y->n_partners);
    if (gives) {
        sums->given += minutes;
        skill->given += minutes;
        w->y->partners[other].given += minutes;
        w->y->gifts.given += h->gift ? minutes : 0;
    } else {
        sums->received += minutes;
        skill->received += minutes;
        w->y->partners[other].received += minutes;
        w->y->gifts.received += h->gift ? minutes : 0;
    }
}

static bool add_hours(struct org_work *w, const struct entry_record *record, int64_t moves,
                      struct year_sums *sums)
{
    struct told_hours hours;

    if (!read_hours(w, record, &hours)) {
        return false;
    }
    for (size_t i = 0; i < hours.shares->n; i++) {
        add_share(w, &hours, &hours.shares->v[i], sums);
    }
    if (hours.gift) {
        sums->gifts += moves;
    } else {
        sums->pool_paid += moves;
    }
    return true;
}

/* --- The chain -------------------------------------------------------------------------------- */

static bool add_entry(struct org_work *w, const struct entry_record *record, int64_t moves)
{
    struct year_sums *month = &w->y->months[month_of(record->at)];

    switch (record->kind) {
    case KIND_HOURS_RECORD:
    case KIND_HOURS_REVERSE:
        return add_hours(w, record, moves, month);
    case KIND_POOL_GIVE:
        month->pool_given -= moves;
        return true;
    default: /* org.leave; the other kinds move nothing */
        month->handed_over += moves;
        return true;
    }
}

static void count_need(struct org_work *w, const struct entry_record *record)
{
    struct thing_key key = {record->id, record->author};
    struct need need;
    int64_t ended;

    if (record->author != w->org->number || !state_need(w->s, &key, &need)) {
        return;
    }
    if (within(w->span, need.published_at)) {
        w->y->needs.published++;
        w->y->needs.minutes += need.minutes;
    }
    ended = need.life == LIFE_EXPIRED ? need.expires : need.ended_at;
    if (need.life == LIFE_OPEN || !within(w->span, ended)) {
        return;
    }
    w->y->needs.met += need.life == LIFE_MET;
    w->y->needs.expired += need.life == LIFE_EXPIRED;
    w->y->needs.withdrawn += need.life == LIFE_WITHDRAWN;
    if (need.life != LIFE_WITHDRAWN) {
        w->y->needs.fill.asked += need.minutes;
        w->y->needs.fill.served += need.in_time < need.minutes ? need.in_time : need.minutes;
    }
}

static void count_agreement(struct org_work *w, const struct entry_record *record)
{
    struct thing_key key = {record->id, record->author};
    struct agreement a;
    int64_t ended;

    if (!state_agreement(w->s, &key, &a)) {
        return;
    }
    w->y->agreements.signed_ += within(w->span, a.signed_at);
    ended = a.life == LIFE_EXPIRED ? a.expires : a.ended_at;
    if (a.life != LIFE_OPEN && within(w->span, ended)) {
        w->y->agreements.closed += a.life == LIFE_CLOSED;
        w->y->agreements.expired += a.life == LIFE_EXPIRED;
        w->y->agreements.cancelled += a.life == LIFE_CANCELLED;
    }
}

static void count_promises(struct org_work *w)
{
    const struct thing_key *after = NULL;
    struct promise p;

    for (; state_next_promise(w->s, w->org->number, after, &p); after = &p.agreement) {
        if (within(w->span, p.at)) {
            w->y->promises.kept += !p.broken;
            w->y->promises.broken += p.broken && !p.excused;
            w->y->promises.excused += p.broken && p.excused;
        }
    }
}

static bool walk_chain(struct org_work *w)
{
    struct entry_record record;
    const struct entry_party *party;

    for (uint64_t next = w->org->last_entry; next > 0; next = party->previous) {
        if (!state_entry(w->s, next - 1, &record) ||
            !(party = query_party(&record, w->org->number))) {
            return false;
        }
        if (record.kind == KIND_NEED_PUBLISH) {
            count_need(w, &record);
        } else if (record.kind == KIND_AGREEMENT_SIGN) {
            count_agreement(w, &record);
        }
        if (within(w->span, record.at) && !add_entry(w, &record, party->moves)) {
            return false;
        }
    }
    return true;
}

static void add_closings(struct org_work *w)
{
    struct closing c = {.moment = w->span->from - 1};

    while (query_next_closing(w->s, w->org->number, c.moment, &c) && c.moment <= w->span->to) {
        struct year_sums *month = &w->y->months[month_of(c.moment)];

        assert(w->y->n_closings < YEARLY_CLOSINGS);
        w->y->closings[w->y->n_closings++] = c;
        month->levied += c.levied;
        month->forgiven += c.forgiven;
    }
}

static void sum_months(struct yearly_org *y)
{
    for (int i = 0; i < YEARLY_MONTHS; i++) {
        const struct year_sums *m = &y->months[i];

        y->sums.given += m->given;
        y->sums.received += m->received;
        y->sums.gifts += m->gifts;
        y->sums.pool_paid += m->pool_paid;
        y->sums.pool_given += m->pool_given;
        y->sums.handed_over += m->handed_over;
        y->sums.levied += m->levied;
        y->sums.forgiven += m->forgiven;
    }
}

bool yearly_org_make(struct state *s, const char *origin, const struct org *org,
                     const struct year_span *span, struct yearly_org *out)
{
    struct org_work w = {s, origin, org, span, malloc(sizeof *w.entry), out};
    struct sums sums;
    bool ok;

    memset(out, 0, sizeof *out);
    state_sums(s, &sums);
    out->n_skills = s->network.found.n_skills;
    out->n_partners = (size_t)sums.orgs + 1;
    out->skills = calloc(out->n_skills + 1, sizeof *out->skills);
    out->partners = calloc(out->n_partners, sizeof *out->partners);
    ok = w.entry && out->skills && out->partners && walk_chain(&w);
    free(w.entry);
    if (!ok) {
        return false;
    }
    add_closings(&w);
    count_promises(&w);
    sum_months(out);
    out->opening = query_position_at(s, org, span->from - 1);
    out->closing = query_position_at(s, org, span->to);
    return out->closing == out->opening + year_moved(&out->sums);
}

void yearly_org_free(struct yearly_org *y)
{
    free(y->skills);
    free(y->partners);
    memset(y, 0, sizeof *y);
}
