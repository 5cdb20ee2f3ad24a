/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/simulate.h"

#include <assert.h>
#include <string.h>

#include "policies/limits.h"
#include "policies/params.h"
#include "policies/random.h"
#include "policies/reciprocity.h"
#include "policies/simulate_play.h"

#define HOUR 60
/* Marks of a waiting request: tried this week, and served or lost. */
#define SIM_TRIED (UINT32_C(1) << 31)
#define SIM_GONE  UINT32_MAX

const char *sim_class_name(enum sim_class c)
{
    static const char *const names[SIM_CLASSES] = {"established", "regular", "fragile"};

    return names[c];
}

/* --- Memory ----------------------------------------------------------------------------------- */

/* Takes room from the block, or only counts it where there is none. */
static void *take(char *memory, size_t *used, size_t n, size_t size)
{
    void *at = memory != NULL ? memory + *used : NULL;

    *used += (n * size + 15) / 16 * 16;
    return at;
}

static void place(struct sim_run *run, char *memory, size_t n, size_t n_requests)
{
    size_t used = 0;

    run->position = take(memory, &used, n, sizeof *run->position);
    run->given = take(memory, &used, n, sizeof *run->given);
    run->received = take(memory, &used, n, sizeof *run->received);
    run->gifts = take(memory, &used, n, sizeof *run->gifts);
    run->week_given = take(memory, &used, n, sizeof *run->week_given);
    run->last_served = take(memory, &used, n, sizeof *run->last_served);
    run->helped = take(memory, &used, n * n, sizeof *run->helped);
    run->accounted = take(memory, &used, n * n, sizeof *run->accounted);
    run->year = take(memory, &used, n * SIM_YEAR_WEEKS, sizeof *run->year);
    run->year_sum = take(memory, &used, n, sizeof *run->year_sum);
    run->share = take(memory, &used, n, sizeof *run->share);
    run->weight = take(memory, &used, n, sizeof *run->weight);
    run->candidate = take(memory, &used, n, sizeof *run->candidate);
    run->waiting = take(memory, &used, n_requests, sizeof *run->waiting);
    run->bytes = used;
}

size_t sim_run_bytes(size_t n_orgs, size_t n_requests)
{
    struct sim_run run;

    place(&run, NULL, n_orgs, n_requests);
    return run.bytes;
}

void sim_run_place(struct sim_run *run, void *memory, size_t n_orgs, size_t n_requests)
{
    assert(n_orgs > 0 && n_orgs <= SIM_ORGS_MAX && n_requests <= SIM_REQUESTS_MAX);
    place(run, memory, n_orgs, n_requests);
}

/* --- Lines ------------------------------------------------------------------------------------ */

void sim_line_of(struct line *line, const struct sim_run *run, const struct sim_rules *rules,
                 uint32_t org)
{
    if (rules->document != NULL)
        limits_line(rules->document, run->year_sum[org], run->gifts[org], line);
    else
        *line = (struct line){rules->line, rules->line, rules->line};
}

static void line_of(const struct sim_play *p, uint32_t org, struct line *line)
{
    sim_line_of(line, p->run, p->rules, org);
}

/* What the receiver's line says to a request. */
enum past {
    PAST_NOTHING,
    PAST_FLOOR, /* allowed, but the pool helps the fragile */
    PAST_ALL,   /* refused */
};

static enum past past_line(const struct sim_play *p, const struct sim_request *r)
{
    struct limit_input input = {.position = p->run->position[r->org],
                                .extra_received = r->minutes,
                                .urgent = r->urgent,
                                .context = LIMIT_AGREEMENT};
    struct limit_decision decision;
    struct line line;

    if (!p->rules->floor)
        return PAST_NOTHING;
    line_of(p, r->org, &line);
    if (p->rules->document != NULL)
        limits_decide(p->rules->document, &line, &input, &decision);
    bool past = input.position - r->minutes < -line.floor;
    bool refused = p->rules->document != NULL ? decision.verdict == LIMIT_REFUSED
                                              : past && !r->urgent;
    return refused ? PAST_ALL : past ? PAST_FLOOR : PAST_NOTHING;
}

