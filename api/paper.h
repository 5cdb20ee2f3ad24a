/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A JSON answer as something to print or to open in a spreadsheet (SPEC 18.11). What is shown is
 * declared: sections of labelled lines or of rows, each with paths into the answer. Pure functions;
 * texts of the answer are data, whatever is in them.
 *
 * CSV: UTF-8 with a byte order mark, `;`, CRLF, decimal comma; minutes stand as whole minutes and,
 * in a second column, as hours. A text that a spreadsheet could take for a formula stands behind an
 * apostrophe. HTML: one page without scripts that prints on A4, with its own style sheet, to which
 * paper_policy() holds the browser.
 */
#ifndef SEM_API_PAPER_H
#define SEM_API_PAPER_H

#include <jansson.h>

#include "api/words.h"

enum paper_kind {
    PAPER_TEXT,
    PAPER_COUNT,    /* an integer */
    PAPER_MINUTES,
    PAPER_PERMILLE, /* as a percentage; null is not known */
    PAPER_DAY,      /* ms, as an ISO day */
};

/* A line of a section, or a column of one. A table of parts ends with a NULL path. */
struct paper_part {
    const char *path;      /* member names with dots */
    enum paper_kind kind;
    const char *title[LANGUAGES];
    const char *otherwise; /* the path to take where the first is absent; NULL: none */
};

/* A table of sections ends with a NULL caption. */
struct paper_section {
    const char *caption[LANGUAGES];
    const char *list; /* the path of an array whose objects are rows; NULL: lines of the answer */
    const struct paper_part *parts;
};

struct paper {
    const char *title; /* finished text */
    const struct paper_section *sections;
};

/* From malloc, *n bytes, not NUL-terminated. Without memory they abort. */
char *paper_csv(const struct paper *paper, const json_t *answer, enum language language, size_t *n);
char *paper_html(const struct paper *paper, const json_t *answer, enum language language,
                 size_t *n);

/* The Content-Security-Policy of the HTML: no source but its own style. */
#define PAPER_POLICY_SIZE 200
void paper_policy(char out[static PAPER_POLICY_SIZE]);

#endif
