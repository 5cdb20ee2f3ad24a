/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <string.h>

#include "crypto/merkle.h"
#include "tests/crypto/helpers.h"
#include "tests/crypto/tree.h"

TestSuite(merkle, .init = start);

/* Leaves and roots of RFC 6962 as in transparency-dev/merkle testonly (Apache-2.0). */
Test(merkle, well_known_leaves_give_the_well_known_roots)
{
    static const char *const leaves[] = {"",         "00",               "10",
                                         "2021",     "3031",             "40414243",
                                         "5051525354555657",
                                         "606162636465666768696a6b6c6d6e6f"};
    static const char *const roots[] = {
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    };
    static struct tree tree;

    for (size_t n = 0; n <= 8; n++) {
        struct hash want = hash_hex(roots[n]);
        tree_expect_root(&tree, &want);
        if (n < 8) {
            uint8_t leaf[16];
            size_t len = strlen(leaves[n]) / 2;
            cr_assert(hex_decode(leaf, len, leaves[n], 2 * len));
            tree_add(&tree, leaf, len);
        }
    }
}

Test(merkle, single_hashes)
{
    struct hash got;
    struct hash want = hash_hex("395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");

    merkle_leaf(&got, "L123456", 7);
    cr_assert(hash_equal(&got, &want));
    /* golang.org/x/mod/sumdb/tlog. */
    merkle_leaf(&got, "hello world", 11);
    want = hash_base64("TszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=");
    cr_assert(hash_equal(&got, &want));

    /* A published node has inputs of four bytes: SHA-256(0x01 || "N123" || "N456"). */
    static const char node[] = "\x01N123N456";
    hash_sha256(&got, node, sizeof node - 1);
    want = hash_hex("aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb");
    cr_assert(hash_equal(&got, &want));
}

Test(merkle, node_may_be_written_over_either_side)
{
    struct hash a, b, want, got;

    merkle_leaf(&a, "a", 1);
    merkle_leaf(&b, "b", 1);
    merkle_node(&want, &a, &b);
    got = a;
    merkle_node(&got, &got, &b);
    cr_assert(hash_equal(&got, &want));
    got = b;
    merkle_node(&got, &a, &got);
    cr_assert(hash_equal(&got, &want));
    merkle_node(&got, &b, &a);
    cr_assert_not(hash_equal(&got, &want));
}

/* transparency-dev/tessera testdata/log (Apache-2.0). */
Test(merkle, tessera_log_of_fifteen)
{
    static const char *const words[] = {"one",  "two",  "three",  "four",   "five",
                                        "six",  "seven", "eit",   "nain",   "ten",
                                        "ileven", "twelf", "threeten", "fourten", "fivten"};
    static const char *const roots[16] = {
        [1] = "0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek=",
        [2] = "T1X2GdkhUjV3iyufF9b0kVsWFxIU0VI4EpNml2Teci4=",
        [3] = "Wqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKk=",
        [5] = "gy5gl3aksFyiCO95a/1vLXz88A3dRq+0l9Sxte8ZqZQ=",
        [8] = "bC+VwvrJbalNVjfkdI8kUgs7mJoXrqiXCE7bgnD28pY=",
        [15] = "rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=",
    };
    static struct tree tree;

    for (size_t n = 1; n <= 15; n++) {
        tree_add(&tree, words[n - 1], strlen(words[n - 1]));
        if (roots[n] != NULL) {
            struct hash want = hash_base64(roots[n]);
            tree_expect_root(&tree, &want);
        }
    }
}

