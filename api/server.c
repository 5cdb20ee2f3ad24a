/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/server.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api/clock.h"
#include "api/conns.h"
#include "api/intake.h"
#include "api/metrics.h"
#include "api/routes.h"
#include "ledger/listen.h"
#include "policies/window.h"

/* Jobs have a deadline, so this is never reached unless the writer is stuck in the kernel. */
#define STOP_WAIT_MS 60000
#define PURGE_EVERY_MS 60000
#define LOG_LINES_PER_MINUTE 30

void server_count_verify_failure(struct server *server)
{
    atomic_fetch_add(&server->stats.verify_failures, 1);
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct server *server = cls;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

        *context = conns_add(server->conns, info->connect_fd);
    } else {
        conns_remove(server->conns, *context);
        *context = NULL;
    }
}

/* --- Starting and stopping ------------------------------------------------------------------- */

/* libmicrohttpd's own words, of which a hostile client could cause many. */
__attribute__((format(printf, 2, 0)))
static void on_log(void *cls, const char *format, va_list args)
{
    static _Atomic int64_t minute;
    static _Atomic int lines;
    int64_t now = writer_now_monotonic_ms() / 60000;

    (void)cls;
    if (atomic_exchange(&minute, now) != now) {
        atomic_store(&lines, 0);
    }
    if (atomic_fetch_add(&lines, 1) < LOG_LINES_PER_MINUTE) {
        fputs("semd: http: ", stderr);
        vfprintf(stderr, format, args);
    }
}

static unsigned cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : (unsigned)n;
}

static struct MHD_Daemon *start_daemon(struct server *s)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0,
        NULL, NULL, intake_data, s, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)(CONNECTIONS_MAX + LISTEN_BACKLOG),
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_TIMEOUT_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, intake_line, s,
        MHD_OPTION_NOTIFY_COMPLETED, intake_end, s, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
        MHD_OPTION_END);
}

static void loop_works(void *writer)
{
    writer_hand_works(writer);
}

static void loop_rests(void *writer)
{
    writer_hand_rests(writer);
}

static bool start_loops(struct server *s, unsigned n)
{
    const struct loop_watch watch = {.works = loop_works, .rests = loop_rests, .of = s->writer};

    while (s->n_loops < n) {
        struct MHD_Daemon *daemon = start_daemon(s);
        struct loop *loop = daemon ? loop_start(daemon, &watch) : NULL;

        if (!loop) {
            if (daemon) {
                MHD_stop_daemon(daemon);
            }
            return false;
        }
        s->loops[s->n_loops++] = loop;
    }
    return true;
}

static void free_server(struct server *s)
{
    workers_stop(&s->workers);
    conns_free(s->conns);
    sessions_free(s->sessions);
    search_free(s->search);
    figures_free(s->figures);
    sheets_free(s->sheets);
    matches_free(s->matches);
    years_free(s->years);
    free(s);
}

static void stop_threads(struct server *s)
{
    if (s->metrics) {
        MHD_stop_daemon(s->metrics);
    }
    while (s->n_loops > 0) {
        loop_stop(s->loops[--s->n_loops]);
    }
}

/* Everything that has a thread of its own. */
static bool start_threads(struct server *s, const struct server_config *config)
{
    if (!start_loops(s, config->threads ? config->threads : cores())) {
        return false;
    }
    if (config->metrics_fd >= 0) {
        s->metrics = metrics_start(s, config->metrics_fd);
        if (!s->metrics) {
            return false;
        }
    }
    s->doorman = doorman_start(s->loops, s->n_loops, s->conns, CONNECTIONS_MAX, config->listen_fd);
    return s->doorman != NULL;
}

struct server *server_start(const struct server_config *config, FILE *err)
{
    struct server *s = calloc(1, sizeof *s);

    if (!s) {
        fputs("semd: no memory\n", err);
        return NULL;
    }
    assert(n_routes < STATS_ROUTES_MAX);
    s->node = config->node;
    s->writer = config->writer;
    s->cosign = config->cosign;
    s->started_ms = writer_now_monotonic_ms();
    workers_start(&s->workers, s->node->store);
    s->conns = conns_new(CONNECTIONS_MAX);
    s->sessions = sessions_new();
    s->search = search_new();
    s->figures = figures_new();
    s->sheets = sheets_new();
    s->matches = matches_new();
    s->years = years_new();
    if (!s->conns || !s->sessions || !s->search || !s->figures || !s->sheets || !s->matches ||
        !s->years || !start_threads(s, config)) {
        fputs("semd: the HTTP server does not start: no threads, memory or descriptors\n", err);
        stop_threads(s);
        free_server(s);
        return NULL;
    }
    return s;
}

/* What many read together is kept near the log's size, so that no reader has much to do for it. */
static void refresh_figures(struct server *s)
{
    struct worker *w = worker_mine(&s->workers);
    int32_t day = window_day(clock_unix_ms());

    if (!w || !worker_begin(w, s->writer)) {
        return;
    }
    if (w->state.network.founded) {
        int32_t last = window_day(state_last_at(&w->state));

        day = day < last ? last : day;
        if (figures_behind(s->figures, state_size(&w->state), day)) {
            figures_refresh(s->figures, &w->state, s->node->origin, day);
        }
    }
    worker_end(w);
}

/* Proposals of the week, at its first moment or at the first start in it (SPEC 19.8). */
static void refresh_matches(struct server *s)
{
    int64_t now = clock_unix_ms();
    struct worker *w;

    if (!matches_due(s->matches, now) || !(w = worker_mine(&s->workers)) ||
        !worker_begin(w, s->writer)) {
        return;
    }
    if (w->state.network.founded) {
        int64_t last = state_last_at(&w->state);

        now = now < last ? last : now;
        if (matches_due(s->matches, now)) {
            (void)matches_refresh(s->matches, s->node->side, &w->state, s->node->origin, now,
                                  false);
        }
    }
    worker_end(w);
    malloc_trim(0); /* once a week: what it took in small pieces is free again */
}

void server_tick(struct server *s)
{
    int64_t now = writer_now_monotonic_ms();

    atomic_fetch_add(&s->stats.connections_cut, conns_sweep(s->conns, clock_coarse_ms()));
    if (!atomic_load(&s->stopping)) {
        refresh_figures(s);
        refresh_matches(s);
    }
    if (now - s->purged_ms >= PURGE_EVERY_MS) {
        s->purged_ms = now;
        node_purge(s->node, clock_unix_ms());
    }
}

void server_stop(struct server *s)
{
    int64_t until = writer_now_monotonic_ms() + STOP_WAIT_MS;

    if (!s) {
        return;
    }
    atomic_store(&s->stopping, true);
    doorman_stop(s->doorman);
    while (atomic_load(&s->in_flight) > 0 && writer_now_monotonic_ms() < until) {
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        server_tick(s);
    }
    stop_threads(s);
    free_server(s);
}
