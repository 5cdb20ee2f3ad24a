/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The plan of a history, its pace, and the fields that every operation has. */
#include "tests/model/generate.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_MS INT64_C(1767225600000) /* 2026-01-01 */
#define END_MS INT64_C(6311433600000)   /* 2170-01-01: from here time only creeps */

/* --- The plan -------------------------------------------------------------------------------- */

static const int usual_weights[M_KIND_COUNT] = {
    [M_ORG_ADMIT] = 12,        [M_ORG_UPDATE] = 6,       [M_ORG_CONFIRM] = 6,
    [M_ORG_LEAVE] = 5,         [M_KEY_ADD] = 8,          [M_KEY_REVOKE] = 6,
    [M_DETAILS_ERASE] = 6,     [M_OFFER_PUBLISH] = 20,   [M_OFFER_RENEW] = 8,
    [M_OFFER_WITHDRAW] = 6,    [M_NEED_PUBLISH] = 25,    [M_NEED_VOUCH] = 45,
    [M_NEED_WITHDRAW] = 4,     [M_AGREEMENT_SIGN] = 70,  [M_AGREEMENT_CHANGE] = 30,
    [M_AGREEMENT_CLOSE] = 12,  [M_AGREEMENT_CANCEL] = 8, [M_HOURS_RECORD] = 120,
    [M_HOURS_REVERSE] = 25,    [M_ASSERTION_BALANCE] = 12, [M_POOL_GIVE] = 10,
    [M_STATUS_GRANT] = 12,     [M_STATUS_END] = 4,       [M_PROMISE_EXCUSE] = 7,
    [M_STEP_SET] = 16,         [M_STEP_END] = 7,         [M_STEP_APPEAL] = 6,
};

/* Every kind with its usual weight, a tenth, or several times that. */
static void plan_weights(struct generator *g)
{
    for (int k = 0; k < M_KIND_COUNT; k++) {
        int weight = 10 * usual_weights[k];

        switch (rng_below(&g->rng, 6)) {
        case 0:
            weight /= 10;
            break;
        case 1:
            weight *= (int)rng_range(&g->rng, 2, 5);
            break;
        default:
            break;
        }
        g->plan.weights[k] = weight;
    }
}

/* From the whole range, from its lower end, or (for most keys of most seeds) near the default. */
static int64_t pick_policy(struct generator *g, int64_t min, int64_t max, int64_t usual)
{
    switch (rng_below(&g->rng, 6)) {
    case 0:
        return rng_range(&g->rng, min, max);
    case 1:
        return min + rng_magnitude(&g->rng, max - min + 1) - 1;
    case 2:
        return rng_chance(&g->rng, 500) ? min : max;
    default:
        return usual;
    }
}

/* The keys of SPEC 18, so that what hangs on them happens in few years and small networks. */
static void plan_pool(struct generator *g, struct m_policy *policy)
{
    struct rng *rng = &g->rng;

    if (rng_chance(rng, 500)) /* budgets that run out */
        policy->pool_cap = rng_magnitude(rng, 200);
    if (rng_chance(rng, 600))
        policy->pool_rate_permille = rng_range(rng, 200, 1000);
    if (rng_chance(rng, 400))
        policy->forgive_divisor = rng_range(rng, 1, 12);
    if (rng_chance(rng, policy->forgive_divisor > 0 ? 800 : 200))
        policy->forgive_levy_divisor = rng_range(rng, 1, 12);
    if (rng_chance(rng, 500))
        policy->forgive_band = rng_magnitude(rng, 600) - 1;
    if (rng_chance(rng, 400)) {
        policy->crisis_orgs_min = rng_range(rng, 1, 5);
        policy->crisis_urgent_permille = rng_chance(rng, 600) ? 1000 : rng_range(rng, 1, 200);
    }
    if (rng_chance(rng, 700)) /* or little is looked at while one lasts */
        policy->crisis_days = rng_range(rng, 1, 40);
    if (rng_chance(rng, 700)) {
        policy->crisis_fill_permille = rng_range(rng, 1, rng_chance(rng, 600) ? 300 : 1000);
        policy->crisis_fill_days = rng_range(rng, 30, 180);
    }
    if (rng_chance(rng, 500))
        policy->urgent_quota = rng_range(rng, 2, 12);
    if (rng_chance(rng, 800))
        policy->panel_min = rng_range(rng, 1, 3);
    if (rng_chance(rng, 600))
        policy->promise_meeting = rng_range(rng, 1, 2);
    if (rng_chance(rng, 600)) {
        policy->status_days_max = rng_range(rng, 100, 366);
        policy->step_days = rng_range(rng, 30, 366);
    }
}

