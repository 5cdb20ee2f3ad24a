/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Search as people type: without regard to accents or case, every word somewhere. "societe" finds
 * "Société", "coeur" finds "Cœur". The folded texts of sheets are kept by the hash of their
 * reference, and all of them are forgotten whenever a text is stored or erased, so that an erased
 * sheet cannot be found. Safe from any thread.
 */
#ifndef SEM_API_SEARCH_H
#define SEM_API_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"

#define SEARCH_TERMS_MAX 8
#define SEARCH_QUERY_BYTES_MAX 100
#define SEARCH_SHEETS_MAX 8192

/*
 * Folds n bytes of UTF-8: letters without marks, lower case. The caller frees; NULL when it
 * cannot.
 */
char *search_fold(const char *text, size_t n) __attribute__((warn_unused_result));

/* The folded words of a query. */
struct search_terms {
    char *folded; /* owned; the words point into it */
    size_t n;
    const char *v[SEARCH_TERMS_MAX];
};
/* False when the query is too long, has too many words or none. */
bool search_terms_parse(struct search_terms *out, const char *query)
    __attribute__((warn_unused_result));
void search_terms_free(struct search_terms *terms);
/* The set of terms, a bit each, that occur in a folded text. */
unsigned search_terms_in(const struct search_terms *terms, const char *folded);

struct search;
struct search *search_new(void);
void search_free(struct search *search); /* NULL is accepted */
/* Terms found in the sheet that is kept under a name; false when none is. */
bool search_sheet(struct search *search, uint64_t generation, const struct hash *name,
                  const struct search_terms *terms, unsigned *found);
/* Keeps a folded sheet; takes the text. */
void search_keep(struct search *search, uint64_t generation, const struct hash *name,
                 char *folded);

#endif
