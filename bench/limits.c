/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/limits.h"

#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypto/key.h"

#define TEXT_BYTES 300
#define VERIFY_SECONDS 1.0
#define SYNCS 300
#define THREADS_MAX 64

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

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_percentile(double *values, size_t n, double p)
{
    qsort(values, n, sizeof *values, compare);
    return values[(size_t)((double)(n - 1) * p)];
}

static void *verify_for_a_while(void *out)
{
    uint8_t seed[KEY_SEED_BYTES] = {7};
    char text[TEXT_BYTES];
    struct public_key key;
    struct signature sig;
    struct secret_key *secret = secret_key_from_seed(seed);
    assert(secret != NULL);
    memset(text, 'x', sizeof text);
    secret_key_public(secret, &key);
    key_sign(&sig, text, sizeof text, secret);
    double end = bench_now_s() + VERIFY_SECONDS;
    size_t n = 0;
    for (; n % 64 != 0 || bench_now_s() < end; n++) {
        bool ok = key_verify(&key, text, sizeof text, &sig);
        assert(ok);
    }
    secret_key_free(secret);
    *(double *)out = (double)n;
    return NULL;
}

void limit_verify(size_t threads, struct verify_limit *out)
{
    pthread_t t[THREADS_MAX];
    double done[THREADS_MAX], sum = 0, start = bench_now_s();
    assert(threads <= THREADS_MAX);
    for (size_t i = 0; i < threads; i++)
        if (pthread_create(&t[i], NULL, verify_for_a_while, &done[i]) != 0)
            abort();
    for (size_t i = 0; i < threads; i++) {
        pthread_join(t[i], NULL);
        sum += done[i];
    }
    out->per_second = sum / (bench_now_s() - start);
}

bool limit_sync(const char *dir, struct sync_limit *out)
{
    char path[4096], page[4096];
    double us[SYNCS];
    bool ok = true;
    snprintf(path, sizeof path, "%s/sem-bench-XXXXXX", dir);
    int fd = mkstemp(path);
    if (fd < 0) {
        perror(path);
        return false;
    }
    unlink(path);
    memset(page, 'x', sizeof page);
    for (size_t i = 0; i < SYNCS && ok; i++) {
        double start = bench_now_s();
        ok = pwrite(fd, page, sizeof page, 0) == (ssize_t)sizeof page && fdatasync(fd) == 0;
        us[i] = (bench_now_s() - start) * 1e6;
    }
    close(fd);
    if (!ok) {
        perror("fdatasync");
        return false;
    }
    out->p50_us = bench_percentile(us, SYNCS, 0.5);
    out->p99_us = bench_percentile(us, SYNCS, 0.99);
    return true;
}