static void plan_policy(struct generator *g)
{
    struct m_policy *policy = &g->founding.policy;

#define PICK(key, min, max, usual) policy->key = pick_policy(g, min, max, usual);
    M_POLICY(PICK)
#undef PICK
    plan_pool(g, policy);
    if (rng_chance(&g->rng, 300))
        policy->urgent_days = rng_range(&g->rng, 1, 4);
    if (rng_chance(&g->rng, 700))
        policy->seal_every = rng_range(&g->rng, 16, 80);
}

/*
 * How time goes on between two operations: not at all, milliseconds, minutes, hours, days, weeks,
 * or to a moment at which something changes.
 */
static void plan_pace(struct generator *g)
{
    static const int paces[][7] = {
        {10, 10, 20, 40, 20, 0, 6}, {5, 5, 5, 30, 60, 3, 8},   {30, 60, 20, 5, 1, 0, 2},
        {5, 5, 5, 20, 60, 20, 20},  {1, 1, 1, 1, 1, 1, 1},     {10, 10, 30, 60, 5, 0, 2},
        {20, 20, 40, 20, 2, 0, 4},  {10, 10, 20, 40, 10, 0, 3},
    };

    memcpy(g->plan.steps, paces[rng_below(&g->rng, 8)], sizeof g->plan.steps);
}

static void plan_founding(struct generator *g)
{
    struct m_founding *f = &g->founding;
    static const char *const skills[] = {"accounting", "facilitation-2", "it", "law", "room",
                                         "translation", "van", "web"};

    f->demo = rng_chance(&g->rng, 250);
    f->public_bundles = rng_chance(&g->rng, 500);
    f->public_directory = rng_chance(&g->rng, 500);
    rng_hex(&g->rng, f->charter, 64);
    rng_hex(&g->rng, f->skills_details, 64);
    f->n_skills = (int)rng_range(&g->rng, 1, M_SKILLS);
    for (int i = 0; i < f->n_skills; i++)
        SET(f->skills[i], skills[i]);
    g->key(g->keys_used++, f->clock_key);
    g->key(g->keys_used++, f->log_key);
    g->key(g->keys_used++, f->refusal_key);
    f->n_founders = (int)rng_range(&g->rng, 3, M_FOUNDERS);
    int twin = (int)rng_below(&g->rng, (size_t)f->n_founders);
    for (int i = 0; i < f->n_founders; i++) {
        bool taken = false;

        do {
            new_handle(g, f->founders[i].handle);
            taken = false;
            for (int k = 0; k < i; k++)
                taken |= strcmp(f->founders[k].handle, f->founders[i].handle) == 0;
        } while (taken);
        if (i == twin) {
            SET(f->founders[i].handle, TWINS_HANDLE);
            g->key(KEY_TWIN_A, f->founders[i].key);
        } else {
            g->key(g->keys_used++, f->founders[i].key);
        }
    }
    plan_policy(g);
}

static int compare_places(const struct m_founding *f, int a, int b)
{
    return strcmp(f->founders[a].handle, f->founders[b].handle);
}

/* A panel is for long, most often: nothing but the founding gives a mandate. */
static int64_t mandate_length(struct generator *g, int role)
{
    if (role == M_PANEL && rng_chance(&g->rng, 800))
        return rng_range(&g->rng, 2000 * M_DAY_MS, 40000 * M_DAY_MS);
    return rng_magnitude(&g->rng, 20000 * M_DAY_MS);
}

/* At least one coordinator; sorted by handle and role. */
static void plan_mandates(struct generator *g)
{
    struct m_founding *f = &g->founding;
    int order[M_FOUNDERS], first = (int)rng_below(&g->rng, (size_t)f->n_founders);

    f->n_mandates = 0;
    for (int i = 0; i < f->n_founders; i++) {
        int k = i;

        for (; k > 0 && compare_places(f, order[k - 1], i) > 0; k--)
            order[k] = order[k - 1];
        order[k] = i;
    }
    for (int i = 0; i < f->n_founders; i++)
        for (int role = M_COORDINATOR; role <= M_PANEL; role++)
            if ((order[i] == first && role == M_COORDINATOR) ||
                rng_chance(&g->rng, role == M_PANEL ? 600 : 300))
                f->mandates[f->n_mandates++] =
                    (struct m_mandate){order[i], role, g->at + mandate_length(g, role)};
}

