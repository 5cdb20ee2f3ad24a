/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/readers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load.h"

#define READERS 64
#define TOKEN_LEN 64
#define NONCE_LEN 64

struct readers {
    const struct child *semd, *bare;
    struct load_request requests[READ_PAGE + 1][READERS];
    char bytes[READ_PAGE + 1][READERS][256];
};

/* The text of a JSON member, as long as expected. */
static bool member(const char *answer, const char *name, char *out, size_t n)
{
    char start[32];
    snprintf(start, sizeof start, "\"%s\":\"", name);
    const char *at = strstr(answer, start);
    if (at == NULL || strlen(at + strlen(start)) < n)
        return false;
    memcpy(out, at + strlen(start), n);
    out[n] = '\0';
    return true;
}

static int post(const struct child *semd, const char *path, const char *type, const char *body,
                size_t n, char *answer, size_t size)
{
    char request[4096];
    int len = snprintf(request, sizeof request, "POST %s HTTP/1.1\r\nHost: bench\r\nContent-Type: "
                       "%s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%.*s", path, type, n,
                       (int)n, body);
    return load_ask(semd->port, request, (size_t)len, answer, size);
}

/* SPEC 12.2 */
static bool login(const struct bench_network *network, const struct child *semd, size_t org,
                  char token[static TOKEN_LEN + 1])
{
    char handle[BENCH_HANDLE_SIZE], body[64], text[512], note[1024], answer[4096];
    char nonce[NONCE_LEN + 1];
    bench_handle(handle, org);
    int n = snprintf(body, sizeof body, "{\"org\":\"%s\"}", handle);
    bool ok = post(semd, "/v1/sessions/challenge", "application/json", body, (size_t)n, answer,
                   sizeof answer) == 200 &&
              member(answer, "nonce", nonce, NONCE_LEN);
    if (ok) {
        snprintf(text, sizeof text, BENCH_ORIGIN "/login/v1\n{\"nonce\":\"%s\",\"org\":\"%s\"}\n",
                 nonce, handle);
        size_t len = bench_sign(network, note, sizeof note, text, org);
        ok = post(semd, "/v1/sessions", "text/plain; charset=utf-8", note, len, answer,
                  sizeof answer) == 201 &&
             member(answer, "token", token, TOKEN_LEN);
    }
    if (!ok)
        fprintf(stderr, "bench: no session: %s\n", answer);
    return ok;
}

static void prepare(struct readers *r, size_t i, const char *token)
{
    char path[READ_PAGE + 1][96], handle[BENCH_HANDLE_SIZE];
    bench_handle(handle, i);
    snprintf(path[READ_BARE], sizeof path[0], "/v1/orgs/%s/position", handle);
    snprintf(path[READ_POSITION], sizeof path[0], "/v1/orgs/%s/position", handle);
    snprintf(path[READ_PAGE], sizeof path[0], "/v1/entries?limit=20");
    for (size_t what = READ_BARE; what <= READ_PAGE; what++) {
        int n = snprintf(r->bytes[what][i], sizeof r->bytes[what][i],
                         "GET %s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n\r\n",
                         path[what], token);
        r->requests[what][i] = (struct load_request){r->bytes[what][i], (size_t)n};
    }
}

struct readers *readers_new(const struct bench_network *network, const struct child *semd,
                            const struct child *bare)
{
    struct readers *r = calloc(1, sizeof *r);
    char token[TOKEN_LEN + 1];
    if (r == NULL)
        return NULL;
    r->semd = semd;
    r->bare = bare;
    for (size_t i = 0; i < READERS; i++) {
        if (!login(network, semd, i, token)) {
            free(r);
            return NULL;
        }
        prepare(r, i, token);
    }
    return r;
}

void readers_free(struct readers *readers)
{
    free(readers);
}

bool readers_run(const struct readers *r, enum read_what what, size_t connections,
                 double seconds, struct readers_result *out)
{
    const struct child *server = what == READ_BARE ? r->bare : r->semd;
    struct load_plan plan = {.port = server->port, .connections = connections,
                             .requests = r->requests[what], .n_requests = READERS, .again = true,
                             .seconds = seconds, .status = 200};
    struct load_result load;
    double cpu = child_cpu_s(server);
    if (!load_run(&plan, &load))
        return false;
    *out = (struct readers_result){
        .per_second = load.per_second,
        .p50_us = load.p50_us,
        .p99_us = load.p99_us,
        .answer_bytes = load.answer_bytes,
        .cpu_us = (child_cpu_s(server) - cpu) / (double)load.answered * 1e6};
    return true;
}
