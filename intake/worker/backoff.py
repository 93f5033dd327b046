"""Computes the delay before the next attempt: doubling, jitter, Retry-After."""

from collections.abc import Callable
from datetime import timedelta

SHORTEST, LONGEST = timedelta(seconds=2), timedelta(minutes=15)
JitterSource = Callable[[], float]
"""Returns a number from 0 up to 1."""


def retry_delay(
    attempts: int, jitter: JitterSource, retry_after: timedelta | None = None
) -> timedelta:
    """Return the delay after so many attempts, never shorter than `retry_after`."""
    # The exponent is capped: after a month of attempts the power would overflow a timedelta.
    doubled: timedelta = min(SHORTEST * 2 ** min(max(attempts - 1, 0), 20), LONGEST)
    # The jitter covers the upper half, so that many workers do not return at one moment.
    delay = doubled * (0.5 + jitter() / 2)
    return max(delay, retry_after) if retry_after is not None else delay
