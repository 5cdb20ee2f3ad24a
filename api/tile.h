/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Tiles of C2SP tlog-tiles: the tree cut into pieces of 256 hashes that never change (SPEC 4.6).
 * Pure functions; who asks for a tile and from where hashes come is the caller's business.
 */
#ifndef SEM_API_TILE_H
#define SEM_API_TILE_H

#include "crypto/merkle.h"

#define TILE_WIDTH 256
#define TILE_LEVEL_MAX 63

/* What a path says of a tile after its level: <N> or <N>.p/<W>. */
struct tile {
    uint64_t number; /* below 10^18 */
    unsigned width;  /* 1..255 for a partial tile, TILE_WIDTH for a full one */
};

/* Each reads n characters, in the one accepted spelling. */
bool tile_level_parse(const char *s, size_t n, unsigned *level);
bool tile_parse(const char *s, size_t n, struct tile *out);

/* True when a tree of that size, at most MERKLE_LEAVES_MAX, has all hashes of the tile. */
bool tile_within(unsigned level, const struct tile *tile, uint64_t size);

/*
 * The hashes of a tile, `width` of them; tile_within() must hold for the tree that is read
 * (asserted as far as the numbering goes). False when a read fails.
 */
bool tile_read(merkle_read read, void *ctx, unsigned level, const struct tile *tile,
               struct hash out[static TILE_WIDTH]) __attribute__((warn_unused_result));

#endif
