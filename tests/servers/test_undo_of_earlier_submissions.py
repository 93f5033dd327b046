"""An undo of an earlier submission leaves what a later one answered."""

import pytest

from fhir_client.uscore.chart import chart_elements
from intake.answers import Answer, AnswerState
from intake.store.outbox.discard import discard_submission
from tests.support.fault_proxy import (
    answer_with,
    at_next_transaction,
)
from tests.support.outbox import Outbox

pytestmark = pytest.mark.server


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_later_submission_stays_and_its_undo_restores_the_first_values(
    outbox: Outbox, newest_first: bool
) -> None:
    patient = outbox.create_patient()
    before = outbox.read_chart(patient)
    first = outbox.deliver_new(patient)
    second = outbox.deliver_new(
        patient, answers={"race-ethnicity": Answer(AnswerState.ANSWERED, ("2106-3",))}
    )
    now = chart_elements(outbox.direct_client.read(patient))
    if newest_first:
        assert outbox.deliver_undo(second) == ("reversed", None)
        assert outbox.deliver_undo(first) == ("reversed", None)
    else:
        assert outbox.deliver_undo(first) == ("reversed", None)
        assert chart_elements(outbox.direct_client.read(patient))["race"] == now["race"]
        assert (
            chart_elements(outbox.direct_client.read(patient))["communication"]
            == before["communication"]
        )
        assert outbox.read_statuses(second) == {"corrected", "completed"}
        assert outbox.deliver_undo(second) == ("reversed", None)
    assert outbox.read_chart(patient) == before


def test_a_later_submission_with_the_same_answer_stays(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    before = outbox.read_chart(patient)
    first, second = outbox.deliver_new(patient), outbox.deliver_new(patient)
    chart_then = outbox.read_chart(patient)
    assert outbox.deliver_undo(first) == ("reversed", None)
    assert outbox.read_chart(patient) == chart_then
    assert outbox.deliver_undo(second) == ("reversed", None)
    assert outbox.read_chart(patient) == before


@pytest.mark.parametrize("discarded", [True, False])
def test_a_later_submission_that_was_refused_keeps_nothing_in_the_chart(
    outbox: Outbox, discarded: bool
) -> None:
    patient = outbox.create_patient()
    before = outbox.read_chart(patient)
    first = outbox.deliver_new(patient)
    outbox.proxy.planned_faults = [at_next_transaction(answer_with(422))]
    second = outbox.submit_example(patient)
    outbox.deliver_due()
    assert outbox.read_state(second) == ("held", "refused")
    assert outbox.read_record(second).sent_at is not None
    if discarded:
        with outbox.database.write() as tx:
            assert discard_submission(tx, str(second.id))
    assert outbox.deliver_undo(first) == ("reversed", None)
    assert outbox.read_chart(patient) == before
    assert outbox.read_statuses(first) == {"entered-in-error"}
