/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Days of pairs, which stand in parts, and totals of pairs, which are added up behind the days
 * (SPEC 7.3), against sums made at once.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "ledger/state.h"
#include "policies/window.h"
#include "tests/ledger/story.h"
#include "tests/model/random.h"

#define ORGS 7
#define POSTS 6000
#define START 1767139200000 /* the first moment of a day */
#define DAY (START / WINDOW_DAY_MS)

static struct state state;
static struct pair sums[ORGS + 1][ORGS + 1];

/* Hours of one pair; `minutes` are what is left of them. */
struct post {
    int32_t day;
    uint64_t index;
    uint32_t from, to;
    int64_t minutes;
    bool gift;
};
static struct post posts[POSTS];
static size_t n_posts;

/* --- Around tables ---------------------------------------------------------------------------- */

static const struct kv_ops *memory;
static struct kv_ops counting;
static size_t seeks;

static bool count_seek(struct kv *kv, enum kv_table table, struct slice key, bool after,
                       struct slice *found, struct slice *value)
{
    seeks++;
    return memory->seek(kv, table, key, after, found, value);
}

static struct kv *start(void)
{
    struct kv *kv = kv_memory_new(NULL);

    cr_assert_not_null(kv);
    memory = kv->ops;
    counting = *memory;
    counting.seek = count_seek;
    kv->ops = &counting;
    memset(&state, 0, sizeof state);
    memset(sums, 0, sizeof sums);
    n_posts = 0;
    state_attach(&state, kv);
    return kv;
}

static void finish(struct kv *kv)
{
    cr_assert_not(kv_failed(kv));
    kv_memory_free(kv);
}

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

/* The row of exactly this place; zeros when there is none. */
static struct pair_day row_in(struct state *s, int32_t day, uint32_t part, uint32_t from,
                              uint32_t to)
{
    struct pair_key at = {day, part, from, to};
    struct pair_day d;

    if (!state_next_pair_day(s, false, &at, &d) || at.day != day || at.part != part ||
        at.from != from || at.to != to) {
        return (struct pair_day){0};
    }
    return d;
}

static struct pair_day row(int32_t day, uint32_t part, uint32_t from, uint32_t to)
{
    return row_in(&state, day, part, from, to);
}

/* --- Posting ---------------------------------------------------------------------------------- */

/* Records all of it, or takes some back. */
static void move(const struct post *p, int64_t minutes, int count, int64_t at)
{
    struct pair *sum = &sums[p->from][p->to];
    struct pair change = {.from = p->from,
                          .to = p->to,
                          .minutes = minutes,
                          .gift_minutes = p->gift ? minutes : 0,
                          .count = count,
                          .last_at = minutes > 0 ? at : 0};

    state_post_pair(&state, &change, 0, p->day, p->index, window_day(at));
    sum->minutes += minutes;
    sum->gift_minutes += change.gift_minutes;
    sum->count += count;
    sum->last_at = minutes > 0 ? at : sum->last_at;
    state_set_last_at(&state, at);
}

static void record(const struct post *p, int64_t at)
{
    move(p, p->minutes, 1, at);
}

