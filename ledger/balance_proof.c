/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/balance_proof.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/merkle.h"
#include "crypto/text.h"
#include "ledger/kind.h"
#include "ledger/seal.h"
#include "ledger/state.h"

/* --- Making ----------------------------------------------------------------------------------- */

/* The hashes of a tree by their dense numbers. */
struct nodes {
    size_t n;
    struct hash *v;
};

static bool read_node(void *ctx, uint64_t i, struct hash *out)
{
    const struct nodes *nodes = ctx;
    if (i >= nodes->n)
        return false;
    *out = nodes->v[i];
    return true;
}

/* The text of an account as the last seal has it. */
static size_t sealed_text(char out[static BALANCE_TEXT_SIZE], struct state *s, const char *origin,
                          uint32_t account, uint64_t size)
{
    struct sealed sealed;
    struct org org;
    if (!state_sealed(s, account, &sealed) || !state_org(s, account, &org))
        return 0;
    return balance_text(out, origin, org.handle.s, &sealed, size);
}

/* Builds the tree of the last seal again, for the path of one leaf. */
static bool make_path(struct state *s, const char *origin, uint32_t account,
                      const struct seal *seal, struct hash path[static MERKLE_PROOF_MAX],
                      size_t *n_path)
{
    char text[BALANCE_TEXT_SIZE];
    struct hash leaf, root, fresh[MERKLE_APPEND_MAX];
    struct nodes nodes = {.v = calloc((size_t)merkle_stored_count(seal->accounts), sizeof leaf)};
    bool ok = nodes.v != NULL;
    for (uint32_t i = 0; i < seal->accounts && ok; i++) {
        size_t n = sealed_text(text, s, origin, i, seal->index), n_fresh = 0;
        merkle_leaf(&leaf, text, n);
        ok = n > 0 && merkle_append(read_node, &nodes, i, &leaf, fresh, &n_fresh);
        if (ok)
            memcpy(nodes.v + nodes.n, fresh, n_fresh * sizeof *fresh);
        nodes.n += ok ? n_fresh : 0;
    }
    ok = ok && merkle_root(read_node, &nodes, seal->accounts, &root) &&
         hash_equal(&root, &seal->root) &&
         merkle_prove_inclusion(read_node, &nodes, account, seal->accounts, path, n_path);
    free(nodes.v);
    return ok;
}

