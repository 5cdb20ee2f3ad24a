/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "cli/keyfile_json.h"
#include "crypto/hash.h"
#include "crypto/random.h"

static void start(void)
{
    cr_assert_eq(crypto_start(), 0);
}

TestSuite(keyfile_json, .init = start);

/*
 * The key file of tests/crypto/test_keyfile.c as a whole file: seed SHA-256("hirondelle test key").
 */
#define BEFORE_LABEL                                                                               \
    "{\"box\":\"GDWUAttmBQKAoN5PexfRHvWxMRfHrFC2m5uZqAonNQY7wpkTYeACThJcueTXyYQz\","               \
    "\"kdf\":\"argon2id\",\"label\":"
#define AFTER_LABEL                                                                                \
    ",\"m\":65536,\"nonce\":\"QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZX\",\"p\":1,"                         \
    "\"pub\":\"MQ1jtR6nb31ORGTyM/oiIj1VRdxB1kgz9MIDNFjsChI=\","                                    \
    "\"salt\":\"AAECAwQFBgcICQoLDA0ODw==\",\"t\":3,\"v\":1}\n"
static const char vector[] = BEFORE_LABEL "\"hirondelle \xc2\xb7 bureau\"" AFTER_LABEL;
static const char passphrase[] = "douze hirondelles sur le fil, \xc3\xa0 Forest";

static enum keyfile_err open_with(const struct keyfile_json *file, const char *words,
                                  struct secret_key **key)
{
    return keyfile_open(&file->file, words, strlen(words), file->aad, strlen(file->aad), key);
}

Test(keyfile_json, opens_the_fixed_vector)
{
    struct keyfile_json file;
    struct secret_key *key;
    uint8_t seed[KEY_SEED_BYTES];
    struct hash wanted;
    const char *why;

    cr_assert(keyfile_json_decode(&file, vector, sizeof vector - 1, &why), "%s", why);
    cr_expect_str_eq(file.label, "hirondelle \xc2\xb7 bureau");
    cr_assert_eq(open_with(&file, passphrase, &key), KEYFILE_OK);
    secret_key_seed(key, seed);
    hash_sha256(&wanted, "hirondelle test key", strlen("hirondelle test key"));
    cr_expect(bytes_equal(seed, wanted.b, sizeof seed));
    secret_key_free(key);
    keyfile_json_free(&file);
}

Test(keyfile_json, writes_the_fixed_vector_byte_for_byte)
{
    struct keyfile_json file;
    const char *why;

    cr_assert(keyfile_json_decode(&file, vector, sizeof vector - 1, &why));
    char *again = keyfile_json_encode(&file);
    cr_assert_str_eq(again, vector);
    free(again);
    keyfile_json_free(&file);
}

Test(keyfile_json, a_changed_label_does_not_open)
{
    static const char other[] = BEFORE_LABEL "\"tilleul\"" AFTER_LABEL;
    struct keyfile_json file;
    struct secret_key *key;
    const char *why;

    cr_assert(keyfile_json_decode(&file, other, sizeof other - 1, &why));
    cr_expect_eq(open_with(&file, passphrase, &key), KEYFILE_WRONG);
    keyfile_json_free(&file);
}

Test(keyfile_json, spelling_of_the_file_does_not_matter)
{
    /* White space and order are not part of what is sealed: the header is made canonical. */
    struct keyfile_json file;
    struct secret_key *key;
    const char *why;
    char loose[sizeof vector + 8] = " ";

    memcpy(loose + 1, vector, sizeof vector);
    loose[sizeof vector - 1] = '\n';
    cr_assert(keyfile_json_decode(&file, loose, strlen(loose), &why), "%s", why);
    cr_expect_eq(open_with(&file, passphrase, &key), KEYFILE_OK);
    secret_key_free(key);
    keyfile_json_free(&file);
}

Test(keyfile_json, refuses_files_that_are_none)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        BEFORE_LABEL "3" AFTER_LABEL,
        BEFORE_LABEL "\"a\",\"extra\":1" AFTER_LABEL,
        BEFORE_LABEL "\"a\",\"m\":65536" AFTER_LABEL,
    };
    struct keyfile_json file;
    const char *why;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        why = "";
        cr_expect_not(keyfile_json_decode(&file, bad[i], strlen(bad[i]), &why), "%s", bad[i]);
        cr_expect(why[0] != '\0');
        keyfile_json_free(&file);
    }
}

Test(keyfile_json, refuses_a_cut_off_or_stretched_field)
{
    struct keyfile_json file;
    const char *why;
    char text[sizeof vector];

    for (const char *field = "nonce"; field != NULL;
         field = strcmp(field, "nonce") == 0 ? "salt" : NULL) {
        memcpy(text, vector, sizeof vector);
        char *at = strstr(text, field);
        at[strlen(field) + 4] = '!';
        cr_expect_not(keyfile_json_decode(&file, text, sizeof text - 1, &why), "%s", field);
        keyfile_json_free(&file);
    }
}
