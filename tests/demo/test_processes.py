"""The demo's processes: started, watched, and ended with all their children."""

import os
import sys
import threading
from pathlib import Path

import pytest

from intake.demo import processes
from intake.demo.processes import (
    DemoError,
    DemoProcess,
    DemoStoppedError,
    run_process,
    wait_for_exit,
    wait_for_ready,
)
from intake.demo.readiness import wait_until_answering, watch_processes
from tests.support.demo_process import is_running

GRANDCHILD = (
    "import subprocess,sys; "
    "p = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE)"
)
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
FOREVER = "import threading; threading.Event().wait()"
NEVER = threading.Event()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def stopped() -> threading.Event:
    stop = threading.Event()
    stop.set()
    return stop


def python(*lines: str) -> tuple[str, ...]:
    return (sys.executable, "-c", "\n".join(lines))


def test_ends_a_process_with_its_children(log: Path) -> None:
    with run_process(
        "it", python(GRANDCHILD, "print('ready', p.pid, flush=True)", FOREVER), log
    ) as it:
        line = wait_for_ready(it, NEVER)
        assert line is not None
        grandchild = int(line)
        assert is_running(grandchild)
        assert os.getpgid(it.process.pid) != os.getpgid(0)
    assert it.process.returncode is not None
    assert not is_running(grandchild)


def test_kills_a_process_that_ignores_sigterm(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "END_SECONDS", 0.2)
    with run_process("it", python(STUBBORN, "print('ready now', flush=True)", FOREVER), log) as it:
        assert wait_for_ready(it, NEVER) == "now"
    assert it.process.returncode == -9


def test_keeps_the_last_line_of_a_process_that_failed(log: Path) -> None:
    with run_process("it", python("print('first')", "print('no disk')"), log) as it:
        assert wait_for_ready(it, NEVER) is None
        assert wait_for_exit(it, NEVER) == 0
    assert it.read_last_line() == "no disk"


def test_stops_waiting_when_the_demo_stops(log: Path, stopped: threading.Event) -> None:
    with run_process("it", python(FOREVER), log) as it:
        for wait in (wait_for_exit, wait_for_ready):
            with pytest.raises(DemoStoppedError):
                wait(it, stopped)
        with pytest.raises(DemoStoppedError):
            wait_until_answering("http://127.0.0.1:9/ready", (it,), stopped)
        watch_processes((it,), stopped)


def test_names_a_child_that_ended_with_its_last_line(log: Path) -> None:
    def ended() -> DemoProcess:
        with run_process("the worker", python("print('no key')", "raise SystemExit(3)"), log) as it:
            wait_for_exit(it, NEVER)
        return it

    with pytest.raises(DemoError, match=r"^The worker ended by itself \(exit code 3\).*no key"):
        watch_processes((ended(),), NEVER)
    with pytest.raises(DemoError, match="The worker ended by itself"):
        wait_until_answering("http://127.0.0.1:9/ready", (ended(),), NEVER)
