/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/client.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/i18n.h"

/* Longest answer taken: the largest page of entries is far below. */
#define REPLY_BYTES_MAX  ((size_t)64 << 20)
#define CONNECT_SECONDS  10L
#define EXCHANGE_SECONDS 60L

struct client {
    CURL *curl;
    CURLM *multi; /* NULL until several requests were made at once */
    char *base;
    const char *socket; /* the path in "unix:PATH"; NULL: TCP */
    char *url;
    char error[CURL_ERROR_SIZE];
};

/* An answer that comes in. */
struct incoming {
    struct reply *reply;
    size_t bytes_max;
    size_t room; /* of the body */
    bool too_long;
};

static void set_up(const struct client *c, CURL *curl)
{
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, EXCHANGE_SECONDS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "semctl");
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip");
    if (c->socket != NULL) {
        /* A proxy of the environment has no business on a local socket. */
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, c->socket);
    }
}

struct client *client_new(const char *url)
{
    struct client *c = calloc(1, sizeof *c);
    bool local = strncmp(url, "unix:", 5) == 0;

    if (c == NULL ||
        (!local && strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)) {
        free(c);
        return NULL;
    }
    c->url = strdup(url);
    c->base = strdup(local ? "http://localhost" : url);
    c->curl = curl_easy_init();
    if (c->url == NULL || c->base == NULL || c->curl == NULL) {
        client_free(c);
        return NULL;
    }
    size_t n = strlen(c->base);
    while (n > 0 && c->base[n - 1] == '/') {
        c->base[--n] = '\0';
    }
    c->socket = local ? c->url + 5 : NULL;
    set_up(c, c->curl);
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->error);
    return c;
}

void client_free(struct client *c)
{
    if (c == NULL) {
        return;
    }
    curl_easy_cleanup(c->curl);
    curl_multi_cleanup(c->multi);
    free(c->base);
    free(c->url);
    free(c);
}

/* Room for n octets more and a NUL: twice as much each time, for what comes in many pieces. */
static bool make_room(struct incoming *in, size_t n)
{
    size_t needed = in->reply->n + n + 1, room = 2 * in->room > needed ? 2 * in->room : needed;

    if (needed <= in->room) {
        return true;
    }
    char *grown = realloc(in->reply->body, room);
    if (grown == NULL) {
        return false;
    }
    in->reply->body = grown;
    in->room = room;
    return true;
}

static size_t take_body(char *data, size_t size, size_t count, void *ctx)
{
    struct incoming *in = ctx;
    struct reply *out = in->reply;
    size_t n = size * count;

    in->too_long = n > in->bytes_max - out->n;
    if (in->too_long || !make_room(in, n)) {
        return 0;
    }
    memcpy(out->body + out->n, data, n);
    out->n += n;
    out->body[out->n] = '\0';
    return n;
}

static struct curl_slist *headers(const char *type, const char *token)
{
    char line[160];
    struct curl_slist *list = NULL;

    if (type != NULL) {
        snprintf(line, sizeof line, "Content-Type: %s", type);
        list = curl_slist_append(list, line);
    }
    if (token != NULL && token[0] != '\0') {
        snprintf(line, sizeof line, "Authorization: Bearer %s", token);
        list = curl_slist_append(list, line);
    }
    snprintf(line, sizeof line, "Accept-Language: %s", i18n_code());
    list = curl_slist_append(list, line);
    /* No "Expect: 100-continue": it would cost a round trip on every larger body. */
    return curl_slist_append(list, "Expect:");
}

void client_call(struct client *c, const char *method, const char *path, const char *token,
                 const char *type, const char *body, size_t n, struct reply *out)
{
    char *url = NULL;
    struct curl_slist *list = headers(type, token);
    struct incoming in = {.reply = out, .bytes_max = REPLY_BYTES_MAX};

    memset(out, 0, sizeof *out);
    c->error[0] = '\0';
    if (asprintf(&url, "%s%s", c->base, path) < 0) {
        curl_slist_free_all(list);
        return;
    }
    curl_easy_setopt(c->curl, CURLOPT_URL, url);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, &in);
    if (body != NULL) {
        curl_easy_setopt(c->curl, CURLOPT_POST, 1L);
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, body);
    } else {
        curl_easy_setopt(c->curl, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, method);
    CURLcode rc = curl_easy_perform(c->curl);
    if (rc == CURLE_OK) {
        curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &out->status);
        out->json = out->n > 0 ? json_loadb(out->body, out->n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    } else if (c->error[0] == '\0') {
        snprintf(c->error, sizeof c->error, "%s", curl_easy_strerror(rc));
    }
    free(url);
    curl_slist_free_all(list);
}

