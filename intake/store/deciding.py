"""Decisions about what the chart contests: shown to a reviewer, kept sealed with the row, and carried out by the worker."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec
from sqlalchemy import ColumnElement, select, update

from intake.store.database import Tx
from intake.store.submissions import Status, again
from intake.store.tables import submissions as table

CONTESTED = "chart-changed"
"""The reason of a row that is held until a reviewer has decided."""


class Take(StrEnum):
    """Whose word stands."""

    PERSON = "person"
    CHART = "chart"


@dataclass(frozen=True, slots=True)
class Contest:
    """An element over which the chart and what is to be written differ; `over` tells that value of the chart again.

    `own` tells that the chart's is the patient's own word, and the other that of somebody who answered for them.
    """

    element: str
    chart: tuple[str, ...]
    said: tuple[str, ...]
    over: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Whose word stands for an element, over the value of the chart that was seen."""

    take: Take
    over: str


def as_detail(contests: tuple[Contest, ...]) -> str:
    """Return the contests as a held row's detail."""
    return msgspec.json.encode(contests).decode()


def contests(tx: Tx, identity: str) -> tuple[Contest, ...]:
    """Return what is contested of a row that is held for a reviewer, else nothing. They quote answers: for reviewers only."""
    held = tx.connection.execute(select(table.c.detail).where(*_contested(identity))).scalar()
    return (
        ()
        if held is None
        else msgspec.json.decode(tx.cipher.open(held, identity), type=tuple[Contest, ...])
    )


def seen(tx: Tx, contested: tuple[Contest, ...]) -> str:
    """Return a hash of what a page shows, by which its answer is known to speak of the same."""
    return tx.cipher.keyed("contests", as_detail(contested))


def held(tx: Tx) -> tuple[str, ...]:
    """Return the ids of the rows that a reviewer has to decide about, oldest first."""
    query = select(table.c.id).where(
        table.c.status == Status.HELD.value, table.c.reason == CONTESTED
    )
    return tuple(tx.connection.execute(query.order_by(table.c.held_at)).scalars())


def decide(tx: Tx, identity: str, decisions: Mapping[str, Decision]) -> bool:
    """Keep a reviewer's decisions and let the worker carry them out; False where the row is not held for one any more."""
    before = tx.connection.execute(select(table.c.decided).where(*_contested(identity))).first()
    if before is None:
        return False
    decided = sealed(tx, {**opened(tx, before.decided, identity), **decisions}, identity)
    # Somebody else may have discarded it since it was read, and a row without answers must not be queued.
    query = update(table).where(*_contested(identity)).values(**again(tx), decided=decided)
    return tx.connection.execute(query).rowcount == 1


def _contested(identity: str) -> tuple[ColumnElement[bool], ...]:
    return table.c.id == identity, table.c.status == Status.HELD.value, table.c.reason == CONTESTED


def sealed(tx: Tx, decisions: Mapping[str, Decision], identity: str) -> bytes:
    """Return them sealed for the submission `identity`: they quote the chart."""
    return tx.cipher.seal(msgspec.json.encode(decisions), identity)


def opened(tx: Tx, held: bytes | None, identity: str) -> Mapping[str, Decision]:
    """Return what was sealed; nothing where nothing was."""
    return (
        {}
        if held is None
        else msgspec.json.decode(tx.cipher.open(held, identity), type=dict[str, Decision])
    )