/* --- Who is asked ----------------------------------------------------------------------------- */

bool sim_present(const struct sim_play *p, uint32_t org)
{
    const struct sim_org *o = &p->world->orgs[org];
    int32_t day = p->week * SIM_DAYS_A_WEEK;

    return o->joins <= day && day < o->leaves;
}

static bool above_ceiling(const struct sim_play *p, uint32_t org, int64_t minutes)
{
    struct line line;

    line_of(p, org, &line);
    return p->run->position[org] + minutes > line.ceiling;
}

/* Fragile, and has given more for its size than all have together. */
static bool over_burdened(const struct sim_play *p, uint32_t org)
{
    const struct sim_org *o = &p->world->orgs[org];

    return o->class == SIM_FRAGILE && (__int128)p->run->given[org] * p->burden_capacity >
                                          (__int128)p->burden_given * o->capacity;
}

/* Among last resorts: asked only if nobody else is there. */
static bool rests(const struct sim_play *p, uint32_t org, int64_t minutes)
{
    return (p->rules->ceiling == SIM_SOFT_CEILING && above_ceiling(p, org, minutes)) ||
           (p->rules->burden_guard && over_burdened(p, org));
}

size_t sim_free(const struct sim_play *p, const struct sim_request *r, struct random *random)
{
    const struct sim_world *w = p->world;
    size_t n = 0;

    for (uint32_t j = 0; j < w->n_orgs; j++)
        if ((w->orgs[j].skills >> r->skill & 1) != 0 && j != r->org && sim_present(p, j) &&
            random_permille(random, w->free_permille))
            p->run->candidate[n++] = j;
    return n;
}

/* Of those who are free, who has the hours left, and may. */
static size_t candidates(const struct sim_play *p, const struct sim_request *r,
                         struct random *random)
{
    uint32_t *candidate = p->run->candidate;
    size_t n = sim_free(p, r, random), kept = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t j = candidate[i];
        if (p->run->week_given[j] + r->minutes > p->world->orgs[j].capacity)
            continue;
        if (p->rules->ceiling == SIM_HARD_CEILING && above_ceiling(p, j, r->minutes))
            continue;
        candidate[kept++] = j;
    }
    return kept;
}

static int64_t score(const struct sim_play *p, const struct sim_request *r, uint32_t org)
{
    const struct sim_rules *rules = p->rules;
    const struct sim_run *run = p->run;
    struct line line;

    line_of(p, org, &line);
    int64_t u = reciprocity_line_use(&line, run->position[org]).permille;
    int64_t received = run->received[r->org] + r->minutes;
    int64_t pair = run->helped[org * p->world->n_orgs + r->org] + r->minutes;
    if (rules->pair_cap_permille > 0 && run->received[r->org] >= rules->pair_cap_minutes &&
        1000 * pair > rules->pair_cap_permille * received)
        u += rules->pair_cap_cost;
    return u;
}

/* Negative if a is asked before b; 0 leaves it to the lot. */
static int64_t before(const struct sim_play *p, const struct sim_request *r, uint32_t a, uint32_t b)
{
    const struct sim_run *run = p->run;
    size_t n = p->world->n_orgs;
    int64_t by[] = {rests(p, a, r->minutes) - rests(p, b, r->minutes),
                    score(p, r, a) - score(p, r, b),
                    run->helped[a * n + r->org] - run->helped[b * n + r->org],
                    run->last_served[a] - run->last_served[b]};

    for (size_t i = 0; i < sizeof by / sizeof by[0]; i++)
        if (by[i] != 0)
            return by[i];
    return 0;
}

static size_t pick_lowest(const struct sim_play *p, const struct sim_request *r, size_t n,
                          struct random *random)
{
    const uint32_t *candidate = p->run->candidate;
    size_t best = 0, equal = 1;

    for (size_t i = 1; i < n; i++) {
        int64_t order = before(p, r, candidate[i], candidate[best]);
        equal = order < 0 ? 1 : equal + (order == 0);
        if (order < 0 || (order == 0 && random_below(random, equal) == 0))
            best = i;
    }
    return best;
}

