/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * GET /metrics on a listener of its own, because figures about a server are its operator's
 * business: Prometheus text format 0.0.4.
 */
#ifndef SEM_API_METRICS_H
#define SEM_API_METRICS_H

struct MHD_Daemon;
struct server;

/* Serves on a listening socket, which the daemon closes. NULL when it does not start. */
struct MHD_Daemon *metrics_start(struct server *server, int listen_fd);

#endif
