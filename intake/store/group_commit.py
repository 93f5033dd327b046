"""Writing to SQLite from many threads: in the order of asking, with one commit for all that asked while the first one wrote.

A commit waits for the disk, so that many small ones are slow; and SQLite's own way of waiting for the lock is to ask again
after ever longer naps, so that of many writers one can starve for seconds.

The first that asks leads: it begins the transaction, writes, lends its connection to each that asked meanwhile, one after
the other, and commits. A guest writes inside a savepoint, so that what fails in it takes nobody along, and returns only when
the leader's commit is on disk. Between processes SQLite's own lock stands, as ever.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Condition, Event, Lock, get_ident

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

MOST = 64
"""How many transactions share a commit, so that neither its first one nor another process waits for ever."""


class NotStoredError(SQLAlchemyError):
    """The turn to write did not come in time, or the commit that was shared failed; nothing of this is stored."""


@dataclass(eq=False)
class Shared:
    """A transaction that several share, and after its end why nothing of it is stored, if so."""

    connection: Connection
    size: int = 1
    ended: Event = field(default_factory=Event)
    error: BaseException | None = None


@dataclass(eq=False)
class Asking:
    """A thread that asks for its turn: `news` wakes it, `shared` is what it was let into, `left` that it is done."""

    news: Condition
    shared: Shared | None = None
    left: bool = False


class GroupCommitWriter:
    """The writing side of one database file, for all threads of this process."""

    def __init__(self, begin: Callable[[], Connection], patience: float) -> None:
        """`begin` returns a connection with a transaction that may write; a turn is waited for `patience` seconds at most."""
        self._begin, self._patience = begin, patience
        self._lock = Lock()
        self._asking: deque[Asking] = deque()
        self._leader: Asking | None = None
        self._writing = 0

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Open a transaction; it is on disk when the block has ended without an exception."""
        if self._writing == get_ident():
            raise RuntimeError("a transaction that writes was begun inside another one")
        mine = Asking(Condition(self._lock))
        try:
            self._wait_for_the_turn(mine)
            yield from self._lead(mine) if mine.shared is None else self._follow(mine.shared)
        finally:
            self._leave(mine)
        if mine.shared is not None:
            self._wait_for_the_commit(mine.shared)

    def _wait_for_the_turn(self, mine: Asking) -> None:
        with self._lock:
            self._asking.append(mine)
            if not mine.news.wait_for(lambda: mine.shared or self._may_lead(mine), self._patience):
                raise NotStoredError(f"The database was busy for {self._patience:.0f} seconds.")
            if mine.shared is None:
                self._asking.remove(mine)
                self._leader = mine

    def _may_lead(self, mine: Asking) -> bool:
        return self._leader is None and self._asking[0] is mine

    def _leave(self, mine: Asking) -> None:
        """Let go of everything, however the turn or the waiting for it ended, and wake whoever waits for that."""
        with self._lock:
            mine.left = True
            if mine in self._asking:
                self._asking.remove(mine)
            if self._leader is mine:
                self._leader = None
            if self._leader is not None:
                self._leader.news.notify()
            elif self._asking:
                self._asking[0].news.notify()

    def _lead(self, mine: Asking) -> Iterator[Connection]:
        with self._begin() as connection:
            with self._writer():
                yield connection
            shared = Shared(connection)
            try:
                self._lend(mine, shared)
                _commit(connection)
            except BaseException as error:
                shared.error = error
                raise
            finally:
                shared.ended.set()

    def _lend(self, mine: Asking, shared: Shared) -> None:
        """Let the others in, one after the other, until nobody asks."""
        with self._lock:
            while self._asking and shared.size < MOST and _is_there(shared.connection):
                guest = self._asking.popleft()
                guest.shared = shared
                shared.size += 1
                guest.news.notify()
                mine.news.wait_for(partial(getattr, guest, "left"))

    def _follow(self, shared: Shared) -> Iterator[Connection]:
        with self._writer(), shared.connection.begin_nested():
            yield shared.connection

    def _wait_for_the_commit(self, shared: Shared) -> None:
        shared.ended.wait()
        if shared.error is not None:
            raise NotStoredError(
                "The commit failed that this shared with others; nothing of it is stored."
            ) from shared.error

    @contextmanager
    def _writer(self) -> Iterator[None]:
        self._writing = get_ident()
        try:
            yield
        finally:
            self._writing = 0


def _commit(connection: Connection) -> None:
    if not _is_there(connection):
        raise NotStoredError("SQLite ended the transaction by itself; nothing of it is stored.")
    connection.commit()


def _is_there(connection: Connection) -> bool:
    """Return whether the transaction is still there: SQLite ends it by itself on some errors, such as a full disk."""
    held = connection.connection.dbapi_connection
    return held is not None and bool(held.in_transaction)
