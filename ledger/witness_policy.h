/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which logs and witnesses somebody knows, and which witnesses together are enough: a C2SP
 * tlog-policy file.
 *
 *     # comment
 *     log <verifier key> [<url>]
 *     witness <name> <verifier key> [<url>]
 *     group <name> all|any|<k> <member>...
 *     quorum <name>|none
 *
 * One item a line, words parted by spaces and tabs; groups and the quorum name what stands above
 * them; a name is a member once. Names are bytes and mean something only inside the file. Keys of
 * logs are of type 0x01, keys of witnesses of type 0x04; other types are refused with their line,
 * because a policy that is half understood protects nobody.
 */
#ifndef SEM_LEDGER_WITNESS_POLICY_H
#define SEM_LEDGER_WITNESS_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "crypto/key.h"

#define POLICY_BYTES_MAX ((size_t)256 * 1024)
/* A note has room for 64 lines: 63 and one of the other sort. A set of witnesses fits 64 bits. */
#define POLICY_LOGS_MAX 63
#define POLICY_WITNESSES_MAX 63
#define POLICY_GROUPS_MAX 64
/* Longest name of a log (its origin) or of a witness's key; as C2SP tlog-cosignature bounds it. */
#define POLICY_KEY_NAME_MAX 255

struct policy_log {
    const char *origin; /* NUL-terminated; the name of the key */
    struct verifier_key key;
    const char *url; /* NULL: none */
};

struct policy_witness {
    const char *name; /* in the file; the key has a name of its own */
    struct verifier_key key;
    const char *url; /* NULL: none */
};

/* Met when k of its members are; the members are named by their places below. */
struct policy_group {
    const char *name;
    unsigned k;
    uint64_t witnesses, groups;
};

enum policy_quorum { POLICY_QUORUM_ABSENT, POLICY_QUORUM_NONE, POLICY_QUORUM_WITNESS,
                     POLICY_QUORUM_GROUP };

/* Everything in it is owned by it, and ends with witness_policy_free(). */
struct witness_policy {
    char *text; /* the names point in here */
    struct policy_log logs[POLICY_LOGS_MAX];
    struct policy_witness witnesses[POLICY_WITNESSES_MAX];
    struct policy_group groups[POLICY_GROUPS_MAX];
    unsigned n_logs, n_witnesses, n_groups;
    enum policy_quorum quorum;
    unsigned quorum_place; /* of the witness or group */
};

#define POLICY_WHY_SIZE 256

/*
 * Reads the text of a policy. NULL with a message in `why`, "line 3: ..." where a line is at fault.
 * Without `quorum_needed` a file of logs alone, as a witness has it, needs no line `quorum`.
 */
struct witness_policy *witness_policy_parse(const char *text, size_t n, bool quorum_needed,
                                            char why[static POLICY_WHY_SIZE])
    __attribute__((warn_unused_result));
/* The same from a file; messages go to `err`, with its path. */
struct witness_policy *witness_policy_read(const char *path, bool quorum_needed, FILE *err)
    __attribute__((warn_unused_result));
void witness_policy_free(struct witness_policy *policy); /* NULL is accepted */

/*
 * True when a set of witnesses is enough: bit i stands for witnesses[i], and is set by the caller
 * when its cosignature of one and the same checkpoint has been verified. A quorum of none, or a
 * policy without the line, is always met.
 */
bool witness_policy_met(const struct witness_policy *policy, uint64_t cosigned);

#endif
