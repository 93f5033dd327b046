"""Undo by the worker: it leases a requested undo and finishes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import or_, select, update

from intake.store.database import Tx
from intake.store.outbox.conflict_decisions import ConflictDecision, decrypt_decisions
from intake.store.outbox.leases import UNDOS_DUE, finish_lease, record_lease, select_due
from intake.store.outbox.records import (
    OPEN_VALUES,
    Status,
    SubmissionRecord,
    record_from_row,
)
from intake.store.outbox.undo_records import UndoRecord, decrypt_undo_record, encrypt_undo_record
from intake.store.outbox.unreadable import explain_unreadable, hold_unreadable
from intake.store.tables import submissions as table


@dataclass(frozen=True, slots=True)
class LeasedUndo:
    """An undo that only this worker may write until its lease ends.

    `decisions` are those of a reviewer about elements that changed after the write.
    """

    record: SubmissionRecord
    lease: str
    undo_record: UndoRecord
    decisions: Mapping[str, ConflictDecision]
    failing_since: datetime | None


@dataclass(frozen=True, slots=True)
class LaterSubmission:
    """A later submission of the same chart that was delivered, or may be, and not undone."""

    id: str
    is_open: bool
    undo_record: UndoRecord


def acquire_undo_leases(
    tx: Tx, server: str, *, limit: int, lease: timedelta
) -> tuple[LeasedUndo, ...]:
    """Lease up to `limit` due undos, each in its turn among the patient's submissions."""
    rows = select_due(tx, UNDOS_DUE, server, limit)
    leased = (_lease_row(tx, row, tx.now + lease) for row in rows)
    return tuple(undo for undo in leased if undo is not None)


def _lease_row(tx: Tx, row: Any, until: datetime) -> LeasedUndo | None:
    """Lease a row, or hold it if it cannot be decrypted."""
    lease = str(uuid4())
    try:
        undo_record = decrypt_undo_record(tx, row.earlier, row.id)
        decisions = decrypt_decisions(tx, row.decided, row.id)
    # One unreadable row must not stop the worker from leasing the others, whatever its fault.
    except Exception as error:  # noqa: BLE001
        hold_unreadable(tx, row.id, explain_unreadable(error))
        return None
    record_lease(tx, row.id, lease, until)
    return LeasedUndo(record_from_row(tx, row), lease, undo_record, decisions, row.failing_since)


def list_later_submissions(tx: Tx, identity: str) -> tuple[LaterSubmission, ...]:
    """Return the chart's later submissions that were delivered, or may be, in their order.

    Undone ones are left out.
    """
    # A submission counts as sent before its request leaves, so one that the server refused is not
    # in the chart. One held after a timeout may be: its values then look like another person's
    # change, and a reviewer decides.
    may_be_in_chart = or_(table.c.status.in_(OPEN_VALUES), table.c.accepted_at.is_not(None))
    this = (
        select(table.c.server, table.c.patient_key, table.c.number)
        .where(table.c.id == identity)
        .subquery()
    )
    same_chart = (table.c.server == this.c.server) & (table.c.patient_key == this.c.patient_key)
    query = (
        select(table.c.id, table.c.status, table.c.earlier)
        .join(this, same_chart)
        .where(
            table.c.number > this.c.number,
            table.c.sent_at.is_not(None),
            table.c.earlier.is_not(None),
            table.c.status != Status.REVERSED.value,
            may_be_in_chart,
        )
        .order_by(table.c.number)
    )
    return tuple(
        LaterSubmission(
            row.id, row.status in OPEN_VALUES, decrypt_undo_record(tx, row.earlier, row.id)
        )
        for row in tx.connection.execute(query)
    )


def finish_undo(tx: Tx, undo: LeasedUndo, later_undo_records: Mapping[str, UndoRecord]) -> bool:
    """Record that the chart has its prior values again, and erase the answers.

    `later_undo_records` replace those of later submissions by id: undoing one of these must not
    bring back what this undo removed. Return False if the lease was lost.
    """
    values = {
        "status": Status.REVERSED.value,
        "reversed_at": tx.now,
        "undo_from": None,
        "held_at": None,
        "reason": None,
        "words": None,
        "detail": None,
        "payload": None,
        "known": None,
        "decided": None,
        "facts": None,
        "drift": None,
        "says_more": None,
    }
    if not finish_lease(tx, undo, values):
        return False
    for identity, undo_record in later_undo_records.items():
        encrypted = encrypt_undo_record(tx, undo_record, identity)
        tx.connection.execute(update(table).where(table.c.id == identity).values(earlier=encrypted))
    return True
