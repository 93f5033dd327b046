"""Keeps child processes running: restarts one that dies, ends all if one cannot stay up."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from intake.cli.readiness import CANNOT_HEAL, READY_FILE

SETTLED_SECONDS = 10.0
"""A child that ran this long starts again at the shortest delay after its next death."""

MAX_RESTARTS = 5
GRACE_SECONDS = 8.0
TICK_SECONDS = 0.2


@dataclass(slots=True)
class Child:
    """One command that is kept running.

    `ready_file` is there once the child has said that it works. `deaths` counts consecutive ones
    since it last settled; `restart_at` is None while it runs.
    """

    name: str
    command: Sequence[str]
    ready_file: Path
    process: subprocess.Popen[bytes]
    started_at: float
    deaths: int = 0
    restart_at: float | None = None


@dataclass(slots=True)
class Supervisor:
    """Runs named commands until it is told to stop.

    `report` receives a sentence for each death; `clock` counts seconds.
    """

    commands: Mapping[str, Sequence[str]]
    report: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    settled_seconds: float = SETTLED_SECONDS
    _stopping: bool = field(default=False, init=False)

    def run(self) -> int:
        """Keep the commands running; returns 0 after a stop signal, 1 if one cannot stay up."""
        previous_handlers = {
            number: signal.signal(number, self._request_stop)
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            with TemporaryDirectory(prefix="intake-ready-") as folder:
                return self._supervise(self._start_children(Path(folder)))
        finally:
            for number, handler in previous_handlers.items():
                signal.signal(number, handler)

    def _start_children(self, folder: Path) -> Sequence[Child]:
        return [
            Child(
                name, command, folder / name, _start_process(command, folder / name), self.clock()
            )
            for name, command in self.commands.items()
        ]

    def _supervise(self, children: Sequence[Child]) -> int:
        try:
            while not self._stopping:
                time.sleep(TICK_SECONDS)
                if not all(self._keep_running(child) for child in children):
                    return 1
            return 0
        finally:
            end_processes([child.process for child in children])

    def _request_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _keep_running(self, child: Child) -> bool:
        """Check one child and restart it when due; returns False if it cannot stay up."""
        now = self.clock()
        # A restart is scheduled and not slept for: the other child is watched in the meantime.
        if child.restart_at is not None:
            if now >= child.restart_at:
                child.process = _start_process(child.command, child.ready_file)
                child.started_at, child.restart_at = now, None
            return True
        exit_code = child.process.poll()
        if exit_code is None:
            if now - child.started_at >= self.settled_seconds:
                child.deaths = 0
            return True
        # Ctrl-C in a terminal also reaches the children: their end is then no death.
        return self._stopping or self._schedule_restart(child, exit_code, now)

    def _schedule_restart(self, child: Child, exit_code: int, now: float) -> bool:
        child.deaths += 1
        cause = (
            f"was ended by signal {-exit_code}"
            if exit_code < 0
            else f"ended with exit code {exit_code}"
        )
        if reason := _find_end_reason(child, exit_code):
            self.report(f"{child.name} {cause} {reason}; everything ends. Its messages say why.")
            return False
        # The delays double: a fault that passes, such as full memory, gets time to pass.
        delay = 2.0 ** (child.deaths - 1)
        child.restart_at = now + delay
        self.report(f"{child.name} {cause}; it is started again in {delay:.0f} s")
        return True


def _find_end_reason(child: Child, exit_code: int) -> str:
    """Return why a restart would not help, or ""."""
    # The child tells a fault that only a person can correct from one that may pass.
    if exit_code == CANNOT_HEAL:
        return "for a fault that a restart does not cure"
    if not child.ready_file.exists():
        return "before it was ready"
    return "and does not stay up" if child.deaths > MAX_RESTARTS else ""


def _start_process(command: Sequence[str], ready_file: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, READY_FILE: str(ready_file)}
    return subprocess.Popen(command, env=environment)  # noqa: S603  # The commands are ours.


def end_processes(
    processes: Sequence[subprocess.Popen[bytes]], grace: float = GRACE_SECONDS
) -> None:
    """Send SIGTERM to the processes, and SIGKILL to those that run after `grace` seconds."""
    running = [process for process in processes if process.poll() is None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + grace
    for process in running:
        try:
            process.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            # Nothing is lost: a worker looks up an unfinished submission on the server before
            # it sends that submission again.
            process.kill()
            process.wait()


def intake_command(*words: str) -> Sequence[str]:
    """Return the command line that runs an intake command with this interpreter."""
    return (sys.executable, "-m", "intake", *words)
