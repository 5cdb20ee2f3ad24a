/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "ledger/pack.h"

/* Workers, tools beside the server and a margin. */
#define READERS_MAX 254

struct store {
    MDB_env *env;
    int flags;
    enum kv_table first, end; /* the tables it has */
    MDB_dbi dbi[KV_TABLES];
    char *path;
};

struct txn {
    struct kv kv;
    struct store *store;
    MDB_txn *txn;
    bool writes;
    enum store_err err; /* sticky */
    struct pack_room *leaf; /* the leaf that was read last; NULL where there are none */
    MDB_cursor *cursor[KV_TABLES]; /* kept, or NULL; LMDB ends them with the transaction */
};

struct store_reader {
    struct txn t;
    bool open; /* between store_read() and store_read_end() */
};

/* --- Errors ----------------------------------------------------------------------------------- */

static _Thread_local int last_code;

const char *store_message(void)
{
    if (last_code == MDB_NOTFOUND)
        return "a table is missing: damage, or a folder of another version of SEM";
    return mdb_strerror(last_code);
}

/* LMDB's codes end here. */
static enum store_err translate(int code)
{
    if (code == MDB_SUCCESS)
        return STORE_OK;
    last_code = code;
    switch (code) {
    case ENOENT:
        return STORE_MISSING;
    case EAGAIN:
    case EBUSY:
        return STORE_LOCKED;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
        return STORE_FULL;
    case MDB_READERS_FULL:
        return STORE_READERS;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
    case MDB_NOTFOUND: /* a table that should be there */
        return STORE_CORRUPT;
    default:
        return STORE_IO;
    }
}

const char *store_strerror(enum store_err err)
{
    switch (err) {
    case STORE_OK:
        return "no failure";
    case STORE_MISSING:
        return "there is no store";
    case STORE_LOCKED:
        return "the store is in use";
    case STORE_FULL:
        return "the store or the disk is full";
    case STORE_READERS:
        return "too many readers of the store";
    case STORE_CORRUPT:
        return "the store is damaged";
    case STORE_IO:
        return "the store cannot be read or written";
    }
    abort(); /* not a member of the enum */
}

static struct txn *txn_of(struct kv *kv)
{
    return (struct txn *)kv;
}

/* True for a hit. A miss is no failure; anything else stays. */
static bool settle(struct txn *t, int code)
{
    if (code != MDB_SUCCESS && code != MDB_NOTFOUND)
        t->err = translate(code);
    return code == MDB_SUCCESS;
}

/* --- The operations of ledger/kv.h ------------------------------------------------------------ */

static MDB_val val_of(struct slice s)
{
    static char nothing[1];
    return (MDB_val){s.size, s.size > 0 ? (void *)(uintptr_t)s.data : nothing};
}

static struct slice slice_of(MDB_val v)
{
    return (struct slice){v.mv_data, v.mv_size};
}

static MDB_dbi dbi_of(const struct txn *t, enum kv_table table)
{
    assert(table >= t->store->first && table < t->store->end);
    return t->store->dbi[table];
}

/* Leaves are packed here, and nobody above knows. */
static bool expand(struct txn *t, enum kv_table table, struct slice *value)
{
    if (table != KV_LEAF || pack_expand(*value, t->leaf, value))
        return true;
    t->err = translate(MDB_CORRUPTED);
    return false;
}

/*
 * A transaction that writes keeps a cursor in each table: what lies on the page where it stands is
 * found without the way down from the root. While one is kept, all that changes in its table is put
 * through it, so that it never depends on LMDB's mending of other cursors.
 */
static int keep_cursor(struct txn *t, enum kv_table table)
{
    if (t->cursor[table] != NULL)
        return MDB_SUCCESS;
    return mdb_cursor_open(t->txn, dbi_of(t, table), &t->cursor[table]);
}

static void drop_cursor(struct txn *t, enum kv_table table)
{
    if (t->cursor[table] != NULL)
        mdb_cursor_close(t->cursor[table]);
    t->cursor[table] = NULL;
}

static int get(struct txn *t, enum kv_table table, MDB_val *key, MDB_val *value)
{
    if (!t->writes)
        return mdb_get(t->txn, dbi_of(t, table), key, value);
    int code = keep_cursor(t, table);
    return code == MDB_SUCCESS ? mdb_cursor_get(t->cursor[table], key, value, MDB_SET) : code;
}

static bool txn_get(struct kv *kv, enum kv_table table, struct slice key, struct slice *value)
{
    struct txn *t = txn_of(kv);
    if (t->err != STORE_OK)
        return false;
    MDB_val k = val_of(key), v;
    if (!settle(t, get(t, table, &k, &v)))
        return false;
    *value = slice_of(v);
    return expand(t, table, value);
}

