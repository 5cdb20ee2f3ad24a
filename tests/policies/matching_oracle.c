/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/policies/matching_oracle.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

void toy_seed(uint64_t seed)
{
    state = seed * 0x9e3779b97f4a7c15u + 1;
}

uint64_t toy_draw(uint64_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> 11) % n;
}

static bool chance(uint64_t percent)
{
    return toy_draw(100) < percent;
}

/* --- Making ----------------------------------------------------------------------------------- */

static void make_orgs(struct toy *toy)
{
    struct match_input *in = &toy->in;
    int64_t q = in->rules.quantum;

    in->orgs = toy->orgs;
    in->n_orgs = 3 + toy_draw(TOY_ORGS - 2);
    for (size_t i = 0; i < in->n_orgs; i++) {
        struct match_org *org = &toy->orgs[i];

        *org = (struct match_org){
            .id = 10 + (uint32_t)(i * 7 % 5),
            .position = ((int64_t)toy_draw(6) - 4) * q + (chance(20) ? (int64_t)toy_draw(20) : 0),
            .line = {.floor = (int64_t)toy_draw(4) * q, .ceiling = (1 + (int64_t)toy_draw(6)) * q},
            .capacity = (int64_t)toy_draw(5) * q + (chance(20) ? 7 : 0),
            .received = chance(70) ? (int64_t)toy_draw(9) * q : 0,
            .fragile = chance(45),
            .volunteers = chance(60),
            .burden = chance(50) ? (int64_t)toy_draw(100) : -1,
            .tie = toy_draw(3) ? toy_draw(1000) : 5,
        };
        org->line.hard_floor = org->line.floor * 3 / 2;
    }
}

static void make_offers(struct toy *toy)
{
    struct match_input *in = &toy->in;

    in->offers = toy->offers;
    in->n_offers = 4 + toy_draw(TOY_OFFERS - 3);
    for (size_t i = 0; i < in->n_offers; i++) {
        toy->offers[i] = (struct match_offer){
            .id = (uint32_t)(100 - i),
            .what = {.skill = (uint32_t)toy_draw(2), .from_day = INT32_MIN,
                     .until_day = INT32_MAX},
            .givers = toy->givers[i],
            .n_givers = chance(15) ? 2 : 1,
        };
        toy->givers[i][0] = toy->orgs[toy_draw(in->n_orgs)].id;
        do
            toy->givers[i][1] = toy->orgs[toy_draw(in->n_orgs)].id;
        while (toy->givers[i][1] == toy->givers[i][0]);
    }
}

static void make_needs(struct toy *toy)
{
    struct match_input *in = &toy->in;
    int64_t q = in->rules.quantum;
    uint64_t askers = 1 + toy_draw(2);

    in->needs = toy->needs;
    in->n_needs = 2 + toy_draw(TOY_NEEDS - 1);
    for (size_t i = 0; i < in->n_needs; i++) {
        struct match_need *need = &toy->needs[i];
        const struct match_org *org = &toy->orgs[toy_draw(askers)];

        *need = (struct match_need){
            .id = (uint32_t)(50 - i),
            .org = org->id,
            .what = {.skill = (uint32_t)toy_draw(2), .from_day = INT32_MIN,
                     .until_day = INT32_MAX},
            .minutes = (1 + (int64_t)toy_draw(3)) * q - (chance(20) ? (int64_t)toy_draw(20) : 0),
            .urgent = chance(30),
            .fragile = org->fragile,
            .pool_permille = (int64_t)toy_draw(5) * 250,
            .order = (uint32_t)toy_draw(2),
            .since = (int64_t)toy_draw(3),
        };

        /* Arguments may be evaluated in any order, draws may not. */
        bool first_three = chance(50);

        need->class =
            match_class(need->urgent, need->fragile, first_three, (int64_t)toy_draw(80));
    }
}

static void make_rules(struct match_rules *rules)
{
    *rules = (struct match_rules){
        .quantum = 30,
        .piece_minutes = 30,
        .pair_cap_minutes = (int64_t)toy_draw(4) * 30,
        .pair_cap_permille = 100 + (int64_t)toy_draw(700),
        .pair_price = (int64_t)toy_draw(20),
        .pool_minutes = (int64_t)toy_draw(3) * 30 + (chance(20) ? 11 : 0),
        .weight = chance(80) ? 1 + (int64_t)toy_draw(3) : 0,
    };
}

