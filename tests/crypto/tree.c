/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/crypto/tree.h"

#include "tests/crypto/helpers.h"

bool tree_read(void *tree, uint64_t stored_index, struct hash *out)
{
    struct tree *t = tree;

    CHECK(stored_index < t->n_stored, "number %lu is not stored", (unsigned long)stored_index);
    t->reads++;
    if (t->fail_after != 0 && t->reads > t->fail_after) {
        return false;
    }
    *out = t->stored[stored_index];
    return true;
}

void tree_add(struct tree *t, const void *leaf, size_t n)
{
    struct hash out[MERKLE_APPEND_MAX], hash;
    size_t made;

    cr_assert(t->n_leaves < TREE_LEAVES_MAX);
    merkle_leaf(&hash, leaf, n);
    CHECK(merkle_append(tree_read, t, t->n_leaves, &hash, out, &made), "append");
    CHECK(merkle_stored_index(0, t->n_leaves) == t->n_stored, "the leaf comes next");
    for (size_t i = 0; i < made; i++) {
        t->stored[t->n_stored++] = out[i];
    }
    merkle_range_append(&t->range, &hash);
    t->leaves[t->n_leaves++] = hash;
    CHECK(merkle_stored_count(t->n_leaves) == t->n_stored, "all that was made is counted");
}

void tree_add_records(struct tree *t, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char record[32];
        int len = snprintf(record, sizeof record, "record %u", i);
        tree_add(t, record, (size_t)len);
    }
}

struct hash tree_mth(const struct tree *t, uint64_t lo, uint64_t hi)
{
    struct hash h;

    if (hi == lo) {
        hash_sha256(&h, NULL, 0);
        return h;
    }
    if (hi - lo == 1) {
        return t->leaves[lo];
    }
    uint64_t k = 1;
    while (2 * k < hi - lo) {
        k *= 2;
    }
    struct hash left = tree_mth(t, lo, lo + k), right = tree_mth(t, lo + k, hi);
    uint8_t bytes[65] = {0x01};
    for (size_t i = 0; i < HASH_BYTES; i++) {
        bytes[1 + i] = left.b[i];
        bytes[33 + i] = right.b[i];
    }
    hash_sha256(&h, bytes, sizeof bytes);
    return h;
}

void tree_expect_root(struct tree *t, const struct hash *root)
{
    struct hash got = tree_mth(t, 0, t->n_leaves);
    unsigned long size = (unsigned long)t->n_leaves;
    struct merkle_range loaded;

    CHECK(hash_equal(&got, root), "definition at size %lu", size);
    CHECK(merkle_root(tree_read, t, t->n_leaves, &got), "root at size %lu", size);
    CHECK(hash_equal(&got, root), "stored hashes at size %lu", size);
    merkle_range_root(&t->range, &got);
    CHECK(hash_equal(&got, root), "range at size %lu", size);
    CHECK(merkle_range_load(&loaded, tree_read, t, t->n_leaves), "load at size %lu", size);
    merkle_range_root(&loaded, &got);
    CHECK(hash_equal(&got, root) && loaded.size == size, "loaded range at size %lu", size);
}
