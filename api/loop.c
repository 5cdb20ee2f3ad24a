/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/loop.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct arrival {
    struct arrival *next;
    int fd;
    socklen_t n;
    struct sockaddr_storage address;
};

struct loop {
    struct MHD_Daemon *daemon;
    int epoll_fd; /* the daemon's; readable when it has something to do */
    int wake_fd;
    struct loop_watch watch;
    pthread_t thread;

    pthread_mutex_t lock; /* guards the rest */
    struct arrival *first, **last;
    bool woken, stopping;
};

static __thread struct loop *mine;

/* The caller holds the lock. One sign is enough for all that happens before it is seen. */
static void wake(struct loop *loop)
{
    if (!loop->woken && eventfd_write(loop->wake_fd, 1) != 0) {
        abort(); /* a counter at 0 takes a 1 */
    }
    loop->woken = true;
}

/* Everybody who arrived, and whether it is time to stop. */
static struct arrival *take_arrivals(struct loop *loop, bool *stop)
{
    struct arrival *first;
    eventfd_t n;

    pthread_mutex_lock(&loop->lock);
    (void)eventfd_read(loop->wake_fd, &n);
    loop->woken = false;
    first = loop->first;
    loop->first = NULL;
    loop->last = &loop->first;
    *stop = loop->stopping;
    pthread_mutex_unlock(&loop->lock);
    return first;
}

static void let_in(struct loop *loop, struct arrival *a)
{
    for (struct arrival *next; a; a = next) {
        next = a->next;
        /* It closes what it does not take. */
        (void)MHD_add_connection(loop->daemon, a->fd, (const struct sockaddr *)&a->address, a->n);
        free(a);
    }
}

static void turn_away(struct arrival *a)
{
    for (struct arrival *next; a; a = next) {
        next = a->next;
        close(a->fd);
        free(a);
    }
}

/* Milliseconds until the daemon has to look at its connections; -1: only when something happens. */
static int patience(struct loop *loop)
{
    MHD_UNSIGNED_LONG_LONG ms;

    if (MHD_get_timeout(loop->daemon, &ms) != MHD_YES) {
        return -1;
    }
    return ms < INT_MAX ? (int)ms : INT_MAX;
}

static void tell(const struct loop *loop, void (*what)(void *of))
{
    if (what) {
        what(loop->watch.of);
    }
}

static void *run(void *arg)
{
    struct loop *loop = arg;
    struct pollfd wait[2] = {{.fd = loop->epoll_fd, .events = POLLIN},
                             {.fd = loop->wake_fd, .events = POLLIN}};

    mine = loop;
    tell(loop, loop->watch.works);
    for (;;) {
        int ms = patience(loop), ready;

        if (ms != 0) {
            tell(loop, loop->watch.rests);
        }
        ready = poll(wait, 2, ms);
        if (ms != 0) {
            tell(loop, loop->watch.works);
        }
        if (ready < 0 && errno != EINTR) {
            abort(); /* both descriptors are ours, and two need no memory */
        }
        if (ready > 0 && wait[1].revents) {
            bool stop;
            struct arrival *arrived = take_arrivals(loop, &stop);

            if (stop) {
                turn_away(arrived);
                tell(loop, loop->watch.rests);
                return NULL;
            }
            let_in(loop, arrived);
        }
        (void)MHD_run(loop->daemon);
    }
}

struct loop *loop_start(struct MHD_Daemon *daemon, const struct loop_watch *watch)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct loop *loop = calloc(1, sizeof *loop);

    if (!loop || !info) {
        free(loop);
        return NULL;
    }
    loop->daemon = daemon;
    loop->watch = watch ? *watch : (struct loop_watch){0};
    loop->epoll_fd = info->epoll_fd;
    loop->last = &loop->first;
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&loop->lock, NULL);
    if (loop->wake_fd >= 0 && pthread_create(&loop->thread, NULL, run, loop) == 0) {
        (void)pthread_setname_np(loop->thread, "semd-http");
        return loop;
    }
    if (loop->wake_fd >= 0) {
        close(loop->wake_fd);
    }
    pthread_mutex_destroy(&loop->lock);
    free(loop);
    return NULL;
}

void loop_add(struct loop *loop, int fd, const struct sockaddr *address, socklen_t n)
{
    struct arrival *a = calloc(1, sizeof *a);

    if (!a || n > sizeof a->address) {
        free(a);
        close(fd);
        return;
    }
    a->fd = fd;
    a->n = n;
    memcpy(&a->address, address, n);
    pthread_mutex_lock(&loop->lock);
    *loop->last = a;
    loop->last = &a->next;
    wake(loop);
    pthread_mutex_unlock(&loop->lock);
}

struct loop *loop_mine(void)
{
    return mine;
}

void loop_resume(struct loop *loop, struct MHD_Connection *connection)
{
    /* Under the lock, so that the loop, which may answer and end at once, is still there for it. */
    pthread_mutex_lock(&loop->lock);
    MHD_resume_connection(connection);
    wake(loop);
    pthread_mutex_unlock(&loop->lock);
}

void loop_stop(struct loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    loop->stopping = true;
    wake(loop);
    pthread_mutex_unlock(&loop->lock);
    pthread_join(loop->thread, NULL);
    MHD_stop_daemon(loop->daemon);
    close(loop->wake_fd);
    pthread_mutex_destroy(&loop->lock);
    free(loop);
}
