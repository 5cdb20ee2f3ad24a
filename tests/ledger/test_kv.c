/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/kv.h"

static struct slice text(const char *s)
{
    return (struct slice){(const uint8_t *)s, strlen(s)};
}

static bool is(struct slice s, const char *expected)
{
    return s.size == strlen(expected) && memcmp(s.data, expected, s.size) == 0;
}

static bool has(struct kv *kv, const char *key, const char *expected)
{
    struct slice value;
    return kv_get(kv, KV_ORG, text(key), &value) && is(value, expected);
}

Test(kv, every_table_has_a_name_of_its_own)
{
    for (enum kv_table a = 0; a < KV_LOG_TABLES; a++)
        for (enum kv_table b = 0; b < a; b++)
            cr_assert_str_neq(kv_table_name(a), kv_table_name(b));
    for (enum kv_table a = KV_LOG_TABLES; a < KV_TABLES; a++)
        for (enum kv_table b = KV_LOG_TABLES; b < a; b++)
            cr_assert_str_neq(kv_table_name(a), kv_table_name(b));
    cr_assert_str_eq(kv_table_name(KV_PAIR_DAY), "pair_day");
}

Test(kv, gives_back_what_was_put_and_the_last_of_it)
{
    struct kv *kv = kv_memory_new(NULL);
    struct slice value;
    kv_put(kv, KV_ORG, text("b"), text("one"));
    kv_put(kv, KV_ORG, text("b"), text("two"));
    kv_put(kv, KV_NEED, text("b"), text("elsewhere"));
    kv_put(kv, KV_ORG, text("empty"), (struct slice){0});
    cr_assert(has(kv, "b", "two"));
    cr_assert(has(kv, "empty", ""));
    cr_assert_not(kv_get(kv, KV_ORG, text("a"), &value));
    kv_del(kv, KV_ORG, text("b"));
    kv_del(kv, KV_ORG, text("never there"));
    cr_assert_not(kv_get(kv, KV_ORG, text("b"), &value));
    cr_assert(kv_get(kv, KV_NEED, text("b"), &value));
    cr_assert_not(kv_failed(kv));
    kv_memory_free(kv);
}

Test(kv, takes_a_value_that_was_borrowed_from_the_same_place)
{
    struct kv *kv = kv_memory_new(NULL);
    struct slice value;
    kv_put(kv, KV_ORG, text("k"), text("the same bytes"));
    cr_assert(kv_get(kv, KV_ORG, text("k"), &value));
    value.data += 4;
    value.size -= 4;
    kv_put(kv, KV_ORG, text("k"), value);
    cr_assert(has(kv, "k", "same bytes"));
    kv_memory_free(kv);
}

Test(kv, orders_keys_by_bytes_and_the_shorter_first)
{
    static const char *const sorted[] = {"a", "a\x01", "aa", "ab", "b", "\x80", "\xff\xff"};
    enum { N = sizeof sorted / sizeof sorted[0] };
    struct kv *kv = kv_memory_new(NULL);
    for (size_t i = 0; i < N; i++)
        kv_put(kv, KV_ORG, text(sorted[(i * 3) % N]), text("x"));
    struct slice key = {0}, value;
    for (size_t i = 0; i < N; i++) {
        cr_assert(kv_seek(kv, KV_ORG, key, i > 0, &key, &value));
        cr_assert(is(key, sorted[i]));
    }
    cr_assert_not(kv_seek(kv, KV_ORG, key, true, &key, &value));
    key = (struct slice){0};
    for (size_t i = N; i-- > 0;) {
        cr_assert(kv_seek_back(kv, KV_ORG, key, &key, &value));
        cr_assert(is(key, sorted[i]));
    }
    cr_assert_not(kv_seek_back(kv, KV_ORG, key, &key, &value));
    kv_memory_free(kv);
}

