/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * LMDB behind ledger/kv.h; the only module that knows it (SPEC 14). A store is one environment:
 * the log and its state, or the erasable side store, whose tables are its own.
 *
 * One process opens an environment once and not across fork(). A write transaction begins and ends
 * in one thread; a second one waits for it. Read transactions are cached per reader: take one per
 * worker thread.
 */
#ifndef SEM_LEDGER_STORE_H
#define SEM_LEDGER_STORE_H

#include "ledger/kv.h"

struct store;

enum store_err {
    STORE_OK = 0,
    STORE_MISSING,  /* no environment there */
    STORE_LOCKED,
    STORE_FULL,     /* map or disk */
    STORE_READERS,  /* too many readers */
    STORE_CORRUPT,
    STORE_IO,       /* anything else: the disk, rights, memory */
};
/* One short English sentence part. Never NULL. */
const char *store_strerror(enum store_err err);
/* The last failure of a call in this thread, in the store's own words. For logs. */
const char *store_message(void);

enum store_flags {
    STORE_CREATE = 1,   /* make the environment if it is not there */
    STORE_SCRATCH = 2,  /* no syncs: for rebuilds and tests, never for truth; see store_sync() */
    STORE_READ_ONLY = 4,
    STORE_SIDE = 8,     /* the tables of the side store in place of those of the log */
};

#define STORE_MAP_BYTES_DEFAULT ((size_t)64 << 30)

/*
 * Opens the environment in the folder `path` (which must exist). map_bytes: how large it may grow,
 * a multiple of the page size, 0 for the default. It is address space: the file grows with what is
 * written. An environment that is larger already keeps its size.
 */
enum store_err store_open(struct store **out, const char *path, int flags, size_t map_bytes)
    __attribute__((warn_unused_result));
void store_close(struct store *store); /* all transactions must have ended; NULL is accepted */

/* --- Writing ---------------------------------------------------------------------------------- */

/* Begins the one write transaction; waits for another process's, never for readers. */
enum store_err store_begin(struct store *store, struct kv **out)
    __attribute__((warn_unused_result));
/*
 * Commits. After a sticky error this aborts and returns it. After any failure of a commit the
 * process must not go on writing.
 */
enum store_err store_commit(struct kv *kv) __attribute__((warn_unused_result));
void store_abort(struct kv *kv);

/* Makes a scratch environment durable, so that it may become the truth. */
enum store_err store_sync(struct store *store) __attribute__((warn_unused_result));

/* --- Reading ---------------------------------------------------------------------------------- */

struct store_reader; /* one per thread; keeps one renewable snapshot */
enum store_err store_reader_new(struct store *store, struct store_reader **out)
    __attribute__((warn_unused_result));
void store_reader_free(struct store_reader *reader);
/* A fresh snapshot, until store_read_end(); NULL on failure. Never held while waiting. */
struct kv *store_read(struct store_reader *reader);
/*
 * A number of what the open snapshot holds, of the last commit in it: the same number, the same
 * contents, as long as the store is open.
 */
uint64_t store_read_version(const struct store_reader *reader);
void store_read_end(struct store_reader *reader);

/* --- Care ------------------------------------------------------------------------------------- */

struct store_room {
    size_t map_bytes, used_bytes;
    uint64_t disk_free_bytes, disk_bytes;
};
void store_room(struct store *store, struct store_room *out);
/* A consistent, compact and durable copy into an empty folder, while writers go on. */
enum store_err store_copy(struct store *store, const char *path)
    __attribute__((warn_unused_result));

#endif
