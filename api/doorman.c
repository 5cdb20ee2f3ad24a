/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/doorman.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* How long one waits who can let nobody in: places and descriptors come back without a sign. */
#define FULL_WAIT_MS 20

struct doorman {
    struct loop *const *loops;
    size_t n_loops, turn;
    struct conns *conns;
    size_t max;
    int listen_fd, stop_fd;
    pthread_t thread;
};

/* False when there is nobody, or no place, or no descriptor; *full tells which. */
static bool let_in(struct doorman *d, bool *full)
{
    struct sockaddr_storage address;
    socklen_t n = sizeof address;
    int fd;

    *full = conns_count(d->conns) >= d->max;
    if (*full) {
        return false;
    }
    fd = accept4(d->listen_fd, (struct sockaddr *)&address, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        *full = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        return errno == EINTR || errno == ECONNABORTED;
    }
    loop_add(d->loops[d->turn++ % d->n_loops], fd, (const struct sockaddr *)&address, n);
    return true;
}

static void *run(void *arg)
{
    struct doorman *d = arg;
    struct pollfd wait[2] = {{.fd = d->stop_fd, .events = POLLIN},
                             {.fd = d->listen_fd, .events = POLLIN}};
    bool full = false;

    for (;;) {
        if (poll(wait, full ? 1 : 2, full ? FULL_WAIT_MS : -1) < 0 && errno != EINTR) {
            abort(); /* no descriptor of ours is invalid, and there is memory for two */
        }
        if (wait[0].revents) {
            return NULL;
        }
        while (let_in(d, &full)) {
        }
    }
}

struct doorman *doorman_start(struct loop *const *loops, size_t n_loops, struct conns *conns,
                              size_t max, int listen_fd)
{
    struct doorman *d = calloc(1, sizeof *d);

    if (!d) {
        return NULL;
    }
    *d = (struct doorman){.loops = loops,
                          .n_loops = n_loops,
                          .conns = conns,
                          .max = max,
                          .listen_fd = listen_fd};
    d->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (d->stop_fd >= 0 && pthread_create(&d->thread, NULL, run, d) == 0) {
        return d;
    }
    if (d->stop_fd >= 0) {
        close(d->stop_fd);
    }
    free(d);
    return NULL;
}

void doorman_stop(struct doorman *d)
{
    if (!d) {
        return;
    }
    if (eventfd_write(d->stop_fd, 1) != 0) {
        abort(); /* a counter at 0 takes a 1 */
    }
    pthread_join(d->thread, NULL);
    close(d->stop_fd);
    close(d->listen_fd);
    free(d);
}
