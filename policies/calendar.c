/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/calendar.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "policies/window.h"

#define AT_MAX (((int64_t)1 << 53) - 1)
#define YEARS_OF_CYCLE 400
#define DAYS_OF_CYCLE 146097 /* of the Gregorian calendar: 97 leap years */

/* Months since January of the year 0. */
typedef int64_t months;

/*
 * Days from 1970-01-01 to the first of a month. Years are taken to begin with March, so that the
 * day that some have more is their last; the months from March on then have 153 days every five.
 */
static int64_t first_day(months month)
{
    months since_march = month - 2;
    int64_t year = since_march / 12, of_year = since_march % 12;
    int64_t leaps = year / 4 - year / 100 + year / YEARS_OF_CYCLE;
    /* From 0000-03-01 to 1970-01-01 there are 719468 days. */
    return year * 365 + leaps + (153 * of_year + 2) / 5 - 719468;
}

/* The month in which a day lies: a guess by the mean length, which is off by one at most. */
static months month_of(int64_t day)
{
    int64_t mean = (int64_t)YEARS_OF_CYCLE * 12;
    months month = (months)1970 * 12 + day * mean / DAYS_OF_CYCLE;
    while (first_day(month) > day)
        month--;
    while (first_day(month + 1) <= day)
        month++;
    return month;
}

static months month_at(int64_t at_ms)
{
    assert(at_ms >= 0 && at_ms <= AT_MAX);
    return month_of(at_ms / WINDOW_DAY_MS);
}

static int64_t moment_of(months month)
{
    return first_day(month) * WINDOW_DAY_MS;
}

int64_t calendar_quarter(int64_t at_ms)
{
    return moment_of(month_at(at_ms) / 3 * 3);
}

int64_t calendar_next_month(int64_t at_ms)
{
    return moment_of(month_at(at_ms) + 1);
}

int64_t calendar_next_quarter(int64_t at_ms)
{
    return moment_of(month_at(at_ms) / 3 * 3 + 3);
}

/* --- Weeks ------------------------------------------------------------------------------------ */

#define WEEK_DAYS 7
#define THURSDAY 3      /* from Monday */
#define YEAR_MIN 1970
#define YEAR_MAX 9998

/* The Monday of a day's week; 1970-01-01 was a Thursday. */
static int64_t monday_of(int64_t day)
{
    return day - (day + THURSDAY) % WEEK_DAYS;
}

int64_t calendar_week(int64_t at_ms)
{
    assert(at_ms >= 0 && at_ms <= AT_MAX);
    int64_t monday = monday_of(at_ms / WINDOW_DAY_MS);
    return monday > 0 ? monday * WINDOW_DAY_MS : 0;
}

static int64_t year_of(int64_t day)
{
    return month_of(day) / 12;
}

void calendar_week_name(char out[static CALENDAR_WEEK_BYTES], int64_t at_ms)
{
    assert(at_ms >= 0 && at_ms <= AT_MAX);
    int64_t thursday = monday_of(at_ms / WINDOW_DAY_MS) + THURSDAY;
    int64_t year = year_of(thursday), week = (thursday - first_day(year * 12)) / WEEK_DAYS + 1;

    assert(year >= YEAR_MIN && year <= YEAR_MAX + 1 && week >= 1 && week <= 53);
    snprintf(out, CALENDAR_WEEK_BYTES, "%04u-W%02u", (unsigned)year % 10000u,
             (unsigned)week % 100u);
}

/* Digits and nothing else. */
static bool digits(const char *text, size_t n, int64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *out = *out * 10 + text[i] - '0';
    }
    return true;
}

bool calendar_week_parse(const char *text, size_t len, int64_t *at_ms)
{
    char name[CALENDAR_WEEK_BYTES];
    int64_t year, week;

    if (len != CALENDAR_WEEK_BYTES - 1 || text[4] != '-' || text[5] != 'W' ||
        !digits(text, 4, &year) || !digits(text + 6, 2, &week) || year < YEAR_MIN ||
        year > YEAR_MAX)
        return false;
    /* 4 January lies in week 1; a week 53 that there is not would have another name. */
    int64_t monday = monday_of(first_day(year * 12) + 3) + (week - 1) * WEEK_DAYS;
    int64_t thursday = (monday + THURSDAY) * WINDOW_DAY_MS;
    if (thursday < 0)
        return false;
    calendar_week_name(name, thursday);
    if (memcmp(name, text, len) != 0)
        return false;
    *at_ms = monday > 0 ? monday * WINDOW_DAY_MS : 0;
    return true;
}
