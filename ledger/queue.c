/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/queue.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "ledger/writer.h"

#define EIGHTHS 8

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

bool queue_init(struct queue *q, size_t max, size_t batch_max, int64_t window_us)
{
    *q = (struct queue){.max = max, .window_us = window_us, .enough_8ths = EIGHTHS};
    q->batch_max = least(batch_max, max);
    for (size_t i = 0; i < QUEUE_LANES; i++)
        q->lanes[i].last = &q->lanes[i].first;
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&q->wake, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&q->lock, NULL);
    q->batch = calloc(batch_max, sizeof(struct job *));
    return q->batch != NULL;
}

void queue_free(struct queue *q)
{
    assert(q->length == 0);
    pthread_cond_destroy(&q->wake);
    pthread_mutex_destroy(&q->lock);
    free(q->batch);
}

/* --- Lanes ------------------------------------------------------------------------------------ */

static struct queue_lane *lane_of(struct queue *q, const struct job *job)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *at = job->entry->by.s; *at != '\0'; at++)
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    return &q->lanes[(hash ^ hash >> 16) % QUEUE_LANES];
}

/* A lane that gets its first job has its turn after all others. */
static void add(struct queue *q, struct job *job)
{
    struct queue_lane *lane = lane_of(q, job);
    if (lane->first == NULL) {
        lane->next = q->turn != NULL ? q->turn->next : lane;
        if (q->turn != NULL)
            q->turn->next = lane;
        q->turn = lane;
    }
    job->next = NULL;
    job->arrival = q->arrivals++;
    *lane->last = job;
    lane->last = &job->next;
    q->length++;
}

/* One job of the lane whose turn it is. */
static struct job *serve(struct queue *q)
{
    struct queue_lane *lane = q->turn->next;
    struct job *job = lane->first;
    lane->first = job->next;
    q->length--;
    if (lane->first != NULL) {
        q->turn = lane;
        return job;
    }
    lane->last = &lane->first;
    q->turn->next = lane->next;
    if (lane->next == lane)
        q->turn = NULL;
    return job;
}

/* --- Putting ---------------------------------------------------------------------------------- */

bool queue_put(struct queue *q, struct job *job)
{
    pthread_mutex_lock(&q->lock);
    bool taken = !q->stopping && q->length < q->max;
    if (taken) {
        add(q, job);
        if (q->length == q->wake_at)
            pthread_cond_signal(&q->wake);
    }
    pthread_mutex_unlock(&q->lock);
    return taken;
}

size_t queue_length(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    size_t length = q->length;
    pthread_mutex_unlock(&q->lock);
    return length;
}

void queue_nudge(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->nudged = true;
    pthread_cond_signal(&q->wake);
    pthread_mutex_unlock(&q->lock);
}

void queue_hand_works(struct queue *q)
{
    atomic_fetch_add(&q->working, 1);
}

void queue_hand_rests(struct queue *q)
{
    if (atomic_fetch_sub(&q->working, 1) != 1)
        return;
    atomic_store(&q->rested, true);
    /* The taker says that it gathers before it looks who works. */
    if (!atomic_load(&q->gathering))
        return;
    pthread_mutex_lock(&q->lock);
    pthread_cond_signal(&q->wake);
    pthread_mutex_unlock(&q->lock);
}

void queue_stop(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->stopping = true;
    pthread_cond_signal(&q->wake);
    pthread_mutex_unlock(&q->lock);
}

/* --- Taking ----------------------------------------------------------------------------------- */

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static bool all_rest(struct queue *q)
{
    return atomic_load(&q->gathering) && atomic_load(&q->working) == 0;
}

/* Until n jobs wait, all hands rest if one gathers, that moment, a nudge, or the stop. */
static void await(struct queue *q, size_t n, int64_t until_us)
{
    struct timespec until = {.tv_sec = (time_t)(until_us / 1000000),
                             .tv_nsec = (long)(until_us % 1000000 * 1000)};
    q->wake_at = n;
    for (int code = 0; q->length < n && !all_rest(q) && !q->stopping && !q->nudged && code == 0;)
        code = pthread_cond_timedwait(&q->wake, &q->lock, &until);
    q->wake_at = 0;
}

/* Four times what the last batch took, and no more than that. */
static int64_t patience(const struct queue *q, int64_t most_us)
{
    return 4 * q->took_us < most_us ? 4 * q->took_us : most_us;
}

/* A larger batch: while hands work anyway, and then a moment for all who are expected. */
static void gather(struct queue *q, int64_t now)
{
    atomic_store(&q->gathering, true);
    await(q, q->enough_8ths / EIGHTHS, now + patience(q, q->window_us));
    atomic_store(&q->gathering, false);
    await(q, q->expected, q->began_us + patience(q, q->window_us / QUEUE_WINDOW_PACES));
}

/* After a batch, with so many in it or behind it: whether more might have been gathered. */
static void learn(struct queue *q, size_t in_flight)
{
    q->expected = least(in_flight, least(q->batch_max, QUEUE_ENOUGH_MAX));
    size_t eighth = q->enough_8ths / EIGHTHS, most = EIGHTHS * q->expected;
    if (atomic_load(&q->rested))
        q->enough_8ths -= 2 * eighth;
    else
        q->enough_8ths += eighth;
    if (q->enough_8ths > most)
        q->enough_8ths = most;
    if (q->enough_8ths < EIGHTHS)
        q->enough_8ths = EIGHTHS;
}

static int by_arrival(const void *a, const void *b)
{
    const struct job *x = *(struct job *const *)a, *y = *(struct job *const *)b;
    return (x->arrival > y->arrival) - (x->arrival < y->arrival);
}

static struct job *take_batch(struct queue *q)
{
    struct job *jobs = NULL;
    size_t n = 0;
    while (q->turn != NULL && n < q->batch_max)
        q->batch[n++] = serve(q);
    qsort(q->batch, n, sizeof(struct job *), by_arrival);
    while (n > 0) {
        q->batch[--n]->next = jobs;
        jobs = q->batch[n];
    }
    return jobs;
}

struct job *queue_take(struct queue *q, int64_t idle_ms, bool *stop)
{
    int64_t start = now_us();
    pthread_mutex_lock(&q->lock);
    await(q, 1, start + idle_ms * 1000);
    int64_t now = now_us();
    if (q->length > 0 && now - q->ended_us <= 10 * q->window_us)
        gather(q, now);
    q->nudged = false;
    atomic_store(&q->rested, atomic_load(&q->working) == 0);
    struct job *jobs = take_batch(q);
    if (jobs != NULL)
        q->began_us = now_us();
    *stop = jobs == NULL && q->stopping;
    pthread_mutex_unlock(&q->lock);
    return jobs;
}

void queue_ended(struct queue *q, size_t n, int64_t took_us)
{
    pthread_mutex_lock(&q->lock);
    q->ended_us = now_us();
    q->took_us = took_us;
    learn(q, n + q->length);
    pthread_mutex_unlock(&q->lock);
}
