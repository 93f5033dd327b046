"""Who did what and when: rows that are only ever added, and erased when the time that the site keeps them is over."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select

from intake.store.database import Tx
from intake.store.tables import audit as table


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that somebody did; `subject` is an id, never a name or an answer."""

    at: datetime
    who: str
    action: str
    subject: str | None


def record(tx: Tx, who: str, action: str, subject: str | None = None) -> None:
    """Note that `who` did `action` to `subject`."""
    tx.connection.execute(insert(table).values(at=tx.now, who=who, action=action, subject=subject))


def recent(tx: Tx, limit: int = 200) -> tuple[Entry, ...]:
    """Return the newest entries first."""
    query = select(table.c.at, table.c.who, table.c.action, table.c.subject)
    rows = tx.connection.execute(query.order_by(table.c.number.desc()).limit(limit))
    return tuple(Entry(*row) for row in rows)


def erase(tx: Tx, after: timedelta) -> int:
    """Erase what is older than `after`; returns how many entries."""
    return tx.connection.execute(delete(table).where(table.c.at < tx.now - after)).rowcount
