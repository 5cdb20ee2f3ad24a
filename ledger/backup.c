/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The part of ledger/backup.h that makes a backup. */
#include "ledger/backup.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ledger/backup_file.h"
#include "ledger/files.h"
#include "ledger/journal.h"

#define LOOK_NS 50000000

struct making {
    struct node node; /* its keys and its folder; nothing is opened through it */
    char to[4096], fresh[4096];
    struct backup_file file;
    struct journal_image journal; /* what was answered and may not be in the store's copy */
    struct backup_meter meter;
    FILE *err;
};

static bool fail(struct making *m, const char *path, const char *what)
{
    fprintf(m->err, "%s: %s: %s\n", path, what, strerror(errno));
    return false;
}

static bool fail_store(struct making *m, const char *path, enum store_err code, const char *message)
{
    fprintf(m->err, "%s: %s: %s\n", path, store_strerror(code), message);
    return false;
}

/* --- One environment -------------------------------------------------------------------------- */

/* LMDB says nothing while it copies, so that another thread does, and this one looks. */
struct copying {
    struct store *store;
    char path[PATH_MAX]; /* the folder into which it goes */
    enum store_err code;
    const char *message;
    atomic_bool done;
};

static void *copy_store(void *arg)
{
    struct copying *c = arg;
    c->code = store_copy(c->store, c->path);
    c->message = store_message();
    atomic_store(&c->done, true);
    return NULL;
}

static bool watch_copy(struct making *m, struct copying *c)
{
    char file[PATH_MAX];
    struct stat info;
    struct timespec pause = {.tv_nsec = LOOK_NS};
    uint64_t before = m->meter.done;
    pthread_t thread;
    if (!path_join(file, sizeof file, c->path, "data.mdb"))
        return fail(m, c->path, "cannot be written");
    if (pthread_create(&thread, NULL, copy_store, c) != 0)
        return fail(m, c->path, "no thread");
    while (!atomic_load(&c->done)) {
        if (stat(file, &info) == 0)
            m->meter.done = before + (uint64_t)info.st_size;
        backup_meter_show(&m->meter);
        nanosleep(&pause, NULL);
    }
    pthread_join(thread, NULL);
    if (c->code != STORE_OK)
        return fail_store(m, c->path, c->code, c->message);
    /* LMDB leaves the rights to the umask; the folder was closed to others all the time. */
    if (chmod(file, 0600) != 0 || stat(file, &info) != 0)
        return fail(m, file, "cannot be written");
    m->meter.done = before + (uint64_t)info.st_size;
    return true;
}

static bool copy_environment(struct making *m, const char *name, struct store *store)
{
    struct copying c = {.store = store};
    if (!path_join(c.path, sizeof c.path, m->fresh, name) || mkdir(c.path, 0700) != 0)
        return fail(m, c.path, "cannot be made");
    return watch_copy(m, &c);
}

static struct store *open_source(struct making *m, const char *name, int flags)
{
    char path[PATH_MAX];
    struct store *store = NULL;
    if (!path_join(path, sizeof path, m->node.dir, name)) {
        fail(m, m->node.dir, "cannot be read");
        return NULL;
    }
    enum store_err code = store_open(&store, path, flags | STORE_READ_ONLY, 0);
    if (code != STORE_OK)
        fail_store(m, path, code, store_message());
    return store;
}

static bool read_journal(struct making *m)
{
    errno = 0;
    return journal_read(&m->journal, m->node.dir) || errno == ENOENT ||
           fail(m, m->node.dir, "the journal cannot be read");
}

/*
 * The journal before the log: what it had then and has no more is in the store by now. And the side
 * store first, the log after it: a log that is ahead of its side store is what a crash
 * leaves too, and what each start puts right. An item that was completed meanwhile is in the inbox
 * of the one and in the other, and a text that was erased meanwhile is erased again. In the other
 * order an item that left the inbox could be in neither, and texts could stand there under no
 * entry, which nobody could ever erase.
 */
static bool copy_environments(struct making *m)
{
    struct store *aux = open_source(m, "aux", STORE_SIDE), *log = NULL;
    struct store_room room;
    bool ok = aux != NULL && (log = open_source(m, "log", 0)) != NULL;
    if (ok) {
        /* What is in use now, once for the copy and once for its sum. */
        store_room(aux, &room);
        m->meter.total = 2 * room.used_bytes;
        store_room(log, &room);
        m->meter.total += 2 * room.used_bytes;
        ok = copy_environment(m, "aux", aux) && read_journal(m) && copy_environment(m, "log", log);
    }
    store_close(log);
    store_close(aux);
    return ok;
}

/* --- What is in it ---------------------------------------------------------------------------- */

