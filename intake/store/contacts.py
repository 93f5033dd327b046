"""Contacts: how a server, or a clinic's schedule, answered the last attempts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from intake.store.column_types import UtcDateTime
from intake.store.database import Tx
from intake.store.monitor_tables import contacts as table

ALARMING_FAILURES = 3
"""One failure can be chance. After this many in a row, staff need to know."""


@dataclass(frozen=True, slots=True)
class Contact:
    """How the last attempts went: `failures` in a row, since `failing_since`, with `reason`.

    All are empty before the first attempt. `answered_at` is the last attempt that succeeded.
    """

    attempted_at: datetime | None = None
    answered_at: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    reason: str | None = None

    @property
    def is_failing(self) -> bool:
        """Return whether too many attempts in a row have failed."""
        return self.failures >= ALARMING_FAILURES


def server_contact(server: str) -> str:
    """Return the key of a server's contact."""
    return f"server {server}"


def schedule_contact(clinic: str) -> str:
    """Return the key of a contact that fetches a clinic's schedule."""
    return f"schedule {clinic}"


def read_contact(tx: Tx, about: str) -> Contact:
    """Return how the last attempts went."""
    columns = (column for column in table.c if column is not table.c.about)
    row = tx.connection.execute(select(*columns).where(table.c.about == about)).first()
    return Contact() if row is None else Contact(*row)


def record_answer(tx: Tx, about: str) -> None:
    """Record that an attempt succeeded now, which ends the failures before it."""
    values = {"answered_at": tx.now, "failing_since": None, "failures": 0, "reason": None}
    _save_contact(tx, about, values, {**values})


def record_failure(tx: Tx, about: str, reason: str) -> None:
    """Record that an attempt failed now, with its reason code."""
    first = {"failing_since": tx.now, "failures": 1, "reason": reason}
    since = func.coalesce(table.c.failing_since, tx.now, type_=UtcDateTime)
    again = {"failing_since": since, "failures": table.c.failures + 1, "reason": reason}
    _save_contact(tx, about, again, first)


def _save_contact(tx: Tx, about: str, values: dict[str, Any], first: dict[str, Any]) -> None:
    query = update(table).where(table.c.about == about)
    query = query.values(attempted_at=tx.now, **values)
    is_updated = tx.connection.execute(query).rowcount == 1
    if not is_updated and not tx.insert_new(
        table, {"about": about, "attempted_at": tx.now, **first}
    ):
        # On PostgreSQL another worker may have inserted the row since the update.
        tx.connection.execute(query)
