"""The demo's processes: each in a group of its own, so that Ctrl-C in the terminal reaches the demo alone, which ends them."""

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
    """The demo cannot go on; the words say why and what to do."""


class DemoStoppedError(Exception):
    """The demo was told to end before it was up."""


@dataclass(frozen=True, slots=True)
class DemoProcess:
    """A process that the demo started; `name` is what people call it, `log` is where its output goes."""

    name: str
    process: subprocess.Popen[str]
    log: Path

    def read_last_line(self) -> str:
        """Return the end of the log, in one line."""
        lines = (
            self.log.read_text("utf-8", errors="replace").split("\n") if self.log.exists() else []
        )
        said = [line.strip() for line in lines if line.strip()]
        return said[-1] if said else "nothing"


def start(
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
    """Run a process; it and everything it started end with the block."""
    started = start(name, command, log, cwd=cwd, environment=environment)
    try:
        yield started
    finally:
        end(started)


def end(running: DemoProcess) -> None:
    """End the process and its whole group, politely first."""
    for how in (_ask, _kill):
        if running.process.poll() is None:
            how(running.process)
        with suppress(subprocess.TimeoutExpired):
            running.process.wait(END_SECONDS)


def wait_for_exit(running: DemoProcess, stop: threading.Event) -> int:
    """Wait for the process to end by itself and return its exit code; raises Interrupted."""
    while (code := running.process.poll()) is None:
        if stop.wait(POLL_SECONDS):
            raise DemoStoppedError
    return code


def wait_for_ready(running: DemoProcess, stop: threading.Event) -> str | None:
    """Return what stands behind `ready` in the process's output, None where it ended first; raises Interrupted."""
    while True:
        over = running.process.poll() is not None
        for line in running.log.read_text("utf-8", errors="replace").splitlines(keepends=True):
            if line.startswith("ready ") and line.endswith("\n"):
                return line.split()[-1]
        if over:
            return None
        if stop.wait(POLL_SECONDS):
            raise DemoStoppedError


def _ask(process: subprocess.Popen[str]) -> None:
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGTERM)
    else:
        process.terminate()


def _kill(process: subprocess.Popen[str]) -> None:
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
