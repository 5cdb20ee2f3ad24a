/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/simulate_draw.h"

#include <assert.h>
#include <string.h>

#include "policies/random.h"

#define WEEKS_A_YEAR 52
#define WEIGHT_MAX   1000000

/* Numbers of the streams of a world. Requests have theirs by id, below 2^63. */
enum { STREAM_ORGS = -1, STREAM_REQUESTS = -2 };

/* --- Settings --------------------------------------------------------------------------------- */

static struct sim_kind kind(int64_t orgs, int64_t skills, int64_t needs_milli, int64_t hours)
{
    struct sim_kind k = {orgs, skills, needs_milli, 60 * hours, {{0, 0}}, 4};

    for (int64_t h = 1; h <= 4; h++)
        k.sizes[h - 1] = (struct sim_size){60 * h, 1};
    return k;
}

void sim_setting_default(struct sim_setting *setting)
{
    *setting = (struct sim_setting){.n_skills = 10, .weeks = 104, .free_permille = 500};
    setting->kinds[SIM_ESTABLISHED] = kind(12, 4, 500, 8);
    setting->kinds[SIM_REGULAR] = kind(16, 2, 700, 6);
    setting->kinds[SIM_FRAGILE] = kind(12, 1, 500, 4);
    for (size_t s = 0; s < SIM_SKILLS_MAX; s++)
        setting->skill_weight[s] = 1;
}

void sim_setting_resize(struct sim_setting *setting, int64_t orgs)
{
    int64_t weight[SIM_CLASSES], share[SIM_CLASSES];

    for (size_t c = 0; c < SIM_CLASSES; c++)
        weight[c] = setting->kinds[c].orgs;
    if (sim_pool_shares(orgs, weight, share, SIM_CLASSES))
        for (size_t c = 0; c < SIM_CLASSES; c++)
            setting->kinds[c].orgs = share[c];
}

static bool within(int64_t value, int64_t min, int64_t max)
{
    return value >= min && value <= max;
}

static const char *kind_wrong(const struct sim_kind *k, int64_t n_skills)
{
    int64_t sum = 0;

    if (!within(k->orgs, 0, SIM_ORGS_MAX / 2))
        return "orgs";
    if (!within(k->skills, 0, n_skills))
        return "skills";
    if (!within(k->needs_milli, 0, SIM_NEEDS_MILLI_MAX))
        return "needs";
    if (!within(k->capacity, 0, SIM_MINUTES_MAX))
        return "capacity";
    if (k->n_sizes > SIM_SIZES_MAX)
        return "sizes";
    for (size_t i = 0; i < k->n_sizes; i++) {
        if (!within(k->sizes[i].minutes, 1, SIM_MINUTES_MAX) ||
            !within(k->sizes[i].weight, 0, WEIGHT_MAX))
            return "sizes";
        sum += k->sizes[i].weight;
    }
    return sum == 0 ? "sizes" : NULL;
}

const char *sim_setting_wrong(const struct sim_setting *s)
{
    int64_t orgs = 0, weight = 0;

    if (!within(s->n_skills, 1, SIM_SKILLS_MAX))
        return "n_skills";
    for (size_t c = 0; c < SIM_CLASSES; c++) {
        const char *wrong = kind_wrong(&s->kinds[c], s->n_skills);
        if (wrong != NULL)
            return wrong;
        orgs += s->kinds[c].orgs;
    }
    for (int64_t i = 0; i < s->n_skills; i++) {
        if (!within(s->skill_weight[i], 0, WEIGHT_MAX))
            return "skill_weight";
        weight += s->skill_weight[i];
    }
    if (weight == 0)
        return "skill_weight";
    const int64_t shares[] = {s->free_permille,       s->refuse_permille, s->never_ask_permille,
                              s->never_give_permille, s->urgent_permille, s->season_permille,
                              s->leave_permille};
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++)
        if (!within(shares[i], 0, 1000))
            return "share";
    if (!within(orgs, 2, SIM_ORGS_MAX / 2))
        return "orgs";
    return !within(s->weeks, 1, SIM_WEEKS_MAX) ? "weeks"
         : !within(s->patience, 0, SIM_WEEKS_MAX) ? "patience" : NULL;
}

