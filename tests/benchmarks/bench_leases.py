"""A worker's cost: leasing and acknowledging submissions, against raw commits and fsyncs."""

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import uuid4

from intake.store.database import Database
from intake.store.outbox import delivery_steps, leases
from intake.store.outbox.enqueue import store_submission
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

REPEATS, ROUNDS, BATCH = 100, 5, 4
LEASE = timedelta(minutes=5)


def fill_outbox(database: Database, count: int) -> None:
    with database.write() as tx:
        for _ in range(count):
            store_submission(
                tx, replace(EXAMPLE_SUBMISSION, id=uuid4(), patient=f"Patient/{uuid4()}"), "main"
            )


def lease_and_acknowledge(database: Database, batch: int) -> None:
    """Lease a batch and verify all of it, in two commits."""
    with database.write() as tx:
        claimed = leases.acquire_leases(tx, "main", limit=batch, lease=LEASE)
    with database.write() as tx:
        kept = [delivery_steps.mark_verified(tx, each) for each in claimed]
    if kept != [True] * batch:
        raise RuntimeError("a submission could not be leased or acknowledged")


def run_twice(work: Callable[[], None]) -> None:
    work()
    work()


def main() -> int:
    """Print the ratios."""
    with temporary_folder() as place, open_outbox_and_bare_table(place) as (ours, bare):
        fill_outbox(ours, REPEATS * ROUNDS * (1 + BATCH))
        single, batch, by_disk, by_raw = measure_interleaved(
            partial(measure_seconds, partial(lease_and_acknowledge, ours, 1), REPEATS),
            partial(measure_seconds, partial(lease_and_acknowledge, ours, BATCH), REPEATS),
            partial(
                measure_seconds,
                partial(run_twice, partial(append_and_sync, place / "appended")),
                REPEATS,
            ),
            partial(measure_seconds, partial(run_twice, partial(commit_bare_row, bare)), REPEATS),
            rounds=ROUNDS,
        )
    sys.stdout.write(
        f"2 fsyncs {by_disk * 1e3:.2f} ms, 2 raw commits {by_raw * 1e3:.2f} ms, "
        f"a row {single * 1e3:.2f} ms\n"
    )
    # The fsyncs have no limit: SQLite waits for the disk several times for each commit.
    return report_limits(
        [
            Limit(
                "a row claimed and acknowledged, of 2 raw commits",
                by_raw / single,
                ">=",
                0.25,
                "goal 0.7",
            ),
            Limit(
                f"{BATCH} rows claimed and acknowledged, of 2 raw commits",
                by_raw / batch,
                ">=",
                0.15,
                "goal 0.7",
            ),
            Limit(
                "a row claimed and acknowledged, of 2 appended fsyncs", by_disk / single, ">=", 0
            ),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
