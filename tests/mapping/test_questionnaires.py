"""The Questionnaires of the question sets: valid R4, whole in every language, and what a flattened one says."""

import json
from typing import Any

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire

from fhir_client.uscore.questionnaire import (
    TRANSLATION,
    build_questionnaire,
    flatten_translations,
)
from intake.i18n import load_translator
from intake.i18n.catalogs import read_template
from intake.mapping.questionnaires import build_form, form_messages
from intake.settings import load_settings
from tests.support.questionnaire_responses import walk_items

SETTINGS = load_settings()
SETS = sorted(SETTINGS.question_sets)


def made(name: str) -> dict[str, Any]:
    return build_questionnaire(build_form(SETTINGS.question_sets[name], SETTINGS.languages))


@pytest.mark.parametrize("name", SETS)
def test_they_are_valid_r4_and_every_link_is_there_once(name: str) -> None:
    found = made(name)
    Questionnaire.model_validate(found)
    links = [each["linkId"] for each in walk_items(found["item"])]
    assert len(links) == len(set(links))
    assert {question.id for question in SETTINGS.question_sets[name].questions} < set(links)


@pytest.mark.parametrize("name", SETS)
def test_every_text_has_its_translation(name: str) -> None:
    known = read_template()
    assert not [each for each in form_messages(SETTINGS.question_sets[name]) if each not in known]
    items = [each for each in walk_items(made(name)["item"]) if each["linkId"] != "notice"]
    assert items
    for each in items:
        parts = [part["extension"] for part in each["_text"]["extension"]]
        said = {lang["valueCode"]: content["valueString"] for lang, content in parts}
        assert said == {
            tag: load_translator(tag).plain(each["text"])
            for tag in SETTINGS.languages
            if tag != "en"
        }


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("tag", SETTINGS.languages)
def test_a_flattened_one_speaks_one_language(name: str, tag: str) -> None:
    found = flatten_translations(made(name), tag)
    Questionnaire.model_validate(found)
    assert found["language"] == tag
    assert TRANSLATION not in json.dumps(found)
    last = next(each for each in found["item"] if each["linkId"] == "interpreter")
    assert last["text"] == load_translator(tag).plain(
        "Would you like an interpreter for your visits?"
    )
    displays = [each["valueCoding"]["display"] for each in last["answerOption"]]
    expected = ("Yes, please", "No, thank you", "I’d rather not say", "I don’t know")
    assert displays == [load_translator(tag).plain(each) for each in expected]


def test_who_is_not_hispanic_is_nothing_beside_it() -> None:
    [asked] = [each for each in made("omb-1997")["item"] if each["linkId"] == "ethnicity"]
    assert "repeats" not in asked
