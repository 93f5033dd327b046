"""Tribal affiliation is written beside all else, read back, and undone."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4, uuid5

import pytest

from fhir_client.model import Element
from fhir_client.uscore.chart import chart_elements, describe_elements
from fhir_client.uscore.observations import parse_observation
from fhir_client.uscore.statement import TribalAffiliation
from intake.answers import Submission
from intake.store.outbox import undo_requests
from intake.store.outbox.undo_requests import UndoRequestResult
from intake.store.payload import decode_submission
from tests.support.outbox import Outbox, chart_of_others

pytestmark = pytest.mark.server
EXAMPLE = decode_submission(
    (Path(__file__).parents[1] / "support" / "data" / "tribal.answers.json").read_bytes()
)
NAMES = (
    "Navajo Nation, Arizona, New Mexico, & Utah",
    "Central Council of the Tlingit & Haida Indian Tribes",
    "Schaghticoke",
)


def deliver_new(outbox: Outbox, patient: str) -> Submission:
    submission = outbox.store_submission(
        replace(EXAMPLE, id=uuid4(), patient=patient, encounter=None)
    )
    outbox.work_until_closed(submission)
    assert outbox.read_state(submission) == ("verified", None)
    return submission


def observation(outbox: Outbox, submission: Submission) -> dict[str, object]:
    own = uuid5(submission.id, "tribal-affiliation").urn
    [resource] = outbox.direct_client.search(
        "Observation", {"identifier": f"urn:ietf:rfc:3986|{own}"}
    )
    return dict(resource)


def test_every_tribe_is_in_the_chart_and_all_of_it_can_be_undone(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    before = outbox.direct_client.read(patient)
    submission = deliver_new(outbox, patient)
    chart = outbox.direct_client.read(patient)
    assert describe_elements(chart)[Element.TRIBAL_AFFILIATION] == NAMES
    assert chart_of_others(chart) == chart_of_others(before)
    parsed = parse_observation(observation(outbox, submission))
    assert isinstance(parsed, TribalAffiliation)
    assert {tribe.text for tribe in parsed.tribes} == set(NAMES)
    with outbox.database.write() as tx:
        assert undo_requests.request_undo(tx, str(submission.id)) is UndoRequestResult.STARTED
    outbox.work_until_closed(submission)
    assert outbox.read_state(submission) == ("reversed", None)
    assert chart_elements(outbox.direct_client.read(patient)) == chart_elements(before)
    assert observation(outbox, submission)["status"] == "entered-in-error"


def test_a_tribe_answered_again_after_an_undo_is_written_again(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    submission = deliver_new(outbox, patient)
    chart = outbox.direct_client.read(patient)
    outbox.edit_chart(
        patient,
        extension=[
            extension for extension in chart["extension"] if "tribal" not in extension["url"]
        ],
    )
    again = outbox.store_submission(replace(submission, id=uuid4()))
    outbox.work_until_closed(again)
    assert (
        describe_elements(outbox.direct_client.read(patient))[Element.TRIBAL_AFFILIATION] == NAMES
    )
