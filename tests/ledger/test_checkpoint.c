/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/random.h"
#include "crypto/text.h"
#include "ledger/checkpoint.h"
#include "ledger/files.h"
#include "tests/ledger/fixture.h"

#define ORIGIN_TEXT "ledger.example.org/demo"

static struct secret_key *log_key(struct public_key *public)
{
    struct hash seed;
    cr_assert_eq(crypto_start(), 0);
    hash_sha256(&seed, "demo log test key", strlen("demo log test key"));
    struct secret_key *key = secret_key_from_seed(seed.b);
    secret_key_public(key, public);
    return key;
}

/* A head of one leaf whose root is known. */
static struct log_head known_head(void)
{
    static const char hex[] = "a6f559632b67f730a3d9cd8d98e33ace7aaf401a7f414060bb50ead8637d0af4";
    struct log_head head = {.size = 1};
    cr_assert(hex_decode(head.root.b, HASH_BYTES, hex, sizeof hex - 1));
    return head;
}

static bool opens(const char *note, size_t n, const struct public_key *key, struct log_head *out)
{
    const char *why = NULL;
    bool ok = checkpoint_open(out, note, n, ORIGIN_TEXT, key, &why);
    cr_assert_eq(ok, why == NULL);
    return ok;
}

/* Signed text of our own, to see what is refused although the signature is right. */
static bool opens_signed(const char *text, const struct secret_key *key,
                         const struct public_key *public, struct log_head *out)
{
    char line[NOTE_LINE_SIZE(sizeof ORIGIN_TEXT)], note[1024];
    cr_assert_gt(note_sign(line, sizeof line, text, strlen(text), ORIGIN_TEXT, strlen(ORIGIN_TEXT),
                           key),
                 0);
    size_t n = note_build(note, sizeof note, text, strlen(text), (const char *const[]){line}, 1);
    cr_assert_gt(n, 0);
    return opens(note, n, public, out);
}

Test(checkpoint, is_the_note_that_another_program_made)
{
    struct public_key public;
    struct secret_key *key = log_key(&public);
    struct log_head head = known_head(), opened;
    char note[CHECKPOINT_SIZE];
    size_t n = checkpoint_sign(note, ORIGIN_TEXT, &head, key);
    cr_assert_str_eq(note,
                     "ledger.example.org/demo\n1\npvVZYytn9zCj2c2NmOM6znqvQBp/QUBgu1Dq2GN9CvQ=\n\n"
                     "\xe2\x80\x94 ledger.example.org/demo xxZeksN+gPfOmXryo3ElEZ88rhHWWD1OJ6j/qfHI"
                     "FLi2Xk94mHv6E0ZiNUem9D7k4Sm4r/0nxWzp+92o2C6eA6JPzAA=\n");
    cr_assert_eq(n, strlen(note));
    cr_assert(opens(note, n, &public, &opened));
    cr_assert(opened.size == 1 && hash_equal(&opened.root, &head.root));
    secret_key_free(key);
}

Test(checkpoint, fits_its_buffer_at_the_longest)
{
    struct public_key public;
    struct secret_key *key = log_key(&public);
    struct log_head head = {.size = UINT64_MAX}, opened;
    char origin[ORIGIN_MAX + 1], note[CHECKPOINT_SIZE];
    const char *why;
    memset(origin, 'a', ORIGIN_MAX);
    origin[ORIGIN_MAX] = '\0';
    size_t n = checkpoint_sign(note, origin, &head, key);
    cr_assert_lt(n, sizeof note);
    cr_assert(checkpoint_open(&opened, note, n, origin, &public, &why));
    cr_assert_eq(opened.size, UINT64_MAX);
    secret_key_free(key);
}

Test(checkpoint, no_changed_byte_opens)
{
    struct public_key public;
    struct secret_key *key = log_key(&public);
    struct log_head head = known_head(), opened;
    char note[CHECKPOINT_SIZE];
    size_t n = checkpoint_sign(note, ORIGIN_TEXT, &head, key);
    for (size_t i = 0; i < n; i++) {
        note[i] ^= 1;
        cr_assert_not(opens(note, n, &public, &opened), "byte %zu", i);
        note[i] ^= 1;
    }
    for (size_t len = 0; len < n; len++)
        cr_assert_not(opens(note, len, &public, &opened), "length %zu", len);
    secret_key_free(key);
}