Test(kv, an_overlay_hides_and_adds_and_leaves_its_base_alone)
{
    struct kv *base = kv_memory_new(NULL);
    kv_put(base, KV_ORG, text("a"), text("base"));
    kv_put(base, KV_ORG, text("b"), text("base"));
    kv_put(base, KV_ORG, text("d"), text("base"));
    struct kv *over = kv_memory_new(base);
    struct slice key, value;
    kv_del(over, KV_ORG, text("a"));
    kv_put(over, KV_ORG, text("b"), text("over"));
    kv_put(over, KV_ORG, text("c"), text("over"));
    cr_assert_not(kv_get(over, KV_ORG, text("a"), &value));
    cr_assert(has(over, "b", "over") && has(over, "c", "over") && has(over, "d", "base"));
    cr_assert(kv_seek(over, KV_ORG, text("a"), false, &key, &value));
    cr_assert(is(key, "b") && is(value, "over"));
    cr_assert(kv_seek_back(over, KV_ORG, (struct slice){0}, &key, &value));
    cr_assert(is(key, "d"));
    kv_put(over, KV_ORG, text("a"), text("again"));
    cr_assert(has(over, "a", "again"));
    cr_assert(has(base, "a", "base") && has(base, "b", "base"));
    cr_assert_not(kv_get(base, KV_ORG, text("c"), &value));
    kv_memory_free(over);
    kv_memory_free(base);
}

Test(kv, an_overlay_is_written_into_its_base_or_forgotten_and_serves_again)
{
    static uint8_t large[5000];
    struct kv *base = kv_memory_new(NULL), *over = kv_memory_new(base);
    struct slice key, value;
    char name[8];
    kv_put(base, KV_ORG, text("a"), text("base"));
    kv_put(base, KV_ORG, text("b"), text("base"));
    kv_put(over, KV_ORG, text("a"), text("lost"));
    kv_del(over, KV_ORG, text("b"));
    kv_put(over, KV_LEAF, text("l"), (struct slice){large, sizeof large});
    kv_memory_clear(over);
    cr_assert(has(over, "a", "base") && has(over, "b", "base"));
    cr_assert_not(kv_seek(over, KV_LEAF, text(""), false, &key, &value));
    cr_assert_not(kv_seek_back(over, KV_LEAF, text(""), &key, &value));
    kv_put(over, KV_ORG, text("a"), text("over"));
    kv_del(over, KV_ORG, text("b"));
    kv_put(over, KV_LEAF, text("l"), (struct slice){large, sizeof large});
    for (size_t i = 0; i < 2000; i++) {
        snprintf(name, sizeof name, "x%04zu", i);
        kv_put(over, KV_PAIR, text(name), text(name));
    }
    cr_assert(has(base, "a", "base"));
    kv_memory_flush(over);
    cr_assert(has(base, "a", "over"));
    cr_assert_not(kv_get(base, KV_ORG, text("b"), &value));
    cr_assert(kv_get(base, KV_LEAF, text("l"), &value) && value.size == sizeof large);
    for (size_t i = 0; i < 2000; i++) {
        snprintf(name, sizeof name, "x%04zu", i);
        cr_assert(kv_get(base, KV_PAIR, text(name), &value) && is(value, name));
    }
    kv_put(base, KV_ORG, text("a"), text("newer"));
    cr_assert(has(over, "a", "newer"), "nothing is left on it");
    kv_memory_flush(over);
    cr_assert(has(base, "a", "newer"));
    kv_memory_free(over);
    kv_memory_free(base);
}

/* --- Against a plain model -------------------------------------------------------------------- */

/*
 * The model: every key of two digits of base 16, and what stands there. Keys of one and two bytes,
 * so that prefixes occur.
 */
#define SPACE 272
struct model {
    bool there[SPACE];
    uint32_t value[SPACE];
};

