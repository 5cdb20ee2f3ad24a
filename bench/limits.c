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

/* Checks that are due one after the other, shared by all threads. */
struct paced {
    const struct verify_item *items;
    size_t n_items, k, n;
    double start_s, per_second;
    double *us;
    _Atomic size_t next;
};

static void *verify_when_due(void *arg)
{
    struct paced *p = arg;
    for (size_t i; (i = p->next++) < p->n;) {
        double due = p->start_s + (double)i / p->per_second, wait = due - bench_now_s();
        if (wait > 0)
            nanosleep(&(struct timespec){.tv_nsec = (long)(wait * 1e9)}, NULL);
        for (size_t j = 0; j < p->k; j++) {
            const struct verify_item *item = &p->items[(i * p->k + j) % p->n_items];
            bool ok = key_verify(&item->key, item->text, item->n, &item->sig);
            assert(ok);
        }
        p->us[i] = (bench_now_s() - due) * 1e6;
    }
    return NULL;
}

bool limit_paced(const struct verify_item *items, size_t n, size_t k, double per_second,
                 double seconds, double *p50_us, double *p99_us)
{
    pthread_t t[BENCH_THREADS_MAX];
    size_t threads = bench_cores(), times = (size_t)(per_second * seconds) + 1;
    struct paced p = {.items = items,
                      .n_items = n,
                      .k = k,
                      .n = times,
                      .start_s = bench_now_s(),
                      .per_second = per_second,
                      .us = calloc(times, sizeof(double))};
    if (p.us == NULL)
        return false;
    for (size_t i = 0; i < threads; i++)
        if (pthread_create(&t[i], NULL, verify_when_due, &p) != 0)
            abort();
    for (size_t i = 0; i < threads; i++)
        pthread_join(t[i], NULL);
    *p50_us = bench_percentile(p.us, times, 0.5);
    *p99_us = bench_percentile(p.us, times, 0.99);
    free(p.us);
    return true;
}

bool limit_sync(const char *dir, double *us, size_t n)
{
    char path[4096], page[4096];
    bool ok = true;
    snprintf(path, sizeof path, "%s/sem-bench-XXXXXX", dir);
    int fd = mkstemp(path);
    if (fd < 0) {
        perror(path);
        return false;
    }
    unlink(path);
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
