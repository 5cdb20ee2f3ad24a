/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/theory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "policies/deficit.h"
#include "policies/random.h"

#define AGENTS_MAX 1000
#define ALL        0 /* as a number of candidates: everybody */
#define NO_LIMIT   (1 << 30)
/* Positions are counted from -SPAN to SPAN; what lies beyond counts as there. */
#define SPAN 64

/* --- One model for T1 to T7 ------------------------------------------------------------------- */

struct model {
    int n;
    int candidates; /* the lowest of so many gives; 1 is chance, ALL everybody */
    bool with_replacement; /* of drawing candidates */
    int floor, ceiling; /* positive; asks above -floor, gives below ceiling */
    int hoarders;       /* the first so many never ask */
};

struct state {
    struct model m;
    struct random random;
    int b[AGENTS_MAX];
    int able[AGENTS_MAX], n_able; /* who may give, in no order, with places in where[] */
    int where[AGENTS_MAX];
    int64_t asked, served;
};

static void start(struct state *s, const struct model *m, uint64_t seed)
{
    memset(s, 0, sizeof *s);
    s->m = *m;
    random_seed(&s->random, seed);
    s->n_able = m->n;
    for (int i = 0; i < m->n; i++)
        s->able[i] = s->where[i] = i;
}

static int below(struct state *s, int n)
{
    return (int)random_below(&s->random, (uint64_t)n);
}

static void swap_able(struct state *s, int a, int b)
{
    int x = s->able[a], y = s->able[b];

    s->able[a] = y;
    s->able[b] = x;
    s->where[x] = b;
    s->where[y] = a;
}

/* Keeps the list of those who may give right after b[i] has moved. */
static void note_able(struct state *s, int i)
{
    bool listed = s->where[i] < s->n_able, able = s->b[i] < s->m.ceiling;

    if (listed && !able)
        swap_able(s, s->where[i], --s->n_able);
    else if (!listed && able)
        swap_able(s, s->where[i], s->n_able++);
}

/* The lowest of those in front of the list, chance among equals. */
static int lowest(struct state *s, int from, int to)
{
    int best = s->able[from], equal = 1;

    for (int k = from + 1; k < to; k++) {
        int i = s->able[k];
        if (s->b[i] == s->b[best] && below(s, ++equal) == 0)
            best = i;
        if (s->b[i] < s->b[best]) {
            best = i;
            equal = 1;
        }
    }
    return best;
}

/* Who gives, among those able but the asker; -1 if nobody. */
static int giver(struct state *s, int asker)
{
    int last = s->n_able, best = -1, equal = 0;

    if (s->where[asker] < s->n_able)
        swap_able(s, s->where[asker], --last);
    if (last == 0)
        return -1;
    if (s->m.candidates == ALL)
        return lowest(s, 0, last);
    for (int k = 0; k < s->m.candidates && k < last; k++) {
        /* Those drawn stand in front, and are passed over unless they may be drawn again. */
        int from = s->m.with_replacement ? 0 : k, at = from + below(s, last - from);
        int i = s->able[at];
        if (!s->m.with_replacement)
            swap_able(s, at, k);
        equal = best >= 0 && s->b[i] == s->b[best] ? equal + 1 : 1;
        if (best < 0 || s->b[i] < s->b[best] || (s->b[i] == s->b[best] && below(s, equal) == 0))
            best = i;
    }
    return best;
}

static void play(struct state *s, int64_t rounds)
{
    for (int64_t t = 0; t < rounds; t++) {
        int asker = s->m.hoarders + below(s, s->m.n - s->m.hoarders);
        s->asked++;
        if (s->b[asker] <= -s->m.floor)
            continue;
        int from = giver(s, asker);
        if (from < 0)
            continue;
        s->served++;
        s->b[asker]--;
        s->b[from]++;
        note_able(s, asker);
        note_able(s, from);
    }
}

/* --- What is measured ------------------------------------------------------------------------- */

struct measure {
    double absolute, square;     /* means over organisations and time */
    double at[2 * SPAN + 1];     /* shares of the positions -SPAN..SPAN */
    double fill;
};

/* Plays on, looking every `every` rounds. */
static struct measure look(struct state *s, int64_t times, int64_t every)
{
    struct measure out = {0};
    int64_t count[2 * SPAN + 1] = {0}, absolute = 0, square = 0;
    double all = (double)times * s->m.n;

