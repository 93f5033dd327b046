"""The worker's side of the outbox: claim under a lease, then say how it went; a lost lease is told, never overrun."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    case,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)

from intake.answers import Submission
from intake.store import payload
from intake.store.crypto import KeyFileError
from intake.store.database import Tx
from intake.store.outbox import conflict_decisions, merge_base, undo_records
from intake.store.outbox.conflict_decisions import ConflictDecision
from intake.store.outbox.merge_base import MergeBase
from intake.store.outbox.submissions import (
    OPEN,
    Status,
    SubmissionRecord,
    patient_key,
    record_from_row,
)
from intake.store.outbox.undo_records import UndoRecord, WriteTarget
from intake.store.tables import UtcDateTime
from intake.store.tables import submissions as table

GONE = "Its answers are not kept any more, so nothing can be sent. Discard it."
_other = table.alias("other")
_open = [status.value for status in OPEN]


class LeasedWork(Protocol):
    """A row that this worker alone may write until its lease ends, whatever it does with it."""

    @property
    def record(self) -> SubmissionRecord:
        """The row as it was when it was leased."""

    @property
    def lease(self) -> str:
        """The lease's own id."""

    @property
    def failing_since(self) -> datetime | None:
        """When the server began to fail it."""


@dataclass(frozen=True, slots=True)
class LeasedSubmission:
    """A submission that this worker alone may write until its lease ends.

    `known` is what the visit that it came from knew; `earlier` is None as long as the server cannot have it. `taken` are the
    elements that a later submission has answered since. `failing_since` is when the server began to fail it. `decided` is
    what people, or the site's policy, decided about elements that the chart contests.
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
        """Where it was last sent."""
        return self.undo_record.sent if self.undo_record else None


def acquire_leases(
    tx: Tx, server: str, *, limit: int, lease: timedelta
) -> tuple[LeasedSubmission, ...]:
    """Lease up to `limit` due rows, oldest first; per patient only the first open row can be had, so order is kept.

    Nor is a row to be had while another one of its patient is being sent: a held row that somebody has sent again.
    """
    leased = (_leased(tx, held, tx.now + lease) for held in select_due(tx, DUE, server, limit))
    return tuple(each for each in leased if each is not None)


def select_due(tx: Tx, query: Select[Any], server: str, limit: int) -> Sequence[Any]:
    """Return up to `limit` rows of DUE or UNDO_DUE, locked where the database has more than one writer."""
    return tx.connection.execute(query, {"now": tx.now, "for_server": server, "most": limit}).all()


def _first(now: Any, server: Any, key: Any, identity: Any, number: Any) -> ColumnElement[bool]:
    """Return the condition that another row of the same chart goes before the one that is given."""
    older = and_(_other.c.number < number, _other.c.status.in_(_open))
    same_chart = and_(
        _other.c.server == server, _other.c.patient_key == key, _other.c.id != identity
    )
    return and_(same_chart, or_(older, _other.c.leased_until > now))


def _due(which: ColumnElement[bool]) -> Select[Any]:
    now, server = bindparam("now", type_=UtcDateTime), bindparam("for_server", type_=String)
    blocked = exists().where(
        _first(now, table.c.server, table.c.patient_key, table.c.id, table.c.number)
    )
    free = or_(table.c.lease.is_(None), table.c.leased_until <= now)
    return (
        select(table)
        .where(
            table.c.server == server,
            table.c.status.in_(_open),
            table.c.due_at <= now,
            free,
            ~blocked,
            which,
        )
        .order_by(table.c.due_at, table.c.number)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True)
    )


# Put together once, for a worker asks with every batch.
DUE, UNDO_DUE = _due(table.c.undo_from.is_(None)), _due(table.c.undo_from.is_not(None))
_TAKE = update(table).where(table.c.id == bindparam("of_row")).values(attempts=table.c.attempts + 1)
_MINE = update(table).where(
    table.c.id == bindparam("of_row"), table.c.lease == bindparam("under_lease")
)


def _leased(tx: Tx, held: Any, until: datetime) -> LeasedSubmission | None:
    """Lease a row; one that cannot be opened is held instead, for it must not keep the others from being claimed."""
    lease = str(uuid4())
    try:
        found = _opened(tx, held, lease)
    except Exception as fault:  # noqa: BLE001
        hold_unreadable(tx, held.id, GONE if held.payload is None else explain_unreadable(fault))
        return None
    record_lease(tx, held.id, lease, until)
    return found


def explain_unreadable(fault: Exception) -> str:
    """Return why a row cannot be opened, and the way out."""
    # Only a key's own fault may be quoted: any other may tell what was said.
    why_not = fault if isinstance(fault, KeyFileError) else "it was stored in another form"
    return f"It cannot be read here: {why_not}. Bring back the key file and the version that stored it, then retry."


def record_lease(tx: Tx, identity: str, lease: str, until: datetime) -> None:
    """Put a row under the lease."""
    tx.connection.execute(_TAKE, {"of_row": identity, "lease": lease, "leased_until": until})


def hold_unreadable(tx: Tx, identity: str, words: str) -> None:
    """Hold a row that nobody could lease, for it cannot be opened."""
    held_for = {
        "status": Status.HELD.value,
        "held_at": tx.now,
        "reason": "unreadable",
        "words": words,
    }
    tx.connection.execute(update(table).where(table.c.id == identity).values(held_for))


def _opened(tx: Tx, held: Any, lease: str) -> LeasedSubmission:
    return LeasedSubmission(
        record=record_from_row(tx, held),
        submission=payload.decode_unchecked(tx.cipher.decrypt(held.payload, held.id)),
        lease=lease,
        merge_base=merge_base.decrypt_merge_base(tx, held.known, held.id),
        undo_record=None
        if held.sent_at is None
        else undo_records.decrypt_undo_record(tx, held.earlier, held.id),
        superseded_elements=frozenset(filter(None, held.taken.split(","))),
        failing_since=held.failing_since,
        decisions=conflict_decisions.decrypt_decisions(tx, held.decided, held.id),
    )


def renew_lease(tx: Tx, claimed: LeasedWork, lease: timedelta) -> bool:
    """Lengthen the lease; False where it was lost."""
    return _update(tx, claimed, {"leased_until": tx.now + lease})


def follow_merged_chart(tx: Tx, claimed: LeasedSubmission, patient: str) -> bool:
    """Put the row under the chart that its patient's was merged into; False where another row of that chart goes first."""
    return _put_under(tx, claimed, patient, {})


