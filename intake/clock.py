"""The one clock that every caller gets, and arithmetic with days and durations."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Returns the present moment, aware, in UTC."""


def system_clock() -> datetime:
    """Return the present moment from the machine's clock, in UTC."""
    return datetime.now(UTC)


def day_bounds(first: date, zone: ZoneInfo, days: int = 1) -> tuple[datetime, datetime]:
    """Return when `days` days from `first` begin and end in a time zone, in UTC."""
    # Each edge is combined with the zone on its own: a day with a clock change has 23 or 25 hours.
    start = datetime.combine(first, time.min, zone)
    end = datetime.combine(first + timedelta(days=days), time.min, zone)
    return start.astimezone(UTC), end.astimezone(UTC)


def format_duration(length: timedelta) -> str:
    """Return a duration in its largest whole unit, such as `3 h`."""
    seconds = int(length.total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def format_since(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """Return a moment in a zone, such as `9:33 AM EST`, with the day if that is not today."""
    local = moment.astimezone(zone)
    clock_time = f"{local.hour % 12 or 12}:{local:%M %p %Z}"
    is_today = local.date() == now.astimezone(zone).date()
    return clock_time if is_today else f"{local:%b} {local.day}, {clock_time}"


def age_in_years(born: date, on: date) -> int:
    """Return the age in whole years on a day.

    A person born on February 29 has the birthday on March 1 in years without that day.
    """
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
