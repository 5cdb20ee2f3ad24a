/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "crypto/key.h"

#include <sodium.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/text.h"

_Static_assert(KEY_BYTES == crypto_sign_PUBLICKEYBYTES, "Ed25519 public key");
_Static_assert(KEY_SEED_BYTES == crypto_sign_SEEDBYTES, "Ed25519 seed");
_Static_assert(SIGNATURE_BYTES == crypto_sign_BYTES, "Ed25519 signature");

/* libsodium's form: the seed, then the public key. */
struct secret_key {
    uint8_t b[crypto_sign_SECRETKEYBYTES];
};

static const char signer_prefix[] = "PRIVATE+KEY+";
enum { SIGNER_PREFIX_LEN = sizeof signer_prefix - 1 };

/* --- Secret keys --------------------------------------------------------------------- */

struct secret_key *secret_key_from_seed(const uint8_t seed[static KEY_SEED_BYTES])
{
    struct secret_key *key = sodium_malloc(sizeof *key);
    if (key == NULL) {
        return NULL;
    }
    struct public_key pub;
    crypto_sign_seed_keypair(pub.b, key->b, seed);
    if (sodium_mprotect_readonly(key) != 0) {
        sodium_free(key);
        return NULL;
    }
    return key;
}

struct secret_key *secret_key_new(void)
{
    uint8_t seed[KEY_SEED_BYTES];
    randombytes_buf(seed, sizeof seed);
    struct secret_key *key = secret_key_from_seed(seed);
    sodium_memzero(seed, sizeof seed);
    return key;
}

void secret_key_free(struct secret_key *key)
{
    sodium_free(key); /* Wipes, and accepts NULL. */
}

void secret_key_seed(const struct secret_key *key, uint8_t seed[static KEY_SEED_BYTES])
{
    memcpy(seed, key->b, KEY_SEED_BYTES);
}

void secret_key_public(const struct secret_key *key, struct public_key *out)
{
    memcpy(out->b, key->b + KEY_SEED_BYTES, KEY_BYTES);
}

void key_sign(struct signature *out, const void *data, size_t n, const struct secret_key *key)
{
    crypto_sign_detached(out->b, NULL, data, n, key->b);
}

/* --- Public keys --------------------------------------------------------------------- */

bool key_verify(const struct public_key *key, const void *data, size_t n,
                const struct signature *sig)
{
    return crypto_sign_verify_detached(sig->b, data, n, key->b) == 0;
}

bool key_acceptable(const struct public_key *key)
{
    /* Canonical, on the curve, not of small order, in the main subgroup. */
    return crypto_core_ed25519_is_valid_point(key->b) == 1;
}

bool public_key_equal(const struct public_key *a, const struct public_key *b)
{
    return memcmp(a->b, b->b, KEY_BYTES) == 0;
}

/* --- Key names and ids ---------------------------------------------------------------- */

