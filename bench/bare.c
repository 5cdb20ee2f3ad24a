/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/bare.h"

#include <microhttpd.h> /* lint: allow libraries */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/limits.h"
#include "ledger/listen.h"

/* As in api/server.h. */
#define CONNECTIONS_MAX 10500u
#define CONNECTION_TIMEOUT_S 20u
#define CONNECTION_MEMORY_BYTES ((size_t)32768)

static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_size, void **context)
{
    static char begun;
    (void)url;
    (void)method;
    (void)version;
    (void)data;
    if (*context == NULL) {
        *context = &begun;
        return MHD_YES;
    }
    if (*data_size > 0) {
        *data_size = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, cls);
}

int bare_serve(size_t answer_bytes)
{
    char url[LISTEN_URL_SIZE], *body = malloc(answer_bytes);
    sigset_t ends;
    int ended;
    if (body == NULL)
        return 1;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    memset(body, 'x', answer_bytes);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(answer_bytes, body, MHD_RESPMEM_MUST_FREE);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    int fd = listen_open("sem-bench", "127.0.0.1:0", false, url, stderr);
    struct MHD_Daemon *daemon =
        fd < 0 ? NULL
               : MHD_start_daemon(
                     MHD_USE_AUTO_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
                     0, NULL, NULL, answer, response, MHD_OPTION_LISTEN_SOCKET, fd,
                     MHD_OPTION_THREAD_POOL_SIZE, (unsigned)bench_cores(),
                     MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
                     CONNECTION_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                     CONNECTION_MEMORY_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (daemon == NULL) {
        fprintf(stderr, "sem-bench: the bare server does not start\n");
        return 1;
    }
    fprintf(stderr, "listening on %s\n", url);
    sigwait(&ends, &ended);
    MHD_stop_daemon(daemon);
    MHD_destroy_response(response);
    return 0;
}
