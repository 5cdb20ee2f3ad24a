/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The network's yearly statements that were made lately, shared by all threads: each costs a walk
 * over the year, and anybody may ask for it. One is made at a time. A statement serves until the
 * log has grown, and for twenty times as long as it took to make.
 */
#ifndef SEM_API_YEARS_H
#define SEM_API_YEARS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct years;

struct years *years_new(void);
void years_free(struct years *years); /* NULL is accepted */

enum years_found {
    YEARS_FOUND, /* *out is a new reference of the caller's own */
    YEARS_BUSY,  /* another thread makes one */
    YEARS_MAKE,  /* the caller makes it, and says so with years_made(), also when it failed */
};
/* Looks for the statement of a year, at a size and on a day. */
enum years_found years_find(struct years *years, int year, uint64_t size, int32_t day,
                            json_t **out);
/* Keeps a copy of what was made; NULL: it could not be. */
void years_made(struct years *years, int year, uint64_t size, int32_t day, const json_t *made);

#endif
