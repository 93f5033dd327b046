"""Submissions of one chart beside each other: a later one takes over what it answers from an older one that has not arrived."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, select, update

from intake.answers import Submission
from intake.store.database import Tx
from intake.store.outbox import undo_records
from intake.store.outbox.decryption import try_decrypt_submission
from intake.store.outbox.leases import LeasedSubmission
from intake.store.outbox.submissions import OPEN, Status
from intake.store.outbox.undo_records import UndoRecord
from intake.store.tables import UtcDateTime
from intake.store.tables import submissions as table

ARRIVED = (Status.ACCEPTED, Status.VERIFIED, Status.ENTERED)
"""What the chart has of a submission's answers, be it that nobody has read them back yet."""
_unarrived = [Status.HELD.value, *(status.value for status in OPEN)]


# The older submissions of a row's chart; put together once, for a worker asks with every row.
_mine = (
    select(table.c.patient_key, table.c.number).where(table.c.id == bindparam("of_row")).subquery()
)
_chart = (
    table.c.server == bindparam("of_server"),
    table.c.patient_key == select(_mine.c.patient_key).scalar_subquery(),
)
_number = select(_mine.c.number).scalar_subquery()
_same_chart = (*_chart, table.c.number < _number)
_moment = bindparam("moment", type_=UtcDateTime)
_answers = (table.c.id, table.c.status, table.c.payload, table.c.taken)
_told = select(*_answers).where(*_same_chart, table.c.payload.is_not(None))
UNARRIVED = _told.where(table.c.status.in_(_unarrived), table.c.undo_from.is_(None))
SENT = _told.where(table.c.sent_at >= _moment)
IDS = select(table.c.id).where(*_same_chart, table.c.sent_at.is_not(None))
NEWER = select(*_answers).where(
    *_chart,
    table.c.number > _number,
    table.c.payload.is_not(None),
    table.c.status.in_([each.value for each in ARRIVED]),
)
UNDONE = select(table.c.id, table.c.earlier).where(
    *_same_chart, table.c.reversed_at >= _moment, table.c.earlier.is_not(None)
)


@dataclass(frozen=True, slots=True)
class RelatedSubmission:
    """Another submission of the same chart, mostly an older one; `taken` are the elements that later ones took over."""

    id: str
    status: Status
    submission: Submission
    superseded_elements: frozenset[str]


def list_undelivered(tx: Tx, claimed: LeasedSubmission) -> tuple[RelatedSubmission, ...]:
    """Return the older submissions of the same chart that have not arrived, held ones among them."""
    return _older(tx, claimed, UNARRIVED)


def list_sent_since(
    tx: Tx, claimed: LeasedSubmission, moment: datetime
) -> tuple[RelatedSubmission, ...]:
    """Return the older submissions of the same chart that were sent since then, whatever became of them."""
    return _older(tx, claimed, SENT, moment)


def list_newer_delivered(tx: Tx, claimed: LeasedSubmission) -> tuple[RelatedSubmission, ...]:
    """Return what later submissions of the same chart brought there already: of one whose chart was not known before."""
    return _older(tx, claimed, NEWER)


def list_sent_ids(tx: Tx, claimed: LeasedSubmission) -> tuple[str, ...]:
    """Return the ids of the older submissions of the same chart that were ever sent."""
    return tuple(tx.connection.execute(IDS, _of(claimed)).scalars())


def list_undone_since(
    tx: Tx, claimed: LeasedSubmission, moment: datetime
) -> tuple[UndoRecord, ...]:
    """Return what the older submissions of the same chart had changed that were undone since then."""
    found = tx.connection.execute(UNDONE, {**_of(claimed), "moment": moment})
    return tuple(undo_records.decrypt_undo_record(tx, held.earlier, held.id) for held in found)


def supersede_elements(
    tx: Tx, older: RelatedSubmission, elements: frozenset[str], *, nothing_left: bool
) -> None:
    """Note the elements as taken from it; a held one that has nothing left is superseded, and its answers go."""
    values: dict[str, Any] = {"taken": ",".join(sorted(older.superseded_elements | elements))}
    if nothing_left and older.status is Status.HELD:
        values |= {
            "status": Status.SUPERSEDED.value,
            "payload": None,
            "detail": None,
            "known": None,
            "decided": None,
        }
    tx.connection.execute(
        update(table)
        .where(table.c.id == older.id, table.c.status == older.status.value)
        .values(values)
    )


def _older(
    tx: Tx, claimed: LeasedSubmission, query: Select[Any], moment: datetime | None = None
) -> tuple[RelatedSubmission, ...]:
    found = (
        _row(tx, held) for held in tx.connection.execute(query, {**_of(claimed), "moment": moment})
    )
    return tuple(each for each in found if each is not None)


def _of(claimed: LeasedSubmission) -> dict[str, Any]:
    return {"of_row": claimed.record.id, "of_server": claimed.record.server}


def _row(tx: Tx, held: Any) -> RelatedSubmission | None:
    submission = try_decrypt_submission(tx, held)
    if submission is None:
        # It is held as such, and nothing can be taken from it.
        return None
    return RelatedSubmission(
        held.id, Status(held.status), submission, frozenset(filter(None, held.taken.split(",")))
    )
