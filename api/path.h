/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Request targets: the check of the raw bytes, before anything decodes them, and the match of a
 * path with a template of the route table. Pure functions.
 */
#ifndef SEM_API_PATH_H
#define SEM_API_PATH_H

#include "api/request.h"

/*
 * Looks at a target as it came. libmicrohttpd 0.9.75 cuts a path at %00 and decodes %2f into a
 * separator, so these and everything else that is not plain are refused here: CODE_OK,
 * CODE_bad_path or CODE_query_invalid.
 */
enum code path_check(const char *target);

/*
 * Matches a path with a template such as /v1/orgs/{handle}. The names in braces are those of
 * struct path_args: handle, author (a handle or `clock`), id, index, commit, slot, year (four
 * digits), level, tile (the whole rest of the path). False when it does not fit.
 */
bool path_match(const char *template, const char *path, struct path_args *out);

/* Reads n characters as a decimal number without leading zeros, below 10^16. */
bool index_parse(const char *s, size_t n, uint64_t *out);

#endif
