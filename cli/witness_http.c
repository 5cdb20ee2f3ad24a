/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/witness_http.h"

#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ledger/listen.h"
#include "ledger/witness.h"

/* A log asks once for each of its heads, so few of them are ever open. */
#define CONNECTIONS_MAX 256
#define THREADS 4
#define IDLE_SECONDS 20u
/*
 * After the first time a connection takes no further request, after the second it is cut, whatever
 * it does: a client that sends a byte now and then holds its place no longer than that.
 */
#define CONNECTION_OLD_MS 30000
#define CONNECTION_END_MS 60000
/* While more places than these are taken, each is cut after this: a crowd that asks for nothing
 * must not keep the logs out, and a log that is cut comes again. */
#define CROWD (CONNECTIONS_MAX * 3 / 4)
#define CROWDED_END_MS 2000
#define MEMORY_BYTES 16384u
#define TICK_NS 500000000

/* One open connection; fd -1: the place is free. */
struct place {
    int fd;
    int64_t since_ms;
};

struct http {
    struct witness *witness;
    pthread_mutex_t lock; /* guards the places */
    struct place places[CONNECTIONS_MAX];
};

/* The body of a request as it comes in. */
struct upload {
    size_t n;
    bool too_long;
    char bytes[WITNESS_BODY_MAX];
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- Connections ------------------------------------------------------------------------------ */

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct http *http = cls;
    struct place *place = *context;

    pthread_mutex_lock(&http->lock);
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        for (size_t i = 0; i < CONNECTIONS_MAX && place == NULL; i++) {
            place = http->places[i].fd < 0 ? &http->places[i] : NULL;
        }
        if (place != NULL) {
            place->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
                            ->connect_fd;
            place->since_ms = now_ms();
        }
        *context = place;
    } else if (place != NULL) {
        place->fd = -1; /* before libmicrohttpd closes it and the number is used again */
    }
    pthread_mutex_unlock(&http->lock);
}

static void cut_old(struct http *http)
{
    int64_t now = now_ms(), end;
    size_t taken = 0;

    pthread_mutex_lock(&http->lock);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        taken += http->places[i].fd >= 0;
    }
    end = taken > CROWD ? CROWDED_END_MS : CONNECTION_END_MS;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (http->places[i].fd >= 0 && now - http->places[i].since_ms > end) {
            shutdown(http->places[i].fd, SHUT_RDWR);
        }
    }
    pthread_mutex_unlock(&http->lock);
}

static bool is_old(struct http *http, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    const struct place *place = info != NULL ? info->socket_context : NULL;
    bool old;

    pthread_mutex_lock(&http->lock);
    old = place == NULL || now_ms() - place->since_ms > CONNECTION_OLD_MS;
    pthread_mutex_unlock(&http->lock);
    return old;
}

/* --- Requests --------------------------------------------------------------------------------- */

static enum MHD_Result reply(struct http *http, struct MHD_Connection *connection,
                             struct witness_answer *answer)
{
    struct MHD_Response *response;
    enum MHD_Result result;

    if (answer->body == NULL) {
        return MHD_NO;
    }
    response = MHD_create_response_from_buffer(answer->n, answer->body, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(answer->body);
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (is_old(http, connection)) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    result = MHD_queue_response(connection, (unsigned)answer->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result reply_text(struct http *http, struct MHD_Connection *connection, int status,
                                  const char *text)
{
    struct witness_answer answer = {.status = status, .type = WITNESS_TYPE_TEXT};

    answer.body = strdup(text);
    answer.n = strlen(text);
    return reply(http, connection, &answer);
}

static enum MHD_Result get(struct http *http, struct MHD_Connection *connection, const char *url)
{
    static const char end[] = "/checkpoint";
    size_t n = strlen(url);
    struct witness_answer answer;

    if (url[0] != '/' || n <= sizeof end || strcmp(url + n - (sizeof end - 1), end) != 0) {
        return reply_text(http, connection, MHD_HTTP_NOT_FOUND,
                          "POST /add-checkpoint and GET /<sha256 of the origin>/checkpoint\n");
    }
    witness_view(http->witness, url + 1, n - 1 - (sizeof end - 1), &answer);
    return reply(http, connection, &answer);
}

static enum MHD_Result post(struct http *http, struct MHD_Connection *connection,
                            const struct upload *upload)
{
    struct witness_answer answer;

    if (upload->too_long) {
        return reply_text(http, connection, MHD_HTTP_CONTENT_TOO_LARGE, "too long\n");
    }
    witness_add_checkpoint(http->witness, upload->bytes, upload->n, (uint64_t)time(NULL), &answer);
    return reply(http, connection, &answer);
}

/* Keeps what fits; what does not is read and forgotten, so that the answer arrives. */
static void take(struct upload *upload, const char *data, size_t n)
{
    if (upload->too_long || n > sizeof upload->bytes - upload->n) {
        upload->too_long = true;
        return;
    }
    memcpy(upload->bytes + upload->n, data, n);
    upload->n += n;
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *data_size, void **context)
{
    struct http *http = cls;
    struct upload *upload = *context;

    (void)version;
    if (upload == NULL) {
        *context = upload = malloc(sizeof *upload);
        if (upload != NULL) {
            upload->n = 0;
            upload->too_long = false;
        }
        return upload != NULL ? MHD_YES : MHD_NO;
    }
    if (*data_size > 0) {
        take(upload, data, *data_size);
        *data_size = 0;
        return MHD_YES;
    }
    if (strcmp(url, "/add-checkpoint") == 0) {
        return strcmp(method, MHD_HTTP_METHOD_POST) == 0
                   ? post(http, connection, upload)
                   : reply_text(http, connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only POST\n");
    }
    return strcmp(method, MHD_HTTP_METHOD_GET) == 0
               ? get(http, connection, url)
               : reply_text(http, connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET\n");
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

/* --- Serving ---------------------------------------------------------------------------------- */

static struct MHD_Daemon *start(struct http *http, int fd)
{
    pthread_mutex_init(&http->lock, NULL);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        http->places[i].fd = -1;
    }
    /* Without ITC a thread whose places are all taken does not hear that it shall end. */
    return MHD_start_daemon(
        MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, on_access, http,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_BYTES,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_END);
}

bool witness_serve(struct witness *witness, const char *where, bool insecure_ok)
{
    static struct http http;
    const struct timespec tick = {.tv_nsec = TICK_NS};
    char url[LISTEN_URL_SIZE];
    struct MHD_Daemon *daemon;
    sigset_t ends;
    int fd;

    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL); /* before the threads are made */
    signal(SIGPIPE, SIG_IGN);
    fd = listen_open("semctl", where, insecure_ok, url, stderr);
    if (fd < 0) {
        return false;
    }
    http.witness = witness;
    daemon = start(&http, fd);
    if (daemon == NULL) {
        fputs("semctl: the HTTP server does not start: no threads, memory or descriptors\n",
              stderr);
        close(fd);
        listen_forget(where);
        return false;
    }
    printf("listening on %s\n", url);
    fflush(stdout);
    while (sigtimedwait(&ends, NULL, &tick) < 0) {
        cut_old(&http);
    }
    fputs("stopping\n", stderr);
    MHD_stop_daemon(daemon);
    pthread_mutex_destroy(&http.lock);
    listen_forget(where);
    return true;
}
