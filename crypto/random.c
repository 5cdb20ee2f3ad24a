/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "crypto/random.h"

#include <sodium.h>

int crypto_start(void)
{
    return sodium_init() < 0 ? -1 : 0;
}

void random_fill(void *out, size_t n)
{
    randombytes_buf(out, n);
}

void secret_wipe(void *secret, size_t n)
{
    sodium_memzero(secret, n);
}

bool bytes_equal(const void *a, const void *b, size_t n)
{
    return sodium_memcmp(a, b, n) == 0;
}
