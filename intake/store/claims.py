"""The worker's side of the outbox: claim under a lease, then say how it went; a lost lease is told, never overrun."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import and_, exists, or_, select, update

from intake.answers import Submission
from intake.store import payload
from intake.store.database import Tx
from intake.store.submissions import OPEN, Row, Status, row_of
from intake.store.tables import submissions as table

_earlier = table.alias("earlier")
_open = [status.value for status in OPEN]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that this worker alone may write until its lease ends; `first` is False once it may have been sent.

    `visit` is the id of the visit that it came from, where it came from one.
    """

    row: Row
    visit: str | None
    submission: Submission
    lease: str
    first: bool


def claim(tx: Tx, server: str, *, limit: int, lease: timedelta) -> tuple[Claimed, ...]:
    """Lease up to `limit` due rows, oldest first; per patient only the first open row can be had, so order is kept."""
    ahead = exists().where(
        _earlier.c.server == table.c.server,
        _earlier.c.patient_key == table.c.patient_key,
        _earlier.c.number < table.c.number,
        _earlier.c.status.in_(_open),
    )
    free = or_(table.c.lease.is_(None), table.c.leased_until <= tx.now)
    due = (
        select(table)
        .where(table.c.server == server, table.c.status.in_(_open), table.c.due_at <= tx.now, free, ~ahead)
        .order_by(table.c.due_at, table.c.number)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return tuple(_leased(tx, held, tx.now + lease) for held in tx.connection.execute(due).all())


def _leased(tx: Tx, held: Any, until: datetime) -> Claimed:
    lease = str(uuid4())
    query = update(table).where(table.c.id == held.id)
    tx.connection.execute(query.values(lease=lease, leased_until=until, attempts=table.c.attempts + 1))
    submission = payload.decode(tx.cipher.open(held.payload, held.id))
    return Claimed(row_of(tx, held), held.visit, submission, lease, first=held.attempts == 0)


def wait(tx: Tx, claimed: Claimed, *, until: datetime, reason: str, words: str) -> bool:
    """Try again at `until`; what the server accepted stays accepted. False where the lease was lost."""
    status = Status.ACCEPTED if claimed.row.status is Status.ACCEPTED else Status.WAITING
    return _done(tx, claimed, {"status": status.value, "due_at": until, "reason": reason, "words": words})


def accept(tx: Tx, claimed: Claimed, *, earlier: Mapping[str, Any] | None) -> bool:
    """The server took it; `earlier` are the chart's values before, kept sealed for undo. The lease goes on."""
    values: dict[str, Any] = {"status": Status.ACCEPTED.value, "accepted_at": tx.now}
    if earlier is not None:
        values["earlier"] = tx.cipher.seal(json.dumps(earlier).encode(), claimed.row.id)
    return _update(tx, claimed, values)


def verify(tx: Tx, claimed: Claimed) -> bool:
    """It was read back and says what the person said."""
    return _done(tx, claimed, {"status": Status.VERIFIED.value, "verified_at": tx.now, "reason": None, "words": None})


def hold(tx: Tx, claimed: Claimed, *, reason: str, words: str, detail: str | None = None) -> bool:
    """A person has to look: `words` say why and what next, `detail` may quote answers and is sealed."""
    sealed = None if detail is None else tx.cipher.seal(detail.encode(), claimed.row.id)
    values = {"status": Status.HELD.value, "held_at": tx.now, "reason": reason, "words": words, "detail": sealed}
    return _done(tx, claimed, values)


def release(tx: Tx, claimed: Claimed, *, until: datetime) -> bool:
    """Give a row back without blame, because its server is paused until then."""
    return _done(tx, claimed, {"due_at": until})


def _done(tx: Tx, claimed: Claimed, values: Mapping[str, Any]) -> bool:
    return _update(tx, claimed, {**values, "lease": None, "leased_until": None})


def _update(tx: Tx, claimed: Claimed, values: Mapping[str, Any]) -> bool:
    mine = and_(table.c.id == claimed.row.id, table.c.lease == claimed.lease)
    return tx.connection.execute(update(table).where(mine).values(values)).rowcount == 1


def was_sent_before(tx: Tx, claimed: Claimed) -> bool:
    """Return whether an earlier submission of the same visit may have changed the chart already."""
    number = select(table.c.number).where(table.c.id == claimed.row.id).scalar_subquery()
    query = select(table.c.id).where(table.c.visit == claimed.visit, table.c.number < number, table.c.attempts > 0)
    return tx.connection.execute(query.limit(1)).first() is not None
