/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A small tree in memory for the tests of the Merkle module. */
#ifndef SEM_TESTS_CRYPTO_TREE_H
#define SEM_TESTS_CRYPTO_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/merkle.h"

#define TREE_LEAVES_MAX 512

/* Starts as all zeros: static storage is ready to use. */
struct tree {
    struct hash leaves[TREE_LEAVES_MAX];
    struct hash stored[2 * TREE_LEAVES_MAX];
    uint64_t n_leaves, n_stored;
    struct merkle_range range;
    unsigned reads;      /* since the start */
    unsigned fail_after; /* when not 0, reads beyond this many fail */
};

/* The merkle_read of a struct tree; fails the test on a number that is not stored. */
bool tree_read(void *tree, uint64_t stored_index, struct hash *out);

void tree_add(struct tree *t, const void *leaf, size_t n);

/* Adds "record 0", "record 1" and so on. */
void tree_add_records(struct tree *t, unsigned n);

/* The definition of RFC 6962 section 2.1, word for word, over leaves lo to hi. */
struct hash tree_mth(const struct tree *t, uint64_t lo, uint64_t hi);

/* Stored hashes, range, reloaded range and definition must all give this root. */
void tree_expect_root(struct tree *t, const struct hash *root);

#endif
