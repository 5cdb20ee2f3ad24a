/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/cosign_peer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/path.h"
#include "crypto/text.h"
#include "ledger/witness.h"

#define CONNECT_MS 5000L
#define EXCHANGE_MS 10000L
#define UNIX "unix:"

/* --- A transfer ------------------------------------------------------------------------------ */

static size_t take_body(char *data, size_t size, size_t count, void *ctx)
{
    struct peer *p = ctx;
    size_t n = size * count;

    if (n > PEER_ANSWER_MAX - p->n_answer) {
        return 0; /* ends the transfer */
    }
    memcpy(p->answer + p->n_answer, data, n);
    p->n_answer += n;
    p->answer[p->n_answer] = '\0';
    return n;
}

static void set_options(struct peer *p, const char *url)
{
    curl_easy_setopt(p->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(p->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(p->curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(p->curl, CURLOPT_TIMEOUT_MS, EXCHANGE_MS);
    curl_easy_setopt(p->curl, CURLOPT_USERAGENT, "semd");
    curl_easy_setopt(p->curl, CURLOPT_ERRORBUFFER, p->error);
    curl_easy_setopt(p->curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(p->curl, CURLOPT_WRITEDATA, p);
    curl_easy_setopt(p->curl, CURLOPT_PRIVATE, p);
    if (strncmp(url, UNIX, strlen(UNIX)) == 0) {
        /* A proxy of the environment has no business on a local socket. */
        curl_easy_setopt(p->curl, CURLOPT_PROXY, "");
        curl_easy_setopt(p->curl, CURLOPT_UNIX_SOCKET_PATH, url + strlen(UNIX));
    }
}

bool peer_init(struct peer *p, const struct policy_witness *witness, unsigned place)
{
    const char *url = witness->url;
    bool local = strncmp(url, UNIX, strlen(UNIX)) == 0;
    size_t n;

    memset(p, 0, sizeof *p);
    p->witness = witness;
    p->bit = (uint64_t)1 << place;
    if (!local && strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) {
        return false;
    }
    p->base = strdup(local ? "http://localhost" : url);
    p->curl = curl_easy_init();
    p->answer = malloc(PEER_ANSWER_MAX + 1);
    /* No "Expect: 100-continue": it would cost a round trip. */
    p->headers = curl_slist_append(NULL, "Expect:");
    if (!p->base || !p->curl || !p->answer || !p->headers) {
        peer_free(p);
        return false;
    }
    n = strlen(p->base);
    while (n > 0 && p->base[n - 1] == '/') {
        p->base[--n] = '\0';
    }
    set_options(p, url);
    return true;
}

void peer_free(struct peer *p)
{
    curl_easy_cleanup(p->curl);
    curl_slist_free_all(p->headers);
    free(p->base);
    free(p->request);
    free(p->answer);
    memset(p, 0, sizeof *p);
}

/* Takes the body; NULL asks with GET. */
static bool begin(struct peer *p, enum peer_state state, const char *path, char *body, size_t n)
{
    char *url = NULL;

    assert(p->state == PEER_IDLE);
    free(p->request);
    p->request = body;
    p->n_answer = 0;
    p->answer[0] = '\0';
    p->error[0] = '\0';
    if (asprintf(&url, "%s/%s", p->base, path) < 0) {
        return false;
    }
    curl_easy_setopt(p->curl, CURLOPT_URL, url);
    free(url);
    if (body) {
        curl_easy_setopt(p->curl, CURLOPT_POST, 1L);
        curl_easy_setopt(p->curl, CURLOPT_POSTFIELDSIZE, (long)n);
        curl_easy_setopt(p->curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(p->curl, CURLOPT_HTTPHEADER, p->headers);
    } else {
        curl_easy_setopt(p->curl, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(p->curl, CURLOPT_HTTPHEADER, NULL);
    }
    p->state = state;
    return true;
}

/* --- Asking ---------------------------------------------------------------------------------- */

bool peer_ask_view(struct peer *p, const char *origin)
{
    char hex[HEX_SIZE(HASH_BYTES)], path[sizeof hex + sizeof "/checkpoint"];
    struct hash hash;

    hash_sha256(&hash, origin, strlen(origin));
    hex_encode(hex, hash.b, HASH_BYTES);
    snprintf(path, sizeof path, "%s/checkpoint", hex);
    return begin(p, PEER_ASKS_VIEW, path, NULL, 0);
}

bool peer_add(struct peer *p, const struct signed_head *head, struct kv *log)
{
    struct hash proof[MERKLE_PROOF_MAX];
    char *body = NULL, line[BASE64_SIZE(HASH_BYTES)];
    size_t n_proof, n = 0;
    FILE *out;

    if (!merkle_prove_consistency(log_node, log, p->held, head->head.size, proof, &n_proof)) {
        return false;
    }
    assert(n_proof <= WITNESS_PROOF_MAX);
    out = open_memstream(&body, &n);
    if (!out) {
        return false;
    }
    fprintf(out, "old %" PRIu64 "\n", p->held);
    for (size_t i = 0; i < n_proof; i++) {
        base64_encode(line, sizeof line, proof[i].b, HASH_BYTES);
        fprintf(out, "%s\n", line);
    }
    fprintf(out, "\n%s", head->note);
    if (fclose(out) != 0) {
        free(body);
        return false;
    }
    p->sent = *head;
    return begin(p, PEER_ADDS, "add-checkpoint", body, n);
}

/* --- Answers --------------------------------------------------------------------------------- */

static void fail(struct peer_reply *out, enum peer_said said, const char *why, const char *more)
{
    out->said = said;
    snprintf(out->why, sizeof out->why, "%s%s%.*s", why, more[0] ? ": " : "",
             (int)strcspn(more, "\n"), more);
    /* A witness's words go to a log that people read in a terminal. */
    for (char *c = out->why; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7F) {
            *c = '?';
        }
    }
}

static void fail_status(struct peer_reply *out, enum peer_said said, long status, const char *body)
{
    char why[32];

    snprintf(why, sizeof why, "status %ld", status);
    fail(out, said, why, body);
}

static void read_view(struct peer *p, const char *origin, const struct public_key *log_key,
                      struct peer_reply *out)
{
    const char *why = "";

    if (checkpoint_open(&out->head, p->answer, p->n_answer, origin, log_key, &why)) {
        out->said = PEER_SAID_VIEW;
    } else {
        fail(out, PEER_SAID_NOTHING, "its view is not signed by our log key", why);
    }
}

/* The witness's line among those of the answer, put under the note that was sent. */
static void read_cosignature(struct peer *p, struct peer_reply *out)
{
    const struct verifier_key *key = &p->witness->key;
    struct note note;
    char *whole = NULL;
    enum note_err err;
    int n = asprintf(&whole, "%s%s", p->sent.note, p->answer);

    if (n < 0) {
        fail(out, PEER_SAID_NOTHING, "no memory", "");
        return;
    }
    err = note_parse(&note, whole, (size_t)n);
    if (err == NOTE_OK) {
        err = note_verify(&note, key, NULL);
    }
    out->said = PEER_SAID_NOTHING;
    for (size_t i = 0; err == NOTE_OK && i < note.n_sigs; i++) {
        const struct note_sig *sig = &note.sigs[i];

        if (note_sig_is_by(sig, key)) {
            snprintf(out->line, sizeof out->line, "\xe2\x80\x94 %.*s %.*s\n", (int)sig->name_len,
                     sig->name, (int)sig->base64_len, sig->base64);
            out->said = PEER_SAID_COSIGNED;
            break;
        }
    }
    if (err != NOTE_OK) {
        fail(out, PEER_SAID_NOTHING, "its cosignature", note_strerror(err));
    }
    free(whole);
}

static void read_size(struct peer *p, struct peer_reply *out)
{
    const char *type = NULL;
    size_t n = p->n_answer;

    curl_easy_getinfo(p->curl, CURLINFO_CONTENT_TYPE, &type);
    if (type && strcmp(type, WITNESS_TYPE_SIZE) == 0 && n > 1 && p->answer[n - 1] == '\n' &&
        index_parse(p->answer, n - 1, &out->head.size)) {
        out->said = PEER_SAID_SIZE;
    } else {
        fail_status(out, PEER_SAID_NO, 409, p->answer);
    }
}

static void read_added(struct peer *p, long status, struct peer_reply *out)
{
    switch (status) {
    case 200:
        read_cosignature(p, out);
        break;
    case 409:
        read_size(p, out);
        break;
    case 400:
    case 403:
    case 404:
    case 422:
        fail_status(out, PEER_SAID_NO, status, p->answer);
        break;
    default:
        fail_status(out, PEER_SAID_NOTHING, status, p->answer);
    }
}

void peer_finish(struct peer *p, CURLcode result, const char *origin,
                 const struct public_key *log_key, struct peer_reply *out)
{
    enum peer_state state = p->state;
    long status = 0;

    p->state = PEER_IDLE;
    memset(out, 0, sizeof *out);
    curl_easy_getinfo(p->curl, CURLINFO_RESPONSE_CODE, &status);
    if (result != CURLE_OK) {
        fail(out, PEER_SAID_NOTHING, p->error[0] ? p->error : curl_easy_strerror(result), "");
    } else if (state == PEER_ADDS) {
        read_added(p, status, out);
    } else if (status == 200) {
        read_view(p, origin, log_key, out);
    } else if (status >= 400 && status < 500) {
        out->said = PEER_SAID_UNSEEN; /* views may be elsewhere: the URL is that of submissions */
    } else {
        fail_status(out, PEER_SAID_NOTHING, status, p->answer);
    }
}
