/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/reply.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/conns.h"
#include "api/json_out.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/spare.h"
#include "api/view.h"
#include "api/worker.h"
#include "crypto/text.h"
#include "policies/window.h"

#define JSON_TYPE "application/json"
#define PROBLEM_TYPE "application/problem+json"

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    enum MHD_Result added = MHD_add_response_header(response, name, value);

    assert(added == MHD_YES);
}

static bool has_header(const struct request *rq, const char *name)
{
    for (size_t i = 0; i < rq->n_headers; i++) {
        if (strcmp(rq->headers[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void add_headers(struct request *rq, struct MHD_Response *response, const char *type)
{
    if (type) {
        add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    }
    add_header(response, "X-Content-Type-Options", "nosniff");
    add_header(response, "Referrer-Policy", "no-referrer");
    if (!has_header(rq, "Content-Security-Policy")) {
        add_header(response, "Content-Security-Policy",
                   "default-src 'none'; style-src 'self'; frame-ancestors 'none'; "
                   "base-uri 'none'; form-action 'none'");
    }
    for (size_t i = 0; i < rq->n_headers; i++) {
        add_header(response, rq->headers[i].name, rq->headers[i].value);
    }
}

/* Queues the one reply, whose headers are there already; the response is still the caller's. */
static void queue_whole(struct request *rq, int status, struct MHD_Response *response)
{
    assert(rq->outcome == OUTCOME_NONE && response);
    if (rq->hasty) {
        rq->n_headers = 0;
        rq->outcome = OUTCOME_SETTLE;
        return;
    }
    rq->status = status;
    rq->outcome = OUTCOME_REPLIED;
    conn_reply_begins(rq->conn);
    if (MHD_queue_response(rq->connection, (unsigned)status, response) != MHD_YES) {
        /* libmicrohttpd refuses only when the connection is going down anyway. */
        conn_cut(rq->conn);
    }
}

static void complete(struct request *rq, const char *type, struct MHD_Response *response)
{
    assert(response);
    if (!has_header(rq, MHD_HTTP_HEADER_CACHE_CONTROL)) {
        reply_header(rq, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    }
    add_headers(rq, response, type);
}

/*
 * Queues the one reply; takes the response, NULL when there was no memory for it. It holds `bytes`
 * of memory until the request ends.
 */
static void queue(struct request *rq, int status, const char *type, struct MHD_Response *response,
                  size_t bytes)
{
    complete(rq, type, response);
    queue_whole(rq, status, response);
    if (rq->outcome == OUTCOME_REPLIED) {
        rq->reply_bytes = bytes;
        atomic_fetch_add(&rq->server->reply_bytes, bytes);
    }
    MHD_destroy_response(response);
}

void reply_header(struct request *rq, const char *name, const char *value)
{
    assert(rq->n_headers < REPLY_HEADERS_MAX);
    rq->headers[rq->n_headers].name = name;
    size_t n = strnlen(value, sizeof rq->headers[0].value - 1);
    memcpy(rq->headers[rq->n_headers].value, value, n);
    rq->headers[rq->n_headers].value[n] = '\0';
    rq->n_headers++;
}

static void reply_json_as(struct request *rq, int status, const char *type, json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);
    size_t n;

    json_decref(body);
    assert(text);
    n = strlen(text);
    queue(rq, status, type, MHD_create_response_from_buffer(n, text, MHD_RESPMEM_MUST_FREE), n);
}

void reply_json(struct request *rq, int status, json_t *body)
{
    assert(json_is_object(body));
    reply_json_as(rq, status, JSON_TYPE, body);
}

void reply_json_out(struct request *rq, int status, struct json_out *body)
{
    if (body->room == SPARE_BYTES) {
        queue(rq, status, JSON_TYPE,
              MHD_create_response_from_buffer_with_free_callback(body->n, body->bytes, spare_give),
              SPARE_BYTES); /* all of it may have been used, by whoever had it before */
    } else {
        reply_owned(rq, status, JSON_TYPE, body->bytes, body->n);
    }
    memset(body, 0, sizeof *body);
}

void reply_json_copy(struct request *rq, int status, const struct json_out *body)
{
    reply_copy(rq, status, JSON_TYPE, body->bytes, body->n);
}

/* The constructor takes a pointer to writable bytes even where it promises to leave them alone. */
static void *unconst(const void *bytes)
{
    union {
        const void *in;
        void *out;
    } u = {bytes};

    return u.out;
}

void reply_static(struct request *rq, int status, const char *type, const void *bytes, size_t n)
{
    queue(rq, status, type,
          MHD_create_response_from_buffer(n, unconst(bytes), MHD_RESPMEM_PERSISTENT), 0);
}

void reply_owned(struct request *rq, int status, const char *type, void *bytes, size_t n)
{
    queue(rq, status, type, MHD_create_response_from_buffer(n, bytes, MHD_RESPMEM_MUST_FREE), n);
}

void reply_copy(struct request *rq, int status, const char *type, const void *bytes, size_t n)
{
    queue(rq, status, type,
          MHD_create_response_from_buffer(n, unconst(bytes), MHD_RESPMEM_MUST_COPY), n);
}

void reply_empty(struct request *rq, int status)
{
    static const char nothing[1];

    reply_static(rq, status, NULL, nothing, 0);
}

/* --- Failures -------------------------------------------------------------------------------- */

/* One sentence from the parts, for people. */
static void describe(char *out, size_t size, const struct refusal *why)
{
    size_t n = (size_t)snprintf(out, size, "%s%s%s", why->field, why->field[0] ? ": " : "",
                                code_title(why->code));

    if (why->expected[0] && n < size) {
        n += (size_t)snprintf(out + n, size - n, "; expected %s", why->expected);
    }
    if (why->found[0] && n < size) {
        snprintf(out + n, size - n, "; found %s", why->found);
    }
}

static void put_if_any(json_t *object, const char *name, const char *text)
{
    if (text[0]) {
        json_t *value = json_string(text);

        json_object_set_new(object, name, value ? value : json_string("(not UTF-8)"));
    }
}

static void add_way(json_t *list, const char *way, bool applies, int64_t minutes)
{
    json_t *o;

    if (applies) {
        o = view_object();
        put_text(o, "way", way);
        if (minutes > 0) {
            put_int(o, "minutes", minutes);
        }
        json_array_append_new(list, o);
    }
}

/* What would pass instead (SPEC 18.12). */
static void put_ways(json_t *problem, const struct refusal *why)
{
    json_t *list = view_array();

    if (why->code == CODE_urgent_quota) {
        add_way(list, "panel", true, 0);
    }
    if (why->code == CODE_limit_crossed) {
        add_way(list, "smaller", why->ways.known && why->ways.smaller > 0, why->ways.smaller);
        add_way(list, "pool", why->ways.known && why->ways.pool > 0, why->ways.pool);
        add_way(list, "gift", true, 0);
        add_way(list, "vouch", true, 0);
        add_way(list, "give_back", why->ways.known, why->ways.give_back);
    }
    if (json_array_size(list) > 0) {
        put(problem, "ways", list);
    } else {
        json_decref(list);
    }
}

json_t *problem_json(const struct refusal *why, const char *detail)
{
    char type[64], text[640];
    json_t *problem;

    snprintf(type, sizeof type, "/problems/%s", code_word(why->code));
    describe(text, sizeof text, why);
    problem = json_pack("{s:s, s:s, s:i, s:s, s:i}", "type", type, "title", code_title(why->code),
                        "status", code_status(why->code), "code", code_word(why->code), "number",
                        (int)why->code);
    assert(problem);
    put_if_any(problem, "detail", detail ? detail : text);
    put_if_any(problem, "rule", why->rule);
    put_if_any(problem, "field", why->field);
    put_if_any(problem, "expected", why->expected);
    put_if_any(problem, "found", why->found);
    if (why->rule[0]) {
        json_t *policy = view_object();

        put_int(policy, "index", 0); /* of network.found, until an assembly can amend it */
        put(problem, "policy", policy);
    }
    put_ways(problem, why);
    return problem;
}

/* Takes the reference of `problem`. */
static void reply_as_problem(struct request *rq, const struct refusal *why, json_t *problem)
{
    if (why->code == CODE_too_busy || why->code == CODE_deadline || why->code == CODE_inbox_full) {
        reply_header(rq, MHD_HTTP_HEADER_RETRY_AFTER, "2");
    } else if (why->code == CODE_rate_limited) {
        reply_header(rq, MHD_HTTP_HEADER_RETRY_AFTER, "3600");
    } else if (why->code == CODE_unauthorized || why->code == CODE_challenge_invalid) {
        reply_header(rq, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"sem\"");
    }
    if (why->code == CODE_signature_invalid && !rq->hasty) {
        server_count_verify_failure(rq->server);
    }
    reply_json_as(rq, code_status(why->code), PROBLEM_TYPE, problem);
}

static void reply_problem(struct request *rq, const struct refusal *why, const char *detail)
{
    reply_as_problem(rq, why, problem_json(why, detail));
}

void reply_signed_refusal(struct request *rq, const struct refusal *why, const char *note,
                          size_t n)
{
    json_t *problem = problem_json(why, NULL);

    if (n > 0) {
        json_object_set_new(problem, "refusal", json_stringn(note, n));
    }
    reply_as_problem(rq, why, problem);
}

void reply_refusal(struct request *rq, const struct refusal *why)
{
    reply_problem(rq, why, NULL);
}

void reply_code(struct request *rq, enum code code, const char *detail)
{
    struct refusal why = {.code = code};

    reply_problem(rq, &why, detail);
}

void reply_query(struct request *rq, const char *name, const char *expected, const char *found)
{
    struct refusal why = {.code = CODE_OK};

    refuse(&why, CODE_query_invalid, name, expected, "%s", found);
    reply_problem(rq, &why, NULL);
}

void reply_body(struct request *rq, const char *name, const char *expected, const char *found)
{
    struct refusal why = {.code = CODE_OK};

    refuse(&why, CODE_body_invalid, name, expected, "%s", found);
    reply_problem(rq, &why, NULL);
}

/* --- Conditional GET ------------------------------------------------------------------------- */

/* True when If-None-Match names the tag; weak comparison, RFC 9110 section 8.8.3.2. */
static bool none_match(const char *field, const char *tag)
{
    const char *opaque = tag + 2; /* after W/ */

    return field && (strcmp(field, "*") == 0 || strstr(field, opaque));
}

static bool not_modified(struct request *rq, const char *language, const char *vary)
{
    char tag[176], root[HEX_SIZE(12)];

    hex_encode(root, rq->head.root.b, 12);
    snprintf(tag, sizeof tag,
             "W/\"%s-%" PRIu64 "-%" PRIu64 "-%" PRIu64 "-%" PRId32 "-%" PRIu32 "%s\"", root,
             rq->head.size, rq->worker->size, rq->generation, window_day(rq->now_ms),
             rq->caller.org, language);
    reply_header(rq, MHD_HTTP_HEADER_ETAG, tag);
    reply_header(rq, MHD_HTTP_HEADER_CACHE_CONTROL,
                 rq->caller.known ? "private, no-cache" : "no-cache");
    reply_header(rq, MHD_HTTP_HEADER_VARY, vary);
    if (!none_match(MHD_lookup_connection_value(rq->connection, MHD_HEADER_KIND,
                                                MHD_HTTP_HEADER_IF_NONE_MATCH), tag)) {
        return false;
    }
    reply_empty(rq, MHD_HTTP_NOT_MODIFIED);
    return true;
}

bool reply_not_modified(struct request *rq)
{
    return not_modified(rq, "", "Authorization, Cookie");
}

bool reply_not_modified_in(struct request *rq, const char *language)
{
    return not_modified(rq, language, "Authorization, Cookie, Accept-Language");
}

/* --- Kept answers ---------------------------------------------------------------------------- */

static void version_of(struct request *rq, uint32_t place, struct version *out)
{
    memset(out, 0, sizeof *out);
    out->root = rq->head.root;
    out->size = rq->head.size;
    out->state_size = rq->worker->size;
    out->generation = rq->generation;
    out->route = (uint32_t)route_number(rq->route);
    out->day = window_day(rq->now_ms);
    out->caller = rq->caller.org;
    out->place = place;
}

static struct kept *kept_at(struct request *rq, const struct version *v)
{
    return &rq->worker->kept[(v->place * 7 + v->caller + v->route) % KEPT_MAX];
}

bool reply_kept(struct request *rq, uint32_t place)
{
    struct version version;
    struct kept *kept;

    version_of(rq, place, &version);
    kept = kept_at(rq, &version);
    if (!kept->response || memcmp(&kept->version, &version, sizeof version) != 0 ||
        MHD_lookup_connection_value(rq->connection, MHD_HEADER_KIND,
                                    MHD_HTTP_HEADER_IF_NONE_MATCH)) {
        return false;
    }
    queue_whole(rq, MHD_HTTP_OK, kept->response);
    return true;
}

void reply_json_out_keep(struct request *rq, uint32_t place, struct json_out *body)
{
    /* As long as it is: it may be kept for long, and there are many. */
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body->n, body->bytes, MHD_RESPMEM_MUST_COPY);
    struct version version;
    struct kept *kept;

    free(body->bytes);
    memset(body, 0, sizeof *body);
    complete(rq, JSON_TYPE, response);
    queue_whole(rq, MHD_HTTP_OK, response);
    version_of(rq, place, &version);
    kept = kept_at(rq, &version);
    if (kept->response) {
        MHD_destroy_response(kept->response);
    }
    *kept = (struct kept){version, response};
}
