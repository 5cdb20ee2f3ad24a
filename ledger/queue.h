/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The jobs that wait for the writer: which go into the next transaction, and when it begins
 * (SPEC 14.2).
 *
 * Every wait for the disk costs about the same, so it pays to gather, and it costs nothing while
 * the threads that bring jobs have others to read and verify. So these hands, as they are called
 * here, say when they work and when they rest. The queue gathers while a hand works, until enough
 * jobs wait, and never longer than four times what the last batch took, or the window; when it
 * finds all hands at rest everybody waits for the writer, and it gathers no more. How many are
 * enough is found out: an eighth more after a batch during which a hand was always at work, a
 * quarter fewer after one in which all rested, for then the cores had nothing to do; never more
 * than were in the last batch or waiting behind it, so that nobody is waited for who is not there,
 * when a hand works for others, who bring no jobs. So what waiting costs follows what it saves, on
 * a slow disk as on a fast one, for four clients as for four hundred. And never more than
 * QUEUE_ENOUGH_MAX: shared by so many a wait for the disk is little to each, and the hands would
 * run out of work before the answers to a larger batch bring more; what else waits is taken along.
 *
 * Where the cores have time to spare jobs come one by one, and each would find all hands at rest
 * and have a wait for the disk of its own: many more than they need, and each is work for the cores
 * and may meet a disk that is slow for a moment, which everybody behind it then waits for. So the
 * next batch begins when all who were in the last one or behind it are there again, or a pace after
 * the last began: a tenth of the window, or four times what the last took if that is less. Clients
 * who send again when they are answered come back together so.
 *
 * Who is alone waits for nobody: one client, who sends his next job after the answer to the
 * last, never has two in a batch or behind it, and one is enough. Behind a pause longer than ten
 * windows the queue does not gather. A client that is alone again may meet this once.
 *
 * When more jobs wait than a batch holds, the authors take turns, so that one with hundreds of jobs
 * keeps nobody from his place. Authors are told apart by a hash of their handle; those few who
 * share one share a turn. In a batch, and so of one author for ever, jobs stand as they came.
 */
#ifndef SEM_LEDGER_QUEUE_H
#define SEM_LEDGER_QUEUE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct job;

#define QUEUE_LANES 256
#define QUEUE_WINDOW_US 10000
#define QUEUE_WINDOW_PACES 10
#define QUEUE_ENOUGH_MAX 64

struct queue_lane {
    struct job *first, **last;
    struct queue_lane *next; /* whose turn comes after, in a ring of those that hold jobs */
};

struct queue {
    size_t max, batch_max; /* the first is no less */
    int64_t window_us;
    struct job **batch; /* being put in order; the taker's alone */

    _Atomic unsigned working; /* hands */
    _Atomic bool rested;      /* all of them, since the batch under way was taken */
    _Atomic bool gathering;

    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t wake;
    struct queue_lane lanes[QUEUE_LANES];
    struct queue_lane *turn; /* the lane that was served last; NULL: no job waits */
    size_t length;
    size_t wake_at;     /* how many jobs the taker waits for */
    uint64_t arrivals;  /* so far */
    size_t enough_8ths; /* an eighth of a job is the least step, eight the least */
    size_t expected;    /* those in the last batch or behind it, as far as is waited for so many */
    int64_t began_us;   /* the last batch */
    int64_t ended_us;   /* then */
    int64_t took_us;    /* by it */
    bool nudged;        /* the taker is wanted, whether jobs wait or not */
    bool stopping;
};

/* False without memory. */
bool queue_init(struct queue *queue, size_t max, size_t batch_max, int64_t window_us)
    __attribute__((warn_unused_result));
void queue_free(struct queue *queue); /* no job may wait */

/* Any thread. False when the queue is full or stopping. */
bool queue_put(struct queue *queue, struct job *job) __attribute__((warn_unused_result));
size_t queue_length(struct queue *queue);
/* Ends a wait for jobs, the one under way or the next. Any thread. */
void queue_nudge(struct queue *queue);
/*
 * A thread that brings jobs has something to do, or waits until it has; it rests before its first
 * call. Who never says so is not waited for. Any thread.
 */
void queue_hand_works(struct queue *queue);
void queue_hand_rests(struct queue *queue);
/* Takes no more jobs from now on. */
void queue_stop(struct queue *queue);

/*
 * The next batch, linked by `next`; one thread alone takes. NULL when nothing came for idle_ms or
 * until a nudge, or, with *stop, when the queue was stopped and is empty.
 */
struct job *queue_take(struct queue *queue, int64_t idle_ms, bool *stop);
/* A batch of n jobs has been decided, which took so long, and nobody was told yet. */
void queue_ended(struct queue *queue, size_t n, int64_t took_us);

#endif
