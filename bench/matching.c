/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/matching.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/limits.h"
#include "policies/matching.h"

#define SMALL_GOAL_S 1.0
#define LARGE_GOAL_S 60.0

struct batch {
    struct match_input in;
    struct match_org *orgs;
    struct match_offer *offers;
    struct match_need *needs;
    struct match_pair *pairs;
    uint32_t *givers;
};

static uint64_t draw(uint64_t *state, uint64_t n)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (*state >> 11) % n;
}

static int64_t minutes(uint64_t *state, uint64_t low, uint64_t high)
{
    return (int64_t)(low + draw(state, high - low + 1));
}

static void make_orgs(struct batch *b, const struct matching_size *size, uint64_t *state)
{
    for (size_t i = 0; i < size->orgs; i++) {
        bool fragile = draw(state, 3) == 0;

        b->orgs[i] = (struct match_org){
            .id = (uint32_t)i + 1,
            .position = minutes(state, 0, 3600) - (fragile ? 2000 : 1500),
            .line = {1200, 2400, 1800},
            .capacity = minutes(state, 120, fragile ? 360 : 600),
            .received = minutes(state, 600, 1800),
            .fragile = fragile,
            .burden = minutes(state, 0, 1200),
            .tie = draw(state, UINT64_MAX),
        };
    }
}

static void make_offers(struct batch *b, const struct matching_size *size, uint64_t *state)
{
    for (size_t i = 0; i < size->orgs * size->offers_each; i++) {
        b->givers[i] = (uint32_t)(i / size->offers_each) + 1;
        b->offers[i] = (struct match_offer){
            .id = (uint32_t)i + 1,
            .what = {.skill = (uint32_t)draw(state, size->skills), .from_day = INT32_MIN,
                     .until_day = INT32_MAX},
            .givers = &b->givers[i],
            .n_givers = 1,
        };
    }
}

static void make_needs(struct batch *b, const struct matching_size *size, uint64_t *state)
{
    for (size_t i = 0; i < size->needs; i++) {
        const struct match_org *org = &b->orgs[draw(state, size->orgs)];
        struct match_need *need = &b->needs[i];

        *need = (struct match_need){
            .id = (uint32_t)i + 1,
            .org = org->id,
            .what = {.skill = (uint32_t)draw(state, size->skills), .from_day = INT32_MIN,
                     .until_day = INT32_MAX},
            .minutes = 30 * minutes(state, 2, 16),
            .urgent = draw(state, 10) == 0,
            .fragile = org->fragile,
            .since = (int64_t)i,
        };

        bool first_three = draw(state, 5) == 0;

        need->pool_permille = need->urgent ? 1000 : need->fragile ? 500 : 0;
        need->class = match_class(need->urgent, need->fragile, first_three, minutes(state, 0, 60));
    }
}

/* Each receiver has been helped by a few, mostly by one. */
static void make_pairs(struct batch *b, const struct matching_size *size)
{
    for (size_t i = 0; i < size->orgs; i++)
        for (size_t k = 1; k <= 3; k++)
            b->pairs[b->in.n_pairs++] = (struct match_pair){
                .giver = (uint32_t)((i + k) % size->orgs) + 1,
                .receiver = (uint32_t)i + 1,
                .minutes = b->orgs[i].received * (k == 1 ? 5 : 2) / 10,
            };
}

static void make(struct batch *b, const struct matching_size *size)
{
    uint64_t state = 0x9e3779b97f4a7c15u;

    memset(b, 0, sizeof *b);
    b->orgs = calloc(size->orgs, sizeof *b->orgs);
    b->offers = calloc(size->orgs * size->offers_each, sizeof *b->offers);
    b->givers = calloc(size->orgs * size->offers_each, sizeof *b->givers);
    b->needs = calloc(size->needs, sizeof *b->needs);
    b->pairs = calloc(size->orgs * 3, sizeof *b->pairs);
    if (!b->orgs || !b->offers || !b->givers || !b->needs || !b->pairs)
        abort();
    make_orgs(b, size, &state);
    make_offers(b, size, &state);
    make_needs(b, size, &state);
    make_pairs(b, size);
    b->in = (struct match_input){
        .rules = {30, 120, 720, 400, 25000, (int64_t)size->orgs * 60, 0},
        .orgs = b->orgs, .n_orgs = size->orgs,
        .offers = b->offers, .n_offers = size->orgs * size->offers_each,
        .needs = b->needs, .n_needs = size->needs,
        .pairs = b->pairs, .n_pairs = b->in.n_pairs,
    };
}

