/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/extends.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/files.h"
#include "cli/i18n.h"
#include "cli/problem.h"
#include "cli/session.h"
#include "crypto/text.h"
#include "ledger/evidence.h"

struct proof {
    struct hash hashes[MERKLE_PROOF_MAX], root_from;
    size_t n;
};

static bool read_proof(struct proof *out, const json_t *answer)
{
    const json_t *list = json_object_get(answer, "proof");
    const json_t *root = json_object_get(answer, "root_from");

    out->n = json_array_size(list);
    if (!json_is_array(list) || out->n > MERKLE_PROOF_MAX || !json_is_string(root) ||
        !hex_decode(out->root_from.b, HASH_BYTES, json_string_value(root),
                    json_string_length(root))) {
        return false;
    }
    for (size_t i = 0; i < out->n; i++) {
        const json_t *one = json_array_get(list, i);
        if (!json_is_string(one) ||
            !base64_decode_exact(out->hashes[i].b, HASH_BYTES, json_string_value(one),
                                 json_string_length(one))) {
            return false;
        }
    }
    return true;
}

/* A fork is only what the evidence itself shows, so a wrong hint of the server makes none. */
static enum extends fork_or_not(const struct ctl *ctl, const struct signed_head *ours,
                                const struct signed_head *theirs, const struct proof *proof,
                                char **evidence)
{
    const struct head_note heads[2] = {{ours->note, ours->n}, {theirs->note, theirs->n}};

    *evidence = evidence_make_fork(ctl->origin, &ctl->log_key, heads, &proof->root_from,
                                   proof->hashes, proof->n);
    return *evidence != NULL ? EXTENDS_FORK : EXTENDS_UNPROVEN;
}

static enum extends ask(struct ctl *ctl, const struct signed_head *ours,
                        const struct signed_head *theirs, char **evidence, int *rc)
{
    enum extends result = EXTENDS_FAILED;
    struct proof proof;
    struct reply reply;
    char path[96];

    snprintf(path, sizeof path, "/v1/consistency?from=%" PRIu64 "&to=%" PRIu64, ours->head.size,
             theirs->head.size);
    *rc = request(ctl, "GET", path, NULL, NULL, 0, &reply);
    if (*rc == CTL_OK && !read_proof(&proof, reply.json)) {
        result = EXTENDS_UNPROVEN;
    } else if (*rc == CTL_OK) {
        result = merkle_verify_consistency(ours->head.size, theirs->head.size, &ours->head.root,
                                           &theirs->head.root, proof.hashes, proof.n)
                     ? EXTENDS_YES
                     : fork_or_not(ctl, ours, theirs, &proof, evidence);
    }
    reply_free(&reply);
    return result;
}

enum extends head_extends(struct ctl *ctl, const struct signed_head *ours,
                          const struct signed_head *theirs, char **evidence, int *rc)
{
    struct proof none = {.root_from = theirs->head.root};

    *evidence = NULL;
    *rc = CTL_OK;
    if (theirs->head.size < ours->head.size) {
        return EXTENDS_SHORTER;
    }
    if (theirs->head.size > ours->head.size) {
        return ask(ctl, ours, theirs, evidence, rc);
    }
    return hash_equal(&ours->head.root, &theirs->head.root)
               ? EXTENDS_YES
               : fork_or_not(ctl, ours, theirs, &none, evidence);
}

int evidence_keep(const struct ctl *ctl, const char *path, const char *evidence, const char *about,
                  uint64_t a, uint64_t b)
{
    const char *key = ctl->key_path;
    char *name = NULL;

    if (path == NULL && asprintf(&name, "%s%s%s-%" PRIu64 "-%" PRIu64 ".json",
                                 key != NULL ? key : "", key != NULL ? "." : "", about, a, b) < 0) {
        return fail(CTL_FAILED, _("no memory"));
    }
    path = path != NULL ? path : name;
    int rc = CTL_OK;
    if (write_whole_file(path, evidence, strlen(evidence), 0644, true)) {
        say(ctl,
            _("Evidence is kept in %s; anybody who knows the log's key can check it with "
              "`semctl evidence check`."),
            path);
    } else {
        rc = fail(CTL_FAILED, _("%s cannot be written: %s"), path, strerror(errno));
    }
    free(name);
    return rc;
}

bool receipt_note(const char *receipt, size_t n, const char **note, size_t *note_len)
{
    const char *empty = memmem(receipt, n, "\n\n", 2);

    if (empty == NULL) {
        return false;
    }
    *note = empty + 2;
    *note_len = (size_t)(receipt + n - *note);
    return true;
}
