"""The worklist: what is held until a person has typed it into a chart, with the worksheets that say what to type."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select, update

from intake.store.crypto import KeyFileError
from intake.store.database import Tx
from intake.store.outbox.decryption import try_decrypt_submission
from intake.store.outbox.submissions import Status, requeue_values
from intake.store.tables import submissions as table

WORKLIST_REASON = "worklist"
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
class WorklistEntry:
    """A submission that waits for a person; who may see this may see answers."""

    id: str
    clinic: str
    patient: str
    answered_at: datetime
    sheet: Sheet


@dataclass(frozen=True, slots=True)
class Worklist:
    """What is to be typed, the oldest first, and the ids of what cannot be read here, which a person has to look after."""

    entries: tuple[WorklistEntry, ...]
    unreadable: tuple[str, ...]


def read_worklist(tx: Tx, clinic: str | None = None) -> Worklist:
    """Return what is to be typed."""
    held = (
        table.c.status == Status.HELD.value,
        table.c.reason == WORKLIST_REASON,
        table.c.detail.is_not(None),
    )
    query = select(table.c.id, table.c.clinic, table.c.payload, table.c.detail).where(
        *held, table.c.payload.is_not(None)
    )
    if clinic is not None:
        query = query.where(table.c.clinic == clinic)
    found = {
        row.id: _entry(tx, row) for row in tx.connection.execute(query.order_by(table.c.number))
    }
    entries = tuple(entry for entry in found.values() if entry is not None)
    return Worklist(entries, tuple(identity for identity, entry in found.items() if entry is None))


def mark_typed(tx: Tx, identity: str) -> bool:
    """Somebody has typed a held row into the chart: have it read back; False where it is not held."""
    held = (
        table.c.id == identity,
        table.c.status == Status.HELD.value,
        table.c.undo_from.is_(None),
    )
    return (
        tx.connection.execute(
            update(table).where(*held).values(**requeue_values(tx), typed_at=tx.now)
        ).rowcount
        == 1
    )


def _entry(tx: Tx, held: Any) -> WorklistEntry | None:
    said = try_decrypt_submission(tx, held)
    try:
        sheet = msgspec.json.decode(tx.cipher.decrypt(held.detail, held.id), type=Sheet)
    except (KeyFileError, msgspec.DecodeError):
        return None
    return (
        None
        if said is None
        else WorklistEntry(held.id, held.clinic, said.patient, said.answered_at, sheet)
    )
