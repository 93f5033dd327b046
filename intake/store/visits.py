"""Today's and tomorrow's visits from the schedule, with names and chart values encrypted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec
from sqlalchemy import delete, insert, select, update

from intake.store.database import Tx
from intake.store.outbox.records import OPEN
from intake.store.tables import codes, drafts, fetches, links, submissions
from intake.store.tables import visits as table


class MatchState(StrEnum):
    """The state of patient matching for a walk-in, which the desk adds by record number."""

    NEW = "new"
    FOUND = "found"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Visit:
    """One expected patient.

    `patient`, `appointment` and `encounter` are relative references. `gaps` are the elements that
    the chart lacks. `base` has the chart's values at the fetch of the schedule: the merge base.
    Without a complete `birth_date`, only the desk's code opens the visit.

    `match_state` is set for a walk-in, which the desk added by record number. Until the chart is
    found, `patient` is a conditional reference (`intake.answers.MatchCriteria`), and `fault` says
    why the chart was not found or cannot be read.
    """

    id: str
    clinic: str
    server: str
    patient: str
    starts_at: datetime
    name: str = ""
    birth_date: date | None = None
    initials: str = ""
    appointment: str | None = None
    encounter: str | None = None
    record_number: str | None = None
    gaps: frozenset[str] = frozenset()
    base: Mapping[str, Any] | None = None
    match_state: MatchState | None = None
    fault: str = ""

    @property
    def display_name(self) -> str:
        """The patient's name for staff, or the record number without one."""
        return self.name or (
            f"record {self.record_number}" if self.record_number else "a patient without a name"
        )


class _EncryptedPart(msgspec.Struct, frozen=True):
    """The part of a visit that is stored encrypted."""

    patient: str
    name: str
    birth_date: date | None
    initials: str
    appointment: str | None
    encounter: str | None
    record_number: str | None
    base: dict[str, Any] | None
    fault: str = ""


def visit_id(server: str, source: str) -> str:
    """Return the id of a visit; `source` is the reference of its Appointment or Encounter."""
    # Derived, not random: the next fetch of the schedule finds the same visit.
    return str(uuid5(NAMESPACE_URL, f"urn:intake:visit:{server}:{source}"))


def save_visit(tx: Tx, visit: Visit) -> None:
    """Store a visit, in place of its previous values."""
    encrypted_part = _EncryptedPart(
        patient=visit.patient,
        name=visit.name,
        birth_date=visit.birth_date,
        initials=visit.initials,
        appointment=visit.appointment,
        encounter=visit.encounter,
        record_number=visit.record_number,
        base=None if visit.base is None else dict(visit.base),
        fault=visit.fault,
    )
    values = {
        "clinic": visit.clinic,
        "server": visit.server,
        # Patients are found by birth date without storing it: equal dates have equal hashes.
        "birth_key": "" if visit.birth_date is None else _birth_key(tx, visit.birth_date),
        "starts_at": visit.starts_at,
        "gaps": ",".join(sorted(visit.gaps)),
        "sealed": tx.cipher.encrypt(msgspec.json.encode(encrypted_part), visit.id),
        "sought": None if visit.match_state is None else visit.match_state.value,
    }
    query = update(table).where(table.c.id == visit.id).values(values)
    if tx.connection.execute(query).rowcount == 0:
        tx.connection.execute(insert(table).values(id=visit.id, source_key=visit.id, **values))


def find_visit(tx: Tx, identity: str, *, lock: bool = False) -> Visit | None:
    """Return the visit with this id, None if there is none.

    With `lock`, no other transaction can change it until this one ends.
    """
    return next(iter(_select_visits(tx, table.c.id == identity, lock=lock)), None)


def list_visits(tx: Tx, clinic: str, start: datetime, end: datetime) -> tuple[Visit, ...]:
    """Return the clinic's visits from `start` up to `end`, by time."""
    return _select_visits(
        tx, table.c.clinic == clinic, table.c.starts_at >= start, table.c.starts_at < end
    )


def find_by_birth_date(
    tx: Tx, clinic: str, birth_date: date, start: datetime, end: datetime
) -> tuple[Visit, ...]:
    """Return the clinic's scheduled visits in that time of patients with this birth date.

    Walk-ins are not among them: they need the desk's code.
    """
    is_scheduled = (table.c.birth_key == _birth_key(tx, birth_date), table.c.sought.is_(None))
    return _select_visits(
        tx,
        table.c.clinic == clinic,
        *is_scheduled,
        table.c.starts_at >= start,
        table.c.starts_at < end,
    )


def list_by_match_state(tx: Tx, server: str, *states: MatchState) -> tuple[Visit, ...]:
    """Return the server's visits whose patient matching is in one of these states."""
    return _select_visits(
        tx, table.c.server == server, table.c.sought.in_([state.value for state in states])
    )


