"""Facts: what the report still counts of a submission after its answers are erased.

They never hold a value, and stay encrypted: with the patient's reference they are still PHI.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import select, update

from intake.answers import Informant, Submission
from intake.store.crypto import KeyFileError
from intake.store.database import Tx
from intake.store.outbox.decryption import try_decrypt_submission
from intake.store.tables import HAS_ANSWERS
from intake.store.tables import submissions as table


@dataclass(frozen=True, slots=True)
class ElementFact:
    """One element of a submission.

    `state` is the number of the report's state. `detailed` says whether the answer is more detailed
    than an OMB category. `changed` says whether the chart held another value before, None if that
    is not known. `completes_race` marks an ethnicity that answers the combined question whole.
    """

    element: str
    state: int
    detailed: bool
    changed: bool | None = None
    completes_race: bool = False


@dataclass(frozen=True, slots=True)
class SubmissionFacts:
    """The facts of one submission; the row itself has the time of its verification."""

    patient: str
    informant: Informant
    answered_at: datetime
    elements: tuple[ElementFact, ...]


@dataclass(frozen=True, slots=True)
class FactlessSubmission:
    """A verified submission that an earlier version stored without facts."""

    id: str
    submission: Submission


def save_facts(tx: Tx, identity: str, facts: SubmissionFacts) -> None:
    """Store the facts of a submission, encrypted."""
    encrypted = tx.cipher.encrypt(msgspec.json.encode(facts), identity)
    tx.connection.execute(update(table).where(table.c.id == identity).values(facts=encrypted))


def try_decrypt_facts(tx: Tx, row: Any) -> SubmissionFacts | None:
    """Return the facts in a database row, None if it has none that can be decrypted here."""
    if row.facts is None:
        return None
    try:
        return msgspec.json.decode(tx.cipher.decrypt(row.facts, row.id), type=SubmissionFacts)
    except (KeyFileError, msgspec.DecodeError):
        return None


def list_factless(
    tx: Tx, *, verified_before: datetime, after: int, limit: int
) -> tuple[int, tuple[FactlessSubmission, ...]]:
    """Return verified submissions without facts, before their answers are erased.

    The number is that of the last row read, `after` if there are no more. Rows that cannot be
    decrypted are left out.
    """
    query = (
        select(table.c.number, table.c.id, table.c.payload)
        .where(
            table.c.verified_at < verified_before,
            HAS_ANSWERS,
            table.c.payload.is_not(None),
            table.c.facts.is_(None),
            table.c.number > after,
        )
        .order_by(table.c.number)
        .limit(limit)
    )
    rows = tx.connection.execute(query).all()
    decrypted = [(row.id, try_decrypt_submission(tx, row)) for row in rows]
    return (rows[-1].number if rows else after), tuple(
        FactlessSubmission(identity, submission)
        for identity, submission in decrypted
        if submission is not None
    )


ERASURE_MARGIN = timedelta(hours=1)
"""How long before the erasure of its answers a submission must have facts."""
LONGEST_PERIOD = timedelta(days=366)
"""Every period that contains an answer is closed this long after it."""


def erase_facts(tx: Tx, *, facts_after: timedelta) -> int:
    """Erase facts `facts_after` after the last period with their answers is closed."""
    # An answer is verified after it is given, so that no period closes later than this.
    deadline = tx.now - LONGEST_PERIOD - facts_after
    query = (
        update(table)
        .where(table.c.verified_at < deadline, table.c.facts.is_not(None))
        .values(facts=None)
    )
    return tx.connection.execute(query).rowcount