/* FiloSottile/sunlight cmd/skylight/testdata (ISC): "record 0" to "record 299". */
Test(merkle, tree_across_a_tile_boundary)
{
    static struct tree tree;
    struct hash want = hash_base64("gw31yQrqZZCcEOPrzX+bpy3nJ6QgngTKn8G1m0i62uU="), got;

    tree_add_records(&tree, 300);
    tree_expect_root(&tree, &want);

    /* The first 256 leaves are one stored hash of level 8. */
    want = hash_hex("dc9349f9787ed0086da6d97f679c51a5198f98e456e95b1d87fa3abc012fec31");
    cr_assert(tree_read(&tree, merkle_stored_index(8, 0), &got));
    cr_assert(hash_equal(&got, &want));
    cr_assert(merkle_root(tree_read, &tree, 256, &got));
    cr_assert(hash_equal(&got, &want));

    struct hash_stream full, partial;
    hash_stream_start(&full);
    hash_stream_start(&partial);
    for (uint64_t n = 0; n < 300; n++) {
        cr_assert(tree_read(&tree, merkle_stored_index(0, n), &got));
        hash_stream_add(n < 256 ? &full : &partial, got.b, HASH_BYTES);
    }
    hash_stream_end(&full, &got);
    want = hash_hex("66a1d43136a854a5776d5bce14bf101c925fc7d4b32f1be23b658f636ebfcddb");
    cr_assert(hash_equal(&got, &want), "tile/0/000");
    hash_stream_end(&partial, &got);
    want = hash_hex("699f078d937f13343d71ad39321757de3ecf391e8d7a1b2015ad38bd36f5d60a");
    cr_assert(hash_equal(&got, &want), "tile/0/001.p/44");
}

/* --- Numbering --------------------------------------------------------------------------- */

Test(merkle, numbering_is_dense_and_in_the_order_of_becoming_known)
{
    uint64_t next = 0;

    for (uint64_t n = 0; n < 5000; n++) {
        CHECK(merkle_stored_count(n) == next, "count of %lu", (unsigned long)n);
        CHECK(merkle_stored_index(0, n) == next++, "leaf %lu", (unsigned long)n);
        for (unsigned level = 1; (n + 1) % ((uint64_t)1 << level) == 0; level++) {
            CHECK(merkle_stored_index(level, n >> level) == next++, "level %u", level);
        }
    }
}

Test(merkle, numbering_reaches_the_largest_tree)
{
    cr_assert_eq(merkle_stored_count(MERKLE_LEAVES_MAX), 2 * MERKLE_LEAVES_MAX - 1);
    cr_assert_eq(merkle_stored_index(62, 0), 2 * MERKLE_LEAVES_MAX - 2);
    cr_assert_eq(merkle_stored_index(0, MERKLE_LEAVES_MAX - 1), 2 * MERKLE_LEAVES_MAX - 2 - 62);
}

/* --- The proof corpora -------------------------------------------------------------------- */

/*
 * A hash of the corpus. Some of its values are a few words long, which struct hash cannot
 * hold: any such text is replaced by its own hash, so that equal stays equal.
 */
static struct hash corpus_hash(const char *field, size_t len)
{
    struct hash h;
    if (!base64_decode_exact(h.b, HASH_BYTES, field, len)) {
        hash_sha256(&h, field, len);
    }
    return h;
}

/* An empty leaf hash or root never gets past decoding, so it is refused before verification. */
static bool absent(const char *field)
{
    return strcmp(field, "!") == 0;
}

/* Reads "hash,hash,..." or "-". */
static size_t corpus_proof(const char *field, struct hash proof[static MERKLE_PROOF_MAX])
{
    size_t n = 0;
    if (strcmp(field, "-") == 0) {
        return 0;
    }
    for (;;) {
        size_t len = strcspn(field, ",");
        CHECK(n < MERKLE_PROOF_MAX, "proof too long");
        proof[n++] = corpus_hash(field, len);
        if (field[len] == '\0') {
            return n;
        }
        field += len + 1;
    }
}

Test(merkle, verdicts_on_the_inclusion_corpus)
{
    static struct table t;
    struct hash proof[MERKLE_PROOF_MAX];
    size_t cases = 0, valid = 0;

    table_open(&t, "merkle-inclusion.txt");
    while (table_next(&t, 7)) {
        struct hash root = corpus_hash(t.field[3], strlen(t.field[3]));
        struct hash leaf = corpus_hash(t.field[4], strlen(t.field[4]));
        size_t n = corpus_proof(t.field[5], proof);
        bool want = strcmp(t.field[0], "valid") == 0;
        bool got = !absent(t.field[3]) && !absent(t.field[4]) &&
                   merkle_verify_inclusion(number(t.field[1]), number(t.field[2]), &leaf, proof,
                                           n, &root);
        CHECK(got == want, "%s", t.field[6]);
        cases++;
        valid += want;
    }
    table_close(&t);
    cr_assert(cases == 98 && valid == 6, "%zu cases, %zu valid", cases, valid);
}

