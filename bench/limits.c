/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/limits.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double clock_s(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double bench_now_s(void)
{
    return clock_s(CLOCK_MONOTONIC);
}

double bench_cpu_s(void)
{
    return clock_s(CLOCK_PROCESS_CPUTIME_ID);
}

size_t bench_cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > BENCH_THREADS_MAX ? BENCH_THREADS_MAX : (size_t)n;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_percentile(double *values, size_t n, double p)
{
    if (n == 0)
        return 0;
    qsort(values, n, sizeof *values, compare);
    return values[(size_t)((double)(n - 1) * p)];
}

struct verifier {
    const struct verify_item *items;
    size_t n, start, done;
    double until_s;
};

static void *verify_for_a_while(void *arg)
{
    struct verifier *v = arg;
    for (v->done = 0; v->done % 64 != 0 || bench_now_s() < v->until_s; v->done++) {
        const struct verify_item *item = &v->items[(v->start + v->done) % v->n];
        bool ok = key_verify(&item->key, item->text, item->n, &item->sig);
        assert(ok);
    }
    return NULL;
}

void limit_verify(const struct verify_item *items, size_t n, size_t threads, double seconds,
                  struct verify_limit *out)
{
    pthread_t t[BENCH_THREADS_MAX];
    struct verifier v[BENCH_THREADS_MAX];
    double start = bench_now_s(), cpu = bench_cpu_s(), sum = 0;
    assert(threads <= BENCH_THREADS_MAX && n > 0);
    for (size_t i = 0; i < threads; i++) {
        v[i] = (struct verifier){items, n, i * n / threads, 0, start + seconds};
        if (pthread_create(&t[i], NULL, verify_for_a_while, &v[i]) != 0)
            abort();
    }
    for (size_t i = 0; i < threads; i++) {
        pthread_join(t[i], NULL);
        sum += (double)v[i].done;
    }
    out->per_second = sum / (bench_now_s() - start);
    out->per_cpu_second = sum / (bench_cpu_s() - cpu);
}

#define SYNC_FILE ((off_t)1 << 20)
#define SYNC_PACE_S 0.001

/* A new file without a name. */
static int open_file(const char *dir)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/sem-bench-XXXXXX", dir);
    int fd = mkstemp(path);
    if (fd < 0)
        perror(path);
    else
        unlink(path);
    return fd;
}

/* Checks that are due one after the other, shared by all threads. */
struct paced {
    const struct verify_item *items;
    size_t n_items, k, n;
    double start_s, per_second;
    double *us;
    _Atomic size_t next;

    int fd; /* -1: a check is done when it was made */
    bool failed;     /* the syncing thread's, as the next */
    size_t n_synced; /* of those that were checked; the others wait for the disk */
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t some;
    size_t *checked; /* their numbers, in turn; one that was counted does not change */
    size_t n_checked;
};

static double due_s(const struct paced *p, size_t i)
{
    return p->start_s + (double)i / p->per_second;
}

static void sleep_until(double then_s)
{
    double wait = then_s - bench_now_s();
    if (wait > 0)
        nanosleep(&(struct timespec){.tv_nsec = (long)(wait * 1e9)}, NULL);
}

static void done(struct paced *p, size_t i)
{
    p->us[i] = (bench_now_s() - due_s(p, i)) * 1e6;
}

static void hand_over(struct paced *p, size_t i)
{
    pthread_mutex_lock(&p->lock);
    p->checked[p->n_checked++] = i;
    pthread_cond_signal(&p->some);
    pthread_mutex_unlock(&p->lock);
}

static void *verify_when_due(void *arg)
{
    struct paced *p = arg;
    for (size_t i; (i = p->next++) < p->n;) {
        sleep_until(due_s(p, i));
        for (size_t j = 0; j < p->k; j++) {
            const struct verify_item *item = &p->items[(i * p->k + j) % p->n_items];
            bool ok = key_verify(&item->key, item->text, item->n, &item->sig);
            assert(ok);
        }
        if (p->fd < 0)
            done(p, i);
        else
            hand_over(p, i);
    }
    return NULL;
}