    s->asked = s->served = 0;
    for (int64_t t = 0; t < times; t++) {
        play(s, every);
        for (int i = 0; i < s->m.n; i++) {
            int64_t b = s->b[i], shown = b < -SPAN ? -SPAN : b > SPAN ? SPAN : b;
            absolute += b < 0 ? -b : b;
            square += b * b;
            count[shown + SPAN]++;
        }
    }
    out.absolute = (double)absolute / all;
    out.square = (double)square / all;
    out.fill = (double)s->served / (double)s->asked;
    for (int k = 0; k <= 2 * SPAN; k++)
        out.at[k] = (double)count[k] / all;
    return out;
}

struct list {
    struct theory_figure *out;
    const char *test;
    size_t n;
};

static void bounds(struct list *l, const char *what, double expected, double low, double high,
                   double found)
{
    assert(l->n < THEORY_FIGURES_MAX);
    l->out[l->n++] = (struct theory_figure){l->test, what, expected, 0, low, high, found};
}

static void near(struct list *l, const char *what, double expected, double tolerance, double found)
{
    bounds(l, what, expected, expected - tolerance, expected + tolerance, found);
    l->out[l->n - 1].tolerance = tolerance;
}

bool theory_ok(const struct theory_figure *f)
{
    return f->found >= f->low && f->found <= f->high;
}

/* --- The tests -------------------------------------------------------------------------------- */

static const struct model free_choice = {
    .n = 100, .candidates = 1, .floor = NO_LIMIT, .ceiling = NO_LIMIT};

#define T1_RUNS 200

static void t1_chance(struct list *l, uint64_t seed)
{
    double early = 0, late = 0;
    struct state s;

    for (uint64_t run = 0; run < T1_RUNS; run++) {
        start(&s, &free_choice, random_stream(seed, run));
        early += look(&s, 1, 10000).square;
        late += look(&s, 1, 90000).square;
    }
    near(l, "chance: mean square after 10 000", 200, 10, early / T1_RUNS);
    near(l, "chance: mean square after 100 000", 2000, 100, late / T1_RUNS);
}

static struct measure lowest_of(int n, int candidates, uint64_t seed, int64_t times)
{
    struct model m = free_choice;
    struct state s;

    m.n = n;
    m.candidates = candidates;
    start(&s, &m, seed);
    play(&s, 200 * n);
    return look(&s, times, n);
}

static void t2_lowest_of_two(struct list *l, uint64_t seed)
{
    static const double share[] = {.0856, .1476, .2203, .2477, .1626, .0400};
    static const char *const what[] = {
        "lowest of 2: share at -2", "lowest of 2: share at -1", "lowest of 2: share at 0",
        "lowest of 2: share at 1",  "lowest of 2: share at 2",  "lowest of 2: share at 3"};
    struct measure m = lowest_of(1000, 2, seed, 2000);

    for (int k = 0; k < 6; k++)
        near(l, what[k], share[k], .002, m.at[SPAN - 2 + k]);
    near(l, "lowest of 2: mean distance from 0", 1.400, .02, m.absolute);
    near(l, "lowest of 2: variance", 3.507, .105, m.square);
    near(l, "lowest of 2 among 30: mean distance", 1.386, .02,
         lowest_of(30, 2, seed, 60000).absolute);
}

static void t3_lowest_of_more(struct list *l, uint64_t seed)
{
    struct measure three = lowest_of(1000, 3, seed, 1000), five = lowest_of(1000, 5, seed, 1000);

    near(l, "lowest of 3: mean distance", .865, .026, three.absolute);
    near(l, "lowest of 3: variance", 1.446, .043, three.square);
    near(l, "lowest of 5: mean distance", .570, .017, five.absolute);
    near(l, "lowest of 5: variance", .728, .022, five.square);
    near(l, "lowest of all 100: mean distance", .027, .0013,
         lowest_of(100, ALL, seed, 4000).absolute);
    near(l, "lowest of all 30: mean distance", .088, .0026,
         lowest_of(30, ALL, seed, 20000).absolute);
}

static struct measure limited(int floor, int ceiling, uint64_t seed, int64_t times)
{
    struct model m = free_choice;
    struct state s;

