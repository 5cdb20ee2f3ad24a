/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/bare.h"

#include <microhttpd.h> /* lint: allow libraries */
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/server.h"
#include "bench/limits.h"
#include "bench/network.h"
#include "crypto/note.h"
#include "ledger/listen.h"

/* Of semd's answer to an entry: its proof makes it 1 030 among 100 000, 1 180 among a million. */
#define RECEIPT_BYTES 1100

/* One request, from its line to the end of its answer. */
struct asked {
    struct asked *next; /* in the resumer's queue */
    struct MHD_Connection *connection;
    struct loop *loop;
    bool begun, suspended;
    size_t n;
    char body[BENCH_NOTE_MAX];
};

/* Stands for semd's writer: wakes each connection at once, and does nothing for it. */
struct resumer {
    pthread_t thread;
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t some;
    struct asked *first, **last;
    bool stopping;
};

struct bare {
    size_t n_keys;
    struct public_key keys[BENCH_ORGS_MAX];
    struct MHD_Response *read, *receipt, *wrong;
    struct conns *conns;
    struct loop *loops[BENCH_THREADS_MAX];
    size_t n_loops;
    struct resumer resumer;
    struct doorman *doorman;
};

/* --- Waiting for another thread, as for a writer ---------------------------------------------- */

static void *resume_all(void *arg)
{
    struct resumer *r = arg;
    pthread_mutex_lock(&r->lock);
    while (r->first != NULL || !r->stopping) {
        struct asked *a = r->first;
        if (a == NULL) {
            pthread_cond_wait(&r->some, &r->lock);
            continue;
        }
        r->first = a->next;
        if (r->first == NULL)
            r->last = &r->first;
        pthread_mutex_unlock(&r->lock);
        loop_resume(a->loop, a->connection); /* it may be freed at once */
        pthread_mutex_lock(&r->lock);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

static bool resumer_start(struct resumer *r)
{
    r->last = &r->first;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->some, NULL);
    return pthread_create(&r->thread, NULL, resume_all, r) == 0;
}

/* Wakes all that sleep; from now on none does. */
static void resumer_stop(struct resumer *r)
{
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_cond_signal(&r->some);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
}

/* False when the server is stopping. */
static bool sleep_until_resumed(struct resumer *r, struct asked *a)
{
    pthread_mutex_lock(&r->lock);
    bool ok = !r->stopping;
    if (ok) {
        a->suspended = true;
        a->loop = loop_mine();
        a->next = NULL;
        MHD_suspend_connection(a->connection);
        *r->last = a;
        r->last = &a->next;
        pthread_cond_signal(&r->some);
    }
    pthread_mutex_unlock(&r->lock);
    return ok;
}

/* --- Requests --------------------------------------------------------------------------------- */

static void *on_line(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct asked *a = malloc(sizeof *a);
    (void)cls;
    (void)target;
    if (a != NULL) {
        memset(a, 0, offsetof(struct asked, body));
        a->connection = connection;
    }
    return a;
}

static void on_end(void *cls, struct MHD_Connection *connection, void **context,
                   enum MHD_RequestTerminationCode code)
{
    (void)cls;
    (void)connection;
    (void)code;
    free(*context);
    *context = NULL;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct bare *b = cls;
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        *context = conns_add(b->conns, MHD_get_connection_info(
                                           connection, MHD_CONNECTION_INFO_CONNECTION_FD)
                                           ->connect_fd);
    else
        conns_remove(b->conns, *context);
}

/* A note of organisations of the network, all of whose signatures hold. */
static bool holds(const struct bare *b, const struct asked *a)
{
    struct note note;
    if (a->n > sizeof a->body || note_parse(&note, a->body, a->n) != NOTE_OK)
        return false;
    for (size_t i = 0; i < note.n_sigs; i++) {
        const struct note_sig *line = &note.sigs[i];
        size_t org = line->name_len < 4 ? SIZE_MAX : bench_org_of(line->name, line->name_len);
        if (org >= b->n_keys || note_verify_line(&note, i, &b->keys[org]) != NOTE_OK)
            return false;
    }
    return true;
}

/* What does not fit is remembered by its length, which holds() refuses. */
static void take_body(struct asked *a, const char *data, size_t n)
{
    if (a->n + n <= sizeof a->body)
        memcpy(a->body + a->n, data, n);
    a->n += n;
}

static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_size, void **context)
{
    struct bare *b = cls;
    struct asked *a = *context;
    (void)url;
    (void)version;
    if (a == NULL)
        return MHD_NO;
    if (!a->begun) {
        a->begun = true;
        return MHD_YES;
    }
    if (*data_size > 0) {
        take_body(a, data, *data_size);
        *data_size = 0;
        return MHD_YES;
    }
    if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
        return MHD_queue_response(connection, MHD_HTTP_OK, b->read);
    if (!a->suspended && !holds(b, a))
        return MHD_queue_response(connection, MHD_HTTP_BAD_REQUEST, b->wrong);
    if (!a->suspended && sleep_until_resumed(&b->resumer, a))
        return MHD_YES;
    return MHD_queue_response(connection, MHD_HTTP_CREATED, b->receipt);
}

