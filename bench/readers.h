/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Organisations that are logged in and read: their position, and pages of the log. */
#ifndef SEM_BENCH_READERS_H
#define SEM_BENCH_READERS_H

#include "bench/child.h"
#include "bench/network.h"

enum read_what { READ_BARE, READ_POSITION, READ_PAGE };

struct readers_result {
    double per_second, p50_us, p99_us, answer_bytes;
    double cpu_us; /* of the server, a request */
};

struct readers;
/* Logs some organisations in. NULL with a message on stderr. Borrows both servers. */
struct readers *readers_new(const struct bench_network *network, const struct child *semd,
                            const struct child *bare);
void readers_free(struct readers *readers); /* NULL is accepted */

/*
 * So many seconds over so many connections. The server's CPU counts whatever else it does
 * meanwhile. False with a message on stderr.
 */
bool readers_run(const struct readers *readers, enum read_what what, size_t connections,
                 double seconds, struct readers_result *out);

#endif
