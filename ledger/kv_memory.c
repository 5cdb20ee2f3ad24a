/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One skip list per table. An overlay keeps what was written on it, with a mark where something of
 * the base was removed, and merges the two when it seeks.
 */
#include "ledger/kv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* One item in four reaches the next level: enough for 4^12 items. */
#define LEVELS 12

struct item {
    uint8_t *value;
    const uint8_t *key; /* behind the links */
    uint32_t value_size;
    uint16_t key_size;
    bool gone;           /* hides the base's pair of the same key */
    struct item *next[]; /* as many as its level */
};

struct memory {
    struct kv kv;
    struct kv *base; /* NULL: a store of its own */
    bool failed;
    uint32_t dice;
    struct item *head[KV_TABLES][LEVELS];
};

static struct memory *memory_of(struct kv *kv)
{
    return (struct memory *)kv;
}

static int compare(struct slice a, struct slice b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static struct slice key_of(const struct item *item)
{
    return (struct slice){item->key, item->key_size};
}

static struct slice value_of(const struct item *item)
{
    return (struct slice){item->value, item->value_size};
}

/*
 * The last item whose key is below `key` (or not above it, if `inclusive`); NULL when there is
 * none. `links`, when given, gets for each level the place that points past that item.
 */
static struct item *last_before(struct memory *m, enum kv_table table, struct slice key,
                                bool inclusive, struct item **links[LEVELS])
{
    struct item *at = NULL;
    for (int level = LEVELS - 1; level >= 0; level--) {
        struct item **next = at != NULL ? at->next : m->head[table];
        while (next[level] != NULL) {
            int order = compare(key_of(next[level]), key);
            if (order > 0 || (order == 0 && !inclusive))
                break;
            at = next[level];
            next = at->next;
        }
        if (links != NULL)
            links[level] = &next[level];
    }
    return at;
}

static struct item *item_after(struct memory *m, enum kv_table table, const struct item *item)
{
    return item != NULL ? item->next[0] : m->head[table][0];
}

static struct item *find(struct memory *m, enum kv_table table, struct slice key)
{
    struct item *item = item_after(m, table, last_before(m, table, key, false, NULL));
    return item != NULL && compare(key_of(item), key) == 0 ? item : NULL;
}

/* The same dice in every run, so that a failure can be seen again. */
static int throw_level(struct memory *m)
{
    int level = 1;
    m->dice ^= m->dice << 13;
    m->dice ^= m->dice >> 17;
    m->dice ^= m->dice << 5;
    for (uint32_t bits = m->dice; (bits & 3) == 0 && level < LEVELS; bits >>= 2)
        level++;
    return level;
}

static struct item *insert(struct memory *m, enum kv_table table, struct slice key)
{
    struct item **links[LEVELS];
    last_before(m, table, key, false, links);
    int level = throw_level(m);
    size_t links_size = (size_t)level * sizeof(struct item *);
    struct item *item = calloc(1, sizeof *item + links_size + key.size);
    if (item == NULL) {
        m->failed = true;
        return NULL;
    }
    memcpy(&item->next[level], key.data, key.size);
    item->key = (const uint8_t *)&item->next[level];
    item->key_size = (uint16_t)key.size;
    for (int i = 0; i < level; i++) {
        item->next[i] = *links[i];
        *links[i] = item;
    }
    return item;
}

static void item_free(struct item *item)
{
    free(item->value);
    free(item);
}

/* --- The operations --------------------------------------------------------------------------- */

static bool memory_failed(struct kv *kv)
{
    struct memory *m = memory_of(kv);
    return m->failed || (m->base != NULL && kv_failed(m->base));
}

static bool memory_get(struct kv *kv, enum kv_table table, struct slice key, struct slice *value)
{
    struct memory *m = memory_of(kv);
    if (m->failed)
        return false;
    const struct item *item = find(m, table, key);
    if (item == NULL)
        return m->base != NULL && kv_get(m->base, table, key, value);
    if (item->gone)
        return false;
    *value = value_of(item);
    return true;
}

static void memory_put(struct kv *kv, enum kv_table table, struct slice key, struct slice value)
{
    struct memory *m = memory_of(kv);
    if (m->failed)
        return;
    assert(value.size <= UINT32_MAX);
    /* Copied first: the bytes may be borrowed from the item that is replaced. */
    uint8_t *copy = malloc(value.size > 0 ? value.size : 1);
    if (copy == NULL) {
        m->failed = true;
        return;
    }
    if (value.size > 0)
        memcpy(copy, value.data, value.size);
    struct item *item = find(m, table, key);
    if (item == NULL)
        item = insert(m, table, key);
    if (item == NULL) {
        free(copy);
        return;
    }
    free(item->value);
    item->value = copy;
    item->value_size = (uint32_t)value.size;
    item->gone = false;
}

static void memory_del(struct kv *kv, enum kv_table table, struct slice key)
{
    struct memory *m = memory_of(kv);
    if (m->failed)
        return;
    if (m->base != NULL) {
        struct item *item = find(m, table, key);
        if (item == NULL)
            item = insert(m, table, key);
        if (item != NULL)
            item->gone = true;
        return;
    }
    struct item **links[LEVELS];
    last_before(m, table, key, false, links);
    struct item *item = *links[0];
    if (item == NULL || compare(key_of(item), key) != 0)
        return;
    for (int i = 0; i < LEVELS && *links[i] == item; i++)
        *links[i] = item->next[i];
    item_free(item);
}

static bool memory_seek(struct kv *kv, enum kv_table table, struct slice key, bool after,
                        struct slice *found, struct slice *value)
{
    struct memory *m = memory_of(kv);
    if (m->failed)
        return false;
    struct item *own = item_after(m, table, last_before(m, table, key, after, NULL));
    struct slice base_key, base_value;
    bool in_base = m->base != NULL && kv_seek(m->base, table, key, after, &base_key, &base_value);
    for (;;) {
        int order = 1;
        if (own != NULL)
            order = in_base ? compare(key_of(own), base_key) : -1;
        if (order > 0) {
            if (in_base) {
                *found = base_key;
                *value = base_value;
            }
            return in_base;
        }
        if (!own->gone) {
            *found = key_of(own);
            *value = value_of(own);
            return true;
        }
        if (order == 0)
            in_base = kv_seek(m->base, table, key_of(own), true, &base_key, &base_value);
        own = own->next[0];
    }
}

static bool memory_seek_back(struct kv *kv, enum kv_table table, struct slice key,
                             struct slice *found, struct slice *value)
{
    struct memory *m = memory_of(kv);
    if (m->failed)
        return false;
    /* An empty key stands for the end of the table: above every key that can be. */
    uint8_t end[KV_KEY_MAX + 1];
    memset(end, 0xff, sizeof end);
    struct slice limit = key.size > 0 ? key : (struct slice){end, sizeof end};
    struct item *own = last_before(m, table, limit, false, NULL);
    struct slice base_key, base_value;
    bool in_base = m->base != NULL && kv_seek_back(m->base, table, key, &base_key, &base_value);
    for (;;) {
        int order = -1;
        if (own != NULL)
            order = in_base ? compare(key_of(own), base_key) : 1;
        if (order < 0) {
            if (in_base) {
                *found = base_key;
                *value = base_value;
            }
            return in_base;
        }
        if (!own->gone) {
            *found = key_of(own);
            *value = value_of(own);
            return true;
        }
        if (order == 0)
            in_base = kv_seek_back(m->base, table, key_of(own), &base_key, &base_value);
        own = last_before(m, table, key_of(own), false, NULL);
    }
}

static const struct kv_ops memory_ops = {
    .get = memory_get,
    .put = memory_put,
    .del = memory_del,
    .seek = memory_seek,
    .seek_back = memory_seek_back,
    .failed = memory_failed,
};

struct kv *kv_memory_new(struct kv *base)
{
    struct memory *m = calloc(1, sizeof *m);
    if (m == NULL)
        return NULL;
    m->kv.ops = &memory_ops;
    m->base = base;
    m->dice = 0x9e3779b9u;
    return &m->kv;
}

void kv_memory_free(struct kv *kv)
{
    if (kv == NULL)
        return;
    struct memory *m = memory_of(kv);
    for (int table = 0; table < KV_TABLES; table++) {
        struct item *next;
        for (struct item *item = m->head[table][0]; item != NULL; item = next) {
            next = item->next[0];
            item_free(item);
        }
    }
    free(m);
}
