"""How long to wait before the next try: doubling, with jitter, and never less than the server asks for."""

from collections.abc import Callable
from datetime import timedelta

SHORTEST, LONGEST = timedelta(seconds=2), timedelta(minutes=15)
JitterSource = Callable[[], float]
"""Returns a number from 0 up to 1."""


def retry_delay(attempts: int, chance: JitterSource, asked: timedelta | None = None) -> timedelta:
    """Return the wait after so many attempts; `chance` spreads it over its upper half, so that no herd forms."""
    longest: timedelta = min(SHORTEST * 2 ** min(max(attempts - 1, 0), 20), LONGEST)
    spread = longest * (0.5 + chance() / 2)
    return max(spread, asked) if asked is not None else spread
