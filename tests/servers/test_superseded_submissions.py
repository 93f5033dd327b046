"""A later answer supersedes what an undelivered submission says of the same."""

import pytest

from fhir_client.uscore.chart import chart_elements
from intake.answers import Answer, AnswerState, Informant
from intake.store.outbox.retry import retry_submission
from intake.store.tables import submissions as table
from tests.support.fault_proxy import (
    answer_with,
    at_next_transaction,
)
from tests.support.outbox import (
    ONE_OF_EACH,
    Outbox,
    count_effects,
)

pytestmark = pytest.mark.server


def test_a_later_answer_supersedes_part_of_a_held_submission(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    first = outbox.submit_example(patient)
    outbox.proxy.planned_faults = [at_next_transaction(answer_with(422))]
    outbox.deliver_due()
    assert outbox.read_state(first) == ("held", "refused")
    second = outbox.submit_example(
        patient, answers={"race-ethnicity": Answer(AnswerState.ANSWERED, ("2106-3",))}
    )
    outbox.deliver_due()
    assert [outbox.read_state(submission)[0] for submission in (first, second)] == [
        "held",
        "verified",
    ]
    with outbox.database.write() as tx:
        retry_submission(tx, str(first.id))
    outbox.deliver_due()
    assert outbox.read_state(first)[0] == "verified"
    chart = chart_elements(outbox.direct_client.read(patient))
    assert [part["valueCoding"]["code"] for part in chart["race"][0]["extension"][:-1]] == [
        "2106-3"
    ]
    assert count_effects(outbox.direct_client, first) == {**ONE_OF_EACH, "race": 0, "ethnicity": 0}
    assert [entry.get("preferred", False) for entry in chart["communication"]] == [
        False,
        True,
        False,
    ]


def test_a_held_submission_with_nothing_left_is_superseded_and_erased(
    outbox: Outbox,
) -> None:
    patient = outbox.create_patient()
    first = outbox.submit_example(patient)
    outbox.proxy.planned_faults = [at_next_transaction(answer_with(422))]
    outbox.deliver_due()
    second = outbox.submit_example(patient, informant=Informant.GUARDIAN)
    outbox.deliver_due()
    assert [outbox.read_state(submission)[0] for submission in (first, second)] == [
        "superseded",
        "verified",
    ]
    with outbox.database.read() as tx:
        row = tx.connection.execute(table.select().where(table.c.id == str(first.id))).one()
    assert (row.payload, row.detail) == (None, None)
