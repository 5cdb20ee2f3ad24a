/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ledger/store.h"
#include "tests/ledger/fixture.h"

#define MAP ((size_t)64 << 20)

static struct slice text(const char *s)
{
    return (struct slice){(const uint8_t *)s, strlen(s)};
}

static struct store *open_in(const char *path, int flags)
{
    struct store *store;
    cr_assert_eq(store_open(&store, path, flags, MAP), STORE_OK, "%s", store_message());
    return store;
}

static struct kv *write_in(struct store *store)
{
    struct kv *kv;
    cr_assert_eq(store_begin(store, &kv), STORE_OK);
    return kv;
}

static bool reads(struct store *store, const char *key, const char *expected)
{
    struct store_reader *reader;
    struct slice value;
    cr_assert_eq(store_reader_new(store, &reader), STORE_OK);
    struct kv *kv = store_read(reader);
    bool there = kv_get(kv, KV_ORG, text(key), &value);
    bool right = expected == NULL ? !there
                                  : there && value.size == strlen(expected) &&
                                        memcmp(value.data, expected, value.size) == 0;
    store_read_end(reader);
    store_reader_free(reader);
    return right;
}

Test(store, keeps_what_was_committed_and_nothing_of_what_was_not)
{
    char path[32];
    folder_make(path);
    struct store *store = open_in(path, STORE_CREATE);
    struct kv *kv = write_in(store);
    kv_put(kv, KV_ORG, text("a"), text("one"));
    kv_put(kv, KV_ORG, text("empty"), (struct slice){0});
    cr_assert_eq(store_commit(kv), STORE_OK);
    kv = write_in(store);
    kv_put(kv, KV_ORG, text("a"), text("two"));
    store_abort(kv);
    store_close(store);
    store = open_in(path, 0);
    cr_assert(reads(store, "a", "one") && reads(store, "empty", ""));
    store_close(store);
    folder_drop(path);
}

Test(store, is_missing_where_nobody_made_one)
{
    char path[32];
    struct store *store;
    folder_make(path);
    cr_assert_eq(store_open(&store, path, 0, MAP), STORE_MISSING);
    cr_assert_null(store);
    folder_drop(path);
}

Test(store, an_error_stays_and_turns_the_commit_into_an_abort)
{
    char path[32];
    static uint8_t much[1 << 20];
    struct slice value;
    folder_make(path);
    struct store *store = open_in(path, STORE_CREATE);
    struct kv *kv = write_in(store);
    uint8_t key[2] = {0};
    for (int i = 0; i < 80 && !kv_failed(kv); i++) {
        key[1] = (uint8_t)i;
        kv_put(kv, KV_ORG, (struct slice){key, 2}, (struct slice){much, sizeof much});
    }
    cr_assert(kv_failed(kv), "80 MiB do not fit a map of 64");
    cr_assert_not(kv_get(kv, KV_ORG, (struct slice){key, 2}, &value));
    key[1] = 0;
    cr_assert_not(kv_get(kv, KV_ORG, (struct slice){key, 2}, &value), "nothing is found any more");
    kv_put(kv, KV_ORG, text("small"), text("too late"));
    cr_assert_eq(store_commit(kv), STORE_FULL);
    cr_assert(reads(store, "small", NULL));
    kv = write_in(store);
    kv_put(kv, KV_ORG, text("small"), text("fits"));
    cr_assert_eq(store_commit(kv), STORE_OK);
    cr_assert(reads(store, "small", "fits"));
    store_close(store);
    folder_drop(path);
}

Test(store, a_snapshot_stays_as_it_was_and_the_next_one_is_fresh)
{
    char path[32];
    struct store_reader *reader;
    struct slice value;
    folder_make(path);
    struct store *store = open_in(path, STORE_CREATE);
    cr_assert_eq(store_reader_new(store, &reader), STORE_OK);
    struct kv *snapshot = store_read(reader);
    struct kv *kv = write_in(store);
    kv_put(kv, KV_ORG, text("a"), text("new"));
    cr_assert_eq(store_commit(kv), STORE_OK);
    cr_assert_not(kv_get(snapshot, KV_ORG, text("a"), &value));
    store_read_end(reader);
    snapshot = store_read(reader);
    cr_assert(kv_get(snapshot, KV_ORG, text("a"), &value));
    store_read_end(reader);
    store_reader_free(reader);
    store_close(store);
    folder_drop(path);
}

Test(store, only_a_commit_makes_another_version)
{
    char path[32];
    struct store_reader *reader, *other;
    folder_make(path);
    struct store *store = open_in(path, STORE_CREATE);
    cr_assert_eq(store_reader_new(store, &reader), STORE_OK);
    cr_assert_eq(store_reader_new(store, &other), STORE_OK);
    cr_assert_not_null(store_read(reader));
    uint64_t first = store_read_version(reader);
    cr_expect_neq(first, 0);
    struct kv *kv = write_in(store);
    kv_put(kv, KV_ORG, text("a"), text("given up"));
    store_abort(kv);
    cr_assert_not_null(store_read(other));
    cr_expect_eq(store_read_version(other), first, "nothing was committed");
    store_read_end(other);
    kv = write_in(store);
    kv_put(kv, KV_ORG, text("a"), text("new"));
    cr_assert_eq(store_commit(kv), STORE_OK);
    cr_expect_eq(store_read_version(reader), first, "the open snapshot is as it was");
    cr_assert_not_null(store_read(other));
    cr_expect_neq(store_read_version(other), first);
    store_read_end(reader);
    store_read_end(other);
    store_reader_free(reader);
    store_reader_free(other);
    store_close(store);
    folder_drop(path);
}

