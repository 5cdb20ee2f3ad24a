/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The thread that accepts connections and gives them to the loops in turn.
 *
 * Threads that all wait for one listening socket do not share: the one that is idle at the moment
 * takes whatever is there. Of 256 connections that came together one of two threads answered ten
 * times as many as the other, and verified their signatures on one core.
 */
#ifndef SEM_API_DOORMAN_H
#define SEM_API_DOORMAN_H

#include "api/conns.h"
#include "api/loop.h"

struct doorman;

/*
 * With `max` connections open, those that come wait in the backlog. Takes the listening socket,
 * which does not block; the loops outlive the doorman. NULL without a thread, memory or a
 * descriptor; the socket is then still the caller's.
 */
struct doorman *doorman_start(struct loop *const *loops, size_t n_loops, struct conns *conns,
                              size_t max, int listen_fd);
/* Lets nobody in any more and closes the socket. NULL is accepted. */
void doorman_stop(struct doorman *doorman);

#endif
