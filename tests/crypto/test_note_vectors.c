/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Signed notes and cosignatures made by others. Sources: the C2SP signed-note specification
 * (CC BY), golang.org/x/mod/sumdb/note (BSD-3-Clause), a checkpoint of sum.golang.org as kept
 * by FiloSottile/torchwood (ISC), transparency-dev/tessera testdata/log (Apache-2.0),
 * FiloSottile/sunlight cmd/skylight/testdata (ISC).
 */
#include <string.h>

#include "crypto/note.h"
#include "tests/crypto/helpers.h"

#define DASH "\xe2\x80\x94 "

TestSuite(note_vectors, .init = start);

static enum note_err verify(const char *bytes, const struct verifier_key *key, uint64_t *time_s)
{
    struct note n;
    enum note_err err = note_parse(&n, bytes, strlen(bytes));
    cr_assert_eq(err, NOTE_OK, "%s", note_strerror(err));
    return note_verify(&n, key, time_s);
}

static void expect_line(const struct secret_key *key, const char *text, const char *name,
                        const char *want)
{
    char line[NOTE_LINE_SIZE(64)];
    size_t n = note_sign(line, sizeof line, text, strlen(text), name, strlen(name), key);
    cr_assert_eq(n, strlen(want));
    cr_assert_str_eq(line, want);
}

