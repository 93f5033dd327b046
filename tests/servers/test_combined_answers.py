"""An answer to the combined question meets what the chart already says of the other half."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from fhir_client.model import UntouchedChoice
from fhir_client.uscore.chart import chart_elements
from intake.answers import Answer, AnswerState, Submission
from intake.settings import ConflictPolicies
from intake.store.outbox.counts import count_saying_more
from intake.store.outbox.records import list_records
from intake.store.tables import submissions as table
from tests.support.outbox import EXAMPLE_PATIENT, EXAMPLE_SUBMISSION, WHITE_RACE, Outbox

pytestmark = pytest.mark.server
HISPANIC = Answer(AnswerState.ANSWERED, ("2135-2",))
WHITE = Answer(AnswerState.ANSWERED, ("2106-3",))


def submit(outbox: Outbox, patient: str, answer: Answer, day: int = 0) -> Submission:
    """Store an answer to the combined question, given some days after the first."""
    answered_at = EXAMPLE_SUBMISSION.answered_at + timedelta(days=day)
    answers = {"race-ethnicity": answer}
    submission = outbox.submit_example(patient, answers=answers, answered_at=answered_at)
    outbox.deliver_due()
    return submission


def read_race(outbox: Outbox, patient: str) -> list[Any]:
    return chart_elements(outbox.direct_client.read(patient))["race"]


@pytest.mark.parametrize(
    ("choice", "state", "is_kept"),
    [
        (UntouchedChoice.KEEP, ("verified", None), True),
        (UntouchedChoice.REVIEW, ("held", "chart-changed"), True),
        (UntouchedChoice.REMOVE, ("verified", None), False),
    ],
)
def test_the_site_decides_about_a_race_that_hispanic_alone_left_untouched(
    outbox: Outbox, choice: UntouchedChoice, state: tuple[str, str | None], is_kept: bool
) -> None:
    outbox.settings = replace(outbox.settings, merge=ConflictPolicies(untouched=choice))
    patient = outbox.create_patient(extension=[*EXAMPLE_PATIENT["extension"], WHITE_RACE])
    submission = submit(outbox, patient, HISPANIC)
    assert outbox.read_state(submission) == state
    assert read_race(outbox, patient) == ([WHITE_RACE] if is_kept else [])
    is_listed = choice is UntouchedChoice.KEEP
    with outbox.database.read() as tx:
        listed = [record.id for record in list_records(tx, says_more=True)]
        assert count_saying_more(tx) == is_listed
    assert listed == ([str(submission.id)] if is_listed else [])
    if choice is UntouchedChoice.REMOVE:
        assert outbox.deliver_undo(submission) == ("reversed", None)
        assert read_race(outbox, patient) == [WHITE_RACE]


@pytest.mark.parametrize("erased", [False, True], ids=["stored", "erased"])
def test_the_patients_own_race_of_an_earlier_visit_gives_way(outbox: Outbox, erased: bool) -> None:
    patient = outbox.create_patient()
    first = submit(outbox, patient, WHITE)
    assert len(read_race(outbox, patient)) == 1
    if erased:
        with outbox.database.write() as tx:
            query = update(table).where(table.c.id == str(first.id)).values(payload=None)
            tx.connection.execute(query)
    second = submit(outbox, patient, HISPANIC, day=60)
    assert outbox.read_state(second) == ("verified", None)
    assert read_race(outbox, patient) == []
    assert outbox.deliver_undo(second) == ("reversed", None)
    assert len(read_race(outbox, patient)) == 1


def test_details_of_others_stay_and_are_not_in_the_observation(outbox: Outbox) -> None:
    detail = {**WHITE_RACE["extension"][0], "url": "detailed"}
    german = {"system": detail["valueCoding"]["system"], "code": "2112-1", "display": "German"}
    race = {
        **WHITE_RACE,
        "extension": [*WHITE_RACE["extension"], {**detail, "valueCoding": german}],
    }
    patient = outbox.create_patient(extension=[*EXAMPLE_PATIENT["extension"], race])
    submission = submit(outbox, patient, WHITE)
    assert outbox.read_state(submission) == ("verified", None)
    [extension] = read_race(outbox, patient)
    assert "2112-1" in str(extension)
    assert extension["extension"][-1] == {"url": "text", "valueString": "White; German"}
    query = {"patient": patient.removeprefix("Patient/")}
    assert "2112-1" not in str(list(outbox.direct_client.search("Observation", query)))
