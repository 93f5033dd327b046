"""The schedule fetch: who is expected today and tomorrow, and what their charts say, for desk, kiosk, links and merge."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from fhir_client.client import FhirClient
from fhir_client.errors import AccessError, FhirError, GoneError, RefusedError, ServerError
from fhir_client.model import Element, Json
from fhir_client.references import local_reference
from fhir_client.uscore.chart import chart_elements
from fhir_client.uscore.elements import ETHNICITY, RACE
from intake.clock import Clock, day_bounds
from intake.ehr.clients import build_client
from intake.log import error_location, logger
from intake.settings import Clinic, Settings
from intake.store import visits
from intake.store.database import Database
from intake.store.visits import Visit, visit_id

EVERY = timedelta(minutes=5)
DAYS = 2
EXPECTED = frozenset({"proposed", "pending", "booked", "arrived", "checked-in"})
"""Appointment.status of a patient who may still come, or has just come."""
FORBIDDEN = 403
PROTECTED = "The record system does not let us read this chart."


@dataclass(frozen=True, slots=True)
class ScheduleWindow:
    """The time that a fetch covers: today and tomorrow in the clinic's zone."""

    start: datetime
    end: datetime


def fetch_due_schedules(settings: Settings, database: Database, clock: Clock) -> None:
    """Fetch the schedule of each clinic whose last good fetch is too old; a failure leaves what is there."""
    for clinic in settings.clinics.values():
        with database.read() as tx:
            last = visits.last_fetched_at(tx, clinic.id)
        # A clock that was set back leaves a last fetch in the time to come, which says nothing.
        if last is None or not timedelta() <= clock() - last < EVERY:
            _fetch(settings, database, clinic, clock())


def _fetch(settings: Settings, database: Database, clinic: Clinic, now: datetime) -> None:
    day = schedule_window(clinic, now)
    try:
        with build_client(settings.servers[clinic.server]) as client:
            found = tuple(read_expected_visits(client, clinic, day))
    except FhirError as error:
        logger.warning(
            "schedule-failed", extra={"clinic": clinic.id, "reason": type(error).__name__}
        )
        return
    except Exception as error:  # noqa: BLE001
        # What nobody foresaw at one clinic keeps no other from its schedule.
        logger.error(
            "schedule-failed",
            extra={
                "clinic": clinic.id,
                "reason": type(error).__name__,
                "where": error_location(error),
            },
        )
        return
    with database.write() as tx:
        for visit in found:
            visits.save_visit(tx, visit)
        visits.record_fetch(tx, clinic.id, [visit.id for visit in found], day.start, day.end)
    if protected := sum(1 for visit in found if visit.fault):
        logger.warning("charts-forbidden", extra={"clinic": clinic.id, "count": protected})
    logger.info("schedule-fetched", extra={"clinic": clinic.id, "count": len(found)})


def schedule_window(clinic: Clinic, now: datetime) -> ScheduleWindow:
    """Return today and tomorrow in the clinic's zone, in UTC; a clock change makes a day of 23 or 25 hours."""
    return ScheduleWindow(
        *day_bounds(now.astimezone(clinic.time_zone).date(), clinic.time_zone, DAYS)
    )


def read_expected_visits(
    client: FhirClient, clinic: Clinic, day: ScheduleWindow
) -> Iterator[Visit]:
    """Yield the clinic's visits of that time, each with its patient's chart as it is now, or why that cannot be read."""
    read = cache(client.read)
    for appointment in search_appointments(client, clinic, day):
        reference = next(_participants(appointment, "Patient"), None)
        visit = (
            None
            if reference is None
            else _charted(read, clinic, _visit(clinic, appointment, reference))
        )
        if visit is not None:
            yield visit


