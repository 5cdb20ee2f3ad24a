/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A server under measure: a process of its own on 127.0.0.1, what it costs, and its end. */
#ifndef SEM_BENCH_CHILD_H
#define SEM_BENCH_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct child {
    pid_t pid; /* 0: none */
    uint16_t port, metrics_port; /* metrics_port 0: none */
    char said[128]; /* the file that has its standard error */
};

/*
 * Starts a program that says "listening on http://127.0.0.1:PORT" on standard error (and before
 * that, perhaps, "metrics on ..."), and waits for that. It gets SIGTERM should we die. `dir`: a
 * folder for what it says. False with a message, which holds what it said.
 */
bool child_start(struct child *out, const char *dir, const char *const argv[]);
/* SIGTERM, and waits. False with a message when it ends otherwise than with 0. No child: true. */
bool child_stop(struct child *child);

double child_cpu_s(const struct child *child);        /* all threads, user and system */
double child_rss_anon_bytes(const struct child *child); /* /proc/PID/status */
double child_write_bytes(const struct child *child);  /* /proc/PID/io */
/* Asks for something of the store, so that it commits what is only in its journal. */
void child_settle(const struct child *child);
/* A figure of its metrics without labels; 0 when it has none. */
double child_metric(const struct child *child, const char *name);

/*
 * Bytes written so far to the block device that holds a folder, by everybody; -1 when the kernel
 * does not say.
 */
double disk_written_bytes(const char *dir);

#endif