static void take_back(struct post *p, int64_t minutes, int64_t at)
{
    p->minutes -= minutes;
    move(p, -minutes, p->minutes == 0 ? -1 : 0, at);
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

/* What all posts that are left come to in some days. */
static void compare_days(int32_t first, int32_t last)
{
    static struct pair_day days[ORGS + 1][ORGS + 1];

    memset(days, 0, sizeof days);
    for (size_t i = 0; i < n_posts; i++) {
        const struct post *p = &posts[i];
        struct pair_day *d = &days[p->from][p->to];

        if (p->day >= first && p->day <= last) {
            d->minutes += p->minutes;
            d->gift += p->gift ? p->minutes : 0;
            d->other++;
        }
    }
    for (uint32_t from = 1; from <= ORGS; from++) {
        for (uint32_t to = 1; to <= ORGS; to++) {
            struct pair_day found, *d = &days[from][to];
            bool there = state_pair_days(&state, first, last, from, to, &found);

            cr_assert(there || found.minutes + found.other == 0);
            cr_assert_eq(found.minutes, d->minutes);
            cr_assert_eq(found.gift, d->gift);
            cr_assert_eq(found.other, d->other);
        }
    }
}

/* No row below zero, and each in its day and part: what was recorded there, less what was taken. */
static void compare_rows(void)
{
    struct pair_key at = {.day = 0};
    struct pair_day d;

    for (bool after = false; state_next_pair_day(&state, after, &at, &d); after = true) {
        for (size_t i = 0; i < n_posts; i++) {
            const struct post *p = &posts[i];

            if (p->day == at.day && p->index / PAIR_PART_LEAVES == at.part && p->from == at.from &&
                p->to == at.to) {
                d.minutes -= p->minutes;
                d.gift -= p->gift ? p->minutes : 0;
                d.other--;
            }
        }
        cr_assert(d.minutes == 0 && d.gift == 0 && d.other == 0);
    }
}

static void step(struct rng *rng, int64_t at, uint64_t index)
{
    struct post *p = &posts[n_posts];

    if (n_posts > 0 && rng_chance(rng, 200)) { /* taken back, in part or all, however old */
        size_t i = rng_below(rng, n_posts);

        take_back(&posts[i], rng_range(rng, 1, posts[i].minutes), at);
        if (posts[i].minutes == 0) {
            posts[i] = posts[--n_posts];
        }
        return;
    }
    p->day = window_day(at);
    p->index = index;
    p->from = 1 + (uint32_t)rng_below(rng, ORGS);
    do {
        p->to = 1 + (uint32_t)rng_below(rng, ORGS);
    } while (p->to == p->from);
    p->minutes = 1 + (int64_t)rng_below(rng, 90);
    p->gift = rng_chance(rng, 200);
    n_posts++;
    record(p, at);
}

Test(pairs, are_at_every_moment_what_was_posted)
{
    static const int64_t pauses[] = {0, 1, 60000, 3600000, 86400000, 3 * 86400000LL,
                                     50 * 86400000LL};
    struct rng rng;

    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct kv *kv = start();
        int64_t at = START;
        uint64_t index = 0;

        rng_seed(&rng, seed);
        for (size_t i = 0; i < POSTS / 12; i++) {
            at += (int64_t)rng_below(&rng, (size_t)pauses[rng_below(&rng, 4 + seed % 4)] + 1);
            index += 1 + rng_below(&rng, seed % 3 == 0 ? 10 : 700);
            step(&rng, at, index);
            if (i % 20 == 0) {
                int32_t first = DAY + (int32_t)rng_below(&rng, (size_t)(window_day(at) - DAY) + 1);

                compare();
                compare_days(first, first + (int32_t)rng_below(&rng, 40));
            }
        }
        compare();
        compare_days(DAY, window_day(at));
        compare_rows();
        cr_assert_gt(rows_of(kv, KV_PAIR), 0, "some are added up");
        finish(kv);
    }
}

/* --- Parts ------------------------------------------------------------------------------------ */

Test(pairs, stand_in_the_part_of_their_leaf)
{
    struct kv *kv = start();
    struct post early = {DAY, PAIR_PART_LEAVES - 1, 1, 2, 30, false};
    struct post late = {DAY, PAIR_PART_LEAVES, 1, 2, 50, true};

    record(&early, START + 5);
    record(&late, START + 9);
    cr_assert_eq(rows_of(kv, KV_PAIR_DAY), 2);
    cr_assert_eq(row(DAY, 0, 1, 2).minutes, 30);
    cr_assert_eq(row(DAY, 0, 1, 2).last_ms, 5);
    cr_assert_eq(row(DAY, 1, 1, 2).minutes, 50);
    cr_assert_eq(row(DAY, 1, 1, 2).last_ms, 9);
    compare();
    /* Taken back in another part of the same day, from where it was recorded. */
    take_back(&early, 10, START + 20);
    cr_assert_eq(row(DAY, 0, 1, 2).minutes, 20);
    cr_assert_eq(row(DAY, 0, 1, 2).other, 1);
    cr_assert_eq(row(DAY, 1, 1, 2).minutes, 50);
    compare();
    /* And on another day, before and behind the mark. */
    take_back(&early, 20, START + 2 * WINDOW_DAY_MS);
    cr_assert_eq(rows_of(kv, KV_PAIR), 1);
    cr_assert_eq(row(DAY, 0, 1, 2).minutes, 0);
    cr_assert_eq(row(DAY, 0, 1, 2).other, 0);
    take_back(&late, 50, START + 2 * WINDOW_DAY_MS);
    cr_assert_eq(row(DAY, 1, 1, 2).minutes, 0);
    cr_assert_eq(row(DAY, 1, 1, 2).gift, 0);
    cr_assert_eq(row(DAY, 1, 1, 2).other, 0);
    cr_assert_eq(rows_of(kv, KV_PAIR_DAY), 2, "no other day or part has it");
    compare();
    finish(kv);
}

