/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* `leaves.jsonl`: one JSON string per leaf (SPEC 17.1). Part of cli/log_source.h. */
#ifndef SEM_CLI_LOG_LIST_H
#define SEM_CLI_LOG_LIST_H

#include "cli/log_source.h"

#define LOG_LIST_NAME "leaves.jsonl"

struct log_list;

/* NULL with errno. */
struct log_list *log_list_open(const char *dir);
void log_list_free(struct log_list *list); /* NULL is accepted */

/*
 * The leaves of the next lines, at most 256, borrowed until the next call; *n is 0 at the end.
 * SOURCE_MALFORMED when the line after them is no JSON string.
 */
enum source_got log_list_next(struct log_list *list, struct slice leaves[static 256], size_t *n);
uint64_t log_list_position(const struct log_list *list);
/* Goes over a line without giving it. */
enum source_got log_list_skip(struct log_list *list);

/* A leaf that was passed, borrowed until the next call of this function. */
enum source_got log_list_leaf(struct log_list *list, uint64_t index, struct slice *leaf);

#endif
