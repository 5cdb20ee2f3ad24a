/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/page.h"

static struct page_record record(const char *key, size_t value_size, int fill)
{
    static uint8_t bytes[PAGE_VALUE_MAX];
    struct page_record r;
    memset(bytes, fill, sizeof bytes);
    page_record_make(&r, (struct slice){(const uint8_t *)key, strlen(key)},
                     (struct slice){bytes, value_size}, RECORD_OUTSIDE);
    return r;
}

static bool holds(const struct page *p, size_t i, const char *key, size_t value_size, int fill)
{
    struct slice k = page_key(p, i), v = page_value(p, i);
    for (size_t at = 0; at < v.size; at++)
        if (v.data[at] != fill)
            return false;
    return k.size == strlen(key) && memcmp(k.data, key, k.size) == 0 && v.size == value_size &&
           page_flags(p, i) == RECORD_OUTSIDE;
}

static size_t find(const struct page *p, size_t from, const char *key, bool *found)
{
    return page_find(p, from, (struct slice){(const uint8_t *)key, strlen(key)}, found);
}

Test(page, finds_the_first_record_that_is_not_below_a_key)
{
    static const char *const keys[] = {"b", "d", "da", "f"};
    static const struct {
        const char *key;
        size_t at;
        bool found;
    } cases[] = {{"", 0, false}, {"a", 0, false}, {"b", 0, true},   {"c", 1, false}, {"d", 1, true},
                 {"da", 2, true}, {"db", 3, false}, {"f", 3, true}, {"g", 4, false}};
    struct page *p = malloc(sizeof *p);
    page_clear(p, false);
    for (size_t i = 0; i < 4; i++) {
        struct page_record r = record(keys[i], 3, (int)i);
        page_insert(p, i, &r);
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool found;
        cr_assert_eq(find(p, 0, cases[i].key, &found), cases[i].at, "%s", cases[i].key);
        cr_assert_eq(found, cases[i].found, "%s", cases[i].key);
    }
    /* What stands before `from` counts for nothing. */
    bool found;
    cr_assert(find(p, 1, "b", &found) == 1 && !found);
    free(p);
}

Test(page, the_room_of_removed_records_is_used_again)
{
    struct page *p = malloc(sizeof *p);
    page_clear(p, false);
    struct page_record small = record("a", 899, 1), large = record("b", PAGE_VALUE_MAX, 2);
    for (size_t turn = 0; turn < 1000; turn++) {
        while (page_fits(p, small.n))
            page_insert(p, p->n, &small);
        cr_assert(page_used(p) <= PAGE_BYTES - PAGE_HEAD);
        page_remove(p, turn % p->n);
        page_remove(p, turn % p->n);
        cr_assert(page_fits(p, large.n));
        page_insert(p, 0, &large);
        cr_assert(holds(p, 0, "b", PAGE_VALUE_MAX, 2));
        for (size_t i = 1; i < p->n; i++)
            cr_assert(holds(p, i, "a", small.n - 5, 1));
        page_remove(p, 0);
    }
    while (p->n > 0)
        page_remove(p, 0);
    cr_assert_eq(page_used(p), 0);
    free(p);
}

Test(page, a_value_is_replaced_in_place_by_one_of_the_same_size_alone)
{
    struct page *p = malloc(sizeof *p);
    page_clear(p, false);
    struct page_record r = record("k", 10, 1), same = record("k", 10, 2), more = record("k", 11, 3);
    page_insert(p, 0, &r);
    cr_assert(page_replace(p, 0, &same));
    cr_assert(holds(p, 0, "k", 10, 2));
    cr_assert_not(page_replace(p, 0, &more));
    cr_assert(holds(p, 0, "k", 10, 2));
    free(p);
}

/* However sizes are mixed, each half of a full page takes any one record more. */
Test(page, each_half_of_a_full_page_has_room_for_one_more)
{
    struct page *p = malloc(sizeof *p), *right = malloc(sizeof *right);
    uint64_t dice = 1;
    for (size_t turn = 0; turn < 20000; turn++) {
        page_clear(p, false);
        page_clear(right, false);
        size_t tiny = turn % 600;
        for (;;) {
            dice = dice * 6364136223846793005u + 1442695040888963407u;
            size_t size = p->n < tiny ? 0 : turn % 2 == 0 ? PAGE_VALUE_MAX : dice >> 33;
            struct page_record r = record("k", size % (PAGE_VALUE_MAX + 1), 1);
            if (!page_fits(p, r.n))
                break;
            /* All large ones behind the small, all before, or on both sides. */
            bool end = turn % 3 == 0 || (turn % 3 == 1 && (dice >> 60 & 1) != 0);
            page_insert(p, end ? p->n : 0, &r);
        }
        if (page_fits(p, PAGE_RECORD_MAX))
            continue;
        size_t n = p->n, cut = page_middle(p);
        cr_assert(cut > 0 && cut < n);
        page_move(p, cut, right);
        cr_assert(p->n == cut && right->n == n - cut);
        cr_assert(page_fits(p, PAGE_RECORD_MAX) && page_fits(right, PAGE_RECORD_MAX), "%zu", turn);
    }
    free(p);
    free(right);
}
