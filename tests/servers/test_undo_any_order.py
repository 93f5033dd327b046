"""Undo among other submissions, edits and killed workers: what others wrote stays, and it is done once."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_client.uscore.patient import elements_of
from fhir_client.writing.transaction import Transaction
from intake.answers import Answer, State, Submission
from intake.store import undoing
from intake.store.undoing import Asked
from tests.outbox import PATIENT, Outbox, rest_of

from .test_undo import ask, chart, undone, written

pytestmark = pytest.mark.server


class Killed(BaseException):
    """The worker's process ends here."""


def killed(*_: object, **__: object) -> None:
    raise Killed


def answered(*choices: str) -> Answer:
    return Answer(State.ANSWERED, choices)


SAID = st.fixed_dictionaries(
    {},
    optional={
        "race-ethnicity": st.sampled_from([("2106-3",), ("2028-9", "2047-9"), ("2135-2",)]).map(
            lambda each: answered(*each)
        ),
        "spoken-language": st.sampled_from(["en", "es", "yue"]).map(answered),
        "interpreter": st.sampled_from([answered("yes"), Answer(State.DECLINED)]),
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
def test_any_sequence_of_submissions_edits_and_undos_leaves_what_others_wrote(
    outbox: Outbox, steps: list[Any]
) -> None:
    patient = outbox.patient()
    standing: list[Submission] = []
    edits = 0
    for what, value in steps:
        if what == "say":
            standing.append(written(outbox, patient, answers=value))
        elif what == "edit":
            edits += 1
            held = outbox.real.read(patient)
            outbox.edit(
                patient,
                telecom=[*held["telecom"], {"system": "phone", "value": str(len(held["telecom"]))}],
            )
        elif standing:
            assert undone(outbox, standing.pop(value % len(standing))) == ("reversed", None)
        now = outbox.real.read(patient)
        assert len(now["telecom"]) == 1 + edits
        assert rest_of({**PATIENT, "id": now["id"], "telecom": now["telecom"]}) == rest_of(now)
    while standing:
        assert undone(outbox, standing.pop(0)) == ("reversed", None)
    assert elements_of(outbox.real.read(patient)) == elements_of(PATIENT)


def test_killed_after_the_read_back_it_is_done_once(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = outbox.patient()
    before = chart(outbox, patient)
    sent = written(outbox, patient)
    assert ask(outbox, sent) is Asked.DONE
    with monkeypatch.context() as patch:
        patch.setattr(undoing, "done", killed)
        with pytest.raises(Killed):
            outbox.work()
    assert outbox.row(sent).sending
    outbox.clock.advance(hours=1)
    outbox.work_until_closed(sent)
    assert outbox.state(sent) == ("reversed", None)
    assert (chart(outbox, patient), outbox.versions(patient)) == (before, 3)


def test_killed_between_write_and_read_back_it_is_done_once(outbox: Outbox) -> None:
    patient = outbox.patient()
    before = chart(outbox, patient)
    sent = written(outbox, patient)
    assert ask(outbox, sent) is Asked.DONE

    with pytest.MonkeyPatch.context() as patch:
        real = Transaction.amend

        def amend(self: Transaction, *given: Any) -> None:
            real(self, *given)
            raise Killed

        patch.setattr(Transaction, "amend", amend)
        with pytest.raises(Killed):
            outbox.work()
    outbox.clock.advance(hours=1)
    outbox.work_until_closed(sent)
    assert outbox.state(sent) == ("reversed", None)
    assert (chart(outbox, patient), outbox.versions(patient)) == (before, 3)