void generator_init(struct generator *g, uint64_t seed, const struct model *m, int keys_max,
                    void (*key)(int, char[static M_HEX64]))
{
    memset(g, 0, sizeof *g);
    rng_seed(&g->rng, seed);
    g->m = m;
    g->key = key;
    g->keys_max = keys_max;
    g->now = START_MS + rng_range(&g->rng, 0, 400 * M_DAY_MS);
    plan_weights(g);
    plan_pace(g);
    plan_founding(g);
    g->plan.wrong = 250;
    g->plan.hot = rng_chance(&g->rng, 300) ? 700 : 100;
    g->plan.urgent = rng_chance(&g->rng, 500) ? 800 : 300;
    g->plan.gift = rng_chance(&g->rng, 300) ? 400 : 80;
    g->plan.group = rng_chance(&g->rng, 300) ? 700 : 200;
    g->plan.under_agreement = (int)rng_range(&g->rng, 200, 800);
    g->plan.for_need = (int)rng_range(&g->rng, 100, 600);
    g->plan.edge = (int)rng_range(&g->rng, 50, 300);
    g->plan.soon = (int)rng_range(&g->rng, 100, 700);
    g->plan.minutes_max = rng_chance(&g->rng, 150) ? 100000 : rng_range(&g->rng, 20, 3000);
    g->plan.orgs_max = (int)rng_range(&g->rng, 14, 40);
    g->plan.active_min = (int)rng_range(&g->rng, 4, 8);
    g->plan.hoard = seed % 40 == 7;
    if (g->plan.hoard) {
        memset(g->plan.weights, 0, sizeof g->plan.weights);
        g->plan.weights[M_OFFER_PUBLISH] = g->plan.weights[M_NEED_PUBLISH] = 10;
        g->plan.weights[M_NEED_VOUCH] = g->plan.weights[M_AGREEMENT_SIGN] = 1;
        memset(g->plan.steps, 0, sizeof g->plan.steps);
        g->plan.steps[0] = g->plan.steps[1] = 1;
        g->founding.policy.offer_days_max = g->founding.policy.need_days_max = 2;
    }
}

/* --- Time ------------------------------------------------------------------------------------ */

/* The next moment at which something falls due, or -1. */
static int64_t next_moment(struct generator *g)
{
    struct m_due *due;
    int64_t moment = -1;

    if (model_due(g->m, g->now + 2000 * M_DAY_MS, &due) > 0)
        moment = due[0].moment;
    free(due);
    return moment;
}

static int64_t midnight_after(int64_t time)
{
    return (time / M_DAY_MS + 1) * M_DAY_MS;
}

/* The next end of a coordinator's mandate; -1 when there is none to come. */
static int64_t next_mandate_end(const struct generator *g)
{
    int64_t moment = -1;

    for (int i = 1; i <= g->m->n_orgs; i++) {
        int64_t until = g->m->orgs[i].mandate[M_COORDINATOR];

        if (until > g->now && (moment < 0 || until < moment))
            moment = until;
    }
    return moment;
}

/*
 * The next end of a status, a step, a panel mandate, a crisis, or of the days for which a broken
 * promise counts; -1 when there is none to come.
 */
static int64_t next_force_end(const struct generator *g)
{
    int64_t moment = -1;

    for (int i = 1; i <= g->m->n_orgs; i++) {
        const struct m_org *o = &g->m->orgs[i];
        const int64_t ends[] = {o->status.until, o->step.until, o->mandate[M_PANEL],
                                g->m->crisis_until};

        for (int k = 0; k < 4; k++)
            if (ends[k] > g->now && (moment < 0 || ends[k] < moment))
                moment = ends[k];
    }
    for (int i = 0; i < g->m->agreements.n; i++) {
        const struct m_agreement *a = &g->m->agreements.v[i];
        int64_t end = (m_day(a->ended_at) + g->m->network.policy.promise_days) * M_DAY_MS;

        if (a->ended_at > 0 && end > g->now && (moment < 0 || end < moment) &&
            promise_outcome(a, a->pairs[0].from) == M_BROKEN)
            moment = end;
    }
    return moment;
}

