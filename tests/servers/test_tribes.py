"""Tribal affiliation at a real server: in the chart beside all else, read back, and taken back."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4, uuid5

import pytest

from fhir_client.uscore.patient import elements_of
from fhir_client.uscore.reading import said_in
from fhir_client.uscore.statement import Tribes
from fhir_client.uscore.wording import in_words
from intake.answers import Submission
from intake.store import undoing
from intake.store.payload import decode
from intake.store.undoing import Asked
from tests.outbox import Outbox, rest_of

pytestmark = pytest.mark.server
EXAMPLE = decode((Path(__file__).parents[1] / "sync" / "data" / "tribal.answers.json").read_bytes())
NAMES = (
    "Navajo Nation, Arizona, New Mexico, & Utah",
    "Central Council of the Tlingit & Haida Indian Tribes",
    "Schaghticoke",
)


def written(outbox: Outbox, patient: str) -> Submission:
    sent = outbox.submit_this(replace(EXAMPLE, id=uuid4(), patient=patient, encounter=None))
    outbox.work_until_closed(sent)
    assert outbox.state(sent) == ("verified", None)
    return sent


def observation(outbox: Outbox, sent: Submission) -> dict[str, object]:
    own = uuid5(sent.id, "tribal-affiliation").urn
    [found] = outbox.real.search("Observation", {"identifier": f"urn:ietf:rfc:3986|{own}"})
    return dict(found)


def test_every_tribe_is_in_the_chart_and_all_of_it_can_be_taken_back(outbox: Outbox) -> None:
    patient = outbox.patient()
    before = outbox.real.read(patient)
    sent = written(outbox, patient)
    chart = outbox.real.read(patient)
    assert in_words(chart)["tribal-affiliation"] == NAMES
    assert rest_of(chart) == rest_of(before)
    said = said_in(observation(outbox, sent))
    assert isinstance(said, Tribes)
    assert {each.text for each in said.each} == set(NAMES)
    with outbox.database.write() as tx:
        assert undoing.ask(tx, str(sent.id)) is Asked.DONE
    outbox.work_until_closed(sent)
    assert outbox.state(sent) == ("reversed", None)
    assert elements_of(outbox.real.read(patient)) == elements_of(before)
    assert observation(outbox, sent)["status"] == "entered-in-error"


def test_said_again_it_is_there_again(outbox: Outbox) -> None:
    patient = outbox.patient()
    sent = written(outbox, patient)
    chart = outbox.real.read(patient)
    outbox.edit(
        patient, extension=[each for each in chart["extension"] if "tribal" not in each["url"]]
    )
    again = outbox.submit_this(replace(sent, id=uuid4()))
    outbox.work_until_closed(again)
    assert in_words(outbox.real.read(patient))["tribal-affiliation"] == NAMES
