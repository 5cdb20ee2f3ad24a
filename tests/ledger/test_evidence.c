/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "crypto/text.h"
#include "ledger/evidence.h"

#define ORIGIN "ledger.example.org/test"
#define LEAVES 40

/* All hashes of two logs that are the same up to a leaf, and the key that signs heads of both. */
struct logs {
    struct hash stored[2][2 * LEAVES];
    struct secret_key *key;
    struct public_key pub;
};

static bool read_stored(void *ctx, uint64_t index, struct hash *out)
{
    *out = ((const struct hash *)ctx)[index];
    return true;
}

static struct logs *make(uint64_t fork_at)
{
    struct logs *logs = calloc(1, sizeof *logs);
    struct hash leaf, fresh[MERKLE_APPEND_MAX];
    size_t n;

    cr_assert_eq(crypto_start(), 0);
    for (int which = 0; which < 2; which++) {
        for (uint64_t i = 0; i < LEAVES; i++) {
            char data[2] = {(char)i, (char)(i >= fork_at ? which : 0)};
            merkle_leaf(&leaf, data, sizeof data);
            cr_assert(merkle_append(read_stored, logs->stored[which], i, &leaf, fresh, &n));
            memcpy(&logs->stored[which][merkle_stored_index(0, i)], fresh, n * sizeof *fresh);
        }
    }
    logs->key = secret_key_new();
    cr_assert_not_null(logs->key);
    secret_key_public(logs->key, &logs->pub);
    return logs;
}

static struct log_head head_of(struct logs *logs, int which, uint64_t size)
{
    struct log_head head = {.size = size};

    cr_assert(merkle_root(read_stored, logs->stored[which], size, &head.root));
    return head;
}

/* Evidence from a head of the first log and a larger one of the second. */
static char *evidence(struct logs *logs, uint64_t m, uint64_t n)
{
    char notes[2][CHECKPOINT_SIZE];
    struct log_head small = head_of(logs, 0, m), large = head_of(logs, 1, n);
    struct hash proof[MERKLE_PROOF_MAX], root = head_of(logs, 1, m).root;
    size_t n_proof;
    struct head_note heads[2] = {{notes[0], checkpoint_sign(notes[0], ORIGIN, &small, logs->key)},
                                 {notes[1], checkpoint_sign(notes[1], ORIGIN, &large, logs->key)}};

    cr_assert(merkle_prove_consistency(read_stored, logs->stored[1], m, n, proof, &n_proof));
    return evidence_make_fork(ORIGIN, &logs->pub, heads, &root, proof, n_proof);
}

/* Sizes below, at and above powers of two: these have proofs without the old root in them. */
Test(evidence, is_made_for_every_pair_of_sizes_that_fork_and_for_no_other)
{
    const uint64_t fork_at = 6;
    struct logs *logs = make(fork_at);

    for (uint64_t n = 1; n <= LEAVES; n++) {
        for (uint64_t m = 1; m <= n; m++) {
            char *text = evidence(logs, m, n);
            struct evidence e;
            const char *why;

            cr_assert_eq(text != NULL, m > fork_at, "%u of %u", (unsigned)m, (unsigned)n);
            if (text) {
                cr_assert(evidence_check(&e, text, strlen(text), &why));
                cr_assert_eq(e.fork.heads[0].size, m);
                cr_assert_eq(e.fork.heads[1].size, n);
                cr_assert_str_eq(e.origin, ORIGIN);
                cr_assert(public_key_equal(&e.log_key, &logs->pub));
            }
            free(text);
        }
    }
    secret_key_free(logs->key);
    free(logs);
}

Test(evidence, proves_nothing_when_any_byte_of_it_is_another)
{
    struct logs *logs = make(3);
    char *text = evidence(logs, 16, 37);
    struct evidence e;
    const char *why;

    cr_assert_not_null(text);
    for (size_t i = 0, n = strlen(text); i < n; i++) {
        if (text[i] == ' ' || text[i] == '\n') {
            continue; /* white space between values says nothing */
        }
        text[i] ^= 1;
        cr_assert_not(evidence_check(&e, text, n, &why), "byte %zu", i);
        cr_assert_not_null(why);
        text[i] ^= 1;
    }
    cr_assert(evidence_check(&e, text, strlen(text), &why));
    free(text);
    secret_key_free(logs->key);
    free(logs);
}

/* --- Refused texts ---------------------------------------------------------------------------- */

#define REFUSED_TEXT ORIGIN "/entry/v1\n{\"by\":\"noyer\"}\n"

/* A log of eight leaves, of which number 5 has the text, its receipt, and a refusal of the text. */
struct refused {
    struct secret_key *log_key, *refusal_key;
    struct public_key log_pub, refusal_pub;
    char leaf[1024], receipt[RECEIPT_SIZE], note[REFUSAL_NOTE_SIZE];
};

static void make_leaf(struct refused *r, const char *text)
{
    char line[NOTE_LINE_SIZE(64)], note[900];
    const char *lines[] = {line};

    /* Whoever signed it: the refusal speaks of the text. */
    cr_assert(note_sign(line, sizeof line, text, strlen(text), "a", 1, r->log_key) > 0);
    size_t n = note_build(note, sizeof note, text, strlen(text), lines, 1);
    snprintf(r->leaf, sizeof r->leaf, "at 1700000000000\n%.*s", (int)n, note);
}

