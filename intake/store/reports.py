"""Snapshots of the completeness report, as JSON."""

from datetime import datetime

from sqlalchemy import func, insert, select

from intake.store.database import Tx
from intake.store.tables import reports as table


def save_snapshot(tx: Tx, period: str, snapshot: bytes) -> None:
    """Store a snapshot for `period`."""
    tx.connection.execute(insert(table).values(period=period, made_at=tx.now, snapshot=snapshot))


def latest_snapshot(tx: Tx, period: str | None = None) -> bytes | None:
    """Return the newest snapshot, of one period or of all; None if there is none."""
    # By number, because two snapshots can share a time.
    query = select(table.c.snapshot).order_by(table.c.number.desc()).limit(1)
    if period is not None:
        query = query.where(table.c.period == period)
    return tx.connection.execute(query).scalar()


def latest_made_at(tx: Tx, period: str) -> datetime | None:
    """Return when the newest snapshot of `period` was made, None if there is none."""
    query = select(func.max(table.c.made_at)).where(table.c.period == period)
    return tx.connection.execute(query).scalar()


def list_periods(tx: Tx) -> tuple[str, ...]:
    """Return the periods that have a snapshot."""
    query = select(table.c.period).distinct().order_by(table.c.period)
    return tuple(tx.connection.execute(query).scalars())
