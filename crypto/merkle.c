/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "crypto/merkle.h"

#include <assert.h>
#include <string.h>

/* --- Hashes ------------------------------------------------------------------------------ */

void merkle_leaf(struct hash *out, const void *data, size_t n)
{
    hash_sha256_after(out, 0x00, data, n);
}

void merkle_node(struct hash *out, const struct hash *left, const struct hash *right)
{
    uint8_t bytes[1 + 2 * HASH_BYTES];

    bytes[0] = 0x01;
    memcpy(bytes + 1, left->b, HASH_BYTES);
    memcpy(bytes + 1 + HASH_BYTES, right->b, HASH_BYTES);
    hash_sha256(out, bytes, sizeof bytes);
}

void merkle_empty(struct hash *out)
{
    hash_sha256(out, NULL, 0);
}

/* --- The dense numbering ----------------------------------------------------------------- */

/* n + n/2 + n/4 + ...: each one bit of n is worth twice itself, less one, in the sum. */
static uint64_t halves(uint64_t n)
{
    return 2 * n - (uint64_t)__builtin_popcountll(n);
}

uint64_t merkle_stored_index(unsigned level, uint64_t n)
{
    assert(level <= 62 && n < MERKLE_LEAVES_MAX >> level);

    /*
     * The hash is stored right after the last leaf that it covers and the smaller subtrees
     * that leaf completes. Leaf n comes after the n leaves before it and after the
     * n/2 + n/4 + ... subtrees that they have completed.
     */
    uint64_t leaf = (n << level) + ((uint64_t)1 << level) - 1;
    return level + halves(leaf);
}

uint64_t merkle_stored_count(uint64_t leaves)
{
    assert(leaves <= MERKLE_LEAVES_MAX);

    return halves(leaves);
}

/* --- Reading the tree --------------------------------------------------------------------- */

/* Level of the largest complete subtree that fits into n leaves, n > 0. */
static unsigned level_below(uint64_t n)
{
    return 63u - (unsigned)__builtin_clzll(n);
}

/* Number of leaves left of the root's split: the largest power of two below n, n > 1. */
static uint64_t split(uint64_t n)
{
    return (uint64_t)1 << level_below(n - 1);
}

/*
 * Root of the leaves from lo up to hi, as it occurs inside a larger tree: lo is a multiple of
 * every complete subtree that is read, which the splits of RFC 6962 see to.
 */
static bool subtree_root(merkle_read read, void *ctx, uint64_t lo, uint64_t hi, struct hash *out)
{
    struct hash parts[MERKLE_PROOF_MAX];
    size_t n = 0;

    while (lo < hi) {
        unsigned level = level_below(hi - lo);
        assert(lo % ((uint64_t)1 << level) == 0);
        if (!read(ctx, merkle_stored_index(level, lo >> level), &parts[n++])) {
            return false;
        }
        lo += (uint64_t)1 << level;
    }
    assert(n > 0);
    *out = parts[--n];
    while (n > 0) {
        merkle_node(out, &parts[--n], out);
    }
    return true;
}

bool merkle_append(merkle_read read, void *ctx, uint64_t n, const struct hash *leaf,
                   struct hash out[static MERKLE_APPEND_MAX], size_t *n_out)
{
    size_t made = 0;

    if (n >= MERKLE_LEAVES_MAX) {
        return false;
    }
    out[made++] = *leaf;
    /* Each trailing one bit of n is a complete subtree on the left that now gets its pair. */
    for (unsigned level = 0; (n >> level & 1) != 0; level++) {
        struct hash left;
        if (!read(ctx, merkle_stored_index(level, (n >> level) - 1), &left)) {
            return false;
        }
        merkle_node(&out[made], &left, &out[made - 1]);
        made++;
    }
    *n_out = made;
    return true;
}

bool merkle_root(merkle_read read, void *ctx, uint64_t size, struct hash *out)
{
    if (size > MERKLE_LEAVES_MAX) {
        return false;
    }
    if (size == 0) {
        merkle_empty(out);
        return true;
    }
    return subtree_root(read, ctx, 0, size, out);
}

