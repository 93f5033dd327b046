"""Creates many patients with charts, and generated submissions for them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from fhir_client.client import FhirClient
from fhir_client.references import local_reference
from intake.answers import Informant, Submission
from tests.support.generated_cases import generate_cases
from tests.support.outbox import EXAMPLE_PATIENT, Outbox

Json = dict[str, Any]
AT_ONCE = 50

TURN_DAYS = 30
"""The generated submissions of one turn are answered within a shorter time."""


def create_patients(client: FhirClient, count: int) -> list[str]:
    """Create patients, each with an Observation and a Provenance of others.

    Returns their references.
    """
    return [
        reference
        for first in range(0, count, AT_ONCE)
        for reference in _some(client, range(first, min(first + AT_ONCE, count)))
    ]


def _some(client: FhirClient, numbers: Sequence[int]) -> list[str]:
    entries = [entry for number in numbers for entry in _chart(number)]
    answer = client.send_bundle({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    locations = (
        local_reference(entry["response"]["location"], "Patient") for entry in answer["entry"]
    )
    return [reference for reference in locations if reference]


def _chart(number: int) -> list[Json]:
    name = f"urn:uuid:00000000-0000-4000-8000-{number:012}"
    subject = {"reference": name}
    smoking = {
        "coding": [{"system": "http://loinc.org", "code": "72166-2"}],
        "text": "Tobacco smoking status",
    }
    others: list[Json] = [
        {
            "resourceType": "Observation",
            "status": "final",
            "code": smoking,
            "subject": subject,
            "valueString": "Never smoker",
        },
        {
            "resourceType": "Provenance",
            "target": [subject],
            "recorded": "2026-11-01T09:00:00Z",
            "agent": [{"who": {"display": "The registration desk"}}],
        },
    ]
    return [
        {
            "fullUrl": name,
            "resource": EXAMPLE_PATIENT,
            "request": {"method": "POST", "url": "Patient"},
        },
        *(
            {"resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}
            for resource in others
        ),
    ]


def submit_generated(
    outbox: Outbox, patients: Sequence[str], count: int, seed: int
) -> list[Submission]:
    """Store generated submissions for the patients in turn.

    From the second turn on the patient is the informant: another informant's answer over the
    patient's own would be held for a reviewer. Each turn is later than every answer before, so that
    it is another visit: no correction, and no late answer.
    """
    all_submissions = [
        outbox.store_submission(
            replace(
                _spoken(case.submission, turn=number // len(patients)),
                patient=patients[number % len(patients)],
            )
        )
        for number, case in enumerate(generate_cases(seed, count))
    ]
    assert len(all_submissions) == count
    return all_submissions


def _spoken(submission: Submission, *, turn: int) -> Submission:
    return replace(
        submission,
        encounter=None,
        # A server that checks references refuses a Practitioner that it lacks.
        entered_by=None,
        informant=Informant.SELF if turn else submission.informant,
        answered_at=submission.answered_at + timedelta(days=TURN_DAYS * turn),
    )
