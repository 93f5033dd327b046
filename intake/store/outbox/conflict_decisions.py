"""Decisions about what the chart contests: shown to a reviewer, kept sealed with the row, and carried out by the worker."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec
from sqlalchemy import ColumnElement, select, update

from intake.store.database import Tx
from intake.store.outbox.submissions import Status, requeue_values
from intake.store.tables import submissions as table

CONFLICT_REASON = "chart-changed"
"""The reason of a row that is held until a reviewer has decided."""


class ConflictChoice(StrEnum):
    """Whose word stands."""

    PERSON = "person"
    CHART = "chart"


@dataclass(frozen=True, slots=True)
class StoredConflict:
    """An element over which the chart and what is to be written differ; `over` tells that value of the chart again.

    `own` tells that the chart's is the patient's own word, and the other that of somebody who answered for them.
    """

    element: str
    chart: tuple[str, ...]
    said: tuple[str, ...]
    over: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class ConflictDecision:
    """Whose word stands for an element, over the value of the chart that was seen."""

    take: ConflictChoice
    over: str


def encode_conflicts(contests: tuple[StoredConflict, ...]) -> str:
    """Return the contests as a held row's detail."""
    return msgspec.json.encode(contests).decode()


def read_conflicts(tx: Tx, identity: str) -> tuple[StoredConflict, ...]:
    """Return what is contested of a row that is held for a reviewer, else nothing. They quote answers: for reviewers only."""
    held = tx.connection.execute(select(table.c.detail).where(*_contested(identity))).scalar()
    return (
        ()
        if held is None
        else msgspec.json.decode(tx.cipher.decrypt(held, identity), type=tuple[StoredConflict, ...])
    )


def hash_conflicts(tx: Tx, contested: tuple[StoredConflict, ...]) -> str:
    """Return a hash of what a page shows, by which its answer is known to speak of the same."""
    return tx.cipher.keyed_hash("contests", encode_conflicts(contested))


def list_conflicting_ids(tx: Tx) -> tuple[str, ...]:
    """Return the ids of the rows that a reviewer has to decide about, oldest first."""
    query = select(table.c.id).where(
        table.c.status == Status.HELD.value, table.c.reason == CONFLICT_REASON
    )
    return tuple(tx.connection.execute(query.order_by(table.c.held_at)).scalars())


def decide_conflicts(tx: Tx, identity: str, decisions: Mapping[str, ConflictDecision]) -> bool:
    """Keep a reviewer's decisions and let the worker carry them out; False where the row is not held for one any more."""
    before = tx.connection.execute(select(table.c.decided).where(*_contested(identity))).first()
    if before is None:
        return False
    decided = encrypt_decisions(
        tx, {**decrypt_decisions(tx, before.decided, identity), **decisions}, identity
    )
    # Somebody else may have discarded it since it was read, and a row without answers must not be queued.
    query = update(table).where(*_contested(identity)).values(**requeue_values(tx), decided=decided)
    return tx.connection.execute(query).rowcount == 1


def _contested(identity: str) -> tuple[ColumnElement[bool], ...]:
    return (
        table.c.id == identity,
        table.c.status == Status.HELD.value,
        table.c.reason == CONFLICT_REASON,
    )


def encrypt_decisions(tx: Tx, decisions: Mapping[str, ConflictDecision], identity: str) -> bytes:
    """Return them sealed for the submission `identity`: they quote the chart."""
    return tx.cipher.encrypt(msgspec.json.encode(decisions), identity)


def decrypt_decisions(tx: Tx, held: bytes | None, identity: str) -> Mapping[str, ConflictDecision]:
    """Return what was sealed; nothing where nothing was."""
    return (
        {}
        if held is None
        else msgspec.json.decode(
            tx.cipher.decrypt(held, identity), type=dict[str, ConflictDecision]
        )
    )