/* The next moment after which something can no longer be referred to; -1 when there is none. */
static int64_t next_reach(const struct generator *g)
{
    const struct model *m = g->m;
    int64_t moment = -1;

#define LOOK(list, since) \
    for (int i = 0; i < m->list.n; i++) { \
        int64_t reach = model_reach(m, m->list.v[i].since); \
        if (m->list.v[i].since > 0 && reach > g->now && (moment < 0 || reach < moment)) \
            moment = reach; \
    }
    LOOK(offers, ended_at)
    LOOK(needs, ended_at)
    LOOK(agreements, ended_at)
    LOOK(hours, at)
#undef LOOK
    return moment;
}

static int64_t step_to_moment(struct generator *g)
{
    int64_t moment = rng_chance(&g->rng, 300) ? midnight_after(g->now) : next_moment(g);
    int64_t end = rng_chance(&g->rng, 300) ? next_force_end(g) : -1;

    if (end > 0 && end < g->now + 40 * M_DAY_MS)
        moment = end;

    moment += rng_range(&g->rng, -1, 1);
    return moment > g->now ? moment - g->now : 0;
}

static int64_t pick_step(struct generator *g)
{
    int total = 0, way = 0;

    for (int i = 0; i < 7; i++)
        total += g->plan.steps[i];
    int at = (int)rng_below(&g->rng, (size_t)total);
    while (at >= g->plan.steps[way])
        at -= g->plan.steps[way++];
    if (g->now > END_MS && way > 1)
        way = 1;
    switch (way) {
    case 0:
        return 0;
    case 1:
        return rng_range(&g->rng, 1, 2000);
    case 2:
        return rng_range(&g->rng, 1, 3600000);
    case 3:
        return rng_range(&g->rng, 1, M_DAY_MS / 2);
    case 4:
        return rng_range(&g->rng, 1, 3 * M_DAY_MS);
    case 5:
        return rng_range(&g->rng, 1, 40 * M_DAY_MS);
    default:
        return step_to_moment(g);
    }
}

static void pass_time(struct generator *g)
{
    int64_t end = next_mandate_end(g);
    int64_t reach = g->plan.hoard || !rng_chance(&g->rng, 15) ? -1 : next_reach(g);

    if (end > 0 && end < g->now + 1000 * M_DAY_MS && !g->plan.hoard && rng_chance(&g->rng, 50))
        g->now = end - (rng_chance(&g->rng, 300) ? 1 : 0); /* a mandate ends: few do */
    else if (reach > 0 && reach < g->now + 10 * M_DAY_MS && g->now < END_MS)
        g->now = reach + rng_range(&g->rng, 0, 1);
    else if (rng_chance(&g->rng, 600) && urgency_in_force(g)) /* or it would be over unused */
        g->now += rng_range(&g->rng, 0, 2000);
    else
        g->now += pick_step(g);
    if (g->plan.hoard && g->operations % 2200 == 2199)
        g->now += 5 * M_DAY_MS;
    if (g->now < g->m->last_at && !rng_chance(&g->rng, 300))
        g->now = g->m->last_at;
    /* The clock of a machine is set back now and then; the log's time is not. */
    if (rng_chance(&g->rng, 10))
        g->now -= rng_magnitude(&g->rng, 3600000);
}

/* --- The fields of any operation ------------------------------------------------------------- */

void set_id(struct generator *g, struct op *op, int64_t time)
{
    char rest[21];

    rng_hex(&g->rng, rest, 20);
    snprintf(op->id, sizeof op->id, "%012" PRIx64 "7%.3s%c%.15s", (uint64_t)time, rest,
             "89ab"[rng_below(&g->rng, 4)], rest + 3);
    op->id_time = time;
}

static void set_times(struct generator *g, struct op *op)
{
    const struct m_policy *policy = &g->founding.policy;
    int64_t longest = policy->entry_days_max * M_DAY_MS, skew = policy->id_skew_minutes * 60000;
    int64_t back = rng_magnitude(&g->rng, longest + 1) - 1;

    if (rng_chance(&g->rng, 50))
        set_id(g, op, g->at + (rng_chance(&g->rng, 500) ? skew : rng_range(&g->rng, 0, skew)));
    else
        set_id(g, op, g->at - (rng_chance(&g->rng, 30) ? longest : back));
    int64_t earliest = g->at, latest = op->id_time + longest;
    switch (rng_below(&g->rng, 10)) {
    case 0:
        op->valid_until = earliest;
        break;
    case 1:
        op->valid_until = latest;
        break;
    default:
        op->valid_until = rng_range(&g->rng, earliest, latest);
    }
}

