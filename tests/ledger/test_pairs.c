/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Totals of pairs, which are added up behind the days (SPEC 7.3), against sums made at once. */
#include <criterion/criterion.h>
#include <string.h>

#include "ledger/state.h"
#include "policies/window.h"
#include "tests/model/random.h"

#define ORGS 7
#define POSTS 6000

static struct state state;
static struct pair sums[ORGS + 1][ORGS + 1];

struct post {
    int32_t day;
    uint32_t from, to;
    int64_t minutes;
    bool gift;
};
static struct post posts[POSTS];
static size_t n_posts;

static size_t rows_of(struct kv *kv, enum kv_table table)
{
    struct slice key, value;
    uint8_t last[KV_KEY_MAX];
    size_t n = 0, size = 0;

    while (kv_seek(kv, table, (struct slice){last, size}, n > 0, &key, &value)) {
        memcpy(last, key.data, key.size);
        size = key.size;
        n++;
    }
    return n;
}

static void post(const struct post *p, int64_t at, int sign)
{
    struct pair *sum = &sums[p->from][p->to];
    struct pair change = {.from = p->from,
                          .to = p->to,
                          .minutes = sign * p->minutes,
                          .gift_minutes = p->gift ? sign * p->minutes : 0,
                          .last_at = sign > 0 ? at : 0};

    state_post_pair(&state, p->day, &change, 0);
    state_advance_pairs(&state, window_day(at));
    state_post_pair(&state, p->day,
                    &(struct pair){.from = p->from, .to = p->to, .count = sign}, 0);
    sum->minutes += change.minutes;
    sum->gift_minutes += change.gift_minutes;
    sum->count += sign;
    sum->last_at = sign > 0 ? at : sum->last_at;
    state_set_last_at(&state, at);
}

static void compare(void)
{
    int64_t minutes = 0;

    for (uint32_t from = 1; from <= ORGS; from++) {
        for (uint32_t to = 1; to <= ORGS; to++) {
            const struct pair *sum = &sums[from][to];
            struct pair found;
            bool there = state_pair(&state, from, to, &found);

            cr_assert_eq(there, sum->last_at > 0);
            cr_assert(found.from == from && found.to == to);
            cr_assert_eq(found.minutes, sum->minutes);
            cr_assert_eq(found.gift_minutes, sum->gift_minutes);
            cr_assert_eq(found.count, sum->count);
            cr_assert_eq(found.last_at, sum->last_at);
            minutes += sum->minutes;
        }
    }
    cr_assert_eq(state_pairs_minutes(&state), minutes);
}

static void step(struct rng *rng, int64_t at)
{
    struct post *p = &posts[n_posts];

    if (n_posts > 0 && rng_chance(rng, 150)) { /* taken back, however old */
        size_t i = rng_below(rng, n_posts);
        struct post back = posts[i];

        posts[i] = posts[--n_posts];
        post(&back, at, -1);
        return;
    }
    p->day = window_day(at);
    p->from = 1 + (uint32_t)rng_below(rng, ORGS);
    do {
        p->to = 1 + (uint32_t)rng_below(rng, ORGS);
    } while (p->to == p->from);
    p->minutes = 1 + (int64_t)rng_below(rng, 90);
    p->gift = rng_chance(rng, 200);
    n_posts++;
    post(p, at, 1);
}

Test(pairs, are_at_every_moment_what_was_posted)
{
    static const int64_t pauses[] = {0, 1, 60000, 3600000, 86400000, 3 * 86400000LL,
                                     50 * 86400000LL};
    struct rng rng;

    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct kv *kv = kv_memory_new(NULL);
        int64_t at = 1767139200000;

        memset(&state, 0, sizeof state);
        memset(sums, 0, sizeof sums);
        n_posts = 0;
        state_attach(&state, kv);
        rng_seed(&rng, seed);
        for (size_t i = 0; i < POSTS / 12; i++) {
            at += (int64_t)rng_below(&rng, (size_t)pauses[rng_below(&rng, 4 + seed % 4)] + 1);
            step(&rng, at);
            if (i % 20 == 0)
                compare();
        }
        compare();
        cr_assert_gt(rows_of(kv, KV_PAIR), 0, "some are added up");
        cr_assert_not(kv_failed(kv));
        kv_memory_free(kv);
    }
}

/* A posting adds up no more than a few rows, and none of today's. */
Test(pairs, are_added_up_little_by_little_behind_the_days)
{
    struct kv *kv = kv_memory_new(NULL);
    int64_t at = 1767139200000;

    memset(&state, 0, sizeof state);
    memset(sums, 0, sizeof sums);
    state_attach(&state, kv);
    for (uint32_t from = 1; from <= ORGS; from++)
        for (uint32_t to = 1; to <= ORGS; to++)
            post(&(struct post){window_day(at), from, to, 1, false}, at, 1);
    cr_assert_eq(rows_of(kv, KV_PAIR), 0, "today's are in their day alone");
    at += WINDOW_DAY_MS;
    for (size_t i = 1; i <= ORGS * ORGS; i++) {
        size_t expected = 4 * i < ORGS * ORGS ? 4 * i : ORGS * ORGS;

        post(&(struct post){window_day(at), 1, 2, 1, false}, at, 1);
        cr_assert_eq(rows_of(kv, KV_PAIR), expected, "%zu", i);
        compare();
    }
    /* After a pause nothing older than a month is left to look up. */
    for (uint32_t to = 2; to <= ORGS; to++)
        post(&(struct post){window_day(at), ORGS, to, 1, false}, at, 1);
    at += (FOLD_DAYS_MAX + 1) * WINDOW_DAY_MS;
    state_advance_pairs(&state, window_day(at));
    state_set_last_at(&state, at);
    compare();
    state_fold_pairs(&state, window_day(at) + 1, SIZE_MAX);
    compare();
    kv_memory_free(kv);
}
