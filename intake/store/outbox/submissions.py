"""The outbox: a submission is one row from Submit to verified; here it is stored, looked at and handled by people."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import and_, func, or_, select, update

from intake.answers import Submission
from intake.store import payload
from intake.store.database import Tx
from intake.store.outbox.decryption import try_decrypt_submission
from intake.store.outbox.merge_base import MergeBase, encrypt_merge_base
from intake.store.tables import HAS_WORDS, UtcDateTime
from intake.store.tables import submissions as table


class Status(StrEnum):
    """Where a submission stands. Accepted is not verified: the server said yes, nobody has read it back yet."""

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


class DifferentContentError(Exception):
    """A submission of that id is already stored, with other content."""


@dataclass(frozen=True, slots=True)
class SubmissionRecord:
    """What IT may know of a submission: never an answer, never a name. `words` is a plain sentence without PHI.

    `undoing` tells that somebody asked for undo and it is not done yet: then the state is the undo's. `drift` is what became
    of the chart since it was verified: `merged` or `changed`.
    `typed_at` is when somebody said that it is in the chart, typed by hand: nothing is sent then, only read back.
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


@dataclass(frozen=True, slots=True)
class CapturedSubmission:
    """One person's answers while they are kept, and whether read-back proved them in the EHR; `number` tells their order."""

    number: int
    server: str
    submission: Submission
    verified: bool


SEALED = ("payload", "known", "earlier", "detail", "decided")
_COLUMNS = tuple(column for column in table.c if column.name not in SEALED)


def record_from_row(tx: Tx, held: SqlRow[Any]) -> SubmissionRecord:
    """Return a database row as the monitor's row."""
    return SubmissionRecord(
        id=held.id,
        clinic=held.clinic,
        server=held.server,
        status=Status(held.status),
        sending=held.lease is not None and held.leased_until > tx.now,
        attempts=held.attempts,
        reason=held.reason,
        words=held.words,
        channel=held.channel,
        locale=held.locale,
        queued_at=held.queued_at,
        due_at=held.due_at,
        accepted_at=held.accepted_at,
        sent_at=held.sent_at,
        verified_at=held.verified_at,
        held_at=held.held_at,
        undo_at=held.undo_at,
        reversed_at=held.reversed_at,
        undoing=held.undo_from is not None,
        drift=held.drift,
        typed_at=held.typed_at,
    )


def patient_key(tx: Tx, server: str, patient: str) -> str:
    """Return the keyed hash by which the submissions of one chart are found, and kept in order."""
    return tx.cipher.keyed_hash("patient", f"{server} {patient}")


def store_submission(
    tx: Tx,
    submission: Submission,
    server: str,
    visit: str | None = None,
    known: MergeBase | None = None,
    again: datetime | None = None,
) -> bool:
    """Store a submission for `server`, with what its visit knew; False where it is stored already.

    `again` is when its person is asked again, None: at the next visit.
    Raises DifferentContent where the id is known with other content.
    """
    content = payload.encode_submission(submission)
    identity = str(submission.id)
    content_key = tx.cipher.keyed_hash("content", content.decode())
    values = {
        "id": identity,
        "clinic": submission.clinic,
        "server": server,
        "visit": visit,
        "patient_key": patient_key(tx, server, submission.patient),
        "content_key": content_key,
        "channel": submission.channel.value,
        "locale": submission.locale,
        "status": Status.QUEUED.value,
        "queued_at": tx.now,
        "due_at": tx.now,
        "payload": tx.cipher.encrypt(content, identity),
        "known": None if known is None else encrypt_merge_base(tx, known, identity),
        "again_at": again,
    }
    if tx.insert_new(table, values):
        return True
    stored = tx.connection.execute(
        select(table.c.content_key).where(table.c.id == identity)
    ).scalar_one()
    if stored != content_key:
        raise DifferentContentError(f"submission {identity} is already stored, with other content")
    return False


def find_record(tx: Tx, identity: str) -> SubmissionRecord | None:
    """Return the row of that id."""
    held = tx.connection.execute(select(*_COLUMNS).where(table.c.id == identity)).first()
    return None if held is None else record_from_row(tx, held)


def read_detail(tx: Tx, identity: str) -> str | None:
    """Return the held row's detail, which may quote what was said; for those only who may see answers."""
    sealed = tx.connection.execute(select(table.c.detail).where(table.c.id == identity)).scalar()
    return None if sealed is None else tx.cipher.decrypt(sealed, identity).decode()


def list_records(
    tx: Tx,
    *,
    status: Status | None = None,
    clinic: str | None = None,
    drifted: bool = False,
    limit: int = 200,
    offset: int = 0,
) -> tuple[SubmissionRecord, ...]:
    """Return rows, newest first; with `drifted` those whose chart became another since they were verified."""
    query = select(*_COLUMNS).order_by(table.c.number.desc()).limit(limit).offset(offset)
    if status is not None:
        query = query.where(table.c.status == status.value)
    if drifted:
        query = query.where(table.c.drift.is_not(None))
    if clinic is not None:
        query = query.where(table.c.clinic == clinic)
    return tuple(record_from_row(tx, held) for held in tx.connection.execute(query))


