"""Attempt limits, stored in the database so that all processes share them across restarts."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select

from intake.store.database import Tx
from intake.store.tables import attempts as table


def allow_attempt(tx: Tx, what: str, limit: int, per: timedelta) -> bool:
    """Record an attempt at `what`; return whether it is within `limit` per time `per`."""
    key = _lock_key(tx, what)
    tx.connection.execute(delete(table).where(table.c.what == key, table.c.at <= tx.now - per))
    tx.connection.execute(insert(table).values(what=key, at=tx.now))
    return count_attempts(tx, what, tx.now - per) <= limit


def count_attempts(tx: Tx, what: str, since: datetime) -> int:
    """Return the recorded attempts at `what` after `since`.

    Until the transaction ends, no other one can record or count attempts at `what`.
    """
    query = select(func.count()).where(table.c.what == _lock_key(tx, what), table.c.at > since)
    return tx.connection.execute(query).scalar_one()


def record_attempt(tx: Tx, what: str) -> None:
    """Record an attempt at `what`."""
    tx.connection.execute(insert(table).values(what=_lock_key(tx, what), at=tx.now))


def forget_attempts(tx: Tx, what: str) -> None:
    """Forget the attempts at `what`, after one that succeeded."""
    tx.connection.execute(delete(table).where(table.c.what == _lock_key(tx, what)))


def erase_attempts(tx: Tx, after: timedelta) -> int:
    """Erase attempts older than `after`; return their number."""
    return tx.connection.execute(delete(table).where(table.c.at < tx.now - after)).rowcount


def _lock_key(tx: Tx, what: str) -> str:
    """Return the key of `what`, locked until the transaction ends."""
    # Only a keyed hash is stored, because `what` may name a person.
    key = tx.cipher.keyed_hash("attempt", what)
    # Two transactions at once would not see each other's attempts. SQLite's only writer has the
    # whole database; PostgreSQL needs a lock on the key (a signed 64-bit number).
    if tx.connection.dialect.name == "postgresql":
        number = int(key[:15], 16)
        tx.connection.execute(select(func.pg_advisory_xact_lock(number)))
    return key
