"""Who answered for whom at which visit: for the desk, which is told in what language to speak with a parent."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from intake.answers import Submission
from intake.store.database import Tx
from intake.store.outbox.decryption import try_decrypt_submission
from intake.store.outbox.submissions import Status
from intake.store.tables import submissions as table


def newest_proxy_submissions(tx: Tx, visits: Sequence[str]) -> Mapping[str, Submission]:
    """Return, by visit, the newest submission that stands of somebody who answered for the patient."""
    stands = (
        table.c.status.not_in([Status.DISCARDED.value, Status.REVERSED.value]),
        table.c.payload.is_not(None),
    )
    query = select(table.c.visit, table.c.id, table.c.payload).where(
        table.c.visit.in_(visits), *stands
    )
    found: dict[str, Submission] = {}
    for row in tx.connection.execute(query.order_by(table.c.number)):
        said = try_decrypt_submission(tx, row)
        if said and not said.informant.is_patient:
            found[row.visit] = said
    return found
