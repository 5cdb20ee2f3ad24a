/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/intake.h"

#include <stdlib.h>
#include <string.h>

#include "api/caller.h"
#include "api/clock.h"
#include "api/conns.h"
#include "api/path.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/server.h"

/* --- From the request line to the body ------------------------------------------------------- */

static struct conn *conn_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

/*
 * A request is large, and so is what it points to: malloc would put together and take apart its
 * free pieces for each. So some that have ended stay at hand, with the room for an entry.
 */
static struct request *request_new(struct server *server)
{
    struct worker *w = worker_mine(&server->workers);
    struct request *rq = w && w->n_spare > 0 ? w->spare[--w->n_spare] : NULL;
    struct entry *entry = rq ? rq->entry : NULL;

    rq = rq ? rq : malloc(sizeof *rq);
    if (rq) {
        memset(rq, 0, offsetof(struct request, headers));
        rq->server = server;
        rq->entry = entry;
    }
    return rq;
}

static void request_free(struct request *rq)
{
    struct worker *w = worker_mine(&rq->server->workers);

    free(rq->body);
    if (w && w->n_spare < SPARE_MAX) {
        w->spare[w->n_spare++] = rq;
        return;
    }
    free(rq->entry);
    free(rq);
}

/* The raw target, before anything decodes it. What is returned becomes the request's context. */
void *intake_line(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct request *rq = request_new(cls);

    if (rq) {
        rq->connection = connection;
        rq->conn = conn_of(connection);
        rq->uri_flaw = path_check(target);
        conn_request_begins(rq->conn);
    }
    return rq;
}

/* The characters of a field name as RFC 9110 section 5.6.2 has it. */
static const bool token[256] = {
    ['!'] = true, ['#' ... '\''] = true, ['*'] = true, ['+'] = true, ['-'] = true, ['.'] = true,
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['^' ... 'z'] = true, ['|'] = true, ['~'] = true};

static bool is_token(const char *name, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!token[(unsigned char)name[i]]) {
            return false;
        }
    }
    return n > 0;
}

/* What of the headers says where the request ends. */
struct framing {
    bool odd, encoded; /* a name that is no token; a Transfer-Encoding */
    size_t lengths;
    const char *length; /* of the last Content-Length */
};

static bool is_named(const char *key, size_t key_len, const char *name, size_t n)
{
    return key_len == n && strncasecmp(key, name, n) == 0;
}

#define IS_NAMED(key, key_len, name) is_named(key, key_len, name, sizeof name - 1)

static enum MHD_Result take_header(void *cls, enum MHD_ValueKind kind, const char *key,
                                   size_t key_len, const char *value, size_t value_len)
{
    struct framing *f = cls;

    (void)kind;
    (void)value_len;
    f->odd = f->odd || !is_token(key, key_len);
    f->encoded = f->encoded || IS_NAMED(key, key_len, MHD_HTTP_HEADER_TRANSFER_ENCODING);
    if (IS_NAMED(key, key_len, MHD_HTTP_HEADER_CONTENT_LENGTH)) {
        f->lengths++;
        f->length = value;
    }
    return MHD_YES;
}

/* What would let this request mean something else to a proxy in front of us. */
static enum code framing_flaw(struct request *rq, uint64_t *length)
{
    struct framing f = {0};
    char *end;

    *length = 0;
    /* "Transfer-Encoding :" is a name of its own to us, and may be the encoding to another. */
    MHD_get_connection_values_n(rq->connection, MHD_HEADER_KIND, take_header, &f);
    if (f.odd || f.encoded) {
        return CODE_transfer_encoding;
    }
    if (f.lengths == 0) {
        return CODE_OK;
    }
    if (f.lengths > 1 || !f.length || f.length[0] < '0' || f.length[0] > '9') {
        return CODE_length_invalid;
    }
    *length = strtoull(f.length, &end, 10);
    return *end ? CODE_length_invalid : CODE_OK;
}

static bool media_type_is(const char *value, const char *type)
{
    size_t n = strlen(type);

    return value && strncasecmp(value, type, n) == 0 &&
           (value[n] == '\0' || value[n] == ';' || value[n] == ' ');
}

