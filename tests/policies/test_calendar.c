/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Held against the C library's own calendar. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "policies/calendar.h"
#include "policies/window.h"

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

/* --- Weeks ------------------------------------------------------------------------------------ */

static void expect_week(const char *day, const char *name)
{
    char found[CALENDAR_WEEK_BYTES];
    int64_t monday = -1;
    int32_t number;

    cr_assert(day_parse(day, strlen(day), &number));
    calendar_week_name(found, number * DAY + DAY / 2);
    cr_expect_str_eq(found, name, "%s", day);
    cr_assert(calendar_week_parse(name, strlen(name), &monday), "%s", name);
    cr_expect_eq(monday, calendar_week(number * DAY), "%s", day);
}

/* Years that begin on each day of the week, and those of 53 weeks. */
Test(calendar, weeks_by_iso_8601)
{
    expect_week("2024-01-01", "2024-W01");
    expect_week("2023-01-01", "2022-W52");
    expect_week("2022-01-02", "2021-W52");
    expect_week("2021-01-03", "2020-W53");
    expect_week("2021-01-04", "2021-W01");
    expect_week("2020-12-31", "2020-W53");
    expect_week("2019-12-30", "2020-W01");
    expect_week("2026-03-01", "2026-W09");
    expect_week("2026-12-31", "2026-W53");
    expect_week("1970-01-05", "1970-W02");
}

Test(calendar, each_day_lies_in_the_week_of_its_name)
{
    for (int64_t day = 4; day < 80000; day++) {
        char name[CALENDAR_WEEK_BYTES];
        int64_t monday = calendar_week(day * DAY), back;

        cr_assert_eq((monday / DAY + 3) % 7, 0, "%" PRId64, day);
        cr_assert(monday <= day * DAY && day * DAY < monday + 7 * DAY, "%" PRId64, day);
        struct tm tm = fields(day * DAY);
        char expected[16];

        strftime(expected, sizeof expected, "%G-W%V", &tm);
        calendar_week_name(name, day * DAY);
        cr_assert_str_eq(name, expected);
        cr_assert(calendar_week_parse(name, strlen(name), &back), "%s", name);
        cr_assert_eq(back, monday, "%s", name);
    }
}

Test(calendar, no_week)
{
    static const char *const wrong[] = {"",         "2026-W00", "2026-W54", "2025-W53", "2026-w09",
                                        "2026-W9",  "2026W09",  "2026-W1x", "1969-W52", "9999-W01",
                                        "2026-W011"};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int64_t at = 7;

        cr_expect_not(calendar_week_parse(wrong[i], strlen(wrong[i]), &at), "%s", wrong[i]);
        cr_expect_eq(at, 7);
    }
}
