"""Undo requests: staff ask for an undo, or cancel one that is held."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update

from intake.store.database import Tx
from intake.store.outbox.records import OPEN_VALUES, Status, SubmissionRecord
from intake.store.outbox.retry import requeue_values
from intake.store.tables import submissions as table


class UndoRequestResult(StrEnum):
    """The answer to a request for undo, as a sentence for staff."""

    STARTED = "The worker undoes it now."
    ALREADY = "It is undone already, or its undo is in progress."
    STILL_DELIVERING = "The worker has not finished sending it. Wait until it is verified or held."
    TYPED_BY_HAND = "A person typed it into the chart, so a person has to undo it there by hand."
    NOT_SENT = "Nothing of it was sent from here, so there is nothing to undo here."
    TOO_LATE = "The time to undo is over, and the chart's prior values are erased here."


# The states in which undo is refused, with the reason.
_REFUSED = {
    **dict.fromkeys(OPEN_VALUES, UndoRequestResult.STILL_DELIVERING),
    Status.ENTERED.value: UndoRequestResult.TYPED_BY_HAND,
    Status.REVERSED.value: UndoRequestResult.ALREADY,
}


def can_undo(record: SubmissionRecord, kept_for: timedelta, now: datetime) -> bool:
    """Return whether staff can request an undo now.

    It needs a sent submission, no work in progress, and prior values that are still stored.
    """
    if record.status.value in _REFUSED or record.undoing or record.sent_at is None:
        return False
    deadline = undo_deadline(record, kept_for)
    return deadline is not None and now < deadline


def undo_deadline(record: SubmissionRecord, kept_for: timedelta) -> datetime | None:
    """Return until when the prior values are stored, None if nothing was sent."""
    start = record.verified_at or record.sent_at
    return None if start is None else start + kept_for


def request_undo(tx: Tx, identity: str) -> UndoRequestResult:
    """Queue the undo of an existing submission, or say why that is not possible."""
    columns = (table.c.status, table.c.undo_from, table.c.sent_at, table.c.earlier)
    # The lock keeps two requests at the same time from both reading "not requested yet".
    query = select(*columns).where(table.c.id == identity).with_for_update()
    row = tx.connection.execute(query).one()
    if row.undo_from is not None:
        return UndoRequestResult.ALREADY
    if row.status in _REFUSED:
        return _REFUSED[row.status]
    if row.sent_at is None:
        return UndoRequestResult.NOT_SENT
    if row.earlier is None:
        return UndoRequestResult.TOO_LATE
    values = {**requeue_values(tx), "undo_at": tx.now, "undo_from": row.status}
    # The stored decisions were about writing the answers, not about undoing them.
    query_values = {**values, "failing_since": None, "decided": None}
    tx.connection.execute(update(table).where(table.c.id == identity).values(query_values))
    return UndoRequestResult.STARTED


def cancel_undo(tx: Tx, identity: str) -> bool:
    """Restore the state from before the request; return False if no undo is held."""
    is_held_undo = (
        table.c.id == identity,
        table.c.status == Status.HELD.value,
        table.c.undo_from.is_not(None),
    )
    values = {
        "status": table.c.undo_from,
        "undo_from": None,
        "undo_at": None,
        "decided": None,
        "held_at": None,
        "reason": None,
        "words": None,
        "detail": None,
    }
    return tx.connection.execute(update(table).where(*is_held_undo).values(values)).rowcount == 1
