"""One clinic at its FHIR server: are its Organization and Locations there, and can its schedule be read."""

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

SOME = 10
"""Charts that are looked at for a record number; somebody among so many has one, where there are any."""


def check_clinic(
    clinic: Clinic, server: Server, client: FhirClient, clock: Clock
) -> Iterator[Finding]:
    """Yield what is found of the clinic."""
    about = f"clinic {clinic.id}"
    try:
        yield _place(about, client, "Organization", clinic.organization)
        for location in clinic.locations:
            yield _place(about, client, "Location", location)
        yield _schedule(about, client, clinic, clock)
        yield from _record_numbers(about, client, clinic, clock)
    except FhirError as error:
        yield wrong_finding(
            about,
            f"its places or its schedule cannot be read. {error.message}",
            suggest_remedy(server, error),
        )


def _place(about: str, client: FhirClient, kind: str, named: str) -> Finding:
    """Return whether the server knows an Organization or a Location by the reference or the identifier that is configured."""
    key = f"{kind.lower()}{'s' if kind == 'Location' else ''} of [{about.removeprefix('clinic ')}] in clinics.toml"
    found = _read(client, named) if named.startswith(f"{kind}/") else _search(client, kind, named)
    match found:
        case []:
            return wrong_finding(about, f"the server knows no {named}", f"Correct {key}.")
        case [one] if one.get("active") is False or one.get("status") == "inactive":
            return wrong_finding(
                about, f"{named} is no longer active on the server", f"Correct {key}."
            )
        case [one] if kind == "Location" and named != f"Location/{one.get('id')}":
            return wrong_finding(
                about,
                f"the schedule names places by reference, and {named} is none",
                f"Name Location/{one['id']} in {key}.",
            )
        case [_]:
            return good_finding(about, f"the server knows {named}")
        case _:
            return wrong_finding(
                about,
                f"the server knows more than one {kind} by {named}",
                f"Name the reference in {key}.",
            )


def _read(client: FhirClient, reference: str) -> list[Json]:
    try:
        return [client.read(reference)]
    except GoneError:
        return []


def _search(client: FhirClient, kind: str, named: str) -> list[Json]:
    return list(client.search(kind, {"identifier": named, "_count": "2"}))


def _schedule(about: str, client: FhirClient, clinic: Clinic, clock: Clock) -> Finding:
    count = sum(1 for _ in search_appointments(client, clinic, schedule_window(clinic, clock())))
    if count == 0:
        return unknown_finding(
            about,
            "the schedule can be searched, and has nobody for today and tomorrow",
            "If patients are expected, compare locations in clinics.toml with the Location of an Appointment.",
        )
    return good_finding(
        about, f"the schedule can be searched: {count} appointments today and tomorrow"
    )


def _record_numbers(
    about: str, client: FhirClient, clinic: Clinic, clock: Clock
) -> Iterator[Finding]:
    """Yield whether who is expected is found by a record number of the system by which the desk lets others in."""
    system = clinic.record_number_system
    looked_at = (
        tuple(islice(read_expected_visits(client, clinic, schedule_window(clinic, clock())), SOME))
        if system
        else ()
    )
    charts = [each for each in looked_at if not each.fault]
    if looked_at and not charts:
        words = (
            f"it lets us read the chart of nobody who is expected (of {len(looked_at)} looked at)"
        )
        yield wrong_finding(about, words, "Ask the EHR's support to let us read Patient.")
    for each in charts:
        if each.record_number and each.birth_date:
            yield _looked_for(
                about, client, {"system": system, "value": each.record_number}, each.birth_date
            )
            return
    words = f"nobody who is expected (of {len(charts)} looked at) has a record number of {system}"
    way_out = f"Correct record_number_system of [{clinic.id}] in clinics.toml."
    if len(charts) == SOME:
        yield wrong_finding(about, words, way_out)
    elif charts:
        yield unknown_finding(about, words, f"If they have others: {way_out}")


def _looked_for(about: str, client: FhirClient, identifier: Json, birth_date: date) -> Finding:
    try:
        match_patient(client, identifier, birth_date)
    except RefusedError as error:
        words = f"a chart cannot be looked for by its record number. {error.message}"
        return wrong_finding(
            about, words, "Ask the EHR's support to let us search Patient by identifier."
        )
    system = identifier["system"]
    return good_finding(
        about,
        f"charts are found by record numbers of {system}, by which the desk lets in who is on no schedule",
    )