static void check_body(struct request *rq, uint64_t length)
{
    static const char *const types[] = {NULL, "text/plain", "application/json"};
    const char *expected = types[rq->route->body];
    const char *type = MHD_lookup_connection_value(rq->connection, MHD_HEADER_KIND,
                                                   MHD_HTTP_HEADER_CONTENT_TYPE);

    if (length > BODY_BYTES_MAX) {
        refuse(&rq->refused, CODE_body_too_large, "", "at most 65536 bytes", "%llu",
               (unsigned long long)length);
    } else if (!expected && length > 0) {
        refuse(&rq->refused, CODE_body_invalid, "", "no body", "%llu bytes",
               (unsigned long long)length);
    } else if (expected && !media_type_is(type, expected)) {
        refuse(&rq->refused, CODE_media_type, "", expected, "%s", type ? type : "no Content-Type");
    }
}

static void find_route(struct request *rq, const char *method, const char *url)
{
    enum code why = CODE_OK;
    char allow[64];

    rq->route = route_find(method, url, &rq->args, &why, allow);
    if (!rq->route) {
        refuse(&rq->refused, why, "", allow[0] ? allow : NULL, "%s", allow[0] ? method : "");
        if (allow[0]) {
            reply_header(rq, MHD_HTTP_HEADER_ALLOW, allow);
        }
    }
}

/*
 * The first call for a request: everything that can be decided without the body. A refusal waits
 * until the body has been read and dropped, unless that cannot be done safely; then it goes at
 * once, and the connection ends.
 */
static void start(struct request *rq, const char *method, const char *url)
{
    uint64_t length;
    enum code flaw = framing_flaw(rq, &length);

    rq->started = true;
    if (flaw != CODE_OK) {
        reply_header(rq, MHD_HTTP_HEADER_CONNECTION, "close");
        reply_code(rq, flaw, NULL);
        return;
    }
    if (rq->uri_flaw != CODE_OK) {
        rq->refused.code = rq->uri_flaw;
    } else {
        find_route(rq, method, url);
    }
    if (rq->refused.code == CODE_OK) {
        check_body(rq, length);
    }
    if (length > DRAIN_BYTES_MAX) {
        reply_header(rq, MHD_HTTP_HEADER_CONNECTION, "close");
        reply_refusal(rq, &rq->refused);
    } else if (rq->refused.code == CODE_OK && length > 0) {
        rq->body_size = (size_t)length;
        rq->body = malloc(rq->body_size + 1);
    }
}

static void take_body(struct request *rq, const char *data, size_t n)
{
    if (!rq->body || n > rq->body_size - rq->body_len) {
        return; /* refused already, or drained */
    }
    memcpy(rq->body + rq->body_len, data, n);
    rq->body_len += n;
    rq->body[rq->body_len] = '\0';
}

/* --- Running a handler ----------------------------------------------------------------------- */

static void job_done(struct job *job)
{
    struct request *rq = job->owner;

    stats_append(&rq->server->stats, (uint64_t)(clock_monotonic_us() - rq->job_started_us));
    atomic_store(&rq->job_done, true);
    /* The last touch: the request may be freed at once. */
    loop_resume(rq->loop, rq->connection);
}

static void store_shows(struct settle *store)
{
    struct request *rq = store->owner;

    loop_resume(rq->loop, rq->connection);
}

/*
 * Makes the request wait for the writer. The connection is suspended before the writer hears of it,
 * because that may be done, and resume it, before the call returns. Once the server is stopping
 * nothing is suspended any more: it waits for what is in flight.
 */
static bool suspend(struct request *rq)
{
    struct server *server = rq->server;

    atomic_fetch_add(&server->in_flight, 1);
    if (atomic_load(&server->stopping)) {
        atomic_fetch_sub(&server->in_flight, 1);
        return false;
    }
    rq->suspended = true;
    rq->loop = loop_mine();
    MHD_suspend_connection(rq->connection);
    return true;
}

