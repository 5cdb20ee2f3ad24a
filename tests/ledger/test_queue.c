/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ledger/queue.h"
#include "ledger/writer.h"

/* Long against what a machine under load loses, so that waiting and not waiting stay apart. */
#define WINDOW_US 400000
#define AT_ONCE_US (WINDOW_US / 2)
#define PACE_US (2 * WINDOW_US)
#define JOBS 64

static struct queue q;
static struct job jobs[JOBS];
static struct entry entries[JOBS];
static bool stop;

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void open_queue(size_t max, size_t batch_max)
{
    cr_assert(queue_init(&q, max, batch_max, WINDOW_US));
}

static bool put(size_t i, const char *author)
{
    snprintf(entries[i].by.s, sizeof entries[i].by.s, "%s", author);
    jobs[i].entry = &entries[i];
    return queue_put(&q, &jobs[i]);
}

/* Takes a batch; gives the numbers of its jobs, and how long that took. */
static size_t take(size_t out[static JOBS], int64_t *took_us)
{
    size_t n = 0;
    int64_t start = now_us();
    for (struct job *job = queue_take(&q, 5000, &stop); job != NULL; job = job->next)
        out[n++] = (size_t)(job - jobs);
    *took_us = now_us() - start;
    return n;
}

/*
 * A batch at whose end `n` jobs were in flight, after which `enough` are gathered; it took so long
 * that the window is the bound.
 */
static void after_a_crowd_of(size_t n, size_t enough)
{
    queue_ended(&q, n, WINDOW_US);
    q.enough_8ths = enough * 8;
}

static void *put_later(void *arg)
{
    size_t first = *(size_t *)arg;
    for (size_t i = first; i < first + 3; i++) {
        usleep(10000);
        cr_assert(put(i, "org-02"));
    }
    return NULL;
}

/* --- Gathering -------------------------------------------------------------------------------- */

Test(queue, one_client_alone_is_never_kept_waiting)
{
    size_t got[JOBS];
    int64_t us;
    open_queue(JOBS, 16);
    queue_hand_works(&q); /* for somebody who only reads */
    for (size_t i = 0; i < 10; i++) {
        q.enough_8ths = 16 * 8;
        queue_ended(&q, 1, WINDOW_US);
        cr_assert(put(i, "org-01"));
        cr_assert_eq(take(got, &us), 1);
        cr_assert_lt(us, AT_ONCE_US);
    }
    queue_free(&q);
}

Test(queue, gathers_while_a_hand_works_until_enough_wait)
{
    size_t got[JOBS], first = 1;
    int64_t us;
    pthread_t thread;
    open_queue(JOBS, 16);
    queue_hand_works(&q);
    after_a_crowd_of(2, 4);
    cr_assert(put(0, "org-01"));
    cr_assert_eq(pthread_create(&thread, NULL, put_later, &first), 0);
    cr_assert_eq(take(got, &us), 4);
    cr_assert_lt(us, AT_ONCE_US, "the fourth ends the waiting");
    pthread_join(thread, NULL);
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(got[i], i);
    queue_free(&q);
}

/* One hand goes, then the other, which brings a job before. */
static void *rest_later(void *arg)
{
    (void)arg;
    queue_hand_rests(&q);
    usleep(10000);
    cr_assert(put(1, "org-02"));
    queue_hand_rests(&q);
    return NULL;
}

Test(queue, begins_when_all_hands_rest)
{
    size_t got[JOBS];
    int64_t us;
    pthread_t thread;
    open_queue(JOBS, 16);
    queue_hand_works(&q);
    queue_hand_works(&q);
    after_a_crowd_of(9, 9);
    cr_assert(put(0, "org-01"));
    cr_assert_eq(pthread_create(&thread, NULL, rest_later, NULL), 0);
    cr_assert_eq(take(got, &us), 2);
    cr_assert_lt(us, AT_ONCE_US);
    pthread_join(thread, NULL);
    after_a_crowd_of(9, 9);
    cr_assert(put(2, "org-01"));
    cr_assert_eq(take(got, &us), 1, "they rest already");
    cr_assert_lt(us, AT_ONCE_US);
    queue_free(&q);
}

