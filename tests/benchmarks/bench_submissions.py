"""Durable submissions, against raw commits of equal size: one client, and sixteen at once."""

import os
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import uuid4

from intake.store.database import Database, describe_journal
from intake.store.outbox.enqueue import store_submission
from intake.store.payload import encode_submission
from tests.benchmarks.measurement import (
    Limit,
    measure_interleaved,
    measure_seconds,
    report_limits,
    temporary_folder,
)
from tests.benchmarks.outboxes import open_outbox_and_bare_table
from tests.support.outbox import EXAMPLE_SUBMISSION

REPEATS, CLIENTS, ROUNDS = 150, 16, 5
ROW = os.urandom(len(encode_submission(EXAMPLE_SUBMISSION)) + 400)
"""The size of the encrypted answers and of our other columns."""


def commit_bare_row(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO rows VALUES (?, ?)", (str(uuid4()), ROW))
    connection.execute("COMMIT")


def store_example(database: Database) -> None:
    submission = replace(EXAMPLE_SUBMISSION, id=uuid4(), patient=f"Patient/{uuid4()}")
    with database.write() as tx:
        store_submission(tx, submission, "main")


def append_and_sync(path: Path) -> None:
    """Append to a file and wait for the disk: the minimum of any durable store."""
    with path.open("ab") as file:
        file.write(ROW)
        file.flush()
        os.fsync(file.fileno())


def measure_clients(work: Callable[[], None]) -> tuple[float, list[float]]:
    """Run the work in all clients at once; return the time per work, and each single time."""

    def run_client(_: int) -> list[float]:
        return [measure_seconds(work) for _ in range(REPEATS // 4)]

    with ThreadPoolExecutor(CLIENTS) as pool:
        began = time.perf_counter()
        times = [single for client in pool.map(run_client, range(CLIENTS)) for single in client]
    return (time.perf_counter() - began) / len(times), times


def main() -> int:
    """Print the ratios."""
    with temporary_folder() as place, open_outbox_and_bare_table(place) as (ours, bare):
        works = (
            partial(commit_bare_row, bare),
            partial(store_example, ours),
            partial(append_and_sync, place / "appended"),
        )
        for work in works:
            measure_seconds(work, 20)
        by_raw, by_us, by_disk = measure_interleaved(
            *(partial(measure_seconds, work, REPEATS) for work in works), rounds=ROUNDS
        )
        runs = [measure_clients(partial(store_example, ours)) for _ in range(ROUNDS)]
        at_once = statistics.median(whole for whole, _ in runs)
        singles = sorted(single for _, times in runs for single in times)
    sys.stdout.write(
        f"{describe_journal()}: raw {1 / by_raw:.0f}/s, ours {1 / by_us:.0f}/s, "
        f"{CLIENTS} clients {1 / at_once:.0f}/s, appended fsyncs {1 / by_disk:.0f}/s\n"
    )
    slowest = singles[-1] / statistics.median(singles)
    return report_limits(
        [
            Limit(
                "durable submission, 1 client, of the raw commit",
                by_raw / by_us,
                ">=",
                0.35,
                "goal 0.5",
            ),
            Limit(
                f"durable submission, {CLIENTS} clients, of the raw commit",
                by_raw / at_once,
                ">=",
                0.6,
                "goal 1",
            ),
            Limit(f"slowest of {CLIENTS} clients, in medians", slowest, "<=", 40, "goal 20"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