/* Tables by index; those by time or id take what comes a little late at any moment. */
static bool grows_at_its_end(enum kv_table table)
{
    return table == KV_LEAF || table == KV_NODE || table == KV_ENTRY;
}

/*
 * A page that runs over is split, and LMDB moves the last pair to the new page with the one that
 * comes: told that a key is behind all others, it leaves the old page full, or says that it is not.
 * Not through the cursor kept: one that was at the end may be taken to be there still.
 */
static int put_behind(struct txn *t, enum kv_table table, MDB_val *key, MDB_val *value)
{
    drop_cursor(t, table);
    int code = mdb_put(t->txn, dbi_of(t, table), key, value, MDB_APPEND);
    return code == MDB_KEYEXIST ? mdb_put(t->txn, dbi_of(t, table), key, value, 0) : code;
}

/* Where a cursor is kept the key was most likely looked up: the last row of nodes, that grows. */
static bool stands_there(struct txn *t, enum kv_table table, MDB_val *key)
{
    MDB_val value;
    return t->cursor[table] != NULL &&
           mdb_cursor_get(t->cursor[table], key, &value, MDB_SET) == MDB_SUCCESS;
}

static int put(struct txn *t, enum kv_table table, MDB_val *key, MDB_val *value)
{
    if (grows_at_its_end(table) && !stands_there(t, table, key))
        return put_behind(t, table, key, value);
    int code = keep_cursor(t, table);
    return code == MDB_SUCCESS ? mdb_cursor_put(t->cursor[table], key, value, 0) : code;
}

static void txn_put(struct kv *kv, enum kv_table table, struct slice key, struct slice value)
{
    struct txn *t = txn_of(kv);
    uint8_t packed[PACK_LEAF_MAX];
    assert(t->writes);
    if (t->err != STORE_OK)
        return;
    if (table == KV_LEAF)
        value = pack_leaf(value, packed, t->leaf);
    MDB_val k = val_of(key), v = val_of(value);
    settle(t, put(t, table, &k, &v));
}

static void txn_del(struct kv *kv, enum kv_table table, struct slice key)
{
    struct txn *t = txn_of(kv);
    MDB_dbi dbi = dbi_of(t, table);
    assert(t->writes);
    if (t->err != STORE_OK)
        return;
    drop_cursor(t, table);
    MDB_val k = val_of(key);
    settle(t, mdb_del(t->txn, dbi, &k, NULL));
}

static int first_at(MDB_cursor *cursor, struct slice key, bool after, MDB_val *k, MDB_val *v)
{
    if (key.size == 0)
        return mdb_cursor_get(cursor, k, v, MDB_FIRST);
    *k = val_of(key);
    int code = mdb_cursor_get(cursor, k, v, MDB_SET_RANGE);
    if (code == MDB_SUCCESS && after && k->mv_size == key.size &&
        memcmp(k->mv_data, key.data, key.size) == 0)
        code = mdb_cursor_get(cursor, k, v, MDB_NEXT);
    return code;
}

static int last_before(MDB_cursor *cursor, struct slice key, MDB_val *k, MDB_val *v)
{
    if (key.size == 0)
        return mdb_cursor_get(cursor, k, v, MDB_LAST);
    *k = val_of(key);
    int code = mdb_cursor_get(cursor, k, v, MDB_SET_RANGE);
    if (code == MDB_SUCCESS)
        return mdb_cursor_get(cursor, k, v, MDB_PREV);
    return code == MDB_NOTFOUND ? mdb_cursor_get(cursor, k, v, MDB_LAST) : code;
}

/* These cursors live for one call: no change can leave one behind that points nowhere. */
static bool txn_move(struct txn *t, enum kv_table table, struct slice key, bool back, bool after,
                     struct slice *found, struct slice *value)
{
    MDB_dbi dbi = dbi_of(t, table);
    if (t->err != STORE_OK)
        return false;
    MDB_cursor *cursor;
    if (!settle(t, mdb_cursor_open(t->txn, dbi, &cursor)))
        return false;
    MDB_val k, v;
    bool there = settle(t, back ? last_before(cursor, key, &k, &v)
                                : first_at(cursor, key, after, &k, &v));
    mdb_cursor_close(cursor);
    if (!there)
        return false;
    *found = slice_of(k);
    *value = slice_of(v);
    return expand(t, table, value);
}

static bool txn_seek(struct kv *kv, enum kv_table table, struct slice key, bool after,
                     struct slice *found, struct slice *value)
{
    return txn_move(txn_of(kv), table, key, false, after, found, value);
}

static bool txn_seek_back(struct kv *kv, enum kv_table table, struct slice key,
                          struct slice *found, struct slice *value)
{
    return txn_move(txn_of(kv), table, key, true, false, found, value);
}

