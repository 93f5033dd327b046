"""Writers of one process on SQLite: in the order of asking, one commit for those that wait, and each alone in failing."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from intake.store import audit
from intake.store.crypto import Cipher
from intake.store.database import Database, DatabaseFault, Tx, open_database
from intake.store.migrate import migrate
from intake.store.together import CommitFailed, Turns
from tests.store.conftest import TestClock

PATIENCE = 30


class Odd(Exception):
    """A block's own failure."""


@pytest.fixture
def url(tmp_path: Path) -> str:
    address = f"sqlite:///{tmp_path / 'together.sqlite3'}"
    migrate(address)
    return address


@pytest.fixture
def database(url: str, cipher: Cipher, clock: TestClock) -> Iterator[Database]:
    found = open_database(url, cipher, clock)
    yield found
    found.close()


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry a commit."""
    seen: list[int] = []
    real = Connection.commit

    def counted(connection: Connection) -> None:
        seen.append(1)
        real(connection)

    monkeypatch.setattr(Connection, "commit", counted)
    return seen


def note(name: str) -> Callable[[Tx], None]:
    return lambda tx: audit.record(tx, name, "wrote")


def write(database: Database, act: Callable[[Tx], None]) -> None:
    with database.write() as tx:
        act(tx)


def stored(database: Database) -> list[str]:
    with database.read() as tx:
        return [entry.who for entry in reversed(audit.recent(tx))]


def together(database: Database, *acts: Callable[[Tx], None]) -> list[Future[None]]:
    """Run the acts at once: the first waits in its transaction until all the others have asked for their turn."""
    go, turns = Event(), database._together._turns

    def first(tx: Tx) -> None:
        acts[0](tx)
        assert go.wait(PATIENCE)

    with ThreadPoolExecutor(len(acts)) as pool:
        futures = [pool.submit(write, database, first)]
        until(lambda: turns._taken)
        for place, act in enumerate(acts[1:], start=1):
            futures.append(pool.submit(write, database, act))
            until(lambda asked=place: len(turns._waiting) == asked)  # type: ignore[misc]
        go.set()
    return futures


def until(holds: Callable[[], bool]) -> None:
    tick = Event()
    while not holds():
        tick.wait(0.001)


def test_those_that_waited_share_a_commit_in_the_order_of_asking(database: Database, commits: list[int]) -> None:
    for each in together(database, *(note(name) for name in "abcdef")):
        each.result()
    assert (stored(database), len(commits)) == (list("abcdef"), 1)


@pytest.mark.parametrize("odd", [0, 1, 2])
def test_a_block_that_fails_takes_nobody_along(database: Database, odd: int) -> None:
    def fails(tx: Tx) -> None:
        note("odd")(tx)
        raise Odd

    acts = [note(name) for name in "abc"]
    acts[odd] = fails
    futures = together(database, *acts)
    assert [type(each.exception()) for each in futures] == [Odd if place == odd else type(None) for place in range(3)]
    assert stored(database) == [name for place, name in enumerate("abc") if place != odd]


def test_a_commit_that_fails_fails_for_everybody_and_stores_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Connection) -> None:
        raise OperationalError("COMMIT", {}, Exception("database or disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr(Connection, "commit", full)
        futures = together(database, note("a"), note("b"), note("c"))
    assert all(isinstance(each.exception(), DatabaseFault) for each in futures)
    assert stored(database) == []
    write(database, note("later"))
    assert stored(database) == ["later"]


def test_a_transaction_that_sqlite_ended_by_itself_fails_for_everybody(database: Database) -> None:
    def ends(tx: Tx) -> None:
        tx.connection.exec_driver_sql("ROLLBACK")

    futures = together(database, note("a"), ends, note("c"))
    assert all(isinstance(each.exception(), DatabaseFault) for each in futures[:2])
    assert stored(database) == ([] if futures[2].exception() else ["c"])
    write(database, note("later"))
    assert stored(database)[-1] == "later"


def test_who_returned_is_seen_by_others(database: Database, url: str, cipher: Cipher, clock: TestClock) -> None:
    other = open_database(url, cipher, clock)

    def one(number: int) -> bool:
        write(database, note(str(number)))
        return str(number) in stored(other)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(100)))
    other.close()


def test_a_transaction_inside_another_one_is_a_fault_of_ours(database: Database) -> None:
    with pytest.raises(RuntimeError, match="inside another"):
        write(database, lambda _: write(database, note("inner")))
    write(database, note("later"))
    assert stored(database) == ["later"]


def test_a_turn_that_does_not_come_is_given_up_and_keeps_nobody_waiting() -> None:
    turns = Turns(0.01)
    turns.take()
    with ThreadPoolExecutor(1) as pool, pytest.raises(CommitFailed, match="busy"):
        pool.submit(turns.take).result()
    turns.hand_on()
    turns.take()
    assert not turns.somebody_waits


def test_two_processes_files_wait_for_each_other(url: str, cipher: Cipher, clock: TestClock) -> None:
    """Two databases on one file are what two processes are: SQLite's own lock stands between them."""
    pair = [open_database(url, cipher, clock) for _ in range(2)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: write(pair[number % 2], note(str(number))), range(60)))
    assert sorted(stored(pair[0]), key=int) == [str(number) for number in range(60)]
    for each in pair:
        each.close()