static void make_receipt(struct refused *r)
{
    struct hash stored[16], leaf, fresh[MERKLE_APPEND_MAX], proof[MERKLE_PROOF_MAX];
    struct log_head head = {.size = 8};
    size_t n, at;

    for (uint64_t i = 0; i < 8; i++) {
        merkle_leaf(&leaf, i == 5 ? r->leaf : "another", i == 5 ? strlen(r->leaf) : 7);
        cr_assert(merkle_append(read_stored, stored, i, &leaf, fresh, &n));
        memcpy(&stored[merkle_stored_index(0, i)], fresh, n * sizeof *fresh);
    }
    cr_assert(merkle_root(read_stored, stored, 8, &head.root));
    cr_assert(merkle_prove_inclusion(read_stored, stored, 5, 8, proof, &n));
    at = (size_t)snprintf(r->receipt, sizeof r->receipt, "c2sp.org/tlog-proof@v1\nindex 5\n");
    for (size_t i = 0; i < n; i++) {
        at += base64_encode(r->receipt + at, sizeof r->receipt - at, proof[i].b, HASH_BYTES);
        r->receipt[at++] = '\n';
    }
    r->receipt[at++] = '\n';
    at += checkpoint_sign(r->receipt + at, ORIGIN, &head, r->log_key);
    r->receipt[at] = '\0';
}

static struct refused *make_refused(const char *text, uint64_t size)
{
    static const char id[] = "01919f2e4b5a7c3d8e9f0a1b2c3d4e5f";
    struct refused *r = calloc(1, sizeof *r);
    struct refusal_note refusal = {.at = 1, .valid_until = 2, .head.size = size};

    cr_assert_eq(crypto_start(), 0);
    r->log_key = secret_key_new();
    r->refusal_key = secret_key_new();
    secret_key_public(r->log_key, &r->log_pub);
    secret_key_public(r->refusal_key, &r->refusal_pub);
    make_leaf(r, text);
    make_receipt(r);
    refuse(&refusal.why, CODE_expired, "valid_until", "", "%s", "");
    cr_assert(handle_parse(&refusal.ref.by, "noyer", 5));
    cr_assert(id_parse(&refusal.ref.id, id, strlen(id)));
    hash_sha256(&refusal.entry_hash, REFUSED_TEXT, strlen(REFUSED_TEXT));
    r->note[refusal_sign(r->note, ORIGIN, &refusal, r->refusal_key)] = '\0';
    return r;
}

static char *refusal_evidence(const struct refused *r)
{
    return evidence_make_refusal(ORIGIN, &r->log_pub, &r->refusal_pub, r->leaf, r->receipt,
                                 r->note);
}

static void drop(struct refused *r)
{
    secret_key_free(r->log_key);
    secret_key_free(r->refusal_key);
    free(r);
}

Test(evidence, shows_that_a_refused_text_was_logged)
{
    struct refused *r = make_refused(REFUSED_TEXT, 5);
    char *text = refusal_evidence(r);
    struct evidence e;
    const char *why;

    cr_assert_not_null(text);
    cr_assert(evidence_check(&e, text, strlen(text), &why));
    cr_assert_eq(e.about, EVIDENCE_REFUSAL);
    cr_assert_eq(e.refused.index, 5);
    cr_assert_eq(e.refused.note.why.code, CODE_expired);
    for (size_t i = 0, n = strlen(text); i < n; i++) {
        if (text[i] == ' ' || text[i] == '\n') {
            continue;
        }
        text[i] ^= 1;
        cr_assert_not(evidence_check(&e, text, n, &why), "byte %zu", i);
        text[i] ^= 1;
    }
    free(text);
    drop(r);
}

static bool can_be_made(const char *text, uint64_t size, bool wrong_key)
{
    struct refused *r = make_refused(text, size);

    if (wrong_key) {
        r->refusal_pub = r->log_pub;
    }
    char *made = refusal_evidence(r);
    bool is = made != NULL;
    free(made);
    drop(r);
    return is;
}

Test(evidence, of_a_refusal_needs_the_same_text_and_a_place_behind_it)
{
    cr_assert(can_be_made(REFUSED_TEXT, 0, false));
    cr_assert(can_be_made(REFUSED_TEXT, 5, false));
    cr_assert_not(can_be_made(REFUSED_TEXT, 6, false));
    cr_assert_not(can_be_made(REFUSED_TEXT, 5, true));
    cr_assert_not(can_be_made(ORIGIN "/entry/v1\n{\"by\":\"orme\"}\n", 5, false));
}

#define EMPTY_FORK                                                                                 \
    "{\"about\":\"fork\",\"heads\":[],\"log_key\":\"\",\"proof\":[],\"root\":\"\",\"v\":1}"

Test(evidence, is_refused_in_any_other_form)
{
    static const char *const forms[] = {
        "", "{}", "[]", "null", "{\"about\":\"fork\"}", "{\"about\":", EMPTY_FORK};
    struct evidence e;
    const char *why;

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        why = NULL;
        cr_assert_not(evidence_check(&e, forms[i], strlen(forms[i]), &why));
        cr_assert_not_null(why);
    }
}