def record_fetch(
    tx: Tx, clinic: str, current: Sequence[str], start: datetime, end: datetime
) -> None:
    """Record a complete fetch of the clinic's schedule.

    Visits of that time that are not in `current` are erased: they were cancelled.
    """
    is_cancelled = (
        table.c.clinic == clinic,
        # The schedule does not know the walk-ins.
        table.c.sought.is_(None),
        table.c.starts_at >= start,
        table.c.starts_at < end,
        table.c.id.not_in(current),
    )
    tx.connection.execute(delete(table).where(*is_cancelled))
    query = update(fetches).where(fetches.c.clinic == clinic).values(fetched_at=tx.now)
    if tx.connection.execute(query).rowcount == 0:
        tx.connection.execute(insert(fetches).values(clinic=clinic, fetched_at=tx.now))


def last_fetched_at(tx: Tx, clinic: str) -> datetime | None:
    """Return when the clinic's schedule was last fetched, None before the first fetch."""
    query = select(fetches.c.fetched_at).where(fetches.c.clinic == clinic)
    return tx.connection.execute(query).scalar()


def remove_walk_in(tx: Tx, identity: str) -> bool:
    """Erase a walk-in's visit; return False if there is none."""
    query = delete(table).where(table.c.id == identity, table.c.sought.is_not(None))
    return tx.connection.execute(query).rowcount == 1


def erase_visits(tx: Tx, before: datetime) -> int:
    """Erase visits that started before `before`; return their number."""
    return tx.connection.execute(delete(table).where(table.c.starts_at < before)).rowcount


def progress_by_visit(tx: Tx, ids: Sequence[str]) -> Mapping[str, str]:
    """Return each visit's progress: none, link, stopped, code, started, submitted, undoing, ...

    A patient who `stopped` has used a code, but has neither a draft nor a submission. After Submit,
    the progress is the status in the outbox, with `submitted` for all open states and `undoing`
    during an undo.
    """
    progress = dict.fromkeys(ids, "none")
    open_code = (codes.c.used_at.is_(None), codes.c.expires_at > tx.now)
    open_link = (
        links.c.used_at.is_(None),
        links.c.revoked_at.is_(None),
        links.c.expires_at > tx.now,
    )
    steps = (
        ("link", select(links.c.visit).where(links.c.visit.in_(ids), *open_link)),
        (
            "stopped",
            select(codes.c.visit).where(codes.c.visit.in_(ids), codes.c.used_at.is_not(None)),
        ),
        ("code", select(codes.c.visit).where(codes.c.visit.in_(ids), *open_code)),
        ("started", select(drafts.c.visit).where(drafts.c.visit.in_(ids))),
    )
    # From the least to the most: a later step overwrites the earlier ones.
    for word, query in steps:
        progress.update(dict.fromkeys(tx.connection.execute(query).scalars(), word))
    # A visit can have several submissions; the newest one decides.
    submitted = select(submissions.c.visit, submissions.c.status, submissions.c.undo_from).where(
        submissions.c.visit.in_(ids)
    )
    for visit, status, undo_from in tx.connection.execute(submitted.order_by(submissions.c.number)):
        if visit is not None:
            progress[visit] = (
                "undoing" if undo_from is not None else "submitted" if status in OPEN else status
            )
    return progress


def _birth_key(tx: Tx, birth_date: date) -> str:
    return tx.cipher.keyed_hash("birth date", birth_date.isoformat())


def _select_visits(tx: Tx, *conditions: Any, lock: bool = False) -> tuple[Visit, ...]:
    query = select(table).where(*conditions).order_by(table.c.starts_at, table.c.id)
    # SQLite ignores the lock, because its only writer has the whole database.
    rows = tx.connection.execute(query.with_for_update() if lock else query)
    return tuple(_decrypt_visit(tx, row) for row in rows)


def _decrypt_visit(tx: Tx, row: Any) -> Visit:
    plain = tx.cipher.decrypt(row.sealed, row.id)
    decrypted = msgspec.json.decode(plain, type=_EncryptedPart)
    return Visit(
        id=row.id,
        clinic=row.clinic,
        server=row.server,
        patient=decrypted.patient,
        starts_at=row.starts_at,
        name=decrypted.name,
        birth_date=decrypted.birth_date,
        initials=decrypted.initials,
        appointment=decrypted.appointment,
        encounter=decrypted.encounter,
        record_number=decrypted.record_number,
        gaps=frozenset(filter(None, row.gaps.split(","))),
        base=decrypted.base,
        match_state=None if row.sought is None else MatchState(row.sought),
        fault=decrypted.fault,
    )
