/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/conns.h"

/* linux/tcp.h and not netinet/tcp.h: only it has tcpi_bytes_received. */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "api/clock.h"

enum { DEADLINE_UNSET = 0 };
#define DEADLINE_NONE INT64_MAX

struct conn {
    struct conns *owner;
    struct conn *prev, *next;
    int fd;
    bool tcp, cut;
    _Atomic bool answered; /* a request has ended here */
    _Atomic int64_t deadline_ms; /* DEADLINE_UNSET: between requests; DEADLINE_NONE: ours to work */
    _Atomic int64_t idle_since_ms;
};

struct conns {
    pthread_mutex_t lock; /* guards the list, and every use of a descriptor */
    struct conn *first;
    size_t n, max;
};

struct conns *conns_new(size_t max)
{
    struct conns *conns = calloc(1, sizeof *conns);

    if (conns) {
        pthread_mutex_init(&conns->lock, NULL);
        conns->max = max;
    }
    return conns;
}

void conns_free(struct conns *conns)
{
    if (conns) {
        pthread_mutex_destroy(&conns->lock);
        free(conns);
    }
}

struct conn *conns_add(struct conns *conns, int fd)
{
    struct conn *conn = calloc(1, sizeof *conn);
    int domain = 0;
    socklen_t n = sizeof domain;

    if (!conn) {
        shutdown(fd, SHUT_RDWR);
        return NULL;
    }
    conn->owner = conns;
    conn->fd = fd;
    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n);
    conn->tcp = domain == AF_INET || domain == AF_INET6;
    atomic_store(&conn->idle_since_ms, clock_coarse_ms());
    pthread_mutex_lock(&conns->lock);
    conn->next = conns->first;
    if (conn->next) {
        conn->next->prev = conn;
    }
    conns->first = conn;
    conns->n++;
    pthread_mutex_unlock(&conns->lock);
    return conn;
}

void conns_remove(struct conns *conns, struct conn *conn)
{
    if (!conn) {
        return;
    }
    pthread_mutex_lock(&conns->lock);
    if (conn->prev) {
        conn->prev->next = conn->next;
    } else {
        conns->first = conn->next;
    }
    if (conn->next) {
        conn->next->prev = conn->prev;
    }
    conns->n--;
    pthread_mutex_unlock(&conns->lock);
    free(conn);
}

void conn_request_begins(struct conn *conn)
{
    int64_t unset = DEADLINE_UNSET;

    if (conn) {
        /* The sweep may have seen the first byte before: then its deadline stays. */
        atomic_compare_exchange_strong(&conn->deadline_ms, &unset,
                                       clock_coarse_ms() + REQUEST_READ_MS_MAX);
    }
}

/* Nothing but deadlines hangs on the order in which the sweep sees these. */
static void set_deadline(struct conn *conn, int64_t ms)
{
    atomic_store_explicit(&conn->deadline_ms, ms, memory_order_release);
}

void conn_request_read(struct conn *conn)
{
    if (conn) {
        set_deadline(conn, DEADLINE_NONE);
    }
}

void conn_reply_begins(struct conn *conn)
{
    if (conn) {
        set_deadline(conn, clock_coarse_ms() + REPLY_WRITE_MS_MAX);
    }
}

void conn_request_ends(struct conn *conn)
{
    if (conn) {
        atomic_store_explicit(&conn->answered, true, memory_order_relaxed);
        atomic_store_explicit(&conn->idle_since_ms, clock_coarse_ms(), memory_order_relaxed);
        set_deadline(conn, DEADLINE_UNSET); /* last: who sees it sees the two before */
    }
}

/* The caller holds the lock, so the descriptor is open and ours. */
static void cut(struct conn *conn)
{
    if (!conn->cut) {
        conn->cut = true;
        shutdown(conn->fd, SHUT_RDWR);
    }
}

void conn_cut(struct conn *conn)
{
    if (conn) {
        pthread_mutex_lock(&conn->owner->lock);
        cut(conn);
        pthread_mutex_unlock(&conn->owner->lock);
    }
}

/* Between requests: has a byte come since the wait began? */
static bool has_first_byte(const struct conn *conn, int64_t now, int64_t idle_since)
{
    struct tcp_info info = {0};
    socklen_t n = sizeof info;

    if (getsockopt(conn->fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0) {
        return false;
    }
    if (!atomic_load(&conn->answered)) {
        return info.tcpi_bytes_received > 0;
    }
    return now - (int64_t)info.tcpi_last_data_recv > idle_since + CONN_TICKS_MS;
}

static void notice_first_byte(struct conn *conn, int64_t now, int64_t idle_since)
{
    int64_t unset = DEADLINE_UNSET;

    if (has_first_byte(conn, now, idle_since)) {
        atomic_compare_exchange_strong(&conn->deadline_ms, &unset, now + REQUEST_READ_MS_MAX);
    }
}

/*
 * A unix socket counts no bytes: there the time until the request line runs from the beginning of
 * the wait. Its peer is the machine's own proxy, which sends requests in one piece.
 */
static bool past_deadline(struct conn *conn, int64_t now, bool crowded)
{
    int64_t deadline = atomic_load(&conn->deadline_ms);
    int64_t idle_since = atomic_load(&conn->idle_since_ms), idle = now - idle_since;

    if (conn->tcp && deadline == DEADLINE_UNSET) {
        notice_first_byte(conn, now, idle_since);
        deadline = atomic_load(&conn->deadline_ms);
    }
    if (deadline != DEADLINE_UNSET) {
        return now > deadline;
    }
    return (crowded && idle > IDLE_CROWDED_MS_MAX) || (!conn->tcp && idle > REQUEST_READ_MS_MAX);
}

size_t conns_sweep(struct conns *conns, int64_t now_ms)
{
    size_t cuts = 0;

    pthread_mutex_lock(&conns->lock);
    for (struct conn *c = conns->first; c; c = c->next) {
        if (!c->cut && past_deadline(c, now_ms, conns->n > conns->max / 10 * 9)) {
            cut(c);
            cuts++;
        }
    }
    pthread_mutex_unlock(&conns->lock);
    return cuts;
}

size_t conns_count(struct conns *conns)
{
    size_t n;

    pthread_mutex_lock(&conns->lock);
    n = conns->n;
    pthread_mutex_unlock(&conns->lock);
    return n;
}
