"""The audit log of actions by staff, patients and processes.

Entries are only added, and erased when the site's retention time is over.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, insert, select

from intake.store.database import Tx
from intake.store.tables import audit as table

# By number, not by time: the clock can be set back, and entries of one transaction share a time.
_NEWEST_FIRST = select(table.c.at, table.c.who, table.c.action, table.c.subject).order_by(
    table.c.number.desc()
)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One action of a staff member, patient or process.

    `subject` is an id, never a name or an answer.
    """

    at: datetime
    who: str
    action: str
    subject: str | None


def record_action(tx: Tx, who: str, action: str, subject: str | None = None) -> None:
    """Add an entry: `who` did `action` to `subject`."""
    # The entry is in the transaction of the action, so neither is stored without the other.
    tx.connection.execute(insert(table).values(at=tx.now, who=who, action=action, subject=subject))


def recent_entries(tx: Tx, limit: int = 200, offset: int = 0) -> tuple[AuditEntry, ...]:
    """Return entries, newest first."""
    return _read_entries(tx, _NEWEST_FIRST.limit(limit).offset(offset))


def entries_about(tx: Tx, subject: str) -> tuple[AuditEntry, ...]:
    """Return the entries about `subject`, newest first."""
    return _read_entries(tx, _NEWEST_FIRST.where(table.c.subject == subject))


def _read_entries(tx: Tx, query: Select[Any]) -> tuple[AuditEntry, ...]:
    return tuple(AuditEntry(*row) for row in tx.connection.execute(query))


def erase_entries(tx: Tx, after: timedelta) -> int:
    """Erase entries older than `after`; return their number."""
    return tx.connection.execute(delete(table).where(table.c.at < tx.now - after)).rowcount