def assign_chart(
    tx: Tx, claimed: LeasedSubmission, submission: Submission, lease: timedelta
) -> bool:
    """Put the row under the chart that was found for its patient; False where another row of that chart goes first."""
    sealed = tx.cipher.encrypt(payload.encode_submission(submission), claimed.record.id)
    return _put_under(
        tx, claimed, submission.patient, {"payload": sealed, "leased_until": tx.now + lease}
    )


def drop_superseded_elements(
    tx: Tx, claimed: LeasedSubmission, elements: frozenset[str]
) -> LeasedSubmission:
    """Note the elements as taken by later submissions, and return the row without them."""
    taken = claimed.superseded_elements | elements
    _update(tx, claimed, {"taken": ",".join(sorted(taken))})
    return replace(claimed, superseded_elements=taken)


def _put_under(tx: Tx, claimed: LeasedSubmission, patient: str, values: Mapping[str, Any]) -> bool:
    key = patient_key(tx, claimed.record.server, patient)
    if not _update(tx, claimed, {**values, "patient_key": key}):
        return False
    mine = select(table.c.number).where(table.c.id == claimed.record.id).scalar_subquery()
    query = select(_other.c.id).where(
        _first(tx.now, claimed.record.server, key, claimed.record.id, mine)
    )
    return tx.connection.execute(query.limit(1)).first() is None


def record_sending(tx: Tx, claimed: LeasedSubmission, before: UndoRecord, lease: timedelta) -> bool:
    """Note, before it leaves, where the row is sent and over what; False where the lease was lost, and nothing may be sent.

    It is kept sealed for undo: after a time-out nobody could tell any more what the chart said.
    """
    sealed = undo_records.encrypt_undo_record(tx, before, claimed.record.id)
    return _update(
        tx, claimed, {"sent_at": tx.now, "earlier": sealed, "leased_until": tx.now + lease}
    )


def record_decisions(
    tx: Tx, claimed: LeasedSubmission, decisions: Mapping[str, ConflictDecision], until: datetime
) -> bool:
    """Keep what the site's policy decided, and let the row come again at once."""
    sealed = conflict_decisions.encrypt_decisions(
        tx, {**claimed.decisions, **decisions}, claimed.record.id
    )
    return _done(tx, claimed, {"decided": sealed, "due_at": until})


def mark_accepted(tx: Tx, claimed: LeasedSubmission) -> bool:
    """The server took it. The lease goes on."""
    return _update(
        tx, claimed, {"status": Status.ACCEPTED.value, "accepted_at": tx.now, "failing_since": None}
    )


def schedule_retry(
    tx: Tx, claimed: LeasedWork, *, until: datetime, reason: str, words: str, failing: bool = False
) -> bool:
    """Try again at `until`; what the server accepted stays accepted. False where the lease was lost.

    `failing` tells that the server fails this row, and not only that it could not be reached.
    """
    accepted = (table.c.status == Status.ACCEPTED.value, Status.ACCEPTED.value)
    values: dict[str, Any] = {"status": case(accepted, else_=Status.WAITING.value), "due_at": until}
    since = func.coalesce(table.c.failing_since, literal(tx.now, UtcDateTime)) if failing else None
    return _done(tx, claimed, {**values, "reason": reason, "words": words, "failing_since": since})


def mark_verified(tx: Tx, claimed: LeasedSubmission) -> bool:
    """It was read back and says what the person said, be it that somebody typed it there."""
    status = Status.VERIFIED if claimed.record.typed_at is None else Status.ENTERED
    return _done(
        tx, claimed, {"status": status.value, "verified_at": tx.now, "reason": None, "words": None}
    )


def hold_submission(
    tx: Tx, claimed: LeasedWork, *, reason: str, words: str, detail: str | None = None
) -> bool:
    """A person has to look: `words` say why and what next, `detail` may quote answers and is sealed."""
    sealed = None if detail is None else tx.cipher.encrypt(detail.encode(), claimed.record.id)
    values = {
        "status": Status.HELD.value,
        "held_at": tx.now,
        "reason": reason,
        "words": words,
        "detail": sealed,
    }
    return _done(tx, claimed, {**values, "failing_since": None, "typed_at": None})


def release_lease(
    tx: Tx,
    claimed: LeasedWork,
    *,
    until: datetime,
    reason: str | None = None,
    words: str | None = None,
) -> bool:
    """Give a row back without blame: nothing is known against it, only against its server or the moment."""
    why = {} if reason is None else {"reason": reason, "words": words}
    return _done(tx, claimed, {"due_at": until, **why})


def _done(tx: Tx, claimed: LeasedWork, values: Mapping[str, Any]) -> bool:
    return _update(tx, claimed, {**values, "lease": None, "leased_until": None})


def _update(tx: Tx, claimed: LeasedWork, values: Mapping[str, Any]) -> bool:
    mine = {"of_row": claimed.record.id, "under_lease": claimed.lease}
    return tx.connection.execute(_MINE.values(values), mine).rowcount == 1
