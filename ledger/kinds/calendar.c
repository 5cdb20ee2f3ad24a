/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the calendar brings (SPEC 5.2, 18.5, 18.6): every month a look at whether there is a crisis,
 * every quarter the closing of the common pool. Both concern everybody, so they settle in pieces;
 * what they need of each organisation at once lies in memory, and a tick that cannot get it stops
 * the process, as one that cannot be written does.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/hash.h"
#include "ledger/books.h"
#include "ledger/kinds/kinds.h"
#include "policies/calendar.h"
#include "policies/crisis.h"
#include "policies/pool.h"
#include "policies/window.h"

static void *room_for(size_t n, size_t size)
{
    void *room = calloc(n > 0 ? n : 1, size);
    if (room == NULL)
        perror("sem: a tick");
    assert(room != NULL);
    return room;
}

/* The calendar ends with the days that have a name. */
static void set_due(struct rules *r, enum due_type type, int64_t moment)
{
    if (moment > DAY_MAX * WINDOW_DAY_MS)
        return;
    static const uint8_t zeros[10];
    struct due due = {.moment = moment, .type = (uint8_t)type, .key = {.author = POOL}};
    id_make(&due.key.id, moment, zeros);
    state_put_due(r->state, &due);
}

void calendar_begin(struct rules *r, int64_t founders)
{
    struct quarter quarter = {
        .budget = pool_budget(&r->state->network.found.policy, founders, false)};
    state_put_quarter(r->state, &quarter);
    set_due(r, DUE_CRISIS_CHECK, calendar_next_month(r->at));
    set_due(r, DUE_POOL_CLOSING, calendar_next_quarter(r->at));
}

