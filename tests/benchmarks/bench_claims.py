"""What the outbox costs a worker: rows claimed and acknowledged, against two raw commits and against two fsyncs alone."""

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import uuid4

from intake.store import claims, submissions
from intake.store.database import Database
from tests.benchmarks.bench_submissions import append, commit_raw
from tests.benchmarks.measuring import Limit, conclude, folder, interleaved, seconds
from tests.benchmarks.outboxes import ours_and_bare
from tests.outbox import EXAMPLE

EACH, ROUNDS, BATCH = 100, 5, 4
LEASE = timedelta(minutes=5)


def fill(database: Database, count: int) -> None:
    with database.write() as tx:
        for _ in range(count):
            submissions.submit(
                tx, replace(EXAMPLE, id=uuid4(), patient=f"Patient/{uuid4()}"), "main"
            )


def claim_and_acknowledge(database: Database, batch: int) -> None:
    """Two commits: a batch is claimed, and all of it is verified."""
    with database.write() as tx:
        claimed = claims.claim(tx, "main", limit=batch, lease=LEASE)
    with database.write() as tx:
        kept = [claims.verify(tx, each) for each in claimed]
    if kept != [True] * batch:
        raise RuntimeError("a row could not be claimed or acknowledged")


def twice(work: Callable[[], None]) -> None:
    work()
    work()


def main() -> int:
    """Print the ratios of STACK.md's table."""
    with folder() as place, ours_and_bare(place) as (ours, bare):
        fill(ours, EACH * ROUNDS * (1 + BATCH))
        one, four, by_disk, by_raw = interleaved(
            partial(seconds, partial(claim_and_acknowledge, ours, 1), EACH),
            partial(seconds, partial(claim_and_acknowledge, ours, BATCH), EACH),
            partial(seconds, partial(twice, partial(append, place / "appended")), EACH),
            partial(seconds, partial(twice, partial(commit_raw, bare)), EACH),
            rounds=ROUNDS,
        )
    sys.stdout.write(
        f"2 fsyncs {by_disk * 1e3:.2f} ms, 2 raw commits {by_raw * 1e3:.2f} ms, a row {one * 1e3:.2f} ms\n"
    )
    # Two fsyncs alone are no limit where SQLite waits for the disk several times a commit: they are only shown.
    return conclude(
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
