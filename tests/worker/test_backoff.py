"""The delay doubles up to its limit, keeps to Retry-After, and has jitter."""

from datetime import timedelta

import pytest

from intake.worker.backoff import LONGEST, SHORTEST, retry_delay


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(0, 2), (1, 2), (2, 4), (3, 8), (9, 512), (10, 900), (10**9, 900)]
)
def test_the_delay_doubles_up_to_its_limit(attempts: int, seconds: int) -> None:
    assert retry_delay(attempts, lambda: 1) == timedelta(seconds=seconds)
    assert SHORTEST <= retry_delay(attempts, lambda: 1) <= LONGEST


def test_jitter_takes_up_to_half_of_the_delay() -> None:
    assert retry_delay(3, lambda: 0) == timedelta(seconds=4)
    assert retry_delay(3, lambda: 0.5) == timedelta(seconds=6)


def test_retry_after_is_never_cut_short() -> None:
    assert retry_delay(1, lambda: 0, timedelta(hours=1)) == timedelta(hours=1)
    assert retry_delay(3, lambda: 0, timedelta(seconds=1)) == timedelta(seconds=4)
