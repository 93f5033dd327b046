"""The outbox's records: where each submission stands, without any answer."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, select

from intake.store.database import Tx
from intake.store.tables import submissions as table


class Status(StrEnum):
    """Where a submission stands.

    Accepted is not verified: the server took the submission, but no read-back has proven it yet.
    """

    QUEUED = "queued"
    WAITING = "waiting"
    ACCEPTED = "accepted"
    VERIFIED = "verified"
    HELD = "held"
    ENTERED = "entered"
    SUPERSEDED = "superseded"
    DISCARDED = "discarded"
    REVERSED = "reversed"


OPEN = (Status.QUEUED, Status.WAITING, Status.ACCEPTED)
"""The states in which the worker has something left to do."""
UNFINISHED = (*OPEN, Status.HELD)
"""The states in which the worker or a person has something left to do."""
OPEN_VALUES = tuple(status.value for status in OPEN)
"""The open states as the database stores them."""


@dataclass(frozen=True, slots=True)
class SubmissionRecord:
    """What IT staff may see of a submission: never an answer, never a name.

    `words` is a plain sentence without PHI.
    `undoing` is True until a requested undo is finished; `status` then is the state of the undo.
    `drift` says how the chart changed after verification: `merged` or `changed`.
    `typed_at` is when staff reported that they typed the answers into the chart. The worker then
    sends nothing and only reads back.
    `by_hand_at` is when an administrator chose to have the answers typed by hand.
    `number` grows with each submission.
    """

    id: str
    clinic: str
    server: str
    status: Status
    sending: bool
    attempts: int
    reason: str | None
    words: str | None
    channel: str
    locale: str
    queued_at: datetime
    due_at: datetime
    accepted_at: datetime | None
    sent_at: datetime | None
    verified_at: datetime | None
    held_at: datetime | None
    undo_at: datetime | None
    reversed_at: datetime | None
    undoing: bool
    drift: str | None
    typed_at: datetime | None = None
    by_hand_at: datetime | None = None
    number: int = 0
    says_more: bool = False


ENCRYPTED_COLUMNS = ("payload", "known", "earlier", "detail", "decided", "facts")
# A list of records needs none of the encrypted columns, which are the large ones.
RECORD_COLUMNS = tuple(column for column in table.c if column.name not in ENCRYPTED_COLUMNS)


def record_from_row(tx: Tx, row: Row[Any]) -> SubmissionRecord:
    """Return a database row as a record."""
    return SubmissionRecord(
        id=row.id,
        clinic=row.clinic,
        server=row.server,
        status=Status(row.status),
        # A worker that died left its lease; only its end says that nothing is being sent.
        sending=row.lease is not None and row.leased_until > tx.now,
        attempts=row.attempts,
        reason=row.reason,
        words=row.words,
        channel=row.channel,
        locale=row.locale,
        queued_at=row.queued_at,
        due_at=row.due_at,
        accepted_at=row.accepted_at,
        sent_at=row.sent_at,
        verified_at=row.verified_at,
        held_at=row.held_at,
        undo_at=row.undo_at,
        reversed_at=row.reversed_at,
        undoing=row.undo_from is not None,
        drift=row.drift,
        typed_at=row.typed_at,
        by_hand_at=row.by_hand_at,
        number=row.number,
        says_more=bool(row.says_more),
    )


def patient_key(tx: Tx, server: str, patient: str) -> str:
    """Return the keyed hash that all submissions for one chart share.

    The outbox finds and orders a chart's submissions by this hash, without storing the patient.
    """
    return tx.cipher.keyed_hash("patient", f"{server} {patient}")


def find_record(tx: Tx, identity: str) -> SubmissionRecord | None:
    """Return the record with this id, None if there is none."""
    row = tx.connection.execute(select(*RECORD_COLUMNS).where(table.c.id == identity)).first()
    return None if row is None else record_from_row(tx, row)


def read_detail(tx: Tx, identity: str) -> str | None:
    """Return a held submission's detail; it may quote answers, so check the role first."""
    query = select(table.c.detail).where(table.c.id == identity)
    encrypted = tx.connection.execute(query).scalar()
    return None if encrypted is None else tx.cipher.decrypt(encrypted, identity).decode()


def list_records(
    tx: Tx,
    *,
    status: Status | None = None,
    clinic: str | None = None,
    drifted: bool = False,
    says_more: bool = False,
    limit: int = 200,
    offset: int = 0,
) -> tuple[SubmissionRecord, ...]:
    """Return records, newest first.

    With `drifted` these are only those whose chart has drifted, with `says_more` only those whose
    chart says more than the patient said.
    """
    query = select(*RECORD_COLUMNS).order_by(table.c.number.desc()).limit(limit).offset(offset)
    if status is not None:
        query = query.where(table.c.status == status.value)
    # The partial index of drifted records serves exactly this condition.
    if drifted:
        query = query.where(table.c.drift.is_not(None))
    if says_more:
        query = query.where(table.c.says_more.is_(True))
    if clinic is not None:
        query = query.where(table.c.clinic == clinic)
    return tuple(record_from_row(tx, row) for row in tx.connection.execute(query))
