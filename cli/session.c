/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/i18n.h"
#include "cli/pin.h"
#include "cli/problem.h"
#include "cli/table.h"
#include "crypto/note.h"
#include "crypto/text.h"
#include "ledger/json.h"

#define LOGIN_TEXT_MAX 512

void org_key_name(char out[static ORG_KEY_NAME_SIZE], const char *origin, const char *handle)
{
    snprintf(out, ORG_KEY_NAME_SIZE, "%s/org/%s", origin, handle);
}

/* --- The network ------------------------------------------------------------------------------ */

static bool learn(struct ctl *ctl, const json_t *network)
{
    const char *origin = json_string_value(json_path(network, "origin"));
    const char *key = json_string_value(json_path(network, "keys.log_verifier"));
    const json_t *refusal = json_path(network, "keys.refusal_key");

    return origin != NULL && key != NULL && log_key_parse(key, ctl->origin, &ctl->log_key) &&
           strcmp(ctl->origin, origin) == 0 && json_is_string(refusal) &&
           hex_decode(ctl->refusal_key.b, KEY_BYTES, json_string_value(refusal),
                      json_string_length(refusal));
}

int client_open(struct ctl *ctl)
{
    if (ctl->client == NULL) {
        ctl->client = client_new(ctl->url);
    }
    return ctl->client != NULL
               ? CTL_OK
               : fail(CTL_USAGE, _("\"%s\" is no address: http://HOST:PORT or unix:PATH"),
                      ctl->url);
}

int network_open(struct ctl *ctl)
{
    struct reply reply;

    if (ctl->network != NULL) {
        return CTL_OK;
    }
    int opened = client_open(ctl);
    if (opened != CTL_OK) {
        return opened;
    }
    client_call(ctl->client, "GET", "/v1/network", NULL, NULL, NULL, 0, &reply);
    if (reply.status != 200 || !learn(ctl, reply.json)) {
        int rc = reply.status == 200 ? fail(CTL_NO_LEDGER, _("%s is no ledger"), ctl->url)
                                     : reply_fail(ctl, &reply);
        reply_free(&reply);
        return rc;
    }
    ctl->network = json_incref(reply.json);
    reply_free(&reply);
    return pin_check(ctl);
}

/* --- Logging in ------------------------------------------------------------------------------- */

bool login_text_valid(const char *text, const char *origin, const char *handle)
{
    char first[ORIGIN_MAX + 16];
    struct refusal why = {.code = CODE_OK};
    int n = snprintf(first, sizeof first, "%s/login/v1\n", origin);
    size_t len = strlen(text);

    if (len > LOGIN_TEXT_MAX || len <= (size_t)n || strncmp(text, first, (size_t)n) != 0 ||
        text[len - 1] != '\n') {
        return false;
    }
    json_t *o = profile_load(text + n, len - (size_t)n - 1, &why);
    const json_t *nonce = json_object_get(o, "nonce");
    const json_t *org = json_object_get(o, "org");
    bool ok = json_object_size(o) == 2 && json_is_string(nonce) &&
              json_string_length(nonce) == 64 && json_is_string(org) &&
              strcmp(json_string_value(org), handle) == 0;
    json_decref(o);
    return ok;
}

static int challenge(struct ctl *ctl, const struct handle *us, char text[static LOGIN_TEXT_MAX + 1])
{
    char body[HANDLE_MAX + 16];
    struct reply reply;
    int n = snprintf(body, sizeof body, "{\"org\":\"%s\"}", us->s);

    client_call(ctl->client, "POST", "/v1/sessions/challenge", NULL, "application/json", body,
                (size_t)n, &reply);
    const char *s = json_string_value(json_object_get(reply.json, "text"));
    int rc = CTL_OK;
    if (reply.status != 200 && reply.status != 201) {
        rc = reply_fail(ctl, &reply);
    } else if (s == NULL || !login_text_valid(s, ctl->origin, us->s)) {
        rc = fail(CTL_VERIFY, _("the server asks to sign something that is no login; refused"));
    } else {
        snprintf(text, LOGIN_TEXT_MAX + 1, "%s", s);
    }
    reply_free(&reply);
    return rc;
}