static void hours(char ref[static REF_TEXT_SIZE], const char *kind, const char *more, int minutes)
{
    story_do(ref, kind, "org-01 org-02",
             "{%s,\"shares\":[{\"from\":\"org-01\",\"minutes\":%d,\"to\":\"org-02\"}]}", more,
             minutes);
}

/* The same through the rules, where the hours that are taken back lie in an older part. */
Test(pairs, are_taken_back_from_the_part_that_they_were_recorded_in)
{
    char first[REF_TEXT_SIZE], other[REF_TEXT_SIZE], today[64], back[REF_TEXT_SIZE + 16];
    struct state *s = &made.state;

    story_start(3, NULL);
    story_at((window_day(made.at) + 1) * WINDOW_DAY_MS);
    int32_t day = window_day(made.at);
    snprintf(today, sizeof today, "\"day\":\"%s\"", story_today());
    hours(first, "hours.record", today, 20);
    snprintf(back, sizeof back, "\"hours\":\"%s\"", first);
    while (state_size(s) < PAIR_PART_LEAVES) {
        story_do(other, "org.confirm", "org-01", "{}");
    }
    hours(other, "hours.record", today, 30);
    cr_assert_eq(row_in(s, day, 0, 1, 2).minutes, 20);
    cr_assert_eq(row_in(s, day, 1, 1, 2).minutes, 30);
    hours(other, "hours.reverse", back, 5);
    cr_assert_eq(window_day(made.at), day);
    cr_assert_eq(row_in(s, day, 0, 1, 2).minutes, 15);
    cr_assert_eq(row_in(s, day, 0, 1, 2).other, 1);
    cr_assert_eq(row_in(s, day, 1, 1, 2).minutes, 30);
    story_pass(3 * WINDOW_DAY_MS);
    hours(other, "hours.reverse", back, 15);
    cr_assert_eq(row_in(s, day, 0, 1, 2).minutes, 0);
    cr_assert_eq(row_in(s, day, 0, 1, 2).other, 0);
    cr_assert_eq(row_in(s, day, 1, 1, 2).other, 1);
    story_end();
}

/* What is recorded together lies together, whoever it is between. */
Test(pairs, of_one_part_are_not_among_those_of_another)
{
    struct kv *kv = start();
    struct pair_key at = {.day = 0};
    struct pair_day d;
    uint32_t part = 0;
    size_t n = 0;

    for (uint64_t i = 0; i < 4; i++) {
        for (uint32_t from = 1; from <= ORGS; from++) {
            record(&(struct post){DAY, i * PAIR_PART_LEAVES + from, from, 1 + from % ORGS, 1,
                                  false}, START);
        }
    }
    for (bool after = false; state_next_pair_day(&state, after, &at, &d); after = true, n++) {
        cr_assert(at.part == part || at.part == part + 1);
        part = at.part;
    }
    cr_assert_eq(part, 3);
    cr_assert_eq(n, 4 * ORGS);
    finish(kv);
}

/* Every pair in each of so many parts of a day. */
static void fill_day(int32_t day, uint32_t parts)
{
    for (uint32_t part = 0; part < parts; part++) {
        for (uint32_t from = 1; from <= ORGS; from++) {
            for (uint32_t to = 1; to <= ORGS; to++) {
                posts[n_posts] = (struct post){
                    day, ((uint64_t)(day - DAY) * 100 + part) * PAIR_PART_LEAVES, from, to,
                    1 + part, to % 2 == 0};
                record(&posts[n_posts++], day * WINDOW_DAY_MS + part);
            }
        }
    }
}