static void add_line(struct hash_stream *effects, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void add_line(struct hash_stream *effects, const char *format, ...)
{
    char line[HANDLE_MAX + 64];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    assert(n > 0 && (size_t)n < sizeof line);
    hash_stream_add(effects, line, (size_t)n);
}

/* --- Whether there is a crisis ---------------------------------------------------------------- */

static uint32_t count_orgs(struct rules *r)
{
    struct sums sums;
    state_sums(r->state, &sums);
    return sums.orgs;
}

static bool is_active(struct rules *r, uint32_t number)
{
    struct org org;
    return state_org(r->state, number, &org) && org.state == ORG_ACTIVE;
}

static bool has_urgent_need(struct rules *r, uint32_t number)
{
    struct thing_key key;
    struct need need;
    for (bool more = state_next_live(r->state, LIVE_NEED, number, NULL, &key); more;
         more = state_next_live(r->state, LIVE_NEED, number, &key, &key))
        if (state_need(r->state, &key, &need) && need.urgent_until != 0)
            return true;
    return false;
}

/* What an organisation asked for, and what it got in time, in the needs that ended. */
struct asked {
    int64_t minutes, in_time;
};

/* When a need was met, or expired, however late its tick was. -1: neither. */
static int64_t fill_moment(const struct need *n)
{
    return n->life == LIFE_MET ? n->ended_at : n->life == LIFE_EXPIRED ? n->expires : -1;
}

/*
 * Needs are in order of the time in their ids, which lies at most entry_days_max before their
 * publication, and that at most need_days_max before their end.
 */
static void add_needs(struct rules *r, int64_t moment, struct asked *asked, uint32_t orgs)
{
    const struct policy *p = &r->state->network.found.policy;
    int64_t from = moment - p->crisis_fill_days * WINDOW_DAY_MS;
    int64_t first = from - (p->need_days_max + p->entry_days_max) * WINDOW_DAY_MS;
    struct thing_key key = {.author = 0};
    struct need n;
    for (int i = 0; i < 6; i++)
        key.id.b[i] = first > 0 ? (uint8_t)(first >> (40 - 8 * i) & 0xff) : 0;
    for (bool more = state_next_need(r->state, &key, &n); more;
         more = state_next_need(r->state, &n.key, &n)) {
        int64_t ended = fill_moment(&n);
        if (ended < from || ended >= moment || n.key.author > orgs)
            continue;
        asked[n.key.author].minutes += n.minutes;
        asked[n.key.author].in_time += n.in_time < n.minutes ? n.in_time : n.minutes;
    }
}

static bool too_little_found(struct rules *r, int64_t moment)
{
    uint32_t orgs = count_orgs(r);
    struct asked *asked = room_for((size_t)orgs + 1, sizeof *asked);
    int64_t *rates = room_for((size_t)orgs + 1, sizeof *rates);
    size_t n = 0;
    add_needs(r, moment, asked, orgs);
    for (uint32_t i = 1; i <= orgs; i++)
        if (asked[i].minutes > 0 && is_active(r, i))
            rates[n++] = crisis_fill(asked[i].in_time, asked[i].minutes);
    bool crisis = crisis_by_fill(&r->state->network.found.policy, rates, n);
    free(rates);
    free(asked);
    return crisis;
}

static bool too_much_urgent(struct rules *r)
{
    uint32_t orgs = count_orgs(r);
    int64_t active = 0, urgent = 0;
    for (uint32_t i = 1; i <= orgs; i++) {
        if (!is_active(r, i))
            continue;
        active++;
        urgent += has_urgent_need(r, i);
    }
    return crisis_by_urgency(&r->state->network.found.policy, urgent, active);
}

void crisis_check(struct rules *r, int64_t moment, struct hash_stream *effects)
{
    const struct policy *policy = &r->state->network.found.policy;
    struct quarter quarter;
    r->calendar = true;
    set_due(r, DUE_CRISIS_CHECK, calendar_next_month(moment));
    state_quarter(r->state, &quarter);
    if (moment < quarter.crisis_until || (!too_much_urgent(r) && !too_little_found(r, moment)))
        return;
    quarter.crisis_until = moment + policy->crisis_days * WINDOW_DAY_MS;
    quarter.budget = pool_widened(policy, quarter.budget);
    state_put_quarter(r->state, &quarter);
    add_line(effects, "crisis %" PRId64 "\n", quarter.crisis_until);
}

/* --- The closing of a quarter ----------------------------------------------------------------- */

struct member {
    uint32_t org;
    bool fragile;
    int64_t weight, position, levied, forgiven;
};

struct members {
    struct member *v;
    size_t n;
    struct pool_part *parts; /* room for n */
};

static struct members find_members(struct rules *r, int64_t moment)
{
    const struct policy *policy = &r->state->network.found.policy;
    uint32_t orgs = count_orgs(r);
    struct members m = {.v = room_for(orgs, sizeof *m.v),
                        .parts = room_for(orgs, sizeof *m.parts)};
    struct org org;
    for (uint32_t i = 1; i <= orgs; i++) {
        struct status status = {.levy_permille = 1000};
        if (!state_org(r->state, i, &org) || org.state != ORG_ACTIVE)
            continue;
        int64_t class = state_status_class(r->state, i, moment, &status);
        int64_t capacity = org.capacity.set ? org.capacity.n : policy->capacity_default;
        m.v[m.n++] = (struct member){.org = i,
                                     .fragile = class == 1,
                                     .weight = pool_weight(capacity, status.levy_permille),
                                     .position = org_position(&org)};
    }
    return m;
}

/* Step 1: what the pool is below zero is given by all who can. Returns what the pool then has. */
static int64_t levy_deficit(struct members *m, int64_t pool)
{
    if (pool >= 0)
        return pool;
    for (size_t i = 0; i < m->n; i++)
        m->parts[i].weight = m->v[i].weight;
    pool_share(m->parts, m->n, -pool);
    for (size_t i = 0; i < m->n; i++) {
        m->v[i].levied += m->parts[i].minutes;
        m->v[i].position -= m->parts[i].minutes;
        pool += m->parts[i].minutes;
    }
    return pool;
}

/* Step 2: who is far above zero gives a part of it. */
static int64_t levy_excess(const struct policy *policy, struct members *m, int64_t pool)
{
    for (size_t i = 0; i < m->n; i++) {
        int64_t levy = pool_levy(policy, m->v[i].position);
        m->v[i].levied += levy;
        m->v[i].position -= levy;
        pool += levy;
    }
    return pool;
}

/* Step 3, for one of the two groups: in full, or in proportion as far as the pool goes. */
static int64_t forgive(const struct policy *policy, struct members *m, bool fragile, int64_t pool)
{
    int64_t sum = 0;
    for (size_t i = 0; i < m->n; i++) {
        bool in = m->v[i].fragile == fragile;
        m->parts[i].weight = in ? pool_forgiveness(policy, m->v[i].position) : 0;
        sum += m->parts[i].weight;
    }
    int64_t there = pool > 0 ? pool : 0;
    pool_share(m->parts, m->n, sum < there ? sum : there);
    for (size_t i = 0; i < m->n; i++) {
        m->v[i].forgiven += m->parts[i].minutes;
        m->v[i].position += m->parts[i].minutes;
        pool -= m->parts[i].minutes;
    }
    return pool;
}

/* Moves what each gives or gets, a few organisations at a time. */
static void settle_members(struct rules *r, int64_t moment, const struct members *m,
                           struct closing *all, struct hash_stream *effects)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct member *v = &m->v[i];
        if (v->levied == 0 && v->forgiven == 0)
            continue;
        struct closing own = {
            .moment = moment, .org = v->org, .levied = v->levied, .forgiven = v->forgiven};
        state_put_closing(r->state, &own);
        books_move(r, v->org, POOL, v->levied - v->forgiven);
        all->levied += v->levied;
        all->forgiven += v->forgiven;
        add_line(effects, "%s %" PRId64 " %" PRId64 "\n", books_org(r, v->org)->handle.s,
                 v->levied, v->forgiven);
        if (r->n_work + 1 >= RULES_WORK_MAX)
            books_settle(r);
    }
}

static int64_t new_budget(struct rules *r, int64_t moment, const struct members *m)
{
    struct quarter quarter;
    int64_t contributing = 0;
    state_quarter(r->state, &quarter);
    for (size_t i = 0; i < m->n; i++)
        contributing += m->v[i].weight > 0;
    quarter.budget = pool_budget(&r->state->network.found.policy, contributing,
                                 moment < quarter.crisis_until);
    quarter.spent = 0;
    state_put_quarter(r->state, &quarter);
    return quarter.budget;
}

void pool_closing(struct rules *r, int64_t moment, struct hash_stream *effects)
{
    const struct policy *policy = &r->state->network.found.policy;
    struct sums sums;
    r->calendar = true;
    set_due(r, DUE_POOL_CLOSING, calendar_next_quarter(moment));
    state_sums(r->state, &sums);
    struct members m = find_members(r, moment);
    struct closing all = {
        .moment = moment, .org = POOL, .deficit = sums.pool < 0 ? -sums.pool : 0};
    int64_t pool = levy_excess(policy, &m, levy_deficit(&m, sums.pool));
    (void)forgive(policy, &m, false, forgive(policy, &m, true, pool));
    settle_members(r, moment, &m, &all, effects);
    all.budget = new_budget(r, moment, &m);
    state_put_closing(r->state, &all);
    add_line(effects, "budget %" PRId64 "\n", all.budget);
    free(m.parts);
    free(m.v);
}
