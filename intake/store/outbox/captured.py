"""The captured submissions: what the report counts from the outbox itself."""

from dataclasses import dataclass

from sqlalchemy import select

from intake.answers import Submission
from intake.store.database import Tx
from intake.store.outbox.decryption import try_decrypt_submission
from intake.store.outbox.records import Status
from intake.store.tables import submissions as table

# These submissions no longer speak for their patient.
_INVALID = [status.value for status in (Status.SUPERSEDED, Status.DISCARDED, Status.REVERSED)]


@dataclass(frozen=True, slots=True)
class CapturedSubmission:
    """A submission with answers that are still stored; `number` gives the order.

    `verified` is True if a read-back proved the answers in the EHR.
    """

    number: int
    server: str
    submission: Submission
    verified: bool


def list_captured(tx: Tx, *, after: int, limit: int) -> tuple[CapturedSubmission, ...]:
    """Return up to `limit` valid, readable submissions after number `after`, in order.

    An empty result means that there are no more.
    """
    columns = (table.c.number, table.c.id, table.c.server, table.c.payload, table.c.verified_at)
    query = (
        select(*columns)
        .where(table.c.payload.is_not(None), table.c.status.not_in(_INVALID))
        .order_by(table.c.number)
    )
    while True:
        rows = tx.connection.execute(query.where(table.c.number > after).limit(limit)).all()
        decrypted = [(row, try_decrypt_submission(tx, row)) for row in rows]
        batch = tuple(
            CapturedSubmission(row.number, row.server, submission, row.verified_at is not None)
            for row, submission in decrypted
            if submission is not None
        )
        # The caller reads an empty batch as the end, so skip a batch of unreadable rows.
        if batch or not rows:
            return batch
        after = rows[-1].number