static size_t pick_chance(const struct sim_play *p, size_t n, struct random *random)
{
    const struct sim_run *run = p->run;
    uint64_t total = 0;

    for (size_t i = 0; i < n; i++) {
        run->weight[i] = (uint64_t)(1000 * HOUR + run->given[run->candidate[i]] *
                                                      p->rules->imitation_permille);
        total += run->weight[i];
    }
    uint64_t x = random_below(random, total);
    size_t i = 0;
    while (x >= run->weight[i])
        x -= run->weight[i++];
    return i;
}

/* The provider, or n_orgs if nobody can or wants to. */
static uint32_t provider(const struct sim_play *p, const struct sim_request *r,
                         struct random *random)
{
    size_t n = candidates(p, r, random);

    while (n > 0) {
        size_t i = p->rules->choice == SIM_LOWEST ? pick_lowest(p, r, n, random)
                                                  : pick_chance(p, n, random);
        uint32_t org = p->run->candidate[i];
        if (!random_permille(random, p->world->refuse_permille))
            return org;
        n--;
        memmove(&p->run->candidate[i], &p->run->candidate[i + 1],
                (n - i) * sizeof p->run->candidate[0]);
    }
    return (uint32_t)p->world->n_orgs;
}

/* --- One request ------------------------------------------------------------------------------ */

static void check_sum(const struct sim_play *p)
{
    int64_t sum = p->out->pool;

    for (size_t i = 0; i < p->world->n_orgs; i++)
        sum += p->run->position[i];
    assert(sum == 0);
}

int64_t sim_pool_budget(const struct sim_play *p)
{
    int64_t members = 0;

    for (uint32_t i = 0; i < p->world->n_orgs; i++)
        members += sim_present(p, i) && p->world->orgs[i].class != SIM_FRAGILE;
    return members * p->rules->pool_cap;
}

/* Whether the pool carries this request. It takes one number from the stream in every case. */
static bool pool_carries(const struct sim_play *p, const struct sim_request *r, enum past past,
                         struct random *random)
{
    const struct sim_rules *rules = p->rules;
    bool fragile = p->world->orgs[r->org].class == SIM_FRAGILE;
    int64_t share = fragile ? rules->pool_permille : 0;

    if (r->urgent && rules->pool_urgent_permille > share)
        share = rules->pool_urgent_permille;
    if (fragile && past != PAST_NOTHING)
        share = 1000;
    if (!random_permille(random, share) || !rules->pool)
        return false;
    return rules->pool_cap == SIM_NO_CAP || p->pool_spent + r->minutes <= sim_pool_budget(p);
}

void sim_post(struct sim_play *p, const struct sim_request *r, uint32_t giver, int64_t minutes,
              int64_t pooled)
{
    struct sim_run *run = p->run;
    size_t pair = giver * p->world->n_orgs + r->org;

    run->position[giver] += minutes;
    run->position[r->org] -= minutes - pooled;
    p->out->pool -= pooled;
    run->helped[pair] += minutes;
    run->accounted[pair] += minutes - pooled;
    run->given[giver] += minutes;
    run->received[r->org] += minutes;
    run->gifts[giver]++;
    run->week_given[giver] += minutes;
    run->last_served[r->org] = p->week;
    run->year[giver * SIM_YEAR_WEEKS + (size_t)p->week % SIM_YEAR_WEEKS] += minutes;
    run->year_sum[giver] += minutes;
    p->burden_given += minutes;
    p->out->pool_paid += pooled;
    p->pool_spent += pooled;
    p->out->by_class[p->world->orgs[giver].class].given_minutes += minutes;
    p->out->by_class[p->world->orgs[r->org].class].served_minutes += minutes;
    check_sum(p);
}

struct sim_tally *sim_asker(const struct sim_play *p, const struct sim_request *r)
{
    return &p->out->by_class[p->world->orgs[r->org].class];
}