/* The keys in byte order: a, then a with each second byte, then b ... */
static struct slice key_of(uint8_t out[static 2], int i)
{
    out[0] = (uint8_t)(i / 17 * 16);
    out[1] = (uint8_t)(i % 17 - 1);
    return (struct slice){out, i % 17 == 0 ? 1 : 2};
}

static bool holds(struct slice s, const struct model *m, int i)
{
    return s.size == sizeof m->value[i] && memcmp(s.data, &m->value[i], s.size) == 0;
}

static void compare_at(struct kv *kv, const struct model *m, int i, uint64_t seed)
{
    uint8_t bytes[2], found_bytes[2];
    struct slice key = key_of(bytes, i), found, value;
    cr_assert_eq(kv_get(kv, KV_DUE, key, &value), m->there[i], "seed %lu", seed);
    cr_assert(!m->there[i] || holds(value, m, i));
    for (int after = 0; after < 2; after++) {
        int right = i + after;
        while (right < SPACE && !m->there[right])
            right++;
        cr_assert_eq(kv_seek(kv, KV_DUE, key, after, &found, &value), right < SPACE, "seed %lu",
                     seed);
        if (right < SPACE) {
            struct slice expected = key_of(found_bytes, right);
            cr_assert(found.size == expected.size &&
                      memcmp(found.data, expected.data, found.size) == 0 && holds(value, m, right));
        }
    }
    int left = i - 1;
    while (left >= 0 && !m->there[left])
        left--;
    cr_assert_eq(kv_seek_back(kv, KV_DUE, key, &found, &value), left >= 0, "seed %lu", seed);
    if (left >= 0) {
        struct slice expected = key_of(found_bytes, left);
        cr_assert(found.size == expected.size &&
                  memcmp(found.data, expected.data, found.size) == 0 && holds(value, m, left));
    }
}

static uint32_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

static void change(struct kv *kv, struct model *m, uint64_t *dice)
{
    uint8_t bytes[2];
    int i = (int)(next(dice) % SPACE);
    if (next(dice) % 5 < 3) {
        m->there[i] = true;
        m->value[i] = next(dice);
        kv_put(kv, KV_DUE, key_of(bytes, i),
               (struct slice){(const uint8_t *)&m->value[i], sizeof m->value[i]});
    } else {
        m->there[i] = false;
        kv_del(kv, KV_DUE, key_of(bytes, i));
    }
}

/* Three levels: a store, an overlay, and an overlay on that one. */
static void run_seed(uint64_t seed)
{
    uint64_t dice = seed;
    struct model models[3] = {0};
    struct kv *kvs[3] = {kv_memory_new(NULL)};
    for (int level = 0; level < 3; level++) {
        if (level > 0) {
            kvs[level] = kv_memory_new(kvs[level - 1]);
            models[level] = models[level - 1];
        }
        uint32_t changes = next(&dice) % 400;
        for (uint32_t n = 0; n < changes; n++) {
            change(kvs[level], &models[level], &dice);
            compare_at(kvs[level], &models[level], (int)(next(&dice) % SPACE), seed);
        }
    }
    for (int level = 0; level < 3; level++)
        for (int i = 0; i < SPACE; i++)
            compare_at(kvs[level], &models[level], i, seed);
    for (int level = 3; level-- > 0;)
        kv_memory_free(kvs[level]);
}

Test(kv, behaves_as_a_plain_model_through_three_levels)
{
    for (uint64_t seed = 1; seed <= 60; seed++)
        run_seed(seed);
}

Test(kv, keeps_its_order_with_many_keys)
{
    enum { N = 20000 };
    struct kv *kv = kv_memory_new(NULL);
    for (uint32_t i = 0; i < N; i++) {
        uint32_t number = i * 7919u % N;
        uint8_t key[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                          (uint8_t)number};
        kv_put(kv, KV_ID, (struct slice){key, 4}, (struct slice){key, 4});
    }
    struct slice key = {0}, value;
    for (uint32_t i = 0; i < N; i++) {
        cr_assert(kv_seek(kv, KV_ID, key, i > 0, &key, &value));
        cr_assert_eq((uint32_t)key.data[2] << 8 | key.data[3], i);
    }
    kv_memory_free(kv);
}