    m.floor = floor;
    m.ceiling = ceiling;
    start(&s, &m, seed);
    play(&s, 50 * m.n * (floor + ceiling));
    return look(&s, times, m.n);
}

/* Rounds of a limit: positions move further within a wider band, and slower. */
#define LIMIT_TIMES(limit) (20000 + 4000 * (limit))

static void t4_limits(struct list *l, uint64_t seed)
{
    static const int limits[] = {1, 2, 5, 10, 20};
    static const double refused[] = {.332, .199, .090, .047, .024};
    static const char *const what[] = {"limit 1: refused", "limit 2: refused", "limit 5: refused",
                                       "limit 10: refused", "limit 20: refused"};
    static const char *const distance[] = {
        "limit 1: mean distance", "limit 2: mean distance", "limit 5: mean distance",
        "limit 10: mean distance", "limit 20: mean distance"};

    for (int k = 0; k < 5; k++) {
        double limit = limits[k], expected = limit * (limit + 1) / (2 * limit + 1);
        struct measure m = limited(limits[k], limits[k], seed, LIMIT_TIMES(limits[k]));
        near(l, what[k], refused[k], .002, 1 - m.fill);
        near(l, distance[k], expected, .02 * expected, m.absolute);
    }
}

static void t5_uneven_limits(struct list *l, uint64_t seed)
{
    struct measure m = limited(5, 10, seed, 60000);

    near(l, "floor 5, ceiling 10: share at the floor", .136, .003, m.at[SPAN - 5]);
    near(l, "floor 5, ceiling 10: share at the ceiling", .021, .002, m.at[SPAN + 10]);
    near(l, "floor 5, ceiling 10: mean distance", 3.50, .05, m.absolute);
}

static double hoarded(const struct state *s)
{
    double sum = 0;

    for (int i = 0; i < s->m.hoarders; i++)
        sum += s->b[i];
    return sum / s->m.hoarders;
}

static int highest_of_others(const struct state *s)
{
    int high = s->b[s->m.hoarders];

    for (int i = s->m.hoarders; i < s->m.n; i++)
        high = s->b[i] > high ? s->b[i] : high;
    return high;
}

static void t6_hoarders(struct list *l, uint64_t seed)
{
    struct model m = {.n = 100, .candidates = 1, .floor = 10, .ceiling = NO_LIMIT, .hoarders = 5};
    struct state s;

    start(&s, &m, seed);
    play(&s, 900000);
    bounds(l, "5 never ask, chance: served at last", 0, 0, .001, look(&s, 1, 100000).fill);
    near(l, "5 never ask, chance: what they hold", 190, 1, hoarded(&s));
    near(l, "5 never ask, chance: the highest other", -10, 0, highest_of_others(&s));
    m.candidates = 5;
    m.with_replacement = true;
    start(&s, &m, seed);
    bounds(l, "5 never ask, lowest of 5: served", .999, .999, 1, look(&s, 1, 1000000).fill);
    near(l, "5 never ask, lowest of 5: what they hold", 2.0, 1, hoarded(&s));
    m.candidates = 1;
    m.ceiling = 20;
    start(&s, &m, seed);
    near(l, "5 never ask, ceiling 20: served", .914, .005, look(&s, 1, 1000000).fill);
    m.candidates = 2;
    m.ceiling = NO_LIMIT;
    start(&s, &m, seed);
    near(l, "5 never ask, lowest of 2: served at first", .998, .002, look(&s, 1, 100000).fill);
    play(&s, 800000);
    bounds(l, "5 never ask, lowest of 2: served at last", 0, 0, .9, look(&s, 1, 100000).fill);
}

static void t7_shortage(struct list *l, uint64_t seed)
{
    double little = limited(1, 1, seed, LIMIT_TIMES(1)).fill;
    double more = limited(5, 5, seed, LIMIT_TIMES(5)).fill;
    double ten = limited(10, 10, seed, LIMIT_TIMES(10)).fill;
    double twenty = limited(20, 20, seed, LIMIT_TIMES(20)).fill;

    near(l, "shortage: served with limit 1", .67, .005, little);
    near(l, "shortage: served with limit 5", .91, .005, more);
    bounds(l, "shortage: gained from limit 10 to 20", .023, 0, .03, twenty - ten);
}

