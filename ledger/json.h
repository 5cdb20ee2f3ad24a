/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The canonical profile of JSON (SPEC 2.2) and small helpers over jansson. The profile is checked
 * over the bytes themselves, by profile_check() of ledger/entry.h; jansson only gives the values.
 * Pure functions, any thread.
 */
#ifndef SEM_LEDGER_JSON_H
#define SEM_LEDGER_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "ledger/codes.h"

/* Objects and arrays within each other, the outer object included. */
#define PROFILE_DEPTH_MAX 4

/*
 * Reads n bytes that must be one object of the profile. The caller releases it with json_decref().
 * NULL with the refusal not_canonical (or internal, without memory).
 */
json_t *profile_load(const char *json, size_t n, struct refusal *why)
    __attribute__((warn_unused_result));

/* Characters of a shown value, NUL included. */
#define JSON_SHOWN_SIZE 96

/* Writes a value as one line of JSON for people, cut with "…" at a whole character. */
void json_show(char out[static JSON_SHOWN_SIZE], const json_t *value);

#endif