Test(queue, waits_no_longer_than_four_times_the_last_batch)
{
    size_t got[JOBS];
    int64_t us, short_us = WINDOW_US / 20;
    open_queue(JOBS, 16);
    queue_hand_works(&q);
    after_a_crowd_of(9, 9);
    queue_ended(&q, 9, short_us);
    cr_assert(put(0, "org-01"));
    cr_assert_eq(take(got, &us), 1);
    cr_assert_geq(us, 4 * short_us);
    cr_assert_lt(us, AT_ONCE_US);
    queue_free(&q);
}

Test(queue, waits_no_longer_than_the_window_and_then_not_for_who_is_not_there)
{
    size_t got[JOBS];
    int64_t us;
    open_queue(JOBS, 16);
    queue_hand_works(&q);
    after_a_crowd_of(9, 9);
    cr_assert(put(0, "org-01"));
    cr_assert(put(1, "org-02"));
    cr_assert_eq(take(got, &us), 2);
    cr_assert_geq(us, WINDOW_US);
    cr_assert_lt(us, 5 * WINDOW_US);
    queue_ended(&q, 2, WINDOW_US);
    cr_assert(put(2, "org-01"));
    cr_assert(put(3, "org-02"));
    cr_assert_eq(take(got, &us), 2);
    cr_assert_lt(us, AT_ONCE_US, "two are enough now");
    queue_free(&q);
}

/* --- Paces ------------------------------------------------------------------------------------ */

/* All hands rest; a batch of one began half a pace ago, and so many are in flight. */
static void a_batch_with(size_t in_flight, int64_t took_us)
{
    size_t got[JOBS];
    int64_t us;
    cr_assert(queue_init(&q, JOBS, 16, PACE_US * QUEUE_WINDOW_PACES));
    cr_assert(put(0, "org-01"));
    cr_assert_eq(take(got, &us), 1);
    usleep(PACE_US / 2);
    queue_ended(&q, in_flight, took_us);
}

Test(queue, two_batches_begin_a_pace_apart_while_others_are_expected)
{
    size_t got[JOBS];
    int64_t us, start = now_us();
    a_batch_with(3, PACE_US);
    cr_assert(put(1, "org-01"));
    cr_assert(put(2, "org-01"));
    cr_assert_eq(take(got, &us), 2);
    cr_assert_geq(now_us() - start, PACE_US);
    cr_assert_lt(us, PACE_US * 3 / 4, "from where the last began");
    queue_free(&q);
}

Test(queue, begins_when_all_who_are_expected_are_there)
{
    size_t got[JOBS], first = 1;
    int64_t us;
    pthread_t thread;
    a_batch_with(3, PACE_US);
    cr_assert_eq(pthread_create(&thread, NULL, put_later, &first), 0);
    cr_assert_eq(take(got, &us), 3);
    cr_assert_lt(us, AT_ONCE_US);
    pthread_join(thread, NULL);
    queue_free(&q);
}

Test(queue, a_pace_is_no_longer_than_four_times_the_last_batch)
{
    size_t got[JOBS];
    int64_t us, start = now_us();
    a_batch_with(3, PACE_US * 3 / 16);
    cr_assert(put(1, "org-01"));
    cr_assert_eq(take(got, &us), 1);
    cr_assert_geq(now_us() - start, PACE_US * 3 / 4);
    cr_assert_lt(us, PACE_US * 3 / 8, "a quarter, not a half");
    queue_free(&q);
}

Test(queue, a_pace_holds_though_a_hand_works_and_enough_wait)
{
    size_t got[JOBS];
    int64_t us, start = now_us();
    a_batch_with(3, PACE_US);
    queue_hand_works(&q);
    q.enough_8ths = 8;
    cr_assert(put(1, "org-01"));
    cr_assert_eq(take(got, &us), 1);
    cr_assert_geq(now_us() - start, PACE_US);
    queue_free(&q);
}

Test(queue, a_pace_waits_for_no_more_than_a_batch_holds)
{
    size_t got[JOBS];
    int64_t us;
    cr_assert(queue_init(&q, JOBS, 1, PACE_US * QUEUE_WINDOW_PACES));
    cr_assert(put(0, "org-01"));
    cr_assert_eq(take(got, &us), 1);
    queue_ended(&q, 9, PACE_US);
    cr_assert(put(1, "org-01"));
    cr_assert_eq(take(got, &us), 1);
    cr_assert_lt(us, AT_ONCE_US);
    queue_free(&q);
}

