/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/clock.h"
#include "api/conns.h"

/* Deadlines are also tested over HTTP, by test_hostile.py. */

static void make_pair(int fds[static 2])
{
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
}

/* The same over TCP, which counts what comes. */
static void make_tcp_pair(int fds[static 2])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int listening = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert_eq(bind(listening, (struct sockaddr *)&at, n), 0);
    cr_assert_eq(listen(listening, 1), 0);
    cr_assert_eq(getsockname(listening, (struct sockaddr *)&at, &n), 0);
    fds[1] = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(fds[1], (struct sockaddr *)&at, n), 0);
    fds[0] = accept(listening, NULL, NULL);
    cr_assert_geq(fds[0], 0);
    close(listening);
}

static size_t sweep_in(struct conns *conns, int64_t ms)
{
    return conns_sweep(conns, clock_coarse_ms() + ms);
}

static void send_byte(int fd)
{
    cr_assert_eq(send(fd, "G", 1, MSG_NOSIGNAL), 1);
    usleep(5000); /* the other end has it */
}

static bool is_shut(int fd)
{
    char byte;

    usleep(1000);
    errno = 0;
    return recv(fd, &byte, 1, MSG_DONTWAIT) <= 0 && errno != EAGAIN;
}

Test(conns, a_fresh_connection_is_left_alone)
{
    struct conns *conns = conns_new(100);
    int fds[2];
    struct conn *conn;

    make_pair(fds);
    conn = conns_add(conns, fds[0]);
    cr_assert(conn);
    cr_expect_eq(conns_count(conns), 1);
    cr_expect_eq(sweep_in(conns, 0), 0);
    conn_request_begins(conn);
    cr_expect_eq(sweep_in(conns, 0), 0);
    conn_request_read(conn);
    cr_expect_eq(sweep_in(conns, 0), 0);
    conn_reply_begins(conn);
    cr_expect_eq(sweep_in(conns, 0), 0);
    conn_request_ends(conn);
    cr_expect_eq(sweep_in(conns, 0), 0);
    cr_expect_not(is_shut(fds[1]));
    conns_remove(conns, conn);
    cr_expect_eq(conns_count(conns), 0);
    conns_free(conns);
}

static void end_request(struct conn *conn)
{
    conn_request_begins(conn);
    conn_request_read(conn);
    conn_reply_begins(conn);
    conn_request_ends(conn);
}

Test(conns, every_part_of_a_request_has_its_deadline)
{
    struct conns *conns = conns_new(100);
    int fds[2];
    struct conn *conn;

    make_pair(fds);
    conn = conns_add(conns, fds[0]);
    conn_request_begins(conn);
    conn_request_read(conn);
    cr_expect_eq(sweep_in(conns, 10 * REPLY_WRITE_MS_MAX), 0, "it is ours to work");
    conn_reply_begins(conn);
    cr_expect_eq(sweep_in(conns, REPLY_WRITE_MS_MAX - 100), 0);
    cr_expect_eq(sweep_in(conns, REPLY_WRITE_MS_MAX + 100), 1);
    conns_remove(conns, conn);
    make_pair(fds);
    conn = conns_add(conns, fds[0]);
    conn_request_begins(conn);
    cr_expect_eq(sweep_in(conns, REQUEST_READ_MS_MAX - 100), 0);
    cr_expect_eq(sweep_in(conns, REQUEST_READ_MS_MAX + 100), 1);
    conns_remove(conns, conn);
    conns_free(conns);
}

/* libmicrohttpd tells of a request only when its first line is there. */
Test(conns, the_first_byte_starts_the_clock_before_the_first_line_is_there)
{
    struct conns *conns = conns_new(100);
    int fds[2];
    struct conn *conn;

    make_tcp_pair(fds);
    conn = conns_add(conns, fds[0]);
    cr_expect_eq(sweep_in(conns, 0), 0);
    send_byte(fds[1]);
    cr_expect_eq(sweep_in(conns, 0), 0);
    cr_expect_eq(sweep_in(conns, REQUEST_READ_MS_MAX - 100), 0);
    cr_expect_eq(sweep_in(conns, REQUEST_READ_MS_MAX + 100), 1);
    cr_expect(is_shut(fds[1]));
    conns_remove(conns, conn);
    conns_free(conns);
}

