/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * api/ is HTTP and nothing else: it reads what libmicrohttpd hands over, asks the ledger, and
 * answers JSON. No rule lives here. microhttpd.h is included in this folder only.
 *
 * This header: one request, from its first line to its end. A request owns all its memory; it is
 * made when the request line has been read and freed in one place, when libmicrohttpd says that
 * the request is over (intake.c). A handler takes five steps: parse by what it declares, look who
 * asks, read a snapshot or prepare a job, map the result, reply once. The snapshot is opened
 * before the handler and closed after it by intake.c, so no handler can leave one open; a job is
 * queued after that.
 */
#ifndef SEM_API_REQUEST_H
#define SEM_API_REQUEST_H

#include <assert.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/session.h"
#include "api/tile.h"
#include "ledger/checkpoint.h"
#include "ledger/codes.h"
#include "ledger/state.h"
#include "ledger/writer.h"

struct conn;
struct loop;
struct request;
struct route;
struct server;
struct worker;

#define BODY_BYTES_MAX 65536
/* A refused body of up to this length is read and dropped, so that the client sees the answer. */
#define DRAIN_BYTES_MAX ((uint64_t)1 << 20)
#define REPLY_HEADERS_MAX 4

/* What the {…} of a path template stood for. */
struct path_args {
    struct handle handle;
    bool by_clock; /* {author} was `clock` */
    struct id id;
    uint64_t index;
    struct hash commit;
    enum slot slot;
    int year;
    unsigned level; /* of a tile */
    struct tile tile;
};

/* Who asks: the organisation of the session, or nobody. */
struct caller {
    bool known;
    struct handle handle;
    uint32_t org;
    bool coordinator; /* a mandate in force */
};

enum request_outcome {
    OUTCOME_NONE,    /* the handler owes something */
    OUTCOME_REPLIED, /* one reply is queued */
    OUTCOME_SUBMIT,  /* a job is to be queued; request_submit() says what comes after it */
    OUTCOME_SETTLE,  /* to be handled again when the store shows all that was answered */
};

struct request {
    struct server *server;
    struct MHD_Connection *connection;
    struct conn *conn;
    struct loop *loop; /* set when the connection is suspended */
    enum code uri_flaw; /* CODE_OK, bad_path or query_invalid: found in the raw request line */
    bool started, suspended;
    bool shown; /* the store has shown all that was answered when this came */
    bool hasty; /* handled before the store shows all: no reply may come of it, but a job, */
    bool hasty_job; /* which came of that: neither may its refusal, if it is not signed */
    const struct route *route; /* NULL when no route fits */
    struct path_args args;
    struct refusal refused; /* code != CODE_OK: decided before the body came */

    char *body; /* NUL-terminated after its body_len bytes */
    size_t body_len, body_size;

    /* Only while a handler runs. */
    struct worker *worker;
    struct state *state;          /* attached to the snapshot; NULL for routes without one */
    struct log_head head;         /* published before the snapshot was opened */
    const char *checkpoint;       /* and its signed note */
    struct caller caller;
    int64_t now_ms;               /* Unix time, never before the last leaf */
    uint64_t generation;          /* of texts and inbox, before any of them was read */

    enum request_outcome outcome;
    int status;
    size_t reply_bytes; /* of the answer, in memory until the request ends */
    size_t n_headers;

    int64_t job_started_us;
    _Atomic bool job_done; /* the writer will not touch this request again */
    struct settle store;   /* for OUTCOME_SETTLE */
    void (*settle)(struct request *);
    void (*resume)(struct request *);
    struct entry *entry; /* what the job points to; room that stays with the request */

    /* A new request is zero up to here; the rest is written before it is read. */
    struct {
        const char *name;
        char value[200];
    } headers[REPLY_HEADERS_MAX];
    struct job job; /* for OUTCOME_SUBMIT */
};

/*
 * Says that rq->job (note_bytes, note_len, entry, settle) is to be queued after the handler. When
 * the writer has decided, `settle` does what must be done even if the client has gone; then
 * `resume` replies, unless the client has gone. Both have the worker's room, and a snapshot, which
 * holds the entry, if rq->job.settle has asked for that; rq->state is NULL otherwise.
 */
void request_submit(struct request *rq, void (*settle)(struct request *),
                    void (*resume)(struct request *));

/* --- Who may read (SPEC 12.3). Each answers false after it replied. -------------------------- */

bool request_needs_session(struct request *rq);
/* Entries: anybody where the charter says so, else a session. */
bool request_reads_entries(struct request *rq);
/* An organisation's own things: its session, or a coordinator's. */
bool request_needs_own(struct request *rq, uint32_t org);
bool request_needs_coordinator(struct request *rq);
/* The same as request_needs_own(), for parts of an answer. Does not reply. */
bool request_reads_position(const struct request *rq, uint32_t org);
/* Directory items; `is_public` is the item's own flag. Does not reply. */
bool request_reads_directory(const struct request *rq, bool is_public);

/* --- Query parameters ------------------------------------------------------------------------ */

struct query {
    const char *name;
    const char *value; /* NULL: absent; UTF-8 without NUL */
};
/*
 * Fills the values of the declared parameters. Replies query_invalid and answers false when the
 * request has another parameter, one twice, or a value that is not UTF-8.
 */
bool query_read(struct request *rq, struct query *q, size_t n) __attribute__((warn_unused_result));
/* Each reads one value if there is one; on a bad one it replies and answers false. */
bool query_handle(struct request *rq, const struct query *q, struct handle *out)
    __attribute__((warn_unused_result));
bool query_slug(struct request *rq, const struct query *q, struct slug *out)
    __attribute__((warn_unused_result));
bool query_day(struct request *rq, const struct query *q, int32_t *out)
    __attribute__((warn_unused_result));
/* The place of the value in a NULL-terminated list of words; untouched when absent. */
bool query_word(struct request *rq, const struct query *q, const char *const *words, int *out)
    __attribute__((warn_unused_result));

/* --- JSON bodies ----------------------------------------------------------------------------- */

struct json_t;
/* The body as a JSON object; new reference, or NULL after replying body_invalid. */
struct json_t *request_json(struct request *rq);
/*
 * A string member; borrowed from the object. NULL after replying body_invalid. Every member must be
 * asked for: request_json_only() refuses objects with others.
 */
const char *request_json_string(struct request *rq, const struct json_t *body, const char *name,
                                size_t *len);
bool request_json_only(struct request *rq, const struct json_t *body, size_t members);

#endif
