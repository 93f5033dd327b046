"""Re-ask intervals: patients who answered or declined lately are not asked again yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from intake.store.database import Tx
from intake.store.outbox.records import Status, patient_key
from intake.store.tables import submissions as table


@dataclass(frozen=True, slots=True)
class ReaskInterval:
    """The patient is not asked before `again`, because of the submission with this id."""

    submission: str
    again: datetime


VOID = (Status.DISCARDED, Status.REVERSED)
"""The states of submissions that no longer count."""


def current_intervals(tx: Tx, server: str, patients: Sequence[str]) -> Mapping[str, ReaskInterval]:
    """Return the re-ask intervals that are not over, by the patient's reference.

    Each patient's newest valid submission decides.
    """
    patients_by_key = {patient_key(tx, server, patient): patient for patient in patients}
    query = select(table.c.patient_key, table.c.id, table.c.again_at).where(
        table.c.server == server,
        table.c.patient_key.in_(patients_by_key),
        table.c.status.not_in([status.value for status in VOID]),
        # A requested undo ends the interval at once, before the worker has finished it.
        table.c.undo_from.is_(None),
    )
    # Later rows overwrite earlier ones, so the newest per patient remains.
    newest = {row.patient_key: row for row in tx.connection.execute(query.order_by(table.c.number))}
    return {
        patients_by_key[key]: ReaskInterval(row.id, row.again_at)
        for key, row in newest.items()
        if row.again_at is not None and row.again_at > tx.now
    }