Test(store, says_when_there_are_too_many_readers_and_recovers)
{
    enum { MANY = 300 };
    char path[32];
    struct store_reader *readers[MANY];
    int open = 0;
    folder_make(path);
    struct store *store = open_in(path, STORE_CREATE);
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(store_reader_new(store, &readers[i]), STORE_OK);
    while (open < MANY && store_read(readers[open]) != NULL)
        open++;
    cr_assert_gt(open, 100);
    cr_assert_lt(open, MANY);
    store_read_end(readers[0]);
    store_reader_free(readers[0]);
    cr_assert_not_null(store_read(readers[open]), "a free slot is found again");
    for (int i = 1; i < MANY; i++) {
        if (i <= open)
            store_read_end(readers[i]);
        store_reader_free(readers[i]);
    }
    store_close(store);
    folder_drop(path);
}

Test(store, walks_both_ways_as_the_tables_in_memory_do)
{
    char path[32];
    folder_make(path);
    struct store *store = open_in(path, STORE_CREATE);
    struct kv *kv = write_in(store), *memory = kv_memory_new(NULL);
    uint32_t dice = 1;
    for (int i = 0; i < 4000; i++) {
        dice = dice * 1664525u + 1013904223u;
        uint8_t key[2] = {(uint8_t)(dice >> 24 & 0x1f), (uint8_t)(dice >> 16)};
        struct slice k = {key, dice >> 8 & 1 ? 2 : 1};
        if (dice >> 9 & 1) {
            kv_put(kv, KV_DUE, k, (struct slice){(uint8_t *)&dice, 4});
            kv_put(memory, KV_DUE, k, (struct slice){(uint8_t *)&dice, 4});
        } else {
            kv_del(kv, KV_DUE, k);
            kv_del(memory, KV_DUE, k);
        }
        struct slice found[2], value[2];
        for (int way = 0; way < 3; way++) {
            bool there[2];
            for (int side = 0; side < 2; side++) {
                struct kv *at = side == 0 ? kv : memory;
                struct slice from = i % 50 == 0 ? (struct slice){0} : k;
                there[side] = way == 2
                                  ? kv_seek_back(at, KV_DUE, from, &found[side], &value[side])
                                  : kv_seek(at, KV_DUE, from, way == 1, &found[side], &value[side]);
            }
            cr_assert_eq(there[0], there[1]);
            cr_assert(!there[0] || (found[0].size == found[1].size &&
                                    memcmp(found[0].data, found[1].data, found[0].size) == 0 &&
                                    memcmp(value[0].data, value[1].data, 4) == 0));
        }
    }
    kv_memory_free(memory);
    cr_assert_eq(store_commit(kv), STORE_OK);
    store_close(store);
    folder_drop(path);
}

static uint32_t roll(uint32_t *dice)
{
    *dice = *dice * 1664525u + 1013904223u;
    return *dice >> 8;
}

static void same_pair(struct kv *kv, struct kv *memory, enum kv_table table, struct slice key)
{
    struct slice a, b;
    bool there = kv_get(memory, table, key, &b);
    cr_assert_eq(kv_get(kv, table, key, &a), there);
    cr_assert(!there || (a.size == b.size && memcmp(a.data, b.data, a.size) == 0));
}

static void same_table(struct kv *kv, struct kv *memory, enum kv_table table)
{
    struct slice key[2] = {{0}}, value[2];
    while (kv_seek(memory, table, key[1], key[1].size > 0, &key[1], &value[1])) {
        cr_assert(kv_seek(kv, table, key[0], key[0].size > 0, &key[0], &value[0]));
        cr_assert(key[0].size == key[1].size && memcmp(key[0].data, key[1].data, key[0].size) == 0);
        same_pair(kv, memory, table, key[1]);
    }
    cr_assert_not(kv_seek(kv, table, key[0], key[0].size > 0, &key[0], &value[0]));
}

