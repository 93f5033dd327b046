"""Group actions: staff ask for all submissions of one cause, the worker does it in steps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import func, insert, select, update

from intake.store import audit
from intake.store.database import Tx
from intake.store.monitor_tables import group_actions as table
from intake.store.outbox.causes import Cause, has_cause
from intake.store.outbox.discard import discard_submission
from intake.store.outbox.hold import hold_by_staff
from intake.store.outbox.retry import retry_submission
from intake.store.outbox.worklist import request_worksheet
from intake.store.tables import submissions

STEP_SIZE = 100
"""A patient's Submit waits for one step at most."""


class GroupActionKind(StrEnum):
    """What staff can ask for a whole group."""

    RETRY = "retry"
    HOLD = "hold"
    BY_HAND = "by-hand"
    DISCARD = "discard"


@dataclass(frozen=True, slots=True)
class GroupStep:
    """How an action treats one submission, and its audit event."""

    act: Callable[[Tx, str], bool]
    event: str


STEPS: Mapping[GroupActionKind, GroupStep] = MappingProxyType(
    {
        GroupActionKind.RETRY: GroupStep(retry_submission, "submission-retried"),
        GroupActionKind.HOLD: GroupStep(hold_by_staff, "submission-held"),
        GroupActionKind.BY_HAND: GroupStep(request_worksheet, "worklist-requested"),
        GroupActionKind.DISCARD: GroupStep(discard_submission, "submission-discarded"),
    }
)


@dataclass(frozen=True, slots=True)
class GroupAction:
    """A group action and its progress; `refused` were in another state by then."""

    number: int
    kind: GroupActionKind
    cause: Cause
    clinic: str | None
    who: str
    asked_at: datetime
    total: int
    done: int
    refused: int
    finished_at: datetime | None


def allowed_kinds(cause: Cause) -> tuple[GroupActionKind, ...]:
    """Return what can be asked for the submissions of a cause."""
    if not cause.is_held:
        return (GroupActionKind.RETRY, GroupActionKind.HOLD)
    if cause.undoing:
        return (GroupActionKind.RETRY,)
    return (GroupActionKind.RETRY, GroupActionKind.BY_HAND, GroupActionKind.DISCARD)


def request_group_action(
    tx: Tx, kind: GroupActionKind, cause: Cause, clinic: str | None, who: str
) -> int:
    """Queue an action for the submissions that have the cause now; return how many they are."""
    query = select(func.count(), func.max(submissions.c.number)).where(has_cause(cause, clinic))
    total, last = tx.connection.execute(query).one()
    if not total or kind not in allowed_kinds(cause):
        return 0
    values = {
        "action": kind.value,
        "reason": cause.reason,
        "is_held": cause.is_held,
        "undoing": cause.undoing,
        "clinic": clinic,
        "who": who,
        "asked_at": tx.now,
        "last_number": last,
        "done_number": 0,
        "total": total,
        "done": 0,
        "refused": 0,
    }
    tx.connection.execute(insert(table).values(values))
    audit.record_action(tx, who, f"group-{kind.value}", cause.reason)
    return int(total)


def list_group_actions(tx: Tx, since: datetime) -> tuple[GroupAction, ...]:
    """Return the actions that are open or that ended after `since`, newest first."""
    query = select(table).where(table.c.finished_at.is_(None) | (table.c.finished_at > since))
    rows = tx.connection.execute(query.order_by(table.c.number.desc()))
    return tuple(_action_from_row(row) for row in rows)


def has_open_action(tx: Tx) -> bool:
    """Return whether the worker has a group action to go on with; this only reads."""
    query = select(table.c.number).where(table.c.finished_at.is_(None)).limit(1)
    return tx.connection.execute(query).first() is not None


def advance_group_action(tx: Tx) -> bool:
    """Apply the oldest open action to its next submissions; return False if none is open."""
    query = select(table).where(table.c.finished_at.is_(None)).order_by(table.c.number).limit(1)
    # On PostgreSQL another worker may be at this step already.
    row = tx.connection.execute(query.with_for_update(skip_locked=True)).first()
    if row is None:
        return False
    action = _action_from_row(row)
    members = (
        select(submissions.c.number, submissions.c.id)
        .where(has_cause(action.cause, action.clinic))
        .where(submissions.c.number > row.done_number, submissions.c.number <= row.last_number)
        .order_by(submissions.c.number)
        .limit(STEP_SIZE)
    )
    batch = tx.connection.execute(members).all()
    applied = sum(_apply_step(tx, action, member.id) for member in batch)
    is_last = len(batch) < STEP_SIZE
    values = {
        "done_number": batch[-1].number if batch else row.last_number,
        "done": row.done + applied,
        "refused": row.refused + len(batch) - applied,
        "finished_at": tx.now if is_last else None,
    }
    tx.connection.execute(update(table).where(table.c.number == row.number).values(values))
    return True


def _apply_step(tx: Tx, action: GroupAction, identity: str) -> bool:
    step = STEPS[action.kind]
    is_applied = step.act(tx, identity)
    if is_applied:
        audit.record_action(tx, action.who, step.event, identity)
    return is_applied


def _action_from_row(row: Any) -> GroupAction:
    return GroupAction(
        row.number,
        GroupActionKind(row.action),
        Cause(row.reason, row.is_held, row.undoing),
        row.clinic,
        row.who,
        row.asked_at,
        row.total,
        row.done,
        row.refused,
        row.finished_at,
    )
