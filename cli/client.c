/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest answer taken: the largest page of entries is far below. */
#define REPLY_BYTES_MAX  ((size_t)64 << 20)
#define CONNECT_SECONDS  10L
#define EXCHANGE_SECONDS 60L

struct client {
    CURL *curl;
    char *base;
    char error[CURL_ERROR_SIZE];
};

struct client *client_new(const char *url)
{
    struct client *c = calloc(1, sizeof *c);
    bool local = strncmp(url, "unix:", 5) == 0;

    if (c == NULL ||
        (!local && strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)) {
        free(c);
        return NULL;
    }
    c->base = strdup(local ? "http://localhost" : url);
    c->curl = curl_easy_init();
    if (c->base == NULL || c->curl == NULL) {
        client_free(c);
        return NULL;
    }
    size_t n = strlen(c->base);
    while (n > 0 && c->base[n - 1] == '/') {
        c->base[--n] = '\0';
    }
    curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->error);
    curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    curl_easy_setopt(c->curl, CURLOPT_TIMEOUT, EXCHANGE_SECONDS);
    curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->curl, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(c->curl, CURLOPT_USERAGENT, "semctl");
    if (local) {
        /* A proxy of the environment has no business on a local socket. */
        curl_easy_setopt(c->curl, CURLOPT_PROXY, "");
        curl_easy_setopt(c->curl, CURLOPT_UNIX_SOCKET_PATH, url + 5);
    }
    return c;
}

void client_free(struct client *c)
{
    if (c == NULL) {
        return;
    }
    curl_easy_cleanup(c->curl);
    free(c->base);
    free(c);
}

static size_t take_body(char *data, size_t size, size_t count, void *ctx)
{
    struct reply *out = ctx;
    size_t n = size * count;

    if (n > REPLY_BYTES_MAX - out->n) {
        return 0;
    }
    char *grown = realloc(out->body, out->n + n + 1);
    if (grown == NULL) {
        return 0;
    }
    memcpy(grown + out->n, data, n);
    out->body = grown;
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
    /* No "Expect: 100-continue": it would cost a round trip on every larger body. */
    return curl_slist_append(list, "Expect:");
}

void client_call(struct client *c, const char *method, const char *path, const char *token,
                 const char *type, const char *body, size_t n, struct reply *out)
{
    char *url = NULL;
    struct curl_slist *list = headers(type, token);

    memset(out, 0, sizeof *out);
    c->error[0] = '\0';
    if (asprintf(&url, "%s%s", c->base, path) < 0) {
        curl_slist_free_all(list);
        return;
    }
    curl_easy_setopt(c->curl, CURLOPT_URL, url);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, out);
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
