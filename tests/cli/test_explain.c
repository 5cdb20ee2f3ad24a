/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The figures of a refusal as people read them; what has another shape stays as it is. */
#include <criterion/criterion.h>

#include "cli/explain.h"

static struct explained out;

#define OR_ELSE ", or a need whose urgency another organisation vouches for"

Test(explain, moments_become_dates)
{
    explain(&out, "expires_out_of_range", "",
            "after 1795400160000, at most 1810952160000 (180 days)", "1788185100000");
    cr_expect_str_eq(out.expected,
                     "after 23 November 2026, 02:16 UTC, at most 22 May 2027, 02:16 UTC "
                     "(180 days)");
    cr_expect_str_eq(out.found, "31 August 2026, 14:05 UTC");
    cr_expect_str_eq(out.limit, "");
    explain(&out, "time_order", "", "at least 1788185100000, the time of the last entry",
            "1788185040000");
    cr_expect_str_eq(out.expected,
                     "at least 31 August 2026, 14:05 UTC, the time of the last entry");
    cr_expect_str_eq(out.found, "31 August 2026, 14:04 UTC");
    explain(&out, "expired", "", "a moment still to come", "1788185040000 at 1788185100000");
    cr_expect_str_eq(out.expected, "a moment still to come");
    cr_expect_str_eq(out.found, "31 August 2026, 14:04 UTC; it was 31 August 2026, 14:05 UTC then");
    explain(&out, "id_time", "id_skew_minutes", "a time up to 1788185100000", "1788185160000");
    cr_expect_str_eq(out.expected, "a time up to 31 August 2026, 14:05 UTC");
    explain(&out, "valid_until_too_far", "entry_days_max",
            "at most 1788185100000, 90 days after the id", "1788185160000");
    cr_expect_str_eq(out.expected, "at most 31 August 2026, 14:05 UTC, 90 days after the id");
}

Test(explain, a_crossed_limit_is_told_in_hours)
{
    const char *found = "960 minutes; position would be -990, floor -600, hard stop -900";

    explain(&out, "limit_crossed", "limit_hard_permille",
            "at most 870 minutes more for orme; or a smaller share, a gift" OR_ELSE, found);
    cr_expect_str_eq(out.expected, "at most 14 h 30 min more for Orme; or a smaller share, a "
                                   "gift" OR_ELSE);
    cr_expect_str_eq(out.found, "16 h, after which the position of Orme would be -16 h 30 min");
    cr_expect_str_eq(out.limit, "the most that Orme may receive beyond what it gave is 15 h; "
                                "beyond 10 h it is a reason to talk");
    explain(&out, "limit_crossed", "limit_floor",
            "at most 0 minutes more for orme; or a smaller share, a gift recorded "
            "afterwards" OR_ELSE,
            found);
    cr_expect_str_eq(out.expected, "at most 0 min more for Orme; or a smaller share, a gift "
                                   "recorded afterwards" OR_ELSE);
    cr_expect_str_eq(out.limit, "the most that Orme may receive beyond what it gave is 10 h");
}

Test(explain, counters_are_told_in_hours)
{
    explain(&out, "assertion_false", "", "90", "-5");
    cr_expect_str_eq(out.expected, "1 h 30 min");
    cr_expect_str_eq(out.found, "-5 min");
}

static void stays(const char *code, const char *expected, const char *found)
{
    explain(&out, code, "limit_floor", expected, found);
    cr_expect_str_eq(out.expected, expected);
    cr_expect_str_eq(out.found, found);
    cr_expect_str_eq(out.limit, "");
}

Test(explain, another_shape_stays_as_it_is)
{
    const char *known = "at most 870 minutes more for orme; or a smaller share, a gift" OR_ELSE;

    stays("limit_crossed", known, "960 minutes");
    stays("limit_crossed", known,
          "960 minutes; position would be -990, floor -600, hard stop -900 ");
    stays("limit_crossed", known,
          "99999999999999999999 minutes; position would be -990, floor -600, hard stop -900");
    stays("limit_crossed", "at most 870 minutes more for ORME", "960 minutes");
    stays("assertion_false", "99999999999999999999", "12 sheep");
    stays("expires_out_of_range", "after -5, at most 7 (1 days)", "-5");
    stays("expires_out_of_range", "after 1788185100000", "9223372036854775807");
    stays("expired", "", "");
    stays("time_order", "{m}", "{1}");
    stays("field_invalid", "1788185100000", "1788185100000");
}

Test(explain, pages_are_not_cited)
{
    char text[EXPLAIN_SIZE];

    explain_plain(text, "log in with a key (SPEC 12.2)");
    cr_expect_str_eq(text, "log in with a key");
    explain_plain(text, "one (SPEC 2) and two");
    cr_expect_str_eq(text, "one and two");
    explain_plain(text, "open (SPEC 2");
    cr_expect_str_eq(text, "open (SPEC 2");
}
