"""Any answers make a QuestionnaireResponse that fits its Questionnaire and reads back the same."""

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_client.uscore.questionnaire import build_questionnaire
from fhir_client.uscore.questionnaire_response import build_questionnaire_response
from fhir_client.uscore.versions import VERSIONS, us_core_version
from intake.answers import Submission
from intake.i18n import existing_tags
from intake.mapping.questionnaires import build_form
from intake.mapping.responses import ResponseReader
from intake.mapping.statement import build_statement
from intake.settings import MappingPolicy, load_settings
from tests.support.questionnaire_responses import find_misfits, normalize_answer, read_answers
from tests.support.submission_strategies import QUESTION_SETS, submissions

READER = ResponseReader(load_settings())


@cache
def publish_form(name: str) -> dict[str, Any]:
    return build_questionnaire(build_form(QUESTION_SETS[name], existing_tags()))


def build_response(submission: Submission, version_name: str) -> dict[str, Any]:
    questions = QUESTION_SETS[submission.question_set]
    statement = build_statement(submission, questions, MappingPolicy())
    return build_questionnaire_response(statement, us_core_version(version_name))


@settings(deadline=None, max_examples=150)
@given(submissions, st.sampled_from(sorted(VERSIONS)))
def test_any_answers_fit_and_come_back(submission: Submission, version_name: str) -> None:
    questions = QUESTION_SETS[submission.question_set]
    current = replace(submission, question_set_version=questions.version)
    response = build_response(current, version_name)
    assert not find_misfits(response, publish_form(questions.id))
    answers = read_answers(response, questions)
    assert {
        question.id: normalize_answer(question, answers[question.id])
        for question in questions.questions
        if question.id in answers
    } == {
        question.id: normalize_answer(question, submission.answers[question.id])
        for question in questions.questions
        if question.id in submission.answers
    }


@settings(deadline=None, max_examples=150)
@given(submissions, st.sampled_from(sorted(VERSIONS)))
def test_any_response_of_ours_is_read_as_the_same_submission(
    submission: Submission, version_name: str
) -> None:
    questions = QUESTION_SETS[submission.question_set]
    current = replace(
        submission, question_set_version=questions.version, clinic="riverside", appointment=None
    )
    response = json.loads(json.dumps(build_response(current, version_name)))
    read = READER.read_submission(response, clinic="riverside")
    assert {
        name: normalize_answer(question, read.answers[name])
        for name in read.answers
        if (question := questions.find_question(name))
    } == {
        name: normalize_answer(question, current.answers[name])
        for name in current.answers
        if (question := questions.find_question(name))
    }
    # A response does not say whether the patient had help.
    same = replace(read, answers=current.answers, informant=current.informant)
    assert same == current
    assert read.informant.is_patient == current.informant.is_patient


@pytest.mark.parametrize("name", sorted(QUESTION_SETS))
def test_each_kind_of_misfit_is_found(name: str) -> None:
    """Each fault is put into a response that fits, so that a blind check fails here."""
    form = publish_form(name)
    question = next(
        item for item in form["item"] if item.get("repeats") and not item.get("readOnly")
    )
    options = [{"valueCoding": option["valueCoding"]} for option in question["answerOption"]]
    canonical = {"questionnaire": f"{form['url']}|{form['version']}"}

    def misfits(*items: dict[str, Any], **other: Any) -> list[str]:
        return find_misfits({**canonical, "item": list(items), **other}, form)

    link, first, declined = question["linkId"], options[0], options[-2]
    fitting = {"linkId": link, "answer": [first]}
    details = {
        "linkId": f"{link}.details",
        "item": [{"linkId": f"{link}.2106-3", "item": [first_box(form, link)]}],
    }
    white = next(option for option in options if option["valueCoding"]["code"] == "2106-3")
    assert not misfits(fitting)
    assert not misfits({"linkId": link, "answer": [white]}, details)
    assert misfits(fitting, questionnaire=form["url"])
    assert misfits({"linkId": "shoe-size", "answer": [first]})
    assert misfits(fitting, fitting)
    assert misfits({"linkId": link, "answer": [{"valueString": "White"}]})
    assert misfits({"linkId": link, "answer": [{"valueCoding": {"system": "urn:x", "code": "y"}}]})
    assert misfits({"linkId": link, "answer": [first, first]})
    assert misfits({"linkId": link, "answer": [first, declined]})
    assert misfits({"linkId": "interpreter", "answer": yes_and_no(form)})
    assert misfits(details)
    assert misfits({"linkId": f"{link}.own-words", "answer": [{"valueString": "x" * 2001}]})


def first_box(form: dict[str, Any], link: str) -> dict[str, Any]:
    details = next(item for item in form["item"] if item["linkId"] == f"{link}.details")
    group = next(item for item in details["item"] if item["linkId"] == f"{link}.2106-3")
    boxes = next(item for item in group["item"] if item["linkId"].endswith(".boxes"))
    coding = boxes["answerOption"][0]["valueCoding"]
    return {"linkId": boxes["linkId"], "answer": [{"valueCoding": coding}]}


def yes_and_no(form: dict[str, Any]) -> list[dict[str, Any]]:
    interpreter = next(item for item in form["item"] if item["linkId"] == "interpreter")
    return [{"valueCoding": option["valueCoding"]} for option in interpreter["answerOption"][:2]]