/* Hands the job to the writer. When it does not take it the request goes on at once. */
static void submit(struct request *rq)
{
    rq->job.owner = rq;
    rq->job.done = job_done;
    rq->job.deadline_ms = writer_now_monotonic_ms() + JOB_DEADLINE_MS;
    rq->job_started_us = clock_monotonic_us();
    if (!suspend(rq)) {
        rq->outcome = OUTCOME_NONE;
        reply_code(rq, CODE_too_busy, "the server is stopping; try again with the same id");
    } else if (!writer_submit(rq->server->writer, &rq->job)) {
        loop_resume(rq->loop, rq->connection);
    }
}

/*
 * Opens a snapshot for the request, of which a hasty look may know less than is there; false when
 * the store cannot be read now.
 */
static bool begin(struct request *rq, bool hasty)
{
    struct worker *w = worker_mine(&rq->server->workers);
    struct writer *writer = rq->server->writer;

    rq->generation = side_generation(rq->server->node->side);
    if (!w || !(hasty ? worker_begin_hasty(w, writer) : worker_begin(w, writer))) {
        return false;
    }
    rq->worker = w;
    rq->state = &w->state;
    rq->head = w->head;
    rq->checkpoint = w->checkpoint;
    rq->now_ms = clock_unix_ms();
    if (rq->now_ms < w->last_at) {
        rq->now_ms = w->last_at;
    }
    return true;
}

/*
 * For what comes after a job, which brings all that its answer says: the worker's room, and a
 * snapshot only where the job has asked for one.
 */
static bool begin_after(struct request *rq)
{
    if (rq->job.settle) {
        return begin(rq, false);
    }
    rq->worker = worker_mine(&rq->server->workers);
    return rq->worker != NULL;
}

static void end(struct request *rq)
{
    worker_end(rq->worker);
    rq->worker = NULL;
    rq->state = NULL;
}

/* What only reads, and answers with more than a few words. */
static bool is_safe(const struct request *rq)
{
    return strcmp(rq->route->method, "GET") == 0;
}

/*
 * A browser sends the cookie with what another site makes it post, unless SameSite stops it; a site
 * on a sibling host is the same site. A program that shows its token means what it does.
 */
