/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/serve.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "api/cosign.h"
#include "api/server.h"
#include "ledger/listen.h"

/* The housekeeper's beat; deadlines are exact to about this. */
#define TICK_NS 500000000

/* As many descriptors as we may have: each silent client holds one. */
static void raise_limits(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
        if (files.rlim_max < CONNECTIONS_MAX + LISTEN_BACKLOG + 100) {
            fprintf(stderr, "semd: only %llu descriptors, so fewer than %d connections: raise "
                    "`ulimit -n`\n", (unsigned long long)files.rlim_max, CONNECTIONS_MAX);
        }
    }
}

/*
 * Left to itself malloc stops to map large pieces once some were freed, takes them from its heaps,
 * and these stay as long as their largest moment was. The few large ones are the housekeeper's
 * tables and long answers. Connections' pools too are mapped: which thread serves how many of them
 * changes from hour to hour, and each thread has a heap of its own.
 */
static void set_up_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, CONNECTION_MEMORY_BYTES);
}

/* Blocks the signals that end us, in all threads to come; they are waited for here. */
static void block_signals(sigset_t *ends)
{
    sigemptyset(ends);
    sigaddset(ends, SIGTERM);
    sigaddset(ends, SIGINT);
    sigprocmask(SIG_BLOCK, ends, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static struct writer *start_writer(const struct options *o, struct node *node,
                                   const char *read_only)
{
    struct writer_config config = {
        .dir = node->dir,
        .origin = node->origin,
        .store = node->store,
        .log_key = node->log_key,
        .clock_key = node->clock_key,
        .refusal_key = node->refusal_key,
        .side = node->side,
        .queue_max = o->queue_max,
        .batch_max = o->batch_max,
        .read_only = read_only,
    };
    const char *why = "";
    struct writer *writer;

    writer = writer_start(&config, &why);
    if (!writer) {
        fprintf(stderr, "semd: the writer does not start: %s\n", why);
    } else if (writer_read_only(writer)) {
        fprintf(stderr, "semd: read-only: %s\n", writer_read_only(writer));
    }
    return writer;
}

/* Texts that the log says are erased must be gone before anybody can ask for them. */
static bool apply_erasures(struct node *node)
{
    struct store_reader *reader;
    struct kv *kv;

    if (store_reader_new(node->store, &reader) != STORE_OK) {
        return false;
    }
    kv = store_read(reader);
    if (kv) {
        node_apply_erasures(node, kv);
        store_read_end(reader);
    }
    store_reader_free(reader);
    return kv != NULL;
}

static void wait_for_end(struct server *server, const sigset_t *ends)
{
    struct timespec tick = {.tv_nsec = TICK_NS};

    while (sigtimedwait(ends, NULL, &tick) < 0) {
        server_tick(server);
    }
}

/* Opens both sockets; false after a message. */
static bool open_sockets(const struct options *o, struct server_config *config,
                         char url[static LISTEN_URL_SIZE])
{
    char metrics_url[LISTEN_URL_SIZE];

    config->metrics_fd = -1;
    config->listen_fd = listen_open("semd", o->listen, o->insecure_http, url, stderr);
    if (config->listen_fd < 0) {
        return false;
    }
    if (o->metrics[0]) {
        config->metrics_fd =
            listen_open("semd", o->metrics, o->insecure_http, metrics_url, stderr);
        if (config->metrics_fd < 0) {
            close(config->listen_fd);
            listen_forget(o->listen);
            return false;
        }
        fprintf(stderr, "metrics on %s\n", metrics_url);
    }
    return true;
}

static int run(const struct options *o, struct node *node, struct writer *writer,
               struct cosign *cosign)
{
    struct server_config config = {
        .node = node, .writer = writer, .cosign = cosign, .threads = o->threads};
    char url[LISTEN_URL_SIZE];
    struct server *server;
    sigset_t ends;

    block_signals(&ends);
    if (!open_sockets(o, &config, url)) {
        return EXIT_FAILED;
    }
    server = server_start(&config, stderr);
    if (!server) {
        listen_forget(o->listen);
        return EXIT_FAILED;
    }
    fprintf(stderr, "listening on %s\n", url);
    wait_for_end(server, &ends);
    fprintf(stderr, "stopping\n");
    server_stop(server);
    listen_forget(o->listen);
    listen_forget(o->metrics);
    return EXIT_OK;
}

/* What a witness holds is looked at before anything is signed (SPEC 14.4). */
static int run_writer(const struct options *o, struct node *node, struct cosign *cosign)
{
    struct writer *writer = start_writer(o, node, cosign ? cosign_look(cosign, stderr) : NULL);
    int code = EXIT_FAILED;

    if (writer && cosign && !cosign_start(cosign, writer)) {
        fprintf(stderr, "semd: no thread for asking witnesses\n");
    } else if (writer) {
        code = run(o, node, writer, cosign);
    }
    cosign_stop(cosign);
    writer_stop(writer);
    return code;
}

int serve(const struct options *o, struct node *node)
{
    struct cosign *cosign = NULL;
    sigset_t ends;

    set_up_memory();
    raise_limits();
    block_signals(&ends); /* before the first thread is made */
    if (!apply_erasures(node)) {
        fprintf(stderr, "semd: the store cannot be read\n");
        return EXIT_FAILED;
    }
    if (o->witness_policy[0]) {
        cosign = cosign_new(o->witness_policy, node, stderr);
        if (!cosign) {
            return EXIT_USAGE;
        }
    }
    return run_writer(o, node, cosign);
}
