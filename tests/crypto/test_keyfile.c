/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <string.h>

#include "crypto/keyfile.h"
#include "crypto/random.h"
#include "tests/crypto/helpers.h"

TestSuite(keyfile, .init = start);

static const char passphrase[] = "douze hirondelles sur le fil, \xc3\xa0 Forest";
enum { PASSPHRASE_LEN = sizeof passphrase - 1 };

static bool same_key(const struct secret_key *a, const struct secret_key *b)
{
    uint8_t sa[KEY_SEED_BYTES], sb[KEY_SEED_BYTES];
    secret_key_seed(a, sa);
    secret_key_seed(b, sb);
    return bytes_equal(sa, sb, sizeof sa);
}

/*
 * A whole key file with everything fixed, computed with python3-nacl. Anything else that makes
 * or opens key files, such as the page in a browser, must give this box:
 *   seed   SHA-256("hirondelle test key")     salt 00 01 .. 0f     nonce 40 41 .. 57
 *   Argon2id key bce85708228597471508b9db73c7741dfee51f1a00eca43d16928215665140e1
 */
static const char vector_aad[] =
    "{\"kdf\":\"argon2id\",\"label\":\"hirondelle \xc2\xb7 bureau\",\"m\":65536,"
    "\"nonce\":\"QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZX\",\"p\":1,"
    "\"pub\":\"MQ1jtR6nb31ORGTyM/oiIj1VRdxB1kgz9MIDNFjsChI=\","
    "\"salt\":\"AAECAwQFBgcICQoLDA0ODw==\",\"t\":3,\"v\":1}";
static const char vector_box[] = "GDWUAttmBQKAoN5PexfRHvWxMRfHrFC2m5uZqAonNQY7wpkTYeACThJcueTXyYQz";

