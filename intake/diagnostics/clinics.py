"""Checks one clinic at its FHIR server: Organization, Locations and schedule."""

from collections.abc import Collection, Iterator
from datetime import date
from itertools import islice

from fhir_client.client import FhirClient
from fhir_client.errors import FhirError, GoneError, RefusedError
from fhir_client.model import Json
from fhir_client.write.patient_matching import match_patient
from intake.clock import Clock
from intake.diagnostics.findings import Finding, good_finding, unknown_finding, wrong_finding
from intake.diagnostics.servers import suggest_remedy
from intake.schedule.appointments import (
    schedule_window,
    search_appointments,
    searchable_locations,
)
from intake.schedule.faults import RecordFault
from intake.schedule.fetch import PROTECTED_CHART, read_expected_visits
from intake.settings import Clinic, Server
from intake.store.visits import Visit

MAX_FAULTS = 5
"""The check names this many unreadable appointments at most."""
MAX_CHARTS = 10
"""The check reads this many charts at most to find one with a record number."""


def check_clinic(
    clinic: Clinic,
    server: Server,
    client: FhirClient,
    clock: Clock,
    required: Collection[str] = (),
) -> Iterator[Finding]:
    """Yield the findings about the clinic.

    `required` are the search parameters that the server requires (`Quirks.appointment_search`).
    """
    about = f"clinic {clinic.id}"
    remedy = None
    try:
        yield _check_place(about, client, "Organization", clinic.organization)
        for location in clinic.locations:
            yield _check_place(about, client, "Location", location)
        # Some servers search appointments by location only, and refuse everything else.
        if not searchable_locations(clinic):
            remedy = (
                f"Name the clinic's Locations in locations of [{clinic.id}] in clinics.toml; if it "
                "still refuses, ask the EHR's support which search parameters it needs."
            )
        yield _check_schedule(about, client, clinic, clock, required)
        yield from _check_record_numbers(about, client, clinic, clock, required)
    except FhirError as error:
        is_refused = isinstance(error, RefusedError)
        yield wrong_finding(
            about,
            f"its places or its schedule cannot be read. {error.message}",
            remedy if remedy and is_refused else suggest_remedy(server, error),
        )


def _check_place(about: str, client: FhirClient, resource_type: str, name: str) -> Finding:
    """Return whether the server has the configured Organization or Location.

    `name` is the reference or the identifier in the settings.
    """
    key = f"{resource_type.lower()}{'s' if resource_type == 'Location' else ''}"
    setting = f"{key} of [{about.removeprefix('clinic ')}] in clinics.toml"
    is_reference = name.startswith(f"{resource_type}/")
    places = (
        _read_place(client, name) if is_reference else _search_places(client, resource_type, name)
    )
    match places:
        case []:
            return wrong_finding(about, f"the server knows no {name}", f"Correct {setting}.")
        case [place] if place.get("active") is False or place.get("status") == "inactive":
            return wrong_finding(
                about, f"{name} is no longer active on the server", f"Correct {setting}."
            )
        case [place] if resource_type == "Location" and name != f"Location/{place.get('id')}":
            # Appointments refer to their Location. An identifier would match none of them.
            return wrong_finding(
                about,
                f"the schedule names places by reference, and {name} is none",
                f"Name Location/{place['id']} in {setting}.",
            )
        case [_]:
            return good_finding(about, f"the server knows {name}")
        case _:
            return wrong_finding(
                about,
                f"the server knows more than one {resource_type} by {name}",
                f"Name the reference in {setting}.",
            )


def _read_place(client: FhirClient, reference: str) -> list[Json]:
    try:
        return [client.read(reference)]
    except GoneError:
        return []


def _search_places(client: FhirClient, resource_type: str, identifier: str) -> list[Json]:
    # Two results already show that the identifier is ambiguous.
    return list(client.search(resource_type, {"identifier": identifier, "_count": "2"}))


def _check_schedule(
    about: str, client: FhirClient, clinic: Clinic, clock: Clock, required: Collection[str]
) -> Finding:
    faults: list[RecordFault] = []
    window = schedule_window(clinic, clock())
    count = sum(1 for _ in search_appointments(client, clinic, window, faults.append, required))
    if faults:
        names = "; ".join(f"{fault.record}: {fault.words}" for fault in faults[:MAX_FAULTS])
        return wrong_finding(
            about,
            f"the schedule has {count} readable appointments today and tomorrow, and "
            f"{len(faults)} that could not be read ({names}"
            f"{'; …' if len(faults) > MAX_FAULTS else ''})",
            "Ask the EHR's support to correct these appointments.",
        )
    # An empty schedule may be right, for example on a holiday.
    if count == 0:
        return unknown_finding(
            about,
            "the schedule can be searched, and has no appointment for today and tomorrow",
            "If patients are expected, compare locations in clinics.toml with the Location of an "
            "Appointment.",
        )
    return good_finding(
        about, f"the schedule can be searched: {count} appointments today and tomorrow"
    )


def _check_record_numbers(
    about: str, client: FhirClient, clinic: Clinic, clock: Clock, required: Collection[str]
) -> Iterator[Finding]:
    """Yield whether patient matching by record number can work at this clinic.

    The check looks up an expected patient by the record number of their own chart.
    """
    visits = _read_some_visits(client, clinic, clock, required)
    readable = [visit for visit in visits if visit.fault != PROTECTED_CHART]
    if visits and not readable:
        words = f"it lets us read no expected patient's chart ({len(visits)} tried)"
        yield wrong_finding(about, words, "Ask the EHR's support to let us read Patient.")
    for visit in readable:
        if visit.record_number and visit.birth_date:
            identifier = {"system": clinic.record_number_system, "value": visit.record_number}
            yield _check_matching(about, client, identifier, visit.birth_date)
            return
    words = (
        f"no expected patient has a record number of {clinic.record_number_system} "
        f"({len(readable)} charts read)"
    )
    remedy = f"Correct record_number_system of [{clinic.id}] in clinics.toml."
    # Among so many charts at least one has a record number, if the system is right.
    if len(readable) == MAX_CHARTS:
        yield wrong_finding(about, words, remedy)
    elif readable:
        yield unknown_finding(about, words, f"If they have others: {remedy}")


def _read_some_visits(
    client: FhirClient, clinic: Clinic, clock: Clock, required: Collection[str]
) -> tuple[Visit, ...]:
    if not clinic.record_number_system:
        return ()
    window = schedule_window(clinic, clock())
    expected_visits = read_expected_visits(client, clinic, window, required=required)
    return tuple(islice(expected_visits, MAX_CHARTS))


def _check_matching(about: str, client: FhirClient, identifier: Json, birth_date: date) -> Finding:
    try:
        match_patient(client, identifier, birth_date)
    except RefusedError as error:
        words = f"a chart cannot be found by its record number. {error.message}"
        return wrong_finding(
            about, words, "Ask the EHR's support to let us search Patient by identifier."
        )
    return good_finding(
        about,
        f"charts are found by record numbers of {identifier['system']}, so the desk can admit "
        "patients without an appointment",
    )
