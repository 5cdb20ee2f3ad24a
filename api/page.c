/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/page.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "api/reply.h"
#include "api/view.h"
#include "crypto/text.h"

/* mark[8] || size[8] || key */
#define CURSOR_HEAD 16
#define CURSOR_MAX (CURSOR_HEAD + CURSOR_KEY_MAX)

static void add_text(struct hash_stream *h, const char *text)
{
    hash_stream_add(h, text ? text : "\1", text ? strlen(text) + 1 : 2);
}

static void make_mark(uint8_t mark[static 8], const char *list, const char *scope,
                      const struct query *q, size_t n)
{
    struct hash_stream h;
    struct hash hash;

    hash_stream_start(&h);
    add_text(&h, list);
    add_text(&h, scope);
    for (size_t i = 2; i < n; i++) {
        add_text(&h, q[i].value);
    }
    hash_stream_end(&h, &hash);
    memcpy(mark, hash.b, 8);
}

static bool read_limit(struct request *rq, const char *value, size_t *out)
{
    unsigned long limit = 0;
    char *end = NULL;

    if (!value) {
        return true;
    }
    if (value[0] >= '1' && value[0] <= '9' && strlen(value) <= 3) {
        limit = strtoul(value, &end, 10);
    }
    if (limit < 1 || limit > PAGE_LIMIT_MAX || *end) {
        reply_query(rq, "limit", "1..200", value);
        return false;
    }
    *out = limit;
    return true;
}

static uint64_t get_u64(const uint8_t *b)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++) {
        value = value << 8 | b[i];
    }
    return value;
}

static bool read_cursor(struct page *page, const char *text, size_t key_len)
{
    uint8_t bytes[CURSOR_MAX];
    size_t n = CURSOR_HEAD + key_len;

    assert(key_len <= CURSOR_KEY_MAX);
    if (!hex_decode(bytes, n, text, strlen(text)) || memcmp(bytes, page->mark, 8) != 0 ||
        get_u64(bytes + 8) > page->size) {
        return false;
    }
    page->size = get_u64(bytes + 8);
    page->resumed = true;
    memcpy(page->key, bytes + CURSOR_HEAD, key_len);
    return true;
}

bool page_read(struct request *rq, const char *list, const char *scope, const struct query *q,
               size_t n, size_t key_len, struct page *out)
{
    assert(strcmp(q[0].name, "limit") == 0 && strcmp(q[1].name, "cursor") == 0);
    memset(out, 0, sizeof *out);
    out->limit = PAGE_LIMIT_DEFAULT;
    out->size = state_size(rq->state);
    out->key_len = key_len;
    make_mark(out->mark, list, scope, q, n);
    if (!read_limit(rq, q[0].value, &out->limit)) {
        return false;
    }
    if (q[1].value && !read_cursor(out, q[1].value, key_len)) {
        reply_code(rq, CODE_cursor_invalid, NULL);
        return false;
    }
    json_open(&out->answer, NULL, '{');
    json_open(&out->answer, "items", '[');
    return true;
}

bool page_read_org(struct request *rq, struct page *page, uint32_t *out)
{
    struct sums sums;

    assert(page->key_len == sizeof *out);
    memcpy(out, page->key, sizeof *out);
    state_sums(rq->state, &sums);
    if (*out > sums.orgs) {
        page_drop(page);
        reply_code(rq, CODE_cursor_invalid, NULL);
        return false;
    }
    return true;
}

bool page_goes_on(struct page *page)
{
    return page->n_items < page->limit && page->answer.n < PAGE_BYTES_MAX &&
           page->scanned++ < PAGE_SCAN_MAX;
}

struct json_out *page_item(struct page *page)
{
    page->n_items++;
    return &page->answer;
}

void page_add(struct page *page, json_t *item)
{
    json_tree(page_item(page), NULL, item);
}

void page_reply(struct request *rq, struct page *page, const void *next)
{
    struct json_out *answer = &page->answer;

    json_shut(answer, ']');
    json_int(answer, "size", (int64_t)page->size);
    if (next) {
        uint8_t bytes[CURSOR_MAX];
        char text[HEX_SIZE(CURSOR_MAX)];

        memcpy(bytes, page->mark, 8);
        for (int i = 0; i < 8; i++) {
            bytes[8 + i] = (uint8_t)(page->size >> (56 - 8 * i));
        }
        memcpy(bytes + CURSOR_HEAD, next, page->key_len);
        hex_encode(text, bytes, CURSOR_HEAD + page->key_len);
        json_text(answer, "next", text);
    }
    json_shut(answer, '}');
    reply_json_out(rq, MHD_HTTP_OK, answer);
}

void page_drop(struct page *page)
{
    free(page->answer.bytes);
    memset(&page->answer, 0, sizeof page->answer);
}
