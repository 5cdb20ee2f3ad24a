/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A load generator for HTTP on 127.0.0.1: one thread, epoll, connections that are kept alive, and
 * requests whose every byte exists before the clock starts. Each connection has one request under
 * way at a time.
 */
#ifndef SEM_BENCH_LOAD_H
#define SEM_BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct load_request {
    const char *bytes; /* head and body */
    size_t n;
};

struct load_plan {
    uint16_t port;
    size_t connections;
    const struct load_request *requests;
    size_t n_requests;
    bool again;        /* from the first request again after the last one: for reads */
    double seconds;    /* nothing new is sent after this */
    double per_second; /* requests fall due at this pace whatever the answers do; 0: as they can */
    int status;        /* what every answer must be */
};

/*
 * Latency is counted from the moment a request fell due, so that a paced request that had to wait
 * for a free connection has waited (no coordinated omission).
 */
struct load_result {
    size_t answered;
    double seconds; /* from the first request to the last answer */
    double per_second, p50_us, p99_us, max_us;
    double answer_bytes; /* of one answer, head and body */
    double own_cpu_us;   /* of the generator, a request */
};

/* False with a message on stderr: no connection, another status, or no answer in 20 s. */
bool load_run(const struct load_plan *plan, struct load_result *out);

/*
 * One request on a connection of its own. The answer, head and body, is put into `answer` with a
 * NUL, as far as it fits. Gives the status, or 0 with a message on stderr.
 */
int load_ask(uint16_t port, const char *request, size_t n, char *answer, size_t size);

#endif
