"""Submissions of one chart keep their order, however late their chart is matched."""

from datetime import timedelta

import pytest

from fhir_client.uscore.chart import chart_elements
from intake.answers import Answer, AnswerState
from intake.store.outbox import leases
from intake.worker import patient_matching
from intake.worker.context import WorkerContext
from intake.worker.error_outcomes import PostponedError
from tests.support.outbox import ONE_OF_EACH, Outbox, count_effects
from tests.support.patient_matching import (
    correct_criteria,
    create_chart,
    new_criteria,
    submit_unmatched,
)

pytestmark = pytest.mark.server


def test_a_later_answer_is_not_overwritten_by_a_late_match(outbox: Outbox) -> None:
    """The desk corrects a wrong number after the patient has answered again."""
    criteria, wrong = new_criteria(), new_criteria()
    patient = create_chart(outbox, criteria)
    asian, white = (
        Answer(AnswerState.ANSWERED, ("2028-9",)),
        Answer(AnswerState.ANSWERED, ("2106-3",)),
    )
    spanish, vietnamese = (
        Answer(AnswerState.ANSWERED, ("es",)),
        Answer(AnswerState.ANSWERED, ("vi",)),
    )
    first = submit_unmatched(
        outbox,
        wrong,
        answers={
            "race-ethnicity": asian,
            "spoken-language": vietnamese,
            "written-language": vietnamese,
        },
    )
    outbox.deliver_due()
    assert outbox.read_state(first) == ("held", "unmatched")
    second = outbox.submit_example(
        patient, answers={"race-ethnicity": white, "written-language": spanish}
    )
    outbox.deliver_due()
    assert outbox.read_state(second) == ("verified", None)
    assert correct_criteria(outbox, first, criteria)
    outbox.deliver_due()
    assert outbox.read_state(first) == ("verified", None)
    chart = outbox.direct_client.read(patient)
    assert "2106-3" in str(chart_elements(chart)["race"])
    assert "2028-9" not in str(chart_elements(chart)["race"])
    # Of the first submission only what the second does not answer is left.
    assert count_effects(outbox.direct_client, first) == {
        **dict.fromkeys(ONE_OF_EACH, 0),
        "QuestionnaireResponse": 1,
        "spoken-language": 1,
        "Provenance": 1,
    }
    codes = {
        coding["code"] for entry in chart["communication"] for coding in entry["language"]["coding"]
    }
    assert {"es", "vi"} <= codes


def test_a_submission_that_another_worker_sends_is_not_overwritten(outbox: Outbox) -> None:
    """The newer submission is being sent when the older one's chart is found.

    The older one waits, and then writes only what is left of it.
    """
    criteria = new_criteria()
    patient = create_chart(outbox, criteria)
    asian, white = (
        Answer(AnswerState.ANSWERED, ("2028-9",)),
        Answer(AnswerState.ANSWERED, ("2106-3",)),
    )
    first = submit_unmatched(
        outbox,
        criteria,
        answers={"race-ethnicity": asian, "interpreter": Answer(AnswerState.ANSWERED, ("yes",))},
    )
    second = outbox.submit_example(patient, answers={"race-ethnicity": white})
    with outbox.database.write() as tx:
        leased_unmatched, other = leases.acquire_leases(
            tx, "main", limit=2, lease=timedelta(minutes=30)
        )
        leases.release_lease(tx, leased_unmatched, until=tx.now)
    outbox.deliver_due()
    assert outbox.read_state(first) == ("queued", None)
    with outbox.database.write() as tx:
        leases.release_lease(tx, other, until=tx.now)
    outbox.deliver_due()
    assert [outbox.read_state(submission)[0] for submission in (first, second)] == [
        "queued",
        "verified",
    ]
    outbox.clock.advance(minutes=1)
    outbox.deliver_due()
    assert outbox.read_state(first) == ("verified", None)
    elements = chart_elements(outbox.direct_client.read(patient))
    assert "2106-3" in str(elements["race"])
    assert "2028-9" not in str(elements["race"])
    assert [extension["valueBoolean"] for extension in elements["interpreter"]] == [True]


def test_a_submission_behind_another_searches_less_and_less_often(outbox: Outbox) -> None:
    criteria = new_criteria()
    outbox.submit_example(create_chart(outbox, criteria))
    submit_unmatched(outbox, criteria)
    bench = WorkerContext(
        outbox.settings,
        outbox.server,
        outbox.database,
        outbox.direct_client,
        pytest.fail,
        outbox.clock,
        lambda: 0.5,
    )
    waits: list[float] = []
    for _ in range(4):
        with outbox.database.write() as tx:
            older, leased_unmatched = leases.acquire_leases(
                tx, "main", limit=2, lease=timedelta(minutes=5)
            )
        with pytest.raises(PostponedError) as behind:
            patient_matching.resolve_patient(bench, leased_unmatched)
        waits.append(behind.value.delay.total_seconds())
        with outbox.database.write() as tx:
            for leased in (older, leased_unmatched):
                leases.release_lease(tx, leased, until=tx.now)
    assert waits == [1.5, 3, 6, 12]


def test_two_submissions_of_one_chart_keep_their_order_under_any_name(
    outbox: Outbox,
) -> None:
    criteria = new_criteria()
    patient = create_chart(outbox, criteria)
    first = submit_unmatched(outbox, criteria)
    second = outbox.submit_example(
        patient, answers={"interpreter": Answer(AnswerState.ANSWERED, ("yes",))}
    )
    outbox.deliver_due()
    for submission in (first, second):
        outbox.work_until_closed(submission)
    assert [outbox.read_state(submission) for submission in (first, second)] == [
        ("verified", None)
    ] * 2
    chart = outbox.direct_client.read(patient)
    assert [extension["valueBoolean"] for extension in chart_elements(chart)["interpreter"]] == [
        True
    ]
