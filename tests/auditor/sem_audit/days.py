# SPDX-License-Identifier: AGPL-3.0-or-later
"""Moments and days: SPEC 1.1. A day is counted from 1970-01-01, UTC."""
import datetime

MINUTE_MS = 60_000
DAY_MS = 86_400_000
_FIRST = datetime.date(1970, 1, 1)


def day_of(moment):
    return moment // DAY_MS


def parse_day(text):
    """Days since 1970 of `YYYY-MM-DD`; ValueError when there is no such day."""
    year, month, day = (int(part) for part in text.split("-"))
    return (datetime.date(year, month, day) - _FIRST).days