void toy_make(struct toy *toy)
{
    struct match_input *in = &toy->in;

    do {
        memset(toy, 0, sizeof *toy);
        make_rules(&in->rules);
        make_orgs(toy);
        make_offers(toy);
        make_needs(toy);
        in->pairs = toy->pairs;
        for (size_t i = 0; i < in->n_orgs; i++)
            for (size_t k = 0; k < in->n_orgs; k++)
                if (i != k && chance(50))
                    toy->pairs[in->n_pairs++] = (struct match_pair){
                        toy->orgs[i].id, toy->orgs[k].id,
                        (int64_t)toy_draw((uint64_t)toy->orgs[k].received + 1)};
        in->bars = toy->bars;
        in->n_bars = toy_draw(2);
        toy->bars[0] = (struct match_bar){toy->needs[0].id, toy->orgs[toy_draw(3)].id};
        in->conflicts = toy->conflicts;
        in->n_conflicts = chance(15);
        toy->conflicts[0] = (struct match_conflict){toy->orgs[0].id, toy->orgs[1].id};
    } while (toy_choices(toy, 40000) > 40000);
}

/* --- The rules, read once more ---------------------------------------------------------------- */

static const struct match_org *org_of(const struct match_input *in, uint32_t id)
{
    for (size_t i = 0; i < in->n_orgs; i++)
        if (in->orgs[i].id == id)
            return &in->orgs[i];
    cr_assert_fail("organisation %u", id);
    return NULL;
}

static bool offers_skill(const struct match_input *in, uint32_t giver,
                         const struct match_need *need)
{
    for (size_t o = 0; o < in->n_offers; o++)
        if (in->offers[o].what.skill == need->what.skill)
            for (size_t g = 0; g < in->offers[o].n_givers; g++)
                if (in->offers[o].givers[g] == giver)
                    return true;
    return false;
}

static bool eligible(const struct match_input *in, const struct match_org *org,
                     const struct match_need *need)
{
    double sum = 0, n = 0;

    if (org->id == need->org || !offers_skill(in, org->id, need))
        return false;
    for (size_t i = 0; i < in->n_bars; i++)
        if (in->bars[i].need == need->id && in->bars[i].org == org->id)
            return false;
    for (size_t i = 0; i < in->n_conflicts; i++)
        if ((in->conflicts[i].a == org->id && in->conflicts[i].b == need->org) ||
            (in->conflicts[i].b == org->id && in->conflicts[i].a == need->org))
            return false;
    for (size_t i = 0; i < in->n_orgs; i++)
        if (in->orgs[i].burden >= 0) {
            sum += (double)in->orgs[i].burden;
            n++;
        }
    return !org->fragile || org->volunteers || org->burden < 0 ||
           (double)org->burden * n <= sum;
}

static int64_t given_before(const struct match_input *in, uint32_t giver, uint32_t receiver)
{
    for (size_t i = 0; i < in->n_pairs; i++)
        if (in->pairs[i].giver == giver && in->pairs[i].receiver == receiver)
            return in->pairs[i].minutes;
    return 0;
}

/* Whether a pair with x more minutes would be above its cap, straight from the rule. */
static bool above_cap(const struct match_input *in, uint32_t giver, uint32_t receiver, int64_t x)
{
    int64_t pair = given_before(in, giver, receiver) + x;
    int64_t received = org_of(in, receiver)->received + x;

    return received >= in->rules.pair_cap_minutes &&
           1000 * pair > in->rules.pair_cap_permille * received;
}

/* --- Trying everything ------------------------------------------------------------------------ */

struct choice {
    const struct match_input *in;
    int64_t q;
    /* By need: given by each organisation, paid by the pool's share and beyond it; in quanta. */
    int64_t x[TOY_NEEDS][TOY_ORGS], pool[TOY_NEEDS], rescue[TOY_NEEDS];
    bool may[TOY_NEEDS][TOY_ORGS];
    int64_t rank[TOY_NEEDS][TOY_ORGS];
    int64_t asked[TOY_NEEDS], pool_max[TOY_NEEDS], rescue_max[TOY_NEEDS], rescue_cost[TOY_NEEDS];
    int64_t allowance[TOY_ORGS][TOY_ORGS]; /* giver, receiver */
    int64_t weight[TOY_ORGS];
    uint32_t asker[TOY_NEEDS];
    /* At least so much is given for a need by somebody. */
    size_t forced_need, forced_org;
    int64_t forced;
    bool any;
    struct match_worth best;
    uint64_t tried, limit;
};

