/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <string.h>

#include "crypto/random.h"
#include "tests/crypto/helpers.h"

TestSuite(random, .init = start);

Test(random, start_may_be_called_again)
{
    cr_assert_eq(crypto_start(), 0);
    cr_assert_eq(crypto_start(), 0);
}

Test(random, two_fills_differ_and_keep_to_their_room)
{
    uint8_t a[33] = {0}, b[33] = {0};

    random_fill(a, 32);
    random_fill(b, 32);
    cr_assert(memcmp(a, b, 32) != 0);
    cr_assert_eq(a[32], 0);
}

Test(random, wipe_leaves_zeros_in_exactly_its_room)
{
    uint8_t secret[64], zeros[62] = {0};

    memset(secret, 0xa5, sizeof secret);
    secret_wipe(secret + 1, 62);
    cr_assert(memcmp(secret + 1, zeros, 62) == 0);
    cr_assert(secret[0] == 0xa5 && secret[63] == 0xa5);
}

Test(random, equality_sees_every_single_bit)
{
    uint8_t a[32], b[32];

    random_fill(a, sizeof a);
    memcpy(b, a, sizeof b);
    cr_assert(bytes_equal(a, b, sizeof a));
    for (size_t bit = 0; bit < 8 * sizeof a; bit++) {
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK(!bytes_equal(a, b, sizeof a), "bit %zu", bit);
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    cr_assert(bytes_equal(a, "", 0));
}