static size_t await_checked(struct paced *p)
{
    pthread_mutex_lock(&p->lock);
    while (p->n_checked == p->n_synced)
        pthread_cond_wait(&p->some, &p->lock);
    size_t n = p->n_checked;
    pthread_mutex_unlock(&p->lock);
    return n;
}

static void *sync_what_was_checked(void *arg)
{
    struct paced *p = arg;
    char page[4096];
    memset(page, 'y', sizeof page);
    for (off_t at = 0; p->n_synced < p->n; at = (at + (off_t)sizeof page) % SYNC_FILE) {
        size_t n = await_checked(p);
        double begun = bench_now_s();
        if (!p->failed && (pwrite(p->fd, page, sizeof page, at) != (ssize_t)sizeof page ||
                           fdatasync(p->fd) != 0)) {
            perror("bench: a file of paced checks");
            p->failed = true;
        }
        for (; p->n_synced < n; p->n_synced++)
            done(p, p->checked[p->n_synced]);
        sleep_until(begun + SYNC_PACE_S);
    }
    return NULL;
}

static bool open_paced(struct paced *p, const char *dir)
{
    static const char zeros[65536];
    p->us = calloc(p->n, sizeof *p->us);
    p->checked = calloc(p->n, sizeof *p->checked);
    p->fd = dir != NULL ? open_file(dir) : -1;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->some, NULL);
    bool ok = p->us != NULL && p->checked != NULL && (p->fd >= 0 || dir == NULL);
    for (off_t at = 0; ok && p->fd >= 0 && at < SYNC_FILE; at += (off_t)sizeof zeros)
        ok = pwrite(p->fd, zeros, sizeof zeros, at) == (ssize_t)sizeof zeros;
    ok = ok && (p->fd < 0 || fdatasync(p->fd) == 0);
    if (!ok && (p->fd >= 0 || dir == NULL))
        perror("bench: paced checks");
    return ok;
}

static void close_paced(struct paced *p)
{
    if (p->fd >= 0)
        close(p->fd);
    pthread_cond_destroy(&p->some);
    pthread_mutex_destroy(&p->lock);
    free(p->us);
    free(p->checked);
}

static void run_paced(struct paced *p)
{
    pthread_t t[BENCH_THREADS_MAX + 1];
    size_t threads = bench_cores();
    p->start_s = bench_now_s();
    for (size_t i = 0; i < threads; i++)
        if (pthread_create(&t[i], NULL, verify_when_due, p) != 0)
            abort();
    if (p->fd >= 0 && pthread_create(&t[threads++], NULL, sync_what_was_checked, p) != 0)
        abort();
    for (size_t i = 0; i < threads; i++)
        pthread_join(t[i], NULL);
}

bool limit_paced(const struct verify_item *items, size_t n, size_t k, double per_second,
                 double seconds, const char *dir, struct paced_limit *out)
{
    struct paced p = {.items = items,
                      .n_items = n,
                      .k = k,
                      .n = (size_t)(per_second * seconds) + 1,
                      .per_second = per_second};
    bool ok = open_paced(&p, dir);
    if (ok) {
        run_paced(&p);
        out->p50_us = bench_percentile(p.us, p.n, 0.5);
        out->p99_us = bench_percentile(p.us, p.n, 0.99);
    }
    ok = ok && !p.failed;
    close_paced(&p);
    return ok;
}

bool limit_sync(const char *dir, double *us, size_t n)
{
    char page[4096];
    bool ok = true;
    int fd = open_file(dir);
    if (fd < 0)
        return false;
    memset(page, 'x', sizeof page);
    for (size_t i = 0; i < n && ok; i++) {
        double start = bench_now_s();
        ok = write(fd, page, sizeof page) == (ssize_t)sizeof page && fdatasync(fd) == 0;
        us[i] = (bench_now_s() - start) * 1e6;
    }
    close(fd);
    if (!ok)
        perror("fdatasync");
    return ok;
}
