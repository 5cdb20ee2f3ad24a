/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/request.h"

#include <jansson.h>
#include <string.h>

#include "api/reply.h"
#include "crypto/text.h"
#include "policies/window.h"

void request_submit(struct request *rq, void (*settle)(struct request *),
                    void (*resume)(struct request *))
{
    assert(rq->outcome == OUTCOME_NONE && rq->job.note_bytes && rq->job.entry);
    rq->settle = settle;
    rq->resume = resume;
    rq->outcome = OUTCOME_SUBMIT;
}

/* --- Who may read ---------------------------------------------------------------------------- */

bool request_needs_session(struct request *rq)
{
    if (!rq->caller.known) {
        reply_code(rq, CODE_unauthorized, "log in with a key of a member organisation (SPEC 12.2)");
    }
    return rq->caller.known;
}

bool request_reads_entries(struct request *rq)
{
    const struct network *network = &rq->state->network;

    return (network->founded && network->found.public_bundles) || request_needs_session(rq);
}

bool request_needs_own(struct request *rq, uint32_t org)
{
    if (!request_needs_session(rq)) {
        return false;
    }
    if (rq->caller.org != org && !rq->caller.coordinator) {
        reply_code(rq, CODE_forbidden, "only the organisation itself and coordinators read this");
        return false;
    }
    return true;
}

bool request_reads_position(const struct request *rq, uint32_t org)
{
    return rq->caller.known && (rq->caller.coordinator || rq->caller.org == org);
}

bool request_needs_coordinator(struct request *rq)
{
    if (!request_needs_session(rq)) {
        return false;
    }
    if (!rq->caller.coordinator) {
        reply_code(rq, CODE_forbidden, "only coordinators read this");
        return false;
    }
    return true;
}

bool request_reads_directory(const struct request *rq, bool is_public)
{
    const struct network *network = &rq->state->network;

    return rq->caller.known || is_public || (network->founded && network->found.public_directory);
}

/* --- Query parameters ------------------------------------------------------------------------ */

struct query_scan {
    struct request *rq;
    struct query *q;
    size_t n;
};

static enum MHD_Result take_parameter(void *cls, enum MHD_ValueKind kind, const char *key,
                                      size_t key_len, const char *value, size_t value_len)
{
    struct query_scan *scan = cls;

    (void)kind;
    for (size_t i = 0; i < scan->n; i++) {
        struct query *q = &scan->q[i];

        if (strlen(q->name) != key_len || memcmp(q->name, key, key_len) != 0) {
            continue;
        }
        if (q->value) {
            reply_query(scan->rq, q->name, "one value", "two");
            return MHD_NO;
        }
        if (!value || memchr(value, '\0', value_len) || !utf8_valid(value, value_len)) {
            reply_query(scan->rq, q->name, "a value in UTF-8", "none");
            return MHD_NO;
        }
        q->value = value;
        return MHD_YES;
    }
    reply_query(scan->rq, "", "a parameter of this path", key_len <= 40 ? key : "a long name");
    return MHD_NO;
}

bool query_read(struct request *rq, struct query *q, size_t n)
{
    struct query_scan scan = {rq, q, n};

    MHD_get_connection_values_n(rq->connection, MHD_GET_ARGUMENT_KIND, take_parameter, &scan);
    return rq->outcome == OUTCOME_NONE;
}

bool query_handle(struct request *rq, const struct query *q, struct handle *out)
{
    if (!q->value || handle_parse(out, q->value, strlen(q->value))) {
        return true;
    }
    reply_query(rq, q->name, "a handle", q->value);
    return false;
}

bool query_slug(struct request *rq, const struct query *q, struct slug *out)
{
    if (!q->value || slug_parse(out, q->value, strlen(q->value))) {
        return true;
    }
    reply_query(rq, q->name, "a slug", q->value);
    return false;
}

bool query_day(struct request *rq, const struct query *q, int32_t *out)
{
    if (!q->value || day_parse(q->value, strlen(q->value), out)) {
        return true;
    }
    reply_query(rq, q->name, "a day, YYYY-MM-DD", q->value);
    return false;
}

bool query_word(struct request *rq, const struct query *q, const char *const *words, int *out)
{
    char expected[200] = "";
    size_t used = 0;

    if (!q->value) {
        return true;
    }
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], q->value) == 0) {
            *out = i;
            return true;
        }
        used += (size_t)snprintf(expected + used, sizeof expected - used, "%s%s", i ? ", " : "",
                                 words[i]);
        assert(used < sizeof expected);
    }
    reply_query(rq, q->name, expected, q->value);
    return false;
}

/* --- JSON bodies ----------------------------------------------------------------------------- */

json_t *request_json(struct request *rq)
{
    json_error_t error;
    json_t *body = NULL;

    if (rq->body_len > 0) {
        body = json_loadb(rq->body, rq->body_len, JSON_REJECT_DUPLICATES, &error);
    } else {
        snprintf(error.text, sizeof error.text, "empty body");
    }
    if (!json_is_object(body)) {
        reply_body(rq, "", "a JSON object", body ? "another JSON value" : error.text);
        json_decref(body);
        return NULL;
    }
    return body;
}

const char *request_json_string(struct request *rq, const json_t *body, const char *name,
                                size_t *len)
{
    const json_t *value = json_object_get(body, name);

    if (!json_is_string(value)) {
        reply_body(rq, name, "a string", value ? "another JSON value" : "nothing");
        return NULL;
    }
    *len = json_string_length(value);
    return json_string_value(value);
}

bool request_json_only(struct request *rq, const json_t *body, size_t members)
{
    if (json_object_size(body) == members) {
        return true;
    }
    reply_body(rq, "", "only the members of this body", "others beside them");
    return false;
}
