"""The captured submissions: what the report counts from the outbox itself."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

from intake.answers import Submission
from intake.store.database import Tx
from intake.store.outbox.decryption import try_decrypt_submission
from intake.store.outbox.facts import SubmissionFacts, try_decrypt_facts
from intake.store.outbox.records import Status
from intake.store.tables import submissions as table

# These submissions no longer speak for their patient.
_INVALID = [status.value for status in (Status.SUPERSEDED, Status.DISCARDED, Status.REVERSED)]


@dataclass(frozen=True, slots=True)
class CapturedSubmission:
    """A submission with answers or facts that are still stored; `number` gives the order.

    `content` is the facts where there are any, so that the report counts the same before and after
    the erasure of the answers. `verified` is True if a read-back proved the answers in the EHR.
    """

    number: int
    server: str
    content: Submission | SubmissionFacts
    verified: bool


def list_captured(tx: Tx, *, after: int, limit: int) -> tuple[CapturedSubmission, ...]:
    """Return up to `limit` valid, readable submissions after number `after`, in order.

    An empty result means that there are no more.
    """
    columns = ("number", "id", "server", "payload", "facts", "verified_at")
    query = (
        select(*(table.c[name] for name in columns))
        .where(
            or_(table.c.payload.is_not(None), table.c.facts.is_not(None)),
            table.c.status.not_in(_INVALID),
        )
        .order_by(table.c.number)
    )
    while True:
        rows = tx.connection.execute(query.where(table.c.number > after).limit(limit)).all()
        contents = [
            (row, try_decrypt_facts(tx, row) or _try_decrypt_answers(tx, row)) for row in rows
        ]
        batch = tuple(
            CapturedSubmission(row.number, row.server, content, row.verified_at is not None)
            for row, content in contents
            if content is not None
        )
        # The caller reads an empty batch as the end, so skip a batch of unreadable rows.
        if batch or not rows:
            return batch
        after = rows[-1].number


def _try_decrypt_answers(tx: Tx, row: Any) -> Submission | None:
    return None if row.payload is None else try_decrypt_submission(tx, row)
