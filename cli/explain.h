/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What was expected and found, as people read it: the moments of a refusal as dates, its minutes as
 * hours. The texts come from the server; one that has another shape than those known here stays as
 * it is. Pure functions.
 */
#ifndef SEM_CLI_EXPLAIN_H
#define SEM_CLI_EXPLAIN_H

#include <stddef.h>

/* Room for any text made here, NUL included; a longer one is cut. */
#define EXPLAIN_SIZE 1024

struct explained {
    char expected[EXPLAIN_SIZE], found[EXPLAIN_SIZE];
    char limit[EXPLAIN_SIZE]; /* of limit_crossed: which limit it is; otherwise empty */
};

/* Puts the texts of a refusal into words; empty ones stay empty. */
void explain(struct explained *out, const char *code, const char *rule, const char *expected,
             const char *found);

/* Copies without " (SPEC …)", which names a page that whoever reads this does not have. */
void explain_plain(char out[static EXPLAIN_SIZE], const char *text);

#endif