/* --- Organisations ---------------------------------------------------------------------------- */

static uint64_t draw_skills(struct random *r, int64_t skills, int64_t n_skills)
{
    uint32_t order[SIM_SKILLS_MAX];
    uint64_t set = 0;

    for (uint32_t s = 0; s < n_skills; s++)
        order[s] = s;
    random_shuffle(r, order, (size_t)n_skills);
    for (int64_t s = 0; s < skills; s++)
        set |= UINT64_C(1) << order[s];
    return set;
}

static struct sim_org draw_org(struct random *r, const struct sim_setting *s, enum sim_class c)
{
    const struct sim_kind *k = &s->kinds[c];

    return (struct sim_org){.class = c,
                            .skills = draw_skills(r, k->skills, s->n_skills),
                            .capacity = k->capacity,
                            .leaves = INT32_MAX};
}

/* Marks a share of the first n organisations, chosen by lot, with `bit`. */
static void mark_share(struct random *r, uint8_t *marks, size_t n, int64_t permille, uint8_t bit)
{
    uint32_t order[SIM_ORGS_MAX];

    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    random_shuffle(r, order, n);
    for (size_t i = 0; i < (n * (size_t)permille + 500) / 1000; i++)
        marks[order[i]] |= bit;
}

#define NEVER_ASKS  1
#define NEVER_GIVES 2

/* The organisations of the first day. */
static size_t draw_orgs(struct random *r, const struct sim_setting *s, struct sim_org *orgs,
                        size_t max, uint8_t *marks)
{
    size_t n = 0, fit;

    for (enum sim_class c = 0; c < SIM_CLASSES; c++)
        for (int64_t i = 0; i < s->kinds[c].orgs; i++, n++)
            if (n < max)
                orgs[n] = draw_org(r, s, c);
    fit = n <= max ? n : 0;
    memset(marks, 0, SIM_ORGS_MAX);
    mark_share(r, marks, fit, s->never_ask_permille, NEVER_ASKS);
    mark_share(r, marks, fit, s->never_give_permille, NEVER_GIVES);
    for (size_t i = 0; i < fit; i++)
        if ((marks[i] & NEVER_GIVES) != 0)
            orgs[i].skills = 0;
    return n;
}

/* --- Requests --------------------------------------------------------------------------------- */

struct draw {
    const struct sim_setting *setting;
    struct sim_org *orgs;
    size_t n_orgs, max_orgs;
    uint8_t marks[SIM_ORGS_MAX];
    struct sim_request *requests;
    size_t n_requests, max_requests;
};

static size_t draw_weighted(struct random *r, const int64_t *weight, size_t n, size_t stride)
{
    uint64_t total = 0;
    size_t i = 0;

    for (size_t k = 0; k < n; k++)
        total += (uint64_t)weight[k * stride];
    uint64_t x = random_below(r, total);
    while (x >= (uint64_t)weight[i * stride])
        x -= (uint64_t)weight[i++ * stride];
    return i;
}

static void draw_request(struct draw *d, struct random *r, uint32_t org, int32_t week)
{
    const struct sim_setting *s = d->setting;
    const struct sim_kind *k = &s->kinds[d->orgs[org].class];
    size_t size = draw_weighted(r, &k->sizes[0].weight, k->n_sizes,
                                sizeof k->sizes[0] / sizeof(int64_t));
    size_t skill = draw_weighted(r, s->skill_weight, (size_t)s->n_skills, 1);
    bool urgent = random_permille(r, s->urgent_permille);

    if (d->n_requests < d->max_requests)
        d->requests[d->n_requests] = (struct sim_request){
            .id = (uint32_t)d->n_requests,
            .org = org,
            .day = week * SIM_DAYS_A_WEEK,
            .minutes = (int32_t)k->sizes[size].minutes,
            .skill = (uint8_t)skill,
            .urgent = urgent,
        };
    d->n_requests++;
}

