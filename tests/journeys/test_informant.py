"""Guardians and caregivers answer about themselves, too; the chart never gets those answers."""

from dataclasses import replace

import pytest

from fhir_client.model import Element
from fhir_client.uscore.statement import AbsentReason, Interpreter, Language
from intake import journey
from intake.answers import Answer, AnswerState, Informant, Submission
from intake.mapping.elements import covered_elements
from intake.mapping.questionnaires import build_form
from intake.mapping.statement import build_statement
from intake.settings import MappingPolicy
from intake.store.outbox.enqueue import store_submission
from intake.store.outbox.records import Status
from intake.store.tables import submissions as table
from tests.support.journeys import read_only_submission, skip_to_check
from tests.support.outbox_steps import make_submission
from tests.support.patients import PatientSession
from tests.support.sites import TestSite
from tests.support.staff import sign_in_staff

OWN_PAGES = ("/question/informant-language", "/question/informant-interpreter")
MANDARIN = Answer(AnswerState.ANSWERED, ("cmn",))
YES, NO = (Answer(AnswerState.ANSWERED, (choice,)) for choice in ("yes", "no"))
WANTS = {"informant-language": MANDARIN, "informant-interpreter": YES}


@pytest.mark.parametrize("informant", Informant)
def test_asks_guardians_and_caregivers_about_themselves_last(
    pages: TestSite, informant: Informant
) -> None:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question(informant.value)
    is_patient = informant in (Informant.SELF, Informant.SELF_WITH_HELP)
    assert f"Question 2 of {5 if is_patient else 7}" in person.page.text
    paths = skip_to_check(person)
    assert len(paths) == (4 if is_patient else 6)
    last_pages = tuple(paths[-2:])
    assert last_pages != OWN_PAGES if is_patient else last_pages == OWN_PAGES


def submit_as_guardian(pages: TestSite, then: str = "") -> Submission:
    """Answer as a parent, for a child and for themselves, and return the submission.

    `then` is the informant to change to before sending.
    """
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question("guardian")
    while not person.path.endswith("/informant-language"):
        person.send_form({"choice": "en"} if person.path.endswith("/spoken-language") else {})
    assert person.heading == "And you? What language do you prefer to speak or sign with us?"
    person.send_form({"choice": "cmn"})
    person.send_form({"choice": "yes"})
    if then:
        person.open_page("/who")
        person.send_form({"informant": then})
    assert person.path == "/check"
    person.send_form()
    return read_only_submission(pages)


def test_keeps_the_answers_of_patient_and_informant_apart(pages: TestSite) -> None:
    submission = submit_as_guardian(pages)
    assert submission.answers == {
        "spoken-language": Answer(AnswerState.ANSWERED, ("en",)),
        "informant-language": MANDARIN,
        "informant-interpreter": YES,
    }


def test_changing_the_informant_to_the_patient_drops_informant_answers(pages: TestSite) -> None:
    assert set(submit_as_guardian(pages, then="self").answers) == {"spoken-language"}


def test_a_second_informant_never_inherits_the_firsts_own_answers(pages: TestSite) -> None:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question("guardian")
    person.send_form({"choice": ["2106-3"], "own-words": ""})
    while not person.path.endswith("/informant-language"):
        person.send_form()
    person.send_form({"choice": "cmn"})
    person.send_form({"choice": "yes"})
    person.open_page("/who")
    person.send_form({"informant": "caregiver"})
    assert person.path == OWN_PAGES[0]
    assert "checked" not in person.page.text
    person.send_form()
    assert person.path == OWN_PAGES[1]
    person.send_form()
    person.send_form()
    submission = read_only_submission(pages)
    assert (submission.informant, set(submission.answers)) == (
        Informant.CAREGIVER,
        {"race-ethnicity"},
    )


