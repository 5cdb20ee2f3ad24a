/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Commitments: the ledger holds the hash of a text, the text itself lies outside and can be
 * erased. With 32 random bytes of salt in front, the hash alone tells nothing, however short
 * or guessable the text; once text and salt are gone, the hash stands for nothing.
 *
 *     SHA-256( "<origin>/detail/v1\n" || kind || "\n" || salt[32] || bytes )
 */
#ifndef SEM_CRYPTO_COMMITMENT_H
#define SEM_CRYPTO_COMMITMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"

#define SALT_BYTES 32

struct salt {
    uint8_t b[SALT_BYTES];
};

/* A fresh salt; each record has its own. */
void salt_new(struct salt *out);

/*
 * `origin` and `kind` are NUL-terminated, not empty, and hold no line feed (asserted), so that
 * one commitment has one reading. bytes may be NULL when n is 0.
 */
void commitment_make(struct hash *out, const char *origin, const char *kind,
                     const struct salt *salt, const void *bytes, size_t n);

/* True when the commitment is that of this text and salt. */
bool commitment_opens(const struct hash *commitment, const char *origin, const char *kind,
                      const struct salt *salt, const void *bytes, size_t n)
    __attribute__((warn_unused_result));

#endif
