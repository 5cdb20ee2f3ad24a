/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/load.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/limits.h"

#define HEAD_MAX 4096     /* of an answer, or what is kept of it for a message */
#define ANSWERS_WAIT_S 20 /* after the last request */
#define EVENTS_MAX 256

/* One connection and the request that it has under way. */
struct line {
    int fd;
    const struct load_request *request; /* NULL: idle */
    size_t sent, got, whole;            /* bytes; whole is 0 until the head has been read */
    bool sends; /* the socket's buffer was full: wait for room too */
    double due_s;
    char head[HEAD_MAX + 1];
};

struct run {
    const struct load_plan *plan;
    int epoll;
    struct line *lines;
    struct line **idle; /* a ring: who has waited longest is next, as with clients of their own */
    size_t first_idle, n_idle, next, answered, bytes;
    double *latency_us;
    size_t latency_size;
    double start_s, last_s;
    bool failed;
};

static int open_line(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0)
        return fd;
    perror("bench: connecting to the server");
    if (fd >= 0)
        close(fd);
    return -1;
}

/* --- Answers ---------------------------------------------------------------------------------- */

/* Looks for the end of the head once enough is there. False when it is no answer of ours. */
static bool read_head(struct line *l)
{
    size_t there = l->got < HEAD_MAX ? l->got : HEAD_MAX;
    l->head[there] = '\0';
    const char *end = strstr(l->head, "\r\n\r\n");
    if (end == NULL)
        return there < HEAD_MAX;
    const char *length = strcasestr(l->head, "\r\nContent-Length: ");
    if (strncmp(l->head, "HTTP/1.1 ", 9) != 0 || length == NULL || length > end)
        return false;
    l->whole = (size_t)(end + 4 - l->head) +
               (size_t)strtoul(length + strlen("\r\nContent-Length: "), NULL, 10);
    return true;
}

static int status_of(const struct line *l)
{
    return (int)strtol(l->head + strlen("HTTP/1.1 "), NULL, 10);
}

/* Reads what has come; 1 when the answer is whole, 0 when more must come, -1 on a failure. */
static int take_answer(struct line *l)
{
    char rest[65536];
    for (;;) {
        bool into_head = l->got < HEAD_MAX;
        ssize_t n = into_head ? recv(l->fd, l->head + l->got, HEAD_MAX - l->got, MSG_DONTWAIT)
                              : recv(l->fd, rest, sizeof rest, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return 0;
        if (n <= 0)
            return -1;
        l->got += (size_t)n;
        if (l->whole == 0 && !read_head(l))
            return -1;
        if (l->whole != 0 && l->got >= l->whole)
            return l->got == l->whole ? 1 : -1;
    }
}

/* --- The loop --------------------------------------------------------------------------------- */

static void fail(struct run *run, const struct line *l, const char *what)
{
    if (!run->failed)
        fprintf(stderr, "bench: %s%s%.600s\n", what, l != NULL ? ": " : "",
                l != NULL ? l->head : "");
    run->failed = true;
}

static void put_idle(struct run *run, struct line *l)
{
    run->idle[(run->first_idle + run->n_idle++) % run->plan->connections] = l;
}

static struct line *take_idle(struct run *run)
{
    struct line *l = run->idle[run->first_idle];
    run->first_idle = (run->first_idle + 1) % run->plan->connections;
    run->n_idle--;
    return l;
}

static void send_more(struct run *run, struct line *l)
{
    const struct load_request *r = l->request;
    while (l->sent < r->n) {
        ssize_t n = send(l->fd, r->bytes + l->sent, r->n - l->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0 && errno != EINTR) {
            fail(run, NULL, "a connection broke while sending");
            return;
        }
        l->sent += n > 0 ? (size_t)n : 0;
    }
    if (l->sends != (l->sent < r->n)) {
        l->sends = !l->sends;
        struct epoll_event e = {.events = EPOLLIN | (l->sends ? (uint32_t)EPOLLOUT : 0),
                                .data.ptr = l};
        epoll_ctl(run->epoll, EPOLL_CTL_MOD, l->fd, &e);
    }
}

/* When the next request falls due; past the end when there is none. */
static double next_due(const struct run *run, double now)
{
    const struct load_plan *p = run->plan;
    double due = p->per_second > 0 ? run->start_s + (double)run->next / p->per_second : now;
    bool none = (!p->again && run->next >= p->n_requests) || due - run->start_s >= p->seconds;
    return none ? HUGE_VAL : due;
}

static double send_due(struct run *run)
{
    double now = bench_now_s(), due;
    while ((due = next_due(run, now)) <= now && run->n_idle > 0 && !run->failed) {
        struct line *l = take_idle(run);
        l->request = &run->plan->requests[run->next++ % run->plan->n_requests];
        l->sent = l->got = l->whole = 0;
        l->due_s = due;
        send_more(run, l);
    }
    return due;
}

static void count(struct run *run, struct line *l)
{
    double now = bench_now_s();
    if (run->answered == run->latency_size) {
        run->latency_size = run->latency_size * 2 + 4096;
        run->latency_us = realloc(run->latency_us, run->latency_size * sizeof *run->latency_us);
        if (run->latency_us == NULL)
            abort();
    }
    run->latency_us[run->answered++] = (now - l->due_s) * 1e6;
    run->bytes += l->whole;
    run->last_s = now;
    if (status_of(l) != run->plan->status)
        fail(run, l, "not the answer that was expected");
    l->request = NULL;
    put_idle(run, l);
}

static void look(struct run *run, const struct epoll_event *e)
{
    struct line *l = e->data.ptr;
    if (l->request == NULL) {
        fail(run, NULL, "the server closed an idle connection");
        return;
    }
    if (e->events & EPOLLOUT)
        send_more(run, l);
    int code = take_answer(l);
    if (code < 0)
        fail(run, l, "an answer broke off");
    else if (code > 0)
        count(run, l);
}

static void drive(struct run *run)
{
    struct epoll_event events[EVENTS_MAX];
    double give_up_s = run->start_s + run->plan->seconds + ANSWERS_WAIT_S;
    while (!run->failed) {
        double due = send_due(run), now = bench_now_s();
        bool waits = run->n_idle < run->plan->connections;
        if (!waits && due == HUGE_VAL)
            return;
        if (now > give_up_s) {
            fail(run, NULL, "answers are missing");
            return;
        }
        double wait = due > now && due < now + 1 ? due - now : due <= now && !waits ? 0 : 1;
        struct timespec t = {.tv_sec = (time_t)wait,
                             .tv_nsec = (long)((wait - (double)(time_t)wait) * 1e9)};
        int n = epoll_pwait2(run->epoll, events, EVENTS_MAX, &t, NULL);
        for (int i = 0; i < n; i++)
            look(run, &events[i]);
    }
}

static bool open_lines(struct run *run)
{
    size_t n = run->plan->connections;
    run->epoll = epoll_create1(EPOLL_CLOEXEC);
    run->lines = calloc(n, sizeof *run->lines);
    run->idle = calloc(n, sizeof *run->idle);
    if (run->epoll < 0 || run->lines == NULL || run->idle == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        struct line *l = &run->lines[i];
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = l};
        l->fd = open_line(run->plan->port);
        if (l->fd < 0 || epoll_ctl(run->epoll, EPOLL_CTL_ADD, l->fd, &e) != 0)
            return false;
        put_idle(run, l);
    }
    return true;
}

