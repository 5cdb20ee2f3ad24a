/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * semctl, the client: it holds a member's key, builds texts, shows what they say and signs them.
 * What lives in cli/: arguments, HTTP, key files, sentences, one file a noun. What may not: rules,
 * limits, state - the server has them - and LMDB.
 *
 * This header: the context of one run, exit codes and the two voices: stdout is data, stderr is
 * talk. The program is single-threaded.
 */
#ifndef SEM_CLI_CTL_H
#define SEM_CLI_CTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "crypto/key.h"
#include "ledger/entry.h"

/* SPEC 13.1 */
enum ctl_exit {
    CTL_OK = 0,
    CTL_FAILED = 1,
    CTL_USAGE = 2,
    CTL_PARTIAL = 3,
    CTL_KEY = 4,
    CTL_NOT_FOUND = 5,
    CTL_CONFLICT = 6,
    CTL_VERIFY = 7,
    CTL_NO_LEDGER = 10,
    CTL_LOCKED = 11,
    CTL_PASSPHRASE = 12,
};

struct client;

struct ctl {
    /* What was asked for; strings are borrowed from the arguments and the environment. */
    const char *url;
    const char *key_path; /* NULL: none */
    const char *as;       /* NULL: the base name of the key file */
    const char *passphrase_file;
    int passphrase_fd; /* -1: none */
    bool json, yes, quiet, no_input;
    int64_t valid_days; /* of what is signed */

    /* Made when first needed; ctl_close() releases them. */
    struct client *client;
    json_t *network; /* the answer of GET /v1/network */
    char origin[ORIGIN_MAX + 1];
    struct public_key log_key, refusal_key;
    struct log_pin *pin;
    struct secret_key *secret;
    struct public_key pub;
    char token[65]; /* of the session; empty: none */
};

void ctl_close(struct ctl *ctl);

/* --- Talk ------------------------------------------------------------------------------------- */

/* A line on stderr, unless --quiet. The text is already translated. */
void say(const struct ctl *ctl, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "semctl: …" on stderr; returns `code`, so that a function can end with it. */
int fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A line of JSON on stdout. Keeps `value`. */
void print_json(const json_t *value);

/* True when a question can be asked on the terminal. */
bool can_ask(const struct ctl *ctl);
/* Asks; true for a yes. Without a terminal the answer is no. --yes answers yes without asking. */
bool ask_yes(const struct ctl *ctl, const char *question);

/* --- Who we are ------------------------------------------------------------------------------- */

/*
 * Our organisation: --as, or the base name of the key file without its ending. CTL_OK, or an exit
 * code after a message.
 */
int ctl_handle(const struct ctl *ctl, struct handle *out) __attribute__((warn_unused_result));

/* The key, unlocked; asks for the passphrase the first time. CTL_OK or an exit code. */
int ctl_unlock(struct ctl *ctl) __attribute__((warn_unused_result));

#endif
