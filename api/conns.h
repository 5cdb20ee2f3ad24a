/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The open connections and their deadlines (SPEC 12.5). libmicrohttpd's own timeout measures
 * inactivity, so a client that drips a byte now and then would hold its place for ever. Every
 * connection therefore has a deadline of ours, and conns_sweep() shuts the socket down when it is
 * past; libmicrohttpd then sees the end and cleans up.
 *
 * Between requests nobody tells us of a first byte; the sweep asks the kernel when data came last.
 * So what a request costs here is a few stores. Data that came within CONN_TICKS_MS of the end of
 * the request before may be its own, and starts no deadline: the next byte does.
 *
 * The file descriptor is touched only under the list's lock, which conns_remove() takes before
 * libmicrohttpd closes it, so a reused number can never be hit. Safe from any thread.
 */
#ifndef SEM_API_CONNS_H
#define SEM_API_CONNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From the first byte of a request to its last. */
#define REQUEST_READ_MS_MAX 30000
/* From the first byte of an answer to its last. */
#define REPLY_WRITE_MS_MAX 60000
/* An idle connection when nearly all places are taken; otherwise libmicrohttpd's timeout. */
#define IDLE_CROWDED_MS_MAX 3000
/* Both the kernel's count and our clock are in ticks of at most 10 ms. */
#define CONN_TICKS_MS 20

struct conn;
struct conns;

struct conns *conns_new(size_t max);
void conns_free(struct conns *conns); /* all connections must have ended; NULL is accepted */

/* NULL when there is no memory; the other functions accept that. */
struct conn *conns_add(struct conns *conns, int fd);
void conns_remove(struct conns *conns, struct conn *conn);

/* A request line was read; the whole request was read; an answer begins; the request is over. */
void conn_request_begins(struct conn *conn);
void conn_request_read(struct conn *conn);
void conn_reply_begins(struct conn *conn);
void conn_request_ends(struct conn *conn);
/* Ends a connection now. */
void conn_cut(struct conn *conn);

/*
 * Shuts down what is past its deadline now, by clock_coarse_ms(); call it about twice a second.
 * Returns how many.
 */
size_t conns_sweep(struct conns *conns, int64_t now_ms);
size_t conns_count(struct conns *conns);

#endif
