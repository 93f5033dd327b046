"""Who is told that a row is stored finds it on disk, though the process is killed in the midst or the disk is full."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from intake.store.crypto import create_keys, load_keys
from intake.store.database import open_database
from tests.store.conftest import TestClock, stored_actors

pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)

MANY = """
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

def say(words):
    os.write(1, f"{words}\\n".encode())

def one(number):
    try:
        with database.write() as tx:
            audit.record_action(tx, str(number), "x" * 400)
    except DatabaseError:
        say(f"sorry {number}")
    else:
        say(f"thanks {number}")

with ThreadPoolExecutor(8) as pool:
    list(pool.map(one, range(2000)))
"""


@pytest.fixture
def many(url: str, tmp_path: Path) -> list[str]:
    """A process of eight threads that write and say "thanks" for each that is stored, "sorry" for each that is not."""
    create_keys(tmp_path / "keys.json")
    return [sys.executable, "-c", MANY, url, str(tmp_path / "keys.json")]


ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def told(lines: list[str], word: str) -> set[str]:
    return {line.split()[1] for line in lines if line.startswith(word) and line.endswith("\n")}


def found(url: str, tmp_path: Path, clock: TestClock) -> set[str]:
    database = open_database(url, load_keys(tmp_path / "keys.json"), clock)
    with database.read() as tx:
        assert tx.connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    names = set(stored_actors(database))
    database.close()
    return names


@pytest.mark.parametrize("after", [1, 100, 500])
def test_all_who_were_thanked_are_on_disk_though_the_process_is_killed_in_the_midst(
    many: list[str], url: str, tmp_path: Path, clock: TestClock, after: int
) -> None:
    with subprocess.Popen(many, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(after)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.readlines()
    thanked = told(lines, "thanks")
    assert len(thanked) >= after
    assert thanked <= found(url, tmp_path, clock)


@pytest.mark.skipif(os.name != "posix", reason="limits of a file's size are POSIX's")
def test_on_a_full_disk_each_is_told_the_truth(
    many: list[str], url: str, tmp_path: Path, clock: TestClock
) -> None:
    room = (tmp_path / "intake.sqlite3").stat().st_size + 200_000
    done = subprocess.run(
        [*many, str(room)], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT, check=True
    )
    lines = done.stdout.splitlines(keepends=True)
    thanked, refused = told(lines, "thanks"), told(lines, "sorry")
    assert len(thanked | refused) == 2000
    assert min(len(thanked), len(refused)) > 100
    assert thanked == found(url, tmp_path, clock)
