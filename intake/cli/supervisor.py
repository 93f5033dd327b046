"""Keeps child processes running: one that dies is started again, one that cannot stay up ends them all."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

SETTLED_SECONDS = 10.0
"""A child that ran so long was in order when it started; one that ends sooner has a fault that starting it again won't mend."""

MAX_RESTARTS = 5
GRACE_SECONDS = 8.0
TICK_SECONDS = 0.2


@dataclass(slots=True)
class Child:
    """One command that is kept running; `deaths` counts those in a row, since it last settled."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes]
    started: float
    settled: bool = False
    deaths: int = 0
    due: float | None = None


@dataclass(slots=True)
class Supervisor:
    """Runs named commands until it is told to stop; `say` gets a sentence for each death, `clock` counts seconds."""

    commands: Mapping[str, Sequence[str]]
    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    settled_seconds: float = SETTLED_SECONDS
    _stopping: bool = field(default=False, init=False)

    def run(self) -> int:
        """Keep the commands running; returns 0 after a signal to stop, and 1 where one of them cannot stay up."""
        before = {
            number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)
        }
        children = [
            Child(name, command, _start(command), self.clock())
            for name, command in self.commands.items()
        ]
        try:
            while not self._stopping:
                time.sleep(TICK_SECONDS)
                if not all(self._kept(child) for child in children):
                    return 1
            return 0
        finally:
            end_processes([child.process for child in children])
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _kept(self, child: Child) -> bool:
        """Look after one child; False where it has to be given up."""
        now = self.clock()
        if child.due is not None:
            if now >= child.due:
                child.process, child.started, child.due = _start(child.command), now, None
            return True
        code = child.process.poll()
        if code is None:
            if now - child.started >= self.settled_seconds:
                child.settled, child.deaths = True, 0
            return True
        return self._stopping or self._mourned(child, code, now)

    def _mourned(self, child: Child, code: int, now: float) -> bool:
        child.deaths += 1
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        if not child.settled or child.deaths > MAX_RESTARTS:
            self.say(
                f"{child.name} {how} and does not stay up; everything ends. What it said last says why."
            )
            return False
        wait = 2.0 ** (child.deaths - 1)
        child.due = now + wait
        self.say(f"{child.name} {how}; it is started again in {wait:.0f} s")
        return True


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command)  # noqa: S603  # The commands are ours.


def end_processes(
    processes: Sequence[subprocess.Popen[bytes]], grace: float = GRACE_SECONDS
) -> None:
    """End the processes, politely first, and harder where one has not ended in `grace` seconds."""
    running = [each for each in processes if each.poll() is None]
    for each in running:
        each.terminate()
    until = time.monotonic() + grace
    for each in running:
        try:
            each.wait(max(until - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            # What a worker was sending is looked up before it is ever sent again, so that even this loses nothing.
            each.kill()
            each.wait()


def intake_command(*words: str) -> Sequence[str]:
    """Return the command that runs one of our own commands with the interpreter that runs this."""
    return (sys.executable, "-m", "intake.cli", *words)
