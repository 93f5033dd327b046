"""Attempt limits, stored in the database so that all processes share them across restarts."""

from datetime import timedelta

from sqlalchemy import delete, func, insert, select

from intake.store.database import Tx
from intake.store.tables import attempts as table


def allow_attempt(tx: Tx, what: str, limit: int, per: timedelta) -> bool:
    """Record an attempt at `what`; return whether it is within `limit` per time `per`."""
    # Only a keyed hash is stored, because `what` may name a person.
    key = tx.cipher.keyed_hash("attempt", what)
    tx.connection.execute(delete(table).where(table.c.what == key, table.c.at <= tx.now - per))
    tx.connection.execute(insert(table).values(what=key, at=tx.now))
    attempts = select(func.count()).where(table.c.what == key)
    return tx.connection.execute(attempts).scalar_one() <= limit


def forget_attempts(tx: Tx, what: str) -> None:
    """Forget the attempts at `what`, after one that succeeded."""
    key = tx.cipher.keyed_hash("attempt", what)
    tx.connection.execute(delete(table).where(table.c.what == key))


def erase_attempts(tx: Tx, after: timedelta) -> int:
    """Erase attempts older than `after`; return their number."""
    return tx.connection.execute(delete(table).where(table.c.at < tx.now - after)).rowcount