static int redeem(struct ctl *ctl, const char *note, size_t n)
{
    struct reply reply;
    int rc = CTL_OK;

    client_call(ctl->client, "POST", "/v1/sessions", NULL, "text/plain", note, n, &reply);
    const json_t *token = json_object_get(reply.json, "token");
    if (reply.status != 201) {
        rc = reply_fail(ctl, &reply);
    } else if (!json_is_string(token) || json_string_length(token) != sizeof ctl->token - 1) {
        rc = fail(CTL_NO_LEDGER, _("the server gave no session"));
    } else {
        memcpy(ctl->token, json_string_value(token), sizeof ctl->token);
    }
    reply_free(&reply);
    return rc;
}

int session_open(struct ctl *ctl)
{
    char text[LOGIN_TEXT_MAX + 1], name[ORG_KEY_NAME_SIZE], line[NOTE_LINE_SIZE(ORG_KEY_NAME_SIZE)];
    char note[LOGIN_TEXT_MAX + 2 + NOTE_LINE_SIZE(ORG_KEY_NAME_SIZE)];
    const char *lines[] = {line};
    struct handle us;

    if (ctl->token[0] != '\0') {
        return CTL_OK;
    }
    int rc = ctl_handle(ctl, &us);
    rc = rc == CTL_OK ? network_open(ctl) : rc;
    rc = rc == CTL_OK ? ctl_unlock(ctl) : rc;
    rc = rc == CTL_OK ? challenge(ctl, &us, text) : rc;
    if (rc != CTL_OK) {
        return rc;
    }
    org_key_name(name, ctl->origin, us.s);
    if (note_sign(line, sizeof line, text, strlen(text), name, strlen(name), ctl->secret) == 0) {
        return fail(CTL_FAILED, _("the login cannot be signed"));
    }
    size_t n = note_build(note, sizeof note, text, strlen(text), lines, 1);
    return redeem(ctl, note, n);
}

void session_end(struct ctl *ctl)
{
    struct reply reply;

    if (ctl->token[0] != '\0') {
        client_call(ctl->client, "DELETE", "/v1/sessions", ctl->token, NULL, NULL, 0, &reply);
        reply_free(&reply);
    }
}

/* --- Requests --------------------------------------------------------------------------------- */

/* What a stranger may not read is answered with 401 or 403; a key may change that. */
static bool wants_login(const struct ctl *ctl, const struct reply *reply)
{
    return (reply->status == 401 || reply->status == 403) && ctl->key_path != NULL &&
           ctl->token[0] == '\0';
}

int request_quiet(struct ctl *ctl, const char *method, const char *path, const char *type,
                  const char *body, size_t n, struct reply *out)
{
    memset(out, 0, sizeof *out);
    int rc = network_open(ctl);
    if (rc != CTL_OK) {
        return rc;
    }
    client_call(ctl->client, method, path, ctl->token, type, body, n, out);
    if (out->status == 401 && ctl->token[0] != '\0') {
        /* The session has ended, perhaps by what we signed; what is public can still be read. */
        ctl->token[0] = '\0';
        reply_free(out);
        client_call(ctl->client, method, path, NULL, type, body, n, out);
    }
    if (wants_login(ctl, out)) {
        reply_free(out);
        rc = session_open(ctl);
        if (rc != CTL_OK) {
            return rc;
        }
        client_call(ctl->client, method, path, ctl->token, type, body, n, out);
    }
    return CTL_OK;
}

int request(struct ctl *ctl, const char *method, const char *path, const char *type,
            const char *body, size_t n, struct reply *out)
{
    int rc = request_quiet(ctl, method, path, type, body, n, out);

    if (rc == CTL_OK && (out->status < 200 || out->status > 299)) {
        rc = reply_fail(ctl, out);
    }
    return rc;
}

int get(struct ctl *ctl, struct reply *out, const char *fmt, ...)
{
    char *path = NULL;
    va_list ap;

    memset(out, 0, sizeof *out);
    va_start(ap, fmt);
    int n = vasprintf(&path, fmt, ap);
    va_end(ap);
    if (n < 0) {
        return fail(CTL_FAILED, _("no memory"));
    }
    int rc = request(ctl, "GET", path, NULL, NULL, 0, out);
    free(path);
    return rc;
}