void sim_served(struct sim_play *p, const struct sim_request *r)
{
    sim_asker(p, r)->served++;
    sim_asker(p, r)->waited_weeks += sim_waited(p, r);
}

bool sim_lost(struct sim_play *p, const struct sim_request *r, bool floor)
{
    if (sim_waited(p, r) < p->world->patience)
        return false;
    *(floor ? &sim_asker(p, r)->at_floor : &sim_asker(p, r)->no_provider) += 1;
    return true;
}

int32_t sim_waited(const struct sim_play *p, const struct sim_request *r)
{
    return p->week - r->day / SIM_DAYS_A_WEEK;
}

void sim_chances(const struct sim_play *p, const struct sim_request *r, struct random *random)
{
    uint64_t tries = (uint64_t)sim_waited(p, r);

    random_seed(random, random_stream(p->world->seed, tries << 32 | r->id));
}

/* True if served; else *floor tells why not. */
static bool serve(struct sim_play *p, const struct sim_request *r, bool *floor)
{
    struct random random;

    sim_chances(p, r, &random);
    enum past past = past_line(p, r);
    bool by_pool = pool_carries(p, r, past, &random);
    *floor = past == PAST_ALL && !by_pool;
    if (*floor)
        return false;
    uint32_t giver = provider(p, r, &random);
    if (giver == p->world->n_orgs)
        return false;
    sim_post(p, r, giver, r->minutes, by_pool ? r->minutes : 0);
    sim_served(p, r);
    return true;
}

/* --- A week ----------------------------------------------------------------------------------- */

/* 0 for the first in line. */
static int rank(const struct sim_play *p, const struct sim_request *r)
{
    if (!p->rules->fragile_first)
        return 0;
    return r->urgent ? 0 : p->world->orgs[r->org].class == SIM_FRAGILE ? 1 : 2;
}

/* Tries the waiting requests in their order; keeps those that may still wait. */
static size_t try_all(struct sim_play *p, size_t n)
{
    uint32_t *waiting = p->run->waiting;
    size_t kept = 0;

    for (int turn = 0; turn < 3; turn++) {
        for (size_t i = 0; i < n; i++) {
            bool floor;
            if ((waiting[i] & SIM_TRIED) != 0)
                continue;
            const struct sim_request *r = &p->world->requests[waiting[i]];
            if (rank(p, r) != turn)
                continue;
            if (serve(p, r, &floor) || sim_lost(p, r, floor))
                waiting[i] = SIM_GONE;
            else
                waiting[i] |= SIM_TRIED;
        }
    }
    for (size_t i = 0; i < n; i++)
        if (waiting[i] != SIM_GONE)
            waiting[kept++] = waiting[i] & ~SIM_TRIED;
    return kept;
}

bool sim_pool_shares(int64_t deficit, const int64_t *weight, int64_t *share, size_t n)
{
    __int128 total = 0;
    int64_t left = deficit;

    for (size_t i = 0; i < n; i++)
        total += weight[i];
    if (total == 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        share[i] = (int64_t)((__int128)deficit * weight[i] / total);
        left -= share[i];
    }
    /* Fewer than n minutes are left: each goes to the largest remainder not yet served. */
    for (__int128 bound = total; left > 0;) {
        __int128 best = -1;
        for (size_t i = 0; i < n; i++) {
            __int128 rest = (__int128)deficit * weight[i] % total;
            best = rest < bound && rest > best ? rest : best;
        }
        for (size_t i = 0; i < n && left > 0; i++)
            if ((__int128)deficit * weight[i] % total == best) {
                share[i]++;
                left--;
            }
        bound = best;
    }
    return true;
}

