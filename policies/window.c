/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/window.h"

#include <assert.h>

#define YEAR_MIN 1970
#define YEAR_MAX 2199

int32_t window_day(int64_t at_ms)
{
    assert(at_ms >= -((int64_t)1 << 53) && at_ms <= (int64_t)1 << 53);

    int64_t day = at_ms / WINDOW_DAY_MS;

    if (at_ms % WINDOW_DAY_MS < 0)
        day--;
    return (int32_t)day;
}

int32_t window_first_day(int32_t day, int64_t window_days)
{
    assert(window_days > 0 && window_days - 1 <= (int64_t)day - INT32_MIN);
    return (int32_t)(day - window_days + 1);
}

static bool year_is_leap(int32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int32_t days_in_year(int32_t year)
{
    return year_is_leap(year) ? 366 : 365;
}

static int32_t days_in_month(int32_t year, int32_t month)
{
    static const int32_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && year_is_leap(year) ? 29 : days[month - 1];
}

/* Leap years from year 1 up to and including year. */
static int32_t leap_years(int32_t year)
{
    return year / 4 - year / 100 + year / 400;
}

/* The day number of the first of January. */
static int32_t year_first_day(int32_t year)
{
    return 365 * (year - YEAR_MIN) + leap_years(year - 1) - leap_years(YEAR_MIN - 1);
}

/* Reads digits only, as many as given; -1 if there is anything else. */
static int32_t digits_parse(const char *text, size_t len)
{
    int32_t value = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

bool day_parse(const char *text, size_t len, int32_t *day)
{
    if (len != DAY_TEXT_BYTES - 1 || text[4] != '-' || text[7] != '-')
        return false;

    int32_t year = digits_parse(text, 4);
    int32_t month = digits_parse(text + 5, 2);
    int32_t of_month = digits_parse(text + 8, 2);

    if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12)
        return false;
    if (of_month < 1 || of_month > days_in_month(year, month))
        return false;

    int32_t result = year_first_day(year) + of_month - 1;

    for (int32_t m = 1; m < month; m++)
        result += days_in_month(year, m);
    *day = result;
    return true;
}

static void digits_format(char *out, size_t len, int32_t value)
{
    while (len-- > 0) {
        out[len] = (char)('0' + value % 10);
        value /= 10;
    }
}

void day_format(char out[static DAY_TEXT_BYTES], int32_t day)
{
    assert(day >= DAY_MIN && day <= DAY_MAX);

    /* The quotient is the right year or, because of leap days, the one after. */
    int32_t year = YEAR_MIN + day / 365;
    int32_t month = 1;

    if (year_first_day(year) > day)
        year--;
    day -= year_first_day(year);
    assert(day >= 0 && day < days_in_year(year));
    while (day >= days_in_month(year, month))
        day -= days_in_month(year, month++);

    digits_format(out, 4, year);
    out[4] = '-';
    digits_format(out + 5, 2, month);
    out[7] = '-';
    digits_format(out + 8, 2, day + 1);
    out[10] = '\0';
}
