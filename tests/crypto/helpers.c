/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/crypto/helpers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"

void start(void)
{
    cr_assert(crypto_start() == 0);
}

void table_open(struct table *t, const char *name)
{
    char path[256];
    int n = snprintf(path, sizeof path, "tests/vectors/%s", name);
    cr_assert(n > 0 && (size_t)n < sizeof path);
    t->file = fopen(path, "r");
    cr_assert(t->file != NULL, "%s: run the tests from the root of the repository", path);
}

bool table_next(struct table *t, size_t fields)
{
    do {
        if (fgets(t->line, sizeof t->line, t->file) == NULL) {
            return false;
        }
        CHECK(strchr(t->line, '\n') != NULL, "line too long");
    } while (t->line[0] == '#');
    *strchr(t->line, '\n') = '\0';

    CHECK(fields <= TABLE_FIELDS_MAX, "too many fields");
    char *at = t->line;
    for (t->n_fields = 0; t->n_fields < fields && at != NULL; t->n_fields++) {
        t->field[t->n_fields] = at;
        at = t->n_fields + 1 < fields ? strchr(at, ' ') : NULL;
        if (at != NULL) {
            *at++ = '\0';
        }
    }
    return true;
}

void table_close(struct table *t)
{
    fclose(t->file);
}

uint64_t number(const char *text)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    CHECK(errno == 0 && end != text && *end == '\0', "%s is not a number", text);
    return value;
}

struct hash hash_hex(const char *text)
{
    struct hash h;
    CHECK(hex_decode(h.b, HASH_BYTES, text, strlen(text)), "%s", text);
    return h;
}

struct hash hash_base64(const char *text)
{
    struct hash h;
    CHECK(base64_decode_exact(h.b, HASH_BYTES, text, strlen(text)), "%s", text);
    return h;
}

struct secret_key *key_hex(const char *seed)
{
    struct hash h = hash_hex(seed);
    struct secret_key *key = secret_key_from_seed(h.b);
    cr_assert(key != NULL);
    return key;
}

struct secret_key *key_of_phrase(const char *phrase)
{
    struct hash h;
    hash_sha256(&h, phrase, strlen(phrase));
    struct secret_key *key = secret_key_from_seed(h.b);
    cr_assert(key != NULL);
    return key;
}

struct verifier_key vkey(const char *text)
{
    struct verifier_key key;
    CHECK(verifier_key_parse(&key, text, strlen(text)), "%s", text);
    return key;
}
