"""Writing to SQLite: one at a time, in the order of asking, and one commit for all that asked meanwhile.

SQLite's own waiting asks again after ever longer naps, so that of many writers one can starve for seconds.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, get_ident

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

MOST = 64
"""How many transactions share a commit, so that the first of them does not wait for ever."""


class CommitFailed(SQLAlchemyError):
    """The commit that a transaction shared with others failed, so nothing of it is stored."""


class Turns:
    """A lock that is handed on in the order of asking."""

    def __init__(self, patience: float) -> None:
        """Wait for a turn at most `patience` seconds."""
        self._patience, self._guard = patience, Lock()
        self._waiting: deque[Event] = deque()
        self._taken, self._owner = False, 0

    @property
    def somebody_waits(self) -> bool:
        """Whether the turn will be handed on."""
        return bool(self._waiting)

    def take(self) -> None:
        """Wait for the turn; raises CommitFailed where it does not come, RuntimeError where this thread has it already."""
        if self._owner == get_ident():
            raise RuntimeError("a transaction that writes was begun inside another one")
        mine = Event()
        with self._guard:
            if not self._taken:
                self._taken, self._owner = True, get_ident()
                return
            self._waiting.append(mine)
        if not mine.wait(self._patience) and self._gave_up(mine):
            raise CommitFailed(f"The database was busy for {self._patience:.0f} seconds.")
        self._owner = get_ident()

    def _gave_up(self, mine: Event) -> bool:
        with self._guard:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return True
        return False

    def hand_on(self) -> None:
        """Give the turn to whoever asked first."""
        with self._guard:
            self._owner = 0
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False


@dataclass
class Group:
    """Transactions that share a commit: each a savepoint but the first; `error` is why nothing of them is stored."""

    connection: Connection
    size: int = 0
    done: Event = field(default_factory=Event)
    error: BaseException | None = None


class Together:
    """The writing side of one database file, for all threads of this process."""

    def __init__(self, begin: Callable[[], Connection], patience: float) -> None:
        """`begin` returns a connection on which a transaction that writes has begun."""
        self._begin, self._turns = begin, Turns(patience)
        self._group: Group | None = None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Open a transaction; it is on disk when the block has ended without an exception."""
        self._turns.take()
        try:
            group = self._joined()
            try:
                yield from self._block(group)
            finally:
                self._leave(group)
        finally:
            self._turns.hand_on()
        group.done.wait()
        if group.error is not None:
            raise CommitFailed("The commit failed, and nothing is stored.") from group.error

    def _joined(self) -> Group:
        if self._group is None:
            self._group = Group(self._begin())
        return self._group

    def _block(self, group: Group) -> Iterator[Connection]:
        if group.size == 0:
            yield group.connection
        else:
            with group.connection.begin_nested():
                yield group.connection
        group.size += 1

    def _leave(self, group: Group) -> None:
        """Commit for everybody, unless somebody waits who can join; a block that failed has left nothing behind."""
        if self._turns.somebody_waits and 0 < group.size < MOST and self._is_whole(group):
            return
        self._group = None
        try:
            self._end(group)
        except BaseException as error:
            group.error = error
            raise
        finally:
            group.done.set()

    def _end(self, group: Group) -> None:
        with group.connection as connection:
            if not self._is_whole(group):
                connection.invalidate()
            elif group.size:
                connection.commit()
            else:
                connection.rollback()

    def _is_whole(self, group: Group) -> bool:
        """Return whether the transaction is still there: SQLite ends it by itself on some errors, such as a full disk."""
        held = group.connection.connection.dbapi_connection
        whole = held is not None and bool(held.in_transaction)
        if not whole and group.error is None:
            group.error = CommitFailed("SQLite ended the transaction.")
        return whole
