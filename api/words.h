/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Sentences in three languages, for figures that should not be read without one (SPEC 18.9). The
 * words are those of people who help each other: we gave, we received. Numbers and durations are
 * written as each language writes them: `2 h 30`, `2 u 30`, `2 h 30 min`.
 */
#ifndef SEM_API_WORDS_H
#define SEM_API_WORDS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum language { LANGUAGE_EN, LANGUAGE_FR, LANGUAGE_NL, LANGUAGES };
extern const char *const language_codes[LANGUAGES]; /* "en", "fr", "nl" */

/*
 * The language of the three that an Accept-Language header likes best (RFC 9110 section 12.5.4), of
 * equals the first; English when it names none of them, or is NULL.
 */
enum language words_accepted(const char *header);

/* One sentence under construction, and what its %-marks stand for, in the order of the marks. */
struct words {
    const char *form[LANGUAGES];
    size_t n;
    struct {
        char kind; /* 'd' a number, 'h' minutes as hours, '%' per mille as a percentage, 's' text */
        int64_t value;
        const char *text;
    } v[6];
};

/*
 * Writes it in one language; in a form `$1` to `$6` stand for the values, and `{1|one|many}` for
 * the word that goes with the first value as it is shown: in French 0 and 1 are singular, elsewhere
 * 1 alone. Cut to the room; returns its length.
 */
size_t words_write(char *out, size_t size, const struct words *words, enum language language);

/* {"en","fr","nl"}; new reference. */
json_t *words_json(const struct words *words);

/* A duration in minutes as a language writes it. */
#define WORDS_DURATION_SIZE 40
void words_duration(char out[static WORDS_DURATION_SIZE], int64_t minutes, enum language language);

#endif
