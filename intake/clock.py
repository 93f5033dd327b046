"""The one clock: everything that asks for the time is handed one of these."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the present moment, aware, in UTC."""


def system_clock() -> datetime:
    """Return the present moment from the machine's clock, in UTC."""
    return datetime.now(UTC)
