/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>

#include "cli/duration.h"

static int64_t minutes_of(const char *text)
{
    int64_t minutes = -1;

    return duration_parse(text, &minutes) ? minutes : -1;
}

Test(duration, reads_every_way_of_writing_two_hours_and_a_half)
{
    static const char *const ways[] = {"2h30",   "2:30",    "2,5",   "2.5",        "150",
                                       "150min", "150 min", "150m",  "2 h 30 min", "2h30min",
                                       "2,5h",   "2,50",    " 2h30 "};

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        cr_expect_eq(minutes_of(ways[i]), 150, "%s gives %d", ways[i], (int)minutes_of(ways[i]));
    }
}

Test(duration, reads_whole_hours_bare_minutes_and_quarters)
{
    cr_expect_eq(minutes_of("3h"), 180);
    cr_expect_eq(minutes_of("45min"), 45);
    cr_expect_eq(minutes_of("1"), 1);
    cr_expect_eq(minutes_of("1:05"), 65);
    cr_expect_eq(minutes_of("1h5"), 65);
    cr_expect_eq(minutes_of("0,25"), 15);
    cr_expect_eq(minutes_of("0h30"), 30);
    cr_expect_eq(minutes_of("10h"), 600);
    cr_expect_eq(minutes_of("1000000"), DURATION_MINUTES_MAX);
}

Test(duration, refuses_what_is_no_time_or_no_whole_minute)
{
    static const char *const bad[] = {"",        " ",
                                      "0",       "0h",
                                      "-5",      "2h75",
                                      "2:75",    "2:5",
                                      "2:",      "h30",
                                      "2h30s",   "abc",
                                      "2,33",    "2,",
                                      "2.5.5",   "2h3 0",
                                      "1e3",     "+5",
                                      "2h-3",    "2 30",
                                      "1000001", "99999999999999999999",
                                      "2:30h",   "2,5min",
                                      "2h130"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_eq(minutes_of(bad[i]), -1, "\"%s\" was read as %d", bad[i],
                     (int)minutes_of(bad[i]));
    }
}

Test(duration, writes_hours_and_minutes)
{
    static const struct {
        int64_t minutes;
        const char *text;
    } cases[] = {{0, "0 min"},        {59, "59 min"},        {60, "1 h"},
                 {150, "2 h 30 min"}, {-150, "-2 h 30 min"}, {-60, "-1 h"},
                 {61, "1 h 1 min"},   {6000000, "100000 h"}, {-1, "-1 min"}};
    char text[DURATION_SIZE];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        duration_format(text, cases[i].minutes);
        cr_expect_str_eq(text, cases[i].text);
    }
}

Test(duration, what_is_written_is_read_back)
{
    char text[DURATION_SIZE];

    for (int64_t m = 1; m < 3000; m++) {
        duration_format(text, m);
        cr_assert_eq(minutes_of(text), m, "%s", text);
    }
}

Test(duration, writes_the_largest_integers_whole)
{
    char text[DURATION_SIZE];

    duration_format(text, INT64_MIN);
    cr_expect_str_eq(text, "-153722867280912930 h 8 min");
    duration_format(text, INT64_MAX);
    cr_expect_str_eq(text, "153722867280912930 h 7 min");
}

Test(day, reads_days_and_refuses_impossible_ones)
{
    static const char *const bad[] = {"2026-02-30", "2026-13-01",  "2026-00-10", "2026-1-1",
                                      "31-08-2026", "2026-08-31 ", "2026/08/31", "1969-12-31",
                                      "2200-01-01", "2025-02-29",  "",           "2026-08-00"};
    int32_t day;

    cr_assert(day_read("1970-01-01", &day));
    cr_expect_eq(day, 0);
    cr_assert(day_read("2026-08-31", &day));
    cr_expect_eq(day, 20696);
    cr_assert(day_read("2024-02-29", &day));
    cr_assert(day_read("2199-12-31", &day));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_not(day_read(bad[i], &day), "%s was read", bad[i]);
    }
}

Test(day, writes_days_and_moments)
{
    char text[DAY_SIZE];

    day_words(text, 20696);
    cr_expect_str_eq(text, "31 August 2026");
    day_write(text, 20696);
    cr_expect_str_eq(text, "2026-08-31");
    moment_words(text, day_end_ms(20696));
    cr_expect_str_eq(text, "31 August 2026");
    moment_words(text, (int64_t)20696 * MS_PER_DAY + (14 * 60 + 5) * MS_PER_MINUTE);
    cr_expect_str_eq(text, "31 August 2026, 14:05 UTC");
    moment_words(text, day_end_ms(20696) + 1);
    cr_expect_str_eq(text, "1 September 2026, 00:00 UTC");
}
