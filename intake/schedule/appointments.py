"""Finds a clinic's expected appointments; an odd one is reported and leaves the others alone."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from fhir_client.client import FhirClient
from fhir_client.errors import RefusedError
from fhir_client.model import Json
from fhir_client.references import local_reference
from fhir_client.transport.tolerant_json import list_objects, object_member
from intake.clock import day_bounds
from intake.schedule.faults import RecordFault, ReportFault, ignore_fault
from intake.settings import Clinic

DAYS = 2
EXPECTED_STATUSES = frozenset({"proposed", "pending", "booked", "arrived", "checked-in"})
"""The Appointment.status values of patients that may still come, or have just come."""
# Only a proposed appointment may have no start (R4, Appointment, app-3).
PROPOSED = "proposed"
LOCATIONS_PER_SEARCH = 20
"""A clinic with more Locations is searched in several requests, so that no URL gets too long."""
LOCATION = "location"
# A date alone is no start: the server named no time, and midnight would be invented.
_DATE_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(?::(\d{2})(?:\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?"
)


@dataclass(frozen=True, slots=True)
class ScheduleWindow:
    """The time that a fetch covers: today and tomorrow in the clinic's zone."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class ExpectedAppointment:
    """An appointment at the clinic; `patient` is None where it has no patient."""

    reference: str
    starts_at: datetime
    patient: str | None


class LocationsNeededError(RefusedError):
    """The server searches appointments by location only, and the clinic names none."""


class _MalformedError(Exception):
    """The appointment cannot be read; the message says why in words of ours."""


def schedule_window(clinic: Clinic, now: datetime) -> ScheduleWindow:
    """Return today and tomorrow in the clinic's zone, in UTC.

    A day with a clock change has 23 or 25 hours.
    """
    today = now.astimezone(clinic.time_zone).date()
    return ScheduleWindow(*day_bounds(today, clinic.time_zone, DAYS))


def search_appointments(
    client: FhirClient,
    clinic: Clinic,
    window: ScheduleWindow,
    report_fault: ReportFault = ignore_fault,
    required: Collection[str] = (),
) -> Iterator[ExpectedAppointment]:
    """Yield the appointments in the window at one of the clinic's locations.

    The search narrows by time only, and this function compares time and location itself. A server
    that needs one of the parameters `required`, or refuses the search by time, is searched by the
    clinic's locations. Raises LocationsNeededError for a clinic without any.
    """
    seen: set[str] = set()
    for resource in _search_resources(client, clinic, window, required):
        try:
            appointment = _parse_appointment(resource, clinic)
        except _MalformedError as error:
            report_fault(RecordFault(_own_reference(resource) or "Appointment", str(error)))
            continue
        # With a Location in two requests, an appointment is found twice.
        if appointment is None or appointment.reference in seen:
            continue
        seen.add(appointment.reference)
        if window.start <= appointment.starts_at < window.end:
            yield appointment


def _search_resources(
    client: FhirClient, clinic: Clinic, window: ScheduleWindow, required: Collection[str]
) -> Iterator[Json]:
    # Both ends have a time with its offset, because some servers refuse a bare date.
    between = (f"ge{_format_instant(window.start)}", f"lt{_format_instant(window.end)}")
    parameters = {"date": between, "_count": "200"}
    if not required:
        is_begun = False
        try:
            for resource in client.search("Appointment", parameters):
                is_begun = True
                yield resource
        except RefusedError as error:
            # Without a status it is our own limit that was passed. A second search would pass it
            # again.
            if is_begun or error.status is None or not searchable_locations(clinic):
                raise
        else:
            return
    elif LOCATION not in required or not searchable_locations(clinic):
        raise LocationsNeededError(
            f"The server searches appointments only by {' or '.join(required)}, and the settings "
            "name no Location of this clinic."
        )
    for locations in _batch_locations(searchable_locations(clinic)):
        by_location = {**parameters, LOCATION: ",".join(locations)}
        yield from client.search("Appointment", by_location)


def searchable_locations(clinic: Clinic) -> tuple[str, ...]:
    """Return the clinic's Locations by which appointments can be searched."""
    # An identifier is no value of a search by reference.
    return tuple(name for name in clinic.locations if name.startswith("Location/"))


def _batch_locations(locations: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(locations), LOCATIONS_PER_SEARCH):
        yield locations[start : start + LOCATIONS_PER_SEARCH]


def _format_instant(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _parse_appointment(resource: Json, clinic: Clinic) -> ExpectedAppointment | None:
    """Return the appointment, None where it is not expected at this clinic."""
    if not _is_expected(resource):
        return None
    is_here = not clinic.locations or any(
        location in clinic.locations for location in _participants(resource, "Location")
    )
    has_odd_participant = _has_odd_participant(resource)
    if not is_here and not has_odd_participant:
        return None
    start = resource.get("start")
    if start is None and resource["status"] == PROPOSED:
        return None
    starts_at = parse_date_time(start, clinic.time_zone)
    reference = _own_reference(resource)
    patient = next(_participants(resource, "Patient"), None)
    if starts_at is None:
        raise _MalformedError("its start is no date with a time")
    if reference is None:
        raise _MalformedError("it has no usable id")
    if has_odd_participant and not (is_here and patient):
        raise _MalformedError("a participant cannot be read")
    return ExpectedAppointment(reference, starts_at, patient)


def _own_reference(resource: Json) -> str | None:
    identity = resource.get("id")
    if not isinstance(identity, str):
        return None
    return local_reference(f"Appointment/{identity}", "Appointment")


def _is_expected(resource: Json) -> bool:
    kind, status = resource.get("resourceType"), resource.get("status")
    # Servers put other resources between the matches, such as an OperationOutcome.
    if isinstance(kind, str) and kind != "Appointment":
        return False
    if not isinstance(kind, str) or not isinstance(status, str):
        raise _MalformedError("its type or status cannot be read")
    return status in EXPECTED_STATUSES


def parse_date_time(value: object, zone: ZoneInfo) -> datetime | None:
    """Return a FHIR dateTime with a time of day, in UTC; None for any other value.

    A time without an offset is the clinic's local time.
    """
    match = _DATE_TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    day, time, seconds, offset = match.groups()
    try:
        local = datetime.fromisoformat(f"{day}T{time}{offset or ''}")
        # FHIR allows a leap second, which Python's datetime does not have.
        length = timedelta(seconds=int(seconds or 0))
        aware = local if local.tzinfo else local.replace(tzinfo=zone)
        return aware.astimezone(UTC) + length if length <= timedelta(seconds=60) else None
    except (ValueError, OverflowError):
        return None


def _participants(resource: Json, resource_type: str) -> Iterator[str]:
    """Yield the participants of that type as relative references."""
    actors = (
        object_member(participant, "actor")
        for participant in list_objects(resource.get("participant"))
    )
    references = (local_reference(actor.get("reference"), resource_type) for actor in actors)
    return filter(None, references)


def _has_odd_participant(resource: Json) -> bool:
    participants = resource.get("participant", [])
    return not isinstance(participants, list) or not all(map(_is_participant, participants))


def _is_participant(participant: object) -> bool:
    # A participant can be a role without an actor, or an actor without an address.
    if not isinstance(participant, dict):
        return False
    actor = participant.get("actor", {})
    return isinstance(actor, dict) and isinstance(actor.get("reference", ""), str)
