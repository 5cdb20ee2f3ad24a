/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/tile.h"
#include "crypto/text.h"

/* The stored hashes of a tree whose leaf n is "record n". */
struct tree {
    struct hash *stored;
    uint64_t n_stored;
};

static bool read_stored(void *ctx, uint64_t index, struct hash *out)
{
    const struct tree *tree = ctx;

    if (index >= tree->n_stored) {
        return false;
    }
    *out = tree->stored[index];
    return true;
}

static struct tree grow(uint64_t size)
{
    struct tree tree = {malloc(merkle_stored_count(size) * sizeof(struct hash)), 0};

    cr_assert(tree.stored);
    for (uint64_t n = 0; n < size; n++) {
        struct hash leaf, added[MERKLE_APPEND_MAX];
        size_t n_added;
        char text[32];

        merkle_leaf(&leaf, text, (size_t)snprintf(text, sizeof text, "record %d", (int)n));
        cr_assert(merkle_append(read_stored, &tree, n, &leaf, added, &n_added));
        memcpy(&tree.stored[tree.n_stored], added, n_added * sizeof added[0]);
        tree.n_stored += n_added;
    }
    return tree;
}

static struct tile tile_named(const char *name)
{
    struct tile tile;

    cr_assert(tile_parse(name, strlen(name), &tile), "%s", name);
    return tile;
}

/* SHA-256 of a tile's bytes, in hex. */
static void expect_tile(struct tree *tree, unsigned level, const char *name, const char *hex)
{
    struct hash hashes[TILE_WIDTH], sum;
    struct tile tile = tile_named(name);
    char text[HEX_SIZE(HASH_BYTES)];

    cr_assert(tile_read(read_stored, tree, level, &tile, hashes));
    hash_sha256(&sum, hashes, tile.width * sizeof hashes[0]);
    hex_encode(text, sum.b, HASH_BYTES);
    cr_expect_str_eq(text, hex, "tile/%u/%s", level, name);
}

/* Leaves and sums as in the test data of FiloSottile/sunlight. */
Test(tile, a_well_known_tree_has_the_well_known_tiles)
{
    struct tree tree = grow(300);
    struct tile one = tile_named("000.p/1");
    struct hash hashes[TILE_WIDTH];
    char text[HEX_SIZE(HASH_BYTES)];

    expect_tile(&tree, 0, "000",
                "66a1d43136a854a5776d5bce14bf101c925fc7d4b32f1be23b658f636ebfcddb");
    expect_tile(&tree, 0, "001.p/44",
                "699f078d937f13343d71ad39321757de3ecf391e8d7a1b2015ad38bd36f5d60a");
    cr_assert(tile_read(read_stored, &tree, 1, &one, hashes));
    hex_encode(text, hashes[0].b, HASH_BYTES);
    cr_expect_str_eq(text, "dc9349f9787ed0086da6d97f679c51a5198f98e456e95b1d87fa3abc012fec31");
    free(tree.stored);
}

Test(tile, a_hash_of_a_level_is_the_root_of_the_tile_below)
{
    struct tree tree = grow(70000);

    for (unsigned level = 1; level <= 2; level++) {
        struct tile above = {0, 1}, below = {0, TILE_WIDTH};
        struct hash hashes[TILE_WIDTH], first[TILE_WIDTH], root;
        struct merkle_range range;

        above.width = level == 1 ? 17 : 1;
        above.number = level == 1 ? 1 : 0;
        cr_assert(tile_read(read_stored, &tree, level, &above, hashes));
        for (unsigned i = 0; i < above.width; i++) {
            below.number = above.number * TILE_WIDTH + i;
            cr_assert(tile_read(read_stored, &tree, level - 1, &below, first));
            /* Inner nodes of the tile, two by two. */
            for (unsigned width = TILE_WIDTH; width > 1; width /= 2) {
                for (unsigned j = 0; j < width / 2; j++) {
                    merkle_node(&first[j], &first[2 * j], &first[2 * j + 1]);
                }
            }
            cr_expect(hash_equal(&first[0], &hashes[i]), "level %u, hash %u", level, i);
        }
        cr_assert(merkle_range_load(&range, read_stored, &tree, (uint64_t)1 << (8 * level)));
        merkle_range_root(&range, &root);
        above.number = 0;
        above.width = 1;
        cr_assert(tile_read(read_stored, &tree, level, &above, hashes));
        cr_expect(hash_equal(&root, &hashes[0]));
    }
    free(tree.stored);
}

