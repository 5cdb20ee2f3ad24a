/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/caller.h"

#include <string.h>

#include "api/clock.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/worker.h"

const char *caller_token(struct request *rq, bool *from_cookie)
{
    const char *value = MHD_lookup_connection_value(rq->connection, MHD_HEADER_KIND,
                                                    MHD_HTTP_HEADER_AUTHORIZATION);

    *from_cookie = !value;
    if (value) {
        return strncasecmp(value, "Bearer ", 7) == 0 ? value + 7 : "";
    }
    return MHD_lookup_connection_value(rq->connection, MHD_COOKIE_KIND, "sem_session");
}

/* False when the session's key is not valid on this snapshot. */
static bool read_known(struct state *s, const struct session *session, struct known *out)
{
    struct org_key key;
    struct org org;

    if (!state_key(s, session->org, &session->key, &key) || key.revoked_index != 0 ||
        !state_org(s, session->org, &org) || org.state != ORG_ACTIVE) {
        return false;
    }
    *out = (struct known){.org = session->org,
                          .key = session->key,
                          .handle = org.handle,
                          .coordinator_until = state_mandate(s, session->org, ROLE_COORDINATOR)};
    return true;
}

/* The same, read once for each size of the log. */
static const struct known *find_known(struct request *rq, const struct session *session)
{
    struct known *known = &rq->worker->known[session->org % KNOWN_MAX];

    if (known->state_size != 0 && known->org == session->org &&
        key_id_equal(&known->key, &session->key) && known->state_size == rq->worker->size) {
        return known;
    }
    if (!read_known(rq->state, session, known)) {
        return NULL;
    }
    known->state_size = rq->worker->size;
    return known;
}

/* The session of a token, if its key is still valid on this snapshot. */
static bool look_up(struct request *rq, const char *token)
{
    struct session session;
    const struct known *known;

    if (!sessions_find(rq->server->sessions, token, clock_coarse_ms(), &session)) {
        return false;
    }
    known = find_known(rq, &session);
    if (!known) {
        if (!rq->hasty) { /* the newest state may know the key */
            sessions_end(rq->server->sessions, token);
        }
        return false;
    }
    rq->caller.known = true;
    rq->caller.org = session.org;
    rq->caller.handle = known->handle;
    rq->caller.coordinator = known->coordinator_until > rq->now_ms;
    return true;
}

bool caller_find(struct request *rq)
{
    bool from_cookie;
    const char *token = caller_token(rq, &from_cookie);

    memset(&rq->caller, 0, sizeof rq->caller);
    if (rq->route->flags & ROUTE_LOGIN) {
        return true;
    }
    if (token && !look_up(rq, token) && !from_cookie) {
        reply_code(rq, CODE_unauthorized, "the session has ended: log in again (SPEC 12.2)");
        return false;
    }
    return !(rq->route->flags & ROUTE_MEMBERS) || request_needs_session(rq);
}
