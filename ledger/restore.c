/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The part of ledger/backup.h that makes a data folder of a backup. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ledger/backup_file.h"
#include "ledger/files.h"
#include "ledger/journal.h"
#include "ledger/last_signed.h"
#include "ledger/replaced.h"

struct restoring {
    const struct restore_order *order;
    struct restored *out;
    const struct backup_watch *watch;
    FILE *err;
    struct backup_file file;
    struct backup_meter meter;
    struct node old;   /* the folder that is replaced: its path and its lock alone */
    bool replaces;
    char dir[4096], fresh[4096];
    struct node node;  /* in `fresh` */
    FILE *known;       /* of replaced_read() */
    bool known_all;
};

static enum backup_result fail(struct restoring *r, const char *path, const char *what)
{
    fprintf(r->err, "%s: %s: %s\n", path, what, strerror(errno));
    return BACKUP_FAILED;
}

/* --- The folder that is replaced -------------------------------------------------------------- */

static bool is_data_folder(const char *dir)
{
    static const char *const names[] = {"log", "keys", "aux", "last-signed", "journal"};
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (path_join(path, sizeof path, dir, names[i]) && access(path, F_OK) == 0)
            return true;
    return false;
}

/* A malformed one must not be lost: a log that signs without it could sign a fork. */
static enum backup_result look_at_last_signed(struct restoring *r)
{
    switch (last_signed_newest(r->old.dir, &r->out->last_signed)) {
    case LAST_SIGNED_OK:
        r->out->last_signed_known = true;
        return BACKUP_OK;
    case LAST_SIGNED_NONE:
        return BACKUP_OK;
    case LAST_SIGNED_IO:
    case LAST_SIGNED_MALFORMED:
        break;
    }
    fprintf(r->err, "%s: last-signed or the journal cannot be read, or is malformed: mend it or "
            "move it away\n", r->old.dir);
    return BACKUP_FAILED;
}

static enum backup_result find_old(struct restoring *r)
{
    struct stat info;
    if (lstat(r->order->dir, &info) != 0)
        return errno == ENOENT ? BACKUP_OK : fail(r, r->order->dir, "cannot be looked at");
    if (!r->order->replace) {
        fprintf(r->err, "%s: is there already; with --replace it is kept beside\n", r->order->dir);
        return BACKUP_FAILED;
    }
    if (realpath(r->order->dir, r->old.dir) == NULL)
        return fail(r, r->order->dir, "cannot be looked at");
    if (!is_data_folder(r->old.dir)) {
        fprintf(r->err, "%s: is no data folder and is not replaced\n", r->old.dir);
        return BACKUP_FAILED;
    }
    r->replaces = true;
    switch (node_lock(&r->old, r->err)) {
    case NODE_OK:
        return look_at_last_signed(r);
    case NODE_LOCKED:
        return BACKUP_LOCKED;
    case NODE_MISSING:
    case NODE_FAILED:
        break;
    }
    return BACKUP_FAILED;
}

static enum backup_result read_old(struct restoring *r)
{
    if (!r->replaces)
        return BACKUP_OK;
    r->known = replaced_read(r->old.dir, r->file.info.origin, &r->known_all);
    return r->known != NULL ? BACKUP_OK : fail(r, r->old.dir, "cannot be read");
}

/* --- Copying ---------------------------------------------------------------------------------- */

static bool make_folders(struct restoring *r)
{
    static const char *const folders[] = {"aux", "log", "keys"};
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if (!path_join(path, sizeof path, r->fresh, folders[i]) || mkdir(path, 0700) != 0)
            return false;
    return true;
}

/* A folder of keys has no sums: that they are the right ones, network.found says. */
static bool copy_key(struct restoring *r, enum backup_part part)
{
    char from[PATH_MAX], to[PATH_MAX];
    const char *name = backup_part_name(part);
    struct backup_sum sum;
    errno = ENAMETOOLONG;
    if (path_join(from, sizeof from, r->order->keys, name + strlen("keys/")) &&
        path_join(to, sizeof to, r->fresh, name) && backup_sum(from, to, &sum, &r->meter))
        return true;
    fail(r, from, "cannot be copied");
    return false;
}

