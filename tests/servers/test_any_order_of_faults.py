"""In any order of faults, kills and edits a submission arrives once."""

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fhir_client.uscore.chart import chart_elements
from fhir_client.write import repair, transaction
from intake.answers import Answer, AnswerState, Informant
from intake.store.outbox import delivery_steps
from tests.support.fault_proxy import (
    Fault,
    MatchingFault,
    ProxyRequest,
    lose_response,
    run_first,
)
from tests.support.outbox import EXAMPLE_PATIENT, Outbox, chart_of_others, count_effects
from tests.support.transient_faults import TRANSIENT_FAULTS

pytestmark = pytest.mark.server
DECLINED, UNKNOWN = Answer(AnswerState.DECLINED), Answer(AnswerState.UNKNOWN)
ASIAN = Answer(AnswerState.ANSWERED, ("2028-9", "2047-9"))
LANGUAGE, INTERPRETER = (
    Answer(AnswerState.ANSWERED, ("yue",)),
    Answer(AnswerState.ANSWERED, ("no",)),
)
KINDS = {
    "get": lambda request: request.method == "GET",
    "transaction": lambda request: request.is_transaction,
    "batch": lambda request: request.is_batch,
}
STEPS = ("record_sending", "mark_accepted", "mark_verified")


class Killed(BaseException):
    """Ends the worker's process here."""


AMBIGUOUS = [TRANSIENT_FAULTS[name] for name in ("lost", "cut short", "sent twice", "done but 500")]
faults = st.one_of(
    st.builds(MatchingFault, st.just(KINDS["transaction"]), st.sampled_from(AMBIGUOUS)),
    st.builds(
        MatchingFault,
        st.sampled_from(list(KINDS.values())),
        st.sampled_from(list(TRANSIENT_FAULTS.values())),
    ),
)
"""Generates a fault at the next request of a kind.

The most dangerous faults come more often: after them nobody can tell whether the server wrote.
"""
answers = st.fixed_dictionaries(
    {},
    optional={
        "race-ethnicity": st.sampled_from(
            [ASIAN, DECLINED, UNKNOWN, Answer(AnswerState.ANSWERED, ("2135-2",))]
        ),
        "spoken-language": st.sampled_from([LANGUAGE, DECLINED]),
        "written-language": st.sampled_from([LANGUAGE, UNKNOWN]),
        "interpreter": st.sampled_from([INTERPRETER, DECLINED]),
    },
)


def expected(answers: dict[str, Answer]) -> dict[str, int]:
    """Return one Observation for each element asked.

    A Hispanic-only answer has none for race.
    """
    group = answers.get("race-ethnicity")
    hispanic = group is not None and "2135-2" in group.choices
    asian = group is not None and "2028-9" in group.choices
    return {
        "QuestionnaireResponse": 1,
        "race": int(group is not None and not hispanic),
        "ethnicity": int(group is not None and not asian),
        "spoken-language": int("spoken-language" in answers),
        "interpreter": int("interpreter" in answers),
        "Provenance": 1,
    }


ALL = {
    "race-ethnicity": ASIAN,
    "spoken-language": LANGUAGE,
    "written-language": LANGUAGE,
    "interpreter": INTERPRETER,
}
WORST = {
    "answers": ALL,
    "informant": Informant.GUARDIAN,
    "colleague": False,
    "known_already": True,
    "killed": [],
}
"""If the chart holds the answers already, no If-Match guards the transaction."""


@example(plan=[MatchingFault(KINDS["transaction"], TRANSIENT_FAULTS["lost"])], **WORST)
@example(plan=[MatchingFault(KINDS["transaction"], TRANSIENT_FAULTS["sent twice"])], **WORST)
@example(
    plan=[
        MatchingFault(KINDS["transaction"], TRANSIENT_FAULTS["409"]),
        MatchingFault(KINDS["transaction"], TRANSIENT_FAULTS["done but 502"]),
    ],
    **WORST,
)
@example(plan=[], **{**WORST, "killed": ["mark_accepted", "record_sending"]})
@example(plan=[], **{**WORST, "known_already": False, "colleague": True})
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    plan=st.lists(faults, max_size=7),
    answers=answers,
    informant=st.sampled_from([Informant.SELF, Informant.GUARDIAN]),
    colleague=st.booleans(),
    known_already=st.booleans(),
    killed=st.lists(st.sampled_from(STEPS), max_size=2),
)
def test_any_order_of_faults_delivers_once(
    outbox: Outbox,
    plan: list[Fault],
    answers: dict[str, Answer],
    informant: Informant,
    colleague: bool,
    known_already: bool,
    killed: list[str],
) -> None:
    patient = outbox.create_patient()
    if known_already:
        outbox.work_until_closed(outbox.submit_example(patient, answers=answers))
    before, versions = outbox.direct_client.read(patient), outbox.count_versions(patient)
    edits = [edit_at_transaction(outbox, patient)] if colleague else []
    submission = outbox.submit_example(patient, answers=answers, informant=informant)
    outbox.proxy.planned_faults, outbox.proxy.is_committed, outbox.proxy.resent_count = (
        [*plan, *edits],
        False,
        0,
    )
    for step in killed:
        work_and_be_killed(outbox, step)
    outbox.work_until_closed(submission)
    outbox.proxy.planned_faults.clear()
    assert (outbox.read_state(submission)[0], outbox.proxy.resent_count) == ("verified", 0)
    assert count_effects(outbox.direct_client, submission) == expected(answers)
    now = outbox.direct_client.read(patient)
    edited = now["telecom"] != before["telecom"]
    assert chart_of_others({**now, "telecom": []}) == chart_of_others({**before, "telecom": []})
    assert outbox.count_versions(patient) == versions + edited + (
        chart_elements(now) != chart_elements(before)
    )


def edit_at_transaction(outbox: Outbox, patient: str) -> Fault:
    """Change the chart as a colleague would, between our read and our write."""

    def edit(_: ProxyRequest) -> None:
        outbox.edit_chart(
            patient,
            telecom=[*EXAMPLE_PATIENT["telecom"], {"system": "email", "value": "lan@example.org"}],
        )

    return MatchingFault(KINDS["transaction"], run_first(edit))


def work_and_be_killed(outbox: Outbox, step: str) -> None:
    """Work until the process is killed just before a step is stored.

    Its lease ends then.
    """

    def kill(*_: Any, **__: Any) -> bool:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delivery_steps, step, kill)
        try:
            outbox.deliver_due()
        except Killed:
            outbox.clock.advance(hours=1)


def test_a_worker_that_forgets_what_it_sent_is_found_by_the_read_back(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = outbox.create_patient()
    outbox.work_until_closed(outbox.submit_example(patient))
    submission = outbox.submit_example(patient)
    outbox.proxy.planned_faults = [MatchingFault(KINDS["transaction"], lose_response)]
    monkeypatch.setattr(transaction, "find_written", lambda *_: None)
    monkeypatch.setattr(repair, "delete_provenances", lambda *_: False)
    outbox.work_until_closed(submission)
    assert (
        outbox.read_state(submission),
        count_effects(outbox.direct_client, submission)["Provenance"],
    ) == (
        ("held", "mismatch"),
        2,
    )
