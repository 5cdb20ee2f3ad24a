/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* From facts to what policies/ computes with, where everything has a number (SPEC 19.8). */
#include "ledger/match_facts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/choice.h"
#include "policies/window.h"

/* What giving beyond the pair's share adds to the line use, per mille. */
#define PAIR_SURCHARGE 100

/* --- Numbers for words ------------------------------------------------------------------------ */

/* Every slug that occurs, once, sorted: its place is its number. */
struct dictionary {
    size_t n;
    const char **words;
};

static int compare_words(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_words(struct dictionary *d, const struct match_fact_what *what)
{
    d->words[d->n++] = what->skill.s;
    for (size_t i = 0; i < what->areas.n; i++) {
        d->words[d->n++] = what->areas.v[i].s;
    }
    for (size_t i = 0; i < what->languages.n; i++) {
        d->words[d->n++] = what->languages.v[i].s;
    }
}

static bool make_dictionary(struct dictionary *d, const struct match_facts *f)
{
    size_t most = (f->n_needs + f->n_offers) * (2 * PARTIES_MAX + 1), n = 0;

    d->n = 0;
    d->words = calloc(most + 1, sizeof *d->words);
    if (!d->words) {
        return false;
    }
    for (size_t i = 0; i < f->n_needs; i++) {
        add_words(d, &f->needs[i].what);
    }
    for (size_t i = 0; i < f->n_offers; i++) {
        add_words(d, &f->offers[i].what);
    }
    if (d->n > 0) {
        qsort(d->words, d->n, sizeof *d->words, compare_words);
    }
    for (size_t i = 0; i < d->n; i++) {
        if (i == 0 || strcmp(d->words[i], d->words[n - 1]) != 0) {
            d->words[n++] = d->words[i];
        }
    }
    d->n = n;
    return true;
}

static uint32_t number_of(const struct dictionary *d, const char *word)
{
    const char **found = bsearch(&word, d->words, d->n, sizeof *d->words, compare_words);

    assert(found);
    return (uint32_t)(found - d->words);
}

/* --- The input -------------------------------------------------------------------------------- */

struct input {
    struct match_input in;
    struct dictionary words;
    struct match_org *orgs;
    struct match_offer *offers;
    struct match_need *needs;
    struct match_bar *bars;
    uint32_t *numbers; /* of all sets together */
    size_t n_numbers;
    uint32_t *by_rate, *turns; /* organisations by their fill rate, and what place each has so */
};

/* The hash of batch and organisation: nobody's choice, and another one every week. */
static uint64_t tie_of(const struct match_facts *f, const struct handle *handle)
{
    char text[ORIGIN_MAX + HANDLE_MAX + 32];
    struct hash hash;
    uint64_t tie = 0;
    int n = snprintf(text, sizeof text, "%s/match/v1\n%s\n%s\n", f->origin, f->week, handle->s);

    assert(n > 0 && (size_t)n < sizeof text);
    hash_sha256(&hash, text, (size_t)n);
    for (size_t i = 0; i < sizeof tie; i++) {
        tie = tie << 8 | hash.b[i];
    }
    return tie;
}

static int64_t within(int64_t n, int64_t low, int64_t high)
{
    return n < low ? low : n > high ? high : n;
}

static void set_org(const struct match_facts *f, uint32_t i, struct match_org *out)
{
    const struct match_fact_org *o = &f->orgs[i];

    *out = (struct match_org){
        .id = i,
        .position = within(o->position, -MATCH_MINUTES_MAX, MATCH_MINUTES_MAX),
        .line = o->line,
        .capacity = within(o->capacity, 0, MATCH_MINUTES_MAX),
        .received = within(o->received, 0, MATCH_MINUTES_MAX),
        .fragile = o->fragile,
        .volunteers = !f->guard,
        .burden = within(o->burden, -1, MATCH_MINUTES_MAX),
        .tie = tie_of(f, &o->handle),
    };
}

static struct match_set set_of(struct input *in, const struct slugs *slugs)
{
    struct match_set set = {.v = in->numbers + in->n_numbers, .n = slugs->n};

    for (size_t i = 0; i < slugs->n; i++) {
        in->numbers[in->n_numbers++] = number_of(&in->words, slugs->v[i].s);
    }
    return set;
}

static void set_what(struct input *in, const struct match_facts *f,
                     const struct match_fact_what *what, struct match_what *out)
{
    out->type = what->type;
    out->skill = number_of(&in->words, what->skill.s);
    out->areas = set_of(in, &what->areas);
    out->languages = set_of(in, &what->languages);
    out->from_day = window_day(f->at);
    out->until_day = window_day(what->until);
}

/* The rate of who asks; whose needs all are still open has obtained nothing yet. */
static struct fill rate_of(const struct match_facts *f, uint32_t org)
{
    struct fill fill = f->orgs[org].fill;

    return fill.asked > 0 ? fill : (struct fill){.asked = 1};
}

static int compare_rates(const void *a, const void *b, void *ctx)
{
    struct fill x = rate_of(ctx, *(const uint32_t *)a), y = rate_of(ctx, *(const uint32_t *)b);

    return fill_below(&x, &y) ? -1 : fill_below(&y, &x);
}

/* The turn of each organisation by its rate: those of the same rate have the same. */
static void set_turns(struct input *in, const struct match_facts *f)
{
    uint32_t turn = 0;

    for (uint32_t i = 0; i < f->n_orgs; i++) {
        in->by_rate[i] = i;
    }
    qsort_r(in->by_rate, f->n_orgs, sizeof *in->by_rate, compare_rates, (void *)f);
    for (size_t i = 0; i < f->n_orgs; i++) {
        turn += i > 0 && compare_rates(&in->by_rate[i - 1], &in->by_rate[i], (void *)f) < 0;
        in->turns[in->by_rate[i]] = turn;
    }
}

static void set_needs(struct input *in, const struct match_facts *f)
{
    set_turns(in, f);
    for (uint32_t i = 0; i < f->n_needs; i++) {
        const struct match_fact_need *n = &f->needs[i];

        in->needs[i] = (struct match_need){.id = i,
                                           .org = n->asker,
                                           .minutes = n->minutes,
                                           .class = n->class,
                                           .urgent = n->urgent,
                                           .fragile = n->fragile,
                                           .pool_permille = n->pool_permille,
                                           .order = in->turns[n->asker],
                                           .since = n->since};
        set_what(in, f, &n->what, &in->needs[i].what);
    }
}

static void set_offers(struct input *in, const struct match_facts *f)
{
    for (uint32_t i = 0; i < f->n_offers; i++) {
        in->offers[i] = (struct match_offer){
            .id = i, .givers = f->offers[i].providers, .n_givers = f->offers[i].n_providers};
        set_what(in, f, &f->offers[i].what, &in->offers[i].what);
    }
}

/* Who declined, and who vouched for the urgency. */
static void set_bars(struct input *in, const struct match_facts *f)
{
    for (size_t i = 0; i < f->n_declines; i++) {
        size_t need = match_facts_need(f, &f->declines[i].need);
        size_t org = match_facts_org(f, &f->declines[i].org);

        if (need != SIZE_MAX && org != SIZE_MAX) {
            in->bars[in->in.n_bars++] = (struct match_bar){(uint32_t)need, (uint32_t)org};
        }
    }
    for (uint32_t i = 0; i < f->n_needs; i++) {
        size_t org = f->needs[i].voucher.s[0] ? match_facts_org(f, &f->needs[i].voucher)
                                              : SIZE_MAX;

        if (org != SIZE_MAX) {
            in->bars[in->in.n_bars++] = (struct match_bar){i, (uint32_t)org};
        }
    }
}

static void free_input(struct input *in)
{
    free(in->words.words);
    free(in->orgs);
    free(in->offers);
    free(in->needs);
    free(in->bars);
    free(in->numbers);
    free(in->by_rate);
    free(in->turns);
}

static bool make_input(struct input *in, const struct match_facts *f)
{
    memset(in, 0, sizeof *in);
    in->orgs = calloc(f->n_orgs + 1, sizeof *in->orgs);
    in->offers = calloc(f->n_offers + 1, sizeof *in->offers);
    in->needs = calloc(f->n_needs + 1, sizeof *in->needs);
    in->bars = calloc(f->n_declines + f->n_needs + 1, sizeof *in->bars);
    in->numbers = calloc((f->n_needs + f->n_offers) * 2 * PARTIES_MAX + 1, sizeof *in->numbers);
    in->by_rate = calloc(f->n_orgs + 1, sizeof *in->by_rate);
    in->turns = calloc(f->n_orgs + 1, sizeof *in->turns);
    if (!make_dictionary(&in->words, f) || !in->orgs || !in->offers || !in->needs || !in->bars ||
        !in->numbers || !in->by_rate || !in->turns) {
        free_input(in);
        return false;
    }
    for (uint32_t i = 0; i < f->n_orgs; i++) {
        set_org(f, i, &in->orgs[i]);
    }
    set_needs(in, f);
    set_offers(in, f);
    set_bars(in, f);
    in->in.rules = f->rules;
    in->in.orgs = in->orgs;
    in->in.n_orgs = f->n_orgs;
    in->in.offers = in->offers;
    in->in.n_offers = f->n_offers;
    in->in.needs = in->needs;
    in->in.n_needs = f->n_needs;
    in->in.pairs = f->pairs;
    in->in.n_pairs = f->n_pairs;
    in->in.bars = in->bars;
    return true;
}

bool match_facts_solve(const struct match_facts *facts, struct match_result *out)
{
    struct input in;

    memset(out, 0, sizeof *out);
    if (!make_input(&in, facts)) {
        return false;
    }
    match_batch(&in.in, out);
    free_input(&in);
    return true;
}

/* --- Who fits whom ---------------------------------------------------------------------------- */

static bool in_common(const struct slugs *a, const struct slugs *b)
{
    for (size_t i = 0; i < a->n; i++) {
        for (size_t k = 0; k < b->n; k++) {
            if (strcmp(a->v[i].s, b->v[k].s) == 0) {
                return true;
            }
        }
    }
    return a->n == 0 || b->n == 0;
}

static bool fits(const struct match_fact_what *a, const struct match_fact_what *b)
{
    return a->type == b->type && strcmp(a->skill.s, b->skill.s) == 0 &&
           in_common(&a->areas, &b->areas) && in_common(&a->languages, &b->languages);
}

static bool is_barred(const struct match_facts *f, size_t need, uint32_t org)
{
    const struct match_fact_need *n = &f->needs[need];

    if (org == n->asker || strcmp(f->orgs[org].handle.s, n->voucher.s) == 0) {
        return true;
    }
    for (size_t i = 0; i < f->n_declines; i++) {
        if (strcmp(f->declines[i].org.s, f->orgs[org].handle.s) == 0 &&
            match_facts_need(f, &f->declines[i].need) == need) {
            return true;
        }
    }
    return false;
}

/* The offer of an organisation for a need: of itself alone rather than a joint one, then the first.
 */
static size_t offer_for(const struct match_facts *f, size_t need, uint32_t org)
{
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < f->n_offers; i++) {
        const struct match_fact_offer *o = &f->offers[i];

        if (!fits(&o->what, &f->needs[need].what)) {
            continue;
        }
        for (size_t k = 0; k < o->n_providers; k++) {
            if (o->providers[k] == org && (best == SIZE_MAX || (o->n_providers == 1 &&
                                                                f->offers[best].n_providers > 1))) {
                best = i;
            }
        }
    }
    return best;
}

