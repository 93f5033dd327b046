"""`intake serve`: pages answer, the worker works, and a signal ends both within seconds."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from intake.cli import main

SECONDS = 30


@pytest.fixture
def serving(site: Path) -> Iterator[subprocess.Popen[str]]:
    command = (sys.executable, "-m", "intake", "serve", "--port", "0")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.terminate()


def ready_url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    what, name, url = process.stdout.readline().split()
    assert (what, name) == ("ready", "web")
    return url


def worker_of(process: subprocess.Popen[str]) -> int:
    """The worker's process id: it has logged, so it runs."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        pytest.skip("the children of a process are read from /proc, which only Linux has")
    pids = map(int, children.read_text().split())
    return next(
        pid for pid in pids if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_migrates_serves_and_stops_on_a_signal(
    site: Path, serving: subprocess.Popen[str], number: signal.Signals
) -> None:
    main(["keys", "new"])
    url = ready_url(serving)
    assert requests.get(f"{url}/ready", timeout=SECONDS).text == "ready\n"
    assert serving.stderr is not None
    assert any("schedule-failed" in line for line in serving.stderr), "the worker did not begin"
    serving.send_signal(number)
    assert serving.wait(SECONDS) == 0
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/ready", timeout=SECONDS)


def test_starts_a_worker_again_while_the_pages_answer(
    site: Path, serving: subprocess.Popen[str]
) -> None:
    main(["keys", "new"])
    url = ready_url(serving)
    assert serving.stderr is not None
    assert any("schedule-failed" in line for line in serving.stderr), "the worker did not begin"
    os.kill(worker_of(serving), signal.SIGKILL)
    assert any(
        "worker was ended by signal 9; it is started again in 1 s" in line
        for line in serving.stderr
    )
    assert requests.get(f"{url}/ready", timeout=SECONDS).text == "ready\n"


def test_reports_a_lost_key_once_and_does_not_try_again(
    site: Path, serving: subprocess.Popen[str]
) -> None:
    main(["keys", "new"])
    ready_url(serving)
    assert serving.stderr is not None
    assert any("schedule-failed" in line for line in serving.stderr), "the worker did not begin"
    (site / "data" / "keys.json").rename(site / "data" / "lost.json")
    os.kill(worker_of(serving), signal.SIGKILL)
    assert serving.wait(SECONDS) == 1
    words = serving.stderr.read()
    assert words.count("there is no key file yet") == 1
    assert "worker ended with exit code 78 for a fault that a restart does not cure" in words


@pytest.mark.parametrize("fault", ["key", "address"])
def test_reports_a_fault_once_and_starts_no_child(
    site: Path, serving: subprocess.Popen[str], fault: str
) -> None:
    if fault == "address":
        intake = (site / "intake.toml").read_text("utf-8")
        (site / "intake.toml").write_text(intake.replace("http://localhost", ""), "utf-8")
    out, words = serving.communicate(timeout=SECONDS)
    assert (serving.returncode, out) == (1, "")
    [line] = words.splitlines()
    assert ("intake keys new" if fault == "key" else "public_url: found nothing") in line


def test_reports_a_faulty_configuration_once(site: Path) -> None:
    (site / "clinics.toml").write_text("", "utf-8")
    done = subprocess.run(
        (sys.executable, "-m", "intake", "serve", "--config", str(site)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        1,
        "clinics.toml: found nothing; allowed: one table for each clinic, as [riverside]\n",
    )
