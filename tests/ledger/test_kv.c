/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>
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