/* --- Choice ----------------------------------------------------------------------------------- */

static int64_t given_to(const struct match_facts *f, uint32_t giver, uint32_t receiver)
{
    for (size_t i = 0; i < f->n_pairs; i++) {
        if (f->pairs[i].giver == giver && f->pairs[i].receiver == receiver) {
            return f->pairs[i].minutes;
        }
    }
    return 0;
}

/* As in a batch: fragile, and carrying more than the mean of those whose size is known. */
static bool is_guarded(const struct match_facts *f, const struct match_fact_org *o)
{
    __int128 sum = 0;
    int64_t known = 0;

    for (size_t i = 0; i < f->n_orgs; i++) {
        if (f->orgs[i].burden >= 0) {
            sum += f->orgs[i].burden;
            known++;
        }
    }
    return f->guard && o->fragile && o->burden >= 0 && (__int128)o->burden * known > sum;
}

static struct choice_candidate candidate_of(const struct match_facts *f, size_t need, uint32_t org,
                                            int64_t minutes, int64_t least)
{
    const struct match_fact_org *o = &f->orgs[org];
    uint32_t asker = f->needs[need].asker;
    int64_t pair = given_to(f, org, asker);
    int64_t allowance =
        match_pair_allowance(pair, f->orgs[asker].received, f->rules.pair_cap_minutes,
                             f->rules.pair_cap_permille);

    return (struct choice_candidate){
        .id = org,
        .available = o->capacity >= least,
        .guarded = is_guarded(f, o),
        .position = o->position,
        .line = o->line,
        .surcharge = minutes > allowance ? PAIR_SURCHARGE : 0,
        .pair_minutes = pair,
        .helped_at = o->helped_at ? o->helped_at : INT64_MIN,
        .tie = tie_of(f, &o->handle),
    };
}

