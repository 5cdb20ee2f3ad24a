/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Nettle's SHA-256 and not libsodium's, because it uses the instructions that processors have for
 * it: four times as fast, and hashing is what an entry costs most beside its signatures.
 */
#include "crypto/hash.h"

#include <nettle/sha2.h>
#include <string.h>

/* The header keeps nettle out; the state is copied in and out, so no aliasing is assumed. */
_Static_assert(sizeof(struct hash_stream) >= sizeof(struct sha256_ctx),
               "struct hash_stream holds nettle's state");
_Static_assert(HASH_BYTES == SHA256_DIGEST_SIZE, "SHA-256 has 32 bytes");

void hash_sha256(struct hash *out, const void *data, size_t n)
{
    struct sha256_ctx state;
    sha256_init(&state);
    if (n > 0)
        sha256_update(&state, n, data);
    sha256_digest(&state, HASH_BYTES, out->b);
}

void hash_sha256_after(struct hash *out, uint8_t first, const void *data, size_t n)
{
    struct sha256_ctx state;
    sha256_init(&state);
    sha256_update(&state, 1, &first);
    if (n > 0)
        sha256_update(&state, n, data);
    sha256_digest(&state, HASH_BYTES, out->b);
}

bool hash_equal(const struct hash *a, const struct hash *b)
{
    return memcmp(a->b, b->b, HASH_BYTES) == 0;
}

void hash_stream_start(struct hash_stream *s)
{
    struct sha256_ctx state;
    sha256_init(&state);
    memcpy(s, &state, sizeof state);
}

void hash_stream_add(struct hash_stream *s, const void *data, size_t n)
{
    struct sha256_ctx state;
    if (n == 0)
        return;
    memcpy(&state, s, sizeof state);
    sha256_update(&state, n, data);
    memcpy(s, &state, sizeof state);
}

void hash_stream_end(struct hash_stream *s, struct hash *out)
{
    struct sha256_ctx state;
    memcpy(&state, s, sizeof state);
    sha256_digest(&state, HASH_BYTES, out->b);
}