/* --- T8: the crash ---------------------------------------------------------------------------- */

#define CRASH_THRESHOLD 10

/* Each holds `endowment` tokens at first, pays one for a favour, and gives only while it holds
 * fewer than the threshold. The share of favours served. */
static double crash_fill(int endowment, uint64_t seed)
{
    struct model m = free_choice;
    struct state s;

    /* Tokens are positions counted from -endowment, so the threshold is a ceiling. */
    m.floor = endowment;
    m.ceiling = CRASH_THRESHOLD - endowment;
    start(&s, &m, seed);
    for (int i = 0; i < m.n; i++)
        note_able(&s, i);
    play(&s, 100000);
    return look(&s, 1, 400000).fill;
}

static void t8_crash(struct list *l, uint64_t seed)
{
    double before = crash_fill(1, seed), least = 1, top;

    for (int endowment = 2; endowment < CRASH_THRESHOLD; endowment++) {
        top = crash_fill(endowment, seed);
        least = top - before < least ? top - before : least;
        before = top;
    }
    bounds(l, "crash: least gain of one more token, below 10", 0, 0, 1, least);
    bounds(l, "crash: served with 9 tokens each", 1, .9, 1, before);
    near(l, "crash: served with 10 tokens each", 0, 0, crash_fill(CRASH_THRESHOLD, seed));
}

/* --- T9: a structural gap --------------------------------------------------------------------- */

enum { GAP_A, GAP_B, GAP_C };
enum { GAP_DESIGN, GAP_BOOKS };

/* A asks for 10 h of design, which B offers, B for 10 h of books, which A offers, and C for 6 h of
 * each. C makes the first so many of its offers: design, then books. Hours. */
static void gap(int offers_of_c, struct deficit_result *out)
{
    static const struct deficit_org orgs[] = {{GAP_A, 100}, {GAP_B, 100}, {GAP_C, 100}};
    static const struct deficit_need needs[] = {{GAP_A, GAP_DESIGN, 10},
                                                {GAP_B, GAP_BOOKS, 10},
                                                {GAP_C, GAP_DESIGN, 6},
                                                {GAP_C, GAP_BOOKS, 6}};
    static const struct deficit_offer offers[] = {
        {GAP_A, GAP_BOOKS}, {GAP_B, GAP_DESIGN}, {GAP_C, GAP_DESIGN}, {GAP_C, GAP_BOOKS}};
    const struct deficit_input input = {orgs, 3, needs, 4, offers, (size_t)(2 + offers_of_c)};

    deficit_find(&input, 1, out);
}

static void t9_structural_gap(struct list *l, uint64_t seed)
{
    static const char *const what[] = {"gap: hours never given back, C offers nothing",
                                       "gap: C offers one of the two skills",
                                       "gap: C offers both"};
    static const double expected[] = {12, 6, 0};
    struct deficit_result result;

    (void)seed;
    for (int offers = 0; offers < 3; offers++) {
        gap(offers, &result);
        near(l, what[offers], expected[offers], 0, (double)result.deficit);
        if (offers == 0) {
            bool both = result.n_givers == 2 && result.givers[0] == GAP_A &&
                        result.givers[1] == GAP_B;
            near(l, "gap: hours served for ever", 20, 0, (double)(result.asked - result.deficit));
            near(l, "gap: 1 if it falls on A and B", 1, 0, both);
        }
        deficit_free(&result);
    }
}

size_t theory_run(size_t test, uint64_t seed, struct theory_figure out[static THEORY_FIGURES_MAX])
{
    static const struct {
        const char *name;
        void (*run)(struct list *, uint64_t);
    } tests[THEORY_TESTS] = {
        {"T1", t1_chance},        {"T2", t2_lowest_of_two}, {"T3", t3_lowest_of_more},
        {"T4", t4_limits},        {"T5", t5_uneven_limits}, {"T6", t6_hoarders},
        {"T7", t7_shortage},      {"T8", t8_crash},         {"T9", t9_structural_gap},
    };

    assert(test < THEORY_TESTS);
    struct list l = {.out = out, .test = tests[test].name};
    tests[test].run(&l, random_stream(seed, test));
    return l.n;
}