/* Deals the minutes to the ranked ones in their order, in pieces that are worth a meeting. */
static void deal(const struct match_facts *f, size_t need, const struct choice_ranked *ranked,
                 int64_t minutes, int64_t least, struct match_choice *out)
{
    for (size_t i = 0; i < out->candidates && out->n < MATCH_CHOICE_MAX && minutes > 0; i++) {
        uint32_t org = ranked[i].candidate->id;
        int64_t part = f->orgs[org].capacity;

        part = part >= minutes ? minutes : part / f->rules.quantum * f->rules.quantum;
        if (part < minutes && minutes - part < least) {
            part = (minutes - least) / f->rules.quantum * f->rules.quantum;
        }
        if (part >= least) {
            out->v[out->n].giver = org;
            out->v[out->n].offer = (uint32_t)offer_for(f, need, org);
            out->v[out->n++].minutes = part;
            minutes -= part;
        }
    }
}

bool match_facts_choose(const struct match_facts *f, size_t need, int64_t minutes,
                        struct match_choice *out)
{
    int64_t least = minutes < f->rules.piece_minutes ? minutes : f->rules.piece_minutes;
    struct choice_candidate *candidates = calloc(f->n_orgs + 1, sizeof *candidates);
    struct choice_ranked *ranked = calloc(f->n_orgs + 1, sizeof *ranked);
    bool ok = candidates && ranked;
    size_t n = 0;