/* --- Proving -------------------------------------------------------------------------------- */

/* Proofs are gathered from the root down and sent from the leaf up. */
static void reverse(struct hash *proof, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        struct hash h = proof[i];
        proof[i] = proof[n - 1 - i];
        proof[n - 1 - i] = h;
    }
}

bool merkle_prove_inclusion(merkle_read read, void *ctx, uint64_t index, uint64_t size,
                            struct hash proof[static MERKLE_PROOF_MAX], size_t *n_proof)
{
    uint64_t lo = 0, hi = size;
    size_t n = 0;

    if (index >= size || size > MERKLE_LEAVES_MAX) {
        return false;
    }
    while (hi - lo > 1) {
        uint64_t middle = lo + split(hi - lo);
        bool left = index < middle;
        if (!subtree_root(read, ctx, left ? middle : lo, left ? hi : middle, &proof[n++])) {
            return false;
        }
        if (left) {
            hi = middle;
        } else {
            lo = middle;
        }
    }
    reverse(proof, n);
    *n_proof = n;
    return true;
}

bool merkle_edge_load(struct merkle_edge *edge, merkle_read read, void *ctx, uint64_t size)
{
    uint64_t lo = 0;

    edge->size = 0;
    edge->n = 0;
    if (size == 0 || size > MERKLE_LEAVES_MAX) {
        return false;
    }
    while (lo < size) {
        unsigned level = level_below(size - lo);
        if (!read(ctx, merkle_stored_index(level, lo >> level), &edge->part[edge->n++])) {
            edge->n = 0;
            return false;
        }
        lo += (uint64_t)1 << level;
    }
    edge->rest[edge->n - 1] = edge->part[edge->n - 1];
    for (size_t i = edge->n - 1; i-- > 0;) {
        merkle_node(&edge->rest[i], &edge->part[i], &edge->rest[i + 1]);
    }
    edge->size = size;
    return true;
}

bool merkle_edge_prove(const struct merkle_edge *edge, merkle_read read, void *ctx, uint64_t index,
                       struct hash proof[static MERKLE_PROOF_MAX], size_t *n_proof)
{
    uint64_t lo = 0;
    size_t at = 0, n = 0;
    unsigned level;

    if (index >= edge->size) {
        return false;
    }
    for (;; at++) {
        level = level_below(edge->size - lo);
        if (index - lo < (uint64_t)1 << level) {
            break;
        }
        lo += (uint64_t)1 << level;
    }
    for (unsigned l = 0; l < level; l++) {
        if (!read(ctx, merkle_stored_index(l, (index >> l) ^ 1), &proof[n++])) {
            return false;
        }
    }
    if (at + 1 < edge->n) {
        proof[n++] = edge->rest[at + 1];
    }
    while (at > 0) {
        proof[n++] = edge->part[--at];
    }
    *n_proof = n;
    return true;
}

bool merkle_prove_consistency(merkle_read read, void *ctx, uint64_t old_size, uint64_t new_size,
                              struct hash proof[static MERKLE_PROOF_MAX], size_t *n_proof)
{
    uint64_t lo = 0, hi = new_size;
    size_t n = 0;

    if (old_size > new_size || new_size > MERKLE_LEAVES_MAX) {
        return false;
    }
    *n_proof = 0;
    if (old_size == 0 || old_size == new_size) {
        return true;
    }
    /* Down to the complete subtree that ends where the old tree ended. */
    while (hi != old_size) {
        uint64_t middle = lo + split(hi - lo);
        bool left = old_size <= middle;
        if (!subtree_root(read, ctx, left ? middle : lo, left ? hi : middle, &proof[n++])) {
            return false;
        }
        if (left) {
            hi = middle;
        } else {
            lo = middle;
        }
    }
    /* When that is the whole old tree, the verifier has its hash: the old root. */
    if (lo > 0 && !subtree_root(read, ctx, lo, hi, &proof[n++])) {
        return false;
    }
    reverse(proof, n);
    *n_proof = n;
    return true;
}

/* --- Verifying: names fn, sn, fr, sr as in RFC 9162 ------------------------------------------- */

