/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The pieces of which cli/sentence.c makes its sentences, written into a buffer of fixed size. */
#ifndef SEM_CLI_WORDS_H
#define SEM_CLI_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "crypto/key.h"
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

/* Short texts by value, for the arguments of words_add(). */
#define SHORT_TEXT_SIZE 96
struct short_text {
    char s[SHORT_TEXT_SIZE];
};
struct short_text time_text(int64_t minutes); /* "2 h 30 min" */
struct short_text moment_text(int64_t ms);    /* "31 August 2026, 14:05 UTC" */
struct short_text ref_text(const struct ref *ref);
struct short_text key_text(const struct public_key *); /* all digits: a part names nothing */

void words_add(struct words *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "A, B and C". */
void words_names(struct words *t, const struct handles *list);
/* What stands before item i of n in a list: nothing, a comma or "and". */
const char *words_between(size_t i, size_t n);
/* The text before and the reference; nothing when it is absent. */
void words_ref(struct words *t, const char *before, const struct ref *ref);
/* The text before and "a, b, c"; nothing when the list is empty. */
void words_slugs(struct words *t, const char *before, const struct slugs *list);
/* Marks a text that did not fit with "…", at a whole character. */
void words_finish(struct words *t);

#endif
