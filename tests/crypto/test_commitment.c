/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <string.h>

#include "crypto/commitment.h"
#include "tests/crypto/helpers.h"

static const char origin[] = "ledger.example.org/demo";
static const char text[] = "Deux heures de comptabilit\xc3\xa9.";
enum { TEXT_LEN = sizeof text - 1 };

TestSuite(commitment, .init = start);

static struct salt counting_salt(void)
{
    struct salt salt;
    for (size_t i = 0; i < SALT_BYTES; i++) {
        salt.b[i] = (uint8_t)i;
    }
    return salt;
}

/* Computed with Python's hashlib. */
Test(commitment, is_the_hash_of_origin_kind_salt_and_text)
{
    struct salt salt = counting_salt();
    struct hash got;
    struct hash want = hash_hex("1a8601c17d199022e07286180f2aa8ffcc1ae34bc3fbbb5f6d6e0026e73e7ff3");

    commitment_make(&got, origin, "terms", &salt, text, TEXT_LEN);
    cr_assert(hash_equal(&got, &want));
    cr_assert(commitment_opens(&want, origin, "terms", &salt, text, TEXT_LEN));
}

Test(commitment, opens_with_nothing_but_its_own_parts)
{
    struct salt salt = counting_salt(), other = salt;
    struct hash c;

    commitment_make(&c, origin, "terms", &salt, text, TEXT_LEN);
    cr_assert_not(commitment_opens(&c, "ledger.example.org/dem", "terms", &salt, text, TEXT_LEN));
    cr_assert_not(commitment_opens(&c, origin, "people", &salt, text, TEXT_LEN));
    cr_assert_not(commitment_opens(&c, origin, "terms", &salt, text, TEXT_LEN - 1));
    cr_assert_not(commitment_opens(&c, origin, "terms", &salt, NULL, 0));
    for (size_t i = 0; i < SALT_BYTES; i++) {
        other.b[i] ^= 1;
        CHECK(!commitment_opens(&c, origin, "terms", &other, text, TEXT_LEN), "byte %zu", i);
        other.b[i] ^= 1;
    }
}

Test(commitment, fresh_salts_make_equal_texts_look_different)
{
    struct salt a, b;
    struct hash ca, cb;

    salt_new(&a);
    salt_new(&b);
    commitment_make(&ca, origin, "terms", &a, text, TEXT_LEN);
    commitment_make(&cb, origin, "terms", &b, text, TEXT_LEN);
    cr_assert_not(hash_equal(&ca, &cb));
}