/* The example of tlog-tiles: a tree of 70 000 leaves. */
Test(tile, only_what_the_size_covers_is_within)
{
    static const struct {
        unsigned level;
        const char *name;
        uint64_t size;
        bool within;
    } rows[] = {
        {0, "272", 70000, true},
        {0, "273.p/112", 70000, true},
        {0, "273.p/113", 70000, false},
        {0, "273", 70000, false},
        {0, "274.p/1", 70000, false},
        {1, "000", 70000, true},
        {1, "001.p/17", 70000, true},
        {1, "001.p/18", 70000, false},
        {2, "000.p/1", 70000, true},
        {2, "000.p/2", 70000, false},
        {3, "000.p/1", 70000, false},
        {0, "000", 256, true},
        {1, "000.p/1", 256, true},
        {0, "000", 255, false},
        {0, "000.p/255", 255, true},
        {1, "000.p/1", 255, false},
        {0, "000.p/1", 0, false},
        {7, "000.p/64", MERKLE_LEAVES_MAX, true},
        {7, "000.p/65", MERKLE_LEAVES_MAX, false},
        {8, "000.p/1", MERKLE_LEAVES_MAX, false},
        {63, "000.p/1", MERKLE_LEAVES_MAX, false},
        {0, "x018/x014/x398/x509/x481/983", MERKLE_LEAVES_MAX, true},
        {0, "x018/x014/x398/x509/x481/984.p/1", MERKLE_LEAVES_MAX, false},
        {0, "x999/x999/x999/x999/x999/999", MERKLE_LEAVES_MAX, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tile tile = tile_named(rows[i].name);

        cr_expect_eq(tile_within(rows[i].level, &tile, rows[i].size), rows[i].within,
                     "tile/%u/%s of %llu", rows[i].level, rows[i].name,
                     (unsigned long long)rows[i].size);
    }
}

Test(tile, a_name_gives_number_and_width)
{
    struct tile tile = tile_named("x001/x234/067");

    cr_expect_eq(tile.number, 1234067);
    cr_expect_eq(tile.width, TILE_WIDTH);
    tile = tile_named("x123/x456/789.p/41");
    cr_expect_eq(tile.number, 123456789);
    cr_expect_eq(tile.width, 41);
    tile = tile_named("000");
    cr_expect_eq(tile.number, 0);
    tile = tile_named("x001/000.p/255");
    cr_expect_eq(tile.number, 1000);
    cr_expect_eq(tile.width, 255);
}

Test(tile, another_spelling_is_refused)
{
    static const char *const names[] = {
        "", "0", "00", "0000", "x000/000", "x000", "x000/x001/000", "000/000", "x00/000", "x0000/0",
        "x0000/000", "X001/000", "000/", "000.", "000.p", "000.p/", "000.p/0", "000.p/01",
        "000.p/256", "000.p/-1", "000.p/1/", "000.p/1x", "000p/1", "000.P/1", "-01", "00a",
        "x001/00", "x001/", "x001", "x001/x000", "x001/x001/x001/x001/x001/x001/000",
        "000.p/99999999999999999999",
    };
    static const char *const levels[] = {"", "00", "01", "64", "-1", "+1", "a", "1 ",
                                         "18446744073709551616"};
    unsigned level = 0;
    struct tile tile;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cr_expect_not(tile_parse(names[i], strlen(names[i]), &tile), "%s", names[i]);
    }
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        cr_expect_not(tile_level_parse(levels[i], strlen(levels[i]), &level), "%s", levels[i]);
    }
    cr_expect(tile_level_parse("0", 1, &level) && level == 0);
    cr_expect(tile_level_parse("63", 2, &level) && level == 63);
}
