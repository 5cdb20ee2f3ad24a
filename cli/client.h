/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * HTTP to one server over one kept connection (libcurl), and what its refusals mean to a person.
 */
#ifndef SEM_CLI_CLIENT_H
#define SEM_CLI_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct client;

struct reply {
    long status;  /* 0: nobody answered */
    json_t *json; /* NULL when the body is no JSON object */
    char *body;   /* NUL-terminated */
    size_t n;
};

/* Takes "http://HOST:PORT", "https://…" or "unix:PATH". NULL for any other form. */
struct client *client_new(const char *url);
void client_free(struct client *client); /* NULL is accepted */

/*
 * One exchange. `path` starts with a slash; `token` is NULL or a session's; `type` and `body` are
 * NULL for none. Fills `out`, which reply_free() releases; status 0 when the server cannot be
 * reached.
 */
void client_call(struct client *client, const char *method, const char *path, const char *token,
                 const char *type, const char *body, size_t n, struct reply *out);
void reply_free(struct reply *reply);

#define FETCHES_MAX 16

/* One of several GETs that are under way at the same time. */
struct fetch {
    char *path;         /* starts with a slash */
    size_t bytes_max;   /* a longer answer is cut off, and has status 0 */
    struct reply reply; /* `json` only where the status is not 200 */
    bool too_long;
};

/*
 * Fetches n <= FETCHES_MAX at once over connections that are kept; fills each reply, which
 * reply_free() releases. `token` is NULL or a session's.
 */
void client_fetch(struct client *client, const char *token, struct fetch fetches[], size_t n);

/* Why status was 0: static or owned by the client. */
const char *client_error(const struct client *client);

/* Writes `text` so that it can stand in a query value; the caller frees it. */
char *url_escape(const char *text);

#endif