#define DEEP 20000

/* The longest keys, alike but for their last bytes, make the deepest trees. */
static struct slice deep_key(uint32_t number)
{
    static uint8_t key[KV_KEY_MAX];
    key[94] = (uint8_t)(number >> 8);
    key[95] = (uint8_t)number;
    return (struct slice){key, sizeof key};
}

static void set_deep(struct kv *kv, bool there[static DEEP], uint32_t number, bool put)
{
    struct slice key = deep_key(number);
    there[number] = put;
    if (put)
        kv_put(kv, KV_ID, key, (struct slice){key.data + 94, 2});
    else
        kv_del(kv, KV_ID, key);
}

static void compare_deep(struct kv *kv, const bool there[static DEEP])
{
    struct slice found = {0}, value;
    for (uint32_t i = 0; i < DEEP; i++) {
        cr_assert_eq(kv_get(kv, KV_ID, deep_key(i), &value), there[i], "%u", i);
        if (!there[i])
            continue;
        cr_assert(kv_seek(kv, KV_ID, found, found.size > 0, &found, &value));
        cr_assert_eq((uint32_t)found.data[94] << 8 | found.data[95], i);
    }
    cr_assert_not(kv_seek(kv, KV_ID, found, found.size > 0, &found, &value));
}

Test(kv, keeps_its_order_while_a_deep_tree_grows_and_shrinks)
{
    static bool there[DEEP];
    struct kv *kv = kv_memory_new(NULL);
    uint64_t dice = 1;
    for (uint32_t round = 0; round < 60; round++) {
        /* Runs of keys go, so that pages empty, and a few come back where they were. */
        uint32_t from = next(&dice) % DEEP, n = next(&dice) % 3000;
        for (uint32_t i = 0; i < 4000 && round % 10 < 2; i++)
            set_deep(kv, there, next(&dice) % DEEP, true);
        for (uint32_t i = 0; i < n; i++)
            set_deep(kv, there, (from + i) % DEEP, false);
        for (uint32_t i = 0; i < n; i += 40)
            set_deep(kv, there, (from + next(&dice) % n) % DEEP, true);
        compare_deep(kv, there);
    }
    for (uint32_t i = 0; i < DEEP; i++)
        set_deep(kv, there, i * 7919u % DEEP, false);
    compare_deep(kv, there);
    kv_memory_free(kv);
}

/* --- Against a sorted array ------------------------------------------------------------------- */

/*
 * Keys and values of every size that records can have, so that pages are cut, joined and given
 * back, and values lie inside and outside of them. A value follows from its number.
 */
#define PAIRS_MAX 4000
#define VALUE_MAX 20000

struct pair {
    uint8_t key[KV_KEY_MAX];
    size_t key_size;
    uint32_t number;
};
struct sorted {
    size_t n;
    struct pair v[PAIRS_MAX];
};

static struct slice value_of(uint8_t out[static VALUE_MAX], uint32_t number)
{
    static const size_t sizes[] = {0, 1, 8, 30, 240, 241, 600, 915, 916, 917, 5000, VALUE_MAX};
    size_t n = sizes[number % 12];
    n = n > 1000 && number / 12 % 5 != 0 ? 44 : n; /* large ones are rare */
    memset(out, (int)(number % 251), n);
    memcpy(out, &number, n < sizeof number ? n : sizeof number);
    return (struct slice){out, n};
}

static struct slice pair_key(const struct pair *p)
{
    return (struct slice){p->key, p->key_size};
}

