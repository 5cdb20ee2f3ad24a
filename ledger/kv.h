/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The ordered tables of bytes in which log and state live, seen through a small interface, so that
 * the rules run unchanged on LMDB (the server), in memory (an auditor) and in an overlay that is
 * thrown away (a preview).
 *
 * A struct kv stands for one transaction. Its error is sticky: after the first failure every get
 * and seek finds nothing, every put does nothing, and kv_failed() says so; whoever owns the
 * transaction looks once, before it commits. One kv belongs to one thread at a time.
 */
#ifndef SEM_LEDGER_KV_H
#define SEM_LEDGER_KV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SPEC 7.3. The first two are the log itself; the rest, up to KV_LOG_TABLES, follows from them. */
enum kv_table {
    KV_LEAF,  /* index u64 -> leaf bytes */
    KV_NODE,  /* stored index / 8, u64 -> up to eight hashes */
    KV_META,
    KV_ENTRY,
    KV_ID,
    KV_ORG,
    KV_ACCOUNT,
    KV_HANDLE,
    KV_KEY,
    KV_PUBKEY,
    KV_MANDATE,
    KV_OFFER,
    KV_NEED,
    KV_AGREEMENT,
    KV_HOURS,
    KV_DETAIL,
    KV_LIVE,
    KV_DUE,
    KV_PAIR,
    KV_PAIR_DAY,
    KV_ORG_DAY,
    KV_SEALED,
    KV_STATUS,
    KV_STEP,
    KV_PROMISE,
    KV_CLOSING,
    KV_LOG_TABLES, /* how many stand above: the environment of the log */
    /* The side store's own (ledger/side.h). */
    KV_TEXT = KV_LOG_TABLES,
    KV_INBOX,
    KV_INBOX_ORG,
    KV_SIDE_META,
    KV_REFUSAL,
    KV_REFUSAL_DUE,
    KV_BATCH,
    KV_DECLINE,
    KV_TABLES
};

/* The table's name, as in SPEC 7.3 and in the LMDB environment. */
const char *kv_table_name(enum kv_table table);

#define KV_KEY_MAX 96

/*
 * Borrowed bytes, valid until the next put, del or end of the transaction; a leaf's until the next
 * leaf is read, too. Maybe unaligned.
 */
struct slice {
    const uint8_t *data;
    size_t size;
};

struct kv;

struct kv_ops {
    bool (*get)(struct kv *, enum kv_table, struct slice key, struct slice *value);
    void (*put)(struct kv *, enum kv_table, struct slice key, struct slice value);
    void (*del)(struct kv *, enum kv_table, struct slice key);
    /* The first pair whose key is >= key (or, if `after`, > key). */
    bool (*seek)(struct kv *, enum kv_table, struct slice key, bool after, struct slice *found,
                 struct slice *value);
    /* The last pair whose key is < key; an empty key means the end of the table. */
    bool (*seek_back)(struct kv *, enum kv_table, struct slice key, struct slice *found,
                      struct slice *value);
    bool (*failed)(struct kv *);
};

/* First member of every implementation. */
struct kv {
    const struct kv_ops *ops;
};

/* True and the value when the key is there. */
bool kv_get(struct kv *kv, enum kv_table table, struct slice key, struct slice *value);
/* Inserts or replaces. */
void kv_put(struct kv *kv, enum kv_table table, struct slice key, struct slice value);
/* Removes; nothing happens when the key is not there. */
void kv_del(struct kv *kv, enum kv_table table, struct slice key);
bool kv_seek(struct kv *kv, enum kv_table table, struct slice key, bool after, struct slice *found,
             struct slice *value);
bool kv_seek_back(struct kv *kv, enum kv_table table, struct slice key, struct slice *found,
                  struct slice *value);
bool kv_failed(struct kv *kv);

/*
 * Tables in memory. With a base, an overlay: what is not written here is read from the base, which
 * only kv_memory_flush() changes; the base must outlive it. Without a base, a store of its own.
 * The caller frees it. NULL when there is no memory.
 */
struct kv *kv_memory_new(struct kv *base);
void kv_memory_free(struct kv *kv); /* NULL is accepted */
/*
 * For an overlay that serves many small changes in turn: writes what is on it into the base, or
 * forgets it. Either way it is empty then, and keeps a little memory for what comes.
 */
void kv_memory_flush(struct kv *overlay);
void kv_memory_clear(struct kv *overlay);

#endif
