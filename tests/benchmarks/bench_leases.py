"""What the outbox costs a worker: rows claimed and acknowledged, against two raw commits and against two fsyncs alone."""

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import uuid4

from intake.store.database import Database
from intake.store.outbox import leases, submissions
from tests.benchmarks.bench_submissions import append_and_sync, commit_bare_row
from tests.benchmarks.measurement import (
    Limit,
    measure_interleaved,
    measure_seconds,
    report_limits,
    temporary_folder,
)
from tests.benchmarks.outboxes import open_outbox_and_bare_table
from tests.support.outbox import EXAMPLE_SUBMISSION

EACH, ROUNDS, BATCH = 100, 5, 4
LEASE = timedelta(minutes=5)


def fill(database: Database, count: int) -> None:
    with database.write() as tx:
        for _ in range(count):
            submissions.store_submission(
                tx, replace(EXAMPLE_SUBMISSION, id=uuid4(), patient=f"Patient/{uuid4()}"), "main"
            )


def claim_and_acknowledge(database: Database, batch: int) -> None:
    """Two commits: a batch is claimed, and all of it is verified."""
    with database.write() as tx:
        claimed = leases.acquire_leases(tx, "main", limit=batch, lease=LEASE)
    with database.write() as tx:
        kept = [leases.mark_verified(tx, each) for each in claimed]
    if kept != [True] * batch:
        raise RuntimeError("a row could not be claimed or acknowledged")


def twice(work: Callable[[], None]) -> None:
    work()
    work()


def main() -> int:
    """Print the ratios of STACK.md's table."""
    with temporary_folder() as place, open_outbox_and_bare_table(place) as (ours, bare):
        fill(ours, EACH * ROUNDS * (1 + BATCH))
        one, four, by_disk, by_raw = measure_interleaved(
            partial(measure_seconds, partial(claim_and_acknowledge, ours, 1), EACH),
            partial(measure_seconds, partial(claim_and_acknowledge, ours, BATCH), EACH),
            partial(
                measure_seconds, partial(twice, partial(append_and_sync, place / "appended")), EACH
            ),
            partial(measure_seconds, partial(twice, partial(commit_bare_row, bare)), EACH),
            rounds=ROUNDS,
        )
    sys.stdout.write(
        f"2 fsyncs {by_disk * 1e3:.2f} ms, 2 raw commits {by_raw * 1e3:.2f} ms, a row {one * 1e3:.2f} ms\n"
    )
    # Two fsyncs alone are no limit where SQLite waits for the disk several times a commit: they are only shown.
    return report_limits(
        [
            Limit(
                "a row claimed and acknowledged, of 2 raw commits",
                by_raw / one,
                ">=",
                0.25,
                "goal 0.7",
            ),
            Limit(
                f"{BATCH} rows claimed and acknowledged, of 2 raw commits",
                by_raw / four,
                ">=",
                0.15,
                "goal 0.7",
            ),
            Limit("a row claimed and acknowledged, of 2 appended fsyncs", by_disk / one, ">=", 0),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
