/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A tree without its leaves: all hashes of the last bundle, and above that the root of each full
 * bundle with what follows from these, a quarter of a byte for each leaf. A root inside an older
 * bundle is had by reading that bundle again.
 */
#include "ledger/audit_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static bool read_bundle(void *ctx, uint64_t stored, struct hash *out)
{
    const struct bundle *b = ctx;
    *out = b->stored[stored];
    return true;
}

static bool read_upper(void *ctx, uint64_t stored, struct hash *out)
{
    const struct audit_tree *tree = ctx;
    if (stored >= tree->n_upper)
        return false;
    *out = tree->upper[stored];
    return true;
}

/* Gives the root of the bundle when this leaf fills it. */
static bool bundle_append(struct bundle *b, const struct hash *leaf, struct hash *root)
{
    struct hash nodes[MERKLE_APPEND_MAX];
    size_t n;
    bool appended = merkle_append(read_bundle, b, b->n, leaf, nodes, &n);
    assert(appended);
    memcpy(&b->stored[merkle_stored_index(0, b->n)], nodes, n * sizeof *nodes);
    *root = nodes[n - 1];
    return ++b->n == BUNDLE_LEAVES;
}

static bool upper_append(struct audit_tree *tree, const struct hash *root)
{
    struct hash nodes[MERKLE_APPEND_MAX];
    size_t n;
    uint64_t number = tree->size / BUNDLE_LEAVES;
    if (!merkle_append(read_upper, tree, number, root, nodes, &n))
        return false;
    if (tree->n_upper + n > tree->room) {
        size_t room = 2 * tree->room + MERKLE_APPEND_MAX;
        struct hash *bigger = realloc(tree->upper, room * sizeof *bigger);
        if (bigger == NULL)
            return false;
        tree->upper = bigger;
        tree->room = room;
    }
    memcpy(tree->upper + tree->n_upper, nodes, n * sizeof *nodes);
    tree->n_upper += n;
    return true;
}

void audit_tree_free(struct audit_tree *tree)
{
    free(tree->upper);
    tree->upper = NULL;
}

/* --- Tiles ------------------------------------------------------------------------------------ */

size_t audit_tree_tail(const struct audit_tree *tree, struct hash leaves[static BUNDLE_LEAVES])
{
    for (size_t i = 0; i < tree->tail.n; i++)
        leaves[i] = tree->tail.stored[merkle_stored_index(0, i)];
    return tree->tail.n;
}

/* Gives the tile of a level above 0 that ends with hash number end - 1 of that level. */
static void give_upper_tile(struct audit *a, unsigned level, uint64_t end)
{
    struct hash hashes[BUNDLE_LEAVES];
    uint64_t number = (end - 1) / BUNDLE_LEAVES, start = number * BUNDLE_LEAVES;
    for (uint64_t i = start; i < end; i++)
        hashes[i - start] = a->tree.upper[merkle_stored_index(8 * (level - 1), i)];
    a->config.tile(a->config.ctx, level, number, hashes, (unsigned)(end - start));
}

static void give_full_tiles(struct audit *a)
{
    struct hash hashes[BUNDLE_LEAVES];
    if (a->config.tile == NULL)
        return;
    (void)audit_tree_tail(&a->tree, hashes);
    a->config.tile(a->config.ctx, 0, a->tree.tail.number, hashes, BUNDLE_LEAVES);
    uint64_t count = a->tree.size / BUNDLE_LEAVES;
    for (unsigned level = 1; count > 0 && count % BUNDLE_LEAVES == 0; level++) {
        give_upper_tile(a, level, count);
        count /= BUNDLE_LEAVES;
    }
}

void audit_tree_partial_tiles(struct audit *a)
{
    struct hash hashes[BUNDLE_LEAVES];
    if (a->config.tile == NULL)
        return;
    size_t n = audit_tree_tail(&a->tree, hashes);
    if (n > 0)
        a->config.tile(a->config.ctx, 0, a->tree.tail.number, hashes, (unsigned)n);
    uint64_t count = a->tree.size / BUNDLE_LEAVES;
    for (unsigned level = 1; count > 0; level++) {
        if (count % BUNDLE_LEAVES != 0)
            give_upper_tile(a, level, count);
        count /= BUNDLE_LEAVES;
    }
}

/* --- Growing ---------------------------------------------------------------------------------- */

bool audit_tree_append(struct audit *a, const struct hash *leaf)
{
    struct audit_tree *tree = &a->tree;
    struct hash root;
    bool full = bundle_append(&tree->tail, leaf, &root);
    if (full && !upper_append(tree, &root))
        return false;
    tree->size++;
    if (full) {
        give_full_tiles(a);
        tree->reread = tree->tail;
        tree->tail.number++;
        tree->tail.n = 0;
    }
    return true;
}

bool audit_tree_refill(struct audit_tree *tree, const struct hash leaves[], size_t n)
{
    struct hash root;
    tree->tail.number = tree->size / BUNDLE_LEAVES;
    tree->tail.n = 0;
    for (size_t i = 0; i < n; i++)
        (void)bundle_append(&tree->tail, &leaves[i], &root);
    return n == tree->size % BUNDLE_LEAVES &&
           tree->n_upper == merkle_stored_count(tree->size / BUNDLE_LEAVES);
}

/* --- Roots ------------------------------------------------------------------------------------ */

static struct bundle *find_bundle(struct audit *a, uint64_t number)
{
    struct audit_tree *tree = &a->tree;
    if (number == tree->tail.number)
        return &tree->tail;
    if (tree->reread.n > 0 && number == tree->reread.number)
        return &tree->reread;
    struct bundle *b = &tree->reread;
    b->number = number;
    b->n = 0;
    for (uint64_t i = 0; i < BUNDLE_LEAVES; i++) {
        struct slice leaf;
        struct hash hash, root;
        if (a->config.reread == NULL ||
            !a->config.reread(a->config.ctx, number * BUNDLE_LEAVES + i, &leaf)) {
            b->n = 0;
            return NULL;
        }
        merkle_leaf(&hash, leaf.data, leaf.size);
        (void)bundle_append(b, &hash, &root);
    }
    return b;
}

bool audit_tree_root(struct audit *a, uint64_t size, struct hash *out)
{
    struct audit_tree *tree = &a->tree;
    struct merkle_range upper, range = {.size = size};
    if (size > tree->size)
        return false;
    if (tree->known && tree->known_size == size) {
        *out = tree->known_root;
        return true;
    }
    uint64_t full = size / BUNDLE_LEAVES, rest = size % BUNDLE_LEAVES;
    if (!merkle_range_load(&upper, read_upper, tree, full))
        return false;
    memcpy(&range.full[8], upper.full, sizeof range.full - 8 * sizeof range.full[0]);
    const struct bundle *b = rest > 0 ? find_bundle(a, full) : NULL;
    if (rest > 0 && b == NULL)
        return false;
    for (unsigned level = 0; level < 8; level++)
        if ((rest >> level & 1) != 0)
            range.full[level] = b->stored[merkle_stored_index(level, (rest >> level) - 1)];
    merkle_range_root(&range, out);
    tree->known = true;
    tree->known_size = size;
    tree->known_root = *out;
    return true;
}
