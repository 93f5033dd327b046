"""Attempts that come at the same time are counted one after the other, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from intake.store import attempts
from intake.store.database import Database


def test_attempts_at_once_do_not_exceed_the_limit(database: Database) -> None:
    together = Barrier(6)

    def attempt() -> bool:
        together.wait(10)
        with database.write() as tx:
            return attempts.allow_attempt(tx, "date tablet-1", 2, timedelta(minutes=5))

    with ThreadPoolExecutor(6) as pool:
        allowed = [future.result() for future in [pool.submit(attempt) for _ in range(6)]]
    assert sum(allowed) == 2


def test_failures_at_once_do_not_exceed_the_limit(database: Database) -> None:
    together = Barrier(6)

    def fail() -> bool:
        together.wait(10)
        with database.write() as tx:
            is_allowed = attempts.count_attempts(tx, "wrong", tx.now - timedelta(days=1)) < 2
            if is_allowed:
                attempts.record_attempt(tx, "wrong")
            return is_allowed

    with ThreadPoolExecutor(6) as pool:
        allowed = [future.result() for future in [pool.submit(fail) for _ in range(6)]]
    assert sum(allowed) == 2