static bool txn_failed(struct kv *kv)
{
    return txn_of(kv)->err != STORE_OK;
}

static const struct kv_ops txn_ops = {
    .get = txn_get,
    .put = txn_put,
    .del = txn_del,
    .seek = txn_seek,
    .seek_back = txn_seek_back,
    .failed = txn_failed,
};

/* --- The environment -------------------------------------------------------------------------- */

static bool data_file_there(const char *path)
{
    char *file;
    if (asprintf(&file, "%s/data.mdb", path) < 0)
        return false;
    bool there = access(file, F_OK) == 0;
    free(file);
    return there;
}

/* Handles are opened once, in one transaction, and kept for life. */
static int open_tables(struct store *s)
{
    bool create = (s->flags & STORE_CREATE) != 0;
    MDB_txn *txn;
    int code = mdb_txn_begin(s->env, NULL, create ? 0 : MDB_RDONLY, &txn);
    if (code != MDB_SUCCESS)
        return code;
    for (enum kv_table table = s->first; code == MDB_SUCCESS && table < s->end; table++)
        code = mdb_dbi_open(txn, kv_table_name(table), create ? MDB_CREATE : 0, &s->dbi[table]);
    if (code != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return code;
    }
    return mdb_txn_commit(txn);
}

/*
 * Reading a page beyond the end of the file would be a SIGBUS. A file that was cut short gets its
 * length back, as zeros: LMDB finds those pages damaged and says so, or never looks at them. Who
 * only reads must not change it, and is told that it is damaged.
 */
static int restore_length(struct store *s)
{
    MDB_envinfo info;
    MDB_stat stat_;
    struct stat file;
    int fd, code = mdb_env_info(s->env, &info);
    if (code == MDB_SUCCESS)
        code = mdb_env_stat(s->env, &stat_);
    if (code == MDB_SUCCESS)
        code = mdb_env_get_fd(s->env, &fd);
    if (code != MDB_SUCCESS)
        return code;
    off_t wanted = (off_t)((info.me_last_pgno + 1) * stat_.ms_psize);
    if (fstat(fd, &file) != 0)
        return errno;
    if (file.st_size >= wanted)
        return MDB_SUCCESS;
    if (s->flags & STORE_READ_ONLY)
        return MDB_CORRUPTED;
    return ftruncate(fd, wanted) == 0 ? MDB_SUCCESS : errno;
}

/*
 * A commit writes pages of 4 KiB all over the file, and where the page cache holds it in large
 * pieces the kernel handles the whole piece for each of them, which triples the cost. Pieces come
 * of reading ahead and of bulk writes, so a writer lets go what is cached and reads page by page.
 */
static void drop_cache(const char *path)
{
    char *file;
    if (asprintf(&file, "%s/data.mdb", path) < 0)
        return;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    free(file);
    if (fd < 0)
        return;
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
}

static int open_env(struct store *s, size_t map_bytes)
{
    unsigned flags = MDB_NOTLS;
    if (!(s->flags & (STORE_SCRATCH | STORE_READ_ONLY))) {
        drop_cache(s->path);
        flags |= MDB_NORDAHEAD;
    }
    if (s->flags & STORE_SCRATCH)
        flags |= MDB_NOSYNC;
    if (s->flags & STORE_READ_ONLY)
        flags |= MDB_RDONLY;
    int code = mdb_env_create(&s->env);
    if (code == MDB_SUCCESS)
        code = mdb_env_set_maxdbs(s->env, KV_TABLES);
    if (code == MDB_SUCCESS)
        code = mdb_env_set_maxreaders(s->env, READERS_MAX);
    if (code == MDB_SUCCESS)
        code = mdb_env_set_mapsize(s->env, map_bytes > 0 ? map_bytes : STORE_MAP_BYTES_DEFAULT);
    if (code == MDB_SUCCESS)
        code = mdb_env_open(s->env, s->path, flags, 0600);
    if (code == MDB_SUCCESS)
        code = restore_length(s);
    /* Slots of readers that were killed would keep old pages alive. */
    int dead;
    if (code == MDB_SUCCESS)
        code = mdb_reader_check(s->env, &dead);
    return code == MDB_SUCCESS ? open_tables(s) : code;
}

enum store_err store_open(struct store **out, const char *path, int flags, size_t map_bytes)
{
    *out = NULL;
    if (!(flags & STORE_CREATE) && !data_file_there(path))
        return translate(ENOENT);
    struct store *s = calloc(1, sizeof *s);
    if (s == NULL)
        return translate(ENOMEM);
    s->flags = flags;
    s->first = flags & STORE_SIDE ? KV_LOG_TABLES : 0;
    s->end = flags & STORE_SIDE ? KV_TABLES : KV_LOG_TABLES;
    s->path = strdup(path);
    int code = s->path != NULL ? open_env(s, map_bytes) : ENOMEM;
    if (code != MDB_SUCCESS) {
        store_close(s);
        return translate(code);
    }
    *out = s;
    return STORE_OK;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    if (store->env != NULL)
        mdb_env_close(store->env);
    free(store->path);
    free(store);
}

