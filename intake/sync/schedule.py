"""The schedule fetch: who is expected today and tomorrow, and what their charts say, for desk, kiosk, links and merge."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fhir_client.client import Client
from fhir_client.errors import FhirError, Gone
from fhir_client.uscore.parts import Json
from fhir_client.uscore.patient import elements_of, has_value
from intake.clock import Clock, bounds
from intake.questions import Element
from intake.settings import Clinic, Settings
from intake.store import visits
from intake.store.database import Database
from intake.store.visits import Visit, visit_id
from intake.sync.clients import client_for
from intake.sync.log import logger

EVERY = timedelta(minutes=5)
DAYS = 2
EXPECTED = frozenset({"proposed", "pending", "booked", "arrived", "checked-in"})
"""Appointment.status of a patient who may still come, or has just come."""


@dataclass(frozen=True, slots=True)
class Day:
    """The time that a fetch covers: today and tomorrow in the clinic's zone."""

    start: datetime
    end: datetime


def fetch_due(settings: Settings, database: Database, clock: Clock) -> None:
    """Fetch the schedule of each clinic whose last good fetch is too old; a failure leaves what is there."""
    for clinic in settings.clinics.values():
        with database.read() as tx:
            last = visits.last_fetched(tx, clinic.id)
        if last is None or clock() - last >= EVERY:
            _fetch(settings, database, clinic, clock())


def _fetch(settings: Settings, database: Database, clinic: Clinic, now: datetime) -> None:
    day = day_of(clinic, now)
    try:
        with client_for(settings.servers[clinic.server]) as client:
            found = tuple(expected(client, clinic, day))
    except FhirError as error:
        logger.warning("schedule-failed", extra={"clinic": clinic.id, "reason": type(error).__name__})
        return
    with database.write() as tx:
        for visit in found:
            visits.put(tx, visit)
        visits.fetched(tx, clinic.id, [visit.id for visit in found], day.start, day.end)
    logger.info("schedule-fetched", extra={"clinic": clinic.id, "count": len(found)})


def day_of(clinic: Clinic, now: datetime) -> Day:
    """Return today and tomorrow in the clinic's zone, in UTC; a clock change makes a day of 23 or 25 hours."""
    return Day(*bounds(now.astimezone(clinic.time_zone).date(), clinic.time_zone, DAYS))


def expected(client: Client, clinic: Clinic, day: Day) -> Iterator[Visit]:
    """Yield the clinic's visits of that time, each with its patient's chart as it is now."""
    charts: dict[str, Json | None] = {}
    for appointment in appointments(client, clinic, day):
        reference = _participant(appointment, "Patient")
        if reference is None:
            continue
        if reference not in charts:
            charts[reference] = _chart(client, reference)
        patient = charts[reference]
        if patient is not None:
            yield _visit(clinic, appointment, reference, patient)


def appointments(client: Client, clinic: Clinic, day: Day) -> Iterator[Json]:
    """Yield the appointments of the time whose place is one of the clinic's; the date narrows the search, we decide."""
    since, until = (day.start - timedelta(days=1)).date(), (day.end + timedelta(days=1)).date()
    parameters = {"date": f"ge{since.isoformat()}", "_count": "200"}
    for appointment in client.search("Appointment", parameters):
        start = _start(appointment)
        here = _participant(appointment, "Location") in clinic.locations or not clinic.locations
        if here and start and day.start <= start < day.end and start.date() <= until:
            yield appointment


def _start(appointment: Json) -> datetime | None:
    if appointment.get("status") not in EXPECTED or "start" not in appointment:
        return None
    return datetime.fromisoformat(appointment["start"]).astimezone(UTC)


def _participant(appointment: Json, kind: str) -> str | None:
    references = (each.get("actor", {}).get("reference", "") for each in appointment.get("participant", []))
    return next(("/".join(each.rsplit("/", 2)[-2:]) for each in references if f"{kind}/" in f"/{each}"), None)


def _chart(client: Client, reference: str) -> Json | None:
    try:
        return client.read(reference)
    except Gone:
        return None


def _visit(clinic: Clinic, appointment: Json, reference: str, patient: Json) -> Visit:
    source = f"Appointment/{appointment['id']}"
    visit = Visit(
        id=visit_id(clinic.server, source),
        clinic=clinic.id,
        server=clinic.server,
        patient=reference,
        starts_at=datetime.fromisoformat(appointment["start"]).astimezone(UTC),
        appointment=source,
    )
    return seen(visit, clinic, patient)


def seen(visit: Visit, clinic: Clinic, patient: Json) -> Visit:
    """Return the visit with what its patient's chart says."""
    names = _names(patient)
    return replace(
        visit,
        name=" ".join(names),
        birth_date=_birth_date(patient.get("birthDate", "")),
        initials="".join(name[:1].upper() for name in (names[0], names[-1])) if names else "",
        record_number=_record_number(patient.get("identifier", []), clinic.record_number_system),
        gaps=gaps(patient),
        base=elements_of(patient),
    )


def _birth_date(held: str) -> date | None:
    # FHIR allows a year or a month alone; such a person is found by the desk's code only.
    return date.fromisoformat(held) if len(held) == len("2000-01-31") else None


def _names(patient: Json) -> list[str]:
    usable = [each for each in patient.get("name", []) if each.get("use") != "old"] or [{}]
    name: Mapping[str, Any] = next((each for each in usable if each.get("use") == "official"), usable[0])
    return [*name.get("given", [])[:1], *([name["family"]] if "family" in name else [])]


def _record_number(identifiers: Iterable[Json], system: str) -> str | None:
    return next((str(each["value"]) for each in identifiers if each.get("system") == system and "value" in each), None)


def gaps(patient: Json) -> frozenset[str]:
    """Return the elements that the chart lacks."""
    held = elements_of(patient)
    missing = {element for element in (Element.RACE, Element.ETHNICITY) if not has_value(patient, element)}
    preferred = any(entry.get("preferred") for entry in held["communication"] or [])
    missing |= set() if preferred else {Element.SPOKEN_LANGUAGE}
    missing |= set() if held["interpreter"] else {Element.INTERPRETER}
    return frozenset(missing)
