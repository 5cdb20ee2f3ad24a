/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Opening and ending sessions (SPEC 12.2). */
#include <stdio.h>
#include <string.h>

#include "api/caller.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/view.h"
#include "crypto/note.h"
#include "ledger/signers.h"

#define LOGIN_TEXT_SIZE (ORIGIN_MAX + 200)

static size_t login_text(char out[static LOGIN_TEXT_SIZE], const char *origin, const char *nonce,
                         const char *org)
{
    return (size_t)snprintf(out, LOGIN_TEXT_SIZE,
                            "%s/login/v1\n{\"nonce\":\"%s\",\"org\":\"%s\"}\n", origin, nonce, org);
}

void post_challenge(struct request *rq)
{
    char text[LOGIN_TEXT_SIZE], hex[HEX_SIZE(NONCE_BYTES)];
    struct handle handle;
    struct nonce nonce;
    const char *org;
    size_t n = 0;
    json_t *body, *answer;

    if (!query_read(rq, NULL, 0) || !(body = request_json(rq))) {
        return;
    }
    org = request_json_string(rq, body, "org", &n);
    if (!org || !request_json_only(rq, body, 1)) {
        json_decref(body);
        return;
    }
    if (!handle_parse(&handle, org, n)) {
        reply_body(rq, "org", "a handle", "none");
    } else if (state_org_number(rq->state, &handle) == 0) {
        reply_code(rq, CODE_org_unknown, NULL);
    } else {
        sessions_challenge(rq->server->sessions, &handle, writer_now_monotonic_ms(), &nonce);
        hex_encode(hex, nonce.b, NONCE_BYTES);
        login_text(text, rq->server->node->origin, hex, handle.s);
        answer = view_object();
        put_text(answer, "nonce", hex);
        put_text(answer, "text", text);
        put_int(answer, "expires_at", rq->now_ms + CHALLENGE_LIFE_MS);
        reply_json(rq, MHD_HTTP_OK, answer);
    }
    json_decref(body);
}

/*
 * Reads nonce and organisation out of the text by making the text again from what stands in their
 * places: so there is one spelling of a login text.
 */
static bool read_login(const char *origin, const struct note *note, struct handle *org,
                       struct nonce *nonce)
{
    char text[LOGIN_TEXT_SIZE], hex[HEX_SIZE(NONCE_BYTES)];
    size_t head = strlen(origin) + strlen("/login/v1\n{\"nonce\":\"");
    size_t mid = head + HEX_LEN(NONCE_BYTES) + strlen("\",\"org\":\"");
    size_t tail = strlen("\"}\n");

    if (note->text_len <= mid + tail || note->text_len >= LOGIN_TEXT_SIZE ||
        !hex_decode(nonce->b, NONCE_BYTES, note->text + head, HEX_LEN(NONCE_BYTES)) ||
        !handle_parse(org, note->text + mid, note->text_len - mid - tail)) {
        return false;
    }
    hex_encode(hex, nonce->b, NONCE_BYTES);
    return login_text(text, origin, hex, org->s) == note->text_len &&
           memcmp(text, note->text, note->text_len) == 0;
}

/* The key of the one line, if it belongs to the organisation, is in force and signed the text. */
static bool check_line(struct request *rq, const struct note *note, const struct handle *handle,
                       struct session *out)
{
    char name[KEY_NAME_SIZE];
    struct org_key key;
    struct org org;

    signers_key_name(name, rq->server->node->origin, handle->s);
    out->org = state_org_number(rq->state, handle);
    out->key = note->sigs[0].id;
    return note->n_sigs == 1 && note->sigs[0].name_len == strlen(name) &&
           memcmp(note->sigs[0].name, name, strlen(name)) == 0 && out->org != 0 &&
           state_org(rq->state, out->org, &org) && org.state == ORG_ACTIVE &&
           state_key(rq->state, out->org, &out->key, &key) && key.revoked_index == 0 &&
           note_verify_line(note, 0, &key.key) == NOTE_OK;
}

static void reply_session(struct request *rq, const struct session *session,
                          const struct handle *org)
{
    char token[TOKEN_SIZE], cookie[160];
    json_t *answer = view_object();

    sessions_open(rq->server->sessions, session, writer_now_monotonic_ms(), token);
    snprintf(cookie, sizeof cookie, "sem_session=%s; HttpOnly; SameSite=Strict; Path=/", token);
    reply_header(rq, MHD_HTTP_HEADER_SET_COOKIE, cookie);
    put_text(answer, "token", token);
    put_text(answer, "org", org->s);
    put_int(answer, "expires_at", rq->now_ms + SESSION_LIFE_MS);
    reply_json(rq, MHD_HTTP_CREATED, answer);
}

void post_session(struct request *rq)
{
    struct note *note = &rq->worker->note;
    struct session session;
    struct handle org;
    struct nonce nonce;
    enum note_err err;

    if (!query_read(rq, NULL, 0)) {
        return;
    }
    err = note_parse(note, rq->body_len ? rq->body : "", rq->body_len);
    if (err != NOTE_OK) {
        struct refusal why = {.code = CODE_OK};

        refuse(&why, CODE_note_malformed, "", "a login text signed by one key", "%s",
               note_strerror(err));
        reply_refusal(rq, &why);
        return;
    }
    /* The nonce is used up only by a valid signature: nobody can spend another's challenge. */
    if (!read_login(rq->server->node->origin, note, &org, &nonce) ||
        !check_line(rq, note, &org, &session) ||
        !sessions_redeem(rq->server->sessions, &org, writer_now_monotonic_ms(), &nonce)) {
        reply_code(rq, CODE_challenge_invalid, NULL);
        return;
    }
    reply_session(rq, &session, &org);
}

void delete_session(struct request *rq)
{
    bool from_cookie;
    const char *token = caller_token(rq, &from_cookie);

    if (!query_read(rq, NULL, 0)) {
        return;
    }
    if (!token || !sessions_end(rq->server->sessions, token)) {
        reply_code(rq, CODE_unauthorized, "there is no such session");
        return;
    }
    reply_header(rq, MHD_HTTP_HEADER_SET_COOKIE,
                 "sem_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
    reply_empty(rq, MHD_HTTP_NO_CONTENT);
}
