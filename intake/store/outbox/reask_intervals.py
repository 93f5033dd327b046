"""Who need not be asked now, because they answered, or would rather not, not long ago."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from intake.store.database import Tx
from intake.store.outbox.submissions import Status, patient_key
from intake.store.tables import submissions as table


@dataclass(frozen=True, slots=True)
class ReaskInterval:
    """Somebody who is not asked before `again`, because of what they said in `submission`."""

    submission: str
    again: datetime


UNSAID = (Status.DISCARDED, Status.REVERSED)
"""What became of submissions that are as if they had never been said."""


def current_intervals(tx: Tx, server: str, patients: Sequence[str]) -> Mapping[str, ReaskInterval]:
    """Return the patients, by their references, who are not to be asked now, for the newest that stands of them says so."""
    keys = {patient_key(tx, server, each): each for each in patients}
    stands = (table.c.status.not_in([each.value for each in UNSAID]), table.c.undo_from.is_(None))
    query = select(table.c.patient_key, table.c.id, table.c.again_at).where(
        table.c.server == server, table.c.patient_key.in_(keys), *stands
    )
    newest = {
        held.patient_key: held for held in tx.connection.execute(query.order_by(table.c.number))
    }
    resting = {
        key: held
        for key, held in newest.items()
        if held.again_at is not None and held.again_at > tx.now
    }
    return {keys[key]: ReaskInterval(held.id, held.again_at) for key, held in resting.items()}
