/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <string.h>

#include "crypto/random.h"
#include "tests/crypto/helpers.h"

TestSuite(hash, .init = start);

static void expect(const char *data, const char *hex)
{
    struct hash got, want = hash_hex(hex);
    hash_sha256(&got, data, strlen(data));
    cr_assert(hash_equal(&got, &want), "%s", data);
}

/* FIPS 180-4 examples; the last is the identity of a witness's view of one log. */
Test(hash, sha256_gives_the_published_values)
{
    expect("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
           "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    expect("rome2026h1.example.org",
           "000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706");
}

Test(hash, pieces_give_the_hash_of_the_whole)
{
    static uint8_t data[300];
    struct hash whole, pieces;

    random_fill(data, sizeof data);
    hash_sha256(&whole, data, sizeof data);
    for (size_t step = 1; step <= sizeof data; step++) {
        struct hash_stream s;
        hash_stream_start(&s);
        for (size_t at = 0; at < sizeof data; at += step) {
            size_t left = sizeof data - at;
            hash_stream_add(&s, data + at, left < step ? left : step);
        }
        hash_stream_end(&s, &pieces);
        CHECK(hash_equal(&whole, &pieces), "pieces of %zu", step);
    }
}

Test(hash, nothing_may_be_hashed_from_a_null_pointer)
{
    struct hash a, b;
    struct hash_stream s;

    hash_sha256(&a, NULL, 0);
    hash_stream_start(&s);
    hash_stream_add(&s, NULL, 0);
    hash_stream_end(&s, &b);
    cr_assert(hash_equal(&a, &b));
    expect("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

Test(hash, equality_sees_every_byte)
{
    struct hash a, b;
    hash_sha256(&a, "x", 1);
    for (size_t i = 0; i < HASH_BYTES; i++) {
        b = a;
        cr_assert(hash_equal(&a, &b));
        b.b[i] ^= 1;
        cr_assert_not(hash_equal(&a, &b));
    }
}
