/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "crypto/keyfile.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

_Static_assert(KEYFILE_SALT_BYTES == crypto_pwhash_SALTBYTES, "Argon2id salt");
_Static_assert(KEYFILE_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(KEYFILE_BOX_BYTES == KEY_SEED_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "the box is the seed and its tag");

struct box_key {
    uint8_t b[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
};

const char *keyfile_strerror(enum keyfile_err err)
{
    switch (err) {
    case KEYFILE_OK:
        return "no error";
    case KEYFILE_WRONG:
        return "wrong passphrase, or the key file was altered";
    case KEYFILE_DAMAGED:
        return "the key inside is not that of the header";
    case KEYFILE_LIMITS:
        return "the key file asks for more work or memory than is accepted";
    case KEYFILE_MEMORY:
        return "not enough memory to open the key file";
    }
    return "unknown error";
}

static bool within_limits(const struct keyfile *file)
{
    /* libsodium computes p = 1 only; below 8 KiB Argon2 is not defined. */
    return file->m_kib >= KEYFILE_M_KIB_MIN && file->m_kib <= KEYFILE_M_KIB_MAX &&
           file->t >= 1 && file->t <= KEYFILE_T_MAX && file->p == KEYFILE_P;
}

static enum keyfile_err derive(struct box_key *out, const struct keyfile *file,
                               const char *passphrase, size_t passphrase_len)
{
    if (!within_limits(file)) {
        return KEYFILE_LIMITS;
    }
    if (crypto_pwhash(out->b, sizeof out->b, passphrase, passphrase_len, file->salt, file->t,
                      (size_t)file->m_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return KEYFILE_MEMORY;
    }
    return KEYFILE_OK;
}

void keyfile_begin(struct keyfile *file, const struct secret_key *key)
{
    memset(file, 0, sizeof *file);
    file->m_kib = KEYFILE_M_KIB;
    file->t = KEYFILE_T;
    file->p = KEYFILE_P;
    randombytes_buf(file->salt, sizeof file->salt);
    randombytes_buf(file->nonce, sizeof file->nonce);
    secret_key_public(key, &file->pub);
}

enum keyfile_err keyfile_seal(struct keyfile *file, const struct secret_key *key,
                              const char *passphrase, size_t passphrase_len, const void *aad,
                              size_t aad_len)
{
    struct public_key pub;
    secret_key_public(key, &pub);
    assert(public_key_equal(&pub, &file->pub));

    struct box_key box_key;
    enum keyfile_err err = derive(&box_key, file, passphrase, passphrase_len);
    if (err != KEYFILE_OK) {
        return err;
    }
    uint8_t seed[KEY_SEED_BYTES];
    secret_key_seed(key, seed);
    crypto_aead_xchacha20poly1305_ietf_encrypt(file->box, NULL, seed, sizeof seed, aad, aad_len,
                                               NULL, file->nonce, box_key.b);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(&box_key, sizeof box_key);
    return KEYFILE_OK;
}

/* Makes the key of an opened seed and holds it against the header. */
static enum keyfile_err key_of_seed(const struct keyfile *file,
                                    const uint8_t seed[static KEY_SEED_BYTES],
                                    struct secret_key **out)
{
    struct secret_key *key = secret_key_from_seed(seed);
    if (key == NULL) {
        return KEYFILE_MEMORY;
    }
    struct public_key pub;
    secret_key_public(key, &pub);
    if (!public_key_equal(&pub, &file->pub)) {
        secret_key_free(key);
        return KEYFILE_DAMAGED;
    }
    *out = key;
    return KEYFILE_OK;
}

enum keyfile_err keyfile_open(const struct keyfile *file, const char *passphrase,
                              size_t passphrase_len, const void *aad, size_t aad_len,
                              struct secret_key **out)
{
    *out = NULL;
    struct box_key box_key;
    enum keyfile_err err = derive(&box_key, file, passphrase, passphrase_len);
    if (err != KEYFILE_OK) {
        return err;
    }
    uint8_t seed[KEY_SEED_BYTES];
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(seed, NULL, NULL, file->box,
                                                   sizeof file->box, aad, aad_len, file->nonce,
                                                   box_key.b) == 0) {
        err = key_of_seed(file, seed, out);
    } else {
        err = KEYFILE_WRONG;
    }
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(&box_key, sizeof box_key);
    return err;
}