    memset(out, 0, sizeof *out);
    for (uint32_t i = 0; ok && i < f->n_orgs; i++) {
        if (!is_barred(f, need, i) && offer_for(f, need, i) != SIZE_MAX) {
            candidates[n++] = candidate_of(f, need, i, minutes, least);
        }
    }
    if (ok) {
        out->candidates = choice_rank(candidates, n, minutes, ranked);
        deal(f, need, ranked, minutes, least, out);
    }
    free(candidates);
    free(ranked);
    return ok;
}

/* --- Loops ------------------------------------------------------------------------------------ */

void match_facts_between(const struct match_facts *f, uint32_t giver, uint32_t receiver,
                         void (*take)(void *ctx, size_t need, size_t offer), void *ctx)
{
    for (size_t i = 0; i < f->n_needs; i++) {
        size_t offer = f->needs[i].asker == receiver && !is_barred(f, i, giver)
                           ? offer_for(f, i, giver)
                           : SIZE_MAX;

        if (offer != SIZE_MAX) {
            take(ctx, i, offer);
        }
    }
}

/* Adds up what of a need each organisation could do. */
static void add_wishes(const struct match_facts *f, size_t need, int64_t *table)
{
    const struct match_fact_need *n = &f->needs[need];

    for (uint32_t i = 0; i < f->n_orgs; i++) {
        if (f->orgs[i].capacity > 0 && !is_barred(f, need, i) &&
            offer_for(f, need, i) != SIZE_MAX) {
            table[(size_t)i * f->n_orgs + n->asker] += n->minutes;
        }
    }
}

size_t match_facts_loops(const struct match_facts *f, struct loop *out, size_t max)
{
    size_t cells = f->n_orgs * f->n_orgs, n = 0, found = SIZE_MAX;
    int64_t *table = calloc(cells + 1, sizeof *table);
    int64_t *limits = calloc(f->n_orgs + 1, sizeof *limits);
    struct loop_wish *wishes = calloc(cells + 1, sizeof *wishes);

    if (table && limits && wishes) {
        for (size_t i = 0; i < f->n_needs; i++) {
            add_wishes(f, i, table);
        }
        for (size_t i = 0; i < f->n_orgs; i++) {
            limits[i] = f->orgs[i].capacity;
        }
        for (size_t i = 0; i < cells; i++) {
            if (table[i] > 0) {
                wishes[n++] = (struct loop_wish){(uint32_t)(i / f->n_orgs),
                                                 (uint32_t)(i % f->n_orgs), table[i]};
            }
        }
        found = loops_choose(wishes, n, (uint32_t)f->n_orgs, limits, f->rules.piece_minutes, out,
                             max);
    }
    free(table);
    free(limits);
    free(wishes);
    return found;
}