/* Steps over the levels on which the node stands alone at the right edge. */
static void skip_lone_levels(uint64_t *fn, uint64_t *sn)
{
    while ((*fn & 1) == 0 && *fn != 0) {
        *fn >>= 1;
        *sn >>= 1;
    }
}

bool merkle_verify_inclusion(uint64_t index, uint64_t size, const struct hash *leaf,
                             const struct hash proof[], size_t n_proof, const struct hash *root)
{
    if (index >= size) {
        return false;
    }
    uint64_t fn = index, sn = size - 1;
    struct hash r = *leaf;

    for (size_t i = 0; i < n_proof; i++) {
        if (sn == 0) {
            return false;
        }
        if ((fn & 1) != 0 || fn == sn) {
            merkle_node(&r, &proof[i], &r);
            skip_lone_levels(&fn, &sn);
        } else {
            merkle_node(&r, &r, &proof[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && hash_equal(&r, root);
}

/* The case 0 < old_size < new_size. */
static bool verify_growth(uint64_t old_size, uint64_t new_size, const struct hash *old_root,
                          const struct hash *new_root, const struct hash proof[], size_t n_proof)
{
    bool power_of_two = (old_size & (old_size - 1)) == 0;
    uint64_t fn = old_size - 1, sn = new_size - 1;
    size_t next = power_of_two ? 0 : 1;

    if (n_proof == 0) {
        return false;
    }
    while ((fn & 1) != 0) {
        fn >>= 1;
        sn >>= 1;
    }
    struct hash fr = power_of_two ? *old_root : proof[0];
    struct hash sr = fr;
    for (; next < n_proof; next++) {
        if (sn == 0) {
            return false;
        }
        if ((fn & 1) != 0 || fn == sn) {
            merkle_node(&fr, &proof[next], &fr);
            merkle_node(&sr, &proof[next], &sr);
            skip_lone_levels(&fn, &sn);
        } else {
            merkle_node(&sr, &sr, &proof[next]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && hash_equal(&fr, old_root) && hash_equal(&sr, new_root);
}

bool merkle_verify_consistency(uint64_t old_size, uint64_t new_size, const struct hash *old_root,
                               const struct hash *new_root, const struct hash proof[],
                               size_t n_proof)
{
    if (old_size == new_size || old_size == 0) {
        struct hash empty;
        merkle_empty(&empty);
        return n_proof == 0 && (old_size != 0 || hash_equal(old_root, &empty)) &&
               (old_size != new_size || hash_equal(old_root, new_root));
    }
    return old_size < new_size &&
           verify_growth(old_size, new_size, old_root, new_root, proof, n_proof);
}

/* --- A tree in a few hashes ------------------------------------------------------------------ */

void merkle_range_start(struct merkle_range *r)
{
    memset(r, 0, sizeof *r);
}

bool merkle_range_load(struct merkle_range *r, merkle_read read, void *ctx, uint64_t size)
{
    uint64_t lo = 0;

    if (size > MERKLE_LEAVES_MAX) {
        return false;
    }
    merkle_range_start(r);
    r->size = size;
    while (lo < size) {
        unsigned level = level_below(size - lo);
        if (!read(ctx, merkle_stored_index(level, lo >> level), &r->full[level])) {
            return false;
        }
        lo += (uint64_t)1 << level;
    }
    return true;
}

void merkle_range_append(struct merkle_range *r, const struct hash *leaf)
{
    struct hash h = *leaf;
    unsigned level = 0;

    assert(r->size < UINT64_MAX);
    for (; (r->size >> level & 1) != 0; level++) {
        merkle_node(&h, &r->full[level], &h);
    }
    r->full[level] = h;
    r->size++;
}

void merkle_range_root(const struct merkle_range *r, struct hash *out)
{
    if (r->size == 0) {
        merkle_empty(out);
        return;
    }
    unsigned level = (unsigned)__builtin_ctzll(r->size);
    *out = r->full[level];
    for (level++; level < 64; level++) {
        if ((r->size >> level & 1) != 0) {
            merkle_node(out, &r->full[level], out);
        }
    }
}
