/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "crypto/random.h"
#include "tests/crypto/helpers.h"

TestSuite(key, .init = start);

static void expect_signature(const struct secret_key *key, const char *message, size_t n,
                             const struct signature *want)
{
    struct public_key pub;
    struct signature got;

    secret_key_public(key, &pub);
    key_sign(&got, message, n, key);
    cr_assert(memcmp(got.b, want->b, SIGNATURE_BYTES) == 0);
    cr_assert(key_verify(&pub, message, n, &got));
}

/* RFC 8032 section 7.1, test 1. */
Test(key, rfc_8032_test_1)
{
    struct secret_key *key =
        key_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    struct hash want = hash_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    struct public_key pub;
    struct signature sig;
    static const char hex[] = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                              "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";

    secret_key_public(key, &pub);
    cr_assert(memcmp(pub.b, want.b, KEY_BYTES) == 0);
    cr_assert(hex_decode(sig.b, SIGNATURE_BYTES, hex, strlen(hex)));
    expect_signature(key, "", 0, &sig);
    secret_key_free(key);
}

/* RFC 9421 appendix B.2.6. */
Test(key, rfc_9421_signature_base)
{
    static const char base[] =
        "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@method\": POST\n\"@path\": /foo\n"
        "\"@authority\": example.com\n\"content-type\": application/json\n"
        "\"content-length\": 18\n\"@signature-params\": (\"date\" \"@method\" \"@path\" "
        "\"@authority\" \"content-type\" \"content-length\")"
        ";created=1618884473;keyid=\"test-key-ed25519\"";
    static const char text[] = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu"
                               "4A0w6vuQv5lIp5WPpBKRCw==";
    struct secret_key *key =
        key_hex("9f8362f87a484a954e6e740c5b4c0e84229139a20aa8ab56ff66586f6a7d29c5");
    struct signature sig;

    cr_assert(base64_decode_exact(sig.b, SIGNATURE_BYTES, text, strlen(text)));
    expect_signature(key, base, strlen(base), &sig);
    secret_key_free(key);
}

Test(key, verdicts_on_all_wycheproof_cases)
{
    static struct table t;
    size_t valid = 0, invalid = 0;

    table_open(&t, "ed25519-wycheproof.txt");
    while (table_next(&t, 5)) {
        static uint8_t message[TABLE_LINE_MAX];
        struct hash pub = hash_hex(t.field[2]);
        struct public_key key;
        struct signature sig;
        size_t n = strcmp(t.field[4], "-") == 0 ? 0 : strlen(t.field[4]) / 2;

        memcpy(key.b, pub.b, KEY_BYTES);
        CHECK(n == 0 || hex_decode(message, n, t.field[4], 2 * n), "case %s", t.field[1]);
        bool fits = hex_decode(sig.b, SIGNATURE_BYTES, t.field[3], strlen(t.field[3]));
        bool want = strcmp(t.field[0], "valid") == 0;
        CHECK((fits && key_verify(&key, message, n, &sig)) == want, "case %s", t.field[1]);
        valid += want;
        invalid += !want;
    }
    table_close(&t);
    cr_assert(valid == 88 && invalid == 63, "%zu valid, %zu invalid", valid, invalid);
}

Test(key, verdicts_on_all_cctv_cases)
{
    static struct table t;
    static struct public_key keys[32];
    static struct signature sigs[512];
    static char msgs[64][32];
    size_t n_keys = 0, n_sigs = 0, n_msgs = 0, cases = 0, accepted = 0;

    table_open(&t, "ed25519-cctv.txt");
    while (table_next(&t, 2)) {
        const char *rest = t.field[1];
        if (strcmp(t.field[0], "key") == 0) {
            cr_assert(n_keys < 32 && hex_decode(keys[n_keys++].b, KEY_BYTES, rest, 64));
        } else if (strcmp(t.field[0], "sig") == 0) {
            cr_assert(n_sigs < 512 && hex_decode(sigs[n_sigs++].b, SIGNATURE_BYTES, rest, 128));
        } else if (strcmp(t.field[0], "msg") == 0) {
            cr_assert(n_msgs < 64 && strlen(rest) < 32);
            memcpy(msgs[n_msgs++], rest, strlen(rest) + 1);
        } else {
            unsigned no, k, s, m;
            CHECK(sscanf(rest, "%u %u %u %u", &no, &k, &s, &m) == 4 && k < n_keys &&
                      s < n_sigs && m < n_msgs, "%s", rest);
            bool want = strcmp(t.field[0], "valid") == 0;
            CHECK(key_verify(&keys[k], msgs[m], strlen(msgs[m]), &sigs[s]) == want, "case %u", no);
            cases++;
            accepted += want;
        }
    }
    table_close(&t);
    cr_assert(cases == 914 && accepted == 43, "%zu cases, %zu accepted", cases, accepted);
}

