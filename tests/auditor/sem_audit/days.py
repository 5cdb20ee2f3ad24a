# SPDX-License-Identifier: AGPL-3.0-or-later
"""Moments and days: SPEC 1.1. A day is counted from 1970-01-01, UTC."""
import datetime

MINUTE_MS = 60_000
DAY_MS = 86_400_000
_FIRST = datetime.date(1970, 1, 1)
# The calendar repeats after so many years, of so many days; Python's ends with year 9999.
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097


def day_of(moment):
    return moment // DAY_MS


def parse_day(text):
    """Days since 1970 of `YYYY-MM-DD`; ValueError when there is no such day."""
    year, month, day = (int(part) for part in text.split("-"))
    return (datetime.date(year, month, day) - _FIRST).days


def within(moment, at, days):
    """Whether it lies in the so many UTC days that end with the day of `at`."""
    return day_of(at) - days < day_of(moment) <= day_of(at)


# --- The calendar ---------------------------------------------------------------------------------

def month_of(moment):
    """Months since year 0."""
    cycles, days = divmod(day_of(moment), _CYCLE_DAYS)
    date = _FIRST + datetime.timedelta(days=days)
    return 12 * (date.year + cycles * _CYCLE_YEARS) + date.month - 1


def first_of(month):
    """The first moment of a month that `month_of` gave."""
    cycles, years = divmod(month // 12 - _FIRST.year, _CYCLE_YEARS)
    first = datetime.date(_FIRST.year + years, month % 12 + 1, 1)
    return (cycles * _CYCLE_DAYS + (first - _FIRST).days) * DAY_MS


def next_month(moment):
    """The first moment of a month behind this moment."""
    return first_of(month_of(moment) + 1)


def quarter_of(moment):
    """Quarters since year 0."""
    return month_of(moment) // 3


def next_quarter(moment):
    return first_of(3 * (quarter_of(moment) + 1))


# Where days have no names any more: SPEC 1.1, 5.2.
CALENDAR_END = first_of(2200 * 12)