/* The first pair whose key is not below `key`. */
static size_t place_of(const struct sorted *s, struct slice key, bool *there)
{
    size_t low = 0, high = s->n;
    *there = false;
    while (low < high && !*there) {
        size_t i = (low + high) / 2, common = key.size;
        common = s->v[i].key_size < common ? s->v[i].key_size : common;
        int order = memcmp(s->v[i].key, key.data, common);
        if (order == 0)
            order = (s->v[i].key_size > key.size) - (s->v[i].key_size < key.size);
        if (order == 0) {
            *there = true;
            return i;
        }
        if (order < 0)
            low = i + 1;
        else
            high = i;
    }
    return low;
}

/* A key of few letters, so that many share a start. */
static struct slice any_key(uint8_t out[static KV_KEY_MAX], uint64_t *dice)
{
    size_t n = next(dice) % 4 == 0 ? 1 + next(dice) % KV_KEY_MAX : 1 + next(dice) % 12;
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)("\x00\x01" "ab\xff"[next(dice) % 5]);
    return (struct slice){out, n};
}

static bool is_pair(const struct pair *p, struct slice key, struct slice value)
{
    static uint8_t bytes[VALUE_MAX];
    struct slice expected = value_of(bytes, p->number);
    return key.size == p->key_size && memcmp(key.data, p->key, key.size) == 0 &&
           value.size == expected.size &&
           (value.size == 0 || memcmp(value.data, expected.data, value.size) == 0);
}

static void sorted_put(struct sorted *s, struct kv *kv, uint64_t *dice)
{
    static uint8_t bytes[VALUE_MAX];
    uint8_t key_bytes[KV_KEY_MAX];
    struct slice key = any_key(key_bytes, dice);
    bool there;
    size_t i = place_of(s, key, &there);
    if (!there && s->n == PAIRS_MAX)
        return;
    if (!there) {
        memmove(&s->v[i + 1], &s->v[i], (s->n - i) * sizeof *s->v);
        s->n++;
        memcpy(s->v[i].key, key.data, key.size);
        s->v[i].key_size = key.size;
    }
    s->v[i].number = next(dice);
    kv_put(kv, KV_DUE, key, value_of(bytes, s->v[i].number));
}

/* Removes a pair by the key that a seek lent. */
static void sorted_del(struct sorted *s, struct kv *kv, uint64_t *dice)
{
    struct slice found, value;
    if (s->n == 0)
        return;
    size_t i = next(dice) % s->n;
    cr_assert(kv_seek(kv, KV_DUE, pair_key(&s->v[i]), false, &found, &value));
    kv_del(kv, KV_DUE, found);
    s->n--;
    memmove(&s->v[i], &s->v[i + 1], (s->n - i) * sizeof *s->v);
}

static void compare_near(const struct sorted *s, struct kv *kv, uint64_t *dice)
{
    uint8_t bytes[KV_KEY_MAX];
    struct slice key = any_key(bytes, dice), found, value;
    bool there;
    size_t i = place_of(s, key, &there);
    cr_assert_eq(kv_get(kv, KV_DUE, key, &value), there);
    cr_assert(!there || is_pair(&s->v[i], key, value));
    for (int after = 0; after < 2; after++) {
        size_t right = i + (after == 1 && there ? 1 : 0);
        cr_assert_eq(kv_seek(kv, KV_DUE, key, after == 1, &found, &value), right < s->n);
        cr_assert(right == s->n || is_pair(&s->v[right], found, value));
    }
    cr_assert_eq(kv_seek_back(kv, KV_DUE, key, &found, &value), i > 0);
    cr_assert(i == 0 || is_pair(&s->v[i - 1], found, value));
}

static void compare_all(const struct sorted *s, struct kv *kv)
{
    struct slice key = {0}, value;
    for (size_t i = 0; i < s->n; i++) {
        cr_assert(kv_seek(kv, KV_DUE, key, i > 0, &key, &value));
        cr_assert(is_pair(&s->v[i], key, value));
    }
    cr_assert_not(kv_seek(kv, KV_DUE, key, s->n > 0, &key, &value));
    key = (struct slice){0};
    for (size_t i = s->n; i-- > 0;) {
        cr_assert(kv_seek_back(kv, KV_DUE, key, &key, &value));
        cr_assert(is_pair(&s->v[i], key, value));
    }
    cr_assert(s->n == 0 || !kv_seek_back(kv, KV_DUE, key, &key, &value));
    cr_assert_not(kv_failed(kv));
}

