/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Months and quarters: the moments that the calendar sets (SPEC 5.2); and weeks, which batches of
 * proposals are made for (SPEC 19.8).
 *
 * UTC and the proleptic Gregorian calendar, in Unix milliseconds; quarters begin with January,
 * April, July and October. A moment lies within 0..2^53 - 1, like every moment of an entry;
 * asserted. Pure functions, any thread, O(1). */
#ifndef POLICIES_CALENDAR_H
#define POLICIES_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first moment of the quarter in which a moment lies; itself when it is one. */
int64_t calendar_quarter(int64_t at_ms);

/* The first moment of a month, or of a quarter, after a moment. */
int64_t calendar_next_month(int64_t at_ms);
int64_t calendar_next_quarter(int64_t at_ms);

/* The first moment of the week, Monday 0:00, in which a moment lies; 0 for the days before the
 * first Monday of 1970. */
int64_t calendar_week(int64_t at_ms);

/* "2026-W09" and its terminating zero: a week by ISO 8601, whose year is that of its Thursday. */
#define CALENDAR_WEEK_BYTES 9

/* Names the week in which a moment before the year 10000 lies (asserted). */
void calendar_week_name(char out[static CALENDAR_WEEK_BYTES], int64_t at_ms);

/* Reads such a name of a week that exists, of the years 1970 to 9998, into its first moment. False,
 * and *at_ms untouched, for anything else. */
__attribute__((warn_unused_result))
bool calendar_week_parse(const char *text, size_t len, int64_t *at_ms);

#endif
