"""The Questionnaires of the question sets are valid R4 and complete in every language."""

import json
from typing import Any

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire

from fhir_client.transport.exact_json import format_json
from fhir_client.uscore.questionnaire import (
    TRANSLATION,
    build_questionnaire,
    flatten_translations,
)
from intake.i18n import existing_tags, load_translator
from intake.i18n.catalogs import read_template
from intake.mapping.questionnaires import build_form, form_messages
from intake.settings import load_settings
from tests.support.questionnaire_responses import walk_items

SETTINGS = load_settings()
SETS = sorted(SETTINGS.question_sets)


def build_resource(name: str) -> dict[str, Any]:
    return build_questionnaire(build_form(SETTINGS.question_sets[name], existing_tags()))


@pytest.mark.parametrize("name", SETS)
def test_are_valid_r4_with_unique_link_ids(name: str) -> None:
    questionnaire = build_resource(name)
    Questionnaire.model_validate(questionnaire)
    links = [item["linkId"] for item in walk_items(questionnaire["item"])]
    assert len(links) == len(set(links))
    assert {question.id for question in SETTINGS.question_sets[name].questions} < set(links)


@pytest.mark.parametrize("name", SETS)
def test_translate_every_text(name: str) -> None:
    template = read_template()
    messages = form_messages(SETTINGS.question_sets[name])
    assert [message for message in messages if message not in template] == []
    items = [
        item
        for item in walk_items(build_resource(name)["item"])
        if item["linkId"] != "notice" and not item["linkId"].endswith(".lines")
    ]
    assert items
    for item in items:
        parts = [part["extension"] for part in item["_text"]["extension"]]
        translations = {lang["valueCode"]: content["valueString"] for lang, content in parts}
        assert translations == {
            tag: load_translator(tag).plain(item["text"]) for tag in existing_tags() if tag != "en"
        }


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("tag", existing_tags())
def test_speak_one_language_when_flattened(name: str, tag: str) -> None:
    questionnaire = flatten_translations(build_resource(name), tag)
    Questionnaire.model_validate(questionnaire)
    assert questionnaire["language"] == tag
    assert TRANSLATION not in json.dumps(questionnaire)
    last = next(item for item in questionnaire["item"] if item["linkId"] == "interpreter")
    assert last["text"] == load_translator(tag).plain(
        "Would you like an interpreter for your visits?"
    )
    displays = [option["valueCoding"]["display"] for option in last["answerOption"]]
    expected = ("Yes, please", "No, thank you", "I’d rather not say", "I don’t know")
    assert displays == [load_translator(tag).plain(message) for message in expected]


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("tag", ["en", "ar"])
def test_language_questions_share_one_list_found_by_english_name(name: str, tag: str) -> None:
    form = flatten_translations(build_resource(name), tag)
    languages = [item for item in form["item"] if item["linkId"].endswith("-language")]
    assert {item["answerValueSet"] for item in languages} == {"#languages"}
    assert len(languages) > 1
    assert not any("answerOption" in item for item in languages)
    [value_set] = form["contained"]
    displays = {part["code"]: part["display"] for part in value_set["expansion"]["contains"]}
    assert displays["vi"] == "Tiếng Việt (Vietnamese)"
    assert displays["en"] == "English"
    assert displays["asked-declined"] == load_translator(tag).plain("I’d rather not say")


@pytest.mark.parametrize("name", SETS)
def test_no_list_needs_a_terminology_server(name: str) -> None:
    assert "autocomplete" not in json.dumps(build_resource(name))


@pytest.mark.parametrize("name", SETS)
def test_printed_form_is_a_fraction_of_its_indented_size(name: str) -> None:
    assert len(format_json(build_resource(name), indent=0).encode()) < 520_000


@pytest.mark.parametrize("name", SETS)
def test_a_line_stays_hidden_until_its_group_is_chosen(name: str) -> None:
    items = {item["linkId"]: item for item in walk_items(build_resource(name)["item"])}
    lines = {link_id: item for link_id, item in items.items() if link_id.endswith(".write-in")}
    assert lines
    for link_id, line in lines.items():
        question, group = link_id.split(".")[:2]
        conditions = [
            (when["question"], when["answerCoding"]["code"]) for when in line["enableWhen"]
        ]
        assert conditions == [(question, group), (f"{question}.lines", group)]
        assert line["enableBehavior"] == "any"
        assert items[f"{question}.{group}"]["enableWhen"] == line["enableWhen"]
        assert items[f"{question}.lines"]["readOnly"]


def test_allow_one_answer_to_a_question_of_exclusive_options() -> None:
    [item] = [item for item in build_resource("omb-1997")["item"] if item["linkId"] == "ethnicity"]
    assert "repeats" not in item
