"""Elements in words, on worksheets, and in the form that two readers must agree on."""

from typing import Any

import pytest

from fhir_client.model import Element, WorksheetEntry
from fhir_client.uscore.chart import describe_item
from fhir_client.uscore.comparison import comparable_items, comparable_value
from fhir_client.uscore.datatypes import coding_json
from fhir_client.uscore.elements import INTERPRETER, SPECS, SPOKEN_LANGUAGE, TRIBES
from fhir_client.uscore.elements.spec import NOTHING_TO_ENTER
from fhir_client.uscore.observations import parse_observation
from fhir_client.uscore.questionnaire import flatten_translations
from fhir_client.uscore.statement import (
    BCP47,
    CDCREC,
    AbsentReason,
    CategoryAnswer,
    Coding,
    ElementValue,
    Interpreter,
    ItemAnswer,
    Language,
    TribalAffiliation,
)
from fhir_client.uscore.undo_record import ElementChange, ValueChange, compose_changes
from fhir_client.uscore.versions import ASKU
from tests.support.statements import NAVAJO_NATION, NAVAJO_TRIBE, UNLISTED_TRIBE

ASIAN, WHITE = Coding(CDCREC, "2028-9", "Asian"), Coding(CDCREC, "2106-3", "White")
RACE_TEXT = {"url": "text", "valueString": "Gullah"}
OMB_WHITE = {"url": "ombCategory", "valueCoding": coding_json(WHITE)}
NO_ANSWER = {"url": "ombCategory", "valueCoding": coding_json(ASKU)}


@pytest.mark.parametrize(
    ("part", "item", "words"),
    [
        ("interpreter", {"valueBoolean": True}, "Yes"),
        ("interpreter", {"valueBoolean": False}, "No"),
        ("interpreter", {"valueCoding": {"code": "373067005"}}, "No"),
        ("interpreter", {"valueCoding": {"code": "unknown", "display": "Unknown"}}, "Unknown"),
        ("communication", {"language": {"text": "Español"}}, "Español"),
        ("communication", {"language": {"coding": [{"code": "es"}]}}, "es"),
        ("race", {"extension": [{"url": "detailed", "valueCoding": {"code": "x"}}]}, "x"),
        ("race", {"extension": [RACE_TEXT, OMB_WHITE]}, "Gullah [White 2106-3]"),
        ("race", {"extension": [RACE_TEXT, NO_ANSWER]}, "Gullah"),
        (
            "communication",
            {"language": {"text": "中文", "coding": [{"code": "zh-CN"}, {"display": "中文"}]}},
            "中文 [zh-CN]",
        ),
    ],
)
def test_an_item_of_a_chart_is_put_into_words(part: str, item: dict[str, Any], words: str) -> None:
    assert describe_item(part, item) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Interpreter(True), "Yes"),
        (Interpreter(False), "No"),
        (AbsentReason.ASKED_UNKNOWN, "Does not know"),
        (None, NOTHING_TO_ENTER),
    ],
)
def test_an_interpreter_is_entered_as_yes_no_or_why_not(
    value: ElementValue | None, words: str
) -> None:
    assert INTERPRETER.worksheet_entry(value, []) == WorksheetEntry("interpreter", words)


def test_tribes_are_entered_by_name_with_the_codes_that_exist() -> None:
    entry = TRIBES.worksheet_entry(TribalAffiliation((NAVAJO_TRIBE, UNLISTED_TRIBE)), [])
    assert entry.words == f"{NAVAJO_NATION}, Schaghticoke"
    assert [code.rpartition("|")[2] for code in entry.codes] == ["170"]
    assert TRIBES.worksheet_entry(AbsentReason.ASKED_DECLINED, []).words == NOTHING_TO_ENTER


@pytest.mark.parametrize(("typed", "is_entered"), [("mixteco BAJO", True), ("Mixteco", False)])
def test_a_language_without_a_code_is_entered_by_its_text(typed: str, is_entered: bool) -> None:
    chart = [{"language": {"text": typed}, "preferred": True}]
    merged = [{"language": {"text": "Mixteco bajo"}, "preferred": True}]
    assert SPOKEN_LANGUAGE.is_entered(chart, merged) is is_entered


def test_values_are_equal_whatever_the_order_and_the_displays() -> None:
    answer = CategoryAnswer("Asian, White", (ASIAN, WHITE))
    other = CategoryAnswer("Asian, White", (Coding(CDCREC, "2106-3"), ASIAN))
    assert comparable_value(answer) == comparable_value(other)
    assert comparable_value(answer) != comparable_value(CategoryAnswer("Asian", (ASIAN, WHITE)))
    assert comparable_value(answer) != comparable_value(CategoryAnswer("Asian, White", (ASIAN,)))
    spanish = Language("Español", (Coding(BCP47, "es", "Spanish"),))
    assert comparable_value(spanish) == comparable_value(
        Language("Español", (Coding(BCP47, "es"),))
    )
    both, swapped = (NAVAJO_TRIBE, UNLISTED_TRIBE), (UNLISTED_TRIBE, NAVAJO_TRIBE)
    assert comparable_value(TribalAffiliation(both)) == comparable_value(TribalAffiliation(swapped))
    assert comparable_value(Interpreter(True)) != comparable_value(Interpreter(False))


def test_items_are_equal_whatever_the_order_and_the_displays() -> None:
    first = ItemAnswer("race", "Race", (ASIAN, WHITE))
    same = ItemAnswer("race", "Which?", (Coding(CDCREC, "2106-3"), Coding(CDCREC, "2028-9")))
    declined = ItemAnswer("race", "Race", absent_reason=AbsentReason.ASKED_DECLINED)
    assert comparable_items([first]) == comparable_items([same])
    assert comparable_items([first]) != comparable_items([declined])
    assert comparable_items([ItemAnswer("group", "", items=(first,))]) == comparable_items(
        [ItemAnswer("group", "", items=(same,))]
    )


@pytest.mark.parametrize("element", [Element.INTERPRETER, Element.SPOKEN_LANGUAGE])
def test_an_observation_without_a_value_says_nothing(element: Element) -> None:
    code = {"coding": [{"code": SPECS[element].code.code}]}
    assert parse_observation({"code": code}) is None


def test_extensions_that_are_no_translations_stay_in_one_language() -> None:
    style = {"url": "http://hl7.org/fhir/StructureDefinition/rendering-style"}
    translation = {
        "url": "http://hl7.org/fhir/StructureDefinition/translation",
        "extension": [
            {"url": "lang", "valueCode": "es"},
            {"url": "content", "valueString": "Raza"},
        ],
    }
    form = {"title": "Race", "_title": {"extension": [style, translation]}}
    assert flatten_translations(form, "es") == {
        "title": "Raza",
        "_title": {"extension": [style]},
        "language": "es",
    }


def test_undoing_two_changes_restores_what_stood_before_the_first() -> None:
    first = ElementChange("race", (ValueChange({"a": 1}, "h1"),), "before", "between")
    later = ElementChange("race", (ValueChange(None, "h2"),), "between", "after")
    foreign = ElementChange("race", (ValueChange({"b": 1}, "h3"),), "elsewhere", "after")
    assert compose_changes(first, None, str.upper) == first
    assert compose_changes(first, foreign, str.upper) == foreign
    composed = compose_changes(first, later, str.upper)
    assert (composed.prior_hash, composed.written_hash) == ("before", "after")
    assert composed.value_changes == (*later.value_changes, *first.value_changes)
