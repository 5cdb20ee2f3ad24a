/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The Merkle tree of RFC 6962 section 2.1 (unchanged in RFC 9162) over SHA-256: hashing,
 * growing, proving and verifying. Where the hashes are stored is the caller's business; this
 * module asks for them by number.
 *
 * Stored hashes are numbered densely in the order in which they become known: the leaf hash
 * of record n, then every complete subtree that this record completes, from small to large.
 * A log that appends exactly what merkle_append() gives, in order, needs no other index.
 */
#ifndef SEM_CRYPTO_MERKLE_H
#define SEM_CRYPTO_MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"

/* Largest tree that is numbered or proved from; verification takes any size. */
#define MERKLE_LEAVES_MAX ((uint64_t)1 << 62)

/* Room for the hashes of any proof, and for those that one leaf adds. */
#define MERKLE_PROOF_MAX 64
#define MERKLE_APPEND_MAX 63

/* --- Hashes ------------------------------------------------------------------------------ */

/* SHA-256(0x00 || data). */
void merkle_leaf(struct hash *out, const void *data, size_t n);

/* SHA-256(0x01 || left || right). `out` may be one of the two. */
void merkle_node(struct hash *out, const struct hash *left, const struct hash *right);

/* The root of the tree without leaves: SHA-256 of nothing. */
void merkle_empty(struct hash *out);

/* --- The dense numbering ----------------------------------------------------------------- */

/*
 * Number of the n-th hash of a level; level 0 is the leaves, and one hash of level l covers
 * 2^l leaves. The last leaf it covers must be below MERKLE_LEAVES_MAX (asserted).
 */
uint64_t merkle_stored_index(unsigned level, uint64_t n);

/* How many hashes a tree of that many leaves (at most MERKLE_LEAVES_MAX) has stored. */
uint64_t merkle_stored_count(uint64_t leaves);

/* --- Growing, reading, proving ------------------------------------------------------------- */

/*
 * Gives the stored hash of that number, or false when it cannot be read; the function that
 * asked then returns false at once. Only numbers below merkle_stored_count(size) are asked.
 */
typedef bool (*merkle_read)(void *ctx, uint64_t stored_index, struct hash *out);

/*
 * The hashes to store for leaf number n, whose leaf hash is given: out[0] is the leaf itself,
 * at number merkle_stored_index(0, n), the others follow it directly. Their count, 1 + the
 * trailing one bits of n, goes to *n_out. Reads at most 62 earlier hashes. False when a read
 * fails or n is not below MERKLE_LEAVES_MAX.
 */
bool merkle_append(merkle_read read, void *ctx, uint64_t n, const struct hash *leaf,
                   struct hash out[static MERKLE_APPEND_MAX], size_t *n_out)
    __attribute__((warn_unused_result));

/* The root at a size; size 0 gives merkle_empty(). False: a read failed or size too large. */
bool merkle_root(merkle_read read, void *ctx, uint64_t size, struct hash *out)
    __attribute__((warn_unused_result));

/*
 * The audit path of RFC 6962 section 2.1.1, from the leaf's sibling up. False when a read
 * fails or not index < size <= MERKLE_LEAVES_MAX.
 */
bool merkle_prove_inclusion(merkle_read read, void *ctx, uint64_t index, uint64_t size,
                            struct hash proof[static MERKLE_PROOF_MAX], size_t *n_proof)
    __attribute__((warn_unused_result));

/*
 * What the inclusion proofs under one head have in common: the complete subtrees that its tree
 * consists of, from the left, and the root of each together with all to its right. It takes as many
 * hashes as there are subtrees, once; a proof then takes none. Zeroed, it is the edge of no tree.
 */
#define MERKLE_EDGE_MAX 63
struct merkle_edge {
    uint64_t size;
    size_t n;
    struct hash part[MERKLE_EDGE_MAX], rest[MERKLE_EDGE_MAX];
};

/* False, and then the edge of no tree: as merkle_root(), or size 0. */
bool merkle_edge_load(struct merkle_edge *edge, merkle_read read, void *ctx, uint64_t size)
    __attribute__((warn_unused_result));
/* As merkle_prove_inclusion() in the tree of edge->size. */
bool merkle_edge_prove(const struct merkle_edge *edge, merkle_read read, void *ctx, uint64_t index,
                       struct hash proof[static MERKLE_PROOF_MAX], size_t *n_proof)
    __attribute__((warn_unused_result));

/*
 * The consistency proof of RFC 6962 section 2.1.2. It is empty when old_size is 0 or equal to
 * new_size. False when a read fails or not old_size <= new_size <= MERKLE_LEAVES_MAX.
 */
bool merkle_prove_consistency(merkle_read read, void *ctx, uint64_t old_size, uint64_t new_size,
                              struct hash proof[static MERKLE_PROOF_MAX], size_t *n_proof)
    __attribute__((warn_unused_result));

/* --- Verifying (RFC 9162 sections 2.1.3.2 and 2.1.4.2) ------------------------------------- */

/* True when the leaf is at that index in the tree of that size and root. */
bool merkle_verify_inclusion(uint64_t index, uint64_t size, const struct hash *leaf,
                             const struct hash proof[], size_t n_proof, const struct hash *root)
    __attribute__((warn_unused_result));

/*
 * True when the new tree starts with the whole old one. Equal sizes ask for equal roots and
 * an empty proof. Every tree extends the empty one, so old_size 0 is accepted with an empty
 * proof and the old root of merkle_empty(), and with nothing else.
 */
bool merkle_verify_consistency(uint64_t old_size, uint64_t new_size, const struct hash *old_root,
                               const struct hash *new_root, const struct hash proof[],
                               size_t n_proof) __attribute__((warn_unused_result));

/* --- A tree in a few hashes ------------------------------------------------------------------ */

/*
 * A tree that only grows and is only asked for its root: one hash for each one bit of the
 * size. Zero it with merkle_range_start(); copy it freely.
 */
struct merkle_range {
    uint64_t size;
    struct hash full[64]; /* full[l] is meaningful when bit l of size is set */
};

void merkle_range_start(struct merkle_range *r);

/* Takes up the tree of a size from stored hashes. False: as merkle_root(). */
bool merkle_range_load(struct merkle_range *r, merkle_read read, void *ctx, uint64_t size)
    __attribute__((warn_unused_result));

void merkle_range_append(struct merkle_range *r, const struct hash *leaf);
void merkle_range_root(const struct merkle_range *r, struct hash *out);

#endif
