"""Durable submissions against raw commits of a row of that size in the same journal mode, one client and sixteen at once."""

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
from intake.store.outbox import submissions
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

EACH, CLIENTS, ROUNDS = 150, 16, 5
ROW = os.urandom(len(encode_submission(EXAMPLE_SUBMISSION)) + 400)
"""The answers, sealed, and about as much beside them as our other columns hold."""


def commit_bare_row(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO rows VALUES (?, ?)", (str(uuid4()), ROW))
    connection.execute("COMMIT")


def submit(database: Database) -> None:
    sent = replace(EXAMPLE_SUBMISSION, id=uuid4(), patient=f"Patient/{uuid4()}")
    with database.write() as tx:
        submissions.store_submission(tx, sent, "main")


def append_and_sync(path: Path) -> None:
    """The least that any durable store can do: add to a file and wait for the disk."""
    with path.open("ab") as file:
        file.write(ROW)
        file.flush()
        os.fsync(file.fileno())


def together(work: Callable[[], None]) -> tuple[float, list[float]]:
    """The time that each of all clients' works took on the whole, and what each single one took."""

    def one(_: int) -> list[float]:
        return [measure_seconds(work) for _ in range(EACH // 4)]

    with ThreadPoolExecutor(CLIENTS) as pool:
        began = time.perf_counter()
        each = [single for client in pool.map(one, range(CLIENTS)) for single in client]
    return (time.perf_counter() - began) / len(each), each


def main() -> int:
    """Print the ratios of STACK.md's table."""
    with temporary_folder() as place, open_outbox_and_bare_table(place) as (ours, bare):
        works = (
            partial(commit_bare_row, bare),
            partial(submit, ours),
            partial(append_and_sync, place / "appended"),
        )
        for work in works:
            measure_seconds(work, 20)
        by_raw, by_us, by_disk = measure_interleaved(
            *(partial(measure_seconds, work, EACH) for work in works), rounds=ROUNDS
        )
        runs = [together(partial(submit, ours)) for _ in range(ROUNDS)]
        at_once = statistics.median(whole for whole, _ in runs)
        singles = sorted(single for _, each in runs for single in each)
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