static enum backup_result copy_part(struct restoring *r, enum backup_part part)
{
    char from[PATH_MAX], to[PATH_MAX];
    const char *name = backup_part_name(part);
    const struct backup_sum *right = &r->file.sums[part];
    struct backup_sum sum;
    errno = ENAMETOOLONG;
    if (!path_join(from, sizeof from, r->order->from, name) ||
        !path_join(to, sizeof to, r->fresh, name) || !backup_sum(from, to, &sum, &r->meter)) {
        fail(r, from, "cannot be copied");
        return errno == ENOENT ? BACKUP_UNSOUND : BACKUP_FAILED;
    }
    if (sum.bytes == right->bytes && hash_equal(&sum.sha256, &right->sha256))
        return BACKUP_OK;
    fprintf(r->err, "%s: not what was backed up: its length or its SHA-256 differs from what "
            "the file `backup` says\n", from);
    return BACKUP_UNSOUND;
}

static enum backup_result copy_all(struct restoring *r)
{
    if (!make_folders(r))
        return fail(r, r->fresh, "cannot be written");
    r->meter.total = r->file.sums[BACKUP_AUX].bytes + r->file.sums[BACKUP_LOG].bytes;
    for (enum backup_part part = 0; part < BACKUP_PARTS; part++) {
        enum backup_result result = BACKUP_OK;
        if (part >= BACKUP_CLOCK_KEY && r->order->keys != NULL)
            result = copy_key(r, part) ? BACKUP_OK : BACKUP_FAILED;
        else
            result = copy_part(r, part);
        if (result != BACKUP_OK)
            return result;
    }
    return BACKUP_OK;
}

/* --- Checking --------------------------------------------------------------------------------- */

/* A snapshot of the restored log for one question. */
static bool look(struct restoring *r, bool (*ask)(struct restoring *r, struct kv *log))
{
    struct store_reader *reader;
    bool ok = false;
    if (store_reader_new(r->node.store, &reader) != STORE_OK)
        return false;
    struct kv *log = store_read(reader);
    if (log != NULL) {
        ok = ask(r, log) && !kv_failed(log);
        store_read_end(reader);
    }
    store_reader_free(reader);
    return ok;
}

static bool head_is_right(struct restoring *r, struct kv *log)
{
    const struct log_head *right = &r->file.info.head;
    struct log_head head;
    return log_head(log, &head) && head.size == right->size && hash_equal(&head.root, &right->root);
}

/* From the first one on: cheap, and right whatever the side store remembers of it. */
static bool erase_again(struct restoring *r, struct kv *log)
{
    if (!side_set_erased_through(r->node.side, 0))
        return false;
    node_apply_erasures(&r->node, log);
    return side_erased_through(r->node.side) == log_size(log);
}

static enum backup_result check(struct restoring *r)
{
    node_progress progress = r->watch != NULL ? r->watch->replayed : NULL;
    void *ctx = r->watch != NULL ? r->watch->ctx : NULL;
    switch (node_rebuild_verdict(&r->node, r->err, progress, ctx)) {
    case NODE_HOLDS:
        break;
    case NODE_DOES_NOT_HOLD:
        fprintf(r->err, "%s: the log in it does not hold\n", r->order->from);
        return BACKUP_UNSOUND;
    case NODE_STORE_FAILS:
        return BACKUP_FAILED;
    }
    if (look(r, head_is_right))
        return BACKUP_OK;
    fprintf(r->err, "%s: the log in it has another head than the file `backup` says\n",
            r->order->from);
    return BACKUP_UNSOUND;
}

static enum backup_result settle_side(struct restoring *r)
{
    if (!look(r, erase_again)) {
        fprintf(r->err, "%s/aux: the texts that the log says are erased cannot be erased\n",
                r->fresh);
        return BACKUP_FAILED;
    }
    if (!r->replaces)
        return BACKUP_OK;
    bool kept = replaced_apply(r->known, &r->node, &r->out->erasures, &r->out->refusals);
    return kept && r->known_all ? BACKUP_OK : BACKUP_PARTIAL;
}

/* The map is address space; a rebuild makes the environment again, maybe not as tight. */
static size_t map_bytes(const struct backup_file *file)
{
    uint64_t wanted = (file->sums[BACKUP_LOG].bytes | (((uint64_t)1 << 20) - 1)) + 1;
    return wanted > STORE_MAP_BYTES_DEFAULT / 2 ? (size_t)(2 * wanted) : 0;
}

static enum backup_result open_and_check(struct restoring *r)
{
    if (node_open_sized(&r->node, r->fresh, map_bytes(&r->file), r->err) != NODE_OK)
        return BACKUP_UNSOUND;
    enum backup_result result = BACKUP_OK;
    if (strcmp(r->node.origin, r->file.info.origin) != 0) {
        fprintf(r->err, "the keys are those of %s, the backup is of %s\n", r->node.origin,
                r->file.info.origin);
        result = BACKUP_UNSOUND;
    }
    if (result == BACKUP_OK)
        result = check(r);
    if (result == BACKUP_OK)
        result = settle_side(r);
    node_close(&r->node);
    return result;
}

