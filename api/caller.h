/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Who asks: from the token of a request to the organisation behind it, on the request's snapshot.
 */
#ifndef SEM_API_CALLER_H
#define SEM_API_CALLER_H

#include "api/request.h"

/*
 * Fills rq->caller. Replies `unauthorized` and answers false for a token that is not (or no more)
 * that of a session, and for a route that is for members when there is none. A stale cookie on a
 * route that is for everybody is no failure: a browser cannot help sending it.
 */
bool caller_find(struct request *rq) __attribute__((warn_unused_result));

/* The token as the client sent it, or NULL; `from_cookie` says where from. */
const char *caller_token(struct request *rq, bool *from_cookie);

#endif
