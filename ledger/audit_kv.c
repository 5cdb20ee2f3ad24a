/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Tables in memory with a list of what stood there before: undoing writes it back. What an audit
 * never reads is not kept at all.
 */
#include "ledger/audit_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct undo {
    uint32_t old_size;
    uint8_t table, key_size;
    bool there; /* before; then old_size bytes follow the key */
};

struct tables {
    struct kv kv;
    struct kv *under;
    uint8_t *undo; /* struct undo, key, old value, each step behind the one before */
    size_t n, room;
    size_t *steps; /* where each starts */
    size_t n_steps, steps_room;
    uint64_t items;
    bool failed;
};

static struct tables *tables_of(struct kv *kv)
{
    return (struct tables *)kv;
}

static bool kept(enum kv_table table)
{
    return table != KV_LEAF && table != KV_NODE && table != KV_ENTRY && table != KV_SEALED;
}

static bool grow(void **p, size_t *room, size_t need, size_t unit)
{
    if (need <= *room)
        return true;
    size_t more = *room < 64 ? 64 : *room;
    while (more < need)
        more *= 2;
    void *bigger = realloc(*p, more * unit);
    if (bigger == NULL)
        return false;
    *p = bigger;
    *room = more;
    return true;
}

/* Notes what stands under a key before it changes. */
static void note_before(struct tables *t, enum kv_table table, struct slice key, bool put)
{
    struct slice old = {NULL, 0};
    bool there = kv_get(t->under, table, key, &old);
    struct undo u = {.old_size = (uint32_t)old.size,
                     .table = (uint8_t)table,
                     .key_size = (uint8_t)key.size,
                     .there = there};
    size_t size = sizeof u + key.size + old.size;
    if (!grow((void **)&t->undo, &t->room, t->n + size, 1) ||
        !grow((void **)&t->steps, &t->steps_room, t->n_steps + 1, sizeof *t->steps)) {
        t->failed = true;
        return;
    }
    t->steps[t->n_steps++] = t->n;
    memcpy(t->undo + t->n, &u, sizeof u);
    memcpy(t->undo + t->n + sizeof u, key.data, key.size);
    if (old.size > 0)
        memcpy(t->undo + t->n + sizeof u + key.size, old.data, old.size);
    t->n += size;
    t->items += put && !there;
    t->items -= !put && there;
}

static bool tables_get(struct kv *kv, enum kv_table table, struct slice key, struct slice *value)
{
    return kv_get(tables_of(kv)->under, table, key, value);
}

static void tables_put(struct kv *kv, enum kv_table table, struct slice key, struct slice value)
{
    struct tables *t = tables_of(kv);
    if (!kept(table) || t->failed)
        return;
    note_before(t, table, key, true);
    kv_put(t->under, table, key, value);
}

static void tables_del(struct kv *kv, enum kv_table table, struct slice key)
{
    struct tables *t = tables_of(kv);
    if (!kept(table) || t->failed)
        return;
    note_before(t, table, key, false);
    kv_del(t->under, table, key);
}

static bool tables_seek(struct kv *kv, enum kv_table table, struct slice key, bool after,
                        struct slice *found, struct slice *value)
{
    return kv_seek(tables_of(kv)->under, table, key, after, found, value);
}

static bool tables_seek_back(struct kv *kv, enum kv_table table, struct slice key,
                             struct slice *found, struct slice *value)
{
    return kv_seek_back(tables_of(kv)->under, table, key, found, value);
}

static bool tables_failed(struct kv *kv)
{
    struct tables *t = tables_of(kv);
    return t->failed || kv_failed(t->under);
}

static const struct kv_ops tables_ops = {
    .get = tables_get,
    .put = tables_put,
    .del = tables_del,
    .seek = tables_seek,
    .seek_back = tables_seek_back,
    .failed = tables_failed,
};

struct kv *audit_kv_new(void)
{
    struct tables *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->kv.ops = &tables_ops;
    t->under = kv_memory_new(NULL);
    if (t->under == NULL) {
        free(t);
        return NULL;
    }
    return &t->kv;
}

void audit_kv_free(struct kv *kv)
{
    if (kv == NULL)
        return;
    struct tables *t = tables_of(kv);
    kv_memory_free(t->under);
    free(t->undo);
    free(t->steps);
    free(t);
}

void audit_kv_keep(struct kv *kv)
{
    struct tables *t = tables_of(kv);
    t->n = t->n_steps = 0;
}

void audit_kv_undo(struct kv *kv)
{
    struct tables *t = tables_of(kv);
    while (t->n_steps > 0) {
        struct undo u;
        const uint8_t *at = t->undo + t->steps[--t->n_steps];
        memcpy(&u, at, sizeof u);
        struct slice key = {at + sizeof u, u.key_size}, now;
        bool there = kv_get(t->under, (enum kv_table)u.table, key, &now);
        if (u.there)
            kv_put(t->under, (enum kv_table)u.table, key,
                   (struct slice){key.data + key.size, u.old_size});
        else
            kv_del(t->under, (enum kv_table)u.table, key);
        t->items += u.there && !there;
        t->items -= !u.there && there;
    }
    t->n = 0;
}

uint64_t audit_kv_items(const struct kv *kv)
{
    return ((const struct tables *)kv)->items;
}
