"""In any order of submissions, edits and undos others' values stay."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_client.uscore.chart import chart_elements
from fhir_client.write.transaction import TransactionWriter
from intake.answers import Answer, AnswerState, Submission
from intake.store.outbox import undo_leases
from intake.store.outbox.undo_requests import UndoRequestResult
from tests.support.outbox import EXAMPLE_PATIENT, Outbox, chart_of_others

pytestmark = pytest.mark.server


class Killed(BaseException):
    """Ends the worker's process here."""


def killed(*_: object, **__: object) -> None:
    raise Killed


def race_answer(*choices: str) -> Answer:
    return Answer(AnswerState.ANSWERED, choices)


SAID = st.fixed_dictionaries(
    {},
    optional={
        "race-ethnicity": st.sampled_from([("2106-3",), ("2028-9", "2047-9"), ("2135-2",)]).map(
            lambda choices: race_answer(*choices)
        ),
        "spoken-language": st.sampled_from(["en", "es", "yue"]).map(race_answer),
        "interpreter": st.sampled_from([race_answer("yes"), Answer(AnswerState.DECLINED)]),
    },
).filter(bool)
STEPS = st.lists(
    st.tuples(st.just("say"), SAID)
    | st.tuples(st.just("edit"), st.none())
    | st.tuples(st.just("undo"), st.integers(0, 3)),
    min_size=3,
    max_size=7,
)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(STEPS)
def test_any_sequence_of_submissions_edits_and_undos_keeps_others_values(
    outbox: Outbox, steps: list[Any]
) -> None:
    patient = outbox.create_patient()
    standing: list[Submission] = []
    edits = 0
    for what, value in steps:
        if what == "say":
            standing.append(outbox.deliver_new(patient, answers=value))
        elif what == "edit":
            edits += 1
            chart = outbox.direct_client.read(patient)
            outbox.edit_chart(
                patient,
                telecom=[
                    *chart["telecom"],
                    {"system": "phone", "value": str(len(chart["telecom"]))},
                ],
            )
        elif standing:
            assert outbox.deliver_undo(standing.pop(value % len(standing))) == ("reversed", None)
        now = outbox.direct_client.read(patient)
        assert len(now["telecom"]) == 1 + edits
        assert chart_of_others(
            {**EXAMPLE_PATIENT, "id": now["id"], "telecom": now["telecom"]}
        ) == chart_of_others(now)
    while standing:
        assert outbox.deliver_undo(standing.pop(0)) == ("reversed", None)
    assert chart_elements(outbox.direct_client.read(patient)) == chart_elements(EXAMPLE_PATIENT)


def test_an_undo_killed_after_the_read_back_is_done_once(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = outbox.create_patient()
    before = outbox.read_chart(patient)
    submission = outbox.deliver_new(patient)
    assert outbox.request_undo(submission) is UndoRequestResult.STARTED
    with monkeypatch.context() as patch:
        patch.setattr(undo_leases, "finish_undo", killed)
        with pytest.raises(Killed):
            outbox.deliver_due()
    assert outbox.read_record(submission).sending
    outbox.clock.advance(hours=1)
    outbox.work_until_closed(submission)
    assert outbox.read_state(submission) == ("reversed", None)
    assert (outbox.read_chart(patient), outbox.count_versions(patient)) == (before, 3)


def test_an_undo_killed_between_write_and_read_back_is_done_once(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    before = outbox.read_chart(patient)
    submission = outbox.deliver_new(patient)
    assert outbox.request_undo(submission) is UndoRequestResult.STARTED

    with pytest.MonkeyPatch.context() as patch:
        real = TransactionWriter.amend

        def amend(self: TransactionWriter, *arguments: Any) -> None:
            real(self, *arguments)
            raise Killed

        patch.setattr(TransactionWriter, "amend", amend)
        with pytest.raises(Killed):
            outbox.deliver_due()
    outbox.clock.advance(hours=1)
    outbox.work_until_closed(submission)
    assert outbox.read_state(submission) == ("reversed", None)
    assert (outbox.read_chart(patient), outbox.count_versions(patient)) == (before, 3)