/* OpenSSL and WebCrypto accept this for any message. */
Test(key, small_order_key_signs_nothing_and_is_not_acceptable)
{
    struct public_key key = {{1}};
    struct signature sig = {{1}};

    cr_assert_not(key_verify(&key, "any message", 11, &sig));
    cr_assert_not(key_acceptable(&key));
}

Test(key, acceptable_keys_are_canonical_points_of_the_main_subgroup)
{
    static const char *const bad[] = {
        /* Small order: 0, 1, -1, order 8, and non-canonical p, p + 1. */
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        /* Not on the curve; all bits set. */
        "0200000000000000000000000000000000000000000000000000000000000000",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct public_key key;
        cr_assert(hex_decode(key.b, KEY_BYTES, bad[i], 64));
        cr_assert_not(key_acceptable(&key), "%s", bad[i]);
    }
    for (int i = 0; i < 20; i++) {
        struct secret_key *secret = secret_key_new();
        struct public_key key;
        cr_assert_not_null(secret);
        secret_key_public(secret, &key);
        cr_assert(key_acceptable(&key));
        secret_key_free(secret);
    }
}

Test(key, any_flipped_bit_breaks_a_signature)
{
    struct secret_key *secret = key_of_phrase("flip");
    char message[] = "Hirondelle gave 90 minutes to Tilleul.";
    struct public_key key;
    struct signature sig;

    secret_key_public(secret, &key);
    key_sign(&sig, message, sizeof message, secret);
    cr_assert(key_verify(&key, message, sizeof message, &sig));
    for (size_t bit = 0; bit < 8 * SIGNATURE_BYTES; bit++) {
        sig.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK(!key_verify(&key, message, sizeof message, &sig), "signature bit %zu", bit);
        sig.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] ^= 1;
        CHECK(!key_verify(&key, message, sizeof message, &sig), "byte %zu", i);
        message[i] ^= 1;
    }
    cr_assert_not(key_verify(&key, message, sizeof message - 1, &sig));
    secret_key_free(secret);
}

Test(key, seed_makes_the_same_key_again_and_new_keys_differ)
{
    struct secret_key *a = secret_key_new(), *b = secret_key_new();
    uint8_t seed[KEY_SEED_BYTES];
    struct public_key pa, pb, pc;

    cr_assert(a != NULL && b != NULL);
    secret_key_seed(a, seed);
    struct secret_key *c = secret_key_from_seed(seed);
    cr_assert_not_null(c);
    secret_key_public(a, &pa);
    secret_key_public(b, &pb);
    secret_key_public(c, &pc);
    cr_assert(public_key_equal(&pa, &pc));
    cr_assert_not(public_key_equal(&pa, &pb));
    secret_key_free(a);
    secret_key_free(b);
    secret_key_free(c);
    secret_key_free(NULL);
}

/* The kernel tells, without a crash: a read into read-only memory, a sync of unmapped memory. */
Test(key, secret_is_read_only_while_it_lives_and_unmapped_after)
{
    struct secret_key *key = key_of_phrase("locked");
    uintptr_t page = (uintptr_t)key & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
    int zero = open("/dev/zero", O_RDONLY);

    cr_assert(zero >= 0);
    errno = 0;
    cr_assert(syscall(SYS_read, zero, key, 1) == -1 && errno == EFAULT);
    close(zero);
    cr_assert_eq(msync((void *)page, 1, MS_ASYNC), 0);
    secret_key_free(key);
    errno = 0;
    cr_assert(msync((void *)page, 1, MS_ASYNC) == -1 && errno == ENOMEM);
}

Test(key, names_have_no_space_no_plus_no_control)
{
    static const char *const good[] = {"a", "example.com/foo", "ledger.example.org/org/tilleul",
                                       "\xc3\xa9\xc3\xa0", "\xe2\x80\x94", "a\x7f", "\xe2\x80\x8b"};
    static const char *const bad[] = {"", " ", "a b", "a+b", "+", "a\tb", "a\n", "\x1f",
                                      "\xc2\x85", "a\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x80",
                                      "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9",
                                      "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80", "\xff",
                                      "a\xc3", "\xed\xa0\x80"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cr_assert(key_name_valid(good[i], strlen(good[i])), "good %zu", i);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_not(key_name_valid(bad[i], strlen(bad[i])), "bad %zu", i);
    }
    cr_assert_not(key_name_valid("a\0b", 3));
}