/* --- Several at once -------------------------------------------------------------------------- */

static CURL *fetch_start(struct client *c, struct fetch *f, struct incoming *in,
                         struct curl_slist *list)
{
    CURL *curl = curl_easy_init();
    char *url = NULL;

    memset(&f->reply, 0, sizeof f->reply);
    *in = (struct incoming){.reply = &f->reply, .bytes_max = f->bytes_max};
    if (curl == NULL || asprintf(&url, "%s%s", c->base, f->path) < 0) {
        curl_easy_cleanup(curl);
        return NULL;
    }
    set_up(c, curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, in);
    curl_easy_setopt(curl, CURLOPT_PRIVATE, in);
    free(url);
    if (curl_multi_add_handle(c->multi, curl) != CURLM_OK) {
        curl_easy_cleanup(curl);
        return NULL;
    }
    return curl;
}

static void fetch_done(struct client *c, const CURLMsg *msg)
{
    struct incoming *in = NULL;
    struct reply *out;

    curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &in);
    out = in->reply;
    if (msg->data.result != CURLE_OK) {
        snprintf(c->error, sizeof c->error, "%s",
                 in->too_long ? "the answer is longer than it may be"
                              : curl_easy_strerror(msg->data.result));
        reply_free(out);
        return;
    }
    curl_easy_getinfo(msg->easy_handle, CURLINFO_RESPONSE_CODE, &out->status);
    if (out->status != 200 && out->n > 0) {
        out->json = json_loadb(out->body, out->n, JSON_REJECT_DUPLICATES, NULL);
    }
}

static void fetch_all(struct client *c)
{
    int running = 1, left;
    CURLMsg *msg;

    while (running > 0) {
        if (curl_multi_perform(c->multi, &running) != CURLM_OK ||
            (running > 0 && curl_multi_poll(c->multi, NULL, 0, 1000, NULL) != CURLM_OK)) {
            snprintf(c->error, sizeof c->error, "libcurl cannot go on");
            break;
        }
        while ((msg = curl_multi_info_read(c->multi, &left)) != NULL) {
            if (msg->msg == CURLMSG_DONE) {
                fetch_done(c, msg);
            }
        }
    }
}

void client_fetch(struct client *c, const char *token, struct fetch fetches[], size_t n)
{
    struct curl_slist *list = headers(NULL, token);
    struct incoming in[FETCHES_MAX];
    CURL *curls[FETCHES_MAX];

    assert(n <= FETCHES_MAX);
    c->error[0] = '\0';
    c->multi = c->multi != NULL ? c->multi : curl_multi_init();
    for (size_t i = 0; i < n; i++) {
        curls[i] = c->multi != NULL ? fetch_start(c, &fetches[i], &in[i], list) : NULL;
    }
    if (c->multi != NULL) {
        fetch_all(c);
    }
    for (size_t i = 0; i < n; i++) {
        fetches[i].too_long = curls[i] != NULL && in[i].too_long;
        if (curls[i] != NULL) {
            curl_multi_remove_handle(c->multi, curls[i]);
            curl_easy_cleanup(curls[i]);
        } else {
            memset(&fetches[i].reply, 0, sizeof fetches[i].reply);
        }
    }
    curl_slist_free_all(list);
}

void reply_free(struct reply *reply)
{
    json_decref(reply->json);
    free(reply->body);
    memset(reply, 0, sizeof *reply);
}

const char *client_error(const struct client *c)
{
    return c->error;
}

char *url_escape(const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t n = strlen(text), j = 0;
    char *out = malloc(3 * n + 1);

    for (size_t i = 0; out != NULL && i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_' || c == '.' || c == '~';
        if (plain) {
            out[j++] = (char)c;
        } else {
            out[j++] = '%';
            out[j++] = digits[c >> 4];
            out[j++] = digits[c & 15];
        }
    }
    if (out != NULL) {
        out[j] = '\0';
    }
    return out;
}
