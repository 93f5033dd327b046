"""Reads earlier reports of an element by the patient or for them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from uuid import UUID, uuid5

from fhir_client.client import FhirClient
from fhir_client.model import Json
from fhir_client.references import local_reference
from fhir_client.uscore.elements import OBSERVATION_CODES
from fhir_client.uscore.observations import (
    SOURCE_METHODS,
    observation_element,
    observation_names,
    parse_observation,
)
from fhir_client.uscore.shapes import is_well_formed
from fhir_client.uscore.statement import ElementValue, Source

VALID_STATUSES = ("final", "amended", "corrected")
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ElementReport:
    """One report of an element; `by_patient` marks the patient's own.

    `identifiers` are the values of the Observation's own identifiers. `value` is what was reported,
    None where it is nothing that we would write.
    """

    element: str
    by_patient: bool
    reported_at: datetime
    identifiers: frozenset[str]
    value: ElementValue | None = None


def read_reports(client: FhirClient, reference: str) -> Iterator[ElementReport]:
    """Yield the current reports about the Patient with that reference, unordered."""
    codes = ",".join(f"{code.system}|{code.code}" for code in OBSERVATION_CODES.values())
    patient_id = reference.removeprefix("Patient/")
    for observation in client.search("Observation", {"patient": patient_id, "code": codes}):
        # An odd Observation of others holds no submission.
        if not is_well_formed(observation):
            continue
        # A server that ignores a search parameter returns other patients' Observations.
        subject = observation.get("subject", {}).get("reference")
        if local_reference(subject, "Patient") != reference:
            continue
        element = observation_element(observation)
        by_patient = _is_by_patient(observation, reference)
        if element is not None and by_patient is not None and _has_valid_value(observation):
            yield ElementReport(
                element,
                by_patient,
                _parse_moment(observation.get("effectiveDateTime")),
                frozenset(
                    str(identifier.get("value")) for identifier in observation.get("identifier", [])
                ),
                parse_observation(observation),
            )


def reported_by_patient(reports: Iterable[ElementReport]) -> frozenset[str]:
    """Return the elements with a newest report by the patient themselves."""
    in_order = sorted(reports, key=lambda report: report.reported_at)
    newest = {report.element: report.by_patient for report in in_order}
    return frozenset(element for element, by_patient in newest.items() if by_patient)


def reported_elsewhere(
    reports: Iterable[ElementReport], own_submissions: Iterable[UUID]
) -> frozenset[str]:
    """Return the elements with a report that is not from our own submissions."""
    reports = tuple(reports)
    own_identifiers = _observation_identifiers(own_submissions, reports)
    return frozenset(
        report.element for report in reports if not report.identifiers & own_identifiers
    )


def reported_by_us(
    reports: Iterable[ElementReport], own_submissions: Iterable[UUID]
) -> tuple[ElementReport, ...]:
    """Return the reports that are from our own submissions."""
    reports = tuple(reports)
    own_identifiers = _observation_identifiers(own_submissions, reports)
    return tuple(report for report in reports if report.identifiers & own_identifiers)


def _observation_identifiers(
    submissions: Iterable[UUID], reports: tuple[ElementReport, ...]
) -> set[str]:
    """Return the identifiers that Observations of these submissions can have."""
    counts = Counter(report.element for report in reports)
    # A submission has as many Observations of an element as the server has, at most.
    names = tuple(
        name
        for element in OBSERVATION_CODES
        for name in islice(observation_names(element), counts[element])
    )
    return {uuid5(submission, name).urn for submission in submissions for name in names}


def _has_valid_value(observation: Json) -> bool:
    return observation.get("status") in VALID_STATUSES and "dataAbsentReason" not in observation


def _is_by_patient(observation: Json, patient: str) -> bool | None:
    """Return True for the patient, False for a related person, else None."""
    methods = {coding.get("code") for coding in observation.get("method", {}).get("coding", [])}
    if methods:
        # The method outranks the performer: a parent may use the patient's own account.
        if SOURCE_METHODS[Source.PATIENT].code in methods:
            return True
        return False if any(method.code in methods for method in SOURCE_METHODS.values()) else None
    performers = [
        (local_reference(performer.get("reference"), "Patient"), performer.get("type"))
        for performer in observation.get("performer", [])
    ]
    if any(reference == patient for reference, _ in performers):
        return True
    return False if any(kind == "RelatedPerson" for _, kind in performers) else None


def _parse_moment(text: object) -> datetime:
    """Return a FHIR dateTime, which may lack parts.

    An unreadable one comes before all others.
    """
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return _BEFORE_ALL
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
