/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The HTTP server around a node: a doorman, loops of libmicrohttpd that parse, look and answer, the
 * ledger's writer behind them, and one housekeeper. See api/main.c for the tour.
 */
#ifndef SEM_API_SERVER_H
#define SEM_API_SERVER_H

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>

#include "api/cosign.h"
#include "api/doorman.h"
#include "api/figures.h"
#include "api/matches.h"
#include "api/search.h"
#include "api/session.h"
#include "api/sheet.h"
#include "api/stats.h"
#include "api/worker.h"
#include "api/years.h"
#include "ledger/node.h"

#define VERSION "0.1.0"

#define THREADS_MAX 64
/* Enough for 10 000 silent clients and those who have something to say. */
#define CONNECTIONS_MAX 10500
/* Idle this long, a connection is closed (SPEC 12.5). */
#define CONNECTION_TIMEOUT_S 20
/* Headers of one request. */
#define CONNECTION_MEMORY_BYTES 16384
/* Answers on their way hold this much together; above it what is read is refused as too_busy. */
#define REPLIES_BYTES_MAX ((size_t)256 * 1024 * 1024)
/* A job that the writer does not reach in this time is given back. */
#define JOB_DEADLINE_MS 10000

struct server {
    struct node *node;
    struct writer *writer;
    struct cosign *cosign; /* NULL: no witnesses */
    struct sessions *sessions;
    struct conns *conns;
    struct workers workers;
    struct search *search;
    struct figures *figures;
    struct sheets *sheets;
    struct matches *matches;
    struct years *years;
    struct stats stats;
    struct MHD_Daemon *metrics;
    struct loop *loops[THREADS_MAX];
    size_t n_loops;
    struct doorman *doorman;
    _Atomic bool stopping;
    _Atomic size_t in_flight; /* requests whose job is with the writer */
    _Atomic size_t reply_bytes; /* of answers that are not sent yet */
    int64_t started_ms, purged_ms; /* monotonic; the housekeeper's */
};

struct server_config {
    struct node *node;
    struct writer *writer;
    struct cosign *cosign; /* NULL: no witnesses; outlives the server */
    int listen_fd;  /* listening; the server closes it */
    int metrics_fd; /* -1: no metrics */
    unsigned threads; /* 0: one a core */
};

/* NULL on a failure, with a message on `err`. Nothing of the config is taken on failure. */
struct server *server_start(const struct server_config *config, FILE *err);
/* Deadlines, purges: call it about twice a second from one thread. */
void server_tick(struct server *server);
/*
 * Takes no new connection, lets every job and answer finish, ends the threads. The writer must
 * still be running. NULL is accepted.
 */
void server_stop(struct server *server);

void server_count_verify_failure(struct server *server);

#endif
