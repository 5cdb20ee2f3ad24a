/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/tables.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- How LMDB 0.9 lays its file out, 64-bit little-endian ------------------------------------- */

enum { PAGE_BRANCH = 1, PAGE_LEAF = 2, NODE_BIG = 1, NODE_TABLE = 2 };
#define META_MAGIC 0xBEEFC0DEu
#define NO_PAGE UINT64_MAX

struct page_head {
    uint64_t number;
    uint16_t pad, flags;
    union {
        struct {
            uint16_t lower, upper;
        };
        uint32_t overflow_pages;
    };
};

struct node_head {
    uint16_t low, high, flags, key_size;
};

struct table_head {
    uint32_t pad;
    uint16_t flags, depth;
    uint64_t branch_pages, leaf_pages, overflow_pages, rows, root;
};

struct meta {
    uint32_t magic, version;
    uint64_t address, map_bytes;
    struct table_head free, main;
    uint64_t last_page, txn;
};

/* --- Walking ---------------------------------------------------------------------------------- */

struct walk {
    const uint8_t *file;
    uint64_t page_bytes, file_bytes;
    struct tables *out;
    size_t table; /* whose pages are walked */
};

static const struct page_head *page_at(const struct walk *w, uint64_t number)
{
    assert((number + 1) * w->page_bytes <= w->file_bytes);
    return (const struct page_head *)(const void *)(w->file + number * w->page_bytes);
}

static void own(struct walk *w, uint64_t first, uint64_t n)
{
    assert(first + n <= w->out->file_pages);
    for (uint64_t i = first; i < first + n; i++) {
        assert(w->out->owner[i] == 0);
        w->out->owner[i] = (uint8_t)(w->table + 1);
    }
    w->out->v[w->table].pages += n;
}

static bool walk_table(struct walk *w, const char *name, size_t n, const struct table_head *head);

static bool walk_leaf_node(struct walk *w, const uint8_t *at, const struct node_head *node)
{
    const uint8_t *key = at + sizeof *node, *value = key + node->key_size;
    w->out->v[w->table].rows++;
    w->out->v[w->table].value_bytes += node->low | (uint32_t)node->high << 16;
    if (node->flags & NODE_TABLE) {
        struct table_head head;
        memcpy(&head, value, sizeof head);
        return walk_table(w, (const char *)key, node->key_size, &head);
    }
    if (node->flags & NODE_BIG) {
        uint64_t first;
        memcpy(&first, value, sizeof first);
        own(w, first, page_at(w, first)->overflow_pages);
    }
    return true;
}

static bool walk_page(struct walk *w, uint64_t number)
{
    const struct page_head *page = page_at(w, number);
    const uint8_t *start = (const uint8_t *)page;
    size_t n = (page->lower - sizeof *page) / 2;
    own(w, number, 1);
    for (size_t i = 0; i < n; i++) {
        uint16_t offset;
        struct node_head node;
        memcpy(&offset, start + sizeof *page + 2 * i, sizeof offset);
        memcpy(&node, start + offset, sizeof node);
        bool ok = page->flags & PAGE_BRANCH
                      ? walk_page(w, node.low | (uint64_t)node.high << 16 |
                                         (uint64_t)node.flags << 32)
                      : walk_leaf_node(w, start + offset, &node);
        if (!ok)
            return false;
    }
    return true;
}

static bool walk_table(struct walk *w, const char *name, size_t n, const struct table_head *head)
{
    size_t outer = w->table, mine = w->out->n++;
    struct table_use *use = &w->out->v[mine];
    assert(mine < TABLES_MAX);
    *use = (struct table_use){0};
    snprintf(use->name, sizeof use->name, "%.*s", (int)n, name);
    w->table = mine;
    bool ok = head->root == NO_PAGE || walk_page(w, head->root);
    w->table = outer;
    if (ok && use->rows == head->rows &&
        use->pages == head->branch_pages + head->leaf_pages + head->overflow_pages)
        return true;
    fprintf(stderr, "bench: table %s is not laid out as expected\n", use->name);
    return false;
}

static bool walk_file(struct walk *w)
{
    struct meta metas[2];
    for (size_t i = 0; i < 2; i++)
        memcpy(&metas[i], w->file + i * w->page_bytes + sizeof(struct page_head), sizeof *metas);
    const struct meta *meta = &metas[metas[1].txn > metas[0].txn];
    if (meta->magic != META_MAGIC || meta->version != 1 || meta->free.pad != w->page_bytes) {
        fprintf(stderr, "bench: the log's environment is not of LMDB 0.9\n");
        return false;
    }
    w->out->file_pages = meta->last_page + 1;
    w->out->owner = calloc(w->out->file_pages, 1);
    if (w->out->owner == NULL)
        return false;
    return walk_table(w, "(free list)", 11, &meta->free) &&
           walk_table(w, "(tables)", 8, &meta->main);
}

bool tables_read(struct tables *out, const char *dir)
{
    char path[4096];
    struct stat info;
    struct walk w = {.page_bytes = (uint64_t)sysconf(_SC_PAGESIZE), .out = out};
    *out = (struct tables){0};
    snprintf(path, sizeof path, "%s/log/data.mdb", dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0) {
        perror(path);
        return false;
    }
    w.file_bytes = (uint64_t)info.st_size;
    void *map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (map == MAP_FAILED) {
        perror(path);
        return false;
    }
    w.file = map;
    bool ok = walk_file(&w);
    munmap(map, (size_t)info.st_size);
    return ok;
}

void tables_free(struct tables *tables)
{
    free(tables->owner);
    *tables = (struct tables){0};
}

const struct table_use *tables_find(const struct tables *tables, const char *name)
{
    for (size_t i = 0; i < tables->n; i++)
        if (strcmp(tables->v[i].name, name) == 0)
            return &tables->v[i];
    return NULL;
}

void tables_changed(const struct tables *before, const struct tables *after,
                    double changed[static TABLES_MAX])
{
    for (uint64_t i = 0; i < after->file_pages; i++) {
        uint8_t owner = after->owner[i];
        if (owner != 0 && (i >= before->file_pages || before->owner[i] == 0))
            changed[owner - 1]++;
    }
}