static bool read_head(struct store *store, struct log_head *head)
{
    struct store_reader *reader;
    if (store_reader_new(store, &reader) != STORE_OK)
        return false;
    struct kv *kv = store_read(reader);
    bool ok = kv != NULL && log_head(kv, head) && !kv_failed(kv);
    if (kv != NULL)
        store_read_end(reader);
    store_reader_free(reader);
    return ok;
}

/* Completes the copy, and looks at it, not at the log, which has gone on. */
static bool look_at_copy(struct making *m)
{
    char path[PATH_MAX], lock[PATH_MAX];
    struct store *store;
    uint64_t n;
    bool whole = true;
    if (!path_join(path, sizeof path, m->fresh, "log") ||
        !path_join(lock, sizeof lock, path, "lock.mdb"))
        return fail(m, m->fresh, "cannot be read");
    enum store_err code = store_open(&store, path, 0, 0);
    if (code == STORE_OK) {
        whole = journal_apply(&m->journal, store, m->node.origin, &n, m->err);
        if (!read_head(store, &m->file.info.head))
            code = STORE_CORRUPT;
        store_close(store);
    }
    if (code != STORE_OK)
        return fail_store(m, path, code, store_message());
    if (!whole)
        return false;
    if (m->file.info.head.size == 0) {
        fprintf(m->err, "%s: the log is empty: there is nothing to back up yet\n", m->node.dir);
        return false;
    }
    return unlink(lock) == 0 || fail(m, lock, "cannot be removed");
}

static bool take_parts(struct making *m)
{
    char from[PATH_MAX], to[PATH_MAX];
    size_t end = m->file.with_keys ? BACKUP_PARTS : BACKUP_CLOCK_KEY;
    for (size_t part = 0; part < end; part++) {
        const char *name = backup_part_name((enum backup_part)part);
        bool is_key = part >= BACKUP_CLOCK_KEY; /* the others are copied already */
        if (!path_join(from, sizeof from, is_key ? m->node.dir : m->fresh, name) ||
            !path_join(to, sizeof to, m->fresh, name) ||
            !backup_sum(from, is_key ? to : NULL, &m->file.sums[part], &m->meter))
            return fail(m, to, "cannot be written");
    }
    return true;
}

static bool make_keys_folder(struct making *m)
{
    char keys[PATH_MAX];
    return (path_join(keys, sizeof keys, m->fresh, "keys") && mkdir(keys, 0700) == 0) ||
           fail(m, m->fresh, "the folder of the keys cannot be made");
}

static bool sync_folders(struct making *m)
{
    static const char *const folders[] = {"aux", "log", "keys"};
    char path[PATH_MAX];
    for (size_t i = 0; i < (m->file.with_keys ? 3u : 2u); i++)
        if (!path_join(path, sizeof path, m->fresh, folders[i]) || !path_sync(path))
            return fail(m, path, "cannot be synced");
    return path_sync(m->fresh) || fail(m, m->fresh, "cannot be synced");
}

static bool fill(struct making *m)
{
    return copy_environments(m) && look_at_copy(m) &&
           (!m->file.with_keys || make_keys_folder(m)) && take_parts(m) && sync_folders(m) &&
           (backup_file_write(m->fresh, &m->file) || fail(m, m->fresh, "cannot be written"));
}

/* --- The whole -------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool make(struct making *m, const char *to)
{
    char parent[PATH_MAX];
    struct stat info;
    if (lstat(to, &info) == 0) {
        fprintf(m->err, "%s: is there already; a backup is written over nothing\n", to);
        return false;
    }
    backup_leftovers(to, m->err);
    if (!backup_folder(m->to, m->fresh, to) || !path_parent(parent, sizeof parent, m->to))
        return fail(m, to, "cannot be made");
    /* A rename puts a folder over nothing but an empty one. */
    if (fill(m) && (rename(m->fresh, m->to) == 0 || fail(m, m->to, "cannot be put in place")))
        return path_sync(parent) || fail(m, parent, "cannot be synced");
    if (!path_remove_tree(m->fresh))
        fail(m, m->fresh, "is left over and can be removed");
    return false;
}

enum backup_result node_backup(const char *dir, const char *to, bool with_keys,
                               struct backup_info *out, FILE *err,
                               const struct backup_watch *watch)
{
    struct making m = {.err = err};
    if (watch != NULL)
        m.meter = (struct backup_meter){.show = watch->copied, .ctx = watch->ctx};
    m.file.info.at = now_ms();
    m.file.with_keys = with_keys;
    enum node_open opened = node_open_keys(&m.node, dir, err);
    if (opened != NODE_OK)
        return opened == NODE_MISSING ? BACKUP_MISSING : BACKUP_FAILED;
    memcpy(m.file.info.origin, m.node.origin, sizeof m.file.info.origin);
    bool ok = make(&m, to);
    journal_image_free(&m.journal);
    node_close(&m.node);
    *out = m.file.info;
    return ok ? BACKUP_OK : BACKUP_FAILED;
}
