/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The coordinator's sheet (ledger/sheet.h), shared by all threads and kept for as long as the log
 * has not grown. One thread computes at a time; meanwhile, and for a while after a costly one, the
 * others get the last sheet, which names its size.
 */
#ifndef SEM_API_SHEET_H
#define SEM_API_SHEET_H

#include "ledger/sheet.h"

struct sheets;

struct sheets *sheets_new(void);
void sheets_free(struct sheets *sheets); /* NULL is accepted */

/* A sheet, read-only, until sheets_release(). NULL without memory. */
const struct sheet *sheets_get(struct sheets *sheets, struct state *s, int64_t at);
void sheets_release(struct sheets *sheets, const struct sheet *sheet);

#endif
