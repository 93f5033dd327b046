"""Snapshots of the completeness report, as JSON, encrypted."""

from datetime import datetime

from sqlalchemy import func, insert, select

from intake.store.database import Tx
from intake.store.report_tables import reports as table

INTERNAL, SHARE = "internal", "share"
"""The editions of `intake.report.values.Edition`."""


def save_snapshot(tx: Tx, period: str, snapshot: bytes, edition: str = INTERNAL) -> None:
    """Store a snapshot for `period`."""
    # The internal edition has small counts: a copy of the database must not tell them.
    encrypted = tx.cipher.encrypt(snapshot, _binding(period, edition))
    values = {"period": period, "edition": edition, "made_at": tx.now, "snapshot": encrypted}
    tx.connection.execute(insert(table).values(values))


def freeze_snapshot(tx: Tx, period: str, snapshot: bytes) -> None:
    """Store the edition to share of a period, unless there is one: it never changes again."""
    if latest_made_at(tx, period, SHARE) is None:
        save_snapshot(tx, period, snapshot, SHARE)


def latest_snapshot(tx: Tx, period: str | None = None, edition: str = INTERNAL) -> bytes | None:
    """Return the newest snapshot, of one period or of all; None if there is none."""
    # By number, because two snapshots can share a time.
    query = (
        select(table.c.period, table.c.snapshot)
        .where(table.c.edition == edition)
        .order_by(table.c.number.desc())
        .limit(1)
    )
    if period is not None:
        query = query.where(table.c.period == period)
    row = tx.connection.execute(query).first()
    # An earlier version stored its snapshots as plain JSON.
    if row is None or row.snapshot.startswith(b"{"):
        return None if row is None else row.snapshot
    return tx.cipher.decrypt(row.snapshot, _binding(row.period, edition))


def latest_made_at(tx: Tx, period: str, edition: str = INTERNAL) -> datetime | None:
    """Return when the newest snapshot of `period` was made, None if there is none."""
    query = select(func.max(table.c.made_at)).where(
        table.c.period == period, table.c.edition == edition
    )
    return tx.connection.execute(query).scalar()


def list_periods(tx: Tx, edition: str = INTERNAL) -> tuple[str, ...]:
    """Return the periods that have a snapshot of the edition."""
    query = (
        select(table.c.period).where(table.c.edition == edition).distinct().order_by(table.c.period)
    )
    return tuple(tx.connection.execute(query).scalars())


def _binding(period: str, edition: str) -> str:
    return f"report {period} {edition}"
