"""The database, SQLite or PostgreSQL: transactions whose commits survive a power cut."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from time import monotonic
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Table,
    create_engine,
    event,
    inspect,
    literal,
    make_url,
    text,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

from intake.clock import Clock
from intake.store.crypto import Cipher
from intake.store.group_commit import GroupCommitWriter, NotStoredError

HEAD_REVISION = "0012"
"""The schema revision of this version of the code; a test compares it with the newest migration."""

DatabaseError = SQLAlchemyError
"""The error of a database that is unreachable, locked for too long, or full."""

UNAVAILABLE_ERRORS = (OperationalError, NotStoredError, PoolTimeoutError)
"""Those of its subclasses that say nothing against the program: a retry may succeed."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds a reader and a writer wait while another process locks SQLite's file."""

    read: float
    write: float


PAGE_PATIENCE = Patience(read=1, write=5)
"""A patient waits in front of the page, so a calm error page comes early."""

WORK_PATIENCE = Patience(read=30, write=30)
"""Without a patient in front of it, a worker or a command waits rather than fails."""


class NewerSchemaError(Exception):
    """A newer version of this code has migrated the database; the message names the remedy."""


@dataclass(frozen=True, slots=True)
class Tx:
    """One transaction: its connection, the cipher, and the time at which it began."""

    connection: Connection
    cipher: Cipher
    now: datetime

    def insert_new(self, table: Table, values: Mapping[str, Any]) -> bool:
        """Insert a row; return False if its key exists, even from a concurrent process."""
        # Each dialect has its own construct for the same SQL. The engine has imported it already.
        dialect = import_module(f"sqlalchemy.dialects.{self.connection.dialect.name}")
        query = dialect.insert(table).on_conflict_do_nothing().returning(literal(1))
        return self.connection.execute(query, values).first() is not None


class Database:
    """An open database; `durability` says in words how a commit reaches the disk."""

    def __init__(
        self, engine: Engine, cipher: Cipher, clock: Clock, patience: Patience = PAGE_PATIENCE
    ) -> None:
        """Keep the engine; no connection is opened yet."""
        self._engine, self._cipher, self._clock = engine, cipher, clock
        self._patience = patience
        self.is_sqlite = engine.dialect.name == "sqlite"
        self.durability = (
            describe_journal() if self.is_sqlite else "PostgreSQL: its own log, synchronous_commit"
        )
        # PostgreSQL groups commits itself, so only SQLite uses the writer.
        self._group_writer = GroupCommitWriter(self._begin_immediate, patience.write)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """Open a transaction that only reads."""
        with self._engine.connect() as connection:
            if self.is_sqlite:
                # The pool's connection may still have the longer wait of a writer.
                _set_busy_timeout(connection, self._patience.read)
            yield Tx(connection, self._cipher, self._clock())

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """Open a transaction that writes; once the block ends without an error, it is on disk."""
        begin = self._group_writer.transaction if self.is_sqlite else self._engine.begin
        with begin() as connection:
            yield Tx(connection, self._cipher, self._clock())

    def _begin_immediate(self, seconds: float) -> Connection:
        deadline = monotonic() + seconds
        connection = self._engine.connect()
        try:
            _set_busy_timeout(connection, seconds)
            # A deferred transaction fails if it reads, another process writes, and then it writes.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            # The commit also waits, for readers, and the two waits together have one limit.
            _set_busy_timeout(connection, deadline - monotonic())
        except BaseException:
            connection.close()
            raise
        return connection

    def read_revision(self) -> str | None:
        """Return the schema's revision, None before the first migration."""
        with self.read() as tx:
            return read_revision(tx.connection)

    def is_current(self) -> bool:
        """Return whether the schema is that of this version of the code."""
        return self.read_revision() == HEAD_REVISION

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def open_database(
    url: str, cipher: Cipher, clock: Clock, patience: Patience = PAGE_PATIENCE
) -> Database:
    """Return the database at `url`: `sqlite:///path` or `postgresql+psycopg://user@host/name`."""
    return Database(open_engine(url, patience.read), cipher, clock, patience)


def read_revision(connection: Connection) -> str | None:
    """Return the schema's revision, None before the first migration."""
    # A new database has no table of revisions, and a query of it would end the transaction.
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def refuse_newer_schema(revision: str | None) -> None:
    """Raise NewerSchemaError if a newer version of this code has migrated the database."""
    if revision is not None and revision > HEAD_REVISION:
        raise NewerSchemaError(
            f"The database was made by a newer version of intake: it has schema {revision}, "
            f"and this version works with {HEAD_REVISION}. Install that one."
        )


def open_engine(url: str, busy_seconds: float = WORK_PATIENCE.write) -> Engine:
    """Return an engine; on SQLite it sets our pragmas and begins no transaction by itself."""
    if make_url(url).get_backend_name() != "sqlite":
        # A pooled connection may have died with a restart of the server since its last use.
        return create_engine(url, pool_pre_ping=True)
    # Threads that share a commit use its connection one after the other.
    engine = create_engine(url, connect_args={"timeout": busy_seconds, "check_same_thread": False})
    event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _set_busy_timeout(connection: Connection, seconds: float) -> None:
    # SQLite takes milliseconds, and with none it does not wait at all.
    connection.exec_driver_sql(f"PRAGMA busy_timeout={max(int(seconds * 1000), 0)}")


def _set_up_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver must not begin transactions by itself, because it begins deferred ones.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in sqlite_pragmas():
        cursor.execute(pragma)
    cursor.close()


def is_wal_safe(version: tuple[int, ...]) -> bool:
    """Return whether this SQLite version's write-ahead log is safe.

    Up to 3.51.2 it can corrupt the database (sqlite.org/wal.html#walresetbug). Two older branches
    have the fix as well, in 3.50.7 and 3.44.6.
    """
    fixed_branches = {(3, 44): 6, (3, 50): 7}
    return version >= (3, 51, 3) or version[2] >= fixed_branches.get(
        (version[0], version[1]), 1_000
    )


def sqlite_pragmas(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> tuple[str, ...]:
    """Return the pragmas of every SQLite connection."""
    # EXTRA also protects a commit from a power cut just after it (sqlite.org/pragma.html).
    journal, synchronous = ("WAL", "FULL") if is_wal_safe(version) else ("TRUNCATE", "EXTRA")
    return (
        f"PRAGMA journal_mode={journal}",
        f"PRAGMA synchronous={synchronous}",
        "PRAGMA foreign_keys=ON",
    )


def describe_journal(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> str:
    """Return the journal that SQLite uses, and why, for `intake check`."""
    name = ".".join(map(str, version))
    if is_wal_safe(version):
        return f"SQLite {name}: write-ahead log, every commit synced"
    return (
        f"SQLite {name}: rollback journal, every commit synced, "
        "because this version's write-ahead log can corrupt"
    )
