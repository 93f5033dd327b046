"""The newest report of each element, and whether the patient made it."""

from collections.abc import Iterator
from typing import Any, cast
from uuid import UUID, uuid5

import pytest

from fhir_client.client import FhirClient
from fhir_client.model import Element
from fhir_client.uscore.elements import OBSERVATION_CODES
from fhir_client.uscore.observations import SOURCE_METHODS
from fhir_client.uscore.statement import Source
from fhir_client.write.patient_reports import read_reports, reported_by_patient, reported_elsewhere

PATIENT = "Patient/1"
SELF = {"method": {"coding": [{"code": SOURCE_METHODS[Source.PATIENT].code}]}}
RELATED = {"method": {"coding": [{"code": SOURCE_METHODS[Source.RELATED_PERSON].code}]}}
OBSERVED = {"method": {"coding": [{"code": "observed"}]}}
BY_PATIENT = {"performer": [{"reference": f"https://ehr.example/fhir/{PATIENT}"}]}
BY_PARENT = {"performer": [{"type": "RelatedPerson", "display": "Parent"}]}
BY_NURSE = {"performer": [{"reference": "Practitioner/7"}]}


def observation(how: dict[str, Any], element: str = "race", **more: Any) -> dict[str, Any]:
    code = {
        "coding": [{"system": "http://loinc.org", "code": OBSERVATION_CODES[Element(element)].code}]
    }
    subject = {"reference": f"https://ehr.example/fhir/{PATIENT}"}
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": code,
        "subject": subject,
        **how,
        **more,
    }


class ObservationServer:
    """A server that has these Observations."""

    def __init__(self, *held: dict[str, Any]) -> None:
        self.held = held

    def search(self, *_: object) -> Iterator[dict[str, Any]]:
        return iter(self.held)


def patient_reported(*held: dict[str, Any]) -> set[str]:
    return set(
        reported_by_patient(read_reports(cast("FhirClient", ObservationServer(*held)), PATIENT))
    )


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (SELF, {"race"}),
        (RELATED, set()),
        (OBSERVED, set()),
        (BY_PATIENT, {"race"}),
        (BY_PARENT, set()),
        (BY_NURSE, set()),
        ({}, set()),
        # The method outranks the performer: a parent may use the patient's own account.
        (RELATED | BY_PATIENT, set()),
    ],
)
def test_the_method_and_the_performer_tell_the_reporter(
    how: dict[str, Any], expected: set[str]
) -> None:
    assert patient_reported(observation(how)) == expected


def test_another_patients_observation_is_no_report() -> None:
    assert patient_reported(observation(SELF, subject={"reference": "Patient/12"})) == set()
    assert patient_reported(observation(SELF, subject={})) == set()


@pytest.mark.parametrize(
    "change", [{"status": "entered-in-error"}, {"dataAbsentReason": {"text": "declined"}}]
)
def test_an_invalid_or_absent_value_is_no_report(change: dict[str, Any]) -> None:
    assert patient_reported(observation(SELF, **change)) == set()


def test_the_newest_report_counts_however_exact_its_date_is() -> None:
    parent = observation(RELATED, effectiveDateTime="2026-11-24T10:00:00+05:00")
    assert patient_reported(
        observation(SELF, effectiveDateTime="2026-11-24T06:00:00Z"), parent
    ) == {"race"}
    assert (
        patient_reported(observation(SELF, effectiveDateTime="2026-11-24T04:00:00Z"), parent)
        == set()
    )
    assert patient_reported(observation(SELF, effectiveDateTime="2026-11-25"), parent) == {"race"}
    assert (
        patient_reported(parent, observation(SELF, effectiveDateTime="2019"), observation(SELF))
        == set()
    )


def test_each_element_has_its_own_newest_report() -> None:
    assert patient_reported(
        observation(SELF), observation(RELATED, "ethnicity"), observation(SELF, "interpreter")
    ) == {
        "race",
        "interpreter",
    }


def test_our_own_submissions_are_no_reports_from_elsewhere() -> None:
    ours, other = UUID(int=1), UUID(int=2)
    held = [
        observation(SELF, element, identifier=[{"value": uuid5(submission, element).urn}])
        for submission, element in ((ours, "race"), (other, "interpreter"))
    ]
    # Each tribe of a submission has an Observation of its own.
    held += [
        observation(SELF, "tribal-affiliation", identifier=[{"value": uuid5(ours, name).urn}])
        for name in ("tribal-affiliation", "tribal-affiliation-2")
    ]
    assert reported_elsewhere(
        read_reports(cast("FhirClient", ObservationServer(*held)), PATIENT), [ours]
    ) == {"interpreter"}
