/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The conversation with one network: who it is, our session (SPEC 12.2), requests. The session's
 * token lives in memory for one run.
 */
#ifndef SEM_CLI_SESSION_H
#define SEM_CLI_SESSION_H

#include "cli/client.h"
#include "cli/ctl.h"

/* Makes the client for the run's address. CTL_OK or CTL_USAGE after a message. */
int client_open(struct ctl *ctl) __attribute__((warn_unused_result));

/*
 * Connects and learns the network's origin and log key; compares them with what the key remembers.
 * Done once a run. CTL_OK or an exit code after a message.
 */
int network_open(struct ctl *ctl) __attribute__((warn_unused_result));

/* Logs in with our key. */
int session_open(struct ctl *ctl) __attribute__((warn_unused_result));
/* Logs out; nothing happens without a session. */
void session_end(struct ctl *ctl);

/*
 * Checks that a challenge is a login text of this network for this organisation and nothing else: a
 * key must never sign a text of which only the server knows the meaning.
 */
bool login_text_valid(const char *text, const char *origin, const char *handle);

/*
 * One request; logs in and repeats it when the server wants to know who asks and there is a key.
 * CTL_OK for a 2xx status; otherwise the failure was shown and its exit code comes back. The caller
 * releases `out` in both cases.
 */
int request(struct ctl *ctl, const char *method, const char *path, const char *type,
            const char *body, size_t n, struct reply *out) __attribute__((warn_unused_result));
/* The same without showing a failure: `out->status` tells. */
int request_quiet(struct ctl *ctl, const char *method, const char *path, const char *type,
                  const char *body, size_t n, struct reply *out)
    __attribute__((warn_unused_result));

/* GET of a path made by printf. */
int get(struct ctl *ctl, struct reply *out, const char *fmt, ...)
    __attribute__((warn_unused_result, format(printf, 3, 4)));

/* "<origin>/org/<handle>", the name of our key. */
#define ORG_KEY_NAME_SIZE (ORIGIN_MAX + 5 + HANDLE_MAX + 1)
void org_key_name(char out[static ORG_KEY_NAME_SIZE], const char *origin, const char *handle);

#endif