/* Texts of the C2SP specification, Go's x/mod, a live log, tessera and sunlight. */
Test(key, verifier_texts_of_others_are_read_and_written_alike)
{
    static const char *const texts[] = {
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
        "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",
        "witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN",
        "mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct verifier_key key = vkey(texts[i]);
        char out[128];
        cr_assert_eq(key.type, i < 4 ? KEY_ED25519 : KEY_COSIGNATURE);
        size_t n = verifier_key_encode(out, sizeof out, &key);
        cr_assert_eq(n, strlen(texts[i]));
        cr_assert_str_eq(out, texts[i]);
        cr_assert_eq(n + 1, VERIFIER_KEY_SIZE(key.name_len));
        cr_assert_eq(verifier_key_encode(out, n, &key), 0);
        cr_assert_eq(verifier_key_encode(out, n + 1, &key), n);
    }
}

Test(key, malformed_verifier_texts_are_refused)
{
    static const char *const bad[] = {
        "",
        "example.com/foo",
        "example.com/foo+530d903a+",
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo 530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AOkyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2l",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U==",
        "example.com/foo+530d903a-AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct verifier_key key;
        cr_assert_not(verifier_key_parse(&key, bad[i], strlen(bad[i])), "%s", bad[i]);
    }
    /* A right id does not make a weak key or an unknown type acceptable. */
    struct public_key weak = {{1}}, sound;
    struct secret_key *secret = key_of_phrase("sound");
    struct verifier_key key;
    char out[128];
    secret_key_public(secret, &sound);
    verifier_key_set(&key, "weak", 4, KEY_ED25519, &weak);
    cr_assert_not(verifier_key_parse(&key, out, verifier_key_encode(out, sizeof out, &key)));
    verifier_key_set(&key, "name", 4, 0x06, &sound);
    cr_assert_not(verifier_key_parse(&key, out, verifier_key_encode(out, sizeof out, &key)));
    verifier_key_set(&key, "na me", 5, KEY_ED25519, &sound);
    cr_assert_eq(verifier_key_encode(out, sizeof out, &key), 0);
    secret_key_free(secret);
}

/* The key of golang.org/x/mod/sumdb/note: its seed and id are published with its tests. */
Test(key, signer_text_carries_a_key_there_and_back)
{
    struct secret_key *key =
        key_hex("810a1402d5146c8d84f2443330f54080ebf98ee17d9c74f6252fc5d5c7283173");
    static const char want[] = "PRIVATE+KEY+PeterNeumann+c74f20a3+"
                               "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    char out[SIGNER_KEY_SIZE(12)];
    struct public_key a, b;
    const char *name;
    size_t name_len;

    cr_assert_eq(signer_key_encode(out, sizeof out - 1, "PeterNeumann", 12, key), 0);
    cr_assert_eq(signer_key_encode(out, sizeof out, "PeterNeumann", 12, key), sizeof out - 1);
    cr_assert_str_eq(out, want);
    cr_assert_eq(signer_key_encode(out, sizeof out, "Peter+Neuman", 12, key), 0);

    struct secret_key *back = signer_key_parse(want, strlen(want), &name, &name_len);
    cr_assert_not_null(back);
    cr_assert(name_len == 12 && memcmp(name, "PeterNeumann", 12) == 0);
    secret_key_public(key, &a);
    secret_key_public(back, &b);
    cr_assert(public_key_equal(&a, &b));
    secret_key_free(key);
    secret_key_free(back);
}

Test(key, malformed_signer_texts_are_refused)
{
    static const char *const bad[] = {
        "",
        "PRIVATE+KEY+",
        "PRIVATE+KEY",
        "PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz",
        "private+key+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz",
        "PRIVATE+KEY++c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz",
        "PRIVATE+KEY+PeterNeumann+c74f20a4+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz",
        "PRIVATE+KEY+PeterNeumann+c74f20a3+BIEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz",
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFy",
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *name;
        size_t name_len;
        cr_assert_null(signer_key_parse(bad[i], strlen(bad[i]), &name, &name_len), "%s", bad[i]);
    }
}