def test_informant_answers_are_in_the_response_but_not_the_record(pages: TestSite) -> None:
    questions, submission = pages.settings.question_set, submit_as_guardian(pages)
    statement = build_statement(submission, questions, MappingPolicy())
    assert list(statement.values) == [Element.SPOKEN_LANGUAGE]
    spoken = statement.values[Element.SPOKEN_LANGUAGE]
    assert isinstance(spoken, Language)
    assert spoken.text == "English"
    assert [item.link_id for item in statement.items] == [
        "spoken-language",
        "informant-language",
        "informant-interpreter",
    ]
    assert covered_elements(submission, questions) == {"spoken-language"}
    # The patient's own answers to the same questions stay apart, too.
    answers = {
        **submission.answers,
        "interpreter": NO,
        "informant-language": Answer(AnswerState.DECLINED),
    }
    statement = build_statement(replace(submission, answers=answers), questions, MappingPolicy())
    assert statement.values[Element.INTERPRETER] == Interpreter(needed=False)
    spoken = statement.values[Element.SPOKEN_LANGUAGE]
    assert isinstance(spoken, Language)
    assert spoken.text == "English"
    assert [item.absent_reason for item in statement.items if item.absent_reason] == [
        AbsentReason.ASKED_DECLINED
    ]


def test_informant_questions_have_no_code_in_the_questionnaire(pages: TestSite) -> None:
    items = {item.link_id: item for item in build_form(pages.settings.question_set, ("es",)).items}
    assert items["spoken-language"].code is not None
    assert [items[link_id].code for link_id in ("informant-language", "informant-interpreter")] == [
        None,
        None,
    ]
    # A renderer does not know the informant, so it hides these questions. The lines keep
    # words of a group without a tick.
    assert {link_id for link_id, item in items.items() if item.hidden} == {
        "notice",
        "race-ethnicity.lines",
        "informant-language",
        "informant-language.own-words",
        "informant-interpreter",
    }


def test_informant_answers_do_not_change_the_reask_interval(pages: TestSite) -> None:
    questions = pages.settings.question_set
    declined = {
        question.id: Answer(AnswerState.DECLINED)
        for question in questions.questions
        if question.recorded_elements
    }
    submission = replace(
        submit_as_guardian(pages),
        answers={**declined, "informant-language": Answer(AnswerState.UNKNOWN)},
    )
    assert journey.reask_at(submission, questions, pages.settings.times.reask_after) is not None


@pytest.mark.parametrize(
    ("informant", "answers", "words"),
    [
        (
            Informant.GUARDIAN,
            WANTS,
            "Mandarin Chinese, wants an interpreter",
        ),
        (Informant.CAREGIVER, {"informant-interpreter": NO}, "needs no interpreter"),
        (
            Informant.GUARDIAN,
            {"informant-language": Answer(AnswerState.ANSWERED, (), {"own-words": "<b>Mam</b>"})},
            "“<b>Mam</b>”",
        ),
        (Informant.GUARDIAN, {"informant-language": Answer(AnswerState.DECLINED)}, ""),
        (Informant.GUARDIAN, {}, ""),
        (Informant.SELF, {}, ""),
    ],
)
def test_the_front_desk_sees_the_informants_needs_only(
    pages: TestSite, informant: Informant, answers: dict[str, Answer], words: str
) -> None:
    visit = pages.expect_visit("1")
    patient_answers = {"spoken-language": Answer(AnswerState.ANSWERED, ("vi",)), "interpreter": YES}
    submission = replace(
        make_empty_submission(pages), informant=informant, answers={**patient_answers, **answers}
    )
    with pages.database.write() as tx:
        store_submission(tx, submission, "main", visit.id)
    desk = sign_in_staff(pages, "desk")
    desk.open_page("/staff/today")
    title = {"guardian": "Parent or guardian", "caregiver": "Caregiver"}.get(informant.value, "")
    lines = [" ".join(str(node.to_text()).split()) for node in desk.document.query(".informant")]
    assert lines == ([f"{title}: {words}"] if words else [])
    assert "Vietnamese" not in desk.page.text


def make_empty_submission(pages: TestSite) -> Submission:
    """Return a submission without answers."""
    questions = pages.settings.question_set
    return replace(
        make_submission("Patient/1"),
        question_set=questions.id,
        question_set_version=questions.version,
    )


def test_reversed_answers_show_the_front_desk_nothing(pages: TestSite) -> None:
    visit = pages.expect_visit("1")
    submission = replace(
        make_empty_submission(pages),
        informant=Informant.GUARDIAN,
        answers={"informant-interpreter": YES},
    )
    with pages.database.write() as tx:
        store_submission(tx, submission, "main", visit.id)
        tx.connection.execute(table.update().values(status=Status.REVERSED.value))
    desk = sign_in_staff(pages, "desk")
    assert "wants an interpreter" not in desk.open_page("/staff/today").text
