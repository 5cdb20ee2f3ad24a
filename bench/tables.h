/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which table of the log's environment takes how much room, and which pages a commit wrote anew.
 *
 * LMDB copies each page that a transaction changes to another place, and gives a freed place out
 * again only two commits later. So a page that stands in a table after one commit and did not
 * before was written by that commit. To see that, the file is read as LMDB 0.9 lays it out; what is
 * counted is held against the counters that LMDB keeps itself.
 */
#ifndef SEM_BENCH_TABLES_H
#define SEM_BENCH_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TABLES_MAX 40

struct table_use {
    char name[24];
    uint64_t rows, pages;
    uint64_t value_bytes; /* what was put, without the keys */
};

struct tables {
    size_t n;
    struct table_use v[TABLES_MAX]; /* the free list and the main table come first */
    uint64_t file_pages;            /* those that were freed too */
    uint8_t *owner;                 /* of each page: 1 + its table; 0: free */
};

/* Reads DIR/log while nobody writes. False with a message on stderr; tables_free() in any case. */
bool tables_read(struct tables *out, const char *dir);
void tables_free(struct tables *tables);
const struct table_use *tables_find(const struct tables *tables, const char *name);

/* Adds to changed[i], for each table of `after`, the pages that one commit since `before` wrote. */
void tables_changed(const struct tables *before, const struct tables *after,
                    double changed[static TABLES_MAX]);

#endif
