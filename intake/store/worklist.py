"""The worklist: what is held until a person has typed it into a chart, with the worksheets that say what to type."""

from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import select

from intake.store import payload
from intake.store.database import Tx
from intake.store.submissions import Status
from intake.store.tables import submissions as table

REASON = "worklist"
"""The reason of a row that waits for a person's typing."""


class Value(msgspec.Struct, frozen=True):
    """One element to be typed: in words, and the codes (`system|code`) that it stands for."""

    element: str
    words: str
    codes: tuple[str, ...] = ()


class Sheet(msgspec.Struct, frozen=True):
    """What to type into a chart, which its identifiers (`system|value`) and birth date name."""

    identifiers: tuple[str, ...]
    birth_date: str
    values: tuple[Value, ...]

    def record_numbers(self, system: str) -> tuple[str, ...]:
        """Return the chart's record number of that system; where it has none of it, every identifier that it has."""
        named = [each.rpartition("|") for each in self.identifiers]
        own = tuple(value for of, _, value in named if of == system)
        return own or tuple(value for _, _, value in named)


@dataclass(frozen=True, slots=True)
class Entry:
    """A submission that waits for a person; who may see this may see answers."""

    id: str
    clinic: str
    patient: str
    answered_at: datetime
    sheet: Sheet


def waiting(tx: Tx, clinic: str | None = None) -> tuple[Entry, ...]:
    """Return what is to be typed, the oldest first."""
    held = (table.c.status == Status.HELD.value, table.c.reason == REASON, table.c.detail.is_not(None))
    query = select(table.c.id, table.c.clinic, table.c.payload, table.c.detail).where(*held, table.c.payload.is_not(None))
    if clinic is not None:
        query = query.where(table.c.clinic == clinic)
    entries = []
    for row in tx.connection.execute(query.order_by(table.c.number)):
        said = payload.decode(tx.cipher.open(row.payload, row.id))
        sheet = msgspec.json.decode(tx.cipher.open(row.detail, row.id), type=Sheet)
        entries.append(Entry(row.id, row.clinic, said.patient, said.answered_at, sheet))
    return tuple(entries)
