/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The parts of ledger/node.h that replay the log (SPEC 4.5, 14.5). */
#include "ledger/node.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/text.h"
#include "ledger/files.h"
#include "ledger/journal.h"
#include "ledger/kind.h"
#include "ledger/last_signed.h"
#include "ledger/replay.h"

/* Leaves a transaction, so that no transaction holds a whole log's pages. */
#define REPLAY_BATCH 1000
#define PROGRESS_MS 100
#define DIFFERENCES_MAX 100

struct run {
    struct node *node;
    struct kv *log; /* what is replayed, */
    struct journal_image journal; /* and what it has behind that, if the start could not take it */
    struct journal_walk behind;
    struct replay *replay;
    uint64_t done, stored, total; /* leaves; in the log; with the journal's */
    FILE *err;
    node_progress progress;
    void *ctx;
    int64_t shown_ms; /* when progress was shown last */
};

static enum node_verdict does_not_hold(struct run *run, const char *why)
{
    fprintf(run->err, "%s\n", why);
    return NODE_DOES_NOT_HOLD;
}

static enum node_verdict store_fails(struct run *run)
{
    fprintf(run->err, "%s: the store fails: %s\n", run->node->dir, store_message());
    return NODE_STORE_FAILS;
}

static void show_progress(struct run *run)
{
    if (run->progress == NULL)
        return;
    int64_t now = writer_now_monotonic_ms();
    if (run->done == run->total || now - run->shown_ms >= PROGRESS_MS) {
        run->shown_ms = now;
        run->progress(run->ctx, run->done, run->total);
    }
}

/* --- Replaying -------------------------------------------------------------------------------- */

/* network.found names the keys of the server that made it. */
static bool keys_are_ours(const struct node *node, const struct entry *e)
{
    if (e->kind->id != KIND_NETWORK_FOUND)
        return true;
    struct public_key log, clock, refusal;
    secret_key_public(node->log_key, &log);
    secret_key_public(node->clock_key, &clock);
    secret_key_public(node->refusal_key, &refusal);
    return public_key_equal(&e->network_found.log_key, &log) &&
           public_key_equal(&e->network_found.clock_key, &clock) &&
           public_key_equal(&e->network_found.refusal_key, &refusal);
}

static bool next_leaf(struct run *run, struct slice *leaf)
{
    return run->done < run->stored ? log_read(run->log, run->done, leaf)
                                   : journal_next(&run->behind, leaf);
}

/* Takes at most `n` leaves more. */
static enum node_verdict take_leaves(struct run *run, struct kv *into, uint64_t n)
{
    char why[REPLAY_WHY_SIZE], line[REPLAY_WHY_SIZE + 64];
    for (; n > 0 && run->done < run->total; n--) {
        struct slice leaf;
        if (!next_leaf(run, &leaf)) {
            if (kv_failed(run->log))
                return store_fails(run);
            snprintf(line, sizeof line, "leaf %" PRIu64 ": missing", run->done);
            return does_not_hold(run, line);
        }
        bool ok = replay_leaf(run->replay, into, leaf, why);
        if (kv_failed(into) || kv_failed(run->log))
            return store_fails(run);
        if (ok && !keys_are_ours(run->node, replay_entry(run->replay))) {
            snprintf(why, sizeof why, "network_keys: not the keys of this server");
            ok = false;
        }
        if (!ok) {
            snprintf(line, sizeof line, "leaf %" PRIu64 ": %s", run->done, why);
            return does_not_hold(run, line);
        }
        run->done++;
        show_progress(run);
    }
    return NODE_HOLDS;
}

static bool same_head(const struct log_head *a, const struct log_head *b)
{
    return a->size == b->size && hash_equal(&a->root, &b->root);
}

/*
 * The tree that came of the leaves against what was promised: the newest head that was published,
 * or, where none is known, the stored tree.
 */
static enum node_verdict check_promise(struct run *run, struct kv *into)
{
    struct log_head head, signed_head, stored;
    struct hash root;
    if (!log_head(into, &head))
        return store_fails(run);
    switch (last_signed_newest(run->node->dir, &signed_head)) {
    case LAST_SIGNED_OK:
        if (log_root_at(into, signed_head.size, &root) && hash_equal(&root, &signed_head.root))
            return NODE_HOLDS;
        return does_not_hold(run, "the leaves do not extend the newest head in last-signed "
                                   "and the journal");
    case LAST_SIGNED_NONE:
        if (log_head(run->log, &stored) && same_head(&stored, &head))
            return NODE_HOLDS;
        return does_not_hold(run, "the leaves do not give the root of the stored tree");
    case LAST_SIGNED_IO:
    case LAST_SIGNED_MALFORMED:
        break;
    }
    return does_not_hold(run, "last-signed or the journal cannot be read, or is malformed");
}

static enum node_verdict check_sums(struct run *run, struct kv *into)
{
    char why[REPLAY_WHY_SIZE];
    if (replay_recount(run->replay, into, why))
        return NODE_HOLDS;
    return kv_failed(into) ? store_fails(run) : does_not_hold(run, why);
}

