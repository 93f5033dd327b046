"""The worklist: submissions that staff type into the chart, with a worksheet for each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select, update

from fhir_client.model import Worksheet
from intake.store.crypto import KeyFileError
from intake.store.database import Tx
from intake.store.outbox.decryption import try_decrypt_submission
from intake.store.outbox.held_reasons import HeldReason
from intake.store.outbox.records import Status
from intake.store.outbox.retry import requeue_values
from intake.store.tables import submissions as table

WORKLIST_REASON = HeldReason.WORKLIST
"""The reason code of a submission that staff have to type into the chart."""


@dataclass(frozen=True, slots=True)
class WorklistEntry:
    """A submission to type. It shows answers: only roles that may see answers get it."""

    id: str
    clinic: str
    patient: str
    answered_at: datetime
    worksheet: Worksheet


@dataclass(frozen=True, slots=True)
class Worklist:
    """The submissions to type, oldest first, and the ids of those that are unreadable here."""

    entries: tuple[WorklistEntry, ...]
    unreadable: tuple[str, ...]


def encode_worksheet(worksheet: Worksheet) -> str:
    """Return the worksheet as the detail of a held submission."""
    return msgspec.json.encode(worksheet).decode()


def record_numbers(worksheet: Worksheet, system: str) -> tuple[str, ...]:
    """Return the chart's record numbers of `system`, or all of them if it has none."""
    identifiers = [identifier.rpartition("|") for identifier in worksheet.identifiers]
    # Staff find a chart by their own record numbers; others are better than none.
    of_system = tuple(value for owner, _, value in identifiers if owner == system)
    return of_system or tuple(value for _, _, value in identifiers)


def read_worklist(tx: Tx, clinic: str | None = None) -> Worklist:
    """Return the worklist of one clinic, or of all."""
    query = (
        select(table.c.id, table.c.clinic, table.c.payload, table.c.detail)
        .where(
            table.c.status == Status.HELD.value,
            table.c.reason == WORKLIST_REASON,
            table.c.detail.is_not(None),
            table.c.payload.is_not(None),
        )
        .order_by(table.c.number)
    )
    if clinic is not None:
        query = query.where(table.c.clinic == clinic)
    entries_by_id = {row.id: _worklist_entry(tx, row) for row in tx.connection.execute(query)}
    entries = tuple(entry for entry in entries_by_id.values() if entry is not None)
    # Unreadable ones are listed, so that an answer to type is never silently missing.
    unreadable = tuple(identity for identity, entry in entries_by_id.items() if entry is None)
    return Worklist(entries, unreadable)


def request_worksheet(tx: Tx, identity: str) -> bool:
    """Have the worker put a held submission on the worklist, whatever holds it.

    Return False if it is not held, is on the worklist already, or has no answers left to type.
    """
    is_held = (
        table.c.id == identity,
        table.c.status == Status.HELD.value,
        table.c.undo_from.is_(None),
        table.c.payload.is_not(None),
        table.c.reason != WORKLIST_REASON,
    )
    query = update(table).where(*is_held).values(**requeue_values(tx), by_hand_at=tx.now)
    return tx.connection.execute(query).rowcount == 1


def mark_typed(tx: Tx, identity: str) -> bool:
    """Record that staff typed a held submission; return False if it is not held."""
    is_held = (
        table.c.id == identity,
        table.c.status == Status.HELD.value,
        table.c.undo_from.is_(None),
    )
    # It goes back into the queue: with `typed_at` set, the worker only reads back.
    query = update(table).where(*is_held).values(**requeue_values(tx), typed_at=tx.now)
    return tx.connection.execute(query).rowcount == 1


def _worklist_entry(tx: Tx, row: Any) -> WorklistEntry | None:
    submission = try_decrypt_submission(tx, row)
    try:
        worksheet = msgspec.json.decode(tx.cipher.decrypt(row.detail, row.id), type=Worksheet)
    except (KeyFileError, msgspec.DecodeError):
        return None
    if submission is None:
        return None
    return WorklistEntry(row.id, row.clinic, submission.patient, submission.answered_at, worksheet)
