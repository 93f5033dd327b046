"""Attempt limits kept in rows, so that they hold over restarts and over many processes."""

from datetime import timedelta

from sqlalchemy import delete, func, insert, select

from intake.store.database import Tx
from intake.store.tables import attempts as table


def allow_attempt(tx: Tx, what: str, limit: int, per: timedelta) -> bool:
    """Note one attempt at `what` and return whether it is within `limit` in the last `per`."""
    key = tx.cipher.keyed_hash("attempt", what)
    since = tx.now - per
    tx.connection.execute(delete(table).where(table.c.what == key, table.c.at <= since))
    tx.connection.execute(insert(table).values(what=key, at=tx.now))
    return (
        tx.connection.execute(select(func.count()).where(table.c.what == key)).scalar_one() <= limit
    )


def forget_attempts(tx: Tx, what: str) -> None:
    """Forget the attempts at `what`, after one that succeeded."""
    tx.connection.execute(
        delete(table).where(table.c.what == tx.cipher.keyed_hash("attempt", what))
    )


def erase_attempts(tx: Tx, after: timedelta) -> int:
    """Erase attempts older than `after`; returns how many."""
    return tx.connection.execute(delete(table).where(table.c.at < tx.now - after)).rowcount