static bool run_start(struct run *run, bool verify)
{
    run->replay = replay_new(run->node->origin, verify);
    if (run->replay == NULL)
        fprintf(run->err, "no memory\n");
    run->stored = run->total = log_size(run->log);
    errno = 0;
    if (journal_read(&run->journal, run->node->dir)) {
        run->behind = (struct journal_walk){.image = &run->journal, .index = run->stored};
        run->total = journal_reach(&run->journal, run->stored);
    } else if (errno != ENOENT) {
        fprintf(run->err, "%s/journal: cannot be read: %s\n", run->node->dir, strerror(errno));
        return false;
    }
    return run->replay != NULL;
}

static void run_end(struct run *run)
{
    replay_free(run->replay);
    journal_image_free(&run->journal);
}

bool node_replay(struct node *node, struct kv *log, struct kv *into, bool verify, FILE *err,
                 node_progress progress, void *ctx)
{
    struct run run = {.node = node, .log = log, .err = err, .progress = progress, .ctx = ctx};
    struct log_head stored, head;
    if (!run_start(&run, verify)) {
        run_end(&run);
        return false;
    }
    enum node_verdict verdict = take_leaves(&run, into, UINT64_MAX);
    if (verdict == NODE_HOLDS)
        verdict = check_promise(&run, into);
    if (verdict == NODE_HOLDS)
        verdict = check_sums(&run, into);
    if (verdict == NODE_HOLDS &&
        (!log_head(log, &stored) || !log_head(into, &head) || !same_head(&stored, &head)))
        verdict = does_not_hold(&run, "the leaves do not give the root of the stored tree");
    run_end(&run);
    return verdict == NODE_HOLDS;
}

/* One transaction of a replay into an environment. */
static enum node_verdict fill_some(struct run *run, struct store *store)
{
    struct kv *into;
    if (store_begin(store, &into) != STORE_OK)
        return store_fails(run);
    enum node_verdict verdict = take_leaves(run, into, REPLAY_BATCH);
    if (verdict == NODE_HOLDS && run->done == run->total) {
        verdict = check_promise(run, into);
        if (verdict == NODE_HOLDS)
            verdict = check_sums(run, into);
    }
    if (verdict != NODE_HOLDS) {
        store_abort(into);
        return verdict;
    }
    return store_commit(into) == STORE_OK ? NODE_HOLDS : store_fails(run);
}

/* Replays everything into an empty environment. */
static enum node_verdict fill(struct run *run, struct store *store)
{
    enum node_verdict verdict = run_start(run, true) ? NODE_HOLDS : NODE_STORE_FAILS;
    if (verdict == NODE_HOLDS) {
        do
            verdict = fill_some(run, store);
        while (verdict == NODE_HOLDS && run->done < run->total);
    }
    run_end(run);
    return verdict;
}

/* --- An environment aside --------------------------------------------------------------------- */

/* A scratch environment in the data folder, and the log on which it is based. */
struct aside {
    char path[PATH_MAX];
    struct store *store;
    struct store_reader *reader;
    struct kv *log;
};

static void aside_close(struct aside *aside, bool keep_files)
{
    if (aside->log != NULL)
        store_read_end(aside->reader);
    store_reader_free(aside->reader);
    store_close(aside->store);
    if (!keep_files)
        path_remove_tree(aside->path); /* the next one removes what this one leaves */
    *aside = (struct aside){0};
}

static bool aside_open(struct aside *aside, struct node *node, const char *name, FILE *err)
{
    *aside = (struct aside){0};
    errno = ENAMETOOLONG;
    if (!path_join(aside->path, sizeof aside->path, node->dir, name) ||
        !path_remove_tree(aside->path) || mkdir(aside->path, 0700) != 0) {
        fprintf(err, "%s/%s: cannot be made: %s\n", node->dir, name, strerror(errno));
        return false;
    }
    enum store_err code = store_open(&aside->store, aside->path, STORE_CREATE | STORE_SCRATCH,
                                     node->map_bytes);
    if (code == STORE_OK)
        code = store_reader_new(node->store, &aside->reader);
    if (code == STORE_OK)
        aside->log = store_read(aside->reader);
    if (aside->log != NULL)
        return true;
    fprintf(err, "%s: %s\n", aside->path, store_message());
    aside_close(aside, false);
    return false;
}

/* --- Rebuilding ------------------------------------------------------------------------------- */

/* Puts DIR/log.new in the place of DIR/log in one step, and opens it. */
static bool swap_in(struct node *node, FILE *err)
{
    char log[PATH_MAX], fresh[PATH_MAX];
    if (!path_join(log, sizeof log, node->dir, "log") ||
        !path_join(fresh, sizeof fresh, node->dir, "log.new"))
        return false;
    store_close(node->store);
    node->store = NULL;
    bool ok = path_sync(fresh) && renameat2(AT_FDCWD, fresh, AT_FDCWD, log, RENAME_EXCHANGE) == 0;
    if (!ok)
        fprintf(err, "%s: cannot be put in place: %s\n", fresh, strerror(errno));
    else if (!path_sync(node->dir) || !path_remove_tree(fresh))
        fprintf(err, "%s: the old log, cannot be removed: %s\n", fresh, strerror(errno));
    if (store_open(&node->store, log, 0, node->map_bytes) == STORE_OK)
        return ok;
    fprintf(err, "%s: %s\n", log, store_message());
    return false;
}