/* Grows and shrinks in turn: out of `of` steps, `puts` put. */
static void change_many(struct sorted *s, struct kv *kv, uint32_t steps, uint32_t puts, uint32_t of,
                        uint64_t *dice)
{
    for (uint32_t i = 0; i < steps; i++) {
        if (next(dice) % of < puts)
            sorted_put(s, kv, dice);
        else
            sorted_del(s, kv, dice);
        compare_near(s, kv, dice);
    }
    compare_all(s, kv);
}

Test(kv, behaves_as_a_sorted_array_with_records_of_every_size)
{
    struct sorted *base_model = calloc(1, sizeof *base_model), *model = calloc(1, sizeof *model);
    cr_assert(base_model != NULL && model != NULL);
    for (uint64_t seed = 1; seed <= 4; seed++) {
        uint64_t dice = seed;
        struct kv *base = kv_memory_new(NULL), *over = kv_memory_new(base);
        base_model->n = 0;
        change_many(base_model, base, 4000, 4, 5, &dice);
        change_many(base_model, base, 2000, 1, 5, &dice);
        change_many(base_model, base, 2000, 4, 5, &dice);
        *model = *base_model;
        change_many(model, over, 1500, 3, 5, &dice);
        change_many(model, over, 2000, 1, 5, &dice);
        change_many(model, over, 1000, 4, 5, &dice);
        compare_all(base_model, base);
        kv_memory_free(over);
        change_many(base_model, base, (uint32_t)base_model->n + 3000, 0, 5, &dice);
        cr_assert_eq(base_model->n, 0);
        kv_memory_free(base);
    }
    free(base_model);
    free(model);
}

/* --- Memory ----------------------------------------------------------------------------------- */

static size_t in_use(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void put_numbered(struct kv *kv, uint32_t i, uint32_t spread)
{
    uint32_t mixed = i * spread;
    uint8_t key[20] = {(uint8_t)(mixed >> 24), (uint8_t)(mixed >> 16), (uint8_t)(mixed >> 8),
                       (uint8_t)mixed};
    kv_put(kv, KV_ID, (struct slice){key, sizeof key}, (struct slice){key, 8});
}

/* Under AddressSanitizer the figures are 0, and the bounds hold by themselves. */
Test(kv, takes_little_beside_the_bytes_and_gives_back_what_is_deleted)
{
    enum { N = 50000, BYTES = 28 };
    for (uint32_t spread = 1; spread < 3; spread++) {
        size_t before = in_use();
        struct kv *kv = kv_memory_new(NULL);
        for (uint32_t i = 0; i < N; i++)
            put_numbered(kv, i, spread == 1 ? 1 : 2654435761u);
        size_t full = in_use() - before;
        /* In order a record costs its header and place; anywhere, pages are two thirds full. */
        cr_assert(full <= (size_t)N * (spread == 1 ? BYTES + 8 : (BYTES + 6) * 8 / 5), "%zu", full);
        struct slice key = {0}, value;
        uint8_t last[20];
        for (uint32_t i = 0; i < N; i++) { /* nine in ten, from everywhere */
            cr_assert(kv_seek(kv, KV_ID, key, i > 0, &key, &value));
            memcpy(last, key.data, sizeof last);
            key = (struct slice){last, sizeof last};
            if (i % 10 != 0)
                kv_del(kv, KV_ID, key);
        }
        size_t tenth = in_use() - before;
        cr_assert(tenth <= full / 3, "%zu of %zu", tenth, full);
        kv_memory_free(kv);
    }
}
