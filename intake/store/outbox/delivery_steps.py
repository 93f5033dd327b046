"""Delivery: what the worker records before, during and after it sends a submission.

Every function returns False if the lease was lost; the submission is then another worker's.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, literal

from intake.store.column_types import UtcDateTime
from intake.store.database import Tx
from intake.store.outbox.conflict_decisions import ConflictDecision, encrypt_decisions
from intake.store.outbox.leases import (
    LeasedSubmission,
    LeasedWork,
    finish_lease,
    update_leased,
)
from intake.store.outbox.records import Status
from intake.store.outbox.undo_records import UndoRecord, encrypt_undo_record
from intake.store.tables import submissions as table


def record_sending(
    tx: Tx,
    leased: LeasedSubmission,
    undo_record: UndoRecord,
    lease: timedelta,
    *,
    says_more: bool = False,
) -> bool:
    """Record the target and the prior values before the request leaves.

    `says_more` tells that the chart keeps a value that the patient did not name. If this returns
    False, the worker must not send.
    """
    # After a timeout the chart may already have the new values, and the prior ones would be lost.
    encrypted = encrypt_undo_record(tx, undo_record, leased.record.id)
    values = {
        "sent_at": tx.now,
        "earlier": encrypted,
        "leased_until": tx.now + lease,
        "says_more": says_more or None,
    }
    return update_leased(tx, leased, values)


def mark_accepted(tx: Tx, leased: LeasedSubmission) -> bool:
    """Record that the server accepted the submission; the lease goes on."""
    values = {"status": Status.ACCEPTED.value, "accepted_at": tx.now, "failing_since": None}
    return update_leased(tx, leased, values)


def mark_verified(tx: Tx, leased: LeasedSubmission) -> bool:
    """Record that the read-back matches the answers.

    The state is `entered` instead of `verified` if staff typed the answers into the chart.
    """
    # The difference matters for undo: what a person typed, a person has to undo.
    status = Status.VERIFIED if leased.record.typed_at is None else Status.ENTERED
    values = {"status": status.value, "verified_at": tx.now, "reason": None, "words": None}
    return finish_lease(tx, leased, values)


def schedule_retry(
    tx: Tx,
    leased: LeasedWork,
    *,
    until: datetime,
    reason: str,
    words: str,
    failing: bool = False,
) -> bool:
    """Make the submission due at `until`; an accepted one stays accepted.

    `failing` means that the server fails on this submission, not only that it is unreachable.
    """
    accepted = (table.c.status == Status.ACCEPTED.value, Status.ACCEPTED.value)
    # The first failure's time stays over all retries, because the give-up time counts from it.
    first_failure = func.coalesce(table.c.failing_since, literal(tx.now, UtcDateTime))
    values: dict[str, Any] = {
        "status": case(accepted, else_=Status.WAITING.value),
        "due_at": until,
        "reason": reason,
        "words": words,
        "failing_since": first_failure if failing else None,
    }
    return finish_lease(tx, leased, values)


def record_decisions(
    tx: Tx, leased: LeasedSubmission, decisions: Mapping[str, ConflictDecision], until: datetime
) -> bool:
    """Store the site policy's decisions about conflicts and make the submission due."""
    all_decisions = {**leased.decisions, **decisions}
    encrypted = encrypt_decisions(tx, all_decisions, leased.record.id)
    return finish_lease(tx, leased, {"decided": encrypted, "due_at": until})
