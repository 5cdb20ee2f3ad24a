/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The protection of a key file: the 32-byte seed of an Ed25519 key, sealed with a passphrase.
 *
 *     key = Argon2id (version 1.3) of the passphrase and salt: m KiB, t passes, p = 1, 32 bytes
 *     box = XChaCha20-Poly1305 of the seed with key and nonce; additional data = the header
 *
 * The file around it, a JSON object with the header's fields and the box, is made elsewhere;
 * the header bytes are the canonical JSON of everything but the box, and reach this module as
 * `aad`. A browser makes and opens the same files.
 *
 * A passphrase is the bytes given: UTF-8 in Unicode form NFC, which is the caller's to ensure.
 * Sealing and opening take about 0.1 to 0.3 s and 64 MiB with the default parameters.
 */
#ifndef SEM_CRYPTO_KEYFILE_H
#define SEM_CRYPTO_KEYFILE_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/key.h"

#define KEYFILE_SALT_BYTES 16
#define KEYFILE_NONCE_BYTES 24
#define KEYFILE_BOX_BYTES (KEY_SEED_BYTES + 16)

/* What new files get. */
#define KEYFILE_M_KIB 65536
#define KEYFILE_T 3
#define KEYFILE_P 1

/* What is accepted: a file from elsewhere must not take the machine's memory or its minute. */
#define KEYFILE_M_KIB_MIN 8
#define KEYFILE_M_KIB_MAX (1024 * 1024)
#define KEYFILE_T_MAX 10

struct keyfile {
    uint32_t m_kib, t, p;
    uint8_t salt[KEYFILE_SALT_BYTES];
    uint8_t nonce[KEYFILE_NONCE_BYTES];
    uint8_t box[KEYFILE_BOX_BYTES];
    struct public_key pub;
};

enum keyfile_err {
    KEYFILE_OK = 0,
    KEYFILE_WRONG,   /* wrong passphrase, or box or header altered: they cannot be told apart */
    KEYFILE_DAMAGED, /* it opens, but the seed is not that of the public key in the header */
    KEYFILE_LIMITS,  /* m, t or p outside what is accepted */
    KEYFILE_MEMORY,  /* not enough memory for Argon2id or for the key */
};

/* One short English sentence part. Never NULL. */
const char *keyfile_strerror(enum keyfile_err err);

/*
 * First half of making a file: default parameters, fresh salt and nonce, the public key, box
 * of zeros. The caller can now write the header. One beginning serves one seal.
 */
void keyfile_begin(struct keyfile *file, const struct secret_key *key);

/*
 * Second half: fills the box. `key` must be the key of file->pub (asserted). KEYFILE_OK,
 * KEYFILE_LIMITS or KEYFILE_MEMORY.
 */
enum keyfile_err keyfile_seal(struct keyfile *file, const struct secret_key *key,
                              const char *passphrase, size_t passphrase_len, const void *aad,
                              size_t aad_len) __attribute__((warn_unused_result));

/*
 * Opens a file. *out gets a key that the caller frees when KEYFILE_OK, and NULL otherwise.
 * The limits are checked before any work is done.
 */
enum keyfile_err keyfile_open(const struct keyfile *file, const char *passphrase,
                              size_t passphrase_len, const void *aad, size_t aad_len,
                              struct secret_key **out) __attribute__((warn_unused_result));

#endif