Test(conns, the_first_byte_after_an_answer_starts_it_too)
{
    struct conns *conns = conns_new(100);
    int fds[2];
    struct conn *conn;

    make_tcp_pair(fds);
    conn = conns_add(conns, fds[0]);
    send_byte(fds[1]);
    end_request(conn);
    usleep(2 * CONN_TICKS_MS * 1000);
    cr_expect_eq(sweep_in(conns, 0), 0);
    cr_expect_eq(sweep_in(conns, 0), 0);
    send_byte(fds[1]);
    cr_expect_eq(sweep_in(conns, 0), 0);
    cr_expect_eq(sweep_in(conns, REQUEST_READ_MS_MAX + 100), 1);
    cr_expect(is_shut(fds[1]));
    conns_remove(conns, conn);
    conns_free(conns);
}

Test(conns, what_the_last_request_sent_starts_no_clock)
{
    struct conns *conns = conns_new(100);
    int fds[2];
    struct conn *conn;

    make_tcp_pair(fds);
    conn = conns_add(conns, fds[0]);
    send_byte(fds[1]);
    usleep(50000); /* the answer takes a while */
    end_request(conn);
    usleep(2 * CONN_TICKS_MS * 1000);
    cr_expect_eq(sweep_in(conns, 0), 0);
    cr_expect_eq(sweep_in(conns, REQUEST_READ_MS_MAX + 100), 0);
    cr_expect_not(is_shut(fds[1]));
    conns_remove(conns, conn);
    conns_free(conns);
}

Test(conns, a_cut_ends_both_directions_once)
{
    struct conns *conns = conns_new(100);
    int fds[2];
    struct conn *conn;

    make_pair(fds);
    conn = conns_add(conns, fds[0]);
    conn_cut(conn);
    cr_expect(is_shut(fds[1]));
    cr_expect_eq(send(fds[1], "x", 1, MSG_NOSIGNAL), -1);
    cr_expect_eq(errno, EPIPE);
    conn_cut(conn);
    cr_expect_eq(sweep_in(conns, 0), 0, "what is cut is not cut again");
    conns_remove(conns, conn);
    conns_free(conns);
}

Test(conns, idle_ones_go_early_only_when_places_are_short)
{
    struct conns *conns = conns_new(2);
    int idle[2], busy[2];
    struct conn *first, *second;

    make_pair(idle);
    make_pair(busy);
    first = conns_add(conns, idle[0]);
    second = conns_add(conns, busy[0]);
    conn_request_begins(second);
    cr_expect_eq(sweep_in(conns, 0), 0);
    cr_expect_eq(sweep_in(conns, IDLE_CROWDED_MS_MAX + 100), 1);
    cr_expect(is_shut(idle[1]));
    cr_expect_not(is_shut(busy[1]), "a request is under way there");
    conns_remove(conns, first);
    conns_remove(conns, second);
    conns_free(conns);
}

Test(conns, the_list_survives_any_order_of_ends)
{
    struct conns *conns = conns_new(100);
    struct conn *conn[6];
    static const int order[] = {2, 0, 5, 3, 1, 4};
    int fds[2];

    make_pair(fds);
    for (int i = 0; i < 6; i++) {
        conn[i] = conns_add(conns, fds[0]);
    }
    for (int i = 0; i < 6; i++) {
        conns_remove(conns, conn[order[i]]);
        cr_expect_eq(conns_count(conns), (size_t)(5 - i));
        cr_expect_eq(sweep_in(conns, 0), 0);
    }
    conns_remove(conns, NULL);
    conns_free(conns);
}