static bool comes_from_us(struct request *rq)
{
    bool from_cookie;
    const char *site, *origin, *host;

    if (is_safe(rq) || !caller_token(rq, &from_cookie) || !from_cookie) {
        return true;
    }
    site = MHD_lookup_connection_value(rq->connection, MHD_HEADER_KIND, "Sec-Fetch-Site");
    origin = MHD_lookup_connection_value(rq->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ORIGIN);
    host = MHD_lookup_connection_value(rq->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
    if (origin) {
        const char *scheme = strstr(origin, "://");

        origin = scheme ? scheme + strlen("://") : ""; /* "null" is nobody */
    }
    if ((site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0) ||
        (origin && (!host || strcasecmp(origin, host) != 0))) {
        reply_code(rq, CODE_forbidden, "another site may not act with this session (SPEC 12.2)");
        return false;
    }
    return true;
}

static void run(struct request *rq)
{
    bool behind = !rq->shown && writer_ahead(rq->server->writer);

    if (behind && !(rq->route->flags & ROUTE_HASTY)) {
        rq->outcome = OUTCOME_SETTLE;
        return;
    }
    if (is_safe(rq) && atomic_load(&rq->server->reply_bytes) > REPLIES_BYTES_MAX) {
        reply_code(rq, CODE_too_busy, "too many answers are on their way; ask again");
        return;
    }
    if (!begin(rq, behind)) {
        reply_code(rq, CODE_internal, "the store cannot be read now");
        return;
    }
    rq->hasty = behind;
    if (comes_from_us(rq) && caller_find(rq)) {
        rq->route->handle(rq);
    }
    rq->hasty = false;
    rq->hasty_job = behind;
    end(rq);
}

static void look(struct request *rq);

/*
 * Who was answered, here or elsewhere, finds it in whatever he asks next: the request waits until
 * the store shows all that was answered when it came.
 */
static void await_store(struct request *rq)
{
    rq->shown = true;
    rq->outcome = OUTCOME_SETTLE;
    if (suspend(rq)) {
        rq->store = (struct settle){.done = store_shows, .owner = rq};
        if (!writer_settle(rq->server->writer, &rq->store)) {
            loop_resume(rq->loop, rq->connection);
        }
    } else { /* the server is stopping: only those who are on their way are answered */
        writer_catch_up(rq->server->writer);
        rq->outcome = OUTCOME_NONE;
        look(rq);
    }
}

static void look(struct request *rq)
{
    run(rq);
    if (rq->outcome == OUTCOME_SETTLE) {
        await_store(rq);
    } else if (rq->outcome == OUTCOME_SUBMIT) {
        submit(rq);
    }
}

/* The whole request is there: answer it. */
static void finish(struct request *rq)
{
    conn_request_read(rq->conn);
    if (rq->refused.code != CODE_OK) {
        reply_refusal(rq, &rq->refused);
    } else if (rq->body_len != rq->body_size || (rq->body_size > 0 && !rq->body)) {
        reply_code(rq, CODE_internal, "no memory for the body");
    } else if (rq->route->flags & ROUTE_BARE) {
        rq->route->handle(rq);
    } else {
        look(rq);
    }
    assert(rq->outcome != OUTCOME_NONE);
}

/* The writer has decided, or did not take the job. */
static void decided(struct request *rq)
{
    const char *read_only = writer_read_only(rq->server->writer);
    const struct job *job = &rq->job;

    if (atomic_load(&rq->job_done) && rq->hasty_job && job->result == JOB_REFUSED &&
        job->refusal_len == 0) {
        atomic_store(&rq->job_done, false);
        await_store(rq);
        return;
    }
    if (!atomic_load(&rq->job_done)) {
        reply_code(rq, read_only ? CODE_read_only : CODE_too_busy, read_only);
    } else if (!begin_after(rq)) {
        reply_code(rq, CODE_internal, "the store cannot be read now: ask again");
    } else {
        rq->settle(rq);
        rq->resume(rq);
        end(rq);
    }
    assert(rq->outcome == OUTCOME_REPLIED);
}

/* The writer has done what the request waited for. The client is still there. */
static void go_on(struct request *rq)
{
    bool looks_again = rq->outcome == OUTCOME_SETTLE;

    rq->suspended = false;
    rq->outcome = OUTCOME_NONE;
    atomic_fetch_sub(&rq->server->in_flight, 1);
    if (looks_again) {
        look(rq);
    } else {
        decided(rq);
    }
}

/* The same for a client that has gone meanwhile. */
static void settle_abandoned(struct request *rq)
{
    rq->suspended = false;
    atomic_fetch_sub(&rq->server->in_flight, 1);
    if (rq->outcome == OUTCOME_SUBMIT && atomic_load(&rq->job_done) && begin_after(rq)) {
        rq->settle(rq);
        end(rq);
    }
}

enum MHD_Result intake_data(void *cls, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *data_size, void **context)
{
    struct request *rq = *context;

    (void)cls;
    (void)connection;
    (void)version;
    if (!rq) {
        return MHD_NO; /* no memory for a request */
    }
    if (!rq->started) {
        start(rq, method, url);
    } else if (*data_size > 0) {
        take_body(rq, data, *data_size);
        *data_size = 0;
    } else if (rq->suspended) {
        go_on(rq);
    } else {
        finish(rq);
    }
    return MHD_YES;
}

void intake_end(void *cls, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct request *rq = *context;

    (void)cls;
    (void)connection;
    (void)code;
    if (!rq) {
        return;
    }
    /* A sleeping connection is looked at only after it was woken: the writer is done with it. */
    if (rq->suspended) {
        settle_abandoned(rq);
    }
    if (rq->status) {
        stats_request(&rq->server->stats, route_number(rq->route), rq->status);
    }
    if (rq->reply_bytes > 0) {
        atomic_fetch_sub(&rq->server->reply_bytes, rq->reply_bytes);
    }
    conn_request_ends(rq->conn);
    request_free(rq);
    *context = NULL;
}
