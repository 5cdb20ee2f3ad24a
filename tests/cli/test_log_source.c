/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/files.h"
#include "cli/log_source.h"
#include "ledger/files.h"

/* Above 256 * 256, so that there are three levels of tiles. */
#define LEAVES 66000

static char dir[] = "/tmp/sem-source-XXXXXX";

static void forget(void)
{
    path_remove_tree(dir);
}

static void put(const char *name, const void *bytes, size_t n)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    for (char *slash = strchr(path + strlen(dir) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
    cr_assert(write_whole_file(path, bytes, n, 0644, true));
}

static bool read_stored(void *ctx, uint64_t index, struct hash *out)
{
    *out = ((const struct hash *)ctx)[index];
    return true;
}

static struct hash *make_tree(void)
{
    struct hash *stored = calloc(2 * LEAVES, sizeof *stored), leaf, fresh[MERKLE_APPEND_MAX];
    size_t n;

    for (uint64_t i = 0; i < LEAVES; i++) {
        merkle_leaf(&leaf, &i, sizeof i);
        cr_assert(merkle_append(read_stored, stored, i, &leaf, fresh, &n));
        memcpy(&stored[merkle_stored_index(0, i)], fresh, n * sizeof *fresh);
    }
    return stored;
}

static void put_tiles(const struct hash *stored)
{
    char name[SOURCE_NAME_SIZE];
    struct hash tile[SOURCE_TILE_WIDTH];

    for (unsigned level = 0; level < 3; level++) {
        uint64_t hashes = (uint64_t)LEAVES >> 8 * level;
        for (uint64_t first = 0; first < hashes; first += SOURCE_TILE_WIDTH) {
            unsigned width = 0;
            for (; width < SOURCE_TILE_WIDTH && first + width < hashes; width++) {
                tile[width] = stored[merkle_stored_index(8 * level, first + width)];
            }
            log_source_name(name, (int)level, first / SOURCE_TILE_WIDTH, width);
            put(name, tile, width * sizeof tile[0]);
        }
    }
}

Test(log_source, has_the_names_of_tlog_tiles)
{
    static const struct {
        int level;
        uint64_t number;
        unsigned width;
        const char *name;
    } rows[] = {{-1, 123456789, 256, "tile/entries/x123/x456/789"},
                {15, 123456789, 41, "tile/15/x123/x456/789.p/41"},
                {0, 0, 256, "tile/0/000"},
                {0, 999, 255, "tile/0/999.p/255"},
                {1, 1000, 256, "tile/1/x001/000"},
                {0, 1234067, 1, "tile/0/x001/x234/067.p/1"},
                {-1, 999999999999999999, 255, "tile/entries/x999/x999/x999/x999/x999/999.p/255"}};
    char name[SOURCE_NAME_SIZE];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        log_source_name(name, rows[i].level, rows[i].number, rows[i].width);
        cr_assert_str_eq(name, rows[i].name);
    }
}

Test(log_source, gives_roots_and_proofs_from_tiles, .fini = forget)
{
    struct hash *stored = make_tree(), from_tiles, from_tree, proof[MERKLE_PROOF_MAX], root;
    struct log_source *source;
    size_t n;

    cr_assert_not_null(mkdtemp(dir));
    put_tiles(stored);
    cr_assert_eq(log_source_open_part(dir, &source), CTL_OK);
    log_source_start(source, LEAVES, 0);
    cr_assert(merkle_root(read_stored, stored, LEAVES, &root));
    for (uint64_t size = 1; size <= LEAVES; size = size * 5 / 3 + 1) {
        cr_assert(merkle_root(log_source_node, source, size, &from_tiles), "size %u",
                  (unsigned)size);
        cr_assert(merkle_root(read_stored, stored, size, &from_tree));
        cr_assert(hash_equal(&from_tiles, &from_tree), "size %u", (unsigned)size);
        cr_assert(merkle_prove_consistency(log_source_node, source, size, LEAVES, proof, &n));
        cr_assert(merkle_verify_consistency(size, LEAVES, &from_tree, &root, proof, n));
    }
    cr_assert_not(merkle_root(log_source_node, source, LEAVES + 1, &from_tiles));
    log_source_free(source);
    free(stored);
}

static void check_bundle(const char *bytes, size_t n, unsigned width, enum source_got wanted)
{
    struct slice leaves[SOURCE_TILE_WIDTH];
    struct log_source *source;
    char name[SOURCE_NAME_SIZE];
    uint8_t *got = NULL;
    size_t size;

    log_source_name(name, -1, 0, width);
    put(name, bytes, n);
    cr_assert_eq(log_source_open_part(dir, &source), CTL_OK);
    log_source_start(source, width, 0);
    cr_assert_eq(log_source_bundle(source, 0, width, &got, &size, leaves), wanted);
    if (wanted == SOURCE_OK) {
        cr_assert_eq(leaves[width - 1].size, 5);
    }
    free(got);
    log_source_free(source);
}

Test(log_source, takes_bundles_of_just_so_many_leaves, .fini = forget)
{
    static const char three[] = "\0\3one\0\3two\0\5three";
    size_t n = sizeof three - 1;

    cr_assert_not_null(mkdtemp(dir));
    check_bundle(three, n, 3, SOURCE_OK);
    check_bundle(three, n, 2, SOURCE_MALFORMED);
    check_bundle(three, n, 4, SOURCE_MALFORMED);
    for (size_t cut = 0; cut < n; cut++) {
        check_bundle(three, cut, 3, SOURCE_MALFORMED);
    }
}
