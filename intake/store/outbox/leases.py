"""Leases: one worker at a time works on a submission, and writes only while its lease lasts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    exists,
    or_,
    select,
    update,
)

from intake.answers import Submission
from intake.store import payload
from intake.store.column_types import UtcDateTime
from intake.store.database import Tx
from intake.store.outbox.conflict_decisions import ConflictDecision, decrypt_decisions
from intake.store.outbox.merge_base import MergeBase, decrypt_merge_base
from intake.store.outbox.records import OPEN_VALUES, SubmissionRecord, record_from_row
from intake.store.outbox.undo_records import UndoRecord, WriteTarget, decrypt_undo_record
from intake.store.outbox.unreadable import explain_unreadable, hold_unreadable
from intake.store.tables import submissions as table

ANSWERS_ERASED = "Its answers are no longer stored, so nothing can be sent. Discard it."
_rival = table.alias("other")


class LeasedWork(Protocol):
    """A submission or an undo that only this worker may write until its lease ends."""

    @property
    def record(self) -> SubmissionRecord:
        """The record as it was when the worker leased it."""

    @property
    def lease(self) -> str:
        """The id of the lease."""

    @property
    def failing_since(self) -> datetime | None:
        """When the server began to fail on this record."""


@dataclass(frozen=True, slots=True)
class LeasedSubmission:
    """A submission that only this worker may write until its lease ends.

    `merge_base` is what its visit knew of the chart. `undo_record` is None until the worker has
    tried to send it. `superseded_elements` are those that a later submission has answered since.
    `decisions` are those of a reviewer or of the site's policy about conflicts.
    """

    record: SubmissionRecord
    submission: Submission
    lease: str
    merge_base: MergeBase
    undo_record: UndoRecord | None
    superseded_elements: frozenset[str]
    failing_since: datetime | None
    decisions: Mapping[str, ConflictDecision]

    @property
    def last_target(self) -> WriteTarget | None:
        """The chart and version to which it was last sent."""
        return self.undo_record.sent if self.undo_record else None


def acquire_leases(
    tx: Tx, server: str, *, limit: int, lease: timedelta
) -> tuple[LeasedSubmission, ...]:
    """Lease up to `limit` due submissions, oldest first.

    Per patient only the first open submission is available, which keeps their order. None is
    available while another one of the same patient is being sent, such as a retried one.
    """
    rows = select_due(tx, SUBMISSIONS_DUE, server, limit)
    leased = (_lease_row(tx, row, tx.now + lease) for row in rows)
    return tuple(submission for submission in leased if submission is not None)


def select_due(tx: Tx, query: Select[Any], server: str, limit: int) -> Sequence[Any]:
    """Return up to `limit` rows of SUBMISSIONS_DUE or UNDOS_DUE.

    PostgreSQL locks the rows and skips those that another worker has locked. SQLite needs no row
    locks, because only one transaction writes at a time.
    """
    return tx.connection.execute(query, {"now": tx.now, "for_server": server, "most": limit}).all()


def goes_first(now: Any, server: Any, key: Any, identity: Any, number: Any) -> ColumnElement[bool]:
    """Return the condition that another row of the same chart goes before the given one."""
    # A submission that is open goes before every later one, even while it waits for a retry.
    is_older = and_(_rival.c.number < number, _rival.c.status.in_(OPEN_VALUES))
    same_chart = and_(
        _rival.c.server == server, _rival.c.patient_key == key, _rival.c.id != identity
    )
    return and_(same_chart, or_(is_older, _rival.c.leased_until > now))


def is_first_of_chart(tx: Tx, record: SubmissionRecord, key: str) -> bool:
    """Return whether no other row of the chart `key` goes before this one."""
    number = select(table.c.number).where(table.c.id == record.id).scalar_subquery()
    query = select(_rival.c.id).where(goes_first(tx.now, record.server, key, record.id, number))
    return tx.connection.execute(query.limit(1)).first() is None


def _due_query(condition: ColumnElement[bool]) -> Select[Any]:
    now, server = bindparam("now", type_=UtcDateTime), bindparam("for_server", type_=String)
    is_blocked = exists().where(
        goes_first(now, table.c.server, table.c.patient_key, table.c.id, table.c.number)
    )
    is_free = or_(table.c.lease.is_(None), table.c.leased_until <= now)
    return (
        select(table)
        .where(
            table.c.server == server,
            table.c.status.in_(OPEN_VALUES),
            table.c.due_at <= now,
            is_free,
            ~is_blocked,
            condition,
        )
        # By due time first: one that fails and waits must not starve those of other patients.
        .order_by(table.c.due_at, table.c.number)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True)
    )


# Built once, because the worker runs them for every batch.
SUBMISSIONS_DUE = _due_query(table.c.undo_from.is_(None))
UNDOS_DUE = _due_query(table.c.undo_from.is_not(None))
_LEASE = (
    update(table).where(table.c.id == bindparam("of_row")).values(attempts=table.c.attempts + 1)
)
# The lease's id in the condition makes every write of a worker that lost its lease a no-op.
_UPDATE = update(table).where(
    table.c.id == bindparam("of_row"), table.c.lease == bindparam("under_lease")
)


def has_due(tx: Tx, server: str) -> bool:
    """Return whether the worker may have something to lease.

    This only reads, so an idle worker never takes the write lock.
    """
    is_free = or_(table.c.lease.is_(None), table.c.leased_until <= tx.now)
    query = select(table.c.id).where(
        table.c.server == server,
        table.c.status.in_(OPEN_VALUES),
        table.c.due_at <= tx.now,
        is_free,
    )
    return tx.connection.execute(query.limit(1)).first() is not None


def _lease_row(tx: Tx, row: Any, until: datetime) -> LeasedSubmission | None:
    """Lease a row, or hold it if it cannot be decrypted."""
    lease = str(uuid4())
    try:
        leased = _decrypt_row(tx, row, lease)
    # One unreadable row must not stop the worker from leasing the others, whatever its fault.
    except Exception as error:  # noqa: BLE001
        words = ANSWERS_ERASED if row.payload is None else explain_unreadable(error)
        hold_unreadable(tx, row.id, words)
        return None
    record_lease(tx, row.id, lease, until)
    return leased


def record_lease(tx: Tx, identity: str, lease: str, until: datetime) -> None:
    """Put a row under the lease and count the attempt."""
    tx.connection.execute(_LEASE, {"of_row": identity, "lease": lease, "leased_until": until})


def _decrypt_row(tx: Tx, row: Any, lease: str) -> LeasedSubmission:
    return LeasedSubmission(
        record=record_from_row(tx, row),
        submission=payload.decode_unchecked(tx.cipher.decrypt(row.payload, row.id)),
        lease=lease,
        merge_base=decrypt_merge_base(tx, row.known, row.id),
        undo_record=None if row.sent_at is None else decrypt_undo_record(tx, row.earlier, row.id),
        superseded_elements=frozenset(filter(None, row.taken.split(","))),
        failing_since=row.failing_since,
        decisions=decrypt_decisions(tx, row.decided, row.id),
    )


def renew_lease(tx: Tx, leased: LeasedWork, lease: timedelta) -> bool:
    """Extend the lease; return False if it was lost."""
    return update_leased(tx, leased, {"leased_until": tx.now + lease})


def release_lease(
    tx: Tx,
    leased: LeasedWork,
    *,
    until: datetime,
    reason: str | None = None,
    words: str | None = None,
) -> bool:
    """Give a submission back until `until`; return False if the lease was lost.

    The submission is not at fault: its server, or the moment, is.
    """
    # Without a reason, the submission keeps the one from its last failure.
    explanation = {} if reason is None else {"reason": reason, "words": words}
    return finish_lease(tx, leased, {"due_at": until, **explanation})


def finish_lease(tx: Tx, leased: LeasedWork, values: Mapping[str, Any]) -> bool:
    """Write `values` and end the lease; return False if it was lost."""
    return update_leased(tx, leased, {**values, "lease": None, "leased_until": None})


def update_leased(tx: Tx, leased: LeasedWork, values: Mapping[str, Any]) -> bool:
    """Write `values` under the lease; return False if it was lost, and write nothing then."""
    condition = {"of_row": leased.record.id, "under_lease": leased.lease}
    return tx.connection.execute(_UPDATE.values(values), condition).rowcount == 1
