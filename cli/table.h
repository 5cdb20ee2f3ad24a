/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Answers of the server for people: lists as aligned tables of at most 80 columns, objects as lines
 * of label and value. What is shown is declared: a path into the JSON and how to read it.
 */
#ifndef SEM_CLI_TABLE_H
#define SEM_CLI_TABLE_H

#include <jansson.h>
#include <stdbool.h>

#include "cli/ctl.h"

enum show {
    SHOW_TEXT,  /* a string; a list of strings is joined */
    SHOW_WHOLE, /* a string that is never cut: a reference, a key */
    SHOW_INTEGER,
    SHOW_MINUTES,    /* 2 h 30 min */
    SHOW_HUNDREDTHS, /* 2.50; of what is never below 0 */
    SHOW_DAY,        /* a moment in ms, or a day's text: 2026-08-31 */
    SHOW_MOMENT,     /* a moment in ms, in words */
    SHOW_YES,        /* a flag: the word, or nothing */
    SHOW_PERMILLE,   /* 41.2 %; null is n/a */
    SHOW_SHARES,     /* shares of an entry: a > b 2 h, … */
};

/* A table of columns or lines ends with a NULL path. */
struct column {
    const char *path; /* member names with dots: "sheet.name" */
    enum show show;
    const char *title; /* N_() */
};

/* The value of a path, NULL when a member is absent. */
const json_t *json_path(const json_t *o, const char *path);

/* The `sentence` of an object, {"en","fr","nl"}, in the language of the environment; "" if none. */
const char *json_sentence(const json_t *o);

/* The rows of an array of objects; says so when it is empty. */
void table_print(const json_t *rows, const struct column *columns, const char *when_empty);

/* "Label:  value" for each member that is there. */
void lines_print(const json_t *object, const struct column *lines);

/*
 * Reads all pages of a list and prints it: as a table, or with --json one object a line. `path` has
 * its query already, or none.
 */
int list_print(struct ctl *ctl, const char *path, const struct column *columns,
               const char *when_empty) __attribute__((warn_unused_result));

/* Appends the items of all pages of a list to `rows`. */
int list_read(struct ctl *ctl, const char *path, json_t *rows) __attribute__((warn_unused_result));

/* Reads one object and prints it. */
int object_print(struct ctl *ctl, const char *path, const struct column *lines)
    __attribute__((warn_unused_result));

/* A path with query parameters: each is left out when its value is NULL. The caller frees it. */
struct query {
    char *path;
    bool failed;
};
void query_start(struct query *q, const char *path);
void query_add(struct query *q, const char *name, const char *value);

#endif
