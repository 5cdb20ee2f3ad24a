/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The common pool: what it pays, its closings, and crises (SPEC 18.4 to 18.6). */
#include "tests/model/model.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 wide;

/* --- Urgency (SPEC 8.2) ---------------------------------------------------------------------- */

static int64_t asked_for(const struct model *m, const struct op *op, int asker)
{
    int64_t sum = 0;

    for (int i = 0; i < op->n_shares; i++)
        if (model_org(m, op->shares[i].to) == asker)
            sum += op->shares[i].minutes;
    return sum;
}

int64_t model_need_asks(const struct model *m, int need, int64_t at,
                        const struct m_agreement *without)
{
    const struct m_need *n = &m->needs.v[need];
    int64_t asks = n->minutes - n->served - need_kept(m, need, at, without);

    return asks > 0 ? asks : 0;
}

bool model_urgent(const struct model *m, const struct op *op, int64_t at, int need,
                  const struct m_agreement *own)
{
    if (need < 0)
        return false;
    const struct m_need *n = &m->needs.v[need];
    const struct m_vouch *vouch = need_in_force(n, at);
    int64_t asked = asked_for(m, op, n->author);

    if (!vouch)
        return false;
    for (int i = 0; i < op->n_shares; i++)
        if (model_org(m, op->shares[i].to) != n->author ||
            model_org(m, op->shares[i].from) == vouch->org)
            return false;
    for (int i = 0; op->kind == M_AGREEMENT_CHANGE && i < own->n; i++)
        if (own->pairs[i].to == n->author)
            asked -= own->pairs[i].recorded;
    return n->served + need_kept(m, need, at, own) + asked <= n->minutes;
}

/* --- Payments -------------------------------------------------------------------------------- */

int64_t m_quarter(int64_t at)
{
    return m_month_start(m_month(at) / 3 * 3);
}

int64_t model_spent(const struct model *m, int64_t at)
{
    int64_t since = m_quarter(at), spent = 0;

    for (int i = m->exchanges.n - 1; i >= 0; i--) {
        const struct m_exchange *x = &m->exchanges.v[i];

        if (m->hours.v[x->hours].at < since)
            break;
        spent += x->first_paid;
    }
    return spent;
}

int64_t model_budget_left(const struct model *m, int64_t at)
{
    int64_t left = m->budget - model_spent(m, at);

    return left > 0 ? left : 0;
}

bool model_need_in_reach(const struct model *m, int need, int64_t at)
{
    int64_t ended_at = m->needs.v[need].ended_at;

    return ended_at == 0 || at <= model_reach(m, ended_at);
}

int64_t model_covers(const struct model *m, int org, int64_t at, int need,
                     const struct m_agreement *own)
{
    if (need < 0 || org != m->needs.v[need].author ||
        !model_status_fragile(&m->orgs[org].status, at) || !model_need_in_reach(m, need, at))
        return 0;
    int64_t asks = model_need_asks(m, need, at, own), left = model_budget_left(m, at);
    return left < asks ? left : asks;
}

static int64_t rate_of(const struct model *m, const struct op *op, int64_t at, int need,
                       const struct m_agreement *own, int64_t eligible)
{
    const struct m_need *n = &m->needs.v[need];
    const struct m_status *status = &m->orgs[n->author].status;
    struct m_figures figures[M_ORGS];
    int64_t rate = status->pool;

    if (model_urgent(m, op, at, need, own))
        return m->network.policy.pool_urgent_permille;
    if (!model_status_in_force(status, at))
        return 0;
    if (rate > m->network.policy.pool_rate_permille)
        rate = m->network.policy.pool_rate_permille;
    if (status->class != 1)
        return rate;
    model_figures(m, m_day(at), figures);
    int64_t after =
        m_position(&figures[n->author]) - asked_for(m, op, n->author) + eligible * rate / 1000;
    return after < -model_line(m, &figures[n->author], at).floor ? 1000 : rate;
}

void model_payments(const struct model *m, const struct op *op, int64_t at, int need,
                    const struct m_agreement *own, int64_t paid[static M_SHARES])
{
    memset(paid, 0, M_SHARES * sizeof paid[0]);
    if (need < 0 || op->gift == 1 || !model_need_in_reach(m, need, at))
        return;
    const struct m_need *n = &m->needs.v[need];
    int64_t eligible = asked_for(m, op, n->author), open = n->minutes - n->served;
    int64_t left = model_budget_left(m, at);
    if (eligible > open)
        eligible = open > 0 ? open : 0;
    int64_t rate = rate_of(m, op, at, need, own, eligible);
    for (int i = 0; i < op->n_shares; i++) {
        int64_t x = op->shares[i].minutes;

        if (model_org(m, op->shares[i].to) != n->author)
            continue;
        if (x > eligible)
            x = eligible;
        eligible -= x;
        paid[i] = x * rate / 1000;
        if (paid[i] > left)
            paid[i] = left;
        left -= paid[i];
    }
}

