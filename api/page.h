/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Pages of lists (SPEC 12.1): ?limit=, ?cursor=, and "next" in the answer. A cursor carries a mark
 * of the list and its filters, the log's size when its walk began, and the key to go on from. It
 * is opaque to clients, and what a client makes up is at worst a place in a list it may read
 * anyway.
 */
#ifndef SEM_API_PAGE_H
#define SEM_API_PAGE_H

#include "api/json_out.h"
#include "api/request.h"

#define PAGE_LIMIT_MAX 200
#define PAGE_LIMIT_DEFAULT 50
/* A page with this many bytes of items takes no more, so whoever reads slowly holds little. */
#define PAGE_BYTES_MAX ((size_t)256 * 1024)
/* Records looked at for one page: a filter that fits little gives a short page with a cursor. */
#define PAGE_SCAN_MAX 5000
#define CURSOR_KEY_MAX 56

struct page {
    size_t limit;
    uint64_t size;    /* of the log when this walk began */
    bool resumed;     /* a cursor was given: go on after, or at, its key */
    size_t key_len;
    uint8_t key[CURSOR_KEY_MAX];
    uint8_t mark[8];
    struct json_out answer; /* its beginning and the items; taken by page_reply() */
    size_t n_items;
    size_t scanned; /* records looked at; whoever looks at more than one an item adds them */
};

/*
 * Reads limit and cursor; q[0] and q[1] are theirs, the others are the list's filters. `scope`
 * tells lists of one kind apart, such as the organisation of a statement. A cursor's key must have
 * key_len bytes. False after replying query_invalid or cursor_invalid.
 */
bool page_read(struct request *rq, const char *list, const char *scope, const struct query *q,
               size_t n, size_t key_len, struct page *out) __attribute__((warn_unused_result));

/*
 * The organisation's number that a cursor carries, 0 without a cursor. False for a number that no
 * organisation has, after replying cursor_invalid and forgetting the page.
 */
bool page_read_org(struct request *rq, struct page *page, uint32_t *out)
    __attribute__((warn_unused_result));

/* True while the page takes more; counts one record looked at. */
bool page_goes_on(struct page *page);
/* Adds an item; takes the reference. */
void page_add(struct page *page, struct json_t *item);
/* Counts an item, whose one value the caller writes. */
struct json_out *page_item(struct page *page);
/* Answers. `next` is the key to go on from, NULL when the list ends here. */
void page_reply(struct request *rq, struct page *page, const void *next);
/* Forgets a page that will not be answered. */
void page_drop(struct page *page);

#endif
