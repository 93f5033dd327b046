"""Reads a period's name, and finds when its days begin in a clinic's time zone."""

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from intake.report.values import Period

FIRST_YEAR = 1900
"""No chart is older, and every time zone has days before and after it."""

_PERIOD_NAME = re.compile(r"(?P<year>\d{4})(?:-Q(?P<quarter>[1-4])|-(?P<month>0[1-9]|1[0-2]))?")


class PeriodNotBegunError(ValueError):
    """The period lies in the future: a report would print zeros as if they were counts."""


class NotClosedError(ValueError):
    """The period has no edition to share, because it has not ended or moves with the day."""


ROLLING_YEAR = "rolling-12"


def is_closed(period: Period, today: date) -> bool:
    """Return whether the period is a month, quarter or year that has ended."""
    return period.name != ROLLING_YEAR and period.end <= today


def parse_period(name: str, today: date) -> Period:
    """Read `2026`, `2026-Q3`, `2026-09` or `rolling-12`; raises ValueError.

    `rolling-12` is the twelve months that end with today. Raises PeriodNotBegunError for a period
    that begins after today.
    """
    period = _read_period(name, today)
    if period.first > today:
        raise PeriodNotBegunError(f"{name} has not begun: its first day is {period.first}")
    return period


def _read_period(name: str, today: date) -> Period:
    if name == ROLLING_YEAR:
        end = date.fromordinal(today.toordinal() + 1)
        return Period(name, months_before(end, 12), end)
    match = _PERIOD_NAME.fullmatch(name)
    if match is None or not FIRST_YEAR <= int(match["year"]) < 9999:
        raise ValueError(f"{name!r} is not a period: write 2026, 2026-Q3, 2026-09 or rolling-12")
    year = int(match["year"])
    if match["month"]:
        return _build_period(name, year, int(match["month"]), 1)
    if match["quarter"]:
        return _build_period(name, year, 3 * int(match["quarter"]) - 2, 3)
    return _build_period(name, year, 1, 12)


def closed_periods(today: date) -> tuple[Period, ...]:
    """Return the last month, the last quarter and the last year that have ended."""
    month = months_before(today.replace(day=1), 1)
    quarter = months_before(today.replace(day=1, month=today.month - (today.month - 1) % 3), 3)
    names = (
        f"{month.year:04}-{month.month:02}",
        f"{quarter.year:04}-Q{(quarter.month + 2) // 3}",
        f"{today.year - 1:04}",
    )
    return tuple(parse_period(name, today) for name in names)


def months_before(day: date, months: int) -> date:
    """Return the day that many months earlier, or the shorter month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    # Every month has 28 days, so that only the days after those need a try.
    for number in range(day.day, 27, -1):
        try:
            return date(year, month + 1, number)
        except ValueError:
            continue
    return date(year, month + 1, day.day)


def day_start(day: date, time_zone: str) -> datetime:
    """Return the moment in UTC at which the day begins in the zone."""
    # Midnight may not exist on a clock-change night: zoneinfo then gives the first moment.
    return datetime.combine(day, time.min, ZoneInfo(time_zone)).astimezone(UTC)


def _build_period(name: str, year: int, first: int, count: int) -> Period:
    after = first + count - 1
    return Period(name, date(year, first, 1), date(year + after // 12, after % 12 + 1, 1))