/* --- Starting and stopping -------------------------------------------------------------------- */

static void take_keys(struct bare *b, size_t n_orgs)
{
    struct bench_network network;
    bench_network_start(&network);
    bench_network_grow(&network, n_orgs);
    b->n_keys = network.n_orgs;
    for (size_t i = 0; i < b->n_keys; i++)
        secret_key_public(network.keys[i], &b->keys[i]);
    bench_network_end(&network);
}

static struct MHD_Response *response_of(size_t n)
{
    char *body = malloc(n);
    if (body == NULL)
        abort();
    memset(body, 'x', n);
    struct MHD_Response *r = MHD_create_response_from_buffer(n, body, MHD_RESPMEM_MUST_FREE);
    MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    return r;
}

/* With the options of api/server.c. */
static struct MHD_Daemon *start_daemon(struct bare *b)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0,
        NULL, NULL, answer, b, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)(CONNECTIONS_MAX + LISTEN_BACKLOG), MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)CONNECTION_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_URI_LOG_CALLBACK, on_line, b, MHD_OPTION_NOTIFY_COMPLETED, on_end, b,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, b, MHD_OPTION_END);
}

/* What fails here ends with the process. */
static bool start(struct bare *b, char url[static LISTEN_URL_SIZE])
{
    b->conns = conns_new(CONNECTIONS_MAX);
    if (b->conns == NULL || !resumer_start(&b->resumer))
        return false;
    while (b->n_loops < bench_cores()) {
        struct MHD_Daemon *daemon = start_daemon(b);
        struct loop *loop = daemon != NULL ? loop_start(daemon, NULL) : NULL;
        if (loop == NULL)
            return false;
        b->loops[b->n_loops++] = loop;
    }
    int fd = listen_open("sem-bench", "127.0.0.1:0", false, url, stderr);
    b->doorman = fd < 0 ? NULL : doorman_start(b->loops, b->n_loops, b->conns, CONNECTIONS_MAX, fd);
    return b->doorman != NULL;
}

static void stop(struct bare *b)
{
    doorman_stop(b->doorman);
    resumer_stop(&b->resumer);
    while (b->n_loops > 0)
        loop_stop(b->loops[--b->n_loops]);
    conns_free(b->conns);
    MHD_destroy_response(b->read);
    MHD_destroy_response(b->receipt);
    MHD_destroy_response(b->wrong);
}

int bare_serve(size_t answer_bytes, size_t n_orgs)
{
    static struct bare b;
    char url[LISTEN_URL_SIZE];
    sigset_t ends;
    int ended;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    take_keys(&b, n_orgs);
    b.read = response_of(answer_bytes);
    b.receipt = response_of(RECEIPT_BYTES);
    b.wrong = response_of(1);
    if (!start(&b, url)) {
        fprintf(stderr, "sem-bench: the bare server does not start\n");
        return 1;
    }
    fprintf(stderr, "listening on %s\n", url);
    sigwait(&ends, &ended);
    stop(&b);
    return 0;
}
