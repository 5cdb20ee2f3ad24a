/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "crypto/random.h"
#include "crypto/text.h"
#include "ledger/log.h"

/* RFC 6962's well-known leaves, and the roots of the first n of them. */
static const struct {
    const char *bytes;
    size_t n;
} leaves[] = {
    {"", 0},
    {"\x00", 1},
    {"\x10", 1},
    {"\x20\x21", 2},
    {"\x30\x31", 2},
    {"\x40\x41\x42\x43", 4},
    {"\x50\x51\x52\x53\x54\x55\x56\x57", 8},
    {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16},
};
#define N_LEAVES 8
static const char *const roots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static bool is_root(const struct hash *root, size_t n)
{
    char hex[HEX_SIZE(HASH_BYTES)];
    hex_encode(hex, root->b, HASH_BYTES);
    return strcmp(hex, roots[n]) == 0;
}

static struct slice leaf_of(size_t i)
{
    return (struct slice){(const uint8_t *)leaves[i].bytes, leaves[i].n};
}

static struct kv *start(void)
{
    cr_assert_eq(crypto_start(), 0);
    return kv_memory_new(NULL);
}

Test(log, has_the_known_roots_at_every_size)
{
    struct kv *kv = start();
    struct log_head head;
    cr_assert(log_head(kv, &head));
    cr_assert(head.size == 0 && is_root(&head.root, 0));
    for (size_t i = 0; i < N_LEAVES; i++) {
        struct slice leaf = leaf_of(i);
        cr_assert_eq(log_append(kv, i, &leaf, 1), LOG_OK);
        cr_assert(log_head(kv, &head));
        cr_assert(head.size == i + 1 && is_root(&head.root, i + 1));
    }
    for (size_t n = 0; n <= N_LEAVES; n++) {
        cr_assert(log_root_at(kv, n, &head.root));
        cr_assert(is_root(&head.root, n));
    }
    kv_memory_free(kv);
}

Test(log, several_leaves_at_once_are_the_same_as_one_by_one)
{
    struct kv *kv = start();
    struct slice some[N_LEAVES];
    struct log_head head;
    for (size_t i = 0; i < N_LEAVES; i++)
        some[i] = leaf_of(i);
    cr_assert_eq(log_append(kv, 0, some, 3), LOG_OK);
    cr_assert_eq(log_append(kv, 3, some + 3, 5), LOG_OK);
    cr_assert_eq(log_append(kv, 8, some, 0), LOG_OK);
    cr_assert(log_head(kv, &head));
    cr_assert(head.size == 8 && is_root(&head.root, 8));
    kv_memory_free(kv);
}

Test(log, appends_only_after_the_expected_size)
{
    struct kv *kv = start();
    struct slice leaf = leaf_of(3);
    cr_assert_eq(log_append(kv, 1, &leaf, 1), LOG_CONFLICT);
    cr_assert_eq(log_append(kv, 0, &leaf, 1), LOG_OK);
    cr_assert_eq(log_append(kv, 0, &leaf, 1), LOG_CONFLICT);
    cr_assert_eq(log_size(kv), 1);
    kv_memory_free(kv);
}

Test(log, reads_leaves_back_and_knows_its_bounds)
{
    struct kv *kv = start();
    struct slice some[2] = {leaf_of(5), leaf_of(0)}, leaf;
    struct hash root;
    cr_assert_eq(log_append(kv, 0, some, 2), LOG_OK);
    cr_assert(log_read(kv, 0, &leaf));
    cr_assert(leaf.size == 4 && memcmp(leaf.data, "\x40\x41\x42\x43", 4) == 0);
    cr_assert(log_read(kv, 1, &leaf));
    cr_assert_eq(leaf.size, 0);
    cr_assert_not(log_read(kv, 2, &leaf));
    cr_assert_not(log_root_at(kv, 3, &root));
    kv_memory_free(kv);
}

/* A row of eight hashes is written as often as it grows, and the next one begins behind it. */
Test(log, stored_hashes_stand_in_full_rows_but_for_the_last)
{
    struct kv *kv = start();
    struct slice leaf = leaf_of(1), key = {0}, value;
    for (uint64_t size = 0; size < 70; size++) {
        cr_assert(log_append_next(kv, size, leaf));
        uint64_t rows = 0, bytes = 0, stored = merkle_stored_count(size + 1);
        struct hash hash;
        bool more = kv_seek(kv, KV_NODE, (struct slice){0}, false, &key, &value);
        for (; more; more = kv_seek(kv, KV_NODE, key, true, &key, &value)) {
            rows++;
            bytes += value.size;
        }
        cr_assert_eq(rows, (stored + 7) / 8);
        cr_assert_eq(bytes, stored * HASH_BYTES);
        cr_assert(log_node(kv, stored - 1, &hash));
        cr_assert_not(log_node(kv, stored, &hash));
    }
    cr_assert_not(log_append_next(kv, 71, leaf), "no hash may be left out");
    kv_memory_free(kv);
}

/* Heads that grow and one that is behind them, as two who ask at different moments have them. */
Test(log, proofs_with_a_memory_are_those_without)
{
    static struct log_nodes nodes;
    struct kv *kv = start();
    struct hash proof[MERKLE_PROOF_MAX], want[MERKLE_PROOF_MAX];
    struct log_head found, wanted;
    nodes.kv = kv;
    for (uint64_t size = 1; size <= 700; size++) {
        struct slice leaf = {(const uint8_t *)&size, sizeof size};
        cr_assert(log_append_next(kv, size - 1, leaf));
        cr_assert(log_head_of(&nodes, size, &found) && log_head(kv, &wanted));
        cr_assert(found.size == wanted.size && hash_equal(&found.root, &wanted.root));
        cr_assert_not(log_head_of(&nodes, size + 1, &found), "it is not there yet");
        for (uint64_t i = 0; i < 12; i++) {
            uint64_t head = i % 3 == 2 && size > 40 ? size - 40 : size, index = i * 61 % head;
            size_t n, n_want;
            cr_assert(merkle_prove_inclusion(log_node, kv, index, head, want, &n_want));
            cr_assert(log_prove(&nodes, index, head, proof, &n));
            cr_assert_eq(n, n_want);
            cr_assert_eq(memcmp(proof, want, n * sizeof *proof), 0, "leaf %lu of %lu",
                         (unsigned long)index, (unsigned long)head);
        }
        size_t n;
        cr_assert_not(log_prove(&nodes, size, size, proof, &n));
        cr_assert_not(log_prove(&nodes, size, size + 1, proof, &n), "it is not there yet");
    }
    kv_memory_free(kv);
}

Test(log, a_missing_node_is_an_error_and_no_other_root)
{
    struct kv *kv = start();
    struct slice leaf = leaf_of(1), key, value;
    struct log_head head;
    for (uint64_t i = 0; i < 3; i++)
        cr_assert_eq(log_append(kv, i, &leaf, 1), LOG_OK);
    cr_assert(kv_seek_back(kv, KV_NODE, (struct slice){0}, &key, &value));
    kv_put(kv, KV_NODE, key, (struct slice){value.data, 31});
    cr_assert_not(log_head(kv, &head));
    cr_assert_eq(log_append(kv, 3, &leaf, 1), LOG_ERROR);
    kv_memory_free(kv);
}