Test(pairs, can_be_added_up_as_far_as_any_giver_of_a_day_with_parts)
{
    struct kv *kv = start();
    int64_t at = START + WINDOW_DAY_MS - 1;

    fill_day(DAY, 5);
    cr_assert_eq(rows_of(kv, KV_PAIR), 0);
    for (uint32_t giver = 1; giver <= ORGS; giver++) {
        state_fold_pairs(&state, DAY + 1, 1);
        cr_assert_eq(rows_of(kv, KV_PAIR), giver * ORGS, "all parts of a giver, and no other's");
        compare();
        /* Before the mark and behind it, in old parts and in a new one. */
        for (size_t i = giver; i < n_posts; i += 11) {
            if (posts[i].minutes > 0) {
                take_back(&posts[i], 1, at);
            }
        }
        for (uint32_t from = 1; from <= ORGS; from++) {
            record(&(struct post){DAY, 9 * PAIR_PART_LEAVES, from, 1, 3, false}, at);
        }
        compare();
    }
    state_fold_pairs(&state, DAY + 1, 1);
    compare();
    finish(kv);
}

/* A day's rows are not walked through: a pair costs as many seeks as there are parts. */
Test(pairs, are_looked_up_with_a_seek_or_two_a_part)
{
    struct kv *kv = start();
    struct pair found;
    struct pair_day d;

    fill_day(DAY, 20);
    seeks = 0;
    cr_assert(state_pair(&state, 4, 5, &found));
    cr_assert_eq(found.count, 20);
    cr_assert_leq(seeks, 2 * 20 + 2, "%zu", seeks);
    seeks = 0;
    cr_assert_not(state_pair(&state, 4, ORGS + 1, &found));
    cr_assert_leq(seeks, 2 * 20 + 2, "%zu", seeks);
    seeks = 0;
    cr_assert(state_pair_days(&state, DAY - 300, DAY + 60, 4, 5, &d));
    cr_assert_eq(d.other, 20);
    cr_assert_leq(seeks, 2 * 20 + 2, "%zu", seeks);
    finish(kv);
}

/* --- Adding up -------------------------------------------------------------------------------- */

/* A posting adds up no more givers than a few rows need, and none of today's. */
Test(pairs, are_added_up_little_by_little_behind_the_days)
{
    struct kv *kv = start();
    int64_t at = START;
    struct post later;

    fill_day(DAY, 1);
    cr_assert_eq(rows_of(kv, KV_PAIR), 0, "today's are in their day alone");
    for (uint32_t from = 1; from <= ORGS; from++) { /* a day of few rows each */
        record(&(struct post){DAY + 1, from + PAIR_PART_LEAVES, from, 1, 1, false},
               at + WINDOW_DAY_MS);
        cr_assert_eq(rows_of(kv, KV_PAIR), ORGS * from, "the first day, by its givers");
        compare();
    }
    at += 2 * WINDOW_DAY_MS;
    later = (struct post){window_day(at), 5000, 1, 2, 1, false};
    record(&later, at); /* the mark passes the end of the first day */
    compare();
    take_back(&later, 1, at);
    cr_assert_eq(rows_of(kv, KV_PAIR), ORGS * ORGS);
    compare();
    /* After a pause nothing older than a month is left to look up. */
    for (uint32_t to = 2; to <= ORGS; to++) {
        record(&(struct post){window_day(at), 6000, ORGS, to, 1, false}, at);
    }
    later.minutes = 1;
    later.day = window_day(at) + FOLD_DAYS_MAX + 1;
    record(&later, later.day * WINDOW_DAY_MS);
    compare();
    seeks = 0;
    cr_assert(state_pair(&state, ORGS, 2, &(struct pair){0}));
    cr_assert_leq(seeks, 2, "%zu", seeks);
    state_fold_pairs(&state, later.day + 1, SIZE_MAX);
    compare();
    finish(kv);
}

/* Where givers gave little, more of them are added up at once. */
Test(pairs, are_added_up_four_rows_and_more_at_a_posting)
{
    struct kv *kv = start();
    struct post later = {DAY + 1, 9000, 1, 2, 1, false};

    for (uint32_t from = 1; from <= ORGS; from++) {
        record(&(struct post){DAY, 77, from, 1, 1, false}, START);
    }
    record(&later, START + WINDOW_DAY_MS);
    cr_assert_eq(rows_of(kv, KV_PAIR), 4);
    record(&later, START + WINDOW_DAY_MS);
    cr_assert_eq(rows_of(kv, KV_PAIR), ORGS);
    compare();
    finish(kv);
}
