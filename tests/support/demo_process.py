"""Runs the demo as a process, and ends all that it started."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

PATIENCE = 90
LAST_LINE = "Ctrl-C ends all of it"


@dataclass
class DemoProcess:
    """A running demo, and what it printed on standard output."""

    process: subprocess.Popen[str]
    lines: list[str]
    log: Path

    @property
    def urls(self) -> Mapping[str, str]:
        """The addresses of the `ready` lines, in their order."""
        return dict(line.split()[1:] for line in self.lines if line.startswith("ready "))

    @property
    def birth_dates(self) -> list[tuple[int, int, int]]:
        """Birth dates of the patients that the demo suggests: tablet first, then link.

        Each is month, day and year.
        """
        dates = re.findall(r"\((\d\d)/(\d\d)/(\d{4})\)", " ".join(self.lines))
        return [(int(month), int(day), int(year)) for month, day, year in dates]

    @property
    def site_folder(self) -> Path:
        """The site's folder that the demo names for other commands."""
        [folder] = re.findall(r"INTAKE_CONFIG=(\S+)", " ".join(self.lines))
        return Path(folder)

    def read_log(self) -> str:
        return self.log.read_text("utf-8")

    def stop_process(self, how: signal.Signals = signal.SIGINT) -> int:
        """Send a signal to the demo and return its exit code."""
        self.process.send_signal(how)
        return self.process.wait(30)


@contextmanager
def run_demo(home: Path, packages: Path, *arguments: str) -> Iterator[DemoProcess]:
    """Run `intake demo` with its data in `home` until the block ends.

    Yields when the demo has printed everything, and leaves no process behind.
    """
    (home / "demo").mkdir()
    for package in packages.glob("fhir-server-*"):
        (home / "demo" / package.name).symlink_to(package, target_is_directory=True)
    with (home / "err.txt").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            (*DEMO_COMMAND, *arguments),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "INTAKE_DATA": str(home)},
        )
    watchdog = Timer(PATIENCE, process.kill)
    watchdog.start()
    children: set[int] = set()
    try:
        lines = _read(process)
        children = descendant_pids(process.pid)
        yield DemoProcess(process, lines, home / "err.txt")
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()
        for child in filter(is_running, children):
            os.kill(child, signal.SIGKILL)


DEMO_COMMAND = (sys.executable, "-m", "intake", "demo")


def _read(process: subprocess.Popen[str]) -> list[str]:
    lines: list[str] = []
    for line in process.stdout or ():
        lines.append(line.rstrip("\n"))
        if line.startswith(LAST_LINE):
            break
    return lines


def descendant_pids(pid: int) -> set[int]:
    """Return the processes that a process started, and those that these started."""
    children: dict[int, set[int]] = {}
    for line in _ps("-e", "-o", "pid=,ppid="):
        child, parent = map(int, line.split())
        children.setdefault(parent, set()).add(child)
    pids: set[int] = set()
    waiting = {pid}
    while waiting:
        waiting = {child for parent in waiting for child in children.get(parent, ())}
        pids |= waiting
    return pids


def is_running(pid: int) -> bool:
    """Return whether the process runs.

    A process that ended and was not reaped does not run.
    """
    return any(not state.startswith("Z") for state in _ps("-o", "stat=", "-p", str(pid)))


def read_command_line(pid: int) -> str:
    """Return the command line of the process."""
    return "".join(_ps("-o", "command=", "-p", str(pid)))


def _ps(*options: str) -> list[str]:
    return subprocess.run(
        ("ps", *options), capture_output=True, text=True, check=False
    ).stdout.split("\n")[:-1]
