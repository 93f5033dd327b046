"""Fetches today's and tomorrow's appointments, and what their charts say now."""

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
from intake.placeholders import classify_text, load_placeholders
from intake.settings import Clinic, Settings
from intake.store import visits
from intake.store.database import Database
from intake.store.visits import Visit, visit_id

FETCH_INTERVAL = timedelta(minutes=5)
DAYS = 2
EXPECTED_STATUSES = frozenset({"proposed", "pending", "booked", "arrived", "checked-in"})
"""The Appointment.status values of patients that may still come, or have just come."""
FORBIDDEN = 403
PROTECTED_CHART = "The record system does not let us read this chart."


@dataclass(frozen=True, slots=True)
class ScheduleWindow:
    """The time that a fetch covers: today and tomorrow in the clinic's zone."""

    start: datetime
    end: datetime


def fetch_due_schedules(settings: Settings, database: Database, clock: Clock) -> None:
    """Fetch the schedule of each clinic whose last good fetch is too old.

    A failure leaves the clinic's stored schedule unchanged.
    """
    for clinic in settings.clinics.values():
        with database.read() as tx:
            last = visits.last_fetched_at(tx, clinic.id)
        # After the clock was set back, the last fetch may lie in the future. Its age is then
        # unknown, so the fetch is due.
        if last is None or not timedelta() <= clock() - last < FETCH_INTERVAL:
            _fetch_schedule(settings, database, clinic, clock())


def _fetch_schedule(settings: Settings, database: Database, clinic: Clinic, now: datetime) -> None:
    window = schedule_window(clinic, now)
    try:
        with build_client(settings.servers[clinic.server]) as client:
            expected_visits = tuple(read_expected_visits(client, clinic, window))
    except FhirError as error:
        logger.warning(
            "schedule-failed", extra={"clinic": clinic.id, "reason": type(error).__name__}
        )
        return
    except Exception as error:  # noqa: BLE001
        # An unforeseen fault at one clinic must not cost the other clinics their schedule.
        logger.error(
            "schedule-failed",
            extra={
                "clinic": clinic.id,
                "reason": type(error).__name__,
                "where": error_location(error),
            },
        )
        return
    _save_schedule(database, clinic, window, expected_visits)


def _save_schedule(
    database: Database, clinic: Clinic, window: ScheduleWindow, expected_visits: tuple[Visit, ...]
) -> None:
    with database.write() as tx:
        for visit in expected_visits:
            visits.save_visit(tx, visit)
        visit_ids = [visit.id for visit in expected_visits]
        visits.record_fetch(tx, clinic.id, visit_ids, window.start, window.end)
    if protected := sum(1 for visit in expected_visits if visit.fault):
        logger.warning("charts-forbidden", extra={"clinic": clinic.id, "count": protected})
    logger.info("schedule-fetched", extra={"clinic": clinic.id, "count": len(expected_visits)})


def schedule_window(clinic: Clinic, now: datetime) -> ScheduleWindow:
    """Return today and tomorrow in the clinic's zone, in UTC.

    A day with a clock change has 23 or 25 hours.
    """
    today = now.astimezone(clinic.time_zone).date()
    return ScheduleWindow(*day_bounds(today, clinic.time_zone, DAYS))


def read_expected_visits(
    client: FhirClient, clinic: Clinic, window: ScheduleWindow
) -> Iterator[Visit]:
    """Yield the clinic's visits in the window with their patients' current charts.

    A visit whose chart is protected carries the reason in place of the chart's values.
    """
    # A patient with several appointments has one chart, and the cache reads it once.
    read_chart = cache(client.read)
    for appointment in search_appointments(client, clinic, window):
        reference = next(_participants(appointment, "Patient"), None)
        if reference is None:
            continue
        visit = _read_chart_values(read_chart, clinic, _new_visit(clinic, appointment, reference))
        if visit is not None:
            yield visit


def search_appointments(
    client: FhirClient, clinic: Clinic, window: ScheduleWindow
) -> Iterator[Json]:
    """Yield the appointments in the window at one of the clinic's locations.

    The search narrows by time only, and this function compares time and location itself. Both
    ends of the search have a time with its offset, because some servers refuse a bare date.
    """
    between = (f"ge{_format_instant(window.start)}", f"lt{_format_instant(window.end)}")
    for appointment in client.search("Appointment", {"date": between, "_count": "200"}):
        start = _expected_start(appointment)
        is_here = not clinic.locations or any(
            location in clinic.locations for location in _participants(appointment, "Location")
        )
        if is_here and start and window.start <= start < window.end:
            yield appointment


