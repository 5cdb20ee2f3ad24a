/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/ledger/witness_log.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "crypto/text.h"

static bool stored(void *ctx, uint64_t index, struct hash *out)
{
    const struct witness_log *log = ctx;
    *out = log->stored[index];
    return true;
}

void witness_log_make(struct witness_log *log, const char *origin)
{
    struct hash seed;
    struct public_key public;
    struct verifier_key key;
    memset(log, 0, sizeof *log);
    cr_assert_eq(crypto_start(), 0);
    log->origin = origin;
    hash_sha256(&seed, origin, strlen(origin));
    log->key = secret_key_from_seed(seed.b);
    secret_key_public(log->key, &public);
    verifier_key_set(&key, origin, strlen(origin), KEY_ED25519, &public);
    cr_assert_gt(verifier_key_encode(log->vkey, sizeof log->vkey, &key), 0);
}

void witness_log_free(struct witness_log *log)
{
    secret_key_free(log->key);
}

void witness_log_grow(struct witness_log *log, uint64_t size, uint64_t fork_at, char branch)
{
    cr_assert_leq(size, WITNESS_LOG_LEAVES);
    for (; log->size < size; log->size++) {
        char leaf[40];
        struct hash hash, more[MERKLE_APPEND_MAX];
        size_t n;
        int len = snprintf(leaf, sizeof leaf, "record %" PRIu64, log->size);
        if (log->size >= fork_at)
            leaf[len++] = branch;
        merkle_leaf(&hash, leaf, (size_t)len);
        cr_assert(merkle_append(stored, log, log->size, &hash, more, &n));
        memcpy(log->stored + merkle_stored_index(0, log->size), more, n * sizeof more[0]);
    }
}

char *witness_log_note(struct witness_log *log, uint64_t size)
{
    struct log_head head = {.size = size};
    char *note = malloc(CHECKPOINT_SIZE);
    cr_assert(merkle_root(stored, log, size, &head.root));
    cr_assert_gt(checkpoint_sign(note, log->origin, &head, log->key), 0);
    return note;
}

char *witness_log_body(struct witness_log *log, uint64_t old_size, uint64_t size)
{
    struct hash proof[MERKLE_PROOF_MAX];
    char *body = NULL, line[BASE64_SIZE(HASH_BYTES)], *note = witness_log_note(log, size);
    size_t n = 0, written;
    FILE *out = open_memstream(&body, &written);
    cr_assert(merkle_prove_consistency(stored, log, old_size, size, proof, &n));
    fprintf(out, "old %" PRIu64 "\n", old_size);
    for (size_t i = 0; i < n; i++) {
        base64_encode(line, sizeof line, proof[i].b, HASH_BYTES);
        fprintf(out, "%s\n", line);
    }
    fprintf(out, "\n%s", note);
    fclose(out);
    free(note);
    return body;
}

void witness_make(char dir[static 64], const char *parent, const struct witness_log *logs[],
                  size_t n)
{
    char path[80];
    snprintf(dir, 64, "%s/witness", parent);
    cr_assert(witness_init(dir, "witness.example.org", stderr));
    snprintf(path, sizeof path, "%s/policy", dir);
    FILE *policy = fopen(path, "a");
    cr_assert_not_null(policy);
    for (size_t i = 0; i < n; i++)
        fprintf(policy, "log %s\n", logs[i]->vkey);
    fclose(policy);
}

int witness_status(struct witness *witness, const char *body)
{
    struct witness_answer answer;
    witness_add_checkpoint(witness, body, strlen(body), 1767139200, &answer);
    cr_assert_not_null(answer.body);
    free(answer.body);
    return answer.status;
}
