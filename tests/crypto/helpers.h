/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the tests of crypto/ share: a check for long loops, vector tables, known keys. */
#ifndef SEM_TESTS_CRYPTO_HELPERS_H
#define SEM_TESTS_CRYPTO_HELPERS_H

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "crypto/hash.h"
#include "crypto/key.h"
#include "crypto/text.h"

/*
 * Like cr_assert, without a message to the runner for each success, which would make a
 * hundred thousand checks slow.
 */
#define CHECK(cond, ...)                                                                           \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            cr_log_error("%s:%d: %s", __FILE__, __LINE__, #cond);                                  \
            cr_assert(false, __VA_ARGS__);                                                         \
        }                                                                                          \
    } while (0)

/* Suite initialiser: every test is a process of its own. */
void start(void);

/* A table under tests/vectors: fields separated by one space, '#' opens a comment line. */
#define TABLE_FIELDS_MAX 8
#define TABLE_LINE_MAX 8192

struct table {
    FILE *file;
    char line[TABLE_LINE_MAX];
    const char *field[TABLE_FIELDS_MAX];
    size_t n_fields;
};

/* `name` is a file in tests/vectors, found from the root of the repository. */
void table_open(struct table *t, const char *name);

/* Splits the next line into at most `fields` parts, the last taking the rest. False: the end. */
bool table_next(struct table *t, size_t fields);
void table_close(struct table *t);

uint64_t number(const char *text);

/* Each fails the test when the text is not exactly that. */
struct hash hash_hex(const char *text);
struct hash hash_base64(const char *text);
struct secret_key *key_hex(const char *seed);

/* The key whose seed is the SHA-256 of a text. */
struct secret_key *key_of_phrase(const char *phrase);

struct verifier_key vkey(const char *text);

#endif
