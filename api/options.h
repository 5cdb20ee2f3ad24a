/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The command line of semd and its configuration file. */
#ifndef SEM_API_OPTIONS_H
#define SEM_API_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Exit codes of SPEC 13.1 that semd uses. */
enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_PARTIAL = 3,
    EXIT_VERIFICATION = 7,
    EXIT_NO_LEDGER = 10,
    EXIT_LOCKED = 11,
};

enum verb {
    VERB_INIT,
    VERB_SERVE,
    VERB_CHECK,
    VERB_REBUILD,
    VERB_KEYS,
    VERB_BACKUP,
    VERB_RESTORE,
};

#define OPTION_TEXT_MAX 4096

struct options {
    enum verb verb;
    char dir[OPTION_TEXT_MAX];
    char origin[OPTION_TEXT_MAX];    /* empty: not given */
    char demo_seed[OPTION_TEXT_MAX]; /* empty: not given */
    char listen[OPTION_TEXT_MAX];
    char metrics[OPTION_TEXT_MAX];   /* empty: no metrics */
    char witness_policy[OPTION_TEXT_MAX]; /* a file; empty: no witnesses */
    char to[OPTION_TEXT_MAX];        /* of backup */
    char from[OPTION_TEXT_MAX], keys[OPTION_TEXT_MAX]; /* of restore; no keys: the backup's */
    bool without_keys, replace;
    bool insecure_http;
    size_t map_bytes, queue_max, batch_max; /* 0: the ledger's defaults */
    unsigned threads;                /* 0: one a core */
};

/*
 * Reads the command line and, for `serve`, the file of --config; the command line wins. Prints
 * what is wrong and how to mend it on stderr. Answers -1 to go on, or an exit code.
 */
int options_read(struct options *out, int argc, char **argv);

#endif
