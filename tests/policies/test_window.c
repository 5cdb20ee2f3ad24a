/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <string.h>
#include <time.h>

#include "policies/window.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

Test(window, a_moment_falls_into_its_utc_day)
{
    static const struct {
        int64_t at_ms;
        int32_t day;
    } rows[] = {
        {0, 0},
        {1, 0},
        {86399999, 0},
        {86400000, 1},
        {-1, -1},
        {-86400000, -1},
        {-86400001, -2},
        {INT64_C(1767225600000), 20454}, /* 2026-01-01 */
        {INT64_C(1767225599999), 20453},
        {INT64_C(1) << 53, 104249991},
        {-(INT64_C(1) << 53), -104249992},
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        cr_expect_eq(window_day(rows[i].at_ms), rows[i].day, "row %zu: %d", i,
                     window_day(rows[i].at_ms));
}

Test(window, the_window_includes_both_its_first_and_its_last_day)
{
    cr_expect_eq(window_first_day(20454, 365), 20090); /* 2026-01-01 back to 2025-01-02 */
    cr_expect_eq(window_first_day(20454, 1), 20454);
    cr_expect_eq(window_first_day(100, 365), -264);
    cr_expect_eq(window_first_day(0, (int64_t)INT32_MAX + 2), INT32_MIN);
}

Test(window, known_days_are_read_and_written)
{
    static const struct {
        const char *text;
        int32_t day;
    } rows[] = {
        {"1970-01-01", DAY_MIN}, {"1970-12-31", 364},   {"1971-01-01", 365},
        {"1972-02-29", 789},     {"1972-03-01", 790},   {"2000-02-29", 11016},
        {"2000-03-01", 11017},   {"2024-02-29", 19782}, {"2025-01-02", 20090},
        {"2026-01-01", 20454},   {"2100-02-28", 47540}, {"2100-03-01", 47541},
        {"2199-12-31", DAY_MAX},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[DAY_TEXT_BYTES];
        int32_t day = -1;

        cr_expect(day_parse(rows[i].text, 10, &day), "%s", rows[i].text);
        cr_expect_eq(day, rows[i].day, "%s: %d", rows[i].text, day);
        day_format(text, rows[i].day);
        cr_expect_str_eq(text, rows[i].text);
    }
}

Test(window, malformed_days_are_refused_and_leave_the_result_alone)
{
    static const char *const rows[] = {
        "",           "2024",        "2024-01-0",  "2024-01-001", "2024-1-01",  "2024-01-1 ",
        " 024-01-01", "2024/01/01",  "2024-01/01", "20240101",    "2024-0101-", "+024-01-01",
        "-024-01-01", "2024-+1-01",  "2024-01--1", "2024-00-01",  "2024-13-01", "2024-01-00",
        "2024-01-32", "2024-04-31",  "2024-06-31", "2024-09-31",  "2024-11-31", "2024-02-30",
        "2023-02-29", "2100-02-29",  "1969-12-31", "2200-01-01",  "0000-01-01", "9999-12-31",
        "2024-0a-01", "2024-01-0x",  "2024-01-01T", "2024-01-01 ", "2024:01:01",
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        int32_t day = 12345;

        cr_expect_not(day_parse(rows[i], strlen(rows[i]), &day), "\"%s\"", rows[i]);
        cr_expect_eq(day, 12345, "\"%s\"", rows[i]);
    }
}

Test(window, the_length_decides_not_a_terminating_zero)
{
    const char unterminated[10] = {'2', '0', '2', '4', '-', '0', '2', '-', '2', '9'};
    const char with_zero[10] = {'2', '0', '2', '4', '-', '0', '2', '-', '2', '\0'};
    int32_t day = -1;

    cr_expect(day_parse(unterminated, sizeof unterminated, &day));
    cr_expect_eq(day, 19782);
    cr_expect_not(day_parse(with_zero, sizeof with_zero, &day));
    cr_expect_not(day_parse("2024-02-29", 11, &day));
    cr_expect_not(day_parse("2024-02-29", 9, &day));
}

/* The C library's calendar is the second opinion. */
Test(window, every_day_of_the_range_goes_there_and_back_and_agrees_with_libc)
{
    for (int32_t day = DAY_MIN; day <= DAY_MAX; day++) {
        const time_t seconds = (time_t)day * 86400;
        char text[DAY_TEXT_BYTES], libc_text[32];
        struct tm tm;
        int32_t back = -1;

        day_format(text, day);
        cr_assert_not_null(gmtime_r(&seconds, &tm));
        cr_assert_gt(strftime(libc_text, sizeof libc_text, "%Y-%m-%d", &tm), 0);
        cr_assert_str_eq(text, libc_text);
        cr_assert(day_parse(text, 10, &back), "%s", text);
        cr_assert_eq(back, day, "%s", text);
    }
}

/* Every combination of digits that looks like a day is read exactly if the day exists. */
Test(window, as_many_days_are_accepted_as_the_range_has)
{
    char text[] = "0000-00-00";
    int32_t accepted = 0;

    for (int year = 1960; year < 2210; year++) {
        for (int month = 0; month < 100; month++) {
            for (int of_month = 0; of_month < 100; of_month++) {
                const int digits[] = {year / 1000, year / 100 % 10, year / 10 % 10, year % 10, -1,
                                      month / 10,  month % 10,      -1, of_month / 10,
                                      of_month % 10};
                int32_t day;

                for (size_t i = 0; i < COUNT(digits); i++)
                    if (digits[i] >= 0)
                        text[i] = (char)('0' + digits[i]);
                accepted += day_parse(text, 10, &day);
            }
        }
    }
    cr_expect_eq(accepted, DAY_MAX - DAY_MIN + 1);
}