static int64_t weight_of(const struct match_rules *rules, const struct match_org *org)
{
    int64_t line = org->position < 0 ? org->line.floor : org->line.ceiling, weight;

    if (rules->weight > 0)
        return rules->weight;
    if (line < rules->quantum)
        line = rules->quantum;
    weight = 1000000 * rules->quantum * rules->quantum / (line * line);
    return weight > 0 ? weight : 1;
}

/* Whose turn is before the other's: a lower order, then the older, then the lower id. */
static bool goes_first(const struct match_need *a, const struct match_need *b)
{
    if (a->order != b->order)
        return a->order < b->order;
    return a->since < b->since || (a->since == b->since && a->id < b->id);
}

/* Counting those before it: whose need goes first; then by tie, id. */
static int64_t rank_of(const struct choice *c, size_t n, size_t g)
{
    const struct match_need *need = &c->in->needs[n];
    const struct match_org *org = &c->in->orgs[g];
    int64_t rank = 0;

    for (size_t m = 0; m < c->in->n_needs; m++) {
        const struct match_need *other = &c->in->needs[m];

        for (size_t h = 0; h < c->in->n_orgs; h++) {
            const struct match_org *o = &c->in->orgs[h];

            if (!c->may[m][h] || o->capacity < c->q)
                continue;
            if (m == n)
                rank += o->tie < org->tie || (o->tie == org->tie && o->id < org->id);
            else
                rank += goes_first(other, need);
        }
    }
    return rank;
}

/* The net change in quanta at which a fragile organisation's own line ends: how often another
 * quantum still stays at or above the floor. */
static int64_t slots_to(int64_t position, int64_t floor, int64_t q)
{
    int64_t n = 0;

    while (position - (n + 1) * q >= -floor)
        n++;
    return n;
}

static void need_setup(struct choice *c, size_t n)
{
    const struct match_need *need = &c->in->needs[n];
    const struct match_org *org = org_of(c->in, need->org);
    int64_t k = slots_to(org->position, org->line.floor, c->q);
    int64_t at = org->position - k * c->q, next = at - c->q;

    c->asker[n] = (uint32_t)(org - c->in->orgs);
    c->asked[n] = (need->minutes + c->q - 1) / c->q;
    c->pool_max[n] = c->asked[n] * need->pool_permille / 1000;
    if (need->urgent || need->fragile) {
        c->rescue_max[n] = c->asked[n] - c->pool_max[n];
        c->rescue_cost[n] =
            c->weight[c->asker[n]] * (next * next - at * at) / c->q - 1;
    }
    for (size_t g = 0; g < c->in->n_orgs; g++)
        c->may[n][g] = eligible(c->in, &c->in->orgs[g], need);
}

static void setup(struct choice *c, const struct match_input *in)
{
    memset(c, 0, sizeof *c);
    c->in = in;
    c->q = in->rules.quantum;
    c->limit = UINT64_MAX;
    for (size_t i = 0; i < in->n_orgs; i++) {
        c->weight[i] = weight_of(&in->rules, &in->orgs[i]);
        for (size_t k = 0; k < in->n_orgs; k++)
            if (i != k)
                while (c->allowance[i][k] < 99 &&
                       !above_cap(in, in->orgs[i].id, in->orgs[k].id,
                                  (c->allowance[i][k] + 1) * c->q))
                    c->allowance[i][k]++;
    }
    for (size_t n = 0; n < in->n_needs; n++)
        need_setup(c, n);
    for (size_t n = 0; n < in->n_needs; n++)
        for (size_t g = 0; g < in->n_orgs; g++)
            c->rank[n][g] = rank_of(c, n, g);
}

