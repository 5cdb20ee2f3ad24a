/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/search.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

struct sheet {
    struct hash name;
    char *folded; /* NULL: free place */
};

struct search {
    pthread_mutex_t lock; /* guards everything below */
    uint64_t generation;
    struct sheet v[SEARCH_SHEETS_MAX]; /* by the first bytes of the name */
};

/* Letters that no decomposition takes apart but everybody types as two, or without the stroke. */
static const char *plain_letter(ucs4_t c)
{
    switch (c) {
    case 0x0153: return "oe";
    case 0x00e6: return "ae";
    case 0x00f8: return "o";
    case 0x0142: return "l";
    case 0x0111: return "d";
    case 0x0131: return "i";
    case 0x2019: return "'";
    default: return NULL;
    }
}

/* Drops the marks of a decomposed text, in place where it shrinks; `out` holds 2n + 1 bytes. */
static void strip(const uint8_t *in, size_t n, char *out)
{
    ucs4_t c;

    for (size_t i = 0; i < n;) {
        int used = u8_mbtouc(&c, in + i, n - i);
        const char *plain = plain_letter(c);

        if (plain) {
            out = stpcpy(out, plain);
        } else if (!uc_is_general_category(c, UC_NON_SPACING_MARK)) {
            memcpy(out, in + i, (size_t)used);
            out += used;
        }
        i += (size_t)used;
    }
    *out = '\0';
}

char *search_fold(const char *text, size_t n)
{
    size_t folded_len = 0;
    uint8_t *folded = u8_casefold((const uint8_t *)text, n, NULL, UNINORM_NFKD, NULL, &folded_len);
    char *out = folded ? malloc(2 * folded_len + 1) : NULL;

    if (out) {
        strip(folded, folded_len, out);
    }
    free(folded);
    return out;
}

/* --- Queries --------------------------------------------------------------------------------- */

bool search_terms_parse(struct search_terms *out, const char *query)
{
    static const char separators[] = " \t,;";
    char *rest;

    memset(out, 0, sizeof *out);
    if (strlen(query) > SEARCH_QUERY_BYTES_MAX) {
        return false;
    }
    out->folded = search_fold(query, strlen(query));
    if (!out->folded) {
        return false;
    }
    rest = out->folded;
    while (*(rest += strspn(rest, separators))) {
        if (out->n == SEARCH_TERMS_MAX) {
            search_terms_free(out);
            return false;
        }
        out->v[out->n++] = rest;
        rest += strcspn(rest, separators);
        if (*rest) {
            *rest++ = '\0';
        }
    }
    if (out->n == 0) {
        search_terms_free(out);
    }
    return out->n > 0;
}

void search_terms_free(struct search_terms *terms)
{
    free(terms->folded);
    memset(terms, 0, sizeof *terms);
}

unsigned search_terms_in(const struct search_terms *terms, const char *folded)
{
    unsigned found = 0;

    for (size_t i = 0; i < terms->n; i++) {
        found |= strstr(folded, terms->v[i]) ? 1u << i : 0;
    }
    return found;
}

/* --- Kept sheets ----------------------------------------------------------------------------- */

struct search *search_new(void)
{
    struct search *s = calloc(1, sizeof *s);

    if (s) {
        pthread_mutex_init(&s->lock, NULL);
    }
    return s;
}

static void forget(struct search *s)
{
    for (size_t i = 0; i < SEARCH_SHEETS_MAX; i++) {
        free(s->v[i].folded);
        s->v[i].folded = NULL;
    }
}

void search_free(struct search *s)
{
    if (s) {
        forget(s);
        pthread_mutex_destroy(&s->lock);
        free(s);
    }
}

/* The caller holds the lock. */
static struct sheet *place(struct search *s, uint64_t generation, const struct hash *name)
{
    if (s->generation != generation) {
        forget(s);
        s->generation = generation;
    }
    return &s->v[((size_t)name->b[0] << 8 | name->b[1]) % SEARCH_SHEETS_MAX];
}

bool search_sheet(struct search *s, uint64_t generation, const struct hash *name,
                  const struct search_terms *terms, unsigned *found)
{
    struct sheet *sheet;
    bool kept;

    pthread_mutex_lock(&s->lock);
    sheet = place(s, generation, name);
    kept = sheet->folded && hash_equal(&sheet->name, name);
    if (kept) {
        *found = search_terms_in(terms, sheet->folded);
    }
    pthread_mutex_unlock(&s->lock);
    return kept;
}

void search_keep(struct search *s, uint64_t generation, const struct hash *name, char *folded)
{
    struct sheet *sheet;

    pthread_mutex_lock(&s->lock);
    sheet = place(s, generation, name);
    free(sheet->folded);
    sheet->folded = folded;
    sheet->name = *name;
    pthread_mutex_unlock(&s->lock);
}