Test(queue, who_is_alone_waits_for_no_pace)
{
    size_t got[JOBS];
    int64_t us;
    a_batch_with(1, PACE_US);
    for (size_t i = 0; i < 10; i++) {
        cr_assert(put(i, "org-01"));
        cr_assert_eq(take(got, &us), 1);
        cr_assert_lt(us, AT_ONCE_US);
        queue_ended(&q, 1, PACE_US);
    }
    queue_free(&q);
}

Test(queue, who_comes_after_a_pace_waits_for_none)
{
    size_t got[JOBS];
    int64_t us;
    a_batch_with(3, PACE_US);
    usleep(PACE_US);
    cr_assert_null(queue_take(&q, 0, &stop), "that nobody was there is no batch");
    cr_assert(put(1, "org-01"));
    cr_assert_eq(take(got, &us), 1);
    cr_assert_lt(us, AT_ONCE_US);
    queue_free(&q);
}

/* --- How many are enough ---------------------------------------------------------------------- */

/* The taker has a batch of one; all rest meanwhile, or not. */
static void batch(bool rests)
{
    size_t got[JOBS];
    int64_t us;
    cr_assert(put(0, "org-01"));
    cr_assert_eq(take(got, &us), 1);
    if (rests) {
        queue_hand_rests(&q);
        queue_hand_works(&q);
    }
    queue_ended(&q, JOBS, 0); /* as if so many had come meanwhile */
}

Test(queue, expects_more_when_nobody_rested_and_fewer_when_all_did)
{
    open_queue(JOBS, 16);
    queue_hand_works(&q);
    q.enough_8ths = 80;
    batch(false);
    cr_assert_eq(q.enough_8ths, 90);
    batch(true);
    cr_assert_eq(q.enough_8ths, 68);
    batch(false);
    cr_assert_eq(q.enough_8ths, 76, "who rested before that batch does not count");
    for (size_t i = 0; i < 100; i++)
        batch(false);
    cr_assert_eq(q.enough_8ths, 16 * 8, "as many as a batch holds, and no more");
    for (size_t i = 0; i < 100; i++)
        batch(true);
    cr_assert_eq(q.enough_8ths, 8, "one is there");
    queue_hand_rests(&q);
    q.enough_8ths = 80;
    batch(false);
    cr_assert_eq(q.enough_8ths, 60, "nobody was at work from the beginning");
    queue_free(&q);
}

Test(queue, never_waits_for_more_than_so_many)
{
    open_queue(1000, 500);
    queue_hand_works(&q);
    for (size_t i = 0; i < 100; i++) {
        batch(false);
        queue_ended(&q, 1000, 0);
    }
    cr_assert_eq(q.enough_8ths, QUEUE_ENOUGH_MAX * 8, "though a batch holds more, and they come");
    queue_hand_rests(&q);
    queue_free(&q);
}

Test(queue, counts_those_who_came_during_the_batch)
{
    size_t got[JOBS], first = 2;
    int64_t us;
    pthread_t thread;
    open_queue(JOBS, 16);
    queue_hand_works(&q);
    cr_assert(put(0, "org-01"));
    cr_assert_eq(take(got, &us), 1);
    cr_assert(put(1, "org-02"));
    after_a_crowd_of(1, 3);
    cr_assert_eq(pthread_create(&thread, NULL, put_later, &first), 0);
    cr_assert_eq(take(got, &us), 3);
    cr_assert_lt(us, AT_ONCE_US);
    pthread_join(thread, NULL);
    queue_hand_rests(&q);
    cr_assert_eq(take(got, &us), 1);
    queue_free(&q);
}

/* Eight clients, each of whom sends again when he was answered, beside a hand that only reads. */
Test(queue, does_not_wait_for_one_more_than_there_are)
{
    size_t got[JOBS];
    int64_t us;
    open_queue(JOBS, 16);
    queue_hand_works(&q);
    for (size_t round = 0; round < 20; round++) {
        after_a_crowd_of(8, 8);
        queue_ended(&q, 8, WINDOW_US);
        for (size_t i = 0; i < 8; i++)
            cr_assert(put(i, "org-01"));
        cr_assert_eq(take(got, &us), 8);
        cr_assert_lt(us, AT_ONCE_US);
    }
    queue_free(&q);
}

