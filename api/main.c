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
#include <time.h>
#include <unistd.h>

#include "api/options.h"
#include "api/serve.h"
#include "api/view.h"
#include "crypto/random.h"
#include "crypto/text.h"
#include "ledger/backup.h"
#include "ledger/node.h"

/* --- Progress of long work ------------------------------------------------------------------- */

#define PROGRESS_EVERY_MS 10000 /* where nobody watches */

struct progress {
    int64_t began_ms, said_ms;
    const char *unit; /* of what is under way */
    bool tty, said;
};

static void show(struct progress *p, uint64_t done, uint64_t total, const char *unit)
{
    int64_t now = writer_now_monotonic_ms(), spent;
    uint64_t rate, left;

    if (p->unit != unit) {
        p->unit = unit;
        p->began_ms = now; /* the rate is that of this work, not of what was done before it */
    }
    spent = now - p->began_ms;
    if (spent <= 0 || (!p->tty && now - p->said_ms < PROGRESS_EVERY_MS)) {
        return;
    }
    rate = done * 1000 / (uint64_t)spent;
    left = rate ? (total - done) / rate : 0;
    fprintf(stderr, "%s%" PRIu64 " of %" PRIu64 " %s, %" PRIu64 "/s, %" PRIu64
            " min %02" PRIu64 " s left%s", p->tty ? "\r\033[K" : "", done, total, unit, rate,
            left / 60, left % 60, p->tty ? "" : "\n");
    p->said_ms = now;
    p->said = true;
}

static void show_progress(void *ctx, uint64_t done, uint64_t total)
{
    static const char unit[] = "entries";

    show(ctx, done, total, unit);
}

static void show_copied(void *ctx, uint64_t done, uint64_t total)
{
    static const char unit[] = "KiB";

    show(ctx, done >> 10, total >> 10, unit);
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
    enum node_verdict verdict = node_rebuild_verdict(node, stderr, show_progress, &p);

    end_progress(&p);
    switch (verdict) {
    case NODE_HOLDS:
        puts("the state was made again from the log");
        return EXIT_OK;
    case NODE_DOES_NOT_HOLD:
        return EXIT_VERIFICATION;
    case NODE_STORE_FAILS:
        break;
    }
    return EXIT_FAILED;
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

/* --- Backups --------------------------------------------------------------------------------- */

static int backup_code(enum backup_result result)
{
    switch (result) {
    case BACKUP_OK:
        return EXIT_OK;
    case BACKUP_PARTIAL:
        return EXIT_PARTIAL;
    case BACKUP_MISSING:
        return EXIT_NO_LEDGER;
    case BACKUP_LOCKED:
        return EXIT_LOCKED;
    case BACKUP_UNSOUND:
        return EXIT_VERIFICATION;
    case BACKUP_FAILED:
        break;
    }
    return EXIT_FAILED;
}

/* "12 entries with root 0123..., backup begun 2026-11-23 04:31:19 UTC" */
static void print_info(const struct backup_info *info)
{
    char root[HEX_SIZE(HASH_BYTES)], moment[32];
    time_t seconds = (time_t)(info->at / 1000);
    struct tm utc;

    hex_encode(root, info->head.root.b, HASH_BYTES);
    strftime(moment, sizeof moment, "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&seconds, &utc));
    printf("%" PRIu64 " entries with root %s, backup begun %s\n", info->head.size, root, moment);
}

static int backup(const struct options *o)
{
    struct progress p = begin_progress();
    struct backup_watch watch = {.copied = show_copied, .ctx = &p};
    struct backup_info info;
    enum backup_result result =
        node_backup(o->dir, o->to, !o->without_keys, &info, stderr, &watch);

    end_progress(&p);
    if (result == BACKUP_OK) {
        printf("%s is a backup of %s: ", o->to, info.origin);
        print_info(&info);
        if (!o->without_keys) {
            fprintf(stderr, "the server's keys are in it: keep it as you keep them\n");
        }
    }
    return backup_code(result);
}

/* What the operator must know before the first start. */
static void explain_signing(const struct options *o, const struct restored *r)
{
    char root[HEX_SIZE(HASH_BYTES)];

    if (!r->last_signed_known) {
        hex_encode(root, r->info.head.root.b, HASH_BYTES);
        fprintf(stderr, "%s/last-signed is missing, so semd serves it read-only: put the newest "
                "one there. If no head after the backup's was ever published, it is the line\n"
                "%" PRIu64 " %s\n", o->dir, r->info.head.size, root);
    } else if (r->last_signed.size > r->info.head.size) {
        fprintf(stderr, "the log that was replaced has signed a head of %" PRIu64 " entries, so "
                "semd serves %s read-only: restore a newer backup\n", r->last_signed.size, o->dir);
    }
}

static int restore(const struct options *o)
{
    static struct restored r;
    struct progress p = begin_progress();
    struct backup_watch watch = {show_copied, show_progress, &p};
    struct restore_order order = {.from = o->from,
                                  .dir = o->dir,
                                  .keys = o->keys[0] ? o->keys : NULL,
                                  .replace = o->replace};
    enum backup_result result = node_restore(&order, &r, stderr, &watch);

    end_progress(&p);
    if (result != BACKUP_OK && result != BACKUP_PARTIAL) {
        return backup_code(result);
    }
    printf("%s is restored for %s: ", o->dir, r.info.origin);
    print_info(&r.info);
    if (r.before[0]) {
        fprintf(stderr, "the folder that was there is %s; from it: %" PRIu64 " erasures, %" PRIu64
                " refusals\n", r.before, r.erasures, r.refusals);
    }
    if (result == BACKUP_PARTIAL) {
        fprintf(stderr, "it could not all be read: texts that were erased after the backup may be "
                "there again, and refusals after it may be forgotten\n");
    }
    explain_signing(o, &r);
    return backup_code(result);
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
    case VERB_BACKUP:
    case VERB_RESTORE:
        break; /* open no folder, or not this way */
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
    if (options.verb == VERB_BACKUP) {
        return backup(&options);
    }
    if (options.verb == VERB_RESTORE) {
        return restore(&options);
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
