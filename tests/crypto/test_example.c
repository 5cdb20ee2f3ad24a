/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One entry signed by two organisations, from the signatures to the signed checkpoint of the
 * log that holds it alone. The figures were computed by a separate Python program.
 */
#include <string.h>

#include "crypto/merkle.h"
#include "crypto/note.h"
#include "tests/crypto/helpers.h"

#define DASH "\xe2\x80\x94 "
#define ORIGIN "ledger.example.org/demo"

static const char text[] =
    ORIGIN "/entry/v1\n"
    "{\"amount\":90,\"from\":\"alder\",\"id\":\"000102030405060708090a0b0c0d0e0f\","
    "\"kind\":\"transfer.post\",\"memo_hash\":"
    "\"0000000000000000000000000000000000000000000000000000000000000000\","
    "\"to\":\"birch\",\"unit\":\"minute\",\"valid_until\":1767225600000}\n";

TestSuite(example, .init = start);

static void expect_line(char line[static NOTE_LINE_SIZE(64)], const char *phrase,
                        const char *name, const char *signed_text, const char *want)
{
    struct secret_key *key = key_of_phrase(phrase);
    cr_assert_neq(note_sign(line, NOTE_LINE_SIZE(64), signed_text, strlen(signed_text), name,
                            strlen(name), key), 0);
    cr_assert_str_eq(line, want);
    secret_key_free(key);
}

Test(example, entry_leaf_and_checkpoint)
{
    char alder[NOTE_LINE_SIZE(64)], birch[NOTE_LINE_SIZE(64)], log[NOTE_LINE_SIZE(64)];
    char leaf[1024] = "at 1767139200000\n";
    size_t at = strlen(leaf);

    expect_line(alder, "alder test key", ORIGIN "/org/alder", text,
                DASH ORIGIN "/org/alder Qesp4moW/D07ZWTktE7tSawiH0+H8+s2T71MthuSQG1sGH/QueMbOFGLE"
                            "Py+Y/aCHipg5/X5y5QXP24NqiJ6mEykWAQ=\n");
    expect_line(birch, "birch test key", ORIGIN "/org/birch", text,
                DASH ORIGIN "/org/birch fE1FuDZHSGm042wWSPPz+qwXOHz8HbnEm8RjLpZ4vouAgtefONsL/rAL6"
                            "zvQX9KbM6WFn2gBA2MpZXTkRb46nlrrAAc=\n");
    const char *lines[] = {alder, birch};
    size_t n = note_build(leaf + at, sizeof leaf - at, text, strlen(text), lines, 2);
    cr_assert_eq(at + n, 541);

    struct hash leaf_hash, root;
    struct hash want = hash_hex("a6f559632b67f730a3d9cd8d98e33ace7aaf401a7f414060bb50ead8637d0af4");
    struct merkle_range range;
    merkle_leaf(&leaf_hash, leaf, at + n);
    cr_assert(hash_equal(&leaf_hash, &want));
    merkle_range_start(&range);
    merkle_range_append(&range, &leaf_hash);
    merkle_range_root(&range, &root);
    cr_assert(hash_equal(&root, &want));

    char checkpoint[200], base64[BASE64_SIZE(HASH_BYTES)];
    base64_encode(base64, sizeof base64, root.b, HASH_BYTES);
    snprintf(checkpoint, sizeof checkpoint, ORIGIN "\n1\n%s\n", base64);
    expect_line(log, "demo log test key", ORIGIN, checkpoint,
                DASH ORIGIN " xxZeksN+gPfOmXryo3ElEZ88rhHWWD1OJ6j/qfHIFLi2Xk94mHv6E0ZiNUem9D7k4Sm"
                            "4r/0nxWzp+92o2C6eA6JPzAA=\n");

    struct note parsed;
    cr_assert_eq(note_parse(&parsed, leaf + at, n), NOTE_OK);
    cr_assert_eq(parsed.n_sigs, 2);
    cr_assert(memcmp(parsed.sigs[0].id.b, "\x41\xeb\x29\xe2", KEY_ID_BYTES) == 0);
    cr_assert(memcmp(parsed.sigs[1].id.b, "\x7c\x4d\x45\xb8", KEY_ID_BYTES) == 0);
}
