"""Runs workers as processes of their own, as in production."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from threading import Event
from time import monotonic

from intake.store.outbox.counts import count_by_status
from intake.store.outbox.records import OPEN
from tests.support.outbox import Outbox

WORKER = "import sys; from intake.cli import main; sys.exit(main(['worker', *sys.argv[1:]]))"
POLL_SECONDS = 0.2
"""Seconds between two looks at the outbox."""


def start_worker(outbox: Outbox, *words: str) -> subprocess.Popen[bytes]:
    """Start `intake worker` on the outbox's site."""
    environment = {
        **os.environ,
        "INTAKE_CONFIG": str(outbox.settings.directory),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    command = [sys.executable, "-c", WORKER, *words]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def count_open(outbox: Outbox) -> int:
    """Return how many submissions are still open."""
    with outbox.database.read() as tx:
        counts = count_by_status(tx)
    return sum(counts[status] for status in OPEN)


@dataclass
class WorkerGroup:
    """Some worker processes; `killed_count` counts the killed ones."""

    outbox: Outbox
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    killed_count: int = 0

    def wait_until_done(
        self, patience: float, killer: Random | None = None, every: tuple[float, float] = (2, 5)
    ) -> int:
        """Wait until no submission is open; `killer` kills a worker every few seconds.

        Returns how many submissions are still open after `patience` seconds.
        """
        end, pause = monotonic() + patience, Event()
        next_death = monotonic() + every[0]
        while (left := count_open(self.outbox)) and monotonic() < end:
            pause.wait(POLL_SECONDS)
            if killer is not None and monotonic() > next_death:
                self._replace_worker(killer.randrange(len(self.workers)))
                next_death = monotonic() + killer.uniform(*every)
        return left

    def _replace_worker(self, index: int) -> None:
        self.workers[index].send_signal(signal.SIGKILL)
        self.workers[index].wait()
        self.killed_count += 1
        self.workers[index] = start_worker(self.outbox)


@contextmanager
def run_workers(outbox: Outbox, size: int = 4) -> Iterator[WorkerGroup]:
    """Run workers; they end with the block."""
    group = WorkerGroup(outbox, [start_worker(outbox) for _ in range(size)])
    try:
        yield group
    finally:
        for worker in group.workers:
            worker.terminate()
        for worker in group.workers:
            try:
                worker.wait(30)
            finally:
                worker.kill()
