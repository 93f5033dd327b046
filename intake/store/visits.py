"""Today's and tomorrow's visits, as the schedule fetch found them; names, birth dates and chart values are sealed."""

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
    """How far the worker is with looking for the chart of somebody whom the desk let in by record number."""

    NEW = "new"
    FOUND = "found"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Visit:
    """One expected patient.

    `patient`, `appointment` and `encounter` are relative references; `gaps` are the elements that the chart lacks;
    `base` is what the chart said when the schedule was fetched, which the merge compares with.
    Without a whole `birth_date` the visit is found by the desk's code only.
    Where no schedule but the desk named the patient, `sought` says whether their chart was found; until then `patient` is a
    search (`intake.answers.Sought`). `fault` says why the chart was not found, or cannot be read: then nothing is known of it.
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
    sought: MatchState | None = None
    fault: str = ""

    @property
    def called(self) -> str:
        """How the staff call the patient: by name, else by record number."""
        return self.name or (
            f"record {self.record_number}" if self.record_number else "a patient without a name"
        )


class _Sealed(msgspec.Struct, frozen=True):
    """The sealed part of a visit."""

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
    """Return the id of the visit that `source` (an Appointment's or Encounter's reference) stands for on `server`."""
    return str(uuid5(NAMESPACE_URL, f"urn:intake:visit:{server}:{source}"))


def save_visit(tx: Tx, visit: Visit) -> None:
    """Keep a visit, over what was kept of it before."""
    sealed = _Sealed(
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
        "birth_key": "" if visit.birth_date is None else _birth_key(tx, visit.birth_date),
        "starts_at": visit.starts_at,
        "gaps": ",".join(sorted(visit.gaps)),
        "sealed": tx.cipher.encrypt(msgspec.json.encode(sealed), visit.id),
        "sought": None if visit.sought is None else visit.sought.value,
    }
    if (
        tx.connection.execute(update(table).where(table.c.id == visit.id).values(values)).rowcount
        == 0
    ):
        tx.connection.execute(insert(table).values(id=visit.id, source_key=visit.id, **values))


def find_visit(tx: Tx, identity: str, *, lock: bool = False) -> Visit | None:
    """Return the visit of that id; with `lock` nobody else changes it in the meantime."""
    return next(iter(_found(tx, table.c.id == identity, lock=lock)), None)


def list_visits(tx: Tx, clinic: str, start: datetime, end: datetime) -> tuple[Visit, ...]:
    """Return the clinic's visits from `start` up to `end`, in order of time."""
    return _found(tx, table.c.clinic == clinic, table.c.starts_at >= start, table.c.starts_at < end)


def find_by_birth_date(
    tx: Tx, clinic: str, birth_date: date, start: datetime, end: datetime
) -> tuple[Visit, ...]:
    """Return the clinic's visits in that time of people born on that day; whom the desk lets in needs the desk's code."""
    scheduled = (table.c.birth_key == _birth_key(tx, birth_date), table.c.sought.is_(None))
    return _found(
        tx,
        table.c.clinic == clinic,
        *scheduled,
        table.c.starts_at >= start,
        table.c.starts_at < end,
    )


def list_by_match_state(tx: Tx, server: str, *states: MatchState) -> tuple[Visit, ...]:
    """Return the server's visits whose search for a chart is so far."""
    return _found(tx, table.c.server == server, table.c.sought.in_([each.value for each in states]))


def record_fetch(
    tx: Tx, clinic: str, current: Sequence[str], start: datetime, end: datetime
) -> None:
    """Note a good fetch of the clinic's schedule; visits of that time that it no longer has are dropped."""
    scheduled = (table.c.clinic == clinic, table.c.sought.is_(None))
    gone = [
        *scheduled,
        table.c.starts_at >= start,
        table.c.starts_at < end,
        table.c.id.not_in(current),
    ]
    tx.connection.execute(delete(table).where(*gone))
    if (
        tx.connection.execute(
            update(fetches).where(fetches.c.clinic == clinic).values(fetched_at=tx.now)
        ).rowcount
        == 0
    ):
        tx.connection.execute(insert(fetches).values(clinic=clinic, fetched_at=tx.now))


def last_fetched_at(tx: Tx, clinic: str) -> datetime | None:
    """Return when the clinic's schedule was last fetched."""
    return tx.connection.execute(
        select(fetches.c.fetched_at).where(fetches.c.clinic == clinic)
    ).scalar()


def remove_walk_in(tx: Tx, identity: str) -> bool:
    """Take somebody off the list whom the desk put there; False where they are not there (any more)."""
    return (
        tx.connection.execute(
            delete(table).where(table.c.id == identity, table.c.sought.is_not(None))
        ).rowcount
        == 1
    )


def erase_visits(tx: Tx, before: datetime) -> int:
    """Erase visits that began before that moment; returns how many."""
    return tx.connection.execute(delete(table).where(table.c.starts_at < before)).rowcount


def progress_by_visit(tx: Tx, ids: Sequence[str]) -> Mapping[str, str]:
    """Return per visit how far its patient is: none, link, stopped, code, started, submitted, or what became of what they sent.

    Who stopped has used a code up and said nothing.
    The latter are verified, held, entered, superseded, discarded and reversed, as the outbox calls them, and undoing.
    """
    found = dict.fromkeys(ids, "none")
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
    for word, query in steps:
        found.update(dict.fromkeys(tx.connection.execute(query).scalars(), word))
    sent = select(submissions.c.visit, submissions.c.status, submissions.c.undo_from).where(
        submissions.c.visit.in_(ids)
    )
    for visit, status, undo_from in tx.connection.execute(sent.order_by(submissions.c.number)):
        if visit is not None:
            found[visit] = (
                "undoing" if undo_from is not None else "submitted" if status in OPEN else status
            )
    return found


def _birth_key(tx: Tx, birth_date: date) -> str:
    return tx.cipher.keyed_hash("birth date", birth_date.isoformat())


def _found(tx: Tx, *where: Any, lock: bool = False) -> tuple[Visit, ...]:
    query = select(table).where(*where).order_by(table.c.starts_at, table.c.id)
    rows = tx.connection.execute(query.with_for_update() if lock else query)
    return tuple(_visit(tx, row) for row in rows)


def _visit(tx: Tx, row: Any) -> Visit:
    sealed = msgspec.json.decode(tx.cipher.decrypt(row.sealed, row.id), type=_Sealed)
    return Visit(
        id=row.id,
        clinic=row.clinic,
        server=row.server,
        patient=sealed.patient,
        starts_at=row.starts_at,
        name=sealed.name,
        birth_date=sealed.birth_date,
        initials=sealed.initials,
        appointment=sealed.appointment,
        encounter=sealed.encounter,
        record_number=sealed.record_number,
        gaps=frozenset(filter(None, row.gaps.split(","))),
        base=sealed.base,
        sought=None if row.sought is None else MatchState(row.sought),
        fault=sealed.fault,
    )
