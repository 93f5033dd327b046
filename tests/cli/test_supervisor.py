"""The supervisor, with real child processes and a clock that runs faster than ours."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from intake.cli.readiness import CANNOT_HEAL
from intake.cli.supervisor import MAX_RESTARTS, Supervisor, end_processes

STEADY = (sys.executable, "-c", "import signal; signal.pause()")
READY = 'touch "$INTAKE_READY_FILE"'
"""A child's words that say that it is ready."""
STOP = "kill -TERM $PPID; exec sleep 60"
"""A child's words that ask its parent, the supervisor, to stop."""


def sped_up(times: float) -> Callable[[], float]:
    return lambda: time.monotonic() * times


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def said() -> list[str]:
    return []


def test_ends_everything_if_a_child_cannot_start(said: list[str], tmp_path: Path) -> None:
    steady = ("sh", "-c", f"echo $$ > {tmp_path}/pid; exec sleep 60")
    commands = {
        "worker": steady,
        "web": ("sh", "-c", f"while [ ! -s {tmp_path}/pid ]; do :; done; exit 3"),
    }
    assert Supervisor(commands, said.append).run() == 1
    assert said == [
        ("web ended with exit code 3 before it was ready; everything ends. Its messages say why.")
    ]
    assert not is_running(int((tmp_path / "pid").read_text()))


def test_restarts_a_settled_child_and_reports_it(said: list[str], tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    # Twice it lives until it has settled and is then killed; the third run asks for the end.
    words = (
        f"{READY}; echo >> {runs}; if [ $(wc -l < {runs}) -eq 3 ]; then {STOP}; fi; "
        "sleep 0.6; kill -9 $$"
    )
    assert (
        Supervisor(
            {"worker": ("sh", "-c", words)}, said.append, sped_up(20), settled_seconds=1
        ).run()
        == 0
    )
    assert said == ["worker was ended by signal 9; it is started again in 1 s"] * 2


def test_restarts_a_ready_child_however_soon_it_dies(said: list[str], tmp_path: Path) -> None:
    been = tmp_path / "been"
    words = f"if [ -e {been} ]; then {STOP}; fi; touch {been}; {READY}; exit 4"
    assert Supervisor({"worker": ("sh", "-c", words)}, said.append, sped_up(20)).run() == 0
    assert said == ["worker ended with exit code 4; it is started again in 1 s"]


def test_never_restarts_what_only_a_person_can_correct(said: list[str]) -> None:
    commands = {"web": ("sh", "-c", f"{READY}; exit {CANNOT_HEAL}"), "worker": STEADY}
    assert Supervisor(commands, said.append).run() == 1
    [words] = said
    assert words.startswith("web ended with exit code 78 for a fault that a restart does not cure")


def test_gives_up_on_a_child_that_keeps_dying(said: list[str], tmp_path: Path) -> None:
    been = tmp_path / "been"
    words = f"{READY}; if [ -e {been} ]; then exit 4; fi; touch {been}; sleep 0.6; exit 4"
    supervisor = Supervisor(
        {"worker": ("sh", "-c", words), "web": STEADY},
        said.append,
        sped_up(100),
        settled_seconds=30,
    )
    assert supervisor.run() == 1
    assert [line.rsplit(" in ", 1)[-1] for line in said[:MAX_RESTARTS]] == [
        "1 s",
        "2 s",
        "4 s",
        "8 s",
        "16 s",
    ]
    assert "does not stay up" in said[MAX_RESTARTS]
    assert len(said) == MAX_RESTARTS + 1


def test_kills_a_child_that_ignores_sigterm(tmp_path: Path) -> None:
    import subprocess

    ready = tmp_path / "ready"
    deaf = subprocess.Popen(
        ("sh", "-c", f"trap '' TERM; touch {ready}; while :; do sleep 1; done"),
        start_new_session=True,
    )
    while not ready.exists():
        assert deaf.poll() is None
    end_processes([deaf], grace=0.1)
    assert deaf.returncode == -9
