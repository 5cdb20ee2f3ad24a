# SPDX-License-Identifier: AGPL-3.0-or-later
"""Days and moments of the demo year, in UTC: working hours, holidays, the quiet of summer."""
import calendar
import datetime

MINUTE_MS = 60_000
DAY_MS = 86_400_000
HOLIDAYS = {"01-01", "01-02", "05-01", "07-21", "08-15", "11-01", "11-11", "12-24", "12-25",
            "12-26", "12-31"}
# How much happens in a month, in per mille of a busy one.
SEASON = {1: 850, 2: 950, 3: 1000, 4: 850, 5: 950, 6: 900, 7: 300, 8: 250, 9: 1000, 10: 1000,
          11: 950, 12: 650}


def parse(text):
    """The first millisecond of a day written YYYY-MM-DD."""
    return calendar.timegm(datetime.date.fromisoformat(text).timetuple()) * 1000


def date(ms):
    return datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc).date()


def text(ms):
    return date(ms).isoformat()


def end_of_day(ms):
    return ms - ms % DAY_MS + DAY_MS - 1


def works(ms):
    day = date(ms)
    return day.weekday() < 5 and day.isoformat()[5:] not in HOLIDAYS


def working_day(ms):
    """The same moment on this day or, if nobody works, on the next working day."""
    while not works(ms):
        ms += DAY_MS
    return ms


def previous_working_day(ms):
    while not works(ms):
        ms -= DAY_MS
    return ms


def moment(prng, day_ms):
    """A moment of the working hours of the first working day from `day_ms` on."""
    day = working_day(day_ms - day_ms % DAY_MS)
    return day + prng.between(8 * 60, 16 * 60 + 20) * MINUTE_MS + prng.below(MINUTE_MS)
