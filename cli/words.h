/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The pieces of which cli/sentence.c makes its sentences, written into a buffer of fixed size. */
#ifndef SEM_CLI_WORDS_H
#define SEM_CLI_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "ledger/entry.h"

/* Start with s and size set and the rest zero; s holds at least one byte. */
struct words {
    char *s;
    size_t n, size;
    bool cut; /* something did not fit; what comes later is left out */
};

/* A handle as a name: with a capital. Handles have small letters only, so nothing is lost. */
struct name {
    char s[HANDLE_MAX + 1];
};
struct name name_of(const char *handle);
#define NAME(handle) (name_of((handle).s).s)

void words_add(struct words *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "A, B and C", without the handle `but` (NULL: all). */
void words_names(struct words *t, const struct handles *list, const char *but);
void words_duration(struct words *t, int64_t minutes);
void words_moment(struct words *t, int64_t ms);
/* The text before and the reference; nothing when it is absent. */
void words_ref(struct words *t, const char *before, const struct ref *ref);
/* All 64 digits: a part of a key names nothing. */
void words_key(struct words *t, const struct public_key *key);
/* The text before and "a, b, c"; nothing when the list is empty. */
void words_slugs(struct words *t, const char *before, const struct slugs *list);
/* Marks a text that did not fit with "…", at a whole character. */
void words_finish(struct words *t);

#endif
