/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The files of a log over HTTP and in a folder. */
#include "cli/log_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/client.h"
#include "cli/files.h"
#include "cli/i18n.h"
#include "cli/problem.h"
#include "cli/session.h"

/* --- A folder --------------------------------------------------------------------------------- */

struct folder {
    struct log_store store;
    const char *dir;
};

static enum source_got folder_read(struct log_store *store, const char *name, size_t max,
                                   char **bytes, size_t *n)
{
    struct folder *f = (struct folder *)store;
    char *path = NULL;

    *bytes = NULL;
    if (asprintf(&path, "%s/%s", f->dir, name) < 0) {
        store->exit = fail(CTL_FAILED, _("no memory"));
        return SOURCE_FAILED;
    }
    *bytes = read_plain_file(path, max, n);
    int failed = *bytes == NULL ? errno : 0;
    if (failed != 0 && failed != ENOENT && failed != ENOTDIR && failed != EFBIG) {
        store->exit = fail(CTL_FAILED, _("%s cannot be read: %s"), path, strerror(failed));
    }
    free(path);
    switch (failed) {
    case 0:
        return SOURCE_OK;
    case ENOENT:
    case ENOTDIR:
        return SOURCE_NONE;
    case EFBIG:
        return SOURCE_MALFORMED;
    default:
        return SOURCE_FAILED;
    }
}

static void folder_free(struct log_store *store)
{
    free(store);
}

struct log_store *log_store_folder(const char *dir)
{
    static const struct log_store_ops ops = {folder_read, NULL, folder_free};
    struct folder *f = calloc(1, sizeof *f);

    if (f == NULL) {
        return NULL;
    }
    f->store.ops = &ops;
    f->dir = dir;
    return &f->store;
}

/* --- A server --------------------------------------------------------------------------------- */

#define TRIES         6
#define FIRST_WAIT_MS 250
#define PREFIX        "/log/"

/* An answer that was fetched ahead; no body: none. */
struct kept {
    char name[SOURCE_NAME_SIZE];
    char *body;
    size_t n;
};

struct server {
    struct log_store store;
    struct ctl *ctl;
    bool answered; /* once: later silence is worth waiting for */
    struct kept kept[LOG_STORE_AHEAD];
};

_Static_assert(LOG_STORE_AHEAD <= FETCHES_MAX, "all are fetched at once");

static void wait_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    while (nanosleep(&t, &t) != 0 && errno == EINTR) {
    }
}

/* A failure that may be over soon. */
static bool may_pass(const struct server *s, const struct fetch *f)
{
    long status = f->reply.status;

    return (status == 0 && s->answered && !f->too_long) || status == 429 ||
           (status >= 500 && status <= 504);
}

static bool wants_session(const struct server *s, long status)
{
    return (status == 401 || status == 403) && s->ctl->key_path != NULL;
}

/* Moves what has to be asked again to the end of the list; gives how many are done. */
static size_t sort_done(struct server *s, struct fetch fetches[], size_t n, bool *session)
{
    size_t done = 0;

    *session = false;
    for (size_t i = 0; i < n; i++) {
        long status = fetches[i].reply.status;
        bool login = wants_session(s, status);
        s->answered = s->answered || status != 0;
        *session = *session || login;
        if (!login && !may_pass(s, &fetches[i])) {
            struct fetch one = fetches[i];
            fetches[i] = fetches[done];
            fetches[done++] = one;
        }
    }
    return done;
}

