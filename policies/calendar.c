/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/calendar.h"

#include <assert.h>

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
