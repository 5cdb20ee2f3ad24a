/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/conns.h"

/* Deadlines themselves are half a minute and are tested over HTTP by test_hostile.py. */

static void make_pair(int fds[static 2])
{
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
}

static bool is_shut(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
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
    cr_expect_eq(conns_sweep(conns), 0);
    conn_request_begins(conn);
    cr_expect_eq(conns_sweep(conns), 0);
    conn_request_read(conn);
    cr_expect_eq(conns_sweep(conns), 0);
    conn_reply_begins(conn);
    cr_expect_eq(conns_sweep(conns), 0);
    conn_request_ends(conn);
    cr_expect_eq(conns_sweep(conns), 0);
    cr_expect_not(is_shut(fds[1]));
    conns_remove(conns, conn);
    cr_expect_eq(conns_count(conns), 0);
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
    cr_expect_eq(conns_sweep(conns), 0, "what is cut is not cut again");
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
    cr_expect_eq(conns_sweep(conns), 0);
    usleep((IDLE_CROWDED_MS_MAX + 100) * 1000);
    cr_expect_eq(conns_sweep(conns), 1);
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
        cr_expect_eq(conns_sweep(conns), 0);
    }
    conns_remove(conns, NULL);
    conns_free(conns);
}