/* A demo network's entries carry their time, unless one leaves it to the clock. */
static void set_at(struct generator *g, struct op *op)
{
    int64_t now = g->now > g->m->last_at ? g->now : g->m->last_at;

    g->at = now;
    if (!g->founding.demo || rng_chance(&g->rng, 100))
        return;
    op->has_at = true;
    op->at = now;
    g->at = op->at;
    g->now = now + (rng_chance(&g->rng, 500) ? 0 : rng_range(&g->rng, 0, 5000));
}

static void set_seen(struct generator *g, struct op *op)
{
    if (g->m->size == 0 || !rng_chance(&g->rng, 100))
        return;
    op->seen_size = (uint64_t)rng_range(&g->rng, 1, (int64_t)g->m->size);
    op->has_seen = g->m->root_at(op->seen_size, op->seen_root);
}

static enum m_kind pick_kind(struct generator *g)
{
    int total = 0, k = 0;

    for (int i = 0; i < M_KIND_COUNT; i++)
        total += g->plan.weights[i];
    int at = (int)rng_below(&g->rng, (size_t)total);
    while (at >= g->plan.weights[k])
        at -= g->plan.weights[k++];
    return (enum m_kind)k;
}

static void make_founding(struct generator *g, struct op *op)
{
    if (!g->m->founded) {
        plan_mandates(g);
        if (g->operations == 3 && rng_chance(&g->rng, 300))
            g->founding.mandates[0].until = g->at - rng_range(&g->rng, 0, 1);
    }
    memset(op, 0, sizeof *op);
    op->kind = M_NETWORK_FOUND;
    op->repeat = -1;
    op->gift = -1;
    op->founding = &g->founding;
    SET(op->by, g->founding.founders[rng_below(&g->rng, (size_t)g->founding.n_founders)].handle);
}

/* Something sent before the network exists. */
static void make_premature(struct generator *g, struct op *op)
{
    make_founding(g, op);
    op->kind = rng_chance(&g->rng, 500) ? M_ORG_CONFIRM : M_NEED_WITHDRAW;
    set_id(g, op, g->now);
    snprintf(op->ref, sizeof op->ref, "%s/%s", op->by, op->id);
}

/* The coordinator whose mandate ends within a millisecond, or -1. */
static int ending_coordinator(const struct generator *g)
{
    for (int i = 1; i <= g->m->n_orgs; i++) {
        int64_t until = g->m->orgs[i].mandate[M_COORDINATOR];

        if (until >= g->at - 1 && until <= g->at + 1)
            return i;
    }
    return -1;
}

static void make_any(struct generator *g, struct op *op)
{
    int ending = ending_coordinator(g);
    bool made = false;

    if (ending > 0 && rng_chance(&g->rng, 700) && make_kind(g, op, M_ORG_ADMIT)) {
        op->n_handles = 0;
        SET(op->coordinator, g->m->orgs[ending].handle);
        return;
    }
    if (rng_chance(&g->rng, 700))
        made = make_late(g, op);
    if (!made && rng_chance(&g->rng, 150))
        made = make_urgent(g, op);
    if (!made && rng_chance(&g->rng, 300))
        made = make_supported(g, op);
    if (!made && rng_chance(&g->rng, 150))
        made = make_paused(g, op);
    if (!made && rng_chance(&g->rng, 80))
        made = make_aged(g, op);
    for (int tries = 0; tries < 10 && !made; tries++)
        made = make_kind(g, op, pick_kind(g));
    if (!made)
        make_kind(g, op, M_NEED_PUBLISH);
}

void generator_next(struct generator *g, struct op *op)
{
    struct op stamp = {0};

    g->operations++;
    pass_time(g);
    set_at(g, &stamp);
    if (!g->m->founded && g->operations < 3)
        make_premature(g, op);
    else if (!g->m->founded || rng_chance(&g->rng, 1))
        make_founding(g, op);
    else
        make_any(g, op);
    if (g->m->founded || op->kind == M_NETWORK_FOUND) {
        op->has_at = stamp.has_at;
        op->at = stamp.at;
    }
    set_times(g, op);
    if (!g->m->founded)
        return;
    set_seen(g, op);
    if (op->kind == M_ORG_ADMIT && g->m->n_orgs >= g->plan.orgs_max && ending_coordinator(g) < 0)
        spoil_admission(g, op);
    else if (rng_chance(&g->rng, g->plan.wrong))
        spoil(g, op);
}