/* Whether an organisation's part of the choice is allowed, and what it adds. */
static bool judge_org(const struct choice *c, size_t i, struct match_worth *worth)
{
    const struct match_org *org = &c->in->orgs[i];
    int64_t given = 0, usual = 0, fragile = 0, urgent = 0, b = org->position, after;

    for (size_t n = 0; n < c->in->n_needs; n++) {
        int64_t own = -c->pool[n] - c->rescue[n];

        given += c->x[n][i];
        for (size_t g = 0; g < c->in->n_orgs; g++)
            own += c->x[n][g];
        if (c->asker[n] != i)
            continue;
        if (c->in->needs[n].urgent)
            urgent += own;
        else if (c->in->needs[n].fragile)
            fragile += own;
        else
            usual += own;
    }
    after = b + (given - usual - fragile - urgent) * c->q;
    if (given > org->capacity / c->q || (after > b && after > org->line.ceiling))
        return false;
    /* Usual needs alone reach at most to the floor, fragile ones too to the hard floor; what lies
     * below already gets no further down. */
    if (usual > given + slots_to(b, org->line.floor, c->q) ||
        usual + fragile > given + slots_to(b, org->line.hard_floor, c->q))
        return false;
    worth->uneven += c->weight[i] * (after * after - b * b) / c->q;
    return true;
}

static void judge(struct choice *c)
{
    const struct match_input *in = c->in;
    struct match_worth worth = {0};
    int64_t pool = 0;

    if (c->x[c->forced_need][c->forced_org] < c->forced)
        return;
    for (size_t i = 0; i < in->n_orgs; i++)
        if (!judge_org(c, i, &worth))
            return;
    for (size_t n = 0; n < in->n_needs; n++) {
        pool += c->pool[n] + c->rescue[n];
        worth.uneven += c->rescue[n] * c->rescue_cost[n];
        for (size_t g = 0; g < in->n_orgs; g++) {
            worth.served[in->needs[n].class] += c->x[n][g];
            worth.ties += c->x[n][g] * c->rank[n][g];
        }
    }
    if (pool > in->rules.pool_minutes / c->q)
        return;
    for (size_t i = 0; i < in->n_orgs; i++)
        for (size_t k = 0; k < in->n_orgs; k++) {
            int64_t given = 0;

            for (size_t n = 0; n < in->n_needs; n++)
                given += c->asker[n] == k ? c->x[n][i] : 0;
            if (given > c->allowance[i][k])
                worth.uneven += in->rules.pair_price * c->q * (given - c->allowance[i][k]);
        }
    if (!c->any || match_compare(&worth, &c->best) < 0)
        c->best = worth;
    c->any = true;
}

static void try_need(struct choice *c, size_t n);

static void try_pool(struct choice *c, size_t n, int64_t served)
{
    for (c->pool[n] = 0; c->pool[n] <= c->pool_max[n] && c->pool[n] <= served; c->pool[n]++)
        for (c->rescue[n] = 0;
             c->rescue[n] <= c->rescue_max[n] && c->pool[n] + c->rescue[n] <= served;
             c->rescue[n]++)
            try_need(c, n + 1);
}

static void try_giver(struct choice *c, size_t n, size_t g, int64_t served)
{
    if (c->tried > c->limit)
        return;
    if (g == c->in->n_orgs) {
        try_pool(c, n, served);
        return;
    }
    for (c->x[n][g] = 0; served + c->x[n][g] <= c->asked[n]; c->x[n][g]++) {
        try_giver(c, n, g + 1, served + c->x[n][g]);
        if (!c->may[n][g] || c->x[n][g] + 1 > c->in->orgs[g].capacity / c->q)
            break;
    }
    c->x[n][g] = 0;
}

static void try_need(struct choice *c, size_t n)
{
    if (n < c->in->n_needs) {
        try_giver(c, n, 0, 0);
        return;
    }
    if (++c->tried <= c->limit && c->limit == UINT64_MAX)
        judge(c);
}

uint64_t toy_choices(const struct toy *toy, uint64_t limit)
{
    struct choice c;

    setup(&c, &toy->in);
    c.limit = limit;
    try_need(&c, 0);
    return c.tried;
}

struct match_worth toy_best(const struct toy *toy)
{
    struct choice c;

    setup(&c, &toy->in);
    try_need(&c, 0);
    cr_assert(c.any); /* doing nothing is always allowed */
    return c.best;
}

bool toy_best_if(const struct toy *toy, uint32_t need, uint32_t giver, int64_t quanta,
                 struct match_worth *best)
{
    struct choice c;

    setup(&c, &toy->in);
    for (size_t n = 0; n < toy->in.n_needs; n++)
        if (toy->needs[n].id == need)
            c.forced_need = n;
    for (size_t g = 0; g < toy->in.n_orgs; g++)
        if (toy->orgs[g].id == giver)
            c.forced_org = g;
    c.forced = quanta;
    try_need(&c, 0);
    *best = c.best;
    return c.any;
}

