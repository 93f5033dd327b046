"""A patient is not asked again within the re-ask interval, but may answer again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from intake import journey
from intake.answers import Answer, AnswerState, Submission
from intake.questions import Subject
from intake.store.outbox.enqueue import store_submission
from intake.store.outbox.records import Status, list_records
from intake.store.tables import submissions as table
from tests.support.outbox_steps import make_submission
from tests.support.patients import PatientSession
from tests.support.sites import TestSite
from tests.support.strict_pages import node_attributes

BEFORE = "These questions were answered before."
YEAR, HALF = timedelta(days=365), timedelta(days=180)


def answer_all(person: PatientSession, *, interpreter: str = "yes") -> None:
    """Go from the first question to the thank-you."""
    person.send_form({"choice": ["2028-9"]})
    person.send_form()
    person.send_form({"choice": "en"})
    person.send_form({"choice": "en"})
    person.send_form(
        {"choice": interpreter} if interpreter in ("yes", "no") else {"state": interpreter}
    )
    assert person.path == "/check"
    person.send_form()


def come_back(site: TestSite, key: str = "1", **after: float) -> PatientSession:
    """Bring the patient to the next visit, on a tablet, as far as the reasons."""
    site.clock.advance(**after)
    site.expect_visit("again", patient=f"Patient/{key}")
    person = PatientSession(site)
    person.pair_tablet()
    person.choose_language("en")
    person.give_birth_date(17, 5, 1980)
    assert person.path == "/why"
    return person


def submit_on_tablet(site: TestSite, interpreter: str = "yes") -> None:
    site.expect_visit("1")
    person = PatientSession(site)
    person.reach_first_question()
    answer_all(person, interpreter=interpreter)
    assert person.path == "/done"


@pytest.mark.parametrize(("interpreter", "days"), [("yes", 364), ("declined", 364)])
def test_a_patient_who_answered_before_finishes_with_one_tap(
    pages: TestSite, interpreter: str, days: float
) -> None:
    submit_on_tablet(pages, interpreter)
    person = come_back(pages, days=days)
    assert BEFORE in person.page.text
    assert "Asian" not in person.words
    person.send_form({"size": "large"}, form="/look")
    person.send_form({"enough": "1"})
    assert (person.path, person.heading) == ("/done", "Thank you")
    assert node_attributes(person.document.query("html")[0])["data-size"] == "large"
    with pages.database.read() as tx:
        assert len(list_records(tx)) == 1
    person.open_page("/who")
    assert person.path == "/"


def test_a_patient_may_answer_again(pages: TestSite) -> None:
    submit_on_tablet(pages)
    person = come_back(pages, days=30)
    person.send_form()
    person.send_form({"informant": "self"})
    answer_all(person, interpreter="no")
    with pages.database.read() as tx:
        assert [record.status for record in list_records(tx)] == [Status.QUEUED, Status.QUEUED]


@pytest.mark.parametrize(("interpreter", "days"), [("yes", 366), ("unknown", 1), ("declined", 366)])
def test_asks_again_after_the_interval_and_after_unknown(
    pages: TestSite, interpreter: str, days: float
) -> None:
    submit_on_tablet(pages, interpreter)
    person = come_back(pages, days=days)
    assert BEFORE not in person.page.text
    person.send_form({"enough": "1"})
    assert person.path == "/who"


def test_the_interval_is_the_patients_own(pages: TestSite) -> None:
    submit_on_tablet(pages)
    assert BEFORE not in come_back(pages, "2", days=1).page.text


@pytest.mark.parametrize("status", [Status.DISCARDED, Status.REVERSED])
def test_discarded_and_reversed_answers_start_no_interval(pages: TestSite, status: Status) -> None:
    submit_on_tablet(pages)
    with pages.database.write() as tx:
        tx.connection.execute(update(table).values(status=status.value))
    assert BEFORE not in come_back(pages, days=1).page.text


def test_the_newest_answers_count(pages: TestSite) -> None:
    submit_on_tablet(pages)
    with pages.database.write() as tx:
        store_submission(tx, replace(make_submission("Patient/1"), answered_at=tx.now), "main")
    assert BEFORE not in come_back(pages, days=1).page.text


def make_answers(pages: TestSite, *states: AnswerState | None) -> Submission:
    questions = [
        question.id
        for question in pages.settings.question_set.questions
        if question.about is Subject.PATIENT
    ]
    answers = {key: Answer(state) for key, state in zip(questions, states, strict=True) if state}
    return replace(
        make_submission(), answers=answers, answered_at=datetime(2026, 11, 24, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("states", "after"),
    [
        ([AnswerState.ANSWERED] * 4, YEAR),
        ([AnswerState.DECLINED] * 4, HALF),
        (
            [
                AnswerState.ANSWERED,
                AnswerState.DECLINED,
                AnswerState.ANSWERED,
                AnswerState.ANSWERED,
            ],
            HALF,
        ),
        (
            [AnswerState.ANSWERED, AnswerState.UNKNOWN, AnswerState.ANSWERED, AnswerState.ANSWERED],
            None,
        ),
        ([AnswerState.DECLINED, None, AnswerState.DECLINED, AnswerState.DECLINED], None),
        ([None] * 4, None),
    ],
)
def test_the_shortest_interval_counts(
    pages: TestSite, states: list[AnswerState | None], after: timedelta | None
) -> None:
    submission = make_answers(pages, *states)
    reask_at = journey.reask_at(
        submission,
        pages.settings.question_set,
        {AnswerState.ANSWERED: YEAR, AnswerState.DECLINED: HALF},
    )
    assert reask_at == (None if after is None else submission.answered_at + after)
