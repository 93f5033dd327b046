"""What became of charts after they were verified: which rows to look at again, and what was found."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, update

from intake.store.database import Tx
from intake.store.outbox import undo_records
from intake.store.outbox.submissions import Status
from intake.store.outbox.undo_records import UndoRecord
from intake.store.tables import submissions as table


@dataclass(frozen=True, slots=True)
class DriftCandidate:
    """A verified row whose earlier values are kept yet, sealed: one that cannot be opened keeps no other from being seen."""

    id: str
    sealed: bytes


def select_candidates(
    tx: Tx, server: str, since: datetime, limit: int
) -> tuple[DriftCandidate, ...]:
    """Return verified rows of the server that were not looked at since then, the longest unseen first."""
    query = (
        select(table.c.id, table.c.earlier)
        .where(
            table.c.server == server,
            table.c.status == Status.VERIFIED.value,
            table.c.earlier.is_not(None),
        )
        .where(
            or_(table.c.checked_at.is_(None), table.c.checked_at < since),
            table.c.verified_at < since,
        )
        .order_by(table.c.checked_at.is_not(None), table.c.checked_at, table.c.number)
        .limit(limit)
    )
    return tuple(DriftCandidate(held.id, held.earlier) for held in tx.connection.execute(query))


def decrypt_candidate(tx: Tx, kept: DriftCandidate) -> UndoRecord:
    """Return the row's earlier values; raises KeyFault."""
    return undo_records.decrypt_undo_record(tx, kept.sealed, kept.id)


def record_skipped(tx: Tx, identity: str) -> None:
    """Note that the row had its turn and could not be looked at: what was found before stands."""
    tx.connection.execute(update(table).where(table.c.id == identity).values(checked_at=tx.now))


def record_drift(tx: Tx, identity: str, drift: str | None) -> None:
    """Note what was found: `merged`, `changed`, or nothing; of a row that was taken back meanwhile there is nothing to say."""
    mine = (table.c.id == identity, table.c.status == Status.VERIFIED.value)
    tx.connection.execute(update(table).where(*mine).values(drift=drift, checked_at=tx.now))