/* --- Putting it in place ---------------------------------------------------------------------- */

static bool name_before(struct restoring *r, char before[static 4096])
{
    time_t now = time(NULL);
    struct tm utc;
    char moment[32];
    strftime(moment, sizeof moment, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
    int n = snprintf(before, 4096, "%s.before-%s", r->old.dir, moment);
    errno = ENAMETOOLONG;
    return n > 0 && n < 4096;
}

/*
 * One exchange, so that there is the one folder or the other under the name at every moment; then
 * the old one gets its name. A process that is killed between the two leaves it under `fresh`.
 */
static bool exchange(struct restoring *r)
{
    char before[4096];
    if (!name_before(r, before) ||
        renameat2(AT_FDCWD, r->fresh, AT_FDCWD, r->old.dir, RENAME_EXCHANGE) != 0) {
        fail(r, r->old.dir, "cannot be replaced");
        return false;
    }
    if (rename(r->fresh, before) != 0) {
        fail(r, r->fresh, "holds the old folder, which cannot get its name");
        memcpy(before, r->fresh, sizeof before);
    }
    memcpy(r->out->before, before, sizeof before);
    return true;
}

static bool sync_folders(struct restoring *r)
{
    static const char *const folders[] = {"aux", "log", "keys"};
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if (!path_join(path, sizeof path, r->fresh, folders[i]) || !path_sync(path))
            return false;
    return path_sync(r->fresh);
}

static bool place(struct restoring *r)
{
    char parent[PATH_MAX];
    if (!journal_make(r->fresh)) {
        fail(r, r->fresh, "the journal cannot be made");
        return false;
    }
    if (r->out->last_signed_known && !last_signed_write(r->fresh, &r->out->last_signed)) {
        fail(r, r->fresh, "last-signed cannot be written");
        return false;
    }
    if (!sync_folders(r) || !path_parent(parent, sizeof parent, r->dir)) {
        fail(r, r->fresh, "cannot be synced");
        return false;
    }
    if (r->replaces) {
        if (!exchange(r))
            return false;
    } else if (rename(r->fresh, r->dir) != 0) {
        fail(r, r->dir, "cannot be put in place");
        return false;
    }
    if (!path_sync(parent))
        fail(r, parent, "cannot be synced");
    return true;
}

/* --- The whole -------------------------------------------------------------------------------- */

static enum backup_result start(struct restoring *r)
{
    enum backup_result result = backup_file_read(r->order->from, &r->file, r->err);
    if (result != BACKUP_OK)
        return result;
    r->out->info = r->file.info;
    if (!r->file.with_keys && r->order->keys == NULL) {
        fprintf(r->err, "%s: was made without keys: say with --keys where they are\n",
                r->order->from);
        return BACKUP_FAILED;
    }
    backup_leftovers(r->order->dir, r->err);
    result = find_old(r);
    if (result != BACKUP_OK)
        return result;
    if (!backup_folder(r->dir, r->fresh, r->replaces ? r->old.dir : r->order->dir))
        return fail(r, r->order->dir, "cannot be made");
    return BACKUP_OK;
}

static enum backup_result run(struct restoring *r)
{
    enum backup_result result = copy_all(r);
    if (result == BACKUP_OK)
        result = read_old(r);
    if (result == BACKUP_OK)
        result = open_and_check(r);
    bool good = result == BACKUP_OK || result == BACKUP_PARTIAL;
    if (good && place(r))
        return result;
    if (!path_remove_tree(r->fresh))
        fail(r, r->fresh, "is left over and can be removed");
    return good ? BACKUP_FAILED : result;
}

enum backup_result node_restore(const struct restore_order *order, struct restored *out, FILE *err,
                                const struct backup_watch *watch)
{
    struct restoring r = {.order = order, .out = out, .watch = watch, .err = err,
                          .old = {.lock_fd = -1}, .node = {.lock_fd = -1}};
    if (watch != NULL)
        r.meter = (struct backup_meter){.show = watch->copied, .ctx = watch->ctx};
    *out = (struct restored){0};
    enum backup_result result = start(&r);
    if (result == BACKUP_OK)
        result = run(&r);
    if (r.known != NULL)
        fclose(r.known);
    node_close(&r.old);
    return result;
}
