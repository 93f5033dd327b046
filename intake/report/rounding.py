"""Rounds the counts of the edition to share: 1 to 10 hidden, others in bins of five."""

from intake.report.values import SMALL, Count

LARGEST_SMALL = 10
"""The largest count that is never shown: CMS's rule for small cells."""
_BIN = 5


def is_small(count: int) -> bool:
    """Return whether the count may never leave the clinic."""
    return 1 <= count <= LARGEST_SMALL


def round_count(count: int) -> Count:
    """Return a count as it is shared: zero, `<11`, or the middle of its bin (11 to 15 is 13).

    Plain rounding to five would show a forbidden 10 (OpenSAFELY, "Rounding counts").
    """
    if count == 0:
        return 0
    return SMALL if is_small(count) else _BIN * -(-count // _BIN) - 2


def bounds_of(count: int) -> tuple[int, int]:
    """Return the lowest and the highest count that is shared in the same way."""
    if count == 0:
        return 0, 0
    if is_small(count):
        return 1, LARGEST_SMALL
    highest = _BIN * -(-count // _BIN)
    return highest - _BIN + 1, highest