Test(keyfile, fixed_vector_is_made_and_opened)
{
    struct secret_key *key = key_of_phrase("hirondelle test key"), *back;
    struct keyfile file;
    char box[BASE64_SIZE(KEYFILE_BOX_BYTES)], pub[BASE64_SIZE(KEY_BYTES)];

    keyfile_begin(&file, key);
    base64_encode(pub, sizeof pub, file.pub.b, KEY_BYTES);
    cr_assert_str_eq(pub, "MQ1jtR6nb31ORGTyM/oiIj1VRdxB1kgz9MIDNFjsChI=");
    for (size_t i = 0; i < sizeof file.salt; i++) {
        file.salt[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < sizeof file.nonce; i++) {
        file.nonce[i] = (uint8_t)(0x40 + i);
    }
    cr_assert_eq(keyfile_seal(&file, key, passphrase, PASSPHRASE_LEN, vector_aad,
                              sizeof vector_aad - 1), KEYFILE_OK);
    base64_encode(box, sizeof box, file.box, sizeof file.box);
    cr_assert_str_eq(box, vector_box);

    cr_assert_eq(keyfile_open(&file, passphrase, PASSPHRASE_LEN, vector_aad,
                              sizeof vector_aad - 1, &back), KEYFILE_OK);
    cr_assert(same_key(key, back));
    secret_key_free(back);
    secret_key_free(key);
}

/* The least work that is accepted, so that hundreds of openings take no time. */
static void cheap_file(struct keyfile *file, const struct secret_key *key, const char *aad)
{
    keyfile_begin(file, key);
    file->m_kib = KEYFILE_M_KIB_MIN;
    file->t = 1;
    cr_assert_eq(keyfile_seal(file, key, passphrase, PASSPHRASE_LEN, aad, strlen(aad)),
                 KEYFILE_OK);
}

static enum keyfile_err open_error(const struct keyfile *file, const char *words, size_t n,
                                   const char *aad)
{
    struct secret_key *key = (struct secret_key *)1;
    enum keyfile_err err = keyfile_open(file, words, n, aad, strlen(aad), &key);
    CHECK((err == KEYFILE_OK) == (key != NULL), "a key comes with success only");
    secret_key_free(key);
    return err;
}

Test(keyfile, beginning_fills_the_header_with_fresh_salt_and_nonce)
{
    struct secret_key *key = key_of_phrase("k");
    struct keyfile a, b;
    struct public_key pub;

    secret_key_public(key, &pub);
    keyfile_begin(&a, key);
    keyfile_begin(&b, key);
    cr_assert(a.m_kib == 65536 && a.t == 3 && a.p == 1);
    cr_assert(public_key_equal(&a.pub, &pub));
    cr_assert(memcmp(a.salt, b.salt, sizeof a.salt) != 0);
    cr_assert(memcmp(a.nonce, b.nonce, sizeof a.nonce) != 0);
    secret_key_free(key);
}

Test(keyfile, wrong_passphrase_is_refused)
{
    struct secret_key *key = key_of_phrase("k");
    struct keyfile file;

    cheap_file(&file, key, "header");
    cr_assert_eq(open_error(&file, passphrase, PASSPHRASE_LEN, "header"), KEYFILE_OK);
    cr_assert_eq(open_error(&file, passphrase, PASSPHRASE_LEN - 1, "header"), KEYFILE_WRONG);
    cr_assert_eq(open_error(&file, passphrase, PASSPHRASE_LEN + 1, "header"), KEYFILE_WRONG);
    cr_assert_eq(open_error(&file, "", 0, "header"), KEYFILE_WRONG);
    cr_assert_eq(open_error(&file, passphrase, PASSPHRASE_LEN, "headeR"), KEYFILE_WRONG);
    cr_assert_eq(open_error(&file, passphrase, PASSPHRASE_LEN, ""), KEYFILE_WRONG);
    secret_key_free(key);
}

Test(keyfile, any_flipped_bit_of_box_salt_or_nonce_is_refused)
{
    struct secret_key *key = key_of_phrase("k");
    struct keyfile file;
    uint8_t *const parts[] = {file.box, file.salt, file.nonce};
    const size_t sizes[] = {sizeof file.box, sizeof file.salt, sizeof file.nonce};

    cheap_file(&file, key, "header");
    for (size_t part = 0; part < 3; part++) {
        for (size_t bit = 0; bit < 8 * sizes[part]; bit++) {
            parts[part][bit / 8] ^= (uint8_t)(1u << bit % 8);
            CHECK(open_error(&file, passphrase, PASSPHRASE_LEN, "header") == KEYFILE_WRONG,
                  "part %zu bit %zu", part, bit);
            parts[part][bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    cr_assert_eq(open_error(&file, passphrase, PASSPHRASE_LEN, "header"), KEYFILE_OK);
    file.t = 2;
    cr_assert_eq(open_error(&file, passphrase, PASSPHRASE_LEN, "header"), KEYFILE_WRONG);
    secret_key_free(key);
}

Test(keyfile, public_key_that_is_not_of_the_seed_means_damaged)
{
    struct secret_key *key = key_of_phrase("k");
    struct keyfile file;

    cheap_file(&file, key, "header");
    file.pub.b[0] ^= 1;
    cr_assert_eq(open_error(&file, passphrase, PASSPHRASE_LEN, "header"), KEYFILE_DAMAGED);
    secret_key_free(key);
}

Test(keyfile, work_beyond_the_limits_is_refused_on_both_ways)
{
    static const uint32_t bad[][3] = {
        {7, 1, 1}, {0, 1, 1}, {KEYFILE_M_KIB_MAX + 1, 1, 1}, {UINT32_MAX, 3, 1},
        {8, 0, 1}, {8, 11, 1}, {8, UINT32_MAX, 1}, {8, 1, 0}, {8, 1, 2},
    };
    struct secret_key *key = key_of_phrase("k");

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct keyfile file;
        keyfile_begin(&file, key);
        file.m_kib = bad[i][0];
        file.t = bad[i][1];
        file.p = bad[i][2];
        cr_assert_eq(keyfile_seal(&file, key, "p", 1, "", 0), KEYFILE_LIMITS, "case %zu", i);
        cr_assert_eq(open_error(&file, "p", 1, ""), KEYFILE_LIMITS, "case %zu", i);
    }
    secret_key_free(key);
}
