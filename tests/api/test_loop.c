/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/loop.h"

/* So many events does libmicrohttpd 0.9.75 take at once. */
#define EVENTS_MAX 128
#define LONG_S 20

static pthread_barrier_t barrier;
static struct loop *loop;
static _Atomic int working; /* loops, as they say themselves */

static void works(void *of)
{
    cr_assert_eq(of, &barrier);
    working++;
}

static void rests(void *of)
{
    cr_assert_eq(of, &barrier);
    working--;
}

static void *resume_later(void *connection)
{
    usleep(20000);
    loop_resume(loop, connection);
    return NULL;
}

/* "/wait" holds the thread until the test goes on; "/later" is answered when it is resumed. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **context)
{
    static char body[] = "here", later[] = "later";
    pthread_t thread;
    struct MHD_Response *response;
    enum MHD_Result queued;

    (void)cls, (void)method, (void)version, (void)data, (void)size;
    if (!*context) { /* an answer before the request is read would end the connection */
        *context = body;
        return MHD_YES;
    }
    if (strcmp(url, "/wait") == 0) {
        pthread_barrier_wait(&barrier);
        pthread_barrier_wait(&barrier);
    }
    if (strcmp(url, "/later") == 0 && *context == body) {
        *context = later;
        cr_assert_eq(loop_mine(), loop);
        MHD_suspend_connection(connection);
        cr_assert_eq(pthread_create(&thread, NULL, resume_later, connection), 0);
        pthread_detach(thread);
        return MHD_YES;
    }
    response = MHD_create_response_from_buffer(strlen(body), body, MHD_RESPMEM_PERSISTENT);
    queued = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return queued;
}

static void open_loop(void)
{
    const struct loop_watch watch = {.works = works, .rests = rests, .of = &barrier};
    struct MHD_Daemon *d =
        MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0,
                         NULL, NULL, on_request, NULL, MHD_OPTION_CONNECTION_TIMEOUT, 60u,
                         MHD_OPTION_END);

    cr_assert_not_null(d);
    loop = loop_start(d, &watch);
    cr_assert_not_null(loop);
}

/* Our end of a connection whose other end the loop has. */
static int join(void)
{
    struct sockaddr address = {.sa_family = AF_UNIX};
    struct timeval wait = {.tv_sec = LONG_S};
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    cr_assert_eq(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait), 0);
    loop_add(loop, ends[1], &address, sizeof address);
    return ends[0];
}

static void ask(int fd, const char *path)
{
    char request[64];
    int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: loop\r\n\r\n", path);

    cr_assert_eq(send(fd, request, (size_t)n, MSG_NOSIGNAL), n);
}

static bool hear(int fd)
{
    char answer[1024];
    size_t n = 0;

    for (;;) {
        ssize_t got = recv(fd, answer + n, sizeof answer - n, 0);

        if (got <= 0) {
            return false;
        }
        n += (size_t)got;
        if (memmem(answer, n, "\r\n\r\nhere", 8)) {
            return true;
        }
    }
}

/* Reads up to the end of the connection. */
static bool ends(int fd)
{
    char rest[1024];
    ssize_t n;

    do {
        n = recv(fd, rest, sizeof rest, 0);
    } while (n > 0);
    return n == 0 || errno == ECONNRESET;
}

/* While the loop is held by one, as many others ask as it takes at once, and one more or less. */
static void crowd(size_t n)
{
    static int guests[EVENTS_MAX + 2];
    int holder;

    open_loop();
    holder = join();
    pthread_barrier_init(&barrier, NULL, 2);
    for (size_t i = 0; i < n; i++) {
        guests[i] = join();
        ask(guests[i], "/");
        cr_assert(hear(guests[i]));
    }
    ask(holder, "/wait");
    pthread_barrier_wait(&barrier);
    for (size_t i = 0; i < n; i++) {
        ask(guests[i], "/");
    }
    pthread_barrier_wait(&barrier);
    for (size_t i = 0; i < n; i++) {
        cr_assert(hear(guests[i]), "guest %zu of %zu", i, n);
    }
    cr_assert(hear(holder)); /* last: that it reads would be one more event */
    for (size_t i = 0; i < n; i++) {
        close(guests[i]);
    }
    close(holder);
    loop_stop(loop);
    pthread_barrier_destroy(&barrier);
}

Test(loop, answers_all_who_ask_at_once)
{
    for (size_t n = EVENTS_MAX - 2; n <= EVENTS_MAX + 2; n++) {
        crowd(n);
    }
}

Test(loop, wakes_up_for_who_is_resumed)
{
    int guest;

    open_loop();
    guest = join();
    for (int i = 0; i < 20; i++) {
        ask(guest, "/later");
        cr_assert(hear(guest));
    }
    close(guest);
    loop_stop(loop);
}

/* For at most LONG_S. */
static bool comes_to_rest(void)
{
    for (int ms = 0; ms < LONG_S * 1000; ms++) {
        if (working == 0) {
            return true;
        }
        usleep(1000);
    }
    return false;
}

Test(loop, says_when_it_works_and_when_it_rests)
{
    int guest;

    open_loop();
    guest = join();
    pthread_barrier_init(&barrier, NULL, 2);
    for (int i = 0; i < 3; i++) {
        cr_assert(comes_to_rest());
        ask(guest, "/wait");
        pthread_barrier_wait(&barrier);
        cr_assert_eq(working, 1);
        pthread_barrier_wait(&barrier);
        cr_assert(hear(guest));
    }
    close(guest);
    loop_stop(loop);
    cr_assert_eq(working, 0, "a loop that ended does not work");
    pthread_barrier_destroy(&barrier);
}

Test(loop, turns_away_who_came_too_late)
{
    int holder, late;

    open_loop();
    holder = join();
    pthread_barrier_init(&barrier, NULL, 2);
    ask(holder, "/wait");
    pthread_barrier_wait(&barrier);
    late = join(); /* nobody looks at it before the loop is told to stop */
    ask(late, "/");
    pthread_barrier_wait(&barrier);
    loop_stop(loop);
    cr_assert(ends(late), "answered or not, its end comes with that of the loop");
    close(holder);
    close(late);
    pthread_barrier_destroy(&barrier);
}
