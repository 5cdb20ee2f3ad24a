/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One B+ tree of pages per table. An overlay keeps what was written on it, with a mark where
 * something of the base was removed, and merges the two when it seeks.
 *
 * Inner pages hold, for each page below, a key that is not above the keys there and above all
 * before it; the first one counts as below everything, whatever it is. A page that empties is given
 * back, one that is nearly empty is joined with its neighbour, and so what is deleted is free again
 * for whatever comes.
 */
#include "ledger/kv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/page.h"

/* Half-full inner pages of the longest keys have 18 pages below: more than 18^11 records. */
#define DEPTH_MAX 12
/* An inner record of the longest key. */
#define INNER_RECORD_MAX (4 + KV_KEY_MAX + sizeof(struct page *))
/* Pages with less in them than the first are joined, if the sum is at most the second. */
#define JOIN_BELOW (PAGE_BYTES / 4)
#define JOIN_UP_TO (PAGE_BYTES / 4 * 3)

struct memory {
    struct kv kv;
    struct kv *base; /* NULL: a store of its own */
    bool failed;
    struct page *root[KV_TABLES]; /* NULL: no record */
};

/* The way from the root to a record, or to where it would stand. */
struct path {
    size_t depth; /* pages; 0: the table is empty */
    struct page *page[DEPTH_MAX];
    size_t at[DEPTH_MAX];
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

/* --- Values ----------------------------------------------------------------------------------- */

/* A value too large for a page lies outside, and the record has the address. */
struct outside {
    size_t size;
    uint8_t data[];
};

static struct outside *outside_of(const struct page *p, size_t i)
{
    struct outside *block;
    memcpy(&block, page_value(p, i).data, sizeof block);
    return block;
}

static struct slice value_at(const struct page *p, size_t i)
{
    if ((page_flags(p, i) & RECORD_OUTSIDE) == 0)
        return page_value(p, i);
    const struct outside *block = outside_of(p, i);
    return (struct slice){block->data, block->size};
}

static void value_free(const struct page *p, size_t i)
{
    if ((page_flags(p, i) & RECORD_OUTSIDE) != 0)
        free(outside_of(p, i));
}

static struct page *below(const struct page *p, size_t i)
{
    struct page *child;
    memcpy(&child, page_value(p, i).data, sizeof child);
    return child;
}

static void link_make(struct page_record *out, struct slice key, const struct page *child)
{
    page_record_make(out, key, (struct slice){(const uint8_t *)&child, sizeof child}, 0);
}

/* --- Finding ---------------------------------------------------------------------------------- */

/* Which page below an inner one a key belongs to. */
static size_t child_of(const struct page *p, struct slice key)
{
    bool found;
    size_t i = page_find(p, 1, key, &found);
    return found ? i : i - 1;
}

/* Leads to the first record whose key is not below `key`, maybe one behind a page's last. */
static bool find(struct memory *m, enum kv_table table, struct slice key, struct path *path)
{
    struct page *p = m->root[table];
    bool found = false;
    for (path->depth = 0; p != NULL;) {
        assert(path->depth < DEPTH_MAX);
        size_t i = p->inner ? child_of(p, key) : page_find(p, 0, key, &found);
        path->page[path->depth] = p;
        path->at[path->depth++] = i;
        p = p->inner ? below(p, i) : NULL;
    }
    return found;
}

static struct page *leaf_of(const struct path *path)
{
    return path->page[path->depth - 1];
}

static size_t place_in(const struct path *path)
{
    return path->at[path->depth - 1];
}

/* From a page on the way down to its first or last record. */
static void descend(struct path *path, struct page *p, bool last)
{
    for (;; p = below(p, path->at[path->depth - 1])) {
        assert(path->depth < DEPTH_MAX);
        path->page[path->depth] = p;
        path->at[path->depth++] = last ? p->n - 1u : 0;
        if (!p->inner)
            return;
    }
}

/* Sets the way on the record that it leads to, or the next one. False behind the last. */
static bool settle(struct path *path)
{
    size_t depth = path->depth;
    if (depth == 0 || place_in(path) < leaf_of(path)->n)
        return depth > 0;
    while (--depth > 0)
        if (path->at[depth - 1] + 1 < path->page[depth - 1]->n) {
            path->depth = depth;
            path->at[depth - 1]++;
            descend(path, below(path->page[depth - 1], path->at[depth - 1]), false);
            return true;
        }
    return false;
}

static bool forward(struct path *path)
{
    path->at[path->depth - 1]++;
    return settle(path);
}

static bool back(struct path *path)
{
    size_t depth = path->depth;
    for (; depth > 0; depth--)
        if (path->at[depth - 1] > 0) {
            path->depth = depth;
            path->at[depth - 1]--;
            struct page *p = path->page[depth - 1];
            if (p->inner)
                descend(path, below(p, path->at[depth - 1]), true);
            return true;
        }
    return false;
}

/* --- Growing ---------------------------------------------------------------------------------- */

static struct page *page_new(struct memory *m, bool inner)
{
    struct page *p = malloc(sizeof *p);
    if (p == NULL)
        m->failed = true;
    else
        page_clear(p, inner);
    return p;
}

/*
 * Cuts the page that an inner one has at place i in two, at its record `cut`, which is n when the
 * new page is to begin with `next`. The inner page must have room for one more.
 */
static struct page *split(struct memory *m, struct page *parent, size_t i, size_t cut,
                          struct slice next)
{
    struct page *left = below(parent, i), *right = page_new(m, left->inner);
    struct page_record link;
    if (right == NULL)
        return NULL;
    struct slice first = cut < left->n ? page_key(left, cut) : next;
    if (!left->inner) {
        /* As much of the key as tells it from the last one that stays. */
        struct slice last = page_key(left, cut - 1);
        size_t same = 0;
        while (same < last.size && first.data[same] == last.data[same])
            same++;
        first.size = same + 1;
    }
    link_make(&link, first, right);
    page_insert(parent, i + 1, &link);
    page_move(left, cut, right);
    return right;
}

/* A new root above the old one. */
static bool grow(struct memory *m, enum kv_table table)
{
    struct page *root = page_new(m, true);
    struct page_record link;
    if (root == NULL)
        return false;
    link_make(&link, (struct slice){0}, m->root[table]);
    page_insert(root, 0, &link);
    m->root[table] = root;
    return true;
}

/* Makes room for one more page in every inner page on the way to a key, a root over a leaf too. */
static bool open_way(struct memory *m, enum kv_table table, struct slice key)
{
    struct page *p = m->root[table];
    if ((!p->inner || !page_fits(p, INNER_RECORD_MAX)) && !grow(m, table))
        return false;
    for (p = m->root[table];;) {
        size_t i = child_of(p, key);
        struct page *child = below(p, i);
        if (!child->inner)
            return true;
        if (page_fits(child, INNER_RECORD_MAX)) {
            p = child;
            continue;
        }
        /* Then once more from the same page, which may lead to either half. */
        if (split(m, p, i, page_middle(child), key) == NULL)
            return false;
    }
}

static bool at_the_end(const struct path *path)
{
    for (size_t i = 0; i + 1 < path->depth; i++)
        if (path->at[i] + 1 < path->page[i]->n)
            return false;
    return place_in(path) == leaf_of(path)->n;
}

/* Makes room for a record on the way to its key; the way then leads to its place. */
static bool make_room(struct memory *m, enum kv_table table, struct slice key, size_t n,
                      struct path *path)
{
    if (path->depth == 0) {
        m->root[table] = page_new(m, false);
        if (m->root[table] == NULL)
            return false;
        (void)find(m, table, key, path);
    }
    if (page_fits(leaf_of(path), n))
        return true;
    if (!open_way(m, table, key))
        return false;
    (void)find(m, table, key, path);
    struct page *leaf = leaf_of(path);
    /* What is put in at the end of the table leaves full pages behind. */
    size_t cut = at_the_end(path) ? leaf->n : page_middle(leaf);
    if (split(m, path->page[path->depth - 2], path->at[path->depth - 2], cut, key) == NULL)
        return false;
    (void)find(m, table, key, path);
    assert(page_fits(leaf_of(path), n));
    return true;
}

/* --- Shrinking -------------------------------------------------------------------------------- */

/* Puts the records of the page at place i + 1 behind those at place i, if they are few. */
static bool join(struct page *parent, size_t i)
{
    if (i + 1 >= parent->n)
        return false;

    struct page *left = below(parent, i), *right = below(parent, i + 1);
    if (page_used(left) + page_used(right) + INNER_RECORD_MAX > JOIN_UP_TO)
        return false;
    if (right->inner) {
        /* Its first key counts for nothing where it stands, but would in the middle. */
        struct page_record link;
        link_make(&link, page_key(parent, i + 1), below(right, 0));
        page_remove(right, 0);
        page_insert(right, 0, &link);
    }
    page_move(right, 0, left);
    page_remove(parent, i + 1);
    free(right);
    return true;
}

/* Gives back pages after a record went from the leaf at the end of the way. */
static void shrink(struct memory *m, enum kv_table table, struct path *path)
{
    for (size_t depth = path->depth; depth > 1; depth--) {
        struct page *p = path->page[depth - 1], *parent = path->page[depth - 2];
        size_t i = path->at[depth - 2];
        if (p->n == 0) {
            free(p);
            page_remove(parent, i);
        } else if (page_used(p) >= JOIN_BELOW || (!(i > 0 && join(parent, i - 1)) &&
                                                  !join(parent, i))) {
            return;
        }
    }
    struct page *root = m->root[table];
    if (root->n == 0) {
        free(root);
        m->root[table] = NULL;
    }
    while (m->root[table] != NULL && m->root[table]->inner && m->root[table]->n == 1) {
        root = m->root[table];
        m->root[table] = below(root, 0);
        free(root);
    }
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
    struct path path;
    if (m->failed)
        return false;
    if (!find(m, table, key, &path))
        return m->base != NULL && kv_get(m->base, table, key, value);
    if ((page_flags(leaf_of(&path), place_in(&path)) & RECORD_GONE) != 0)
        return false;
    *value = value_at(leaf_of(&path), place_in(&path));
    return true;
}

/* Key and value are in the record, copied: the bytes may be borrowed from the page that changes. */
static void put_record(struct memory *m, enum kv_table table, struct slice key,
                       const struct page_record *record)
{
    struct path path;
    if (find(m, table, key, &path)) {
        struct page *leaf = leaf_of(&path);
        value_free(leaf, place_in(&path));
        if (page_replace(leaf, place_in(&path), record))
            return;
        page_remove(leaf, place_in(&path));
    }
    if (make_room(m, table, key, record->n, &path))
        page_insert(leaf_of(&path), place_in(&path), record);
}

static void memory_put(struct kv *kv, enum kv_table table, struct slice key, struct slice value)
{
    struct memory *m = memory_of(kv);
    struct page_record record;
    struct outside *block = NULL;
    uint8_t flags = 0;
    if (m->failed)
        return;
    if (value.size > PAGE_VALUE_MAX) {
        block = malloc(sizeof *block + value.size);
        if (block == NULL) {
            m->failed = true;
            return;
        }
        block->size = value.size;
        memcpy(block->data, value.data, value.size);
        value = (struct slice){(const uint8_t *)&block, sizeof block};
        flags = RECORD_OUTSIDE;
    }
    page_record_make(&record, key, value, flags);
    key.data = record.b + 4;
    put_record(m, table, key, &record);
    if (m->failed)
        free(block);
}

static void memory_del(struct kv *kv, enum kv_table table, struct slice key)
{
    struct memory *m = memory_of(kv);
    struct page_record record;
    struct path path;
    if (m->failed)
        return;
    if (m->base != NULL) {
        page_record_make(&record, key, (struct slice){0}, RECORD_GONE);
        key.data = record.b + 4;
        put_record(m, table, key, &record);
    } else if (find(m, table, key, &path)) {
        value_free(leaf_of(&path), place_in(&path));
        page_remove(leaf_of(&path), place_in(&path));
        shrink(m, table, &path);
    }
}

/* The pair that the way leads to, or the base's, or what comes after a pair that is gone. */
static bool memory_seek(struct kv *kv, enum kv_table table, struct slice key, bool after,
                        struct slice *found, struct slice *value)
{
    struct memory *m = memory_of(kv);
    struct path path;
    if (m->failed)
        return false;
    if (find(m, table, key, &path) && after)
        path.at[path.depth - 1]++;
    bool own = settle(&path);
    struct slice base_key, base_value;
    bool in_base = m->base != NULL && kv_seek(m->base, table, key, after, &base_key, &base_value);
    for (;; own = forward(&path)) {
        struct slice own_key = own ? page_key(leaf_of(&path), place_in(&path)) : (struct slice){0};
        int order = !own ? 1 : in_base ? compare(own_key, base_key) : -1;
        if (order > 0) {
            if (in_base) {
                *found = base_key;
                *value = base_value;
            }
            return in_base;
        }
        if ((page_flags(leaf_of(&path), place_in(&path)) & RECORD_GONE) == 0) {
            *found = own_key;
            *value = value_at(leaf_of(&path), place_in(&path));
            return true;
        }
        if (order == 0)
            in_base = kv_seek(m->base, table, own_key, true, &base_key, &base_value);
    }
}

static bool memory_seek_back(struct kv *kv, enum kv_table table, struct slice key,
                             struct slice *found, struct slice *value)
{
    struct memory *m = memory_of(kv);
    struct path path;
    if (m->failed)
        return false;
    /* An empty key stands for the end of the table: above every key that can be. */
    uint8_t end[KV_KEY_MAX + 1];
    memset(end, 0xff, sizeof end);
    (void)find(m, table, key.size > 0 ? key : (struct slice){end, sizeof end}, &path);
    bool own = back(&path);
    struct slice base_key, base_value;
    bool in_base = m->base != NULL && kv_seek_back(m->base, table, key, &base_key, &base_value);
    for (;; own = back(&path)) {
        struct slice own_key = own ? page_key(leaf_of(&path), place_in(&path)) : (struct slice){0};
        int order = !own ? -1 : in_base ? compare(own_key, base_key) : 1;
        if (order < 0) {
            if (in_base) {
                *found = base_key;
                *value = base_value;
            }
            return in_base;
        }
        if ((page_flags(leaf_of(&path), place_in(&path)) & RECORD_GONE) == 0) {
            *found = own_key;
            *value = value_at(leaf_of(&path), place_in(&path));
            return true;
        }
        if (order == 0)
            in_base = kv_seek_back(m->base, table, own_key, &base_key, &base_value);
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
    return &m->kv;
}

/* Depth is bounded by DEPTH_MAX. */
static void tree_free(struct page *p)
{
    for (size_t i = 0; i < p->n; i++) {
        if (p->inner)
            tree_free(below(p, i));
        else
            value_free(p, i);
    }
    free(p);
}

static void flush_page(struct memory *m, enum kv_table table, const struct page *p)
{
    for (size_t i = 0; i < p->n; i++) {
        if (p->inner)
            flush_page(m, table, below(p, i));
        else if ((page_flags(p, i) & RECORD_GONE) != 0)
            kv_del(m->base, table, page_key(p, i));
        else
            kv_put(m->base, table, page_key(p, i), value_at(p, i));
    }
}

void kv_memory_flush(struct kv *overlay)
{
    struct memory *m = memory_of(overlay);
    assert(m->base != NULL);
    for (enum kv_table table = 0; table < KV_TABLES && !m->failed; table++)
        if (m->root[table] != NULL)
            flush_page(m, table, m->root[table]);
    kv_memory_clear(overlay);
}

void kv_memory_clear(struct kv *overlay)
{
    struct memory *m = memory_of(overlay);
    for (enum kv_table table = 0; table < KV_TABLES; table++) {
        struct page *root = m->root[table];
        if (root == NULL)
            continue;
        if (root->inner) {
            tree_free(root);
            m->root[table] = NULL;
            continue;
        }
        for (size_t i = 0; i < root->n; i++)
            value_free(root, i);
        page_clear(root, false);
    }
}

void kv_memory_free(struct kv *kv)
{
    if (kv == NULL)
        return;
    struct memory *m = memory_of(kv);
    for (int table = 0; table < KV_TABLES; table++)
        if (m->root[table] != NULL)
            tree_free(m->root[table]);
    free(m);
}
