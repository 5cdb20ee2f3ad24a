/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Evidence against a log (SPEC 17.6): one JSON object that convinces whoever knows the keys,
 * without a server. Pure functions.
 *
 * That the log key signed two histories:
 *
 *     {"about":"fork","heads":[note,note],"log_key":"<vkey>","proof":[base64…],"root":base64,"v":1}
 *
 * The first head is not above the second. `root` is the root that the tree of the second head has
 * at the size of the first, `proof` the consistency proof for it (RFC 6962 section 2.1.2), empty
 * at equal sizes. It is evidence when both heads are signed, the proof holds, and `root` is not the
 * root of the first head.
 *
 * That a text which was refused for good (SPEC 10.2) stands in the log:
 *
 *     {"about":"refusal","leaf":…,"log_key":"<vkey>","receipt":…,"refusal":note,
 *      "refusal_key":"<vkey>","v":1}
 *
 * It is evidence when the receipt proves the leaf, the refusal speaks of the leaf's text, and the
 * leaf stands behind the size at which it was refused.
 */
#ifndef SEM_LEDGER_EVIDENCE_H
#define SEM_LEDGER_EVIDENCE_H

#include "ledger/checkpoint.h"
#include "ledger/refusals.h"

/* Longest evidence that is read. */
#define EVIDENCE_BYTES_MAX 131072

enum evidence_about { EVIDENCE_FORK = 1, EVIDENCE_REFUSAL };

/* What evidence says; `fork` or `refused` by `about`. */
struct evidence {
    enum evidence_about about;
    char origin[ORIGIN_MAX + 1];
    struct public_key log_key;
    struct {
        struct log_head heads[2]; /* the smaller one first */
        struct hash root;         /* at the size of heads[0], under heads[1] */
    } fork;
    struct {
        struct public_key key;
        struct refusal_note note;
        uint64_t index; /* of the leaf */
        struct log_head head;
    } refused;
};

/* A checkpoint note, borrowed. */
struct head_note {
    const char *note;
    size_t n;
};

/*
 * The evidence as a text with a line feed, which the caller frees. It is checked before it is
 * given: NULL when it proves nothing, and without memory.
 */
char *evidence_make_fork(const char *origin, const struct public_key *log_key,
                         const struct head_note heads[static 2], const struct hash *root,
                         const struct hash proof[], size_t n_proof);

/* The same for a refused text that was logged; all but `origin` are strings with NUL. */
char *evidence_make_refusal(const char *origin, const struct public_key *log_key,
                            const struct public_key *refusal_key, const char *leaf,
                            const char *receipt, const char *refusal);

/*
 * True when n bytes are evidence; else a static word in *why. Whether the keys are those of the
 * network in question is for whoever knows it.
 */
bool evidence_check(struct evidence *out, const char *bytes, size_t n, const char **why)
    __attribute__((warn_unused_result));

#endif
