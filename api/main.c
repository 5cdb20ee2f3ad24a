/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * semd, the ledger's server. Welcome; here is how to walk through it.
 *
 * A request comes in through intake.c. The raw target is looked at (path.c) before anything decodes
 * it, routes.c says who answers, and nothing is answered before all of it has arrived within its
 * deadline (conns.c). Then a snapshot of the ledger is opened for this thread (worker.c), the
 * session is looked up (caller.c, session.c), and one handler runs; there is one file for each
 * family of endpoints, and request.h tells what a handler may do.
 *
 * Most handlers read records through ledger/state.h and show them (view.c, page.c, reply.c). The
 * one way to write is submit.c: it verifies a signed note, collects missing signatures (gather.c)
 * and hands a job to the ledger's writer. The connection sleeps meanwhile; when the entry is on
 * the disk under a signed head, the writer wakes it and the receipt goes out.
 *
 * What an entry may do is decided in ledger/ and policies/, never here.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/options.h"
#include "api/serve.h"
#include "api/view.h"
#include "crypto/random.h"
#include "ledger/node.h"

/* --- Progress of long work ------------------------------------------------------------------- */

#define PROGRESS_EVERY_MS 10000 /* where nobody watches */

struct progress {
    int64_t began_ms, said_ms;
    bool tty, said;
};

static void show_progress(void *ctx, uint64_t done, uint64_t total)
{
    struct progress *p = ctx;
    int64_t now = writer_now_monotonic_ms(), spent = now - p->began_ms;
    uint64_t rate, left;

    if (spent <= 0 || (!p->tty && now - p->said_ms < PROGRESS_EVERY_MS)) {
        return;
    }
    rate = done * 1000 / (uint64_t)spent;
    left = rate ? (total - done) / rate : 0;
    fprintf(stderr, "%s%" PRIu64 " of %" PRIu64 " entries, %" PRIu64 "/s, %" PRIu64
            " min %02" PRIu64 " s left%s", p->tty ? "\r\033[K" : "", done, total, rate, left / 60,
            left % 60, p->tty ? "" : "\n");
    p->said_ms = now;
    p->said = true;
}

static void end_progress(const struct progress *p)
{
    if (p->tty && p->said) {
        fputc('\n', stderr);
    }
}

static struct progress begin_progress(void)
{
    int64_t now = writer_now_monotonic_ms();

    return (struct progress){.began_ms = now, .said_ms = now, .tty = isatty(STDERR_FILENO)};
}

/* --- Verbs ----------------------------------------------------------------------------------- */

static int init(const struct options *o)
{
    if (!node_init(o->dir, o->origin, o->demo_seed[0] ? o->demo_seed : NULL, stderr)) {
        return EXIT_FAILED;
    }
    fprintf(stderr, "made %s for %s; next: semd serve --dir %s\n", o->dir, o->origin, o->dir);
    return EXIT_OK;
}

static int check(struct node *node)
{
    struct progress p = begin_progress();
    long differences = node_check(node, stdout, show_progress, &p);

    end_progress(&p);
    if (differences < 0) {
        return EXIT_FAILED;
    }
    if (differences > 0) {
        fprintf(stderr, "semd: %ld differences between the log and the state; `semd rebuild` "
                "makes the state again from the log\n", differences);
        return EXIT_VERIFICATION;
    }
    puts("log and state agree");
    return EXIT_OK;
}

static int rebuild(struct node *node)
{
    struct progress p = begin_progress();
    bool ok = node_rebuild(node, stderr, show_progress, &p);

    end_progress(&p);
    if (ok) {
        puts("the state was made again from the log");
    }
    return ok ? EXIT_OK : EXIT_VERIFICATION;
}

static int keys(const struct node *node)
{
    json_t *object = view_node_keys(node);
    int failed;

    put_text(object, "origin", node->origin);
    failed = json_dumpf(object, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
    putchar('\n');
    json_decref(object);
    return failed ? EXIT_FAILED : EXIT_OK;
}

static int with_node(const struct options *o, struct node *node)
{
    switch (o->verb) {
    case VERB_SERVE:
        return serve(o, node);
    case VERB_CHECK:
        return check(node);
    case VERB_REBUILD:
        return rebuild(node);
    case VERB_KEYS:
        return keys(node);
    case VERB_INIT:
        break;
    }
    return EXIT_FAILED;
}

int main(int argc, char **argv)
{
    static struct options options;
    static struct node node;
    int code = options_read(&options, argc, argv);

    if (code != -1) {
        return code;
    }
    if (crypto_start() != 0) {
        fputs("semd: the system gives no random bytes\n", stderr);
        return EXIT_FAILED;
    }
    json_object_seed(0);
    if (options.verb == VERB_INIT) {
        return init(&options);
    }
    switch (node_open_sized(&node, options.dir, options.map_bytes, stderr)) {
    case NODE_OK:
        break;
    case NODE_MISSING:
        return EXIT_NO_LEDGER;
    case NODE_LOCKED:
        return EXIT_LOCKED;
    case NODE_FAILED:
        return EXIT_FAILED;
    }
    code = with_node(&options, &node);
    node_close(&node);
    return code;
}
