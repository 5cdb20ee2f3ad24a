/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A thread that runs one libmicrohttpd daemon: it waits for events and lets the daemon handle them.
 *
 * The threads that libmicrohttpd 0.9.75 makes itself may stall: they take 128 events at a time, and
 * after exactly 128 they wait for more, up to the time limit of a connection, before they look at
 * the first. When all clients of a thread asked at once and were 128, nobody had an answer for 20
 * seconds. MHD_run() never waits.
 */
#ifndef SEM_API_LOOP_H
#define SEM_API_LOOP_H

#include <microhttpd.h>
#include <stddef.h>
#include <sys/socket.h>

struct loop;

/* Told, on the loop's thread, that it has something to do, and that it waits for the next event. */
struct loop_watch {
    void (*works)(void *of);
    void (*rests)(void *of);
    void *of;
};

/*
 * Takes a daemon that was started with MHD_USE_EPOLL and without threads, and has no listening
 * socket. NULL without a thread, memory or a descriptor; the daemon is then still the caller's.
 * The watch is copied, or NULL.
 */
struct loop *loop_start(struct MHD_Daemon *daemon, const struct loop_watch *watch);
/* Hands a connection over; it is closed where there is no memory for it. Safe from any thread. */
void loop_add(struct loop *loop, int fd, const struct sockaddr *address, socklen_t n);
/* The loop whose thread this is. */
struct loop *loop_mine(void);
/*
 * Resumes a suspended connection of the loop: a daemon without threads does not wake up by itself.
 * Safe from any thread. The loop may have ended the request before this returns.
 */
void loop_resume(struct loop *loop, struct MHD_Connection *connection);
/* Ends the thread and the daemon with its connections, none of which may be suspended. */
void loop_stop(struct loop *loop);

#endif