static void unmake(struct batch *b)
{
    free(b->orgs);
    free(b->offers);
    free(b->givers);
    free(b->needs);
    free(b->pairs);
}

/* How many organisations may be proposed, counted by skill: nobody is barred here but oneself and
 * who is guarded, so it is counted from what the answer says about each need. */
static size_t count_pairs(const struct batch *b)
{
    size_t n = 0;

    for (size_t i = 0; i < b->in.n_needs; i++) {
        const struct match_need *need = &b->needs[i];

        for (size_t o = 0; o < b->in.n_offers; o++)
            n += b->offers[o].what.skill == need->what.skill && b->givers[o] != need->org;
    }
    return n;
}

/* --- Memory: the most that is allocated at once ----------------------------------------------- */

struct watch {
    atomic_bool stop;
    size_t before, most;
};

static size_t allocated(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

static void *watch_run(void *arg)
{
    struct watch *watch = arg;

    while (!atomic_load(&watch->stop)) {
        size_t now = allocated();

        if (now > watch->most)
            watch->most = now;
        usleep(200);
    }
    return NULL;
}

void matching(const struct matching_size *size, struct matching_result *out)
{
    struct watch watch = {.before = 0};
    struct match_result result;
    struct batch b;
    pthread_t thread;

    memset(out, 0, sizeof *out);
    make(&b, size);
    out->pairs = count_pairs(&b);

    double start = bench_cpu_s();

    match_batch(&b.in, &result);
    out->cpu_s = bench_cpu_s() - start;
    for (size_t i = 0; i < size->needs; i++)
        out->asked += (double)b.needs[i].minutes / 60;
    for (size_t i = 0; i < result.n_proposals; i++)
        out->served += (double)result.proposals[i].minutes / 60;
    out->repaired = result.repaired;
    match_free(&result);
    if (size->prices) {
        b.in.prices = true;
        start = bench_cpu_s();
        match_batch(&b.in, &result);
        out->priced_s = bench_cpu_s() - start;
        b.in.prices = false;
        match_free(&result);
    }

    watch.before = allocated();
    if (pthread_create(&thread, NULL, watch_run, &watch) != 0)
        abort();
    match_batch(&b.in, &result);
    atomic_store(&watch.stop, true);
    pthread_join(thread, NULL);
    out->peak_bytes = (double)watch.most - (double)watch.before;
    match_free(&result);
    unmake(&b);
}

static double show(const struct matching_size *size)
{
    struct matching_result r;

    matching(size, &r);
    printf("  %6zu %6zu %8zu %9.3f s %8.1f MiB %7.0f bytes/pair %8.0f of %.0f h%s\n", size->orgs,
           size->needs, r.pairs, r.cpu_s, r.peak_bytes / 1048576,
           r.peak_bytes / (double)(r.pairs > 0 ? r.pairs : 1), r.served, r.asked,
           r.repaired ? ", pieces merged" : "");
    if (size->prices)
        printf("  %24s %9.3f s with prices of all alternatives\n", "", r.priced_s);
    fflush(stdout);
    return r.cpu_s;
}

static void goal(const char *words, double measured, double at_most)
{
    printf("  %-52s %10.3f s, goal at most %.0f s: %s\n", words, measured, at_most,
           measured <= at_most ? "reached" : "missed");
}

bool matching_show(bool full)
{
    static const struct matching_size sizes[] = {
        {50, 75, 4, 12, true},    {100, 150, 4, 12, true},   {200, 300, 5, 30, true},
        {400, 800, 5, 40, false}, {800, 1800, 5, 60, false}, {1200, 2800, 5, 80, false},
        {2000, 5000, 5, 100, false},
    };
    double small = 0, large = 0;

    printf("\nmatching: a batch of proposals, one core, in memory\n"
           "  %6s %6s %8s %11s %12s\n", "orgs", "needs", "pairs", "CPU", "memory");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0] && (full || i < 4); i++) {
        double cpu_s = show(&sizes[i]);

        if (sizes[i].orgs == 200)
            small = cpu_s;
        large = cpu_s;
    }
    goal("200 organisations, 300 needs", small, SMALL_GOAL_S);
    if (full)
        goal("2000 organisations, 5000 needs", large, LARGE_GOAL_S);
    return true;
}
