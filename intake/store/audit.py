"""Who did what and when: rows that are only ever added, and erased when the time that the site keeps them is over."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, insert, select

from intake.store.database import Tx
from intake.store.tables import audit as table

_newest = select(table.c.at, table.c.who, table.c.action, table.c.subject).order_by(
    table.c.number.desc()
)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that somebody did; `subject` is an id, never a name or an answer."""

    at: datetime
    who: str
    action: str
    subject: str | None


def record_action(tx: Tx, who: str, action: str, subject: str | None = None) -> None:
    """Note that `who` did `action` to `subject`."""
    tx.connection.execute(insert(table).values(at=tx.now, who=who, action=action, subject=subject))


def recent_entries(tx: Tx, limit: int = 200, offset: int = 0) -> tuple[AuditEntry, ...]:
    """Return the newest entries first."""
    return _entries(tx, _newest.limit(limit).offset(offset))


def entries_about(tx: Tx, subject: str) -> tuple[AuditEntry, ...]:
    """Return what was done to `subject`, newest first."""
    return _entries(tx, _newest.where(table.c.subject == subject))


def _entries(tx: Tx, query: Select[Any]) -> tuple[AuditEntry, ...]:
    return tuple(AuditEntry(*row) for row in tx.connection.execute(query))


def erase_entries(tx: Tx, after: timedelta) -> int:
    """Erase what is older than `after`; returns how many entries."""
    return tx.connection.execute(delete(table).where(table.c.at < tx.now - after)).rowcount
