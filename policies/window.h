/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Days: the buckets of the rolling window, and their names.
 *
 * A day is a UTC day, counted from 1970-01-01 = day 0. Leap seconds do not exist in Unix time and
 * so not here. Pure functions, any thread. */
#ifndef POLICIES_WINDOW_H
#define POLICIES_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WINDOW_DAY_MS ((int64_t)86400000)

/* The days that have a name: 1970-01-01 to 2199-12-31. */
#define DAY_MIN 0
#define DAY_MAX 84005

/* "YYYY-MM-DD" and its terminating zero. */
#define DAY_TEXT_BYTES 11

/* The day in which a Unix time in milliseconds falls, also before 1970 (rounded down). The time
 * lies within ±2^53, like every integer of an entry; asserted. */
int32_t window_day(int64_t at_ms);

/* The first day of the window of window_days days that ends with, and includes, day.
 * window_days > 0, and the answer fits an int32; asserted. */
int32_t window_first_day(int32_t day, int64_t window_days);

/* Reads exactly "YYYY-MM-DD", len bytes without terminating zero, an existing day of the years
 * 1970 to 2199 (proleptic Gregorian). False, and *day untouched, for anything else. */
__attribute__((warn_unused_result))
bool day_parse(const char *text, size_t len, int32_t *day);

/* Writes a day from DAY_MIN to DAY_MAX (asserted) as "YYYY-MM-DD" with a terminating zero. */
void day_format(char out[static DAY_TEXT_BYTES], int32_t day);

#endif
