/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Ed25519 keys, signatures, key ids, and the one-line texts in which keys are exchanged.
 *
 * The acceptance rule of a signature is that of libsodium 1.0.18 crypto_sign_verify_detached
 * and is part of the format, because verifiers of the world do not all agree on the edge
 * cases: S < L; A and R not of small order; A in canonical form; the equation without
 * cofactor. Anything that checks a SEM ledger must give the same verdicts.
 */
#ifndef SEM_CRYPTO_KEY_H
#define SEM_CRYPTO_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEY_BYTES 32
#define KEY_SEED_BYTES 32
#define KEY_ID_BYTES 4
#define SIGNATURE_BYTES 64

struct public_key {
    uint8_t b[KEY_BYTES];
};

struct signature {
    uint8_t b[SIGNATURE_BYTES];
};

struct key_id {
    uint8_t b[KEY_ID_BYTES];
};

/* The type byte of C2SP signed notes. One public key must never serve two types. */
enum key_type {
    KEY_ED25519 = 0x01,     /* signs the text of a note */
    KEY_COSIGNATURE = 0x04, /* signs a time and the text: a witness */
};

/* --- Secret keys --------------------------------------------------------------------- */

/*
 * A secret key in locked, guarded, read-only memory. The caller owns it and frees it; several
 * threads may sign with one key at a time.
 */
struct secret_key;

/* A fresh key, or the key of a given seed. NULL when no locked memory can be had. */
struct secret_key *secret_key_new(void) __attribute__((warn_unused_result));
struct secret_key *secret_key_from_seed(const uint8_t seed[static KEY_SEED_BYTES])
    __attribute__((warn_unused_result));

/* Wipes and frees. NULL is accepted. */
void secret_key_free(struct secret_key *key);

/* Copies the seed out, for a key file; the caller wipes it with secret_wipe(). */
void secret_key_seed(const struct secret_key *key, uint8_t seed[static KEY_SEED_BYTES]);

void secret_key_public(const struct secret_key *key, struct public_key *out);

/* Signs n bytes. Deterministic: the same key and bytes give the same signature for ever. */
void key_sign(struct signature *out, const void *data, size_t n, const struct secret_key *key);

/* --- Public keys --------------------------------------------------------------------- */

/* True when the signature is valid by the rule above. About 70 microseconds. */
bool key_verify(const struct public_key *key, const void *data, size_t n,
                const struct signature *sig) __attribute__((warn_unused_result));

/*
 * True when a key may be registered: the canonical encoding of a point of the main subgroup,
 * so not of small order. Verification alone would let a few useless or weak keys through.
 */
bool key_acceptable(const struct public_key *key) __attribute__((warn_unused_result));

bool public_key_equal(const struct public_key *a, const struct public_key *b);

/* --- Key names and ids ---------------------------------------------------------------- */

/*
 * True when `name` may name a key: UTF-8, not empty, no Unicode white space, no control
 * character below U+0020, no '+'.
 */
bool key_name_valid(const char *name, size_t name_len);

/* The first four bytes of SHA-256(name || 0x0A || type || public key). */
void key_id_of(struct key_id *out, const char *name, size_t name_len, uint8_t type,
               const struct public_key *key);

bool key_id_equal(const struct key_id *a, const struct key_id *b);

/* --- Verifier key text: <name>+<8 hex digits of the id>+<base64(type || key)> ---------- */

/* A public key together with the name and type that make its id. */
struct verifier_key {
    const char *name; /* not NUL-terminated; borrowed from whoever filled the struct */
    size_t name_len;
    uint8_t type; /* enum key_type */
    struct key_id id;
    struct public_key key;
};

/* Characters of a verifier key text, NUL included. */
#define VERIFIER_KEY_SIZE(name_len) ((size_t)(name_len) + 1 + 8 + 1 + 44 + 1)

/* Fills a verifier key and computes its id; borrows `name`. */
void verifier_key_set(struct verifier_key *out, const char *name, size_t name_len, uint8_t type,
                      const struct public_key *key);

/*
 * Writes the text of a key. Returns its length, or 0 when the name is not valid or out_size is
 * below VERIFIER_KEY_SIZE(name_len).
 */
size_t verifier_key_encode(char *out, size_t out_size, const struct verifier_key *key);

/*
 * Reads a text of exactly `len` characters, without a line end. `out->name` points into it.
 * False when the text is malformed, the type is neither 0x01 nor 0x04, the id does not match,
 * or the key is not acceptable.
 */
bool verifier_key_parse(struct verifier_key *out, const char *text, size_t len)
    __attribute__((warn_unused_result));

/* --- Signer key text: PRIVATE+KEY+<name>+<8 hex digits>+<base64(0x01 || seed)> ---------- */

/* Characters of a signer key text, NUL included. */
#define SIGNER_KEY_SIZE(name_len) ((size_t)(name_len) + 12 + 1 + 8 + 1 + 44 + 1)

/*
 * Writes the text of a secret key of type 0x01: the whole secret is in it, so the caller wipes
 * the buffer. Returns its length, or 0 when the name is not valid or out_size is below
 * SIGNER_KEY_SIZE(name_len).
 */
size_t signer_key_encode(char *out, size_t out_size, const char *name, size_t name_len,
                         const struct secret_key *key);

/*
 * Reads such a text of exactly `len` characters. Gives a key the caller frees, and the name
 * as a part of the text. NULL when the text is malformed, the type is not 0x01, the id does
 * not match, or there is no locked memory.
 */
struct secret_key *signer_key_parse(const char *text, size_t len, const char **name,
                                    size_t *name_len) __attribute__((warn_unused_result));

#endif
