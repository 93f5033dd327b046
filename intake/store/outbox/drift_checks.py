"""Drift checks: which charts to read again after verification, and the results."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, update

from intake.store.database import Tx
from intake.store.outbox.records import Status
from intake.store.outbox.undo_records import UndoRecord, decrypt_undo_record
from intake.store.tables import submissions as table


@dataclass(frozen=True, slots=True)
class DriftCandidate:
    """A verified submission to check for drift, with its undo record still encrypted.

    The worker decrypts one candidate at a time, so an unreadable one does not stop the others.
    """

    id: str
    sealed: bytes


def select_candidates(
    tx: Tx, server: str, since: datetime, limit: int
) -> tuple[DriftCandidate, ...]:
    """Return verified submissions not checked since `since`, the longest unchecked first."""
    query = (
        select(table.c.id, table.c.earlier)
        .where(
            table.c.server == server,
            table.c.status == Status.VERIFIED.value,
            table.c.earlier.is_not(None),
            or_(table.c.checked_at.is_(None), table.c.checked_at < since),
            # A submission that was just verified was just read.
            table.c.verified_at < since,
        )
        .order_by(table.c.checked_at.is_not(None), table.c.checked_at, table.c.number)
        .limit(limit)
    )
    return tuple(DriftCandidate(row.id, row.earlier) for row in tx.connection.execute(query))


def decrypt_candidate(tx: Tx, candidate: DriftCandidate) -> UndoRecord:
    """Return the candidate's undo record; raises KeyFileError."""
    return decrypt_undo_record(tx, candidate.sealed, candidate.id)


def record_skipped(tx: Tx, identity: str) -> None:
    """Record that a check was not possible; the previous result stays."""
    tx.connection.execute(update(table).where(table.c.id == identity).values(checked_at=tx.now))


def record_drift(tx: Tx, identity: str, drift: str | None) -> None:
    """Record the result of a check: `merged`, `changed` or None for no drift."""
    # An undo may have started since the check. Its changes to the chart are no drift.
    is_verified = (table.c.id == identity, table.c.status == Status.VERIFIED.value)
    tx.connection.execute(update(table).where(*is_verified).values(drift=drift, checked_at=tx.now))
