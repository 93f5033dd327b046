"""Checks a clinic at its FHIR server: Organization, Locations, schedule and record numbers."""

from collections.abc import Iterator
from datetime import date
from itertools import islice

from fhir_client.client import FhirClient
from fhir_client.errors import FhirError, GoneError, RefusedError
from fhir_client.model import Json
from fhir_client.write.patient_matching import match_patient
from intake.clock import Clock
from intake.diagnostics.findings import Finding, good_finding, unknown_finding, wrong_finding
from intake.diagnostics.servers import suggest_remedy
from intake.schedule.fetch import read_expected_visits, schedule_window, search_appointments
from intake.settings import Clinic, Server

# If patients have record numbers at all, one of ten has one.
SAMPLE_SIZE = 10


def check_clinic(
    clinic: Clinic, server: Server, client: FhirClient, clock: Clock
) -> Iterator[Finding]:
    """Yield the findings about the clinic."""
    about = f"clinic {clinic.id}"
    try:
        yield _check_reference(about, client, "Organization", clinic.organization)
        for location in clinic.locations:
            yield _check_reference(about, client, "Location", location)
        yield _check_schedule(about, client, clinic, clock)
        yield from _check_record_numbers(about, client, clinic, clock)
    except FhirError as error:
        yield wrong_finding(
            about,
            f"its locations or its schedule cannot be read. {error.message}",
            suggest_remedy(server, error),
        )


def _check_reference(
    about: str, client: FhirClient, resource_type: str, configured: str
) -> Finding:
    """Check an Organization or Location, configured by reference or by identifier."""
    name = "organization" if resource_type == "Organization" else "locations"
    key = f"{name} of [{about.removeprefix('clinic ')}] in clinics.toml"
    if configured.startswith(f"{resource_type}/"):
        matches = _read_if_there(client, configured)
    else:
        matches = _search_identifier(client, resource_type, configured)
    match matches:
        case []:
            return wrong_finding(about, f"the server knows no {configured}", f"Correct {key}.")
        case [place] if place.get("active") is False or place.get("status") == "inactive":
            return wrong_finding(
                about, f"{configured} is no longer active on the server", f"Correct {key}."
            )
        # An Appointment names its Location by reference, so an identifier would match none.
        case [place] if resource_type == "Location" and configured != f"Location/{place.get('id')}":
            return wrong_finding(
                about,
                f"appointments name locations by reference, and {configured} is not a reference",
                f"Name Location/{place['id']} in {key}.",
            )
        case [_]:
            return good_finding(about, f"the server knows {configured}")
        case _:
            return wrong_finding(
                about,
                f"the server knows more than one {resource_type} by {configured}",
                f"Name the reference in {key}.",
            )


def _read_if_there(client: FhirClient, reference: str) -> list[Json]:
    try:
        return [client.read(reference)]
    except GoneError:
        return []


def _search_identifier(client: FhirClient, resource_type: str, identifier: str) -> list[Json]:
    return list(client.search(resource_type, {"identifier": identifier, "_count": "2"}))


def _check_schedule(about: str, client: FhirClient, clinic: Clinic, clock: Clock) -> Finding:
    count = sum(1 for _ in search_appointments(client, clinic, schedule_window(clinic, clock())))
    if count == 0:
        return unknown_finding(
            about,
            "the schedule can be searched, and has no appointments today or tomorrow",
            "If you expect patients, compare locations in clinics.toml with an Appointment.",
        )
    return good_finding(
        about, f"the schedule can be searched: {count} appointments today and tomorrow"
    )


def _check_record_numbers(
    about: str, client: FhirClient, clinic: Clinic, clock: Clock
) -> Iterator[Finding]:
    """Check that the record numbers by which the desk lets walk-ins in find a chart."""
    system = clinic.record_number_system
    if not system:
        return
    visits = read_expected_visits(client, clinic, schedule_window(clinic, clock()))
    sample = tuple(islice(visits, SAMPLE_SIZE))
    readable = [visit for visit in sample if not visit.fault]
    if sample and not readable:
        words = f"it lets us read no chart of the expected patients (of {len(sample)} tried)"
        yield wrong_finding(about, words, "Ask the EHR's support to let us read Patient.")
    for visit in readable:
        if visit.record_number and visit.birth_date:
            identifier = {"system": system, "value": visit.record_number}
            yield _check_matching(about, client, identifier, visit.birth_date)
            return
    words = f"no expected patient (of {len(readable)} charts) has a record number of {system}"
    remedy = f"Correct record_number_system of [{clinic.id}] in clinics.toml."
    if len(readable) == SAMPLE_SIZE:
        yield wrong_finding(about, words, remedy)
    elif readable:
        yield unknown_finding(about, words, f"If they have others: {remedy}")


def _check_matching(about: str, client: FhirClient, identifier: Json, birth_date: date) -> Finding:
    try:
        match_patient(client, identifier, birth_date)
    except RefusedError as error:
        words = f"a chart cannot be searched by its record number. {error.message}"
        return wrong_finding(
            about, words, "Ask the EHR's support to let us search Patient by identifier."
        )
    system = identifier["system"]
    return good_finding(
        about, f"record numbers of {system} find a chart, so the desk can let walk-ins in"
    )