enum node_verdict node_rebuild_verdict(struct node *node, FILE *err, node_progress progress,
                                       void *ctx)
{
    struct aside aside;
    if (!aside_open(&aside, node, "log.new", err))
        return NODE_STORE_FAILS;
    struct run run = {
        .node = node, .log = aside.log, .err = err, .progress = progress, .ctx = ctx};
    enum node_verdict verdict = fill(&run, aside.store);
    if (verdict == NODE_HOLDS && store_sync(aside.store) != STORE_OK)
        verdict = store_fails(&run);
    aside_close(&aside, verdict == NODE_HOLDS);
    if (verdict == NODE_HOLDS && !swap_in(node, err))
        verdict = NODE_STORE_FAILS;
    return verdict;
}

bool node_rebuild(struct node *node, FILE *err, node_progress progress, void *ctx)
{
    return node_rebuild_verdict(node, err, progress, ctx) == NODE_HOLDS;
}

/* --- Checking --------------------------------------------------------------------------------- */

struct report {
    FILE *out;
    long n;
};

static void print_bytes(FILE *out, const char *label, const struct slice *s)
{
    char hex[HEX_SIZE(48)];
    if (s == NULL) {
        fprintf(out, " %s nothing", label);
        return;
    }
    size_t shown = s->size < 48 ? s->size : 48;
    hex_encode(hex, s->data, shown);
    fprintf(out, " %s %s%s (%zu bytes)", label, hex, shown < s->size ? "..." : "", s->size);
}

static void report_difference(struct report *report, enum kv_table table, struct slice key,
                              const struct slice *expected, const struct slice *found)
{
    char hex[HEX_SIZE(KV_KEY_MAX)];
    if (++report->n > DIFFERENCES_MAX)
        return;
    hex_encode(hex, key.data, key.size < KV_KEY_MAX ? key.size : KV_KEY_MAX);
    fprintf(report->out, "table %s key %s:", kv_table_name(table), hex);
    print_bytes(report->out, "expected", expected);
    print_bytes(report->out, "found", found);
    fputc('\n', report->out);
}

static int compare(struct slice a, struct slice b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = memcmp(a.data, b.data, common);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* One step of a walk through a table. */
struct place {
    struct kv *kv;
    bool there;
    struct slice key, value;
};

static void step(struct place *p, enum kv_table table)
{
    p->there = kv_seek(p->kv, table, p->key, p->key.size > 0, &p->key, &p->value);
}

/* Walks both sides of a table in step. Both are snapshots, so what they lend stays. */
static void compare_table(struct report *report, enum kv_table table, struct kv *right,
                          struct kv *stored)
{
    struct place a = {.kv = right}, b = {.kv = stored};
    step(&a, table);
    step(&b, table);
    while (a.there || b.there) {
        int order = !a.there ? 1 : !b.there ? -1 : compare(a.key, b.key);
        if (order < 0)
            report_difference(report, table, a.key, &a.value, NULL);
        else if (order > 0)
            report_difference(report, table, b.key, NULL, &b.value);
        else if (compare(a.value, b.value) != 0)
            report_difference(report, table, a.key, &a.value, &b.value);
        if (order <= 0)
            step(&a, table);
        if (order >= 0)
            step(&b, table);
    }
}

static long compare_all(struct run *run, struct store *right_store)
{
    struct report report = {.out = run->err};
    struct store_reader *reader;
    if (store_reader_new(right_store, &reader) != STORE_OK)
        return -1;
    struct kv *right = store_read(reader);
    bool ok = right != NULL;
    if (ok) {
        for (enum kv_table table = 0; table < KV_LOG_TABLES; table++)
            compare_table(&report, table, right, run->log);
        ok = !kv_failed(right) && !kv_failed(run->log);
        store_read_end(reader);
    }
    store_reader_free(reader);
    if (!ok) {
        store_fails(run);
        return -1;
    }
    if (report.n > DIFFERENCES_MAX)
        fprintf(report.out, "and %ld more\n", report.n - DIFFERENCES_MAX);
    return report.n;
}

long node_check(struct node *node, FILE *out, node_progress progress, void *ctx)
{
    struct aside aside;
    if (!aside_open(&aside, node, "check.new", out))
        return -1;
    struct run run = {
        .node = node, .log = aside.log, .err = out, .progress = progress, .ctx = ctx};
    long differences = -1;
    switch (fill(&run, aside.store)) {
    case NODE_HOLDS:
        differences = compare_all(&run, aside.store);
        break;
    case NODE_DOES_NOT_HOLD:
        differences = 1;
        break;
    case NODE_STORE_FAILS:
        break;
    }
    aside_close(&aside, false);
    return differences;
}
