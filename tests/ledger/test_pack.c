/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/key.h"
#include "crypto/note.h"
#include "crypto/random.h"
#include "crypto/text.h"
#include "ledger/log.h"
#include "ledger/pack.h"
#include "ledger/signers.h"
#include "ledger/store.h"
#include "tests/ledger/entries.h"
#include "tests/ledger/fixture.h"
#include "tests/model/random.h"

static struct pack_room room, other_room;
static uint8_t out[PACK_LEAF_MAX];

static void start(void)
{
    cr_assert_eq(crypto_start(), 0);
    pack_room_init(&room);
    pack_room_init(&other_room);
}

static struct slice slice_of(const void *bytes, size_t n)
{
    return (struct slice){bytes, n};
}

static bool same(struct slice a, struct slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Packs and expands elsewhere; gives the stored size. */
static size_t round_trip(struct slice leaf)
{
    struct slice stored = pack_leaf(leaf, out, &room), back;
    cr_assert(pack_expand(stored, &other_room, &back), "%zu bytes", leaf.size);
    cr_assert(same(leaf, back), "%zu bytes come back as %zu", leaf.size, back.size);
    return stored.size;
}

/* A leaf of a kind, signed by some of our own making; their keys are the same in every run. */
static size_t leaf_of_kind(char leaf[static LEAF_MAX], size_t kind, size_t signers)
{
    json_t *object = entries_object(entries_kind(kind));
    char *text = entries_text(object), line[NOTE_LINE_SIZE(KEY_NAME_SIZE)], name[KEY_NAME_SIZE];
    size_t n = leaf_prefix(leaf, 1767139200000 + (int64_t)kind), at = n;
    n = note_build(leaf + at, LEAF_MAX - at, text, strlen(text), NULL, 0);
    for (size_t i = 0; i < signers; i++) {
        const uint8_t seed[KEY_SEED_BYTES] = {(uint8_t)kind, (uint8_t)i};
        struct secret_key *key = secret_key_from_seed(seed);
        char handle[32];
        snprintf(handle, sizeof handle, "alder-%zu", i);
        signers_key_name(name, ORIGIN, handle);
        cr_assert_gt(note_sign(line, sizeof line, text, strlen(text), name, strlen(name), key), 0);
        n = note_append_line(leaf + at, LEAF_MAX - at, n, line);
        secret_key_free(key);
    }
    cr_assert_gt(n, 0);
    free(text);
    json_decref(object);
    return at + n;
}

Test(pack, a_leaf_of_every_kind_comes_back_and_is_stored_shorter)
{
    static char leaf[LEAF_MAX];
    start();
    for (size_t kind = 0; kind < entries_count; kind++) {
        size_t n = leaf_of_kind(leaf, kind, 2), stored = round_trip(slice_of(leaf, n));
        cr_assert_lt(stored * 100, n * 72, "%s: %zu of %zu", entries_kind(kind), stored, n);
    }
}

Test(pack, what_is_stored_depends_on_the_leaf_alone)
{
    static char leaf[LEAF_MAX];
    static uint8_t again[PACK_LEAF_MAX];
    start();
    for (size_t kind = 0; kind < entries_count; kind++) {
        size_t n = leaf_of_kind(leaf, kind, 1);
        struct slice first = pack_leaf(slice_of(leaf, n), out, &room);
        memset(room.b + PACK_DICTIONARY_MAX, 0xee, PACK_LEAF_MAX);
        memset(again, 0xee, sizeof again);
        struct slice second = pack_leaf(slice_of(leaf, n), again, &room);
        cr_assert(same(first, second), "%s", entries_kind(kind));
    }
}

/* --- Kept digests ---------------------------------------------------------------------------- */

/* What is stored for a leaf, into a digest of many; what a leaf is packed to is kept for ever. */
static void digest_add(struct hash_stream *digest, const void *leaf, size_t n)
{
    struct slice stored = pack_leaf(slice_of(leaf, n), out, &room);
    uint8_t size[2] = {(uint8_t)(stored.size >> 8), (uint8_t)stored.size};
    hash_stream_add(digest, size, sizeof size);
    hash_stream_add(digest, stored.data, stored.size);
}

static void digest_is(struct hash_stream *digest, const char *kept)
{
    struct hash hash;
    char text[HEX_SIZE(HASH_BYTES)];
    hash_stream_end(digest, &hash);
    hex_encode(text, hash.b, HASH_BYTES);
    cr_assert_str_eq(text, kept);
}

Test(pack, leaves_of_every_kind_are_packed_as_they_always_were)
{
    static char leaf[LEAF_MAX];
    struct hash_stream digest;
    start();
    hash_stream_start(&digest);
    for (size_t kind = 0; kind < entries_count; kind++)
        for (size_t signers = 1; signers < 4; signers++)
            digest_add(&digest, leaf, leaf_of_kind(leaf, kind, signers));
    digest_is(&digest, "cd5e7d95118a304562268eb17c01b8cd1fc9b912e05d587064ec149d5e114797");
}

/* Cut and bent, so that tokens begin and end wherever they may. */
Test(pack, bent_leaves_are_packed_as_they_always_were)
{
    static char leaf[LEAF_MAX], bent[LEAF_MAX];
    static const char bytes[] = "0123456789abcdefAF=+/\n\" {}:,\0\1\x80\xff";
    struct hash_stream digest;
    struct rng rng;
    size_t n = 0;
    start();
    rng_seed(&rng, 8);
    hash_stream_start(&digest);
    for (size_t i = 0; i < 20000; i++) {
        if (i % 200 == 0)
            n = leaf_of_kind(leaf, i / 200 % entries_count, 1 + i / 200 % 3);
        memcpy(bent, leaf, n);
        size_t from = rng_below(&rng, n), len = 1 + rng_below(&rng, n - from);
        for (size_t changes = rng_below(&rng, 9); changes > 0; changes--)
            bent[from + rng_below(&rng, len)] = bytes[rng_below(&rng, sizeof bytes)];
        if (rng_chance(&rng, 300))
            memmove(bent + rng_below(&rng, n - len + 1), leaf + from, len);
        digest_add(&digest, bent + from, len);
    }
    digest_is(&digest, "0b0ed02afd60102b7a954e37ff756d16119b02ea071e0ad07308827dbaf1528f");
}

/* Pieces of the dictionary, digits and what stood before, behind one another. */
Test(pack, words_and_digits_are_packed_as_they_always_were)
{
    static const char digits[] = "0123456789abcdef0123456789000000";
    static uint8_t leaf[2000];
    struct hash_stream digest;
    struct rng rng;
    start();
    rng_seed(&rng, 9);
    hash_stream_start(&digest);
    for (size_t i = 0; i < 8000; i++) {
        size_t n = 0, most = 100 + rng_below(&rng, 1500);
        while (n < most) {
            size_t len = rng_below(&rng, 100), kind = rng_below(&rng, 4);
            size_t among = (size_t)8 << i % 3;
            if (kind == 0 && n > 0) /* may go on with what it began with */
                for (size_t from = rng_below(&rng, n); len > 0; len--)
                    leaf[n++] = leaf[from++];
            else if (kind == 1)
                for (; len > 0; len--)
                    leaf[n++] = (uint8_t)digits[rng_below(&rng, among)];
            else
                for (size_t from = rng_below(&rng, 1200); len > 0; len--)
                    leaf[n++] = room.b[from++];
        }
        digest_add(&digest, leaf, n);
    }
    digest_is(&digest, "f73bb1f61a81c8d79df32169ef90ee78b04e937f3ebc1ffe9440d44afc000ac3");
}

/* --- Any bytes ------------------------------------------------------------------------------- */

/* Digits, signatures and repetitions cut, doubled and bent wherever it may hurt. */
Test(pack, bent_leaves_come_back_too)
{
    static char leaf[LEAF_MAX], bent[LEAF_MAX];
    static const char bytes[] = "0123456789abcdefABF=+/\n\" {}:,\0\1\x80\xff";
    struct rng rng;
    size_t packed = 0;
    start();
    rng_seed(&rng, 5);
    for (size_t i = 0; i < 40000; i++) {
        static size_t n;
        if (i % 500 == 0)
            n = leaf_of_kind(leaf, i / 500 % entries_count, 1 + i / 500 % 3);
        memcpy(bent, leaf, n);
        size_t from = rng_below(&rng, n), len = 1 + rng_below(&rng, n - from);
        for (size_t changes = rng_below(&rng, 6); changes > 0; changes--)
            bent[from + rng_below(&rng, len)] = bytes[rng_below(&rng, sizeof bytes)];
        if (rng_chance(&rng, 300)) /* a piece again */
            memmove(bent + rng_below(&rng, n - len + 1), leaf + from, len);
        packed += round_trip(slice_of(bent + from, len)) < len;
    }
    cr_assert_gt(packed, 20000);
}

Test(pack, bytes_without_any_order_are_kept)
{
    static uint8_t bytes[3000];
    struct rng rng;
    start();
    rng_seed(&rng, 6);
    for (size_t i = 0; i < 3000; i++) {
        size_t n = rng_below(&rng, sizeof bytes);
        random_fill(bytes, n);
        if (i % 3 == 0 && n > 0)
            bytes[0] = (uint8_t)(i % 2); /* as if it were stored already */
        size_t stored = round_trip(slice_of(bytes, n));
        cr_assert_leq(stored, n + 1);
    }
    cr_assert_eq(round_trip(slice_of("", 0)), 0);
    cr_assert_eq(round_trip(slice_of("\0", 1)), 2);
    cr_assert_eq(round_trip(slice_of("\1", 1)), 2);
    cr_assert_eq(round_trip(slice_of("\2", 1)), 1);
}

Test(pack, the_longest_leaves_come_back)
{
    static uint8_t bytes[PACK_LEAF_MAX + 1];
    start();
    memset(bytes, 'x', sizeof bytes);
    cr_assert_lt(round_trip(slice_of(bytes, PACK_LEAF_MAX - 1)), 1000);
    cr_assert_eq(round_trip(slice_of(bytes, PACK_LEAF_MAX)), PACK_LEAF_MAX);
    cr_assert_eq(round_trip(slice_of(bytes, PACK_LEAF_MAX + 1)), PACK_LEAF_MAX + 1);
}

/* One stored by hand from the description in ledger/pack.h. */
Test(pack, tokens_mean_what_the_header_says)
{
    static const uint8_t stored[] = {PACK_PACKED, 4, 'h', 'e', 'l', 'l', 'o', 64 + 2, 0x01, 0xab,
                                     0xff, 129, 0xac, 0x02, 192, 0, 0};
    struct slice leaf;
    uint8_t number[] = {PACK_PACKED, 129, 0, 129, 0x80, 0x80, 0x01};
    start();
    cr_assert(pack_expand(slice_of(stored, sizeof stored), &room, &leaf));
    cr_assert_eq(leaf.size, 5 + 6 + 3 + 4);
    cr_assert_arr_eq(leaf.data, "hello01abff300", 14);
    cr_assert_arr_eq(leaf.data + 14, "at 1", 4, "the dictionary begins as leaves do");
    cr_assert(pack_expand(slice_of(number, sizeof number), &room, &leaf));
    cr_assert(leaf.size == 6 && memcmp(leaf.data, "016384", 6) == 0);
}

Test(pack, what_is_no_stored_leaf_is_refused)
{
    static const struct {
        uint8_t b[12];
        size_t n;
    } bad[] = {
        {{1, 0}, 2},                     /* a byte is missing */
        {{1, 63, 'a'}, 3},               /* 63 are */
        {{1, 64}, 2},                    /* digits are */
        {{1, 128, 1, 2}, 4},             /* a signature is */
        {{1, 129}, 2},                   /* a number is */
        {{1, 129, 0x80}, 3},             /* its end is */
        {{1, 129, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1}, 12}, /* beyond 63 bits */
        {{1, 130}, 2},                   /* no such token */
        {{1, 191}, 2},
        {{1, 192, 0}, 3},                /* half a place */
        {{1, 192, 0xff, 0xff}, 4},       /* a place nowhere */
        {{1, 0, 'a', 192, 0x07, 0xff}, 6}, /* a place behind what is known */
    };
    struct slice leaf;
    start();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(pack_expand(slice_of(bad[i].b, bad[i].n), &room, &leaf), "%zu", i);
}

/* The sanitized build sees every byte that is touched. */
Test(pack, any_bytes_are_expanded_or_refused)
{
    static char leaf[LEAF_MAX];
    static uint8_t bytes[LEAF_MAX];
    struct rng rng;
    size_t good = 0, refused = 0;
    start();
    rng_seed(&rng, 7);
    size_t n = leaf_of_kind(leaf, 0, 2);
    struct slice stored = pack_leaf(slice_of(leaf, n), out, &room);
    cr_assert_neq(stored.data, (const uint8_t *)leaf);
    for (size_t i = 0; i < 200000; i++) {
        struct slice found;
        size_t len = stored.size;
        memcpy(bytes, stored.data, len);
        if (i % 4 == 0)
            random_fill(bytes + 1, len - 1);
        for (size_t changes = rng_below(&rng, 4); changes > 0; changes--)
            bytes[1 + rng_below(&rng, len - 1)] = (uint8_t)rng_next(&rng);
        len = rng_chance(&rng, 200) ? 1 + rng_below(&rng, len) : len;
        bool ok = pack_expand(slice_of(bytes, len), &other_room, &found);
        cr_assert(!ok || found.size <= PACK_LEAF_MAX);
        good += ok;
        refused += !ok;
    }
    cr_assert(good > 20000 && refused > 20000, "%zu, %zu", good, refused);
}

/* A stored leaf that would grow beyond every bound. */
Test(pack, what_expands_to_more_than_a_leaf_is_refused)
{
    static uint8_t bytes[1 + 3 * 400];
    struct slice leaf;
    start();
    bytes[0] = PACK_PACKED;
    for (size_t i = 1; i < sizeof bytes; i += 3)
        bytes[i] = 255; /* 67 bytes from place 0 */
    cr_assert(pack_expand(slice_of(bytes, 1 + 3 * 244), &room, &leaf));
    cr_assert_eq(leaf.size, 67 * 244);
    cr_assert_not(pack_expand(slice_of(bytes, 1 + 3 * 245), &room, &leaf));
}

/* --- In the store ----------------------------------------------------------------------------- */

#define STORED 300

static size_t file_bytes(const char *path)
{
    struct store *store;
    struct store_room used;
    cr_assert_eq(store_open(&store, path, 0, (size_t)64 << 20), STORE_OK);
    store_room(store, &used);
    store_close(store);
    return used.used_bytes;
}

Test(pack, the_store_gives_leaves_as_they_were_and_takes_less_room)
{
    static char leaves[STORED][1024];
    static size_t sizes[STORED];
    char path[32], big[LEAF_MAX];
    struct store *store;
    struct kv *kv;
    struct slice leaf, key;
    size_t sum = 0;
    start();
    folder_make(path);
    cr_assert_eq(store_open(&store, path, STORE_CREATE, (size_t)64 << 20), STORE_OK);
    cr_assert_eq(store_begin(store, &kv), STORE_OK);
    for (size_t i = 0; i < STORED; i++) {
        size_t n = 0;
        for (size_t kind = i; n == 0 || n > sizeof leaves[i]; kind++)
            n = leaf_of_kind(big, kind % entries_count, 2);
        memcpy(leaves[i], big, n);
        sizes[i] = n;
        sum += n;
        cr_assert(log_append_next(kv, i, slice_of(leaves[i], n)));
        cr_assert(log_read(kv, i / 2, &leaf) && same(leaf, slice_of(leaves[i / 2], sizes[i / 2])));
    }
    cr_assert_eq(log_size(kv), STORED);
    cr_assert_eq(store_commit(kv), STORE_OK);
    cr_assert_eq(store_begin(store, &kv), STORE_OK);
    for (size_t i = 0; i < STORED; i++)
        cr_assert(log_read(kv, i, &leaf) && same(leaf, slice_of(leaves[i], sizes[i])), "%zu", i);
    cr_assert(kv_seek(kv, KV_LEAF, (struct slice){0}, false, &key, &leaf));
    cr_assert(same(leaf, slice_of(leaves[0], sizes[0])));
    cr_assert(kv_seek_back(kv, KV_LEAF, (struct slice){0}, &key, &leaf));
    cr_assert(same(leaf, slice_of(leaves[STORED - 1], sizes[STORED - 1])));
    store_abort(kv);
    store_close(store);
    /* Nodes and the tables' own pages are in it too. */
    cr_assert_lt(file_bytes(path), sum + 22 * 8192);
    folder_drop(path);
}
