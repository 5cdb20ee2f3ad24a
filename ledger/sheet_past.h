/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the sheet (ledger/sheet.h) says of the ends of past years that no sum of a year tells: how
 * many members leaned then, and the structural deficit of a quarter then. Positions, members, needs
 * and offers are those of that moment; lines and capacities, of which no past is kept, those of
 * now.
 */
#ifndef SEM_LEDGER_SHEET_PAST_H
#define SEM_LEDGER_SHEET_PAST_H

#include "ledger/sheet.h"

/*
 * Fills `leaning` and `deficit` of the sheet's years but the newest; its organisations and years
 * are there. Walks the chains of all organisations, the needs of two years and all offers ever.
 * False when there is no memory.
 */
bool sheet_past(struct state *s, struct sheet *sheet) __attribute__((warn_unused_result));

#endif