/* Fetches all, again where it may help. What failed for good has its last status. */
static int fetch_all(struct server *s, struct fetch fetches[], size_t n)
{
    bool session;
    long wait = FIRST_WAIT_MS;
    int logins = 0, rc = client_open(s->ctl);

    for (int tries = 0; rc == CTL_OK && n > 0; tries++) {
        client_fetch(s->ctl->client, s->ctl->token, fetches, n);
        size_t done = sort_done(s, fetches, n, &session);
        fetches += done;
        n -= done;
        if (n == 0 || tries == TRIES - 1 || (session && logins++ == 2)) {
            break;
        }
        for (size_t i = 0; i < n; i++) {
            reply_free(&fetches[i].reply);
        }
        if (session) {
            s->ctl->token[0] = '\0'; /* one that the server does not take any more */
            rc = session_open(s->ctl);
        } else {
            wait_ms(wait);
            wait *= 2;
        }
    }
    return rc;
}

static struct kept *find_kept(struct server *s, const char *name)
{
    for (size_t i = 0; i < LOG_STORE_AHEAD; i++) {
        if (s->kept[i].body != NULL && strcmp(s->kept[i].name, name) == 0) {
            return &s->kept[i];
        }
    }
    return NULL;
}

static enum source_got server_read(struct log_store *store, const char *name, size_t max,
                                   char **bytes, size_t *n)
{
    struct server *s = (struct server *)store;
    char path[SOURCE_NAME_SIZE + sizeof PREFIX];
    struct fetch f = {.path = path, .bytes_max = max};
    struct kept *kept = find_kept(s, name);
    enum source_got got = SOURCE_FAILED;

    if (kept != NULL) {
        *bytes = kept->body;
        *n = kept->n;
        kept->body = NULL;
        return *n <= max ? SOURCE_OK : SOURCE_MALFORMED;
    }
    *bytes = NULL;
    snprintf(path, sizeof path, PREFIX "%s", name);
    int rc = fetch_all(s, &f, 1);
    if (rc != CTL_OK) {
        store->exit = rc;
    } else if (f.reply.status == 200) {
        *bytes = f.reply.body != NULL ? f.reply.body : strdup("");
        *n = f.reply.n;
        f.reply.body = NULL;
        got = SOURCE_OK;
    } else if (f.too_long) {
        got = SOURCE_MALFORMED;
    } else if (f.reply.status == 404) {
        got = SOURCE_NONE;
    } else {
        store->exit = reply_fail(s->ctl, &f.reply);
    }
    reply_free(&f.reply);
    return got;
}

static void drop_kept(struct server *s)
{
    for (size_t i = 0; i < LOG_STORE_AHEAD; i++) {
        free(s->kept[i].body);
        s->kept[i].body = NULL;
    }
}

/* What does not come now is asked for again, and complained about, when it is read. */
static void server_ahead(struct log_store *store, char names[][SOURCE_NAME_SIZE], size_t n,
                         size_t max)
{
    struct server *s = (struct server *)store;
    static char paths[LOG_STORE_AHEAD][SOURCE_NAME_SIZE + sizeof PREFIX];
    struct fetch fetches[LOG_STORE_AHEAD];

    drop_kept(s);
    if (client_open(s->ctl) != CTL_OK) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        snprintf(paths[i], sizeof paths[i], PREFIX "%s", names[i]);
        fetches[i] = (struct fetch){.path = paths[i], .bytes_max = max};
    }
    client_fetch(s->ctl->client, s->ctl->token, fetches, n);
    for (size_t i = 0; i < n; i++) {
        if (fetches[i].reply.status == 200) {
            memcpy(s->kept[i].name, names[i], SOURCE_NAME_SIZE);
            s->kept[i].body = fetches[i].reply.body;
            s->kept[i].n = fetches[i].reply.n;
            fetches[i].reply.body = NULL;
        }
        reply_free(&fetches[i].reply);
    }
}

static void server_free(struct log_store *store)
{
    drop_kept((struct server *)store);
    free(store);
}

struct log_store *log_store_server(struct ctl *ctl)
{
    static const struct log_store_ops ops = {server_read, server_ahead, server_free};
    struct server *s = calloc(1, sizeof *s);

    if (s == NULL) {
        return NULL;
    }
    s->store.ops = &ops;
    s->ctl = ctl;
    return &s->store;
}
