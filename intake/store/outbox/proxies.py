"""Informants other than the patient, for the desk: it speaks with a parent in their language."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from intake.answers import Submission
from intake.store.database import Tx
from intake.store.outbox.decryption import try_decrypt_submission
from intake.store.outbox.reask_intervals import VOID
from intake.store.tables import submissions as table


def newest_proxy_submissions(tx: Tx, visits: Sequence[str]) -> Mapping[str, Submission]:
    """Return, by visit, the newest valid submission from a guardian or caregiver."""
    query = select(table.c.visit, table.c.id, table.c.payload).where(
        table.c.visit.in_(visits),
        table.c.status.not_in([status.value for status in VOID]),
        table.c.payload.is_not(None),
    )
    submissions: dict[str, Submission] = {}
    # Later rows overwrite earlier ones, so the newest per visit remains.
    for row in tx.connection.execute(query.order_by(table.c.number)):
        submission = try_decrypt_submission(tx, row)
        if submission and not submission.informant.is_patient:
            submissions[row.visit] = submission
    return submissions
