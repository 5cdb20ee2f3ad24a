/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/ledger/history_kv.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct change { /* the value that a key had before; data NULL: none */
    enum kv_table table;
    uint8_t *key, *data;
    size_t key_size, size;
};

struct history_kv {
    struct kv kv;
    struct kv *base;
    struct change *changes;
    size_t n, room;
};

static uint8_t *copy(struct slice bytes)
{
    uint8_t *data = malloc(bytes.size + 1);

    assert(data);
    memcpy(data, bytes.data, bytes.size);
    return data;
}

static void remember(struct history_kv *h, enum kv_table table, struct slice key)
{
    struct slice old;

    if (h->n == h->room) {
        h->room = h->room ? 2 * h->room : 64;
        h->changes = realloc(h->changes, h->room * sizeof *h->changes);
        assert(h->changes);
    }
    struct change *c = &h->changes[h->n++];
    *c = (struct change){.table = table, .key = copy(key), .key_size = key.size};
    if (kv_get(h->base, table, key, &old)) {
        c->data = copy(old);
        c->size = old.size;
    }
}

static bool get(struct kv *kv, enum kv_table table, struct slice key, struct slice *value)
{
    return kv_get(((struct history_kv *)kv)->base, table, key, value);
}

static void put(struct kv *kv, enum kv_table table, struct slice key, struct slice value)
{
    remember((struct history_kv *)kv, table, key);
    kv_put(((struct history_kv *)kv)->base, table, key, value);
}

static void del(struct kv *kv, enum kv_table table, struct slice key)
{
    remember((struct history_kv *)kv, table, key);
    kv_del(((struct history_kv *)kv)->base, table, key);
}

static bool seek(struct kv *kv, enum kv_table table, struct slice key, bool after,
                 struct slice *found, struct slice *value)
{
    return kv_seek(((struct history_kv *)kv)->base, table, key, after, found, value);
}

static bool seek_back(struct kv *kv, enum kv_table table, struct slice key, struct slice *found,
                      struct slice *value)
{
    return kv_seek_back(((struct history_kv *)kv)->base, table, key, found, value);
}

static bool failed(struct kv *kv)
{
    return kv_failed(((struct history_kv *)kv)->base);
}

static const struct kv_ops ops = {get, put, del, seek, seek_back, failed};

struct kv *history_kv_new(void)
{
    struct history_kv *h = calloc(1, sizeof *h);

    if (!h)
        return NULL;
    h->kv.ops = &ops;
    h->base = kv_memory_new(NULL);
    if (!h->base) {
        free(h);
        return NULL;
    }
    return &h->kv;
}

void history_kv_mark(struct kv *kv)
{
    struct history_kv *h = (struct history_kv *)kv;

    for (size_t i = 0; i < h->n; i++) {
        free(h->changes[i].key);
        free(h->changes[i].data);
    }
    h->n = 0;
}

void history_kv_undo(struct kv *kv)
{
    struct history_kv *h = (struct history_kv *)kv;

    for (size_t i = h->n; i-- > 0;) {
        const struct change *c = &h->changes[i];
        struct slice key = {c->key, c->key_size};

        if (c->data)
            kv_put(h->base, c->table, key, (struct slice){c->data, c->size});
        else
            kv_del(h->base, c->table, key);
    }
    history_kv_mark(kv);
}

void history_kv_free(struct kv *kv)
{
    struct history_kv *h = (struct history_kv *)kv;

    if (!h)
        return;
    history_kv_mark(kv);
    kv_memory_free(h->base);
    free(h->changes);
    free(h);
}

static bool same(struct slice a, struct slice b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static bool table_equal(struct kv *a, struct kv *b, enum kv_table table, char *why, size_t size)
{
    uint8_t place[KV_KEY_MAX];
    struct slice at = {place, 0};
    bool after = false;

    for (size_t n = 0;; n++, after = true) {
        struct slice key_a, value_a, key_b, value_b;
        bool in_a = kv_seek(a, table, at, after, &key_a, &value_a);
        bool in_b = kv_seek(b, table, at, after, &key_b, &value_b);

        if (!in_a && !in_b)
            return true;
        if (in_a != in_b || !same(key_a, key_b) || !same(value_a, value_b)) {
            snprintf(why, size, "table %s differs at its pair %zu: %s", kv_table_name(table), n,
                     in_a != in_b            ? "one has no more"
                     : !same(key_a, key_b)   ? "another key"
                                             : "another value");
            return false;
        }
        assert(key_a.size <= sizeof place);
        memcpy(place, key_a.data, key_a.size);
        at.size = key_a.size;
    }
}

bool history_kv_equal(struct kv *a, struct kv *b, char *why, size_t why_size)
{
    for (int table = 0; table < KV_TABLES; table++)
        if (!table_equal(a, b, (enum kv_table)table, why, why_size))
            return false;
    return true;
}
