"""Who answers for a patient is asked about themselves as well; it is for the staff, and no part of the patient's record."""

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
from intake.store.outbox import submissions
from intake.store.outbox.submissions import Status
from intake.store.tables import submissions as table
from tests.journeys.test_tablet import read_only_submission
from tests.store.test_submissions import make_submission
from tests.support.patients import PatientSession
from tests.support.sites import TestSite
from tests.support.staff import sign_in_staff

OWN = ("/question/informant-language", "/question/informant-interpreter")
MANDARIN = Answer(AnswerState.ANSWERED, ("cmn",))
YES, NO = (Answer(AnswerState.ANSWERED, (each,)) for each in ("yes", "no"))
WANTS = {"informant-language": MANDARIN, "informant-interpreter": YES}


def walk(person: PatientSession) -> list[str]:
    """Go on without an answer to the check page; returns what was asked on the way."""
    asked = []
    while person.path != "/check":
        asked.append(person.path)
        person.send_form()
    return asked


@pytest.mark.parametrize("informant", Informant)
def test_who_answers_for_another_is_asked_about_themselves_last(
    pages: TestSite, informant: Informant
) -> None:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question(informant.value)
    own = informant in (Informant.SELF, Informant.SELF_WITH_HELP)
    assert f"Question 2 of {5 if own else 7}" in person.page.text
    asked = walk(person)
    assert len(asked) == (4 if own else 6)
    assert tuple(asked[-2:]) != OWN if own else tuple(asked[-2:]) == OWN


def answered(pages: TestSite, then: str = "") -> Submission:
    """A parent who answers at the tablet, for a child and for themselves; at the end it may be somebody else."""
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


def test_the_patients_answers_and_their_own_are_kept_apart(pages: TestSite) -> None:
    sent = answered(pages)
    assert sent.answers == {
        "spoken-language": Answer(AnswerState.ANSWERED, ("en",)),
        "informant-language": MANDARIN,
        "informant-interpreter": YES,
    }


def test_who_turns_out_to_be_the_patient_has_said_nothing_of_an_informant(pages: TestSite) -> None:
    assert set(answered(pages, then="self").answers) == {"spoken-language"}


def test_nobody_takes_over_what_another_said_of_themselves(pages: TestSite) -> None:
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
    assert person.path == OWN[0]
    assert "checked" not in person.page.text
    person.send_form()
    assert person.path == OWN[1]
    person.send_form()
    person.send_form()
    said = read_only_submission(pages)
    assert (said.informant, set(said.answers)) == (Informant.CAREGIVER, {"race-ethnicity"})


def test_it_is_in_the_response_and_in_no_part_of_the_record(pages: TestSite) -> None:
    questions, sent = pages.settings.question_set, answered(pages)
    said = build_statement(sent, questions, MappingPolicy())
    assert list(said.values) == [Element.SPOKEN_LANGUAGE]
    spoken = said.values[Element.SPOKEN_LANGUAGE]
    assert isinstance(spoken, Language)
    assert spoken.text == "English"
    assert [each.link_id for each in said.items] == [
        "spoken-language",
        "informant-language",
        "informant-interpreter",
    ]
    assert covered_elements(sent, questions) == {"spoken-language"}
    # Beside the patient's own answers to the same, whatever each of them is.
    both = {**sent.answers, "interpreter": NO, "informant-language": Answer(AnswerState.DECLINED)}
    said = build_statement(replace(sent, answers=both), questions, MappingPolicy())
    assert said.values[Element.INTERPRETER] == Interpreter(needed=False)
    spoken = said.values[Element.SPOKEN_LANGUAGE]
    assert isinstance(spoken, Language)
    assert spoken.text == "English"
    assert [each.absent_reason for each in said.items if each.absent_reason] == [
        AbsentReason.ASKED_DECLINED
    ]


def test_in_the_questionnaire_it_carries_no_code_of_the_patients_record(pages: TestSite) -> None:
    items = {each.link_id: each for each in build_form(pages.settings.question_set, ("es",)).items}
    assert items["spoken-language"].code is not None
    assert [items[link].code for link in ("informant-language", "informant-interpreter")] == [
        None,
        None,
    ]
    # Nobody is asked it by a renderer that does not know who answers.
    assert {link for link, each in items.items() if each.hidden} == {
        "notice",
        "informant-language",
        "informant-language.own-words",
        "informant-interpreter",
    }


def test_it_has_no_part_in_when_the_patient_is_asked_again(pages: TestSite) -> None:
    questions = pages.settings.question_set
    own = {
        each.id: Answer(AnswerState.DECLINED)
        for each in questions.questions
        if each.recorded_elements
    }
    sent = replace(
        answered(pages), answers={**own, "informant-language": Answer(AnswerState.UNKNOWN)}
    )
    assert journey.reask_at(sent, questions, pages.settings.times.reask_after) is not None


@pytest.mark.parametrize(
    ("informant", "said", "words"),
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
def test_the_desk_is_told_how_to_speak_with_them_and_nothing_of_the_patient(
    pages: TestSite, informant: Informant, said: dict[str, Answer], words: str
) -> None:
    visit = pages.expect_visit("1")
    patients = {"spoken-language": Answer(AnswerState.ANSWERED, ("vi",)), "interpreter": YES}
    sent = replace(only(pages), informant=informant, answers={**patients, **said})
    with pages.database.write() as tx:
        submissions.store_submission(tx, sent, "main", visit.id)
    desk = sign_in_staff(pages, "desk")
    desk.open_page("/staff/today")
    title = {"guardian": "Parent or guardian", "caregiver": "Caregiver"}.get(informant.value, "")
    told = [" ".join(str(node.to_text()).split()) for node in desk.document.query(".informant")]
    assert told == ([f"{title}: {words}"] if words else [])
    assert "Vietnamese" not in desk.page.text


def only(pages: TestSite) -> Submission:
    """Answers of nobody yet."""
    questions = pages.settings.question_set
    return replace(
        make_submission("Patient/1"),
        question_set=questions.id,
        question_set_version=questions.version,
    )


def test_answers_that_were_given_up_tell_the_desk_nothing(pages: TestSite) -> None:
    visit = pages.expect_visit("1")
    sent = replace(
        only(pages), informant=Informant.GUARDIAN, answers={"informant-interpreter": YES}
    )
    with pages.database.write() as tx:
        submissions.store_submission(tx, sent, "main", visit.id)
        tx.connection.execute(table.update().values(status=Status.REVERSED.value))
    desk = sign_in_staff(pages, "desk")
    assert "wants an interpreter" not in desk.open_page("/staff/today").text