/* Unicode property White_Space, without the characters below U+0020. */
static bool is_unicode_space(uint32_t c)
{
    return c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
           c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

bool key_name_valid(const char *name, size_t name_len)
{
    if (name_len == 0) {
        return false;
    }
    for (const char *end = name + name_len; name < end;) {
        /* Most are ASCII. */
        if ((uint8_t)*name > 0x20 && (uint8_t)*name < 0x80 && *name != '+') {
            name++;
            continue;
        }
        uint32_t c;
        size_t used = utf8_decode(&c, name, (size_t)(end - name));
        if (used == 0 || c < 0x20 || c == '+' || is_unicode_space(c)) {
            return false;
        }
        name += used;
    }
    return true;
}

void key_id_of(struct key_id *out, const char *name, size_t name_len, uint8_t type,
               const struct public_key *key)
{
    const uint8_t middle[2] = {'\n', type};
    struct hash_stream s;
    struct hash h;

    hash_stream_start(&s);
    hash_stream_add(&s, name, name_len);
    hash_stream_add(&s, middle, sizeof middle);
    hash_stream_add(&s, key->b, KEY_BYTES);
    hash_stream_end(&s, &h);
    memcpy(out->b, h.b, KEY_ID_BYTES);
}

bool key_id_equal(const struct key_id *a, const struct key_id *b)
{
    return memcmp(a->b, b->b, KEY_ID_BYTES) == 0;
}

/* --- The two key texts: [prefix]<name>+<hex id>+<base64(type || 32 bytes)> --------------- */

/* What follows the name: '+', 8 digits, '+', base64 of 33 bytes. */
enum { TAIL_LEN = 1 + 8 + 1 + 44, TYPED_BYTES = 1 + 32 };

static void tail_encode(char out[static TAIL_LEN + 1], const struct key_id *id,
                        const uint8_t typed[static TYPED_BYTES])
{
    out[0] = '+';
    hex_encode(out + 1, id->b, KEY_ID_BYTES);
    out[9] = '+';
    base64_encode(out + 10, BASE64_SIZE(TYPED_BYTES), typed, TYPED_BYTES);
}

/* Splits a text into name and tail and decodes the tail; the id is not compared yet. */
static bool tail_parse(const char *text, size_t len, size_t *name_len, struct key_id *id,
                       uint8_t typed[static TYPED_BYTES])
{
    if (len <= TAIL_LEN) {
        return false;
    }
    *name_len = len - TAIL_LEN;
    const char *tail = text + *name_len;
    return key_name_valid(text, *name_len) && tail[0] == '+' && tail[9] == '+' &&
           hex_decode(id->b, KEY_ID_BYTES, tail + 1, HEX_LEN(KEY_ID_BYTES)) &&
           base64_decode_exact(typed, TYPED_BYTES, tail + 10, BASE64_LEN(TYPED_BYTES));
}

void verifier_key_set(struct verifier_key *out, const char *name, size_t name_len, uint8_t type,
                      const struct public_key *key)
{
    out->name = name;
    out->name_len = name_len;
    out->type = type;
    out->key = *key;
    key_id_of(&out->id, name, name_len, type, key);
}

size_t verifier_key_encode(char *out, size_t out_size, const struct verifier_key *key)
{
    uint8_t typed[TYPED_BYTES];

    if (!key_name_valid(key->name, key->name_len) ||
        out_size < VERIFIER_KEY_SIZE(key->name_len)) {
        return 0;
    }
    typed[0] = key->type;
    memcpy(typed + 1, key->key.b, KEY_BYTES);
    memcpy(out, key->name, key->name_len);
    tail_encode(out + key->name_len, &key->id, typed);
    return key->name_len + TAIL_LEN;
}

bool verifier_key_parse(struct verifier_key *out, const char *text, size_t len)
{
    uint8_t typed[TYPED_BYTES];
    struct key_id id;
    struct public_key key;
    size_t name_len;

    if (!tail_parse(text, len, &name_len, &id, typed) ||
        (typed[0] != KEY_ED25519 && typed[0] != KEY_COSIGNATURE)) {
        return false;
    }
    memcpy(key.b, typed + 1, KEY_BYTES);
    verifier_key_set(out, text, name_len, typed[0], &key);
    return key_id_equal(&out->id, &id) && key_acceptable(&key);
}

size_t signer_key_encode(char *out, size_t out_size, const char *name, size_t name_len,
                         const struct secret_key *key)
{
    uint8_t typed[TYPED_BYTES];
    struct public_key pub;
    struct key_id id;

    if (!key_name_valid(name, name_len) || out_size < SIGNER_KEY_SIZE(name_len)) {
        return 0;
    }
    secret_key_public(key, &pub);
    key_id_of(&id, name, name_len, KEY_ED25519, &pub);
    typed[0] = KEY_ED25519;
    secret_key_seed(key, typed + 1);
    memcpy(out, signer_prefix, SIGNER_PREFIX_LEN);
    memcpy(out + SIGNER_PREFIX_LEN, name, name_len);
    tail_encode(out + SIGNER_PREFIX_LEN + name_len, &id, typed);
    sodium_memzero(typed, sizeof typed);
    return SIGNER_PREFIX_LEN + name_len + TAIL_LEN;
}

struct secret_key *signer_key_parse(const char *text, size_t len, const char **name,
                                    size_t *name_len)
{
    uint8_t typed[TYPED_BYTES] = {0};
    struct secret_key *key = NULL;
    struct public_key pub;
    struct key_id id, expected;

    if (len < SIGNER_PREFIX_LEN || memcmp(text, signer_prefix, SIGNER_PREFIX_LEN) != 0) {
        return NULL;
    }
    text += SIGNER_PREFIX_LEN;
    len -= SIGNER_PREFIX_LEN;
    if (tail_parse(text, len, name_len, &id, typed) && typed[0] == KEY_ED25519) {
        key = secret_key_from_seed(typed + 1);
    }
    sodium_memzero(typed, sizeof typed);
    if (key == NULL) {
        return NULL;
    }
    secret_key_public(key, &pub);
    key_id_of(&expected, text, *name_len, KEY_ED25519, &pub);
    if (!key_id_equal(&id, &expected)) {
        secret_key_free(key);
        return NULL;
    }
    *name = text;
    return key;
}
