/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Answers. Exactly one of these is called for a request (asserted). All of them set the security
 * headers; failures are problem details (RFC 9457) with the codes of ledger/codes.h.
 */
#ifndef SEM_API_REPLY_H
#define SEM_API_REPLY_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "api/request.h"

/* A JSON object; takes the reference. */
void reply_json(struct request *rq, int status, struct json_t *body);
/* A finished JSON value; takes its bytes. */
struct json_out;
void reply_json_out(struct request *rq, int status, struct json_out *body);
/* The same of a copy that takes no more than it needs; the body stays the caller's. */
void reply_json_copy(struct request *rq, int status, const struct json_out *body);
/* Static bytes: never freed, never changed. */
void reply_static(struct request *rq, int status, const char *type, const void *bytes, size_t n);
/* Bytes from malloc; takes them. */
void reply_owned(struct request *rq, int status, const char *type, void *bytes, size_t n);
/* Copied bytes. */
void reply_copy(struct request *rq, int status, const char *type, const void *bytes, size_t n);
/* A status without a body. */
void reply_empty(struct request *rq, int status);

/* A header for the reply to come. `name` is static; the value is copied. */
void reply_header(struct request *rq, const char *name, const char *value);

/* --- Failures -------------------------------------------------------------------------------- */

void reply_refusal(struct request *rq, const struct refusal *why);
/* The same with the signed refusal of n bytes; n 0: it is not final. */
void reply_signed_refusal(struct request *rq, const struct refusal *why, const char *note,
                          size_t n);
/* A code with one sentence of detail (may be NULL). */
void reply_code(struct request *rq, enum code code, const char *detail);
/* query_invalid and body_invalid, with the parameter or member. */
void reply_query(struct request *rq, const char *name, const char *expected, const char *found);
void reply_body(struct request *rq, const char *name, const char *expected, const char *found);
/* A problem object as it stands in an answer; new reference. */
struct json_t *problem_json(const struct refusal *why, const char *detail);

/* --- Conditional GET (SPEC 12.1) ------------------------------------------------------------- */

/*
 * Sets the weak ETag of what is being read: root and size of the signed head, size of the snapshot
 * (entries are in the store a moment before their head is signed), generation of texts and inbox,
 * day (windows roll with it), and who reads. Answers true when the client has it already: 304 has
 * then been replied.
 */
bool reply_not_modified(struct request *rq);
/* The same for an answer that is written in the language of Accept-Language, "en" and so on. */
bool reply_not_modified_in(struct request *rq, const char *language);

/*
 * An answer that follows from all that, the route and a `place` in it (an organisation's number)
 * can be kept by the worker, and is sent again while nothing of it changes. reply_kept() answers
 * false when it has none, or when the client may have it already.
 */
bool reply_kept(struct request *rq, uint32_t place);
void reply_json_out_keep(struct request *rq, uint32_t place, struct json_out *body);

#endif
