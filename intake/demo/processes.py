"""The demo's processes, each in a process group of its own.

Ctrl-C in the terminal then reaches the demo alone, and the demo ends them in order.
"""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

END_SECONDS = 5
POLL_SECONDS = 0.05


class DemoError(Exception):
    """The demo cannot continue; the message says why and what to do."""


class DemoStoppedError(Exception):
    """The demo was told to stop before it was ready."""


@dataclass(frozen=True, slots=True)
class DemoProcess:
    """A process of the demo; `name` is for messages, `log` is the file of its output."""

    name: str
    process: subprocess.Popen[str]
    log: Path

    def read_last_line(self) -> str:
        """Return the last line of the log that is not empty."""
        text = self.log.read_text("utf-8", errors="replace") if self.log.exists() else ""
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        return lines[-1] if lines else "nothing"


def start_process(
    name: str,
    command: Sequence[str],
    log: Path,
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> DemoProcess:
    """Start a process whose output goes to the file `log`."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603
            command,
            cwd=cwd,
            env=None if environment is None else {**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            # Its own session, so that the terminal's Ctrl-C does not reach it.
            start_new_session=True,
        )
    return DemoProcess(name, process, log)


@contextmanager
def run_process(
    name: str,
    command: Sequence[str],
    log: Path,
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[DemoProcess]:
    """Run a process; it and all its child processes end with the block."""
    process = start_process(name, command, log, cwd=cwd, environment=environment)
    try:
        yield process
    finally:
        end_process(process)


def end_process(child: DemoProcess) -> None:
    """End the process and its group: SIGTERM first, SIGKILL after END_SECONDS."""
    for send_signal in (_terminate_group, _kill_group):
        if child.process.poll() is None:
            send_signal(child.process)
        # The wait comes in any case: a process that has ended must be reaped.
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(END_SECONDS)


def wait_for_exit(child: DemoProcess, stop: threading.Event) -> int:
    """Wait until the process ends and return its exit code; raises DemoStoppedError."""
    while (exit_code := child.process.poll()) is None:
        if stop.wait(POLL_SECONDS):
            raise DemoStoppedError
    return exit_code


def wait_for_ready(child: DemoProcess, stop: threading.Event) -> str | None:
    """Return the last word of the `ready …` line in the process's output.

    Returns None if the process ends without that line. Raises DemoStoppedError.
    """
    while True:
        # Polled before the log is read: a line written just before the end must not be missed.
        has_ended = child.process.poll() is not None
        for line in child.log.read_text("utf-8", errors="replace").splitlines(keepends=True):
            if line.startswith("ready ") and line.endswith("\n"):
                return line.split()[-1]
        if has_ended:
            return None
        if stop.wait(POLL_SECONDS):
            raise DemoStoppedError


def _terminate_group(process: subprocess.Popen[str]) -> None:
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGTERM)
    else:
        process.terminate()


def _kill_group(process: subprocess.Popen[str]) -> None:
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