static void close_pool(struct sim_play *p)
{
    struct sim_run *run = p->run;
    struct sim_outcome *out = p->out;
    size_t n = p->world->n_orgs;

    assert(out->closings < SIM_CLOSINGS_MAX);
    out->pool_path[out->closings++] = out->pool;
    out->pool_deepest = -out->pool > out->pool_deepest ? -out->pool : out->pool_deepest;
    p->pool_spent = 0;
    if (out->pool >= 0)
        return;
    int64_t *weight = (int64_t *)run->weight;
    for (uint32_t i = 0; i < n; i++) {
        bool pays = sim_present(p, i) && p->world->orgs[i].class != SIM_FRAGILE;
        weight[i] = pays ? p->world->orgs[i].capacity : 0;
    }
    if (!sim_pool_shares(-out->pool, weight, run->share, n))
        return;
    for (size_t i = 0; i < n; i++)
        run->position[i] -= run->share[i];
    out->pool = 0;
    check_sum(p);
}

/* What an organisation leaves behind goes to the pool, either way. */
static void leave(struct sim_play *p)
{
    int32_t day = p->week * SIM_DAYS_A_WEEK;

    for (size_t i = 0; i < p->world->n_orgs; i++)
        if (p->world->orgs[i].leaves <= day) {
            p->out->pool += p->run->position[i];
            p->run->position[i] = 0;
        }
    check_sum(p);
}

static void start_week(struct sim_play *p)
{
    size_t at = (size_t)p->week % SIM_YEAR_WEEKS;

    leave(p);
    p->burden_capacity = 0;
    for (uint32_t i = 0; i < p->world->n_orgs; i++) {
        const struct sim_org *o = &p->world->orgs[i];
        int64_t *old = &p->run->year[i * SIM_YEAR_WEEKS + at];
        p->run->year_sum[i] -= *old;
        *old = 0;
        p->run->week_given[i] = 0;
        if (sim_present(p, i)) {
            p->out->by_class[o->class].capacity_minutes += o->capacity;
            p->burden_capacity += o->capacity;
        }
    }
}

static void check_arguments(const struct sim_world *w, const struct sim_rules *rules)
{
    assert(w->n_orgs > 0 && w->n_orgs <= SIM_ORGS_MAX && w->n_requests <= SIM_REQUESTS_MAX);
    assert(w->weeks > 0 && w->weeks <= SIM_WEEKS_MAX && w->patience >= 0);
    assert(rules->line > 0 && rules->line <= LIMITS_MINUTES_MAX && rules->imitation_permille >= 0);
    assert(rules->imitation_permille <= 1000000 && rules->close_weeks >= 4);
    for (size_t i = 0; i < w->n_orgs; i++) {
        assert((unsigned)w->orgs[i].class < SIM_CLASSES && w->orgs[i].capacity >= 0);
        assert(w->orgs[i].capacity <= SIM_MINUTES_MAX && w->orgs[i].joins <= w->orgs[i].leaves);
    }
    for (size_t i = 0; i < w->n_requests; i++) {
        const struct sim_request *r = &w->requests[i];
        assert(r->org < w->n_orgs && r->skill < SIM_SKILLS_MAX && r->minutes > 0);
        assert(r->minutes <= SIM_MINUTES_MAX && r->day >= (i > 0 ? r[-1].day : 0));
    }
}

void simulate_run(struct sim_run *run, struct sim_outcome *out, const struct sim_world *world,
                  const struct sim_rules *rules)
{
    struct sim_play p = {.run = run, .out = out, .world = world, .rules = rules};
    size_t next = 0, waiting = 0;

    check_arguments(world, rules);
    memset(out, 0, sizeof *out);
    memset(run->position, 0, run->bytes);
    for (size_t i = 0; i < world->n_orgs; i++)
        run->last_served[i] = -1;
    for (; p.week < world->weeks; p.week++) {
        start_week(&p);
        for (; next < world->n_requests &&
               world->requests[next].day / SIM_DAYS_A_WEEK == p.week; next++) {
            struct sim_tally *tally = sim_asker(&p, &world->requests[next]);
            tally->asked++;
            tally->asked_minutes += world->requests[next].minutes;
            run->waiting[waiting++] = (uint32_t)next;
        }
        waiting = rules->choice == SIM_BATCH ? sim_try_batch(&p, waiting) : try_all(&p, waiting);
        if ((p.week + 1) % rules->close_weeks == 0)
            close_pool(&p);
    }
}
