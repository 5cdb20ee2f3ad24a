/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "crypto/hash.h"

#include <sodium.h>
#include <string.h>

/* The header keeps sodium.h out; the state is copied in and out, so no aliasing is assumed. */
_Static_assert(sizeof(struct hash_stream) >= sizeof(crypto_hash_sha256_state),
               "struct hash_stream holds libsodium's state");
_Static_assert(HASH_BYTES == crypto_hash_sha256_BYTES, "SHA-256 has 32 bytes");

void hash_sha256(struct hash *out, const void *data, size_t n)
{
    crypto_hash_sha256(out->b, data, n);
}

bool hash_equal(const struct hash *a, const struct hash *b)
{
    return memcmp(a->b, b->b, HASH_BYTES) == 0;
}

void hash_stream_start(struct hash_stream *s)
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    memcpy(s, &state, sizeof state);
}

void hash_stream_add(struct hash_stream *s, const void *data, size_t n)
{
    crypto_hash_sha256_state state;
    memcpy(&state, s, sizeof state);
    crypto_hash_sha256_update(&state, data, n);
    memcpy(s, &state, sizeof state);
}

void hash_stream_end(struct hash_stream *s, struct hash *out)
{
    crypto_hash_sha256_state state;
    memcpy(&state, s, sizeof state);
    crypto_hash_sha256_final(&state, out->b);
}
