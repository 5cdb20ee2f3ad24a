/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/checkpoint.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/text.h"

#define HASH_TEXT_LEN BASE64_LEN(HASH_BYTES)
#define RECEIPT_FIRST "c2sp.org/tlog-proof@v1\n"

/* --- Reading lines ---------------------------------------------------------------------------- */

/* What is left of a text that is read line by line. */
struct lines {
    const char *at, *end;
};

/* The next line without its line feed. False at the end, or when the line feed is missing. */
static bool next_line(struct lines *l, const char **line, size_t *n)
{
    const char *feed = l->at < l->end ? memchr(l->at, '\n', (size_t)(l->end - l->at)) : NULL;
    if (feed == NULL)
        return false;
    *line = l->at;
    *n = (size_t)(feed - l->at);
    l->at = feed + 1;
    return true;
}

static bool starts_with(const char *s, size_t n, const char *start)
{
    size_t len = strlen(start);
    return n >= len && memcmp(s, start, len) == 0;
}

/* --- Checkpoints ------------------------------------------------------------------------------ */

size_t checkpoint_sign(char out[static CHECKPOINT_SIZE], const char *origin,
                       const struct log_head *head, const struct secret_key *log_key)
{
    char root[BASE64_SIZE(HASH_BYTES)];
    char text[ORIGIN_MAX + 1 + 20 + 1 + HASH_TEXT_LEN + 2];
    char line[NOTE_LINE_SIZE(ORIGIN_MAX)];
    base64_encode(root, sizeof root, head->root.b, HASH_BYTES);
    int n = snprintf(text, sizeof text, "%s\n%" PRIu64 "\n%s\n", origin, head->size, root);
    assert(n > 0 && (size_t)n < sizeof text);
    size_t line_len =
        note_sign(line, sizeof line, text, (size_t)n, origin, strlen(origin), log_key);
    assert(line_len > 0);
    size_t len = note_build(out, CHECKPOINT_SIZE, text, (size_t)n, (const char *const[]){line}, 1);
    assert(len > 0);
    return len;
}

static bool read_head(struct log_head *out, const struct note *note, const char *origin,
                      const char **why)
{
    struct lines l = {note->text, note->text + note->text_len};
    const char *line;
    size_t n;
    *why = "the first line is not the origin";
    if (!next_line(&l, &line, &n) || n != strlen(origin) || memcmp(line, origin, n) != 0)
        return false;
    *why = "the second line is not a size";
    if (!next_line(&l, &line, &n) || !decimal_parse(&out->size, line, n))
        return false;
    *why = "the third line is not a root hash";
    if (!next_line(&l, &line, &n) || !base64_decode_exact(out->root.b, HASH_BYTES, line, n))
        return false;
    *why = NULL;
    return true;
}

bool checkpoint_open(struct log_head *out, const char *note_bytes, size_t n, const char *origin,
                     const struct public_key *log_key, const char **why)
{
    struct note note;
    enum note_err err = note_parse(&note, note_bytes, n);
    if (err == NOTE_OK) {
        struct verifier_key key;
        verifier_key_set(&key, origin, strlen(origin), KEY_ED25519, log_key);
        err = note_verify(&note, &key, NULL);
    }
    if (err != NOTE_OK) {
        *why = note_strerror(err);
        return false;
    }
    return read_head(out, &note, origin, why);
}

/* --- Receipts --------------------------------------------------------------------------------- */

size_t receipt_write(char out[static RECEIPT_SIZE], uint64_t index, const struct hash proof[],
                     size_t n_proof, const char *checkpoint)
{
    int n = snprintf(out, RECEIPT_SIZE, RECEIPT_FIRST "index %" PRIu64 "\n", index);
    assert(n > 0);
    size_t len = (size_t)n;
    for (size_t i = 0; i < n_proof; i++) {
        len += base64_encode_public(out + len, proof[i].b, HASH_BYTES);
        out[len++] = '\n';
    }
    out[len++] = '\n';
    size_t rest = strlen(checkpoint);
    assert(rest < RECEIPT_SIZE - len);
    memcpy(out + len, checkpoint, rest + 1);
    return len + rest;
}

size_t receipt_make(char out[static RECEIPT_SIZE], struct kv *kv, uint64_t index,
                    const struct log_head *head, const char *checkpoint)
{
    struct hash proof[MERKLE_PROOF_MAX];
    size_t n;
    return merkle_prove_inclusion(log_node, kv, index, head->size, proof, &n)
               ? receipt_write(out, index, proof, n, checkpoint)
               : 0;
}

size_t receipt_make_again(char out[static RECEIPT_SIZE], struct log_nodes *nodes, uint64_t index,
                          const struct log_head *head, const char *checkpoint)
{
    struct hash proof[MERKLE_PROOF_MAX];
    size_t n;
    return log_prove(nodes, index, head->size, proof, &n)
               ? receipt_write(out, index, proof, n, checkpoint)
               : 0;
}

/* Reads up to the empty line. */
static bool read_proof(struct lines *l, uint64_t *index, struct hash proof[static MERKLE_PROOF_MAX],
                       size_t *n_proof, const char **why)
{
    const char *line;
    size_t n, bytes;
    *why = "the first line is not that of a receipt";
    if (!next_line(l, &line, &n) || n + 1 != strlen(RECEIPT_FIRST) ||
        memcmp(line, RECEIPT_FIRST, n + 1) != 0)
        return false;
    *why = "the line of the index is missing or malformed";
    if (!next_line(l, &line, &n))
        return false;
    /* C2SP tlog-proof allows one line of data that nothing vouches for. */
    if (starts_with(line, n, "extra ") &&
        (!base64_check(&bytes, line + 6, n - 6) || !next_line(l, &line, &n)))
        return false;
    if (!starts_with(line, n, "index ") || !decimal_parse(index, line + 6, n - 6))
        return false;
    *why = "a line of the proof is malformed";
    for (*n_proof = 0; next_line(l, &line, &n); (*n_proof)++) {
        if (n == 0)
            return true;
        if (*n_proof == MERKLE_PROOF_MAX ||
            !base64_decode_public(proof[*n_proof].b, HASH_BYTES, line, n))
            return false;
    }
    return false;
}

bool receipt_verify(const char *receipt, size_t n, const char *leaf, size_t leaf_len,
                    const char *origin, const struct public_key *log_key, uint64_t *index,
                    struct log_head *head, const char **why)
{
    struct lines l = {receipt, receipt + n};
    struct hash proof[MERKLE_PROOF_MAX], leaf_hash;
    size_t n_proof;
    if (!read_proof(&l, index, proof, &n_proof, why) ||
        !checkpoint_open(head, l.at, (size_t)(l.end - l.at), origin, log_key, why))
        return false;
    merkle_leaf(&leaf_hash, leaf, leaf_len);
    if (!merkle_verify_inclusion(*index, head->size, &leaf_hash, proof, n_proof, &head->root)) {
        *why = "the proof does not lead from the leaf to the root";
        return false;
    }
    *why = NULL;
    return true;
}