def search_appointments(client: FhirClient, clinic: Clinic, day: ScheduleWindow) -> Iterator[Json]:
    """Yield the appointments of the time at one of the clinic's places; the search is narrowed by time alone, we decide.

    Both ends come with a time and its offset: there are servers that take no search without.
    """
    between = (f"ge{_instant(day.start)}", f"lt{_instant(day.end)}")
    for appointment in client.search("Appointment", {"date": between, "_count": "200"}):
        start = _start(appointment)
        here = not clinic.locations or any(
            each in clinic.locations for each in _participants(appointment, "Location")
        )
        if here and start and day.start <= start < day.end:
            yield appointment


def _instant(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _start(appointment: Json) -> datetime | None:
    if appointment.get("status") not in EXPECTED or "start" not in appointment:
        return None
    return datetime.fromisoformat(appointment["start"]).astimezone(UTC)


def _participants(appointment: Json, kind: str) -> Iterator[str]:
    """Yield those of that kind who, or which, take part, by relative reference."""
    actors = (each.get("actor", {}).get("reference") for each in appointment.get("participant", []))
    return filter(None, (local_reference(each, kind) for each in actors))


def _visit(clinic: Clinic, appointment: Json, reference: str) -> Visit:
    source = f"Appointment/{appointment['id']}"
    return Visit(
        id=visit_id(clinic.server, source),
        clinic=clinic.id,
        server=clinic.server,
        patient=reference,
        starts_at=datetime.fromisoformat(appointment["start"]).astimezone(UTC),
        appointment=source,
    )


def _charted(read: Callable[[str], Json], clinic: Clinic, visit: Visit) -> Visit | None:
    """Return the visit with what its patient's chart says; None where there is no such chart (any more)."""
    try:
        return add_chart_values(visit, clinic, read(visit.patient))
    except GoneError:
        return None
    except (RefusedError, ServerError) as error:
        if isinstance(error, ServerError) and (
            error.status != FORBIDDEN or isinstance(error, AccessError)
        ):
            raise
        # A chart under special protection is no reason for the desk to know nobody: who comes can answer without it.
        return replace(visit, fault=PROTECTED)


def add_chart_values(visit: Visit, clinic: Clinic, patient: Json) -> Visit:
    """Return the visit with what its patient's chart says."""
    names = _names(patient)
    return replace(
        visit,
        name=" ".join(names),
        birth_date=_birth_date(patient.get("birthDate", "")),
        initials="".join(name[:1].upper() for name in (names[0], names[-1])) if names else "",
        record_number=_record_number(patient.get("identifier", []), clinic.record_number_system),
        gaps=find_gaps(patient),
        base=chart_elements(patient),
    )


def _birth_date(held: str) -> date | None:
    # FHIR allows a year or a month alone, and charts have days that never were; who has one is found by the desk's code.
    try:
        return date.fromisoformat(held) if len(held) == len("2000-01-31") else None
    except ValueError:
        return None


def _names(patient: Json) -> list[str]:
    usable = [each for each in patient.get("name", []) if each.get("use") != "old"] or [{}]
    name: Mapping[str, Any] = next(
        (each for each in usable if each.get("use") == "official"), usable[0]
    )
    # A newborn's given name is null where an extension says why there is none (R4, json.html#null).
    return [
        each for each in (*name.get("given", [])[:1], name.get("family")) if isinstance(each, str)
    ]


def _record_number(identifiers: Iterable[Json], system: str) -> str | None:
    return next(
        (
            str(each["value"])
            for each in identifiers
            if each.get("system") == system and "value" in each
        ),
        None,
    )


def find_gaps(patient: Json) -> frozenset[str]:
    """Return the elements that the chart lacks."""
    held = chart_elements(patient)
    missing = {spec.element for spec in (RACE, ETHNICITY) if not spec.has_value(patient)}
    preferred = any(entry.get("preferred") for entry in held["communication"])
    missing |= set() if preferred else {Element.SPOKEN_LANGUAGE}
    missing |= set() if held["interpreter"] else {Element.INTERPRETER}
    return frozenset(missing)