/* Changes and looks in one transaction, at the end of a table and within, on pages that split. */
Test(store, a_transaction_changes_and_finds_as_the_tables_in_memory_do)
{
    static const enum kv_table tables[] = {KV_DUE, KV_NODE};
    static const uint8_t bytes[1200];
    char path[32];
    folder_make(path);
    struct store *store = open_in(path, STORE_CREATE);
    struct kv *kv = write_in(store), *memory = kv_memory_new(NULL);
    uint32_t dice = 7, end = 0;
    for (int i = 0; i < 40000; i++) {
        enum kv_table table = tables[roll(&dice) % 2];
        uint32_t what = roll(&dice) % 8, at = roll(&dice) % (end + 1);
        if (what < 2)
            at = end++;
        uint8_t key[4] = {0, (uint8_t)(at >> 16), (uint8_t)(at >> 8), (uint8_t)at};
        struct slice k = {key, sizeof key}, v = {bytes, roll(&dice) % (at % 5 == 0 ? 1200 : 90)};
        if (what < 4) {
            kv_put(kv, table, k, v);
            kv_put(memory, table, k, v);
        } else if (what == 4) {
            kv_del(kv, table, k);
            kv_del(memory, table, k);
        }
        same_pair(kv, memory, table, k);
    }
    cr_assert_eq(store_commit(kv), STORE_OK);
    kv = write_in(store);
    for (size_t i = 0; i < 2; i++)
        same_table(kv, memory, tables[i]);
    store_abort(kv);
    kv_memory_free(memory);
    store_close(store);
    folder_drop(path);
}

Test(store, a_copy_holds_the_same_and_opens_by_itself)
{
    char path[32], copy[32];
    folder_make(path);
    folder_make(copy);
    struct store *store = open_in(path, STORE_CREATE);
    struct kv *kv = write_in(store);
    kv_put(kv, KV_ORG, text("a"), text("copied"));
    cr_assert_eq(store_commit(kv), STORE_OK);
    cr_assert_eq(store_copy(store, copy), STORE_OK);
    kv = write_in(store);
    kv_put(kv, KV_ORG, text("a"), text("later"));
    cr_assert_eq(store_commit(kv), STORE_OK);
    store_close(store);
    store = open_in(copy, 0);
    cr_assert(reads(store, "a", "copied"));
    store_close(store);
    folder_drop(copy);
    folder_drop(path);
}

Test(store, tells_how_much_room_there_is)
{
    char path[32];
    struct store_room before, after;
    static uint8_t much[1 << 20];
    folder_make(path);
    struct store *store = open_in(path, STORE_CREATE);
    store_room(store, &before);
    cr_assert_eq(before.map_bytes, MAP);
    cr_assert_gt(before.disk_free_bytes, 0);
    struct kv *kv = write_in(store);
    kv_put(kv, KV_ORG, text("a"), (struct slice){much, sizeof much});
    cr_assert_eq(store_commit(kv), STORE_OK);
    store_room(store, &after);
    cr_assert_geq(after.used_bytes, before.used_bytes + sizeof much);
    store_close(store);
    folder_drop(path);
}

Test(store, opens_with_the_default_map)
{
    char path[32];
    struct store *store;
    struct store_room room;
    folder_make(path);
    cr_assert_eq(store_open(&store, path, STORE_CREATE, 0), STORE_OK, "%s", store_message());
    store_room(store, &room);
    cr_assert_eq(room.map_bytes, STORE_MAP_BYTES_DEFAULT);
    store_close(store);
    folder_drop(path);
}

Test(store, refuses_a_damaged_file)
{
    char path[32], file[64];
    folder_make(path);
    store_close(open_in(path, STORE_CREATE));
    snprintf(file, sizeof file, "%s/data.mdb", path);
    FILE *f = fopen(file, "r+");
    for (int i = 0; i < 8192; i++)
        cr_assert_eq(fputc(0x5a, f), 0x5a);
    fclose(f);
    struct store *store;
    cr_assert_eq(store_open(&store, path, 0, MAP), STORE_CORRUPT);
    folder_drop(path);
}

Test(store, finds_a_file_that_was_cut_short_damaged_and_does_not_die_of_it)
{
    char path[32], file[64], key[16];
    folder_make(path);
    struct store *store = open_in(path, STORE_CREATE);
    struct kv *kv = write_in(store);
    for (int i = 0; i < 5000; i++) {
        snprintf(key, sizeof key, "key-%05d", i);
        kv_put(kv, KV_ORG, text(key), text("a value of some length, so that there are pages"));
    }
    cr_assert_eq(store_commit(kv), STORE_OK);
    store_close(store);
    snprintf(file, sizeof file, "%s/data.mdb", path);
    cr_assert_eq(truncate(file, 3 * 4096), 0);
    enum store_err err = store_open(&store, path, 0, MAP);
    if (err == STORE_OK) {
        struct slice found, value;
        kv = write_in(store);
        cr_assert_not(kv_seek(kv, KV_ORG, text("key"), false, &found, &value));
        cr_assert(kv_failed(kv));
        err = store_commit(kv);
        store_close(store);
    }
    cr_assert_eq(err, STORE_CORRUPT);
    folder_drop(path);
}

Test(store, a_scratch_environment_can_be_made_durable)
{
    char path[32];
    folder_make(path);
    struct store *store = open_in(path, STORE_CREATE | STORE_SCRATCH);
    struct kv *kv = write_in(store);
    kv_put(kv, KV_ORG, text("a"), text("one"));
    cr_assert_eq(store_commit(kv), STORE_OK);
    cr_assert_eq(store_sync(store), STORE_OK);
    store_close(store);
    store = open_in(path, STORE_READ_ONLY);
    cr_assert(reads(store, "a", "one"));
    store_close(store);
    folder_drop(path);
}