/* Gives a transaction what all of them need; false: no memory. */
static bool prepare(struct txn *t, struct store *store)
{
    t->kv.ops = &txn_ops;
    t->store = store;
    if (store->first > KV_LEAF)
        return true;
    t->leaf = malloc(sizeof *t->leaf);
    if (t->leaf == NULL)
        return false;
    pack_room_init(t->leaf);
    return true;
}

static void txn_free(struct txn *t)
{
    if (t != NULL)
        free(t->leaf);
    free(t);
}

/* --- Writing ---------------------------------------------------------------------------------- */

enum store_err store_begin(struct store *store, struct kv **out)
{
    struct txn *t = calloc(1, sizeof *t);
    if (t == NULL || !prepare(t, store)) {
        txn_free(t);
        return translate(ENOMEM);
    }
    int code = mdb_txn_begin(store->env, NULL, 0, &t->txn);
    if (code != MDB_SUCCESS) {
        txn_free(t);
        return translate(code);
    }
    t->writes = true;
    *out = &t->kv;
    return STORE_OK;
}

enum store_err store_commit(struct kv *kv)
{
    struct txn *t = txn_of(kv);
    assert(t->writes);
    enum store_err err = t->err;
    if (err != STORE_OK)
        mdb_txn_abort(t->txn);
    else
        err = translate(mdb_txn_commit(t->txn));
    txn_free(t);
    return err;
}

void store_abort(struct kv *kv)
{
    struct txn *t = txn_of(kv);
    assert(t->writes);
    mdb_txn_abort(t->txn);
    txn_free(t);
}

enum store_err store_sync(struct store *store)
{
    return translate(mdb_env_sync(store->env, 1));
}

/* --- Reading ---------------------------------------------------------------------------------- */

enum store_err store_reader_new(struct store *store, struct store_reader **out)
{
    struct store_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL || !prepare(&reader->t, store)) {
        free(reader);
        return translate(ENOMEM);
    }
    *out = reader;
    return STORE_OK;
}

void store_reader_free(struct store_reader *reader)
{
    if (reader == NULL)
        return;
    assert(!reader->open);
    if (reader->t.txn != NULL)
        mdb_txn_abort(reader->t.txn);
    free(reader->t.leaf);
    free(reader);
}

static int snapshot(struct store_reader *reader)
{
    if (reader->t.txn != NULL)
        return mdb_txn_renew(reader->t.txn);
    return mdb_txn_begin(reader->t.store->env, NULL, MDB_RDONLY, &reader->t.txn);
}

struct kv *store_read(struct store_reader *reader)
{
    assert(!reader->open);
    int code = snapshot(reader);
    int dead;
    if (code == MDB_READERS_FULL && mdb_reader_check(reader->t.store->env, &dead) == MDB_SUCCESS)
        code = snapshot(reader);
    reader->t.err = translate(code);
    if (code != MDB_SUCCESS)
        return NULL;
    reader->open = true;
    return &reader->t.kv;
}

uint64_t store_read_version(const struct store_reader *reader)
{
    assert(reader->open);
    return mdb_txn_id(reader->t.txn);
}

void store_read_end(struct store_reader *reader)
{
    assert(reader->open);
    mdb_txn_reset(reader->t.txn);
    reader->open = false;
}

/* --- Care ------------------------------------------------------------------------------------- */

void store_room(struct store *store, struct store_room *out)
{
    *out = (struct store_room){0};
    MDB_envinfo info;
    MDB_stat stat;
    if (mdb_env_info(store->env, &info) == MDB_SUCCESS &&
        mdb_env_stat(store->env, &stat) == MDB_SUCCESS) {
        out->map_bytes = info.me_mapsize;
        out->used_bytes = (info.me_last_pgno + 1) * stat.ms_psize;
    }
    struct statvfs disk;
    if (statvfs(store->path, &disk) == 0) {
        out->disk_free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
        out->disk_bytes = (uint64_t)disk.f_blocks * disk.f_frsize;
    }
}

static int sync_path(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int code = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    return code;
}

enum store_err store_copy(struct store *store, const char *path)
{
    int code = mdb_env_copy2(store->env, path, MDB_CP_COMPACT);
    if (code != MDB_SUCCESS)
        return translate(code);
    /* LMDB does not sync a copy. */
    char *file;
    if (asprintf(&file, "%s/data.mdb", path) < 0)
        return translate(ENOMEM);
    code = sync_path(file);
    free(file);
    return translate(code != 0 ? code : sync_path(path));
}
