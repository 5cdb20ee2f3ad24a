/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The thread that accepts connections and hands them out to libmicrohttpd's threads in turn.
 *
 * Left to themselves, those threads all wait for the listening socket, and the one that is idle at
 * the moment takes whatever is there: of 256 connections that came together one thread held 230,
 * and verified all their signatures on one core. libmicrohttpd gives an added connection to the
 * thread that the parity of its descriptor names, so connections that come one after the other are
 * shared out evenly.
 */
#ifndef SEM_API_DOORMAN_H
#define SEM_API_DOORMAN_H

#include <microhttpd.h>

#include "api/conns.h"

struct doorman;

/*
 * With `max` connections open, those that come wait in the backlog. Takes the listening socket,
 * which does not block; the daemon has none and outlives the doorman. NULL without a thread, memory
 * or a descriptor; the socket is then still the caller's.
 */
struct doorman *doorman_start(struct MHD_Daemon *daemon, struct conns *conns, size_t max,
                              int listen_fd);
/* Lets nobody in any more and closes the socket. NULL is accepted. */
void doorman_stop(struct doorman *doorman);

#endif
