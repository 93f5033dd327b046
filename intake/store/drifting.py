"""What became of charts after they were verified: which rows to look at again, and what was found."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, update

from intake.store import earlier
from intake.store.database import Tx
from intake.store.earlier import Earlier
from intake.store.submissions import Status
from intake.store.tables import submissions as table


@dataclass(frozen=True, slots=True)
class Kept:
    """A verified row whose earlier values are kept yet, sealed: one that cannot be opened keeps no other from being seen."""

    id: str
    sealed: bytes


def unseen(tx: Tx, server: str, since: datetime, limit: int) -> tuple[Kept, ...]:
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
    return tuple(Kept(held.id, held.earlier) for held in tx.connection.execute(query))


def opened(tx: Tx, kept: Kept) -> Earlier:
    """Return the row's earlier values; raises KeyFault."""
    return earlier.opened(tx, kept.sealed, kept.id)


def passed_over(tx: Tx, identity: str) -> None:
    """Note that the row had its turn and could not be looked at: what was found before stands."""
    tx.connection.execute(update(table).where(table.c.id == identity).values(checked_at=tx.now))


def note(tx: Tx, identity: str, drift: str | None) -> None:
    """Note what was found: `merged`, `changed`, or nothing; of a row that was taken back meanwhile there is nothing to say."""
    mine = (table.c.id == identity, table.c.status == Status.VERIFIED.value)
    tx.connection.execute(update(table).where(*mine).values(drift=drift, checked_at=tx.now))
