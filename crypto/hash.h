/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * SHA-256, the only hash function of the formats. Pure functions.
 */
#ifndef SEM_CRYPTO_HASH_H
#define SEM_CRYPTO_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_BYTES 32

struct hash {
    uint8_t b[HASH_BYTES];
};

/* Hashes n bytes; data may be NULL when n is 0. `out` may lie inside the data. */
void hash_sha256(struct hash *out, const void *data, size_t n);

/* Of one byte and then the data: what leaves of a tree are hashed as. */
void hash_sha256_after(struct hash *out, uint8_t first, const void *data, size_t n);

/* Hashes are public values: this comparison is not constant in time. */
bool hash_equal(const struct hash *a, const struct hash *b);

/*
 * A hash over bytes that come in pieces: start, any number of adds, one end. The object may
 * live on the stack and needs no release; after the end it must be started again.
 */
struct hash_stream {
    uint64_t state[16];
};

void hash_stream_start(struct hash_stream *s);
void hash_stream_add(struct hash_stream *s, const void *data, size_t n);
void hash_stream_end(struct hash_stream *s, struct hash *out);

#endif