static json_t *path_json(const struct hash path[], size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        char text[BASE64_SIZE(HASH_BYTES)];
        base64_encode(text, sizeof text, path[i].b, HASH_BYTES);
        if (json_array_append_new(list, json_string(text)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

enum balance_made balance_proof_make(char **out, struct state *s, const char *origin,
                                     uint32_t account, const struct log_head *head,
                                     const char *checkpoint)
{
    struct hash path[MERKLE_PROOF_MAX];
    char balance[BALANCE_TEXT_SIZE], *receipt;
    struct slice leaf;
    struct seal seal;
    size_t n_path, n_receipt = 0, n_balance = 0;
    json_t *o = NULL;
    *out = NULL;
    if (!state_seal(s, &seal))
        return kv_failed(s->kv) ? BALANCE_FAILED : BALANCE_NO_SEAL;
    if (account >= seal.accounts)
        return BALANCE_NOT_IN_IT;
    if (seal.index >= head->size)
        return BALANCE_UNSIGNED;
    receipt = malloc(RECEIPT_SIZE);
    if (receipt != NULL && make_path(s, origin, account, &seal, path, &n_path)) {
        n_receipt = receipt_make(receipt, s->kv, seal.index, head, checkpoint);
        n_balance = sealed_text(balance, s, origin, account, seal.index);
    }
    if (n_receipt > 0 && n_balance > 0 && log_read(s->kv, seal.index, &leaf))
        o = json_pack("{s:I,s:s%,s:I,s:s,s:o,s:s%,s:s%,s:i}", "accounts",
                      (json_int_t)seal.accounts, "balance", balance, n_balance, "index",
                      (json_int_t)account, "origin", origin, "path", path_json(path, n_path),
                      "receipt", receipt, n_receipt, "seal", (const char *)leaf.data, leaf.size,
                      "v", 1);
    *out = o != NULL ? json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(o);
    free(receipt);
    return *out != NULL ? BALANCE_MADE : BALANCE_FAILED;
}

/* --- Checking --------------------------------------------------------------------------------- */

/* A document whose members have their types; what they point to lives as long as `o`. */
struct document {
    json_t *o;
    json_int_t accounts, index;
    const char *balance, *origin, *receipt, *seal;
    size_t balance_len, receipt_len, seal_len;
    size_t n_path;
    struct hash path[MERKLE_PROOF_MAX];
};

static bool read_path(struct document *d, const json_t *list)
{
    d->n_path = json_array_size(list);
    if (!json_is_array(list) || d->n_path > MERKLE_PROOF_MAX)
        return false;
    for (size_t i = 0; i < d->n_path; i++) {
        const json_t *hash = json_array_get(list, i);
        if (!json_is_string(hash) ||
            !base64_decode_exact(d->path[i].b, HASH_BYTES, json_string_value(hash),
                                 json_string_length(hash)))
            return false;
    }
    return true;
}

static bool read_document(struct document *d, const char *bytes, size_t n)
{
    json_t *path;
    json_int_t v;
    d->o = n <= BALANCE_PROOF_BYTES_MAX ? json_loadb(bytes, n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    return d->o != NULL &&
           json_unpack(d->o, "{s:I,s:s%,s:I,s:s,s:o,s:s%,s:s%,s:I!}", "accounts", &d->accounts,
                       "balance", &d->balance, &d->balance_len, "index", &d->index, "origin",
                       &d->origin, "path", &path, "receipt", &d->receipt, &d->receipt_len, "seal",
                       &d->seal, &d->seal_len, "v", &v) == 0 &&
           v == 1 && d->index >= 0 && d->index < d->accounts && d->accounts <= UINT32_MAX &&
           read_path(d, path);
}

/*
 * Reads the text of a balance: it must be the one that its own figures give, to the byte, so that
 * there is one text for one account.
 */
static bool read_balance(struct balance_shown *out, const struct document *d)
{
    char text[BALANCE_TEXT_SIZE];
    const char *line = memchr(d->balance, '\n', d->balance_len), *org, *salt;
    json_int_t given_pending, given_posted, moves, position, received_pending, received_posted;
    json_int_t size;
    struct sealed *a = &out->account;
    if (line == NULL || d->balance_len < 2 || d->balance[d->balance_len - 1] != '\n')
        return false;
    line++;
    size_t n = d->balance_len - (size_t)(line - d->balance);
    json_t *o = n > 0 ? json_loadb(line, n - 1, JSON_REJECT_DUPLICATES, NULL) : NULL;
    bool ok = o != NULL &&
              json_unpack(o, "{s:I,s:I,s:I,s:s,s:I,s:I,s:I,s:s,s:I!}", "given_pending",
                          &given_pending, "given_posted", &given_posted, "moves", &moves, "org",
                          &org, "position", &position, "received_pending", &received_pending,
                          "received_posted", &received_posted, "salt", &salt, "size", &size) == 0 &&
              hex_decode(a->salt, sizeof a->salt, salt, strlen(salt)) &&
              strlen(org) <= HANDLE_MAX && size >= 0;
    if (ok) {
        a->account = (uint32_t)d->index;
        a->given_pending = given_pending;
        a->given_posted = given_posted;
        a->moves = moves;
        a->received_pending = received_pending;
        a->received_posted = received_posted;
        memcpy(out->org, org, strlen(org) + 1);
        out->size = (uint64_t)size;
        n = balance_text(text, d->origin, org, a, out->size);
        ok = n == d->balance_len && memcmp(text, d->balance, n) == 0;
    }
    json_decref(o);
    return ok && (d->index == POOL) == (strcmp(out->org, "pool") == 0);
}

/* The seal of the proof as an entry; its text lies in the document. */
static bool read_seal(struct entry *out, int64_t *at, const struct document *d)
{
    struct refusal why = {.code = CODE_OK};
    struct note *note = malloc(sizeof *note);
    const char *bytes;
    size_t n;
    bool ok = note != NULL && leaf_split(d->seal, d->seal_len, at, &bytes, &n) &&
              note_parse(note, bytes, n) == NOTE_OK &&
              entry_decode(out, d->origin, note->text, note->text_len, &why) &&
              out->kind->id == KIND_SEAL_BALANCES;
    free(note);
    return ok;
}

static bool check(struct balance_shown *out, struct document *d, struct entry *seal,
                  const char *origin, const struct public_key *log_key, const char **why)
{
    struct hash leaf;
    uint64_t index;
    *why = "it is of another network";
    if (strcmp(d->origin, origin) != 0)
        return false;
    if (!receipt_verify(d->receipt, d->receipt_len, d->seal, d->seal_len, origin, log_key, &index,
                        &out->head, why))
        return false;
    *why = "its seal is not an entry seal.balances of this log";
    if (!read_seal(seal, &out->at, d) || seal->seal_balances.size != (int64_t)index)
        return false;
    *why = "its balance is not in the form of a balance";
    if (!read_balance(out, d))
        return false;
    *why = "the balance is not under this seal";
    merkle_leaf(&leaf, d->balance, d->balance_len);
    return out->size == index && seal->seal_balances.accounts == d->accounts &&
           merkle_verify_inclusion((uint64_t)d->index, (uint64_t)d->accounts, &leaf, d->path,
                                   d->n_path, &seal->seal_balances.root);
}

bool balance_proof_check(struct balance_shown *out, const char *bytes, size_t n,
                         const char *origin, const struct public_key *log_key, const char **why)
{
    struct document *d = calloc(1, sizeof *d);
    struct entry *seal = malloc(sizeof *seal);
    memset(out, 0, sizeof *out);
    *why = "no memory";
    bool ok = d != NULL && seal != NULL;
    if (ok) {
        *why = "it is not a balance proof";
        ok = read_document(d, bytes, n) && origin_valid(d->origin, strlen(d->origin)) &&
             check(out, d, seal, origin, log_key, why);
    }
    if (d != NULL)
        json_decref(d->o);
    free(d);
    free(seal);
    if (ok)
        *why = NULL;
    return ok;
}
