/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/evidence.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/text.h"

/* --- Making ----------------------------------------------------------------------------------- */

static json_t *hash_json(const struct hash *hash)
{
    char text[BASE64_SIZE(HASH_BYTES)];

    base64_encode(text, sizeof text, hash->b, HASH_BYTES);
    return json_string(text);
}

static json_t *proof_json(const struct hash proof[], size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++) {
        if (json_array_append_new(list, hash_json(&proof[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *key_json(const char *name, const struct public_key *key)
{
    char text[VERIFIER_KEY_SIZE(REFUSAL_NAME_SIZE)];
    struct verifier_key v;

    verifier_key_set(&v, name, strlen(name), KEY_ED25519, key);
    return verifier_key_encode(text, sizeof text, &v) > 0 ? json_string(text) : NULL;
}

/* The text of an object, which it takes; NULL when it is no evidence. */
static char *finish(json_t *o)
{
    char *text = o != NULL ? json_dumps(o, JSON_INDENT(1) | JSON_SORT_KEYS) : NULL;
    size_t n = text != NULL ? strlen(text) : 0;
    char *line = text != NULL ? realloc(text, n + 2) : NULL;
    struct evidence evidence;
    const char *why;

    json_decref(o);
    if (line == NULL) {
        free(text);
        return NULL;
    }
    memcpy(line + n, "\n", 2);
    if (!evidence_check(&evidence, line, n + 1, &why)) {
        free(line);
        return NULL;
    }
    return line;
}

char *evidence_make_fork(const char *origin, const struct public_key *log_key,
                         const struct head_note heads[static 2], const struct hash *root,
                         const struct hash proof[], size_t n_proof)
{
    return finish(json_pack("{s:s,s:[s%,s%],s:o,s:o,s:o,s:i}", "about", "fork", "heads",
                            heads[0].note, heads[0].n, heads[1].note, heads[1].n, "log_key",
                            key_json(origin, log_key), "proof", proof_json(proof, n_proof), "root",
                            hash_json(root), "v", 1));
}

char *evidence_make_refusal(const char *origin, const struct public_key *log_key,
                            const struct public_key *refusal_key, const char *leaf,
                            const char *receipt, const char *refusal)
{
    char name[REFUSAL_NAME_SIZE];

    snprintf(name, sizeof name, "%s/refusal", origin);
    return finish(json_pack("{s:s,s:s,s:o,s:s,s:s,s:o,s:i}", "about", "refusal", "leaf", leaf,
                            "log_key", key_json(origin, log_key), "receipt", receipt, "refusal",
                            refusal, "refusal_key", key_json(name, refusal_key), "v", 1));
}

/* --- Checking --------------------------------------------------------------------------------- */

static bool read_hash(struct hash *out, const json_t *value)
{
    return json_is_string(value) &&
           base64_decode_exact(out->b, HASH_BYTES, json_string_value(value),
                               json_string_length(value));
}

static bool read_key(struct public_key *out, char *name, size_t size, const json_t *value)
{
    struct verifier_key v;

    if (!json_is_string(value) ||
        !verifier_key_parse(&v, json_string_value(value), json_string_length(value)) ||
        v.type != KEY_ED25519 || v.name_len >= size) {
        return false;
    }
    memcpy(name, v.name, v.name_len);
    name[v.name_len] = '\0';
    *out = v.key;
    return true;
}

static bool read_heads(struct evidence *out, const json_t *heads, const char **why)
{
    *why = "it has not two heads";
    if (!json_is_array(heads) || json_array_size(heads) != 2) {
        return false;
    }
    for (size_t i = 0; i < 2; i++) {
        const json_t *note = json_array_get(heads, i);
        if (!json_is_string(note) ||
            !checkpoint_open(&out->fork.heads[i], json_string_value(note), json_string_length(note),
                             out->origin, &out->log_key, why)) {
            return false;
        }
    }
    *why = "the first head is above the second";
    return out->fork.heads[0].size <= out->fork.heads[1].size;
}

static bool read_proof(const json_t *list, struct hash proof[static MERKLE_PROOF_MAX], size_t *n)
{
    *n = json_array_size(list);
    if (!json_is_array(list) || *n > MERKLE_PROOF_MAX) {
        return false;
    }
    for (size_t i = 0; i < *n; i++) {
        if (!read_hash(&proof[i], json_array_get(list, i))) {
            return false;
        }
    }
    return true;
}

static bool check_fork(struct evidence *out, const json_t *o, const char **why)
{
    struct hash proof[MERKLE_PROOF_MAX];
    const struct log_head *heads = out->fork.heads;
    size_t n;

    out->about = EVIDENCE_FORK;
    if (json_object_size(o) != 6 || !read_hash(&out->fork.root, json_object_get(o, "root")) ||
        !read_proof(json_object_get(o, "proof"), proof, &n) ||
        !read_heads(out, json_object_get(o, "heads"), why)) {
        return false;
    }
    *why = "its proof does not hold under the second head";
    if (!merkle_verify_consistency(heads[0].size, heads[1].size, &out->fork.root, &heads[1].root,
                                   proof, n)) {
        return false;
    }
    *why = "the second head extends the first: that is one history";
    return !hash_equal(&out->fork.root, &heads[0].root);
}

/* The key of refusals goes by its name. */
static bool read_refusal_key(struct evidence *out, const json_t *o)
{
    char name[REFUSAL_NAME_SIZE], wanted[REFUSAL_NAME_SIZE];

    snprintf(wanted, sizeof wanted, "%s/refusal", out->origin);
    return read_key(&out->refused.key, name, sizeof name, json_object_get(o, "refusal_key")) &&
           strcmp(name, wanted) == 0;
}

static bool leaf_has_text(const char *leaf, size_t n, const struct hash *text_hash)
{
    struct note note;
    struct hash hash;
    const char *bytes;
    size_t len;
    int64_t at;

    if (!leaf_split(leaf, n, &at, &bytes, &len) || note_parse(&note, bytes, len) != NOTE_OK) {
        return false;
    }
    hash_sha256(&hash, note.text, note.text_len);
    return hash_equal(&hash, text_hash);
}

static bool check_refusal(struct evidence *out, const json_t *o, const char **why)
{
    const json_t *leaf = json_object_get(o, "leaf"), *receipt = json_object_get(o, "receipt");
    const json_t *refusal = json_object_get(o, "refusal");

    out->about = EVIDENCE_REFUSAL;
    if (json_object_size(o) != 7 || !json_is_string(leaf) || !json_is_string(receipt) ||
        !json_is_string(refusal) || !read_refusal_key(out, o) ||
        !refusal_open(&out->refused.note, json_string_value(refusal), json_string_length(refusal),
                      out->origin, &out->refused.key, why) ||
        !receipt_verify(json_string_value(receipt), json_string_length(receipt),
                        json_string_value(leaf), json_string_length(leaf), out->origin,
                        &out->log_key, &out->refused.index, &out->refused.head, why)) {
        return false;
    }
    *why = "the refusal speaks of another text than that of the leaf";
    if (!leaf_has_text(json_string_value(leaf), json_string_length(leaf),
                       &out->refused.note.entry_hash)) {
        return false;
    }
    *why = "the text was in the log before it was refused";
    return out->refused.index >= out->refused.note.head.size;
}

static bool check(struct evidence *out, const json_t *o, const char **why)
{
    const char *about = json_string_value(json_object_get(o, "about"));

    *why = "its log key is malformed";
    if (!read_key(&out->log_key, out->origin, sizeof out->origin, json_object_get(o, "log_key")) ||
        !origin_valid(out->origin, strlen(out->origin))) {
        return false;
    }
    *why = "it is not of the form of evidence";
    if (about == NULL || json_integer_value(json_object_get(o, "v")) != 1) {
        return false;
    }
    if (strcmp(about, "fork") == 0) {
        return check_fork(out, o, why);
    }
    return strcmp(about, "refusal") == 0 && check_refusal(out, o, why);
}

bool evidence_check(struct evidence *out, const char *bytes, size_t n, const char **why)
{
    json_t *o = n <= EVIDENCE_BYTES_MAX ? json_loadb(bytes, n, JSON_REJECT_DUPLICATES, NULL) : NULL;

    memset(out, 0, sizeof *out);
    *why = "it is no JSON object";
    bool ok = json_is_object(o) && check(out, o, why);
    json_decref(o);
    return ok;
}
