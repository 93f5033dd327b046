"""Supersede: a later submission replaces the elements of an older, undelivered one.

The queries here find the other submissions of a chart.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, select, update

from intake.answers import Submission
from intake.store.column_types import UtcDateTime
from intake.store.database import Tx
from intake.store.outbox.decryption import try_decrypt_submission
from intake.store.outbox.leases import LeasedSubmission, update_leased
from intake.store.outbox.records import UNFINISHED, Status
from intake.store.outbox.undo_records import UndoRecord, decrypt_undo_record
from intake.store.tables import submissions as table

# All queries are built once, because the worker runs them for every submission.
_this = (
    select(table.c.patient_key, table.c.number).where(table.c.id == bindparam("of_row")).subquery()
)
_same_chart = (
    table.c.server == bindparam("of_server"),
    table.c.patient_key == select(_this.c.patient_key).scalar_subquery(),
)
_number = select(_this.c.number).scalar_subquery()
_older = (*_same_chart, table.c.number < _number)
_moment = bindparam("moment", type_=UtcDateTime)
_columns = (
    table.c.id,
    table.c.status,
    table.c.payload,
    table.c.taken,
    table.c.sent_at,
    table.c.accepted_at,
    table.c.earlier,
    (table.c.number < _number).label("is_older"),
)
_older_with_answers = select(*_columns).where(*_older, table.c.payload.is_not(None))
UNDELIVERED = _older_with_answers.where(
    table.c.status.in_([status.value for status in UNFINISHED]), table.c.undo_from.is_(None)
)
OTHERS_SENT = (
    select(*_columns)
    .where(
        *_same_chart,
        table.c.number != _number,
        table.c.payload.is_not(None),
        table.c.sent_at.is_not(None),
        table.c.status != Status.REVERSED.value,
    )
    .order_by(table.c.number.desc())
)
ERASED_SINCE = select(table.c.id, table.c.earlier).where(
    *_same_chart,
    table.c.number != _number,
    table.c.payload.is_(None),
    table.c.earlier.is_not(None),
    table.c.sent_at > _moment,
    table.c.accepted_at.is_not(None),
    # A superseded one has a successor, which counts instead.
    table.c.status.not_in([Status.REVERSED.value, Status.SUPERSEDED.value]),
)
SENT_SINCE = _older_with_answers.where(table.c.sent_at >= _moment)
SENT_IDS = select(table.c.id).where(*_older, table.c.sent_at.is_not(None))
UNDONE_SINCE = select(table.c.id, table.c.earlier).where(
    *_older, table.c.reversed_at >= _moment, table.c.earlier.is_not(None)
)


@dataclass(frozen=True, slots=True)
class RelatedSubmission:
    """Another submission for the same chart, mostly an older one.

    `superseded_elements` are those that later submissions have replaced. `undo_record` is None
    for one that was never sent. `is_older` tells that it was stored first, and `was_accepted` that
    the chart has its answers, or had them.
    """

    id: str
    status: Status
    submission: Submission
    superseded_elements: frozenset[str]
    undo_record: UndoRecord | None = None
    is_older: bool = True
    was_accepted: bool = False


def list_others_sent(tx: Tx, leased: LeasedSubmission) -> tuple[RelatedSubmission, ...]:
    """Return the chart's other submissions that were sent and not undone, the newest first."""
    return _list_related(tx, leased, OTHERS_SENT)


def list_erased_since(tx: Tx, leased: LeasedSubmission, moment: datetime) -> tuple[UndoRecord, ...]:
    """Return the undo records of submissions sent after `moment` and erased since."""
    rows = tx.connection.execute(ERASED_SINCE, {**_parameters(leased), "moment": moment})
    return tuple(decrypt_undo_record(tx, row.earlier, row.id) for row in rows)


def list_undelivered(tx: Tx, leased: LeasedSubmission) -> tuple[RelatedSubmission, ...]:
    """Return the chart's older, undelivered submissions, including held ones."""
    return _list_related(tx, leased, UNDELIVERED)


def list_sent_since(
    tx: Tx, leased: LeasedSubmission, moment: datetime
) -> tuple[RelatedSubmission, ...]:
    """Return the chart's older submissions sent since `moment`, in any state."""
    return _list_related(tx, leased, SENT_SINCE, moment)


def list_sent_ids(tx: Tx, leased: LeasedSubmission) -> tuple[str, ...]:
    """Return the ids of the chart's older submissions that were ever sent."""
    return tuple(tx.connection.execute(SENT_IDS, _parameters(leased)).scalars())


def list_undone_since(tx: Tx, leased: LeasedSubmission, moment: datetime) -> tuple[UndoRecord, ...]:
    """Return the undo records of the chart's older submissions undone since `moment`."""
    rows = tx.connection.execute(UNDONE_SINCE, {**_parameters(leased), "moment": moment})
    return tuple(decrypt_undo_record(tx, row.earlier, row.id) for row in rows)


def supersede_elements(
    tx: Tx, older: RelatedSubmission, elements: frozenset[str], *, nothing_left: bool
) -> None:
    """Record that a later submission replaces these elements of an older one.

    With `nothing_left`, a held submission becomes superseded and its answers are erased.
    """
    superseded = sorted(older.superseded_elements | elements)
    values: dict[str, Any] = {"taken": ",".join(superseded)}
    # An open submission is left to the worker, which finds nothing to send when it leases it.
    if nothing_left and older.status is Status.HELD:
        values |= {
            "status": Status.SUPERSEDED.value,
            "payload": None,
            "detail": None,
            "known": None,
            "decided": None,
        }
    query = update(table).where(table.c.id == older.id, table.c.status == older.status.value)
    tx.connection.execute(query.values(values))


def drop_superseded_elements(
    tx: Tx, leased: LeasedSubmission, elements: frozenset[str]
) -> LeasedSubmission:
    """Record the elements as superseded and return the submission without them."""
    superseded = leased.superseded_elements | elements
    # The caller still sends what is left, so the lease goes on.
    update_leased(tx, leased, {"taken": ",".join(sorted(superseded))})
    return replace(leased, superseded_elements=superseded)


def _list_related(
    tx: Tx, leased: LeasedSubmission, query: Select[Any], moment: datetime | None = None
) -> tuple[RelatedSubmission, ...]:
    rows = tx.connection.execute(query, {**_parameters(leased), "moment": moment})
    related = (_related_submission(tx, row) for row in rows)
    return tuple(submission for submission in related if submission is not None)


def _parameters(leased: LeasedSubmission) -> dict[str, Any]:
    return {"of_row": leased.record.id, "of_server": leased.record.server}


def _related_submission(tx: Tx, row: Any) -> RelatedSubmission | None:
    submission = try_decrypt_submission(tx, row)
    if submission is None:
        # An unreadable submission is held as such, and none of its elements can be superseded.
        return None
    superseded = frozenset(filter(None, row.taken.split(",")))
    undo_record = None
    if row.sent_at is not None and row.earlier is not None:
        undo_record = decrypt_undo_record(tx, row.earlier, row.id)
    return RelatedSubmission(
        row.id,
        Status(row.status),
        submission,
        superseded,
        undo_record,
        is_older=bool(row.is_older),
        was_accepted=row.accepted_at is not None,
    )
