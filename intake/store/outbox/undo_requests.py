"""Undo as a row sees it: asked for by a person, claimed and carried out by the worker, stopped or done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import or_, select, update

from intake.store.database import Tx
from intake.store.outbox import conflict_decisions, undo_records
from intake.store.outbox.conflict_decisions import ConflictDecision
from intake.store.outbox.leases import (
    UNDO_DUE,
    explain_unreadable,
    hold_unreadable,
    record_lease,
    select_due,
)
from intake.store.outbox.submissions import (
    OPEN,
    Status,
    SubmissionRecord,
    record_from_row,
    requeue_values,
)
from intake.store.outbox.undo_records import UndoRecord
from intake.store.tables import submissions as table

_open = [status.value for status in OPEN]
_NOTHING: Mapping[str, Any] = {"held_at": None, "reason": None, "words": None, "detail": None}


class UndoRequestResult(StrEnum):
    """What became of asking for undo, in a sentence."""

    STARTED = "The worker takes it back now."
    ALREADY = "It is undone already, or on its way back."
    STILL_DELIVERING = "It is still on its way to the server. Wait until it is verified or held."
    TYPED_BY_HAND = (
        "Somebody typed it into the chart, so somebody has to take it back there by hand."
    )
    NOT_SENT = "Nothing of it was sent from here, so there is nothing to undo here."
    TOO_LATE = "The time to undo is over, and the chart's earlier values are erased here."


_REFUSED = {
    **dict.fromkeys(_open, UndoRequestResult.STILL_DELIVERING),
    Status.ENTERED.value: UndoRequestResult.TYPED_BY_HAND,
    Status.REVERSED.value: UndoRequestResult.ALREADY,
}


@dataclass(frozen=True, slots=True)
class LeasedUndo:
    """A row on its way back that this worker alone may write; `decided` are the elements that a reviewer decided about."""

    record: SubmissionRecord
    lease: str
    undo_record: UndoRecord
    decisions: Mapping[str, ConflictDecision]
    failing_since: datetime | None


@dataclass(frozen=True, slots=True)
class LaterSubmission:
    """Another submission of the same chart that arrived after a row, or may yet, and was not undone."""

    id: str
    is_open: bool
    undo_record: UndoRecord


def can_undo(row: SubmissionRecord, kept_for: timedelta, now: datetime) -> bool:
    """Return whether undo can be asked for now: it was sent, it is not on its way, and the earlier values are kept yet."""
    closed, end = row.status.value not in _REFUSED and not row.undoing, undo_deadline(row, kept_for)
    return closed and row.sent_at is not None and end is not None and now < end


def undo_deadline(row: SubmissionRecord, kept_for: timedelta) -> datetime | None:
    """Return until when the earlier values of a row are kept, None where nothing was sent."""
    began = row.verified_at or row.sent_at
    return None if began is None else began + kept_for


def request_undo(tx: Tx, identity: str) -> UndoRequestResult:
    """Put a row on its way back; the caller has checked that there is one."""
    columns = (table.c.status, table.c.undo_from, table.c.sent_at, table.c.earlier)
    held = tx.connection.execute(
        select(*columns).where(table.c.id == identity).with_for_update()
    ).one()
    if held.undo_from is not None:
        return UndoRequestResult.ALREADY
    if held.status in _REFUSED:
        return _REFUSED[held.status]
    if held.sent_at is None:
        return UndoRequestResult.NOT_SENT
    if held.earlier is None:
        return UndoRequestResult.TOO_LATE
    values = {**requeue_values(tx), "undo_at": tx.now, "undo_from": held.status}
    # What was decided was decided about writing it.
    tx.connection.execute(
        update(table)
        .where(table.c.id == identity)
        .values(**values, failing_since=None, decided=None)
    )
    return UndoRequestResult.STARTED


def cancel_undo(tx: Tx, identity: str) -> bool:
    """Leave a row as it stood before undo was asked for; False where it is not held on its way back."""
    held = (
        table.c.id == identity,
        table.c.status == Status.HELD.value,
        table.c.undo_from.is_not(None),
    )
    values = {
        "status": table.c.undo_from,
        "undo_from": None,
        "undo_at": None,
        "decided": None,
        **_NOTHING,
    }
    return tx.connection.execute(update(table).where(*held).values(values)).rowcount == 1


def acquire_undo_leases(
    tx: Tx, server: str, *, limit: int, lease: timedelta
) -> tuple[LeasedUndo, ...]:
    """Lease up to `limit` due rows that are on their way back; each in its turn among those of its patient."""
    leased = (_leased(tx, held, tx.now + lease) for held in select_due(tx, UNDO_DUE, server, limit))
    return tuple(each for each in leased if each is not None)


def _leased(tx: Tx, held: Any, until: datetime) -> LeasedUndo | None:
    lease = str(uuid4())
    try:
        before, decided = (
            undo_records.decrypt_undo_record(tx, held.earlier, held.id),
            conflict_decisions.decrypt_decisions(tx, held.decided, held.id),
        )
    except Exception as fault:  # noqa: BLE001
        hold_unreadable(tx, held.id, explain_unreadable(fault))
        return None
    record_lease(tx, held.id, lease, until)
    return LeasedUndo(record_from_row(tx, held), lease, before, decided, held.failing_since)


def list_later_submissions(tx: Tx, identity: str) -> tuple[LaterSubmission, ...]:
    """Return the submissions of the same chart that arrived after this one, or may yet, and are not undone, in their order."""
    # A row is noted as sent before its request leaves, so one that the server refused has said nothing in the chart. One that
    # is held after a time-out may have: what it wrote reads as somebody else's change, about which a person decides.
    arrived = or_(table.c.status.in_(_open), table.c.accepted_at.is_not(None))
    mine = (
        select(table.c.server, table.c.patient_key, table.c.number)
        .where(table.c.id == identity)
        .subquery()
    )
    query = (
        select(table.c.id, table.c.status, table.c.earlier)
        .join(mine, (table.c.server == mine.c.server) & (table.c.patient_key == mine.c.patient_key))
        .where(
            table.c.number > mine.c.number,
            table.c.sent_at.is_not(None),
            table.c.earlier.is_not(None),
        )
        .where(table.c.status != Status.REVERSED.value, arrived)
        .order_by(table.c.number)
    )
    return tuple(
        LaterSubmission(
            held.id,
            held.status in _open,
            undo_records.decrypt_undo_record(tx, held.earlier, held.id),
        )
        for held in tx.connection.execute(query)
    )


def finish_undo(tx: Tx, undoing: LeasedUndo, others: Mapping[str, UndoRecord]) -> bool:
    """It is taken back, and nothing of what was said stays here; `others` is what undoing later ones goes back to now."""
    values = {
        "status": Status.REVERSED.value,
        "reversed_at": tx.now,
        "undo_from": None,
        "lease": None,
        "leased_until": None,
    }
    said = dict.fromkeys(("payload", "known", "decided", "drift"))
    mine = (table.c.id == undoing.record.id, table.c.lease == undoing.lease)
    kept = (
        tx.connection.execute(
            update(table).where(*mine).values({**values, **said, **_NOTHING})
        ).rowcount
        == 1
    )
    if kept:
        for identity, each in others.items():
            query = update(table).where(table.c.id == identity)
            tx.connection.execute(
                query.values(earlier=undo_records.encrypt_undo_record(tx, each, identity))
            )
    return kept