Test(queue, does_not_wait_for_more_than_it_takes)
{
    size_t got[JOBS];
    int64_t us;
    open_queue(4, 16);
    queue_hand_works(&q);
    after_a_crowd_of(8, 8);
    queue_ended(&q, 8, WINDOW_US);
    for (size_t i = 0; i < 4; i++)
        cr_assert(put(i, "org-01"));
    cr_assert_not(put(4, "org-02"), "full");
    cr_assert_eq(take(got, &us), 4);
    cr_assert_lt(us, AT_ONCE_US, "nobody else can come");
    queue_free(&q);
}

Test(queue, gives_a_full_batch_at_once)
{
    size_t got[JOBS];
    int64_t us;
    open_queue(JOBS, 8);
    queue_hand_works(&q);
    after_a_crowd_of(JOBS, 8);
    for (size_t i = 0; i < 9; i++)
        cr_assert(put(i, "org-01"));
    cr_assert_eq(take(got, &us), 8);
    cr_assert_lt(us, AT_ONCE_US);
    cr_assert_eq(take(got, &us), 1);
    queue_free(&q);
}

Test(queue, forgets_a_crowd_after_a_pause)
{
    size_t got[JOBS];
    int64_t us;
    open_queue(JOBS, 8);
    queue_hand_works(&q);
    after_a_crowd_of(JOBS, 8);
    usleep(11 * WINDOW_US);
    cr_assert(put(0, "org-01"));
    cr_assert_eq(take(got, &us), 1);
    cr_assert_lt(us, AT_ONCE_US);
    queue_free(&q);
}

/* --- Turns ------------------------------------------------------------------------------------ */

Test(queue, authors_take_turns_when_more_wait_than_a_batch_holds)
{
    size_t got[JOBS];
    int64_t us;
    open_queue(JOBS, 8);
    for (size_t i = 0; i < 40; i++)
        cr_assert(put(i, "org-01"));
    cr_assert(put(40, "org-02"));
    cr_assert(put(41, "org-03"));
    cr_assert(put(42, "org-02"));
    const size_t expected[] = {0, 1, 2, 3, 4, 40, 41, 42};
    cr_assert_eq(take(got, &us), 8);
    for (size_t i = 0; i < 8; i++)
        cr_assert_eq(got[i], expected[i], "%zu", i);
    for (size_t next = 5; next < 40;) {
        size_t n = take(got, &us);
        for (size_t i = 0; i < n; i++)
            cr_assert_eq(got[i], next++);
    }
    cr_assert_eq(queue_length(&q), 0);
    queue_free(&q);
}

Test(queue, jobs_stand_as_they_came_when_a_batch_holds_them_all)
{
    size_t got[JOBS];
    int64_t us;
    open_queue(JOBS, JOBS);
    for (size_t i = 0; i < JOBS; i++)
        cr_assert(put(i, i % 3 == 0 ? "org-01" : i % 5 == 0 ? "org-02" : "org-03"));
    cr_assert_eq(take(got, &us), JOBS);
    for (size_t i = 0; i < JOBS; i++)
        cr_assert_eq(got[i], i);
    queue_free(&q);
}

/* --- Bounds and the end ----------------------------------------------------------------------- */

Test(queue, is_bounded_and_stops_when_it_is_empty)
{
    size_t got[JOBS];
    int64_t us;
    open_queue(4, 3);
    for (size_t i = 0; i < 4; i++)
        cr_assert(put(i, "org-01"));
    cr_assert_not(put(4, "org-02"));
    queue_hand_works(&q);
    after_a_crowd_of(JOBS, 3);
    queue_stop(&q);
    cr_assert_not(put(4, "org-02"));
    cr_assert_eq(take(got, &us), 3);
    cr_assert_not(stop);
    cr_assert_eq(take(got, &us), 1);
    cr_assert_not(stop);
    cr_assert_eq(take(got, &us), 0);
    cr_assert(stop);
    cr_assert_lt(us, AT_ONCE_US, "nobody else is to come");
    queue_free(&q);
}

Test(queue, gives_nothing_when_nothing_comes)
{
    open_queue(4, 3);
    cr_assert_null(queue_take(&q, 10, &stop));
    cr_assert_not(stop);
    queue_free(&q);
}