/* --- Closings -------------------------------------------------------------------------------- */

void m_deal(int64_t total, const int64_t *weights, int n, int64_t *out)
{
    wide sum = 0, rest[M_ORGS];
    int64_t missing = total;

    assert(n <= M_ORGS);
    for (int i = 0; i < n; i++)
        sum += weights[i];
    for (int i = 0; i < n; i++) {
        out[i] = sum > 0 ? (int64_t)((wide)total * weights[i] / sum) : 0;
        rest[i] = sum > 0 ? (wide)total * weights[i] % sum : 0;
        missing -= out[i];
    }
    while (sum > 0 && missing > 0) {
        int most = 0;

        for (int i = 1; i < n; i++)
            if (rest[i] > rest[most])
                most = i;
        out[most]++;
        rest[most] = -1;
        missing--;
    }
}

static int64_t levy(const struct m_policy *policy, int64_t pool, struct m_member *v, int n)
{
    int64_t weights[M_ORGS] = {0}, give[M_ORGS] = {0};

    for (int i = 0; i < n; i++)
        weights[i] = v[i].weight;
    m_deal(pool < 0 ? -pool : 0, weights, n, give);
    for (int i = 0; i < n; i++) {
        v[i].given = give[i];
        v[i].position -= give[i];
        pool += give[i];
    }
    for (int i = 0; i < n && policy->forgive_levy_divisor > 0; i++)
        if (v[i].position > policy->forgive_band) {
            int64_t more = (v[i].position - policy->forgive_band) / policy->forgive_levy_divisor;

            v[i].given += more;
            v[i].position -= more;
            pool += more;
        }
    return pool;
}

static int64_t forgive(const struct m_policy *policy, int64_t pool, bool fragile,
                       struct m_member *v, int n)
{
    int64_t wanted[M_ORGS] = {0}, got[M_ORGS] = {0}, sum = 0;

    for (int i = 0; i < n; i++) {
        int64_t below = -v[i].position - policy->forgive_band;

        wanted[i] = v[i].fragile == fragile && below > 0 ? below / policy->forgive_divisor : 0;
        sum += wanted[i];
    }
    if (pool <= 0)
        return pool;
    m_deal(sum < pool ? sum : pool, wanted, n, got);
    for (int i = 0; i < n; i++) {
        v[i].forgiven += got[i];
        v[i].position += got[i];
        pool -= got[i];
    }
    return pool;
}

int64_t m_close(const struct m_policy *policy, int64_t pool, struct m_member *v, int n)
{
    for (int i = 0; i < n; i++)
        v[i].given = v[i].forgiven = 0;
    pool = levy(policy, pool, v, n);
    if (policy->forgive_divisor > 0) {
        pool = forgive(policy, pool, true, v, n);
        pool = forgive(policy, pool, false, v, n);
    }
    return pool;
}

struct closing {
    struct m_member v[M_ORGS];
    int org[M_ORGS], n;
};

static void gather(const struct model *m, int64_t q, const struct m_figures *f, struct closing *c)
{
    c->n = 0;
    for (int i = 1; i <= m->n_orgs; i++) {
        const struct m_org *o = &m->orgs[i];
        int64_t capacity = o->capacity >= 0 ? o->capacity : m->network.policy.capacity_default;
        bool status = model_status_in_force(&o->status, q);

        if (o->left)
            continue;
        c->org[c->n] = i;
        c->v[c->n++] = (struct m_member){.position = m_position(&f[i]),
                                         .weight = capacity * (status ? o->status.levy : 1000),
                                         .fragile = model_status_fragile(&o->status, q)};
    }
}

/* What moved goes into the lists; returns the length of its lines. */
static size_t enter(struct model *m, int64_t q, const struct closing *c, char *out)
{
    size_t n = 0;

    for (int i = 0; i < c->n; i++) {
        const struct m_member *v = &c->v[i];

        if (v->given == 0 && v->forgiven == 0)
            continue;
        if (v->given > 0)
            *M_ADD(m->transfers) = (struct m_transfer){c->org[i], 0, v->given};
        if (v->forgiven > 0)
            *M_ADD(m->transfers) = (struct m_transfer){0, c->org[i], v->forgiven};
        *M_ADD(m->closings) = (struct m_closed){
            .moment = q, .org = c->org[i], .given = v->given, .forgiven = v->forgiven};
        n += (size_t)snprintf(out + n, M_LINES_SIZE / 2 - n, "%s %" PRId64 " %" PRId64 "\n",
                              m->orgs[c->org[i]].handle, v->given, v->forgiven);
    }
    return n;
}

