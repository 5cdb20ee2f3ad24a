/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/page.h"

#include <assert.h>
#include <string.h>

/* A record: size of the key, flags, size of the value (two bytes), key, value. */
enum { HEADER = 4, PLACE = sizeof(uint16_t) };

static_assert(sizeof(struct page) == PAGE_BYTES, "a page has no bytes of no use");
static_assert(4 * (PAGE_RECORD_MAX + PLACE) <= PAGE_BYTES - PAGE_HEAD, "four records a page");
static_assert(KV_KEY_MAX <= UINT8_MAX, "the size of a key is a byte");

void page_clear(struct page *p, bool inner)
{
    p->n = 0;
    p->lowest = PAGE_BYTES;
    p->dead = 0;
    p->inner = inner;
}

static uint8_t *record_at(const struct page *p, size_t i)
{
    return (uint8_t *)(uintptr_t)p + p->place[i];
}

static size_t value_size(const uint8_t *record)
{
    uint16_t n;
    memcpy(&n, record + 2, sizeof n);
    return n;
}

static size_t record_size(const uint8_t *record)
{
    return HEADER + record[0] + value_size(record);
}

struct slice page_key(const struct page *p, size_t i)
{
    const uint8_t *record = record_at(p, i);
    return (struct slice){record + HEADER, record[0]};
}

struct slice page_value(const struct page *p, size_t i)
{
    const uint8_t *record = record_at(p, i);
    return (struct slice){record + HEADER + record[0], value_size(record)};
}

uint8_t page_flags(const struct page *p, size_t i)
{
    return record_at(p, i)[1];
}

void page_record_make(struct page_record *out, struct slice key, struct slice value,
                      uint8_t flags)
{
    assert(key.size <= KV_KEY_MAX && value.size <= PAGE_VALUE_MAX);
    uint16_t n = (uint16_t)value.size;
    out->n = HEADER + key.size + value.size;
    out->b[0] = (uint8_t)key.size;
    out->b[1] = flags;
    memcpy(out->b + 2, &n, sizeof n);
    if (key.size > 0)
        memcpy(out->b + HEADER, key.data, key.size);
    if (value.size > 0)
        memcpy(out->b + HEADER + key.size, value.data, value.size);
}

size_t page_find(const struct page *p, size_t from, struct slice key, bool *found)
{
    size_t low = from, high = p->n;
    *found = false;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const uint8_t *record = record_at(p, middle);
        size_t common = key.size < record[0] ? key.size : record[0];
        int order = common == 0 ? 0 : memcmp(record + HEADER, key.data, common);
        if (order == 0)
            order = (record[0] > key.size) - (record[0] < key.size);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t page_used(const struct page *p)
{
    return (size_t)PAGE_BYTES - p->lowest - p->dead + (size_t)p->n * PLACE;
}

bool page_fits(const struct page *p, size_t n)
{
    return page_used(p) + n + PLACE <= PAGE_BYTES - PAGE_HEAD;
}

/* Puts the records side by side again, which gives back what removed ones left. */
static void compact(struct page *p)
{
    struct page old;
    memcpy(&old, p, sizeof old);
    p->lowest = PAGE_BYTES;
    p->dead = 0;
    for (size_t i = 0; i < p->n; i++) {
        const uint8_t *record = record_at(&old, i);
        size_t n = record_size(record);
        p->lowest = (uint16_t)(p->lowest - n);
        memcpy((uint8_t *)p + p->lowest, record, n);
        p->place[i] = p->lowest;
    }
}

static void insert(struct page *p, size_t i, const uint8_t *record, size_t n)
{
    assert(i <= p->n && page_fits(p, n));
    if (PAGE_HEAD + ((size_t)p->n + 1) * PLACE + n > p->lowest)
        compact(p);
    memmove(&p->place[i + 1], &p->place[i], (p->n - i) * PLACE);
    p->n++;
    p->lowest = (uint16_t)(p->lowest - n);
    memcpy((uint8_t *)p + p->lowest, record, n);
    p->place[i] = p->lowest;
}

void page_insert(struct page *p, size_t i, const struct page_record *record)
{
    insert(p, i, record->b, record->n);
}

void page_remove(struct page *p, size_t i)
{
    assert(i < p->n);
    p->dead = (uint16_t)(p->dead + record_size(record_at(p, i)));
    p->n--;
    memmove(&p->place[i], &p->place[i + 1], (p->n - i) * PLACE);
    if (p->n == 0)
        page_clear(p, p->inner);
}

bool page_replace(struct page *p, size_t i, const struct page_record *record)
{
    uint8_t *old = record_at(p, i);
    if (record_size(old) != record->n || old[0] != record->b[0])
        return false;
    memcpy(old, record->b, record->n);
    return true;
}

void page_move(struct page *p, size_t i, struct page *to)
{
    for (size_t k = i; k < p->n; k++)
        insert(to, to->n, record_at(p, k), record_size(record_at(p, k)));
    while (p->n > i)
        page_remove(p, p->n - 1u);
}

size_t page_middle(const struct page *p)
{
    size_t used = page_used(p), before = 0, i = 0;
    assert(p->n >= 2);
    /* The record across the middle goes to the side that it makes less uneven. */
    for (; i < p->n - 1u; i++) {
        size_t n = record_size(record_at(p, i)) + PLACE;
        if (i > 0 && 2 * before + n > used)
            break;
        before += n;
    }
    return i;
}
