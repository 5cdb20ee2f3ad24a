/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "crypto/commitment.h"

#include <assert.h>
#include <string.h>

#include "crypto/random.h"

void salt_new(struct salt *out)
{
    random_fill(out->b, SALT_BYTES);
}

void commitment_make(struct hash *out, const char *origin, const char *kind,
                     const struct salt *salt, const void *bytes, size_t n)
{
    static const char purpose[] = "/detail/v1\n";
    struct hash_stream s;

    assert(origin[0] != '\0' && strchr(origin, '\n') == NULL);
    assert(kind[0] != '\0' && strchr(kind, '\n') == NULL);
    hash_stream_start(&s);
    hash_stream_add(&s, origin, strlen(origin));
    hash_stream_add(&s, purpose, sizeof purpose - 1);
    hash_stream_add(&s, kind, strlen(kind));
    hash_stream_add(&s, "\n", 1);
    hash_stream_add(&s, salt->b, SALT_BYTES);
    hash_stream_add(&s, bytes, n);
    hash_stream_end(&s, out);
}

bool commitment_opens(const struct hash *commitment, const char *origin, const char *kind,
                      const struct salt *salt, const void *bytes, size_t n)
{
    struct hash h;
    commitment_make(&h, origin, kind, salt, bytes, n);
    return hash_equal(&h, commitment);
}
