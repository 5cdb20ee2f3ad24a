/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Properties of proofs over all trees of up to 130 leaves, so across two levels of tiles. */
#include <string.h>

#include "crypto/merkle.h"
#include "tests/crypto/helpers.h"
#include "tests/crypto/tree.h"

enum { SIZE_MAX_TRIED = 130 };

TestSuite(merkle_proofs, .init = start);

static struct tree *records(void)
{
    static struct tree tree;
    tree_add_records(&tree, SIZE_MAX_TRIED);
    return &tree;
}

/* PATH(index, D[lo:hi]) of RFC 6962 section 2.1.1, as it is written there. */
static size_t path(const struct tree *t, uint64_t index, uint64_t lo, uint64_t hi,
                   struct hash *out)
{
    if (hi - lo == 1) {
        return 0;
    }
    uint64_t k = 1;
    while (2 * k < hi - lo) {
        k *= 2;
    }
    bool left = index < lo + k;
    size_t n = left ? path(t, index, lo, lo + k, out) : path(t, index, lo + k, hi, out);
    out[n] = left ? tree_mth(t, lo + k, hi) : tree_mth(t, lo, lo + k);
    return n + 1;
}

/* SUBPROOF(m, D[lo:hi], whole) of RFC 6962 section 2.1.2; m counts from lo. */
static size_t subproof(const struct tree *t, uint64_t m, uint64_t lo, uint64_t hi, bool whole,
                       struct hash *out)
{
    if (m == hi - lo) {
        if (whole) {
            return 0;
        }
        out[0] = tree_mth(t, lo, hi);
        return 1;
    }
    uint64_t k = 1;
    while (2 * k < hi - lo) {
        k *= 2;
    }
    size_t n;
    if (m <= k) {
        n = subproof(t, m, lo, lo + k, whole, out);
        out[n] = tree_mth(t, lo + k, hi);
    } else {
        n = subproof(t, m - k, lo + k, hi, false, out);
        out[n] = tree_mth(t, lo, lo + k);
    }
    return n + 1;
}

static bool same_proof(const struct hash *a, size_t n_a, const struct hash *b, size_t n_b)
{
    return n_a == n_b && memcmp(a, b, n_a * sizeof *a) == 0;
}

Test(merkle_proofs, roots_of_all_sizes_follow_the_definition)
{
    static struct tree tree;
    for (unsigned n = 0; n <= SIZE_MAX_TRIED; n++) {
        struct hash want = tree_mth(&tree, 0, n), old;
        tree_expect_root(&tree, &want);
        /* Every earlier root stays available. */
        for (uint64_t size = 0; size < n; size++) {
            struct hash then = tree_mth(&tree, 0, size);
            CHECK(merkle_root(tree_read, &tree, size, &old) && hash_equal(&old, &then),
                  "root of %lu at size %u", (unsigned long)size, n);
        }
        tree_add(&tree, &n, sizeof n);
    }
}

Test(merkle_proofs, proofs_are_those_of_the_definition)
{
    struct tree *tree = records();
    struct hash proof[MERKLE_PROOF_MAX], want[MERKLE_PROOF_MAX];
    size_t n;

    for (uint64_t size = 1; size <= SIZE_MAX_TRIED; size += size < 40 ? 1 : 9) {
        for (uint64_t i = 0; i < size; i++) {
            size_t n_want = path(tree, i, 0, size, want);
            CHECK(merkle_prove_inclusion(tree_read, tree, i, size, proof, &n), "prove");
            CHECK(same_proof(proof, n, want, n_want), "leaf %lu of %lu", (unsigned long)i,
                  (unsigned long)size);
            n_want = subproof(tree, i + 1, 0, size, true, want);
            CHECK(merkle_prove_consistency(tree_read, tree, i + 1, size, proof, &n), "prove");
            CHECK(same_proof(proof, n, want, n_want), "%lu to %lu", (unsigned long)i + 1,
                  (unsigned long)size);
        }
    }
}

