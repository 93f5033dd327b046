"""A submission corrects earlier answers at its visit, and gives way to newer ones."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from intake.answers import Answer, AnswerState
from intake.store.outbox import delivery_steps
from intake.worker.corrections import (
    find_correction,
    find_newer_answers,
    is_same_visit,
    read_sent_answers,
)
from tests.support.outbox import EXAMPLE_SUBMISSION
from tests.support.worker_site import WorkerSite

INTERPRETER = {"interpreter": Answer(AnswerState.ANSWERED, ("yes",))}
NATIVE = {"race-ethnicity": Answer(AnswerState.ANSWERED, ("1002-5",))}
WHITE = {"race-ethnicity": Answer(AnswerState.ANSWERED, ("2106-3",))}


def deliver_new(site: WorkerSite, **changes: Any) -> None:
    leased = site.lease_new(**changes)
    site.record_sending(leased)
    with site.database.write() as tx:
        assert delivery_steps.mark_accepted(tx, leased)
        assert delivery_steps.mark_verified(tx, leased)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ({"appointment": "Appointment/1"}, {"appointment": "Appointment/1"}, True),
        ({"appointment": "Appointment/1"}, {"appointment": "Appointment/2"}, False),
        ({"encounter": "Encounter/1"}, {"encounter": "Encounter/1"}, True),
        ({"encounter": "Encounter/1"}, {"encounter": "Encounter/2"}, False),
        ({"appointment": "Appointment/1"}, {"encounter": "Encounter/1"}, True),
        ({"appointment": "Appointment/1"}, {}, True),
        ({}, {}, True),
        ({}, {"clinic": "elsewhere"}, False),
    ],
)
def test_a_visit_is_its_appointment_or_encounter_or_its_day_at_one_clinic(
    worker_site: WorkerSite, first: dict[str, Any], second: dict[str, Any], same: bool
) -> None:
    none = {"appointment": None, "encounter": None}
    one, other = (replace(EXAMPLE_SUBMISSION, **{**none, **changes}) for changes in (first, second))
    assert is_same_visit(one, other, worker_site.settings) is same


def test_another_day_without_an_appointment_is_another_visit(worker_site: WorkerSite) -> None:
    visit = replace(EXAMPLE_SUBMISSION, appointment=None, encounter=None)
    tomorrow = replace(visit, answered_at=visit.answered_at + timedelta(days=1))
    assert not is_same_visit(visit, tomorrow, worker_site.settings)


def test_a_later_submission_at_one_visit_is_a_correction(worker_site: WorkerSite) -> None:
    deliver_new(worker_site, answers=INTERPRETER, appointment="Appointment/1")
    leased = worker_site.lease_new(answers=WHITE, appointment="Appointment/1")
    sent = read_sent_answers(worker_site.database, leased)
    correction = find_correction(sent, leased, worker_site.settings)
    assert correction is not None
    [write] = correction.corrected_writes()
    assert set(write.statement.values) == {"interpreter"}
    assert {"race", "ethnicity"} <= correction.elements
    assert "interpreter" not in correction.elements


def test_the_first_submission_of_a_visit_corrects_nothing(worker_site: WorkerSite) -> None:
    deliver_new(worker_site, answers=INTERPRETER, appointment="Appointment/1")
    leased = worker_site.lease_new(answers=WHITE, appointment="Appointment/2")
    sent = read_sent_answers(worker_site.database, leased)
    assert find_correction(sent, leased, worker_site.settings) is None


def test_a_correction_takes_back_the_questions_that_it_rules_out(worker_site: WorkerSite) -> None:
    deliver_new(worker_site, answers=NATIVE, question_set="spd15-2024-tribal")
    leased = worker_site.lease_new(answers=WHITE)
    sent = read_sent_answers(worker_site.database, leased)
    correction = find_correction(sent, leased, worker_site.settings)
    assert correction is not None
    assert "tribal-affiliation" in correction.elements


def test_answers_given_later_at_another_visit_stay_in_the_chart(worker_site: WorkerSite) -> None:
    deliver_new(worker_site, answers=WHITE)
    paper = EXAMPLE_SUBMISSION.answered_at - timedelta(days=24)
    leased = worker_site.lease_new(answers=NATIVE | INTERPRETER, answered_at=paper)
    sent = read_sent_answers(worker_site.database, leased)
    newer = find_newer_answers(sent, leased, worker_site.settings)
    assert newer.at_same_visit == frozenset()
    assert newer.at_other_visits == {"race", "ethnicity"}


def test_answers_given_later_at_the_same_visit_leave_nothing_to_write(
    worker_site: WorkerSite,
) -> None:
    deliver_new(worker_site, answers=WHITE)
    before = EXAMPLE_SUBMISSION.answered_at - timedelta(seconds=1)
    leased = worker_site.lease_new(answers=NATIVE, answered_at=before)
    sent = read_sent_answers(worker_site.database, leased)
    newer = find_newer_answers(sent, leased, worker_site.settings)
    assert {"race", "ethnicity"} <= newer.at_same_visit
    assert newer.at_other_visits == frozenset()
