"""Writers of one process on SQLite: in the order of asking, one commit for those that wait, and each alone in failing."""

import random
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from intake.store import audit
from intake.store.crypto import Cipher
from intake.store.database import Database, DatabaseError, Tx, open_database, open_engine
from intake.store.group_commit import GroupCommitWriter, NotStoredError
from tests.store.conftest import TestClock, stored_actors

pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)

PATIENCE = 30

Act = Callable[[Tx], None]


class Odd(Exception):
    """A block's own failure."""


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


def note(name: str) -> Act:
    return lambda tx: audit.record_action(tx, name, "wrote")


def write(database: Database, act: Act) -> None:
    with database.write() as tx:
        act(tx)


def together(database: Database, *acts: Act) -> list[Future[None]]:
    """Run the acts at once: the first waits in its transaction until all the others have asked for their turn."""
    go, turns = Event(), database._group_writer

    def first(tx: Tx) -> None:
        assert go.wait(PATIENCE)
        acts[0](tx)

    with ThreadPoolExecutor(len(acts)) as pool:
        futures = [pool.submit(write, database, first)]
        until(lambda: turns._writing_thread != 0)
        for place, act in enumerate(acts[1:], start=1):
            futures.append(pool.submit(write, database, act))
            until(lambda asked=place: len(turns._queue) == asked)  # type: ignore[misc]
        go.set()
    return futures


def until(holds: Callable[[], bool]) -> None:
    tick = Event()
    while not holds():
        tick.wait(0.001)


def test_those_that_waited_share_a_commit_in_the_order_of_asking(
    database: Database, commits: list[int]
) -> None:
    for each in together(database, *(note(name) for name in "abcdef")):
        each.result()
    assert (stored_actors(database), len(commits)) == (list("abcdef"), 1)


def test_a_writer_alone_waits_for_nobody(database: Database, commits: list[int]) -> None:
    for name in "abc":
        write(database, note(name))
    assert (stored_actors(database), len(commits)) == (list("abc"), 3)


@pytest.mark.parametrize("odd", [0, 1, 2])
def test_a_block_that_fails_takes_nobody_along(database: Database, odd: int) -> None:
    def fails(tx: Tx) -> None:
        note("odd")(tx)
        raise Odd

    acts = [note(name) for name in "abc"]
    acts[odd] = fails
    futures = together(database, *acts)
    assert [type(each.exception()) for each in futures] == [
        Odd if place == odd else type(None) for place in range(3)
    ]
    assert stored_actors(database) == [name for place, name in enumerate("abc") if place != odd]


@pytest.mark.parametrize("odd", [0, 1, 2])
def test_a_statement_that_fails_takes_nobody_along(database: Database, odd: int) -> None:
    def fails(tx: Tx) -> None:
        note("odd")(tx)
        tx.connection.exec_driver_sql(
            "INSERT INTO audit (number, at, who, action) VALUES (1000, 0, NULL, 'wrote')"
        )

    acts = [note(name) for name in "abc"]
    acts[odd] = fails
    futures = together(database, *acts)
    expected = [IntegrityError if place == odd else type(None) for place in range(3)]
    assert [type(each.exception()) for each in futures] == expected
    assert stored_actors(database) == [name for place, name in enumerate("abc") if place != odd]


def test_a_commit_that_fails_fails_for_everybody_and_stores_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Connection) -> None:
        raise OperationalError("COMMIT", {}, Exception("database or disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr(Connection, "commit", full)
        futures = together(database, note("a"), note("b"), note("c"))
    assert [type(each.exception()) for each in futures] == [
        OperationalError,
        NotStoredError,
        NotStoredError,
    ]
    assert stored_actors(database) == []
    write(database, note("later"))
    assert stored_actors(database) == ["later"]


def test_a_transaction_that_sqlite_ended_by_itself_fails_for_everybody(database: Database) -> None:
    def ends(tx: Tx) -> None:
        tx.connection.exec_driver_sql("ROLLBACK")

    futures = together(database, note("a"), ends, note("c"))
    assert [isinstance(each.exception(), DatabaseError) for each in futures] == [True, True, False]
    assert stored_actors(database) == ["c"]


def test_who_returned_is_seen_by_others_and_who_failed_by_nobody(
    database: Database, url: str, cipher: Cipher, clock: TestClock
) -> None:
    other, chance = open_database(url, cipher, clock), random.Random(4)
    fate = {str(number): chance.random() < 0.8 for number in range(400)}

    def one(name: str) -> bool:
        def act(tx: Tx) -> None:
            note(name)(tx)
            if not fate[name]:
                raise Odd

        try:
            write(database, act)
        except Odd:
            return False
        with other.read() as tx:
            found = tx.connection.exec_driver_sql(
                "SELECT 1 FROM audit WHERE who = ?", (name,)
            ).first()
        return found is not None

    with ThreadPoolExecutor(12) as pool:
        assert dict(zip(fate, pool.map(one, fate), strict=True)) == fate
    assert sorted(stored_actors(other)) == sorted(name for name, good in fate.items() if good)
    other.close()


def test_a_transaction_inside_another_one_is_a_fault_of_ours(database: Database) -> None:
    with pytest.raises(RuntimeError, match="inside another"):
        write(database, lambda _: write(database, note("inner")))
    write(database, note("later"))
    assert stored_actors(database) == ["later"]


def test_what_was_written_in_the_block_is_not_read_beside_it(database: Database) -> None:
    def act(tx: Tx) -> None:
        note("a")(tx)
        assert stored_actors(database) == []

    write(database, act)
    assert stored_actors(database) == ["a"]


def test_a_turn_that_does_not_come_is_given_up_and_keeps_nobody_waiting(url: str) -> None:
    engine = open_engine(url)

    def begun() -> Connection:
        connection = engine.connect()
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return connection

    turns, gave_up = GroupCommitWriter(begun, 0.01), Event()

    def impatient() -> None:
        try:
            with turns.transaction():
                pytest.fail("its turn never came")
        except NotStoredError:
            gave_up.set()
            raise

    with ThreadPoolExecutor(1) as pool, turns.transaction():
        asked = pool.submit(impatient)
        assert gave_up.wait(PATIENCE)
    with pytest.raises(NotStoredError, match="busy"):
        asked.result()
    with turns.transaction():
        assert not turns._queue
    engine.dispose()


def test_a_lock_of_another_process_is_told_and_the_turn_goes_on(url: str) -> None:
    engine, tries = (
        open_engine(url),
        iter((OperationalError("BEGIN", {}, Exception("database is locked")), None)),
    )

    def begun() -> Connection:
        if fault := next(tries):
            raise fault
        return engine.connect()

    turns = GroupCommitWriter(begun, PATIENCE)
    with pytest.raises(OperationalError, match="locked"), turns.transaction():
        pytest.fail("nothing was begun")
    with pytest.raises(NotStoredError, match="ended"), turns.transaction():
        assert turns._writing_thread
    engine.dispose()


def test_two_processes_files_wait_for_each_other(
    url: str, cipher: Cipher, clock: TestClock
) -> None:
    """Two databases on one file are what two processes are: SQLite's own lock stands between them."""
    pair = [open_database(url, cipher, clock) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: write(pair[number % 2], note(str(number))), range(120)))
    assert sorted(stored_actors(pair[0]), key=int) == [str(number) for number in range(120)]
    for each in pair:
        each.close()