/* --- Checking proposals ----------------------------------------------------------------------- */

static const struct match_need *need_of(const struct match_input *in, uint32_t id)
{
    for (size_t i = 0; i < in->n_needs; i++)
        if (in->needs[i].id == id)
            return &in->needs[i];
    cr_assert_fail("need %u", id);
    return NULL;
}

static void check_need(const struct match_input *in, const struct match_result *r,
                       const struct match_need *need)
{
    int64_t minutes = 0, pool = 0, left = 0;

    for (size_t i = 0; i < r->n_proposals; i++) {
        const struct match_proposal *p = &r->proposals[i];
        int64_t piece = 0, least = in->rules.piece_minutes;

        if (p->need != need->id)
            continue;
        minutes += p->minutes;
        pool += p->pool_minutes;
        for (size_t k = 0; k < r->n_proposals; k++)
            if (r->proposals[k].need == need->id && r->proposals[k].offer == p->offer)
                piece += r->proposals[k].minutes;
        if (need->minutes < least)
            least = need->minutes;
        /* A last quantum may be a part of one. */
        cr_assert_gt(piece, least - in->rules.quantum);
        cr_assert(eligible(in, org_of(in, p->giver), need));
        cr_assert_geq(p->pool_minutes, 0);
        cr_assert_leq(p->pool_minutes, p->minutes);
        cr_assert_gt(p->minutes, 0);
        cr_assert_eq(p->receiver, need->org);
        cr_assert_eq(p->class, need->class);
    }
    for (size_t i = 0; i < r->n_left; i++)
        left += r->left[i].need == need->id ? r->left[i].minutes : 0;
    cr_assert_eq(minutes + left, need->minutes);
    if (!need->urgent && !need->fragile)
        cr_assert_leq(1000 * pool, (need->minutes + in->rules.quantum - 1) * need->pool_permille);
}

static void check_org(const struct match_input *in, const struct match_result *r,
                      const struct match_org *org)
{
    int64_t given = 0, own = 0, usual = 0, fragile = 0, after;

    for (size_t i = 0; i < r->n_proposals; i++) {
        const struct match_proposal *p = &r->proposals[i];
        const struct match_need *need = need_of(in, p->need);
        int64_t charged = p->minutes - p->pool_minutes;

        given += p->giver == org->id ? p->minutes : 0;
        if (p->receiver != org->id)
            continue;
        own += charged;
        usual += need->urgent || need->fragile ? 0 : charged;
        fragile += !need->urgent && need->fragile ? charged : 0;
    }
    after = org->position + given - own;
    cr_assert_leq(given, org->capacity);
    cr_assert(after <= org->position || after < org->line.ceiling + in->rules.quantum);
    if (usual > given + in->rules.quantum)
        cr_assert_geq(org->position + given - usual, -org->line.floor - in->rules.quantum);
    if (usual + fragile > given + in->rules.quantum)
        cr_assert_geq(org->position + given - usual - fragile,
                      -org->line.hard_floor - in->rules.quantum);
    for (size_t i = 0; i < r->n_proposals; i++) {
        const struct match_proposal *p = &r->proposals[i];

        if (p->giver == org->id) {
            cr_assert_eq(p->giver_before, org->position);
            cr_assert_eq(p->giver_after, after);
        }
        if (p->receiver == org->id) {
            cr_assert_eq(p->receiver_before, org->position);
            cr_assert_eq(p->receiver_after, after);
        }
    }
}

void toy_check(const struct match_input *in, const struct match_result *r)
{
    int64_t pool = 0;

    for (size_t i = 0; i < in->n_needs; i++)
        check_need(in, r, &in->needs[i]);
    for (size_t i = 0; i < in->n_orgs; i++)
        check_org(in, r, &in->orgs[i]);
    for (size_t i = 0; i < r->n_proposals; i++)
        pool += r->proposals[i].pool_minutes;
    cr_assert_leq(pool, in->rules.pool_minutes);
    cr_assert_leq(pool, r->pool_minutes);
    cr_assert_leq(r->pool_minutes, in->rules.pool_minutes);
    cr_assert_leq(match_compare(&r->bound, &r->reached), 0);
    if (!r->repaired)
        cr_assert_eq(match_compare(&r->bound, &r->reached), 0);
}
