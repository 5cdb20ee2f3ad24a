/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/doorman.h"

#define THREADS 4
#define GUESTS 64
#define SHORT_S 1 /* in which nobody is let in */
#define LONG_S 20 /* in which somebody is */

static struct conns *conns;
static struct loop *loops[THREADS];
static struct doorman *doorman;
static struct sockaddr_in address;
static int guests[GUESTS];

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    (void)cls;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = conns_add(conns, MHD_get_connection_info(connection,
                                                            MHD_CONNECTION_INFO_CONNECTION_FD)
                                        ->connect_fd);
    } else {
        conns_remove(conns, *context);
    }
}

/* The answer is the thread that gives it. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **context)
{
    pthread_t self = pthread_self();
    struct MHD_Response *response;
    enum MHD_Result queued;

    (void)cls, (void)url, (void)method, (void)version, (void)data, (void)size;
    if (!*context) { /* an answer before the request is read would end the connection */
        *context = conns;
        return MHD_YES;
    }
    response = MHD_create_response_from_buffer(sizeof self, &self, MHD_RESPMEM_MUST_COPY);
    queued = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return queued;
}

static void open_door(size_t max)
{
    socklen_t n = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    address = (struct sockaddr_in){.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(fd, GUESTS), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    conns = conns_new(max);
    for (size_t i = 0; i < THREADS; i++) {
        struct MHD_Daemon *d = MHD_start_daemon(
            MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
            on_request, NULL, MHD_OPTION_NOTIFY_CONNECTION, on_connection, NULL, MHD_OPTION_END);

        cr_assert_not_null(d);
        loops[i] = loop_start(d, NULL);
        cr_assert_not_null(loops[i]);
    }
    doorman = doorman_start(loops, THREADS, conns, max, fd);
    cr_assert_not_null(doorman);
}

static void close_door(void)
{
    doorman_stop(doorman);
    for (size_t i = 0; i < THREADS; i++) {
        loop_stop(loops[i]);
    }
    conns_free(conns);
}

static int knock(void)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: door\r\n\r\n";
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(send(fd, request, sizeof request - 1, MSG_NOSIGNAL), (ssize_t)sizeof request - 1);
    return fd;
}

/* The thread that answered; false when none did in that time. */
static bool hear(int fd, time_t seconds, pthread_t *who)
{
    struct timeval wait = {.tv_sec = seconds};
    char answer[1024];
    size_t n = 0;

    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait), 0);
    for (;;) {
        char *body;
        ssize_t got = recv(fd, answer + n, sizeof answer - n, 0);

        if (got <= 0) {
            return false;
        }
        n += (size_t)got;
        body = memmem(answer, n, "\r\n\r\n", 4);
        if (body && answer + n == body + 4 + sizeof *who) {
            memcpy(who, body + 4, sizeof *who);
            return true;
        }
    }
}

Test(doorman, shares_connections_out_evenly)
{
    pthread_t threads[THREADS], who;
    size_t held[THREADS] = {0}, n = 0, t;

    open_door(GUESTS);
    for (size_t i = 0; i < GUESTS; i++) {
        guests[i] = knock();
    }
    for (size_t i = 0; i < GUESTS; i++) {
        cr_assert(hear(guests[i], LONG_S, &who));
        for (t = 0; t < n && !pthread_equal(threads[t], who); t++) {
        }
        if (t == n) {
            cr_assert_lt(n, THREADS);
            threads[n++] = who;
        }
        held[t]++;
    }
    cr_assert_eq(n, THREADS);
    for (t = 0; t < THREADS; t++) {
        cr_assert_eq(held[t], GUESTS / THREADS);
    }
    for (size_t i = 0; i < GUESTS; i++) {
        close(guests[i]);
    }
    close_door();
}

Test(doorman, lets_nobody_in_who_has_no_place_until_one_goes)
{
    enum { PLACES = 3 };
    pthread_t who;

    open_door(PLACES);
    for (size_t i = 0; i < PLACES; i++) {
        guests[i] = knock();
        cr_assert(hear(guests[i], LONG_S, &who));
    }
    guests[PLACES] = knock();
    cr_assert_not(hear(guests[PLACES], SHORT_S, &who));
    close(guests[0]);
    cr_assert(hear(guests[PLACES], LONG_S, &who));
    for (size_t i = 1; i <= PLACES; i++) {
        close(guests[i]);
    }
    close_door();
}

Test(doorman, is_gone_when_it_was_stopped)
{
    pthread_t who;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    open_door(GUESTS);
    guests[0] = knock();
    cr_assert(hear(guests[0], LONG_S, &who));
    doorman_stop(doorman);
    doorman = NULL;
    cr_assert_neq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(guests[0]);
    close(fd);
    close_door();
}
