"""Any answers → QuestionnaireResponse: it fits the published Questionnaire and reads back to the same answers."""

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
from intake.mapping.questionnaires import build_form
from intake.mapping.statement import build_statement
from intake.settings import MappingPolicy, load_settings
from tests.support.questionnaire_responses import find_misfits, normalize_answer, read_answers
from tests.support.submission_strategies import QUESTION_SETS, submissions


@cache
def published(name: str) -> dict[str, Any]:
    return build_questionnaire(build_form(QUESTION_SETS[name], load_settings().languages))


def response(sent: Submission, us_core: str = "6.1.0") -> dict[str, Any]:
    said = build_statement(sent, QUESTION_SETS[sent.question_set], MappingPolicy())
    return build_questionnaire_response(said, us_core_version(us_core))


@settings(deadline=None, max_examples=150)
@given(submissions, st.sampled_from(sorted(VERSIONS)))
def test_any_answers_fit_and_come_back(sent: Submission, us_core: str) -> None:
    questions = QUESTION_SETS[sent.question_set]
    current = replace(sent, question_set_version=questions.version)
    found = response(current, us_core)
    assert not find_misfits(found, published(questions.id))
    read, asked = read_answers(found, questions), questions.questions
    expected = {
        each.id: normalize_answer(each, sent.answers[each.id])
        for each in asked
        if each.id in sent.answers
    }
    assert {
        each.id: normalize_answer(each, read[each.id]) for each in asked if each.id in read
    } == expected


@pytest.mark.parametrize("name", sorted(QUESTION_SETS))
def test_the_judge_sees_what_does_not_fit(name: str) -> None:
    """Each fault is put into a response that fits, so that a judge who is blind to it fails here."""
    form = published(name)
    first = next(each for each in form["item"] if each.get("repeats"))
    options = [{"valueCoding": each["valueCoding"]} for each in first["answerOption"]]
    asked = {"questionnaire": f"{form['url']}|{form['version']}"}

    def judged(*items: dict[str, Any], **other: Any) -> list[str]:
        return find_misfits({**asked, "item": list(items), **other}, form)

    link, one, declined = first["linkId"], options[0], options[-2]
    right = {"linkId": link, "answer": [one]}
    details = {
        "linkId": f"{link}.details",
        "item": [{"linkId": f"{link}.2106-3", "item": [boxes(form, link)]}],
    }
    white = next(each for each in options if each["valueCoding"]["code"] == "2106-3")
    assert not judged(right)
    assert not judged({"linkId": link, "answer": [white]}, details)
    assert judged(right, questionnaire=form["url"])
    assert judged({"linkId": "shoe-size", "answer": [one]})
    assert judged(right, right)
    assert judged({"linkId": link, "answer": [{"valueString": "White"}]})
    assert judged({"linkId": link, "answer": [{"valueCoding": {"system": "urn:x", "code": "y"}}]})
    assert judged({"linkId": link, "answer": [one, one]})
    assert judged({"linkId": link, "answer": [one, declined]})
    assert judged(
        {
            "linkId": "interpreter",
            "answer": [{"valueCoding": each["valueCoding"]} for each in interpreter(form)],
        }
    )
    assert judged(details)
    assert judged({"linkId": f"{link}.own-words", "answer": [{"valueString": "x" * 2001}]})


def boxes(form: dict[str, Any], link: str) -> dict[str, Any]:
    details = next(each for each in form["item"] if each["linkId"] == f"{link}.details")
    group = next(each for each in details["item"] if each["linkId"] == f"{link}.2106-3")
    item = next(each for each in group["item"] if each["linkId"].endswith(".boxes"))
    return {
        "linkId": item["linkId"],
        "answer": [{"valueCoding": item["answerOption"][0]["valueCoding"]}],
    }


def interpreter(form: dict[str, Any]) -> list[dict[str, Any]]:
    item = next(each for each in form["item"] if each["linkId"] == "interpreter")
    return list(item["answerOption"][:2])