def _format_instant(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _expected_start(appointment: Json) -> datetime | None:
    if appointment.get("status") not in EXPECTED_STATUSES or "start" not in appointment:
        return None
    return datetime.fromisoformat(appointment["start"]).astimezone(UTC)


def _participants(appointment: Json, resource_type: str) -> Iterator[str]:
    """Yield the participants of that type as relative references."""
    references = (
        participant.get("actor", {}).get("reference")
        for participant in appointment.get("participant", [])
    )
    return filter(None, (local_reference(reference, resource_type) for reference in references))


def _new_visit(clinic: Clinic, appointment: Json, reference: str) -> Visit:
    source = f"Appointment/{appointment['id']}"
    return Visit(
        id=visit_id(clinic.server, source),
        clinic=clinic.id,
        server=clinic.server,
        patient=reference,
        starts_at=datetime.fromisoformat(appointment["start"]).astimezone(UTC),
        appointment=source,
    )


def _read_chart_values(
    read_chart: Callable[[str], Json], clinic: Clinic, visit: Visit
) -> Visit | None:
    """Return the visit with its patient's chart values, or None if the chart is gone."""
    try:
        return add_chart_values(visit, clinic, read_chart(visit.patient))
    except GoneError:
        return None
    except (RefusedError, ServerError) as error:
        # A 403 for one chart is about that patient. Any other server error, and a 403 of the token
        # endpoint (AccessError), is about us and fails the whole fetch.
        if isinstance(error, ServerError) and (
            error.status != FORBIDDEN or isinstance(error, AccessError)
        ):
            raise
        # The patient of a specially protected chart can still answer. Only this visit goes without
        # a name.
        return replace(visit, fault=PROTECTED_CHART)


def add_chart_values(visit: Visit, clinic: Clinic, patient: Json) -> Visit:
    """Return the visit with the values of its patient's chart."""
    names = _name_parts(patient)
    return replace(
        visit,
        name=" ".join(names),
        birth_date=_parse_birth_date(patient.get("birthDate", "")),
        initials="".join(name[:1].upper() for name in (names[0], names[-1])) if names else "",
        record_number=_find_record_number(
            patient.get("identifier", []), clinic.record_number_system
        ),
        gaps=find_gaps(patient),
        base=chart_elements(patient),
    )


def _parse_birth_date(value: str) -> date | None:
    # FHIR allows a year or a month alone, and some charts have impossible days. The desk finds
    # such a patient by the code of their visit.
    try:
        return date.fromisoformat(value) if len(value) == len("2000-01-31") else None
    except ValueError:
        return None


def _name_parts(patient: Json) -> list[str]:
    """Return the first given name and the family name, as far as the chart has them."""
    current = [name for name in patient.get("name", []) if name.get("use") != "old"] or [{}]
    name: Mapping[str, Any] = next(
        (name for name in current if name.get("use") == "official"), current[0]
    )
    # A newborn's given name is null if an extension says why there is none (R4, json.html#null).
    parts = (*name.get("given", [])[:1], name.get("family"))
    return [part for part in parts if isinstance(part, str)]


def _find_record_number(identifiers: Iterable[Json], system: str) -> str | None:
    numbers = (
        str(identifier["value"])
        for identifier in identifiers
        if identifier.get("system") == system and "value" in identifier
    )
    return next(numbers, None)


def find_gaps(patient: Json) -> frozenset[str]:
    """Return the elements that the chart lacks."""
    chart = chart_elements(patient)
    missing = {
        spec.element
        for spec in (RACE, ETHNICITY)
        if not spec.has_value(patient, load_placeholders(spec.element))
    }
    # A language that the patient understands but does not prefer answers no question of ours.
    if not any(map(_prefers_language, chart["communication"])):
        missing.add(Element.SPOKEN_LANGUAGE)
    if not chart["interpreter"]:
        missing.add(Element.INTERPRETER)
    return frozenset(missing)


def _prefers_language(entry: Json) -> bool:
    """Return whether an entry of `communication` names a preferred language."""
    language = entry.get("language") or {}
    text = language.get("text")
    # An entry may name its language in a way of its own; only a text that says nothing names none.
    names_none = (
        not language.get("coding")
        and isinstance(text, str)
        and classify_text(Element.SPOKEN_LANGUAGE, text) is not None
    )
    return bool(entry.get("preferred")) and not names_none