Test(merkle_proofs, proofs_of_a_kept_edge_are_the_same)
{
    struct tree *tree = records();
    struct hash proof[MERKLE_PROOF_MAX], want[MERKLE_PROOF_MAX];
    static struct merkle_edge edge;
    size_t n;

    CHECK(!merkle_edge_prove(&edge, tree_read, tree, 0, proof, &n), "a zeroed one");
    CHECK(!merkle_edge_load(&edge, tree_read, tree, 0), "of no leaf");
    for (uint64_t size = 1; size <= SIZE_MAX_TRIED; size++) {
        CHECK(merkle_edge_load(&edge, tree_read, tree, size), "load");
        for (uint64_t i = 0; i < size; i++) {
            size_t n_want = path(tree, i, 0, size, want);
            CHECK(merkle_edge_prove(&edge, tree_read, tree, i, proof, &n), "prove");
            CHECK(same_proof(proof, n, want, n_want), "leaf %lu of %lu", (unsigned long)i,
                  (unsigned long)size);
        }
        CHECK(!merkle_edge_prove(&edge, tree_read, tree, size, proof, &n), "beyond the tree");
    }
    CHECK(merkle_edge_load(&edge, tree_read, tree, SIZE_MAX_TRIED), "load");
    tree->fail_after = tree->reads + 1;
    CHECK(!merkle_edge_load(&edge, tree_read, tree, 127), "a read fails");
    tree->fail_after = 0;
    CHECK(!merkle_edge_prove(&edge, tree_read, tree, 0, proof, &n), "it is the edge of no tree");
}

/* One bit of each hash, a different one for each case. */
static void flip(struct hash *h, uint64_t seed)
{
    h->b[seed % HASH_BYTES] ^= (uint8_t)(1u << seed / HASH_BYTES % 8);
}

static void check_inclusion(struct tree *tree, uint64_t index, uint64_t size,
                            const struct hash *root)
{
    struct hash proof[MERKLE_PROOF_MAX + 1];
    struct hash leaf = tree->leaves[index], wrong = *root;
    uint64_t seed = index * 131 + size * 17;
    size_t n;

    CHECK(merkle_prove_inclusion(tree_read, tree, index, size, proof, &n), "prove");
    CHECK(merkle_verify_inclusion(index, size, &leaf, proof, n, root), "%lu of %lu",
          (unsigned long)index, (unsigned long)size);
    for (size_t i = 0; i < n; i++) {
        flip(&proof[i], seed + i);
        CHECK(!merkle_verify_inclusion(index, size, &leaf, proof, n, root), "hash %zu", i);
        flip(&proof[i], seed + i);
    }
    for (uint64_t other = 0; other < size + 2; other++) {
        CHECK(other == index || !merkle_verify_inclusion(other, size, &leaf, proof, n, root),
              "%lu as %lu of %lu", (unsigned long)index, (unsigned long)other,
              (unsigned long)size);
    }
    CHECK(n == 0 || !merkle_verify_inclusion(index, size, &leaf, proof, n - 1, root), "short");
    proof[n] = *root;
    CHECK(!merkle_verify_inclusion(index, size, &leaf, proof, n + 1, root), "long");
    flip(&wrong, seed);
    CHECK(!merkle_verify_inclusion(index, size, &leaf, proof, n, &wrong), "root");
    flip(&leaf, seed);
    CHECK(!merkle_verify_inclusion(index, size, &leaf, proof, n, root), "leaf");
}

Test(merkle_proofs, inclusion_holds_for_the_right_leaf_index_and_hashes_only)
{
    struct tree *tree = records();
    struct hash root;

    for (uint64_t size = 1; size <= SIZE_MAX_TRIED; size++) {
        CHECK(merkle_root(tree_read, tree, size, &root), "root");
        for (uint64_t i = 0; i < size; i++) {
            check_inclusion(tree, i, size, &root);
        }
    }
}