/* Needs per week in millionths: a year's wave of straight lines, its mean the setting's rate. */
static int64_t rate_micro(const struct sim_setting *s, enum sim_class c, int32_t week)
{
    int64_t phase = week % WEEKS_A_YEAR, quarter = WEEKS_A_YEAR / 4;
    int64_t wave = phase < quarter       ? phase
                   : phase < 3 * quarter ? 2 * quarter - phase
                                         : phase - 4 * quarter;

    return s->kinds[c].needs_milli * (1000 + s->season_permille * wave / quarter);
}

static void shuffle_week(struct draw *d, struct random *r, size_t first)
{
    for (size_t left = d->n_requests - first; left > 1; left--) {
        struct sim_request *a = &d->requests[first + left - 1];
        struct sim_request *b = &d->requests[first + random_below(r, left)];
        struct sim_request kept = *a;
        *a = *b;
        *b = kept;
    }
}

static void draw_week(struct draw *d, struct random *r, int32_t week)
{
    size_t first = d->n_requests;
    int32_t day = week * SIM_DAYS_A_WEEK;
    struct poisson table[SIM_CLASSES];

    for (enum sim_class c = 0; c < SIM_CLASSES; c++)
        poisson_table(&table[c], rate_micro(d->setting, c, week));
    for (uint32_t i = 0; i < d->n_orgs; i++) {
        if (d->orgs[i].leaves <= day || (d->marks[i] & NEVER_ASKS) != 0)
            continue;
        for (int64_t n = poisson_draw(&table[d->orgs[i].class], r); n > 0; n--)
            draw_request(d, r, i, week);
    }
    if (d->n_requests <= d->max_requests)
        shuffle_week(d, r, first);
}

/* Some leave, and a newcomer of the same class comes for each. */
static void turn_over(struct draw *d, struct random *r, int32_t week)
{
    size_t n = d->n_orgs;

    for (size_t i = 0; i < n && i < d->max_orgs; i++) {
        if (d->orgs[i].leaves != INT32_MAX ||
            (int64_t)random_below(r, 1000 * WEEKS_A_YEAR) >= d->setting->leave_permille)
            continue;
        d->orgs[i].leaves = week * SIM_DAYS_A_WEEK;
        if (d->n_orgs < d->max_orgs) {
            d->orgs[d->n_orgs] = draw_org(r, d->setting, d->orgs[i].class);
            d->orgs[d->n_orgs].joins = week * SIM_DAYS_A_WEEK;
        }
        d->n_orgs++;
    }
}

bool sim_draw(struct sim_world *world, const struct sim_setting *setting, uint64_t seed,
              struct sim_org *orgs, size_t max_orgs, struct sim_request *requests,
              size_t max_requests)
{
    struct draw d = {.setting = setting, .orgs = orgs, .max_orgs = max_orgs,
                     .requests = requests, .max_requests = max_requests};
    struct random r, q;

    assert(sim_setting_wrong(setting) == NULL);
    d.max_orgs = max_orgs < SIM_ORGS_MAX ? max_orgs : SIM_ORGS_MAX;
    random_seed(&r, random_stream(seed, (uint64_t)STREAM_ORGS));
    random_seed(&q, random_stream(seed, (uint64_t)STREAM_REQUESTS));
    d.n_orgs = draw_orgs(&r, setting, orgs, d.max_orgs, d.marks);
    for (int32_t week = 0; week < setting->weeks && d.n_orgs <= d.max_orgs; week++) {
        if (week > 0)
            turn_over(&d, &r, week);
        if (d.n_orgs <= d.max_orgs)
            draw_week(&d, &q, week);
    }
    *world = (struct sim_world){.orgs = orgs,
                                .n_orgs = d.n_orgs,
                                .requests = requests,
                                .n_requests = d.n_requests,
                                .weeks = (int32_t)setting->weeks,
                                .seed = seed,
                                .free_permille = setting->free_permille,
                                .refuse_permille = setting->refuse_permille,
                                .patience = (int32_t)setting->patience};
    return d.n_orgs <= d.max_orgs && d.n_requests <= max_requests;
}
