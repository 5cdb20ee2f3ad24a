/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Months and quarters: the moments that the calendar sets (SPEC 5.2).
 *
 * UTC and the proleptic Gregorian calendar, in Unix milliseconds; quarters begin with January,
 * April, July and October. A moment lies within 0..2^53 - 1, like every moment of an entry;
 * asserted. Pure functions, any thread, O(1). */
#ifndef POLICIES_CALENDAR_H
#define POLICIES_CALENDAR_H

#include <stdint.h>

/* The first moment of the quarter in which a moment lies; itself when it is one. */
int64_t calendar_quarter(int64_t at_ms);

/* The first moment of a month, or of a quarter, after a moment. */
int64_t calendar_next_month(int64_t at_ms);
int64_t calendar_next_quarter(int64_t at_ms);

#endif