static void check_consistency(struct tree *tree, uint64_t old_size, uint64_t new_size,
                              const struct hash *old_root, const struct hash *new_root)
{
    struct hash proof[MERKLE_PROOF_MAX + 1], wrong_old = *old_root, wrong_new = *new_root;
    uint64_t seed = old_size * 131 + new_size * 17;
    size_t n;

    CHECK(merkle_prove_consistency(tree_read, tree, old_size, new_size, proof, &n), "prove");
    CHECK(merkle_verify_consistency(old_size, new_size, old_root, new_root, proof, n),
          "%lu to %lu", (unsigned long)old_size, (unsigned long)new_size);
    CHECK(n < MERKLE_PROOF_MAX, "at most 63 hashes");
    for (size_t i = 0; i < n; i++) {
        flip(&proof[i], seed + i);
        CHECK(!merkle_verify_consistency(old_size, new_size, old_root, new_root, proof, n),
              "hash %zu", i);
        flip(&proof[i], seed + i);
    }
    CHECK(n == 0 || !merkle_verify_consistency(old_size, new_size, old_root, new_root, proof,
                                               n - 1), "short");
    proof[n] = *new_root;
    CHECK(!merkle_verify_consistency(old_size, new_size, old_root, new_root, proof, n + 1),
          "long");
    flip(&wrong_old, seed);
    CHECK(!merkle_verify_consistency(old_size, new_size, &wrong_old, new_root, proof, n), "old");
    flip(&wrong_new, seed);
    /* The empty tree is extended by any other: there is nothing to hold the new root to. */
    bool vacuous = old_size == 0 && new_size > 0;
    CHECK(merkle_verify_consistency(old_size, new_size, old_root, &wrong_new, proof, n) == vacuous,
          "new");
    CHECK(old_size == new_size ||
              !merkle_verify_consistency(new_size, old_size, new_root, old_root, proof, n),
          "backwards");
}

Test(merkle_proofs, consistency_holds_between_the_right_roots_only)
{
    struct tree *tree = records();
    struct hash roots[SIZE_MAX_TRIED + 1];

    for (uint64_t size = 0; size <= SIZE_MAX_TRIED; size++) {
        CHECK(merkle_root(tree_read, tree, size, &roots[size]), "root");
        for (uint64_t old = 0; old <= size; old++) {
            check_consistency(tree, old, size, &roots[old], &roots[size]);
        }
    }
}

Test(merkle_proofs, impossible_questions_get_no_proof)
{
    struct tree *tree = records();
    struct hash proof[MERKLE_PROOF_MAX], h;
    struct merkle_range range;
    size_t n;

    cr_assert_not(merkle_prove_inclusion(tree_read, tree, 0, 0, proof, &n));
    cr_assert_not(merkle_prove_inclusion(tree_read, tree, 5, 5, proof, &n));
    cr_assert_not(merkle_prove_inclusion(tree_read, tree, 5, UINT64_MAX, proof, &n));
    cr_assert_not(merkle_prove_consistency(tree_read, tree, 6, 5, proof, &n));
    cr_assert_not(merkle_prove_consistency(tree_read, tree, 6, MERKLE_LEAVES_MAX + 1, proof, &n));
    cr_assert_not(merkle_root(tree_read, tree, MERKLE_LEAVES_MAX + 1, &h));
    cr_assert_not(merkle_range_load(&range, tree_read, tree, MERKLE_LEAVES_MAX + 1));
    merkle_leaf(&h, "", 0);
    cr_assert_not(merkle_append(tree_read, tree, MERKLE_LEAVES_MAX, &h, proof, &n));
}

/* Runs one question with the k-th read failing, for every k that it needs. */
#define EACH_READ_MAY_FAIL(tree, question)                                                         \
    do {                                                                                           \
        (tree)->reads = (tree)->fail_after = 0;                                                    \
        cr_assert(question);                                                                       \
        unsigned needed = (tree)->reads;                                                           \
        cr_assert(needed > 1);                                                                     \
        for (unsigned k = 1; k < needed; k++) {                                                    \
            (tree)->reads = 0;                                                                     \
            (tree)->fail_after = k;                                                                \
            cr_assert_not(question);                                                               \
            cr_assert_eq((tree)->reads, k + 1, "no read after a failure");                         \
        }                                                                                          \
        (tree)->fail_after = 0;                                                                    \
    } while (0)

Test(merkle_proofs, a_failed_read_fails_the_question_at_once)
{
    struct tree *tree = records();
    struct hash out[MERKLE_PROOF_MAX], h = tree->leaves[0];
    struct merkle_range range;
    size_t n;

    EACH_READ_MAY_FAIL(tree, merkle_root(tree_read, tree, 127, &h));
    EACH_READ_MAY_FAIL(tree, merkle_range_load(&range, tree_read, tree, 127));
    EACH_READ_MAY_FAIL(tree, merkle_append(tree_read, tree, 127, &h, out, &n));
    EACH_READ_MAY_FAIL(tree, merkle_prove_inclusion(tree_read, tree, 77, 129, out, &n));
    EACH_READ_MAY_FAIL(tree, merkle_prove_consistency(tree_read, tree, 77, 129, out, &n));
}