def count_by_status(
    tx: Tx,
    server: str | None = None,
    clinic: str | None = None,
    among: Collection[Status] = tuple(Status),
) -> Mapping[Status, int]:
    """Return how many rows there are in each state; every state is there, those not `among` the wanted ones with none."""
    asked = table.c.status.in_([status.value for status in among])
    query = (
        select(table.c.status, func.count().label("how_many")).where(asked).group_by(table.c.status)
    )
    if server is not None:
        query = query.where(table.c.server == server)
    if clinic is not None:
        query = query.where(table.c.clinic == clinic)
    found: dict[str, int] = {row.status: row.how_many for row in tx.connection.execute(query)}
    return {status: found.get(status.value, 0) for status in Status}


def count_drifted(tx: Tx, clinic: str | None = None) -> int:
    """Return how many verified submissions there are whose chart became another since."""
    query = select(func.count()).select_from(table).where(table.c.drift.is_not(None))
    if clinic is not None:
        query = query.where(table.c.clinic == clinic)
    return tx.connection.execute(query).scalar_one()


def oldest_waiting(tx: Tx, server: str | None = None) -> datetime | None:
    """Return when the oldest row that is not yet verified was queued, held ones left out."""
    since = func.coalesce(table.c.undo_at, table.c.queued_at, type_=UtcDateTime)
    query = select(func.min(since)).where(table.c.status.in_([status.value for status in OPEN]))
    if server is not None:
        query = query.where(table.c.server == server)
    return tx.connection.execute(query).scalar()


def has_due(tx: Tx, server: str) -> bool:
    """Return whether the worker has anything to claim: a read, so that an idle worker never takes the write lock."""
    query = select(table.c.id).where(
        table.c.server == server, table.c.status.in_([status.value for status in OPEN])
    )
    free = or_(table.c.lease.is_(None), table.c.leased_until <= tx.now)
    return (
        tx.connection.execute(query.where(table.c.due_at <= tx.now, free).limit(1)).first()
        is not None
    )


def last_verified(tx: Tx, server: str | None = None) -> datetime | None:
    """Return when a row was last verified by reading back."""
    query = select(func.max(table.c.verified_at)).where(table.c.verified_at.is_not(None))
    if server is not None:
        query = query.where(table.c.server == server)
    return tx.connection.execute(query).scalar()


def list_captured(tx: Tx, *, after: int, limit: int) -> tuple[CapturedSubmission, ...]:
    """Return submissions that still stand and whose answers can still be read, in their order, from the one after `after`."""
    gone = [status.value for status in (Status.SUPERSEDED, Status.DISCARDED, Status.REVERSED)]
    columns = (table.c.number, table.c.id, table.c.server, table.c.payload, table.c.verified_at)
    query = (
        select(*columns)
        .where(table.c.payload.is_not(None), table.c.status.not_in(gone))
        .order_by(table.c.number)
    )
    while True:
        found = tx.connection.execute(query.where(table.c.number > after).limit(limit)).all()
        said = [(row, try_decrypt_submission(tx, row)) for row in found]
        batch = tuple(
            CapturedSubmission(row.number, row.server, each, row.verified_at is not None)
            for row, each in said
            if each is not None
        )
        # An empty batch is the end for whoever asks: many that cannot be read must not look like one.
        if batch or not found:
            return batch
        after = found[-1].number


def retry_submission(tx: Tx, identity: str) -> bool:
    """Send a held or waiting row again now; False where it is in no such state."""
    query = (
        update(table)
        .where(
            table.c.id == identity, table.c.status.in_([Status.HELD.value, Status.WAITING.value])
        )
        .values(**requeue_values(tx), typed_at=None)
    )
    return tx.connection.execute(query).rowcount == 1


def requeue_values(tx: Tx) -> dict[str, Any]:
    """Return what becomes of a row that the worker shall take up again now."""
    return {
        "status": Status.QUEUED.value,
        "due_at": tx.now,
        "held_at": None,
        "reason": None,
        "words": None,
        "detail": None,
    }


def discard_submission(tx: Tx, identity: str) -> bool:
    """Give a held row up; False where it is not held, or is held on its way back (`undoing.stop` ends that)."""
    query = (
        update(table)
        .where(
            table.c.id == identity, table.c.status == Status.HELD.value, table.c.undo_from.is_(None)
        )
        .values(status=Status.DISCARDED.value, payload=None, known=None, detail=None, decided=None)
    )
    return tx.connection.execute(query).rowcount == 1


def erase_expired(tx: Tx, *, payload_after: timedelta, undo_after: timedelta) -> int:
    """Erase answers and earlier values whose time is over; the rows stay as a record. Returns how many were touched.

    Earlier values stay for longer where an undo is under way, and where the worker has still to know what it sent.
    """
    end, unfinished = tx.now - undo_after, [status.value for status in UNFINISHED]
    # Told by what it is not, for SQLite would else look through all rows of these states instead of the few that are over.
    closed = (
        table.c.status.not_in(unfinished),
        table.c.undo_from.is_(None),
        table.c.earlier.is_not(None),
    )
    spoken = (table.c.verified_at < tx.now - payload_after, HAS_WORDS)
    said = update(table).where(*spoken).values(payload=None, known=None, decided=None)
    too_late = (
        table.c.verified_at < end,
        and_(table.c.verified_at.is_(None), table.c.sent_at < end),
    )
    before = [update(table).where(each, *closed).values(earlier=None) for each in too_late]
    return sum(tx.connection.execute(query).rowcount for query in (said, *before))
