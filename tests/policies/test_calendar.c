/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Held against the C library's own calendar. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <time.h>

#include "policies/calendar.h"

#define AT_MAX (((int64_t)1 << 53) - 1)
#define DAY INT64_C(86400000)

static struct tm fields(int64_t ms)
{
    time_t seconds = ms / 1000;
    struct tm tm;
    cr_assert_not_null(gmtime_r(&seconds, &tm));
    return tm;
}

static void expect_first(int64_t ms, bool of_quarter)
{
    struct tm tm = fields(ms);
    cr_assert_eq(ms % DAY, 0, "%" PRId64, ms);
    cr_assert_eq(tm.tm_mday, 1, "%" PRId64, ms);
    cr_assert(!of_quarter || tm.tm_mon % 3 == 0, "%" PRId64, ms);
}

static int month_number(int64_t ms)
{
    struct tm tm = fields(ms);
    return tm.tm_year * 12 + tm.tm_mon;
}

static void check(int64_t at)
{
    int64_t month = calendar_next_month(at), quarter = calendar_next_quarter(at);
    int64_t start = calendar_quarter(at);
    int now = month_number(at);

    expect_first(month, false);
    expect_first(quarter, true);
    expect_first(start, true);
    cr_assert_eq(month_number(month), now + 1, "%" PRId64, at);
    cr_assert(month > at && quarter > at && start <= at, "%" PRId64, at);
    cr_assert_eq(month_number(quarter) - month_number(start), 3, "%" PRId64, at);
    cr_assert(month_number(quarter) > now && month_number(start) <= now, "%" PRId64, at);
}

Test(calendar, every_day_of_eight_centuries)
{
    for (int64_t day = 0; day < 800 * 366; day++) {
        check(day * DAY);
        check(day * DAY + DAY - 1);
    }
}

Test(calendar, days_far_away)
{
    for (int64_t at = 0; at <= AT_MAX - INT64_C(77777777777777); at += INT64_C(77777777777777))
        check(at);
    check(AT_MAX);
}

Test(calendar, edges)
{
    /* 2024-02-29, 2024-04-01 0:00 and the millisecond before. */
    cr_expect_eq(calendar_next_month(INT64_C(1709164800000)), INT64_C(1709251200000));
    cr_expect_eq(calendar_quarter(INT64_C(1711929600000)), INT64_C(1711929600000));
    cr_expect_eq(calendar_next_quarter(INT64_C(1711929600000)), INT64_C(1719792000000));
    cr_expect_eq(calendar_quarter(INT64_C(1711929599999)), INT64_C(1704067200000));
    cr_expect_eq(calendar_next_quarter(INT64_C(1711929599999)), INT64_C(1711929600000));
}