Test(note_vectors, c2sp_example)
{
    struct verifier_key key =
        vkey("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
    cr_assert_eq(verify("This is an example message.\n\n" DASH
                        "example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1E"
                        "RYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n", &key, NULL), NOTE_OK);
}

#define GO_TEXT                                                                                    \
    "If you think cryptography is the answer to your problem,\n"                                   \
    "then you don't know what your problem is.\n"
#define GO_PETER                                                                                   \
    DASH "PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngo" \
         "tpRZb6KE6RyyBwJnAM=\n"
#define GO_ENOCH                                                                                   \
    DASH "EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLo" \
         "x33WWd1RvMc+QQ=\n"

Test(note_vectors, go_note_verifies_and_is_made_again_byte_for_byte)
{
    struct verifier_key peter =
        vkey("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    struct secret_key *peter_secret =
        key_hex("810a1402d5146c8d84f2443330f54080ebf98ee17d9c74f6252fc5d5c7283173");
    struct secret_key *enoch_secret =
        key_hex("0000000000000000000000000000000000000000000000000000000000000000");
    struct verifier_key enoch;
    struct public_key pub;

    secret_key_public(enoch_secret, &pub);
    verifier_key_set(&enoch, "EnochRoot", 9, KEY_ED25519, &pub);
    cr_assert(memcmp(enoch.id.b, "\xaf\x0c\xfe\x78", KEY_ID_BYTES) == 0);

    cr_assert_eq(verify(GO_TEXT "\n" GO_PETER GO_ENOCH, &peter, NULL), NOTE_OK);
    cr_assert_eq(verify(GO_TEXT "\n" GO_PETER GO_ENOCH, &enoch, NULL), NOTE_OK);
    cr_assert_eq(verify(GO_TEXT "\n" GO_PETER, &enoch, NULL), NOTE_NOT_SIGNED);
    expect_line(peter_secret, GO_TEXT, "PeterNeumann", GO_PETER);
    expect_line(enoch_secret, GO_TEXT, "EnochRoot", GO_ENOCH);

    const char *lines[] = {GO_PETER, GO_ENOCH};
    char out[700];
    cr_assert_neq(note_build(out, sizeof out, GO_TEXT, strlen(GO_TEXT), lines, 2), 0);
    cr_assert_str_eq(out, GO_TEXT "\n" GO_PETER GO_ENOCH);
    secret_key_free(peter_secret);
    secret_key_free(enoch_secret);
}

Test(note_vectors, live_checkpoint_of_sum_golang_org)
{
    struct verifier_key key =
        vkey("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8");
    cr_assert_eq(verify("go.sum database tree\n35225469\n"
                        "vt5T6GaLCXvyHFl9VUvvItR43XZxfLgftEcTyO3eJCQ=\n\n" DASH
                        "sum.golang.org Az3grpukl5AXaVfYkLiDGORx/DN2nlcS5kZHR5uYOBV2KA2HgXpD+gu9"
                        "HHONebHLAyaKbbTM75QTtPydhKCExixSfwQ=\n", &key, NULL), NOTE_OK);
    cr_assert_eq(verify("go.sum database tree\n35225470\n"
                        "vt5T6GaLCXvyHFl9VUvvItR43XZxfLgftEcTyO3eJCQ=\n\n" DASH
                        "sum.golang.org Az3grpukl5AXaVfYkLiDGORx/DN2nlcS5kZHR5uYOBV2KA2HgXpD+gu9"
                        "HHONebHLAyaKbbTM75QTtPydhKCExixSfwQ=\n", &key, NULL), NOTE_BAD_SIGNATURE);
}

Test(note_vectors, tessera_checkpoint_of_fifteen_is_made_again_byte_for_byte)
{
    static const char text[] =
        "example.com/log/testdata\n15\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n";
    static const char line[] =
        DASH "example.com/log/testdata M9e0luh4jTG+UMBqOUo9/q+yAEvx1ilBEniMvjf1zfcBOhg+CKubMt53M"
             "vIt/uEWP6zdkdIQzd/fmwlM/dlPWF74ewI=\n";
    struct verifier_key key =
        vkey("example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx");
    struct secret_key *secret =
        key_hex("eca663f499017d2365c27c7a7679158d43cfec1330bdb259290afbd0d21777a0");
    const char *lines[] = {line};
    char bytes[400];

    cr_assert_neq(note_build(bytes, sizeof bytes, text, strlen(text), lines, 1), 0);
    cr_assert_eq(verify(bytes, &key, NULL), NOTE_OK);
    expect_line(secret, text, "example.com/log/testdata", line);
    secret_key_free(secret);
}

static void expect_cosignature(const char *phrase, const char *key_text, const char *name,
                               const char *text, const char *want)
{
    struct verifier_key key = vkey(key_text);
    struct secret_key *secret = key_of_phrase(phrase);
    const char *lines[] = {want};
    char bytes[400], line[NOTE_LINE_SIZE(64)];
    uint64_t time_s = 0;

    cr_assert_neq(note_build(bytes, sizeof bytes, text, strlen(text), lines, 1), 0);
    cr_assert_eq(verify(bytes, &key, &time_s), NOTE_OK);
    cr_assert_eq(time_s, 1767139200);
    size_t n = note_cosign(line, sizeof line, text, strlen(text), name, strlen(name), time_s,
                           secret);
    cr_assert_eq(n, strlen(want));
    cr_assert_str_eq(line, want);
    secret_key_free(secret);
}

Test(note_vectors, sunlight_witness_cosignature)
{
    expect_cosignature(
        "skylight test witness key",
        "witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN",
        "witness.example.org",
        "rome2026h1.example.org\n300\nlCkHUpkmVBEms2r2T1K6Og69+wUuuN3MIEW1/ezu2v0=\n",
        DASH "witness.example.org uKLPIAAAAABpVGeAhm2bOvKc3LaB9PFN1ruG19Y5yqslmcAAbhftnn1Zznmo0LXF"
             "Zq4LGvqKqLX8jWlwLKasxEGTLIqAVusneCBmBw==\n");
}

Test(note_vectors, sunlight_mirror_cosignature)
{
    expect_cosignature(
        "skylight test mirror key",
        "mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O",
        "mirror.example.org",
        "rome2026h1.example.org\n300\ngw31yQrqZZCcEOPrzX+bpy3nJ6QgngTKn8G1m0i62uU=\n",
        DASH "mirror.example.org P7FI7wAAAABpVGeAjA1S4pJm6MbcXjX7UUImu4azZtrfcVW2uyr/LXIYlwEJzXC0"
             "N0EiZkbqfLdXt/4gVEEuGmxJjAfXKMCISpsJAg==\n");
}
