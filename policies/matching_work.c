/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/matching_work.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define WEIGHT_MAX 1000000
#define NOBODY UINT32_MAX

void *m_room(size_t n, size_t size)
{
    void *room = calloc(n > 0 ? n : 1, size);

    assert(room != NULL);
    return room;
}

static void *copy(const void *v, size_t n, size_t size)
{
    void *room = m_room(n, size);

    if (n > 0)
        memcpy(room, v, n * size);
    return room;
}

static int order(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int order_signed(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static bool minutes_valid(int64_t minutes)
{
    return minutes >= 0 && minutes <= MATCH_MINUTES_MAX;
}

/* --- Organisations ---------------------------------------------------------------------------- */

static int org_order(const void *a, const void *b)
{
    return order(((const struct m_org *)a)->in->id, ((const struct m_org *)b)->in->id);
}

static int64_t at_least_0(int64_t n)
{
    return n > 0 ? n : 0;
}

static void org_assert(const struct match_org *in)
{
    assert(in->position >= -MATCH_MINUTES_MAX && in->position <= MATCH_MINUTES_MAX);
    assert(minutes_valid(in->line.floor) && minutes_valid(in->line.ceiling));
    assert(minutes_valid(in->line.hard_floor) && in->line.hard_floor >= in->line.floor);
    assert(minutes_valid(in->capacity) && minutes_valid(in->received));
    assert(in->burden >= -1 && in->burden <= MATCH_MINUTES_MAX);
}

static void org_start(struct m_org *org, const struct match_rules *rules)
{
    const struct match_org *in = org->in;
    int64_t line = in->position < 0 ? in->line.floor : in->line.ceiling, q = rules->quantum;

    org_assert(in);
    if (line < q)
        line = q;
    org->weight = rules->weight;
    if (org->weight == 0)
        org->weight = (int64_t)((__int128)WEIGHT_MAX * q * q / ((__int128)line * line));
    if (org->weight == 0)
        org->weight = 1;
    org->capacity = in->capacity / q;
    org->up = at_least_0(in->line.ceiling - in->position) / q;
    org->floor = at_least_0(in->line.floor + in->position) / q;
    org->hard = at_least_0(in->line.hard_floor + in->position) / q;
}

/* Who is not proposed because the fragile carry their share already. */
static void orgs_guard(struct m_work *w)
{
    __int128 sum = 0;
    int64_t known = 0;

    for (uint32_t i = 0; i < w->orgs; i++)
        if (w->org[i].in->burden >= 0) {
            sum += w->org[i].in->burden;
            known++;
        }
    for (uint32_t i = 0; i < w->orgs; i++) {
        const struct match_org *in = w->org[i].in;

        w->org[i].guarded =
            in->fragile && !in->volunteers && in->burden >= 0 && (__int128)in->burden * known > sum;
    }
}

static void orgs_start(struct m_work *w, const struct match_input *input)
{
    assert(input->n_orgs < NOBODY);
    w->orgs = (uint32_t)input->n_orgs;
    w->org = m_room(w->orgs, sizeof *w->org);
    for (uint32_t i = 0; i < w->orgs; i++) {
        w->org[i].in = &input->orgs[i];
        org_start(&w->org[i], &w->rules);
    }
    qsort(w->org, w->orgs, sizeof *w->org, org_order);
    for (uint32_t i = 1; i < w->orgs; i++)
        assert(w->org[i - 1].in->id != w->org[i].in->id);
    orgs_guard(w);
}

uint32_t m_org_find(const struct m_work *w, uint32_t id)
{
    const struct match_org wanted = {.id = id};
    const struct m_org key = {.in = &wanted};
    const struct m_org *found = bsearch(&key, w->org, w->orgs, sizeof key, org_order);

    assert(found != NULL);
    return (uint32_t)(found - w->org);
}

/* --- Needs and offers ------------------------------------------------------------------------- */

static int need_order(const void *a, const void *b)
{
    return order(((const struct m_need *)a)->in->id, ((const struct m_need *)b)->in->id);
}

/* Of those of one class. */
static int turn_order(const void *a, const void *b, void *work)
{
    const struct m_work *w = work;
    const struct match_need *x = w->need[*(const uint32_t *)a].in;
    const struct match_need *y = w->need[*(const uint32_t *)b].in;

    if (x->order != y->order)
        return order(x->order, y->order);
    return x->since != y->since ? order_signed(x->since, y->since) : order(x->id, y->id);
}

static int rank_order(const void *a, const void *b, void *work)
{
    const struct m_work *w = work;
    const struct match_need *x = w->need[*(const uint32_t *)a].in;
    const struct match_need *y = w->need[*(const uint32_t *)b].in;

    return x->class != y->class ? x->class - y->class : turn_order(a, b, work);
}

/* How much of the need the pool pays, and takes over where the line of who asks ends. */
static void need_shares(const struct m_work *w, struct m_need *need)
{
    const struct match_need *in = need->in;
    const struct m_org *org = &w->org[need->org];

    if (w->pool_max == 0)
        return;
    need->pool_max = need->quanta * in->pool_permille / 1000;
    if (!in->urgent && !in->fragile)
        return;
    need->rescue_max = need->quanta - need->pool_max;
    /* One less than the first quantum beyond the line: after all before it, and before it. */
    need->rescue_cost =
        org->weight * (-2 * org->in->position + w->rules.quantum * (2 * org->floor + 1)) - 1;
}

static void needs_start(struct m_work *w, const struct match_input *input)
{
    assert(input->n_needs < NOBODY);
    w->needs = (uint32_t)input->n_needs;
    w->need = m_room(w->needs, sizeof *w->need);
    w->by_turn = m_room(w->needs, sizeof *w->by_turn);
    w->by_rank = m_room(w->needs, sizeof *w->by_rank);
    for (uint32_t i = 0; i < w->needs; i++)
        w->need[i].in = &input->needs[i];
    qsort(w->need, w->needs, sizeof *w->need, need_order);
    for (uint32_t i = 0; i < w->needs; i++) {
        struct m_need *need = &w->need[i];

        assert(i == 0 || w->need[i - 1].in->id != need->in->id);
        assert(need->in->minutes >= 1 && minutes_valid(need->in->minutes));
        assert(need->in->class >= 0 && need->in->class < MATCH_CLASSES);
        need->org = m_org_find(w, need->in->org);
        need->quanta = (need->in->minutes + w->rules.quantum - 1) / w->rules.quantum;
        need_shares(w, need);
        w->by_turn[i] = w->by_rank[i] = i;
    }
    qsort_r(w->by_turn, w->needs, sizeof *w->by_turn, turn_order, w);
    qsort_r(w->by_rank, w->needs, sizeof *w->by_rank, rank_order, w);
}

static int offer_order(const void *a, const void *b)
{
    const struct match_offer *x = *(const struct match_offer *const *)a;
    const struct match_offer *y = *(const struct match_offer *const *)b;

    return order(x->id, y->id);
}

static void offers_start(struct m_work *w, const struct match_input *input)
{
    assert(input->n_offers < NOBODY);
    w->offers = (uint32_t)input->n_offers;
    w->offer = m_room(w->offers, sizeof *w->offer);
    for (uint32_t i = 0; i < w->offers; i++) {
        w->offer[i] = &input->offers[i];
        assert(w->offer[i]->n_givers >= 1);
    }
    qsort(w->offer, w->offers, sizeof(struct match_offer *), offer_order);
    for (uint32_t i = 1; i < w->offers; i++)
        assert(w->offer[i - 1]->id != w->offer[i]->id);
}

/* --- Who may be proposed for what ------------------------------------------------------------- */

/* Sorted copies, and offers by what they are for: lookups while candidates are found. */
struct lookup {
    struct match_pair *pairs;
    size_t n_pairs;
    struct match_bar *bars;
    size_t n_bars;
    struct match_conflict *conflicts; /* a < b */
    size_t n_conflicts;
    uint32_t *by_skill; /* offers by type, skill, of one giver first, id */
    uint32_t *seen;     /* for each organisation the last need it was taken up for, + 1 */
};

static int pair_order(const void *a, const void *b)
{
    const struct match_pair *x = a, *y = b;

    return x->giver != y->giver ? order(x->giver, y->giver) : order(x->receiver, y->receiver);
}

static int bar_order(const void *a, const void *b)
{
    const struct match_bar *x = a, *y = b;

    return x->need != y->need ? order(x->need, y->need) : order(x->org, y->org);
}

static int conflict_order(const void *a, const void *b)
{
    const struct match_conflict *x = a, *y = b;

    return x->a != y->a ? order(x->a, y->a) : order(x->b, y->b);
}

static struct match_conflict conflict_of(uint32_t a, uint32_t b)
{
    return a < b ? (struct match_conflict){a, b} : (struct match_conflict){b, a};
}

static int skill_order_of(const struct match_what *x, const struct match_what *y)
{
    return x->type != y->type ? order(x->type, y->type) : order(x->skill, y->skill);
}

static int skill_order(const void *a, const void *b, void *work)
{
    const struct m_work *w = work;
    const struct match_offer *x = w->offer[*(const uint32_t *)a];
    const struct match_offer *y = w->offer[*(const uint32_t *)b];
    int by_skill = skill_order_of(&x->what, &y->what);

    if (by_skill != 0)
        return by_skill;
    if ((x->n_givers > 1) != (y->n_givers > 1))
        return x->n_givers > 1 ? 1 : -1;
    return order(x->id, y->id);
}

static void lookup_start(struct lookup *l, struct m_work *w, const struct match_input *input)
{
    l->pairs = copy(input->pairs, input->n_pairs, sizeof *l->pairs);
    l->n_pairs = input->n_pairs;
    qsort(l->pairs, l->n_pairs, sizeof *l->pairs, pair_order);
    for (size_t i = 1; i < l->n_pairs; i++)
        assert(pair_order(&l->pairs[i - 1], &l->pairs[i]) < 0);
    l->bars = copy(input->bars, input->n_bars, sizeof *l->bars);
    l->n_bars = input->n_bars;
    qsort(l->bars, l->n_bars, sizeof *l->bars, bar_order);
    l->conflicts = copy(input->conflicts, input->n_conflicts, sizeof *l->conflicts);
    l->n_conflicts = input->n_conflicts;
    for (size_t i = 0; i < l->n_conflicts; i++)
        l->conflicts[i] = conflict_of(l->conflicts[i].a, l->conflicts[i].b);
    qsort(l->conflicts, l->n_conflicts, sizeof *l->conflicts, conflict_order);
    l->by_skill = m_room(w->offers, sizeof *l->by_skill);
    for (uint32_t i = 0; i < w->offers; i++)
        l->by_skill[i] = i;
    qsort_r(l->by_skill, w->offers, sizeof *l->by_skill, skill_order, w);
    l->seen = m_room(w->orgs, sizeof *l->seen);
}

static void lookup_end(struct lookup *l)
{
    free(l->pairs);
    free(l->bars);
    free(l->conflicts);
    free(l->by_skill);
    free(l->seen);
}

static bool sets_meet(const struct match_set *a, const struct match_set *b)
{
    if (a->n == 0 || b->n == 0)
        return true;
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < b->n; k++)
            if (a->v[i] == b->v[k])
                return true;
    return false;
}

static bool barred(const struct lookup *l, const struct match_need *need, uint32_t giver)
{
    const struct match_bar bar = {need->id, giver};
    const struct match_conflict conflict = conflict_of(need->org, giver);

    return giver == need->org ||
           bsearch(&bar, l->bars, l->n_bars, sizeof bar, bar_order) != NULL ||
           bsearch(&conflict, l->conflicts, l->n_conflicts, sizeof conflict, conflict_order) !=
               NULL;
}

/* The hurdles of an offer, one after the other; MATCH_LEFT_BARRED: all of them are taken, and now
 * it is up to the giver. */
static enum match_left_why offer_hurdle(const struct match_what *offer,
                                        const struct match_what *need)
{
    if (offer->from_day > need->until_day || need->from_day > offer->until_day)
        return MATCH_LEFT_NO_DAY;
    if (!sets_meet(&offer->areas, &need->areas))
        return MATCH_LEFT_NO_AREA;
    if (!sets_meet(&offer->languages, &need->languages))
        return MATCH_LEFT_NO_LANGUAGE;
    return MATCH_LEFT_BARRED;
}

/* Those of a giver; MATCH_LEFT_CEILING: it is a candidate. */
static enum match_left_why giver_hurdle(const struct m_work *w, const struct lookup *l,
                                        const struct m_need *need, uint32_t giver)
{
    if (barred(l, need->in, w->org[giver].in->id))
        return MATCH_LEFT_BARRED;
    if (w->org[giver].guarded)
        return MATCH_LEFT_GUARDED;
    if (w->org[giver].capacity == 0)
        return MATCH_LEFT_NO_CAPACITY;
    return MATCH_LEFT_CEILING;
}

static void candidate_add(struct m_work *w, size_t *room, struct m_candidate candidate)
{
    if (w->candidates == *room) {
        *room *= 2;
        w->candidate = realloc(w->candidate, *room * sizeof *w->candidate);
        assert(w->candidate != NULL);
    }
    w->candidate[w->candidates++] = candidate;
}

static int candidate_order(const void *a, const void *b, void *work)
{
    const struct m_work *w = work;
    const struct match_org *x = w->org[((const struct m_candidate *)a)->giver].in;
    const struct match_org *y = w->org[((const struct m_candidate *)b)->giver].in;

    return x->tie != y->tie ? order(x->tie, y->tie) : order(x->id, y->id);
}

static void offer_candidates(struct m_work *w, struct lookup *l, uint32_t n, uint32_t o,
                             size_t *room)
{
    struct m_need *need = &w->need[n];
    const struct match_offer *offer = w->offer[o];
    enum match_left_why hurdle = offer_hurdle(&offer->what, &need->in->what);

    if (need->hurdle < hurdle)
        need->hurdle = hurdle;
    if (hurdle < MATCH_LEFT_BARRED)
        return;
    for (size_t i = 0; i < offer->n_givers; i++) {
        uint32_t giver = m_org_find(w, offer->givers[i]);

        hurdle = giver_hurdle(w, l, need, giver);
        if (need->hurdle < hurdle)
            need->hurdle = hurdle;
        if (hurdle == MATCH_LEFT_CEILING && l->seen[giver] != n + 1) {
            l->seen[giver] = n + 1;
            candidate_add(w, room, (struct m_candidate){.need = n, .giver = giver, .offer = o});
        }
    }
}

static void need_candidates(struct m_work *w, struct lookup *l, uint32_t n, size_t *room)
{
    struct m_need *need = &w->need[n];
    uint32_t low = 0, high = w->offers;

    need->hurdle = MATCH_LEFT_NO_OFFER;
    need->first = w->candidates;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (skill_order_of(&w->offer[l->by_skill[middle]]->what, &need->in->what) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < w->offers; low++) {
        if (skill_order_of(&w->offer[l->by_skill[low]]->what, &need->in->what) != 0)
            break;
        offer_candidates(w, l, n, l->by_skill[low], room);
    }
    need->n = w->candidates - need->first;
    qsort_r(w->candidate + need->first, need->n, sizeof *w->candidate, candidate_order, w);
}

/* --- Pairs of giver and receiver -------------------------------------------------------------- */

int64_t match_pair_allowance(int64_t pair, int64_t received, int64_t cap_minutes,
                             int64_t cap_permille)
{
    assert(pair >= 0 && pair <= received && received <= MATCH_MINUTES_MAX);
    assert(cap_minutes >= 0 && cap_permille >= 1 && cap_permille <= 1000);
    if (cap_permille == 1000)
        return INT64_MAX;

    /* 1000 (pair + x) <= permille (received + x), or received + x < minutes. */
    int64_t share = at_least_0(cap_permille * received - 1000 * pair) / (1000 - cap_permille);
    int64_t start = at_least_0(cap_minutes - received - 1);

    return share > start ? share : start;
}

static int by_pair_order(const void *a, const void *b, void *work)
{
    const struct m_work *w = work;
    const struct m_candidate *x = &w->candidate[*(const size_t *)a];
    const struct m_candidate *y = &w->candidate[*(const size_t *)b];
    uint32_t p = w->need[x->need].org, q = w->need[y->need].org;

    if (p != q)
        return order(p, q);
    return x->giver != y->giver ? order(x->giver, y->giver)
                                : order(*(const size_t *)a, *(const size_t *)b);
}

static void pair_start(const struct m_work *w, const struct lookup *l, struct m_pair *pair)
{
    const struct match_org *receiver = w->org[pair->receiver].in;
    const struct match_pair key = {w->org[pair->giver].in->id, receiver->id, 0};
    const struct match_pair *found =
        bsearch(&key, l->pairs, l->n_pairs, sizeof key, pair_order);
    const struct match_rules *rules = &w->rules;

    pair->before = found != NULL ? found->minutes : 0;

    int64_t minutes = match_pair_allowance(pair->before, receiver->received,
                                           rules->pair_cap_minutes, rules->pair_cap_permille);

    pair->allowance = minutes / rules->quantum;
}

static void pairs_start(struct m_work *w, const struct lookup *l)
{
    size_t *sorted = m_room(w->candidates, sizeof *sorted);

    for (size_t c = 0; c < w->candidates; c++)
        sorted[c] = c;
    qsort_r(sorted, w->candidates, sizeof *sorted, by_pair_order, w);
    w->pair = m_room(w->candidates, sizeof *w->pair);
    for (size_t i = 0; i < w->candidates; i++) {
        struct m_candidate *c = &w->candidate[sorted[i]];
        uint32_t receiver = w->need[c->need].org;
        struct m_pair *last = w->pairs > 0 ? &w->pair[w->pairs - 1] : NULL;

        if (last == NULL || last->receiver != receiver || last->giver != c->giver) {
            last = &w->pair[w->pairs++];
            last->receiver = receiver;
            last->giver = c->giver;
            pair_start(w, l, last);
        }
        last->asked += w->need[c->need].quanta;
        c->pair = w->pairs - 1;
    }
    free(sorted);
}

/* --- All of it -------------------------------------------------------------------------------- */

static void rules_assert(const struct match_rules *rules)
{
    assert(rules->quantum >= 1 && rules->quantum <= 1440);
    assert(minutes_valid(rules->piece_minutes) && minutes_valid(rules->pool_minutes));
    assert(rules->pair_price >= 0 && rules->pair_price <= 1000000000);
    assert(rules->weight >= 0 && rules->weight <= WEIGHT_MAX);
}

void m_work_start(struct m_work *w, const struct match_input *input)
{
    struct lookup l;
    size_t room = 64;

    memset(w, 0, sizeof *w);
    w->rules = input->rules;
    rules_assert(&w->rules);
    w->pool_max = w->rules.pool_minutes / w->rules.quantum;
    orgs_start(w, input);
    needs_start(w, input);
    offers_start(w, input);
    lookup_start(&l, w, input);
    w->candidate = m_room(room, sizeof *w->candidate);
    for (uint32_t i = 0; i < w->needs; i++)
        need_candidates(w, &l, w->by_turn[i], &room);
    pairs_start(w, &l);
    if (input->prices)
        w->price = m_room(w->candidates, sizeof *w->price);
    lookup_end(&l);
}

void m_work_end(struct m_work *w)
{
    free(w->org);
    free(w->need);
    free(w->by_turn);
    free(w->by_rank);
    free(w->offer);
    free(w->candidate);
    free(w->pair);
    free(w->price);
}
