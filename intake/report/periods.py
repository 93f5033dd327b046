"""Reads a period's name and tells where its days begin in a clinic's time zone."""

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from intake.report.values import Period

FIRST_YEAR = 1900
"""No chart is older, and every time zone has days before and after it."""
_NAMES = re.compile(r"(?P<year>\d{4})(?:-Q(?P<quarter>[1-4])|-(?P<month>0[1-9]|1[0-2]))?")


def parse_period(name: str, today: date) -> Period:
    """Read `2026`, `2026-Q3`, `2026-09` or `rolling-12`, twelve months that end with today; ValueError otherwise."""
    if name == "rolling-12":
        end = date.fromordinal(today.toordinal() + 1)
        return Period(name, months_before(end, 12), end)
    found = _NAMES.fullmatch(name)
    if found is None or not FIRST_YEAR <= int(found["year"]) < 9999:
        raise ValueError(f"{name!r} is no period: write 2026, 2026-Q3, 2026-09 or rolling-12")
    year = int(found["year"])
    if found["month"]:
        return _months(name, year, int(found["month"]), 1)
    if found["quarter"]:
        return _months(name, year, 3 * int(found["quarter"]) - 2, 3)
    return _months(name, year, 1, 12)


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or that month's last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    for number in range(day.day, 27, -1):
        try:
            return date(year, month + 1, number)
        except ValueError:
            continue
    return date(year, month + 1, day.day)


def day_start(day: date, time_zone: str) -> datetime:
    """The moment in UTC at which the day begins in the zone, on clock-change nights too."""
    return datetime.combine(day, time.min, ZoneInfo(time_zone)).astimezone(UTC)


def _months(name: str, year: int, first: int, count: int) -> Period:
    after = first + count - 1
    return Period(name, date(year, first, 1), date(year + after // 12, after % 12 + 1, 1))