static size_t close_quarter(struct model *m, int64_t q, int64_t at, char *out)
{
    struct m_figures f[M_ORGS];
    struct closing c;
    int64_t paying = 0;

    model_figures(m, m_day(at), f);
    gather(m, q, f, &c);
    int64_t pool = m_position(&f[0]);
    (void)m_close(&m->network.policy, pool, c.v, c.n);
    size_t n = enter(m, q, &c, out);
    for (int i = 0; i < c.n; i++)
        paying += c.v[i].weight > 0;
    m->budget = m->network.policy.pool_cap * paying;
    if (q < m->crisis_until)
        m->budget = m->budget * m->network.policy.crisis_pool_permille / 1000;
    struct m_closed all = {.moment = q, .deficit = pool < 0 ? -pool : 0, .budget = m->budget};
    for (int i = 0; i < c.n; i++) {
        all.given += c.v[i].given;
        all.forgiven += c.v[i].forgiven;
    }
    *M_ADD(m->closings) = all;
    model_figures(m, m_day(at), f);
    for (int i = 0; i < c.n; i++)
        if (c.v[i].given != c.v[i].forgiven)
            model_look(m, c.org[i], &f[c.org[i]], at);
    return n + (size_t)snprintf(out + n, 64, "budget %" PRId64 "\n", m->budget);
}

/* --- Crisis ---------------------------------------------------------------------------------- */

static bool many_are_urgent(const struct model *m, int64_t moment, int active)
{
    int urgent = 0;

    for (int org = 1; org <= m->n_orgs; org++) {
        bool has = false;

        for (int i = 0; i < m->needs.n && !m->orgs[org].left; i++)
            has |= m->needs.v[i].author == org && need_in_force(&m->needs.v[i], moment);
        urgent += has;
    }
    return active >= m->network.policy.crisis_orgs_min &&
           (int64_t)urgent * 1000 > m->network.policy.crisis_urgent_permille * active;
}

static bool ended_within(const struct m_need *n, int64_t from, int64_t before)
{
    enum m_life life = need_life(n, before);
    int64_t ended = life == M_MET ? n->ended_at : n->expires;

    return (life == M_MET || life == M_EXPIRED) && ended >= from && ended < before;
}

static int compare_rates(const void *a, const void *b)
{
    int64_t x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

static bool little_is_found(const struct model *m, int64_t moment)
{
    int64_t from = moment - m->network.policy.crisis_fill_days * M_DAY_MS, rates[M_ORGS];
    int n = 0;

    for (int org = 1; org <= m->n_orgs; org++) {
        int64_t asked = 0, found = 0;

        for (int i = 0; i < m->needs.n && !m->orgs[org].left; i++) {
            const struct m_need *need = &m->needs.v[i];

            if (need->author != org || !ended_within(need, from, moment))
                continue;
            asked += need->minutes;
            found += need->in_time < need->minutes ? need->in_time : need->minutes;
        }
        if (asked > 0)
            rates[n++] = 1000 * found / asked;
    }
    if (n == 0 || n < m->network.policy.crisis_orgs_min)
        return false;
    qsort(rates, (size_t)n, sizeof rates[0], compare_rates);
    return rates[(n - 1) / 2] < m->network.policy.crisis_fill_permille;
}

static size_t check_crisis(struct model *m, int64_t moment, char *out)
{
    int active = 0;

    for (int i = 1; i <= m->n_orgs; i++)
        active += !m->orgs[i].left;
    if (moment < m->crisis_until ||
        (!many_are_urgent(m, moment, active) && !little_is_found(m, moment)))
        return 0;
    m->crisis_until = moment + m->network.policy.crisis_days * M_DAY_MS;
    m->budget = m->budget * m->network.policy.crisis_pool_permille / 1000;
    return (size_t)snprintf(out, 64, "crisis %" PRId64 "\n", m->crisis_until);
}

/* --- Moments --------------------------------------------------------------------------------- */

static void look_at_parties(struct model *m, const struct m_due *due, int64_t at)
{
    struct m_figures f[M_ORGS];
    const struct m_agreement *a = NULL;
    bool changed[M_ORGS] = {false};

    for (int i = 0; i < m->agreements.n; i++)
        if (m->agreements.v[i].author == due->author && strcmp(m->agreements.v[i].id, due->id) == 0)
            a = &m->agreements.v[i];
    assert(a);
    for (int i = 0; i < a->n; i++)
        if (a->pairs[i].minutes > a->pairs[i].recorded)
            changed[a->pairs[i].from] = changed[a->pairs[i].to] = true;
    model_figures(m, m_day(at), f);
    for (int i = 1; i <= m->n_orgs; i++)
        if (changed[i])
            model_look(m, i, &f[i], at);
}

size_t model_moment(struct model *m, const struct m_due *due, int64_t at,
                    char out[static M_LINES_SIZE])
{
    int n = snprintf(out, 256, "%" PRId64 " %s %s/%s\n", due->moment, m_due_word(due->type),
                     due->author ? m->orgs[due->author].handle : "pool", due->id);

    if (due->type == M_AGREEMENT_EXPIRY)
        look_at_parties(m, due, at);
    else if (due->type == M_CRISIS_CHECK)
        n += (int)check_crisis(m, due->moment, out + n);
    else if (due->type == M_POOL_CLOSING)
        n += (int)close_quarter(m, due->moment, at, out + n);
    return (size_t)n;
}
