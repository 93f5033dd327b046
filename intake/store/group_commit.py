"""Group commit for SQLite: threads write in the order of asking and share a commit.

A commit waits for the disk, so many small commits are slow. SQLite's own wait for the write lock
retries after growing pauses, so one of many writers can wait for seconds.

The first thread to ask is the leader. It begins the transaction and writes. Then it lends its
connection to each thread that has asked since, one after the other, and commits for all. A
follower writes inside a savepoint, so its failure does not affect the others. It returns only once
the leader's commit is on disk. SQLite's own lock still works between processes.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Condition, Event, Lock, get_ident
from time import monotonic

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

MAX_SHARED = 64
"""How many transactions share a commit; a limit lets the first one and other processes go on."""


class NotStoredError(SQLAlchemyError):
    """Nothing of the transaction is stored: its turn came too late, or the shared commit failed."""


@dataclass(eq=False)
class SharedTransaction:
    """A transaction that several threads share; after `ended`, `error` says why it failed."""

    connection: Connection
    size: int = 1
    ended: Event = field(default_factory=Event)
    error: BaseException | None = None


@dataclass(eq=False)
class WriteTurn:
    """A thread's request to write.

    `changed` wakes the thread. `shared` is the transaction that a leader lends it. `left` is True
    once the thread has finished or given up.
    """

    changed: Condition
    shared: SharedTransaction | None = None
    left: bool = False


class GroupCommitWriter:
    """The writing side of one database file, for all threads of this process."""

    def __init__(self, begin: Callable[[float], Connection], patience: float) -> None:
        """Keep `begin` and the longest wait of a transaction, in seconds.

        `begin` starts a write transaction within the seconds that it is given.
        """
        self._begin, self._patience = begin, patience
        self._lock = Lock()
        self._queue: deque[WriteTurn] = deque()
        self._leader: WriteTurn | None = None
        self._writing_thread = 0

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Open a transaction; once the block ends without an exception, it is on disk."""
        # The inner transaction would wait for the outer one, and the outer one for the inner.
        if self._writing_thread == get_ident():
            raise RuntimeError("a transaction that writes was begun inside another one")
        turn, deadline = WriteTurn(Condition(self._lock)), monotonic() + self._patience
        try:
            self._wait_for_turn(turn)
            yield from (
                self._lead(turn, deadline) if turn.shared is None else self._follow(turn.shared)
            )
        finally:
            self._leave(turn)
        if turn.shared is not None:
            self._wait_for_commit(turn.shared)

    def _wait_for_turn(self, turn: WriteTurn) -> None:
        with self._lock:
            self._queue.append(turn)
            can_write = turn.changed.wait_for(
                lambda: turn.shared or self._may_lead(turn), self._patience
            )
            if not can_write:
                raise NotStoredError(f"The database was busy for {self._patience:.0f} seconds.")
            if turn.shared is None:
                self._queue.remove(turn)
                self._leader = turn

    def _may_lead(self, turn: WriteTurn) -> bool:
        return self._leader is None and self._queue[0] is turn

    def _leave(self, turn: WriteTurn) -> None:
        """Give up the turn, however it ended, and wake the thread that waits for that."""
        with self._lock:
            turn.left = True
            if turn in self._queue:
                self._queue.remove(turn)
            if self._leader is turn:
                self._leader = None
            if self._leader is not None:
                self._leader.changed.notify()
            # Without a leader, the first in the queue becomes the next one.
            elif self._queue:
                self._queue[0].changed.notify()

    def _lead(self, turn: WriteTurn, deadline: float) -> Iterator[Connection]:
        # The wait for a turn and the wait for SQLite's lock have one limit together.
        with self._begin(max(deadline - monotonic(), 0)) as connection:
            with self._mark_writing():
                yield connection
            shared = SharedTransaction(connection)
            try:
                self._lend(turn, shared)
                _commit(connection)
            # Not even an interrupt may leave the followers waiting, or believing in a commit.
            except BaseException as error:
                shared.error = error
                raise
            finally:
                shared.ended.set()

    def _lend(self, turn: WriteTurn, shared: SharedTransaction) -> None:
        """Lend the transaction to the waiting threads, one after the other."""
        with self._lock:
            while self._queue and shared.size < MAX_SHARED and _is_open(shared.connection):
                # One follower at a time, because a connection serves only one thread.
                follower = self._queue.popleft()
                follower.shared = shared
                shared.size += 1
                follower.changed.notify()
                turn.changed.wait_for(partial(getattr, follower, "left"))

    def _follow(self, shared: SharedTransaction) -> Iterator[Connection]:
        with self._mark_writing(), shared.connection.begin_nested():
            yield shared.connection

    def _wait_for_commit(self, shared: SharedTransaction) -> None:
        shared.ended.wait()
        if shared.error is not None:
            raise NotStoredError(
                "The commit failed that this shared with others; nothing of it is stored."
            ) from shared.error

    @contextmanager
    def _mark_writing(self) -> Iterator[None]:
        self._writing_thread = get_ident()
        try:
            yield
        finally:
            self._writing_thread = 0


def _commit(connection: Connection) -> None:
    # Without a transaction, the driver's commit does nothing and raises no error.
    if not _is_open(connection):
        raise NotStoredError("SQLite ended the transaction by itself; nothing of it is stored.")
    connection.commit()


def _is_open(connection: Connection) -> bool:
    """Return whether the transaction still exists.

    SQLite ends it by itself on some errors, such as a full disk.
    """
    driver_connection = connection.connection.dbapi_connection
    return driver_connection is not None and bool(driver_connection.in_transaction)
