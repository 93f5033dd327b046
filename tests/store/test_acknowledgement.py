"""An acknowledged row is on disk, even if the process is killed or the disk is full."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from intake.store.crypto import create_keys, load_keys
from intake.store.database import open_database
from tests.support.store import TestClock, stored_actors

pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)

WRITING_PROCESS = """
import os, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from resource import RLIMIT_FSIZE, setrlimit
from intake.clock import system_clock
from intake.store import audit
from intake.store.crypto import load_keys
from intake.store.database import DatabaseError, open_database

database = open_database(sys.argv[1], load_keys(Path(sys.argv[2])), system_clock)
if len(sys.argv) > 3:
    setrlimit(RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)

def print_line(words):
    os.write(1, f"{words}\\n".encode())

def write_row(number):
    try:
        with database.write() as tx:
            audit.record_action(tx, str(number), "x" * 400)
    except DatabaseError:
        print_line(f"sorry {number}")
    else:
        print_line(f"thanks {number}")

with ThreadPoolExecutor(8) as pool:
    list(pool.map(write_row, range(2000)))
"""


@pytest.fixture
def writing_process(url: str, tmp_path: Path) -> list[str]:
    """The command of a process with eight writing threads.

    It prints "thanks" for each stored row and "sorry" for each refused one.
    """
    create_keys(tmp_path / "keys.json")
    return [sys.executable, "-c", WRITING_PROCESS, url, str(tmp_path / "keys.json")]


ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def numbers_with(lines: list[str], word: str) -> set[str]:
    return {line.split()[1] for line in lines if line.startswith(word) and line.endswith("\n")}


def read_stored(url: str, tmp_path: Path, clock: TestClock) -> set[str]:
    database = open_database(url, load_keys(tmp_path / "keys.json"), clock)
    with database.read() as tx:
        assert tx.connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    names = set(stored_actors(database))
    database.close()
    return names


@pytest.mark.parametrize("after", [1, 100, 500])
def test_acknowledged_rows_are_on_disk_after_a_kill(
    writing_process: list[str], url: str, tmp_path: Path, clock: TestClock, after: int
) -> None:
    with subprocess.Popen(
        writing_process, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(after)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.readlines()
    thanked = numbers_with(lines, "thanks")
    assert len(thanked) >= after
    assert thanked <= read_stored(url, tmp_path, clock)


@pytest.mark.skipif(os.name != "posix", reason="only POSIX limits the size of a file")
def test_on_a_full_disk_every_answer_is_true(
    writing_process: list[str], url: str, tmp_path: Path, clock: TestClock
) -> None:
    room = (tmp_path / "intake.sqlite3").stat().st_size + 200_000
    process = subprocess.run(
        [*writing_process, str(room)],
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        check=True,
    )
    lines = process.stdout.splitlines(keepends=True)
    thanked, refused = numbers_with(lines, "thanks"), numbers_with(lines, "sorry")
    assert len(thanked | refused) == 2000
    assert min(len(thanked), len(refused)) > 100
    assert thanked == read_stored(url, tmp_path, clock)
