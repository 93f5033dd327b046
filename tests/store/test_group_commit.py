"""Group commit on SQLite: threads write in order, share a commit, and fail alone."""

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
from tests.support.store import TestClock, stored_actors

pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)

PATIENCE = 30

Act = Callable[[Tx], None]


class BlockError(Exception):
    """The failure of a transaction's own block."""


@pytest.fixture
def commit_counts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry per commit."""
    commits: list[int] = []
    commit = Connection.commit

    def count_commit(connection: Connection) -> None:
        commits.append(1)
        commit(connection)

    monkeypatch.setattr(Connection, "commit", count_commit)
    return commits


def record_actor(name: str) -> Act:
    return lambda tx: audit.record_action(tx, name, "wrote")


def write(database: Database, act: Act) -> None:
    with database.write() as tx:
        act(tx)


def write_together(database: Database, *acts: Act) -> list[Future[None]]:
    """Run the acts at once; the first waits in its transaction until the others wait for a turn."""
    all_waiting, writer = Event(), database._group_writer

    def first(tx: Tx) -> None:
        assert all_waiting.wait(PATIENCE)
        acts[0](tx)

    with ThreadPoolExecutor(len(acts)) as pool:
        futures = [pool.submit(write, database, first)]
        wait_until(lambda: writer._writing_thread != 0)
        for place, act in enumerate(acts[1:], start=1):
            futures.append(pool.submit(write, database, act))
            wait_until(lambda waiting=place: len(writer._queue) == waiting)  # type: ignore[misc]
        all_waiting.set()
    return futures


def wait_until(holds: Callable[[], bool]) -> None:
    tick = Event()
    while not holds():
        tick.wait(0.001)


def test_waiting_threads_share_a_commit_in_the_order_of_asking(
    database: Database, commit_counts: list[int]
) -> None:
    for future in write_together(database, *(record_actor(name) for name in "abcdef")):
        future.result()
    assert (stored_actors(database), len(commit_counts)) == (list("abcdef"), 1)


def test_a_single_writer_commits_each_transaction(
    database: Database, commit_counts: list[int]
) -> None:
    for name in "abc":
        write(database, record_actor(name))
    assert (stored_actors(database), len(commit_counts)) == (list("abc"), 3)


@pytest.mark.parametrize("failing_place", [0, 1, 2])
def test_a_failing_block_affects_no_other_block(database: Database, failing_place: int) -> None:
    def fail(tx: Tx) -> None:
        record_actor("odd")(tx)
        raise BlockError

    acts = [record_actor(name) for name in "abc"]
    acts[failing_place] = fail
    futures = write_together(database, *acts)
    assert [type(future.exception()) for future in futures] == [
        BlockError if place == failing_place else type(None) for place in range(3)
    ]
    assert stored_actors(database) == [
        name for place, name in enumerate("abc") if place != failing_place
    ]


@pytest.mark.parametrize("failing_place", [0, 1, 2])
def test_a_failing_statement_affects_no_other_block(database: Database, failing_place: int) -> None:
    def fail(tx: Tx) -> None:
        record_actor("odd")(tx)
        tx.connection.exec_driver_sql(
            "INSERT INTO audit (number, at, who, action) VALUES (1000, 0, NULL, 'wrote')"
        )

    acts = [record_actor(name) for name in "abc"]
    acts[failing_place] = fail
    futures = write_together(database, *acts)
    expected = [IntegrityError if place == failing_place else type(None) for place in range(3)]
    assert [type(future.exception()) for future in futures] == expected
    assert stored_actors(database) == [
        name for place, name in enumerate("abc") if place != failing_place
    ]


def test_a_failing_commit_fails_for_all_and_stores_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raise_full(_: Connection) -> None:
        raise OperationalError("COMMIT", {}, Exception("database or disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr(Connection, "commit", raise_full)
        futures = write_together(database, record_actor("a"), record_actor("b"), record_actor("c"))
    assert [type(future.exception()) for future in futures] == [
        OperationalError,
        NotStoredError,
        NotStoredError,
    ]
    assert stored_actors(database) == []
    write(database, record_actor("later"))
    assert stored_actors(database) == ["later"]


def test_a_transaction_ended_by_sqlite_fails_for_all_in_it(database: Database) -> None:
    def roll_back(tx: Tx) -> None:
        tx.connection.exec_driver_sql("ROLLBACK")

    futures = write_together(database, record_actor("a"), roll_back, record_actor("c"))
    assert [isinstance(future.exception(), DatabaseError) for future in futures] == [
        True,
        True,
        False,
    ]
    assert stored_actors(database) == ["c"]


def test_a_returned_transaction_is_visible_and_a_failed_one_is_not(
    database: Database, url: str, cipher: Cipher, clock: TestClock
) -> None:
    reader, chance = open_database(url, cipher, clock), random.Random(4)
    succeeds_by_name = {str(number): chance.random() < 0.8 for number in range(400)}

    def write_and_read(name: str) -> bool:
        def act(tx: Tx) -> None:
            record_actor(name)(tx)
            if not succeeds_by_name[name]:
                raise BlockError

        try:
            write(database, act)
        except BlockError:
            return False
        with reader.read() as tx:
            row = tx.connection.exec_driver_sql(
                "SELECT 1 FROM audit WHERE who = ?", (name,)
            ).first()
        return row is not None

    with ThreadPoolExecutor(12) as pool:
        assert (
            dict(zip(succeeds_by_name, pool.map(write_and_read, succeeds_by_name), strict=True))
            == succeeds_by_name
        )
    assert sorted(stored_actors(reader)) == sorted(
        name for name, succeeds in succeeds_by_name.items() if succeeds
    )
    reader.close()


def test_a_transaction_inside_another_is_refused(database: Database) -> None:
    with pytest.raises(RuntimeError, match="inside another"):
        write(database, lambda _: write(database, record_actor("inner")))
    write(database, record_actor("later"))
    assert stored_actors(database) == ["later"]


def test_uncommitted_writes_are_not_visible_to_others(database: Database) -> None:
    def act(tx: Tx) -> None:
        record_actor("a")(tx)
        assert stored_actors(database) == []

    write(database, act)
    assert stored_actors(database) == ["a"]


def test_a_late_turn_is_given_up_and_blocks_no_other_thread(url: str) -> None:
    engine = open_engine(url)

    def begin_immediate(_seconds: float) -> Connection:
        connection = engine.connect()
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return connection

    writer, gave_up = GroupCommitWriter(begin_immediate, 0.01), Event()

    def impatient() -> None:
        try:
            with writer.transaction():
                pytest.fail("its turn never came")
        except NotStoredError:
            gave_up.set()
            raise

    with ThreadPoolExecutor(1) as pool, writer.transaction():
        future = pool.submit(impatient)
        assert gave_up.wait(PATIENCE)
    with pytest.raises(NotStoredError, match="busy"):
        future.result()
    with writer.transaction():
        assert not writer._queue
    engine.dispose()


def test_another_processs_lock_raises_and_frees_the_turn(url: str) -> None:
    engine, tries = (
        open_engine(url),
        iter((OperationalError("BEGIN", {}, Exception("database is locked")), None)),
    )

    def begin(_seconds: float) -> Connection:
        if fault := next(tries):
            raise fault
        return engine.connect()

    writer = GroupCommitWriter(begin, PATIENCE)
    with pytest.raises(OperationalError, match="locked"), writer.transaction():
        pytest.fail("nothing was begun")
    with pytest.raises(NotStoredError, match="ended"), writer.transaction():
        assert writer._writing_thread
    engine.dispose()


def test_two_processes_wait_for_each_other(url: str, cipher: Cipher, clock: TestClock) -> None:
    """Two databases on one file stand for two processes: only SQLite's own lock orders them."""
    databases = [open_database(url, cipher, clock) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda number: write(databases[number % 2], record_actor(str(number))), range(120)
            )
        )
    assert sorted(stored_actors(databases[0]), key=int) == [str(number) for number in range(120)]
    for database in databases:
        database.close()