Test(checkpoint, a_right_signature_saves_no_wrong_form)
{
    struct public_key public;
    struct secret_key *key = log_key(&public);
    struct log_head opened;
#define ROOT "pvVZYytn9zCj2c2NmOM6znqvQBp/QUBgu1Dq2GN9CvQ=\n"
    cr_assert(opens_signed(ORIGIN_TEXT "\n18446744073709551615\n" ROOT, key, &public, &opened));
    cr_assert_eq(opened.size, UINT64_MAX);
    cr_assert(opens_signed(ORIGIN_TEXT "\n1\n" ROOT "an extension\n", key, &public, &opened));
    static const char *const wrong[] = {
        "another.example.org\n1\n" ROOT,
        ORIGIN_TEXT "\n01\n" ROOT,
        ORIGIN_TEXT "\n\n" ROOT,
        ORIGIN_TEXT "\n+1\n" ROOT,
        ORIGIN_TEXT "\n-1\n" ROOT,
        ORIGIN_TEXT "\n18446744073709551616\n" ROOT,
        ORIGIN_TEXT "\n1\npvVZYytn9zCj2c2NmOM6znqvQBp/QUBgu1Dq2GN9Cv==\n",
        ORIGIN_TEXT "\n1\nnot base64\n",
        ORIGIN_TEXT "\n1\n",
        ORIGIN_TEXT "\n",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_assert_not(opens_signed(wrong[i], key, &public, &opened), "%s", wrong[i]);
    secret_key_free(key);
}

Test(checkpoint, another_key_does_not_open_it)
{
    struct public_key public, other_public;
    struct secret_key *key = log_key(&public), *other = secret_key_new();
    struct log_head head = known_head(), opened;
    char note[CHECKPOINT_SIZE];
    secret_key_public(other, &other_public);
    size_t n = checkpoint_sign(note, ORIGIN_TEXT, &head, key);
    cr_assert_not(opens(note, n, &other_public, &opened));
    secret_key_free(other);
    secret_key_free(key);
}

/* --- Receipts --------------------------------------------------------------------------------- */

#define TREE 21

struct tree {
    struct kv *kv;
    struct secret_key *key;
    struct public_key public;
    struct log_head head;
    char note[CHECKPOINT_SIZE];
};

static size_t leaf_text(char out[static 32], size_t i)
{
    return (size_t)snprintf(out, 32, "at %zu\nleaf\n", i);
}

static void tree_make(struct tree *t)
{
    t->key = log_key(&t->public);
    t->kv = kv_memory_new(NULL);
    for (size_t i = 0; i < TREE; i++) {
        char text[32];
        struct slice leaf = {(const uint8_t *)text, leaf_text(text, i)};
        cr_assert_eq(log_append(t->kv, i, &leaf, 1), LOG_OK);
    }
    cr_assert(log_head(t->kv, &t->head));
    checkpoint_sign(t->note, ORIGIN_TEXT, &t->head, t->key);
}

static void tree_free(struct tree *t)
{
    kv_memory_free(t->kv);
    secret_key_free(t->key);
}

static bool verifies(const struct tree *t, const char *receipt, size_t n, size_t leaf,
                     uint64_t *index)
{
    char text[32];
    struct log_head head;
    const char *why = NULL;
    size_t len = leaf_text(text, leaf);
    bool ok =
        receipt_verify(receipt, n, text, len, ORIGIN_TEXT, &t->public, index, &head, &why);
    cr_assert_eq(ok, why == NULL);
    return ok && head.size == t->head.size && hash_equal(&head.root, &t->head.root);
}

Test(checkpoint, a_receipt_proves_its_own_leaf_and_no_other)
{
    struct tree t;
    char receipt[RECEIPT_SIZE];
    uint64_t index;
    tree_make(&t);
    for (size_t i = 0; i < TREE; i++) {
        size_t n = receipt_make(receipt, t.kv, i, &t.head, t.note);
        cr_assert_eq(n, strlen(receipt));
        for (size_t j = 0; j < TREE; j++)
            cr_assert_eq(verifies(&t, receipt, n, j, &index), i == j);
        cr_assert(verifies(&t, receipt, n, i, &index));
        cr_assert_eq(index, i);
    }
    cr_assert_eq(receipt_make(receipt, t.kv, TREE, &t.head, t.note), 0);
    tree_free(&t);
}

Test(checkpoint, no_changed_byte_of_a_receipt_verifies)
{
    struct tree t;
    char receipt[RECEIPT_SIZE];
    uint64_t index;
    tree_make(&t);
    size_t n = receipt_make(receipt, t.kv, 13, &t.head, t.note);
    for (size_t i = 0; i < n; i++) {
        receipt[i] ^= 1;
        cr_assert_not(verifies(&t, receipt, n, 13, &index), "byte %zu", i);
        receipt[i] ^= 1;
    }
    for (size_t len = 0; len < n; len++)
        cr_assert_not(verifies(&t, receipt, len, 13, &index), "length %zu", len);
    tree_free(&t);
}

Test(checkpoint, a_receipt_may_carry_one_extra_line)
{
    struct tree t;
    char receipt[RECEIPT_SIZE], longer[RECEIPT_SIZE + 64];
    uint64_t index;
    tree_make(&t);
    receipt_make(receipt, t.kv, 4, &t.head, t.note);
    const char *rest = strstr(receipt, "index ");
    snprintf(longer, sizeof longer, "c2sp.org/tlog-proof@v1\nextra AAAA\n%s", rest);
    cr_assert(verifies(&t, longer, strlen(longer), 4, &index));
    snprintf(longer, sizeof longer, "c2sp.org/tlog-proof@v1\nextra ?\n%s", rest);
    cr_assert_not(verifies(&t, longer, strlen(longer), 4, &index));
    snprintf(longer, sizeof longer, "c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\n%s", rest);
    cr_assert_not(verifies(&t, longer, strlen(longer), 4, &index));
    tree_free(&t);
}
