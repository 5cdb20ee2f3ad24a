/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/tile.h"

#include <string.h>

#include "api/path.h"

/* Six groups of three digits number more tiles than any tree has. */
#define GROUPS_MAX 6
#define LEVEL_BITS 8

bool tile_level_parse(const char *s, size_t n, unsigned *level)
{
    uint64_t value;

    if (!index_parse(s, n, &value) || value > TILE_LEVEL_MAX) {
        return false;
    }
    *level = (unsigned)value;
    return true;
}

/* Puts three more digits behind a number. */
static bool take_group(const char *s, uint64_t *number)
{
    for (int i = 0; i < 3; i++) {
        if (s[i] < '0' || s[i] > '9') {
            return false;
        }
        *number = *number * 10 + (uint64_t)(s[i] - '0');
    }
    return true;
}

/* What follows <N>: nothing, or .p/<W>. */
static bool width_parse(const char *s, size_t n, unsigned *width)
{
    uint64_t value;

    *width = TILE_WIDTH;
    if (n == 0) {
        return true;
    }
    if (n < 4 || memcmp(s, ".p/", 3) != 0 || !index_parse(s + 3, n - 3, &value) || value < 1 ||
        value >= TILE_WIDTH) {
        return false;
    }
    *width = (unsigned)value;
    return true;
}

bool tile_parse(const char *s, size_t n, struct tile *out)
{
    const char *end = s + n;

    out->number = 0;
    for (int groups = 1; end - s >= 5 && s[0] == 'x'; groups++, s += 5) {
        /* A first group of zeros would be another spelling of the same tile. */
        if (!take_group(s + 1, &out->number) || s[4] != '/' || out->number == 0 ||
            groups == GROUPS_MAX) {
            return false;
        }
    }
    return end - s >= 3 && take_group(s, &out->number) &&
           width_parse(s + 3, (size_t)(end - s) - 3, &out->width);
}

bool tile_within(unsigned level, const struct tile *tile, uint64_t size)
{
    unsigned bits = level * LEVEL_BITS;
    uint64_t hashes = bits < 64 ? size >> bits : 0;

    return tile->width <= hashes && tile->number <= (hashes - tile->width) / TILE_WIDTH;
}

bool tile_read(merkle_read read, void *ctx, unsigned level, const struct tile *tile,
               struct hash out[static TILE_WIDTH])
{
    uint64_t first = tile->number * TILE_WIDTH;

    for (unsigned i = 0; i < tile->width; i++) {
        if (!read(ctx, merkle_stored_index(level * LEVEL_BITS, first + i), &out[i])) {
            return false;
        }
    }
    return true;
}
