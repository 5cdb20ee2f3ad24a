/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Minutes, days and moments as people write and read them. Days and moments are UTC. Pure
 * functions.
 */
#ifndef SEM_CLI_DURATION_H
#define SEM_CLI_DURATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MS_PER_MINUTE ((int64_t)60 * 1000)
#define MS_PER_DAY    ((int64_t)24 * 60 * MS_PER_MINUTE)

/* The longest time that can be typed: the widest field of an entry (SPEC 6.4, ceiling). */
#define DURATION_MINUTES_MAX 1000000

/* Room for any text written here, NUL included. */
#define DURATION_SIZE 48
#define DAY_SIZE      48

/*
 * Reads 1..DURATION_MINUTES_MAX minutes: "2h30", "2:30", "2,5" or "2.5" (hours), "150" (minutes),
 * "45min", "3h", "2 h 30 min". False when it is none of these or does not make whole minutes.
 */
bool duration_parse(const char *text, int64_t *minutes) __attribute__((warn_unused_result));

/* How a time may be written, for messages: a translated text. */
const char *duration_forms(void);

/* "2 h 30 min", "45 min", "-3 h", "0 min". */
void duration_format(char out[static DURATION_SIZE], int64_t minutes);

/* Reads "YYYY-MM-DD", 1970-01-01..2199-12-31, as days since 1970-01-01. */
bool day_read(const char *text, int32_t *day) __attribute__((warn_unused_result));

/* "YYYY-MM-DD". */
void day_write(char out[static DAY_SIZE], int64_t day);

/* "31 August 2026". */
void day_words(char out[static DAY_SIZE], int64_t day);

/* The last millisecond of a day; "until the 31st" includes the 31st. */
int64_t day_end_ms(int32_t day);

/* "31 August 2026" for the last millisecond of a day, otherwise "31 August 2026, 14:05 UTC". */
void moment_words(char out[static DAY_SIZE], int64_t ms);

/* Now, in Unix milliseconds. */
int64_t now_ms(void);

#endif
