"""Tribal affiliation is written beside all else, read back, and undone."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4, uuid5

import pytest

from fhir_client.model import Element
from fhir_client.uscore.chart import chart_elements, describe_elements
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


def observations(outbox: Outbox, submission: Submission) -> list[dict[str, Any]]:
    """Return the Observation of each tribe, in the order of the answer."""
    resources: list[dict[str, Any]] = []
    for name in ("tribal-affiliation", "tribal-affiliation-2", "tribal-affiliation-3"):
        own = uuid5(submission.id, name).urn
        resources += outbox.direct_client.search(
            "Observation", {"identifier": f"urn:ietf:rfc:3986|{own}"}
        )
    return resources


def tribe_names(chart: dict[str, Any]) -> tuple[str, ...]:
    """Return the names of the chart's tribes, without their codes."""
    words = describe_elements(chart)[Element.TRIBAL_AFFILIATION]
    return tuple(text.partition(" [")[0] for text in words)


def test_every_tribe_is_in_the_chart_and_all_of_it_can_be_undone(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    before = outbox.direct_client.read(patient)
    submission = deliver_new(outbox, patient)
    chart = outbox.direct_client.read(patient)
    assert tribe_names(chart) == NAMES
    assert chart_of_others(chart) == chart_of_others(before)
    written = observations(outbox, submission)
    assert [resource["valueCodeableConcept"]["text"] for resource in written] == list(NAMES)
    with outbox.database.write() as tx:
        assert undo_requests.request_undo(tx, str(submission.id)) is UndoRequestResult.STARTED
    outbox.work_until_closed(submission)
    assert outbox.read_state(submission) == ("reversed", None)
    assert chart_elements(outbox.direct_client.read(patient)) == chart_elements(before)
    statuses = [resource["status"] for resource in observations(outbox, submission)]
    assert statuses == ["entered-in-error"] * len(NAMES)


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
    assert tribe_names(outbox.direct_client.read(patient)) == NAMES
