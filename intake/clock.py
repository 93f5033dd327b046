"""The one clock: everything that asks for the time is handed one of these; and what days and lengths of time are."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Returns the present moment, aware, in UTC."""


def system_clock() -> datetime:
    """Return the present moment from the machine's clock, in UTC."""
    return datetime.now(UTC)


def day_bounds(first: date, zone: ZoneInfo, days: int = 1) -> tuple[datetime, datetime]:
    """Return when `days` days from `first` begin and end in a zone, in UTC; a clock change makes one of 23 or 25 hours."""
    edges = (
        datetime.combine(each, time.min, zone) for each in (first, first + timedelta(days=days))
    )
    start, end = (edge.astimezone(UTC) for edge in edges)
    return start, end


def format_duration(length: timedelta) -> str:
    """Return a length of time in its largest whole unit, such as `3 h`."""
    seconds = int(length.total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def age_in_years(born: date, on: date) -> int:
    """Return how many birthdays somebody has had by a day; who was born on February 29 has theirs on March 1 in other years."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
