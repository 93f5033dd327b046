"""Conflicts: held for a reviewer, decided by a reviewer or a policy, applied by the worker."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec
from sqlalchemy import ColumnElement, select, update

from fhir_client.model import Conflict
from intake.store.database import Tx
from intake.store.outbox.held_reasons import HeldReason
from intake.store.outbox.records import Status
from intake.store.outbox.retry import requeue_values
from intake.store.tables import submissions as table

CONFLICT_REASON = HeldReason.CONFLICT
"""The reason code of a submission that a reviewer has to decide about."""


class ConflictChoice(StrEnum):
    """Whose value stands."""

    PERSON = "person"
    CHART = "chart"


class _ConflictJson(
    msgspec.Struct,
    frozen=True,
    rename={"answer": "said", "chart_key": "over", "by_patient": "own"},
):
    """A conflict as stored: the JSON keeps the key names that it had first."""

    element: str
    chart: tuple[str, ...]
    answer: tuple[str, ...]
    chart_key: str
    by_patient: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ConflictDecision:
    """The choice for one element, valid over the chart's value `over` only."""

    take: ConflictChoice
    over: str


def encode_conflicts(conflicts: tuple[Conflict, ...]) -> str:
    """Return the conflicts as the detail of a held submission."""
    stored = [
        _ConflictJson(
            conflict.element,
            conflict.chart,
            conflict.answer,
            conflict.chart_key,
            conflict.by_patient,
            conflict.reason,
        )
        for conflict in conflicts
    ]
    return msgspec.json.encode(stored).decode()


def read_conflicts(tx: Tx, identity: str) -> tuple[Conflict, ...]:
    """Return the conflicts of a submission held for a reviewer, else nothing.

    They quote answers: only reviewers may see them.
    """
    query = select(table.c.detail).where(*_awaits_reviewer(identity))
    encrypted = tx.connection.execute(query).scalar()
    if encrypted is None:
        return ()
    detail = tx.cipher.decrypt(encrypted, identity)
    return tuple(
        Conflict(
            stored.element,
            stored.chart,
            stored.answer,
            stored.chart_key,
            stored.by_patient,
            stored.reason,
        )
        for stored in msgspec.json.decode(detail, type=tuple[_ConflictJson, ...])
    )


def hash_conflicts(tx: Tx, conflicts: tuple[Conflict, ...]) -> str:
    """Return a hash of the conflicts on a page.

    A page's form carries the hash, so a decision about conflicts that have changed is refused.
    """
    # The hash goes to the browser in a form. Keyed, it reveals nothing of the answers.
    return tx.cipher.keyed_hash("contests", encode_conflicts(conflicts))


def list_conflicting_ids(tx: Tx) -> tuple[str, ...]:
    """Return the ids of the submissions that await a reviewer, oldest first."""
    query = select(table.c.id).where(
        table.c.status == Status.HELD.value, table.c.reason == CONFLICT_REASON
    )
    return tuple(tx.connection.execute(query.order_by(table.c.held_at)).scalars())


def decide_conflicts(tx: Tx, identity: str, decisions: Mapping[str, ConflictDecision]) -> bool:
    """Store a reviewer's decisions and make the submission due.

    Return False if the submission does not await a reviewer.
    """
    query = select(table.c.decided).where(*_awaits_reviewer(identity))
    row = tx.connection.execute(query).first()
    if row is None:
        return False
    # A later decision about the same element replaces the earlier one.
    all_decisions = {**decrypt_decisions(tx, row.decided, identity), **decisions}
    encrypted = encrypt_decisions(tx, all_decisions, identity)
    # The condition is repeated, because a colleague may have discarded the submission since the
    # read. A submission without answers must not be queued.
    queue = (
        update(table)
        .where(*_awaits_reviewer(identity))
        .values(**requeue_values(tx), decided=encrypted)
    )
    return tx.connection.execute(queue).rowcount == 1


def _awaits_reviewer(identity: str) -> tuple[ColumnElement[bool], ...]:
    return (
        table.c.id == identity,
        table.c.status == Status.HELD.value,
        table.c.reason == CONFLICT_REASON,
    )


def encrypt_decisions(tx: Tx, decisions: Mapping[str, ConflictDecision], identity: str) -> bytes:
    """Return the decisions encrypted for the submission `identity`: they quote the chart."""
    return tx.cipher.encrypt(msgspec.json.encode(decisions), identity)


def decrypt_decisions(
    tx: Tx, encrypted: bytes | None, identity: str
) -> Mapping[str, ConflictDecision]:
    """Return the stored decisions, none if nothing is stored."""
    if encrypted is None:
        return {}
    decisions = tx.cipher.decrypt(encrypted, identity)
    return msgspec.json.decode(decisions, type=dict[str, ConflictDecision])