static void close_lines(struct run *run)
{
    for (size_t i = 0; run->lines != NULL && i < run->plan->connections; i++)
        if (run->lines[i].fd > 0)
            close(run->lines[i].fd);
    if (run->epoll >= 0)
        close(run->epoll);
    free(run->lines);
    free(run->idle);
    free(run->latency_us);
}

bool load_run(const struct load_plan *plan, struct load_result *out)
{
    struct run run = {.plan = plan};
    assert(plan->n_requests > 0 && plan->connections > 0);
    *out = (struct load_result){0};
    bool ok = open_lines(&run);
    if (ok) {
        double cpu = bench_cpu_s();
        run.start_s = run.last_s = bench_now_s();
        drive(&run);
        ok = !run.failed && run.answered > 0;
        double n = (double)run.answered, seconds = run.last_s - run.start_s;
        *out = (struct load_result){
            .answered = run.answered,
            .seconds = seconds,
            .per_second = n / seconds,
            .answer_bytes = (double)run.bytes / n,
            .own_cpu_us = (bench_cpu_s() - cpu) / n * 1e6,
            .p50_us = bench_percentile(run.latency_us, run.answered, 0.5),
            .p99_us = bench_percentile(run.latency_us, run.answered, 0.99),
            .max_us = bench_percentile(run.latency_us, run.answered, 1)};
    }
    close_lines(&run);
    return ok;
}

int load_ask(uint16_t port, const char *request, size_t n, char *answer, size_t size)
{
    struct load_request r = {request, n};
    size_t got = 0;
    int status = 0, fd = open_line(port);
    answer[0] = '\0';
    if (fd < 0)
        return 0;
    for (size_t sent = 0; sent < r.n;) {
        ssize_t part = send(fd, r.bytes + sent, r.n - sent, MSG_NOSIGNAL);
        if (part <= 0)
            break;
        sent += (size_t)part;
    }
    for (ssize_t part = 1; part > 0 && got + 1 < size; got += part > 0 ? (size_t)part : 0) {
        const char *end, *length;
        part = recv(fd, answer + got, size - 1 - got, 0);
        answer[got + (part > 0 ? (size_t)part : 0)] = '\0';
        end = strstr(answer, "\r\n\r\n");
        length = strcasestr(answer, "\r\nContent-Length: ");
        if (end != NULL && length != NULL &&
            strlen(end + 4) >= strtoul(length + strlen("\r\nContent-Length: "), NULL, 10))
            part = 0;
    }
    close(fd);
    if (strncmp(answer, "HTTP/1.1 ", 9) == 0)
        status = (int)strtol(answer + 9, NULL, 10);
    if (status == 0)
        fprintf(stderr, "bench: no answer to a request\n");
    return status;
}
