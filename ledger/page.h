/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A page of a tree in memory (ledger/kv_memory.c): records sorted by key in one block of fixed
 * size. Places grow from its start and records from its end, so that a record costs its bytes, a
 * header of four and a place of two. Pointers into a page hold until it is next changed.
 */
#ifndef SEM_LEDGER_PAGE_H
#define SEM_LEDGER_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/kv.h"

/* With what malloc() keeps beside a block, 4 KiB. */
#define PAGE_BYTES 4080
#define PAGE_HEAD 8
/* A quarter of a page: whatever the sizes, each half of a full page has room for one more. */
#define PAGE_RECORD_MAX 1016
#define PAGE_VALUE_MAX (PAGE_RECORD_MAX - 4 - KV_KEY_MAX)

/* What a record is, for the tree to say. */
enum { RECORD_GONE = 1, RECORD_OUTSIDE = 2 };

/* A record being built: header, key, value. */
struct page_record {
    size_t n;
    uint8_t b[PAGE_RECORD_MAX];
};

struct page {
    uint16_t n;      /* records */
    uint16_t lowest; /* where the lowest record starts */
    uint16_t dead;   /* bytes of removed records above it */
    bool inner;      /* the values are pages below */
    uint16_t place[(PAGE_BYTES - PAGE_HEAD) / 2];
};

void page_clear(struct page *p, bool inner);

/* Keys and values must fit KV_KEY_MAX and PAGE_VALUE_MAX (asserted). They are copied. */
void page_record_make(struct page_record *out, struct slice key, struct slice value,
                      uint8_t flags);

struct slice page_key(const struct page *p, size_t i);
struct slice page_value(const struct page *p, size_t i);
uint8_t page_flags(const struct page *p, size_t i);

/* The first record at or behind `from` whose key is not below `key`; n when all are. */
size_t page_find(const struct page *p, size_t from, struct slice key, bool *found);

/* Bytes of records and their places, and whether a record of n bytes has room beside them. */
size_t page_used(const struct page *p);
bool page_fits(const struct page *p, size_t n);

/* Before record i; the record must fit and the order of keys is the caller's affair. */
void page_insert(struct page *p, size_t i, const struct page_record *record);
void page_remove(struct page *p, size_t i);
/* Writes over a value of the same size; false when the size is another. */
bool page_replace(struct page *p, size_t i, const struct page_record *record);
/* Moves the records from i on to the end of another page, which must have room for them. */
void page_move(struct page *p, size_t i, struct page *to);
/* The record at which the page is best cut in two, 1..n-1; it must have two or more. */
size_t page_middle(const struct page *p);

#endif