/*
 * One verdict differs by intent: the corpus refuses to call any tree an extension of the empty
 * one, and this module, like c2sp.org/tlog-witness, accepts that with an empty proof.
 */
static const char vacuous_case[] = "additional/size1-is-zero-and-size2-is-not-zero";

Test(merkle, verdicts_on_the_consistency_corpus)
{
    static struct table t;
    struct hash proof[MERKLE_PROOF_MAX];
    size_t cases = 0, valid = 0, vacuous = 0;

    table_open(&t, "merkle-consistency.txt");
    while (table_next(&t, 7)) {
        struct hash old_root = corpus_hash(t.field[3], strlen(t.field[3]));
        struct hash new_root = corpus_hash(t.field[4], strlen(t.field[4]));
        size_t n = corpus_proof(t.field[5], proof);
        bool by_intent = strcmp(t.field[6], vacuous_case) == 0;
        bool want = strcmp(t.field[0], "valid") == 0;
        bool got = merkle_verify_consistency(number(t.field[1]), number(t.field[2]), &old_root,
                                             &new_root, proof, n);
        CHECK(got == (want || by_intent), "%s", t.field[6]);
        cases++;
        valid += want;
        vacuous += by_intent;
    }
    table_close(&t);
    cr_assert(cases == 98 && valid == 6 && vacuous == 1, "%zu cases, %zu valid", cases, valid);
}

Test(merkle, every_tree_extends_the_empty_one_with_an_empty_proof)
{
    struct hash empty, root, other;

    merkle_empty(&empty);
    merkle_leaf(&root, "r", 1);
    merkle_leaf(&other, "o", 1);
    cr_assert(merkle_verify_consistency(0, 0, &empty, &empty, NULL, 0));
    cr_assert(merkle_verify_consistency(0, 7, &empty, &root, NULL, 0));
    cr_assert(merkle_verify_consistency(7, 7, &root, &root, NULL, 0));
    cr_assert_not(merkle_verify_consistency(0, 7, &other, &root, NULL, 0));
    cr_assert_not(merkle_verify_consistency(0, 7, &empty, &root, &other, 1));
    cr_assert_not(merkle_verify_consistency(0, 0, &root, &root, NULL, 0));
    cr_assert_not(merkle_verify_consistency(0, 0, &empty, &root, NULL, 0));
    cr_assert_not(merkle_verify_consistency(0, 0, &empty, &empty, &other, 1));
    cr_assert_not(merkle_verify_consistency(7, 7, &root, &other, NULL, 0));
    cr_assert_not(merkle_verify_consistency(7, 7, &root, &root, &other, 1));
    cr_assert_not(merkle_verify_consistency(7, 0, &root, &empty, NULL, 0));
    cr_assert_not(merkle_verify_consistency(7, 8, &root, &root, NULL, 0));
}

Test(merkle, sizes_up_to_the_largest_number_are_verified)
{
    struct hash leaf, root, proof[65];

    merkle_leaf(&leaf, "leaf", 4);
    root = leaf;
    for (unsigned char i = 0; i < 65; i++) {
        merkle_leaf(&proof[i], &i, 1);
    }
    for (size_t i = 0; i < 64; i++) {
        merkle_node(&root, &root, &proof[i]);
    }
    cr_assert(merkle_verify_inclusion(0, UINT64_MAX, &leaf, proof, 64, &root));
    cr_assert_not(merkle_verify_inclusion(1, UINT64_MAX, &leaf, proof, 64, &root));
    cr_assert_not(merkle_verify_inclusion(0, UINT64_MAX, &leaf, proof, 63, &root));
    cr_assert_not(merkle_verify_inclusion(0, UINT64_MAX, &leaf, proof, 65, &root));
    cr_assert_not(merkle_verify_inclusion(UINT64_MAX, UINT64_MAX, &leaf, proof, 64, &root));
    cr_assert(merkle_verify_consistency(1, UINT64_MAX, &leaf, &root, proof, 64));
    cr_assert_not(merkle_verify_consistency(UINT64_MAX - 1, UINT64_MAX, &leaf, &root, proof, 64));
}
