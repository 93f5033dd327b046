"""The database: SQLite or PostgreSQL, reading and writing in transactions that are as durable as a thank-you needs."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
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
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from intake.clock import Clock
from intake.store.crypto import Cipher
from intake.store.group_commit import GroupCommitWriter

HEAD_REVISION = "0006"
"""The schema revision that this version of the code works with; a test keeps it equal to the newest migration."""

BUSY_SECONDS = 30
DatabaseError = SQLAlchemyError
"""What a database raises that cannot be reached, is locked for too long, or is full."""


class NewerSchemaError(Exception):
    """The database has a schema that only a newer version of this code knows; the words say what to do."""


@dataclass(frozen=True, slots=True)
class Tx:
    """One transaction: its connection, the cipher, and the moment at which it began."""

    connection: Connection
    cipher: Cipher
    now: datetime

    def insert_new(self, table: Table, values: Mapping[str, Any]) -> bool:
        """Insert a row; False where one of its key is there, though another process may have put it there just now."""
        # Each dialect has a construct of its own for the same words; that of the one in use is imported already.
        dialect = import_module(f"sqlalchemy.dialects.{self.connection.dialect.name}")
        query = dialect.insert(table).on_conflict_do_nothing().returning(literal(1))
        return self.connection.execute(query, values).first() is not None


class Database:
    """An open database; `durability` says in words how a commit reaches the disk."""

    def __init__(self, engine: Engine, cipher: Cipher, clock: Clock) -> None:
        """Keep the engine; nothing is opened yet."""
        self._engine, self._cipher, self._clock = engine, cipher, clock
        self.is_sqlite = engine.dialect.name == "sqlite"
        self.durability = (
            describe_journal() if self.is_sqlite else "PostgreSQL: its own log, synchronous_commit"
        )
        self._together = GroupCommitWriter(self._begun, BUSY_SECONDS)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """Open a transaction that only reads."""
        with self._engine.connect() as connection:
            yield Tx(connection, self._cipher, self._clock())

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """Open a transaction that writes; it is on disk when the block has ended without an exception."""
        with self._together.transaction() if self.is_sqlite else self._engine.begin() as connection:
            yield Tx(connection, self._cipher, self._clock())

    def _begun(self) -> Connection:
        connection = self._engine.connect()
        try:
            # A deferred transaction that reads first and writes then fails whenever another one writes between.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except BaseException:
            connection.close()
            raise
        return connection

    def read_revision(self) -> str | None:
        """Return the schema's revision, None where nothing was migrated yet."""
        with self._engine.connect() as connection:
            return read_revision(connection)

    def is_current(self) -> bool:
        """Return whether the schema is the one that this code works with."""
        return self.read_revision() == HEAD_REVISION

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def open_database(url: str, cipher: Cipher, clock: Clock) -> Database:
    """Return the database at `url`: `sqlite:///path` or `postgresql+psycopg://user@host/name`."""
    return Database(open_engine(url), cipher, clock)


def read_revision(connection: Connection) -> str | None:
    """Return the schema's revision, None where nothing was migrated yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def refuse_newer_schema(revision: str | None) -> None:
    """Raise NewerSchema where a newer version of this code has migrated the database."""
    if revision is not None and revision > HEAD_REVISION:
        words = f"has schema {revision}, and this version works with {HEAD_REVISION}"
        raise NewerSchemaError(
            f"The database was made by a newer version of intake: it {words}. Install that one."
        )


def open_engine(url: str) -> Engine:
    """Return an engine with our pragmas; on SQLite transactions begin where we say so."""
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    # Writers that share a commit use its connection one after the other, each in its own thread.
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})
    event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _set_up_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver must not begin transactions of its own: a write would then begin as a deferred one.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in sqlite_pragmas():
        cursor.execute(pragma)
    cursor.close()


def is_wal_safe(version: tuple[int, ...]) -> bool:
    """Return whether a write-ahead log is safe: up to 3.51.2 it can corrupt (sqlite.org/wal.html#walresetbug).

    Two older branches got the fix as well, in 3.50.7 and 3.44.6.
    """
    fixed_branches = {(3, 44): 6, (3, 50): 7}
    return version >= (3, 51, 3) or version[2] >= fixed_branches.get(
        (version[0], version[1]), 1_000
    )


def sqlite_pragmas(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> tuple[str, ...]:
    """Return what every SQLite connection is told."""
    mode = ("WAL", "FULL") if is_wal_safe(version) else ("TRUNCATE", "EXTRA")
    return (
        f"PRAGMA journal_mode={mode[0]}",
        f"PRAGMA synchronous={mode[1]}",
        "PRAGMA foreign_keys=ON",
    )


def describe_journal(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> str:
    """Return which journal SQLite uses, and why, for `intake check`."""
    name = ".".join(map(str, version))
    if is_wal_safe(version):
        return f"SQLite {name}: write-ahead log, every commit synced"
    return f"SQLite {name}: rollback journal, every commit synced, because this version's write-ahead log can corrupt"
