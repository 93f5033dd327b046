"""The entries for a person to type, and when the chart already has them."""

from dataclasses import replace
from typing import Any

import pytest

from fhir_client.model import Element
from fhir_client.uscore.elements import SPECS
from fhir_client.uscore.elements.spec import NOTHING_TO_ENTER
from fhir_client.uscore.patient_merge import merge_statement
from fhir_client.uscore.statement import (
    BCP47,
    CDCREC,
    AbsentReason,
    CategoryAnswer,
    Coding,
    Interpreter,
    Language,
    Statement,
)
from fhir_client.uscore.versions import NULL_FLAVOR, us_core_version
from fhir_client.write.task import Writer
from fhir_client.write.worksheet import build_worksheet
from tests.support.statements import EMPTY_STATEMENT

WRITER = Writer(us_core_version("6.1.0"))
ASIAN, HMONG = Coding(CDCREC, "2028-9", "Asian"), Coding(CDCREC, "2037-0", "Hmong")
CANTONESE = Language("粵語", (Coding(BCP47, "zh", "Chinese"), Coding(BCP47, "yue", "Cantonese")))
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "1",
    "birthDate": "1980-02-29",
    "identifier": [{"system": "urn:mrn", "value": "4711"}, {"type": {"text": "no value"}}],
}
SAID = replace(
    EMPTY_STATEMENT,
    values={
        Element.RACE: CategoryAnswer("as we write it", (ASIAN,), (HMONG,)),
        Element.ETHNICITY: AbsentReason.ASKED_DECLINED,
        Element.SPOKEN_LANGUAGE: CANTONESE,
        Element.INTERPRETER: Interpreter(needed=True),
    },
)


def words_to_type(patient: dict[str, Any], said: Statement = SAID) -> dict[str, str]:
    """Return the words that are still to be typed, by element."""
    return {entry.element: entry.words for entry in build_worksheet(patient, said, WRITER).values}


def coded(element: str, text: str, *parts: tuple[str, str, str]) -> dict[str, Any]:
    nested = [
        {"url": url, "valueCoding": {"system": system, "code": code}} for url, system, code in parts
    ]
    return {
        "url": SPECS[Element(element)].extension_urls[0],
        "extension": [*nested, {"url": "text", "valueString": text}],
    }


def test_an_empty_chart_needs_every_answer_and_nothing_else() -> None:
    sheet = build_worksheet(PATIENT, SAID, WRITER)
    assert (sheet.identifiers, sheet.birth_date) == (("urn:mrn|4711",), "1980-02-29")
    assert {entry.element: entry.words for entry in sheet.values} == {
        "race": "Asian, Hmong / as we write it",
        "ethnicity": "Asked but no answer / Declined to answer",
        "interpreter": "Yes",
        "spoken-language": "Cantonese / 粵語",
    }
    [race] = [entry for entry in sheet.values if entry.element == "race"]
    assert race.codes == (f"{CDCREC}|2028-9", f"{CDCREC}|2037-0")
    assert words_to_type(PATIENT, EMPTY_STATEMENT) == {}


def test_a_text_that_names_the_codes_is_not_repeated() -> None:
    race = CategoryAnswer("Asian, Hmong; from Laos", (ASIAN,), (HMONG,))
    said = replace(EMPTY_STATEMENT, values={Element.RACE: race})
    assert words_to_type(PATIENT, said) == {"race": "Asian, Hmong; from Laos"}


def test_a_merged_chart_needs_no_entry() -> None:
    assert words_to_type(merge_statement(PATIENT, SAID, WRITER.version).patient) == {}


def test_codes_count_whatever_text_or_order_a_chart_has() -> None:
    race = coded(
        "race", "Asian; Hmong", ("detailed", CDCREC, "2037-0"), ("ombCategory", CDCREC, "2028-9")
    )
    ethnicity = coded("ethnicity", "Patient refused", ("ombCategory", NULL_FLAVOR, "UNK"))
    assert (
        not {"race", "ethnicity"}
        & words_to_type({**PATIENT, "extension": [race, ethnicity]}).keys()
    )


@pytest.mark.parametrize(
    "race",
    [
        coded("race", "Asian", ("ombCategory", CDCREC, "2028-9")),
        coded("race", "as we write it", ("ombCategory", CDCREC, "2106-3")),
        coded("race", "as we write it"),
    ],
)
def test_a_chart_with_other_codes_still_needs_the_entry(race: dict[str, Any]) -> None:
    assert "race" in words_to_type({**PATIENT, "extension": [race]})


def test_own_words_are_compared_without_case_and_spacing() -> None:
    said = replace(EMPTY_STATEMENT, values={Element.RACE: CategoryAnswer("Hmong and  proud")})
    assert words_to_type({**PATIENT, "extension": [coded("race", "hmong AND proud")]}, said) == {}
    assert words_to_type({**PATIENT, "extension": [coded("race", "Hmong")]}, said) == {
        "race": "Hmong and  proud"
    }


@pytest.mark.parametrize(
    ("codes", "done"), [(["zh"], True), (["yue"], True), (["zh", "cmn"], False), (["en"], False)]
)
def test_a_language_in_fewer_codes_is_the_same_language(codes: list[str], done: bool) -> None:
    language = {"coding": [{"system": BCP47, "code": code} for code in codes]}
    chart = {**PATIENT, "communication": [{"language": language, "preferred": True}]}
    assert ("spoken-language" not in words_to_type(chart)) is done


def test_a_value_to_erase_is_an_entry() -> None:
    chart = {**PATIENT, "communication": [{"language": {"text": "Hmong"}, "preferred": True}]}
    erasing = replace(WRITER, policy=replace(WRITER.policy, decline_erases=True))
    said = replace(EMPTY_STATEMENT, values={Element.SPOKEN_LANGUAGE: AbsentReason.ASKED_DECLINED})
    [found] = build_worksheet(chart, said, erasing).values
    assert (found.element, found.words) == ("spoken-language", NOTHING_TO_ENTER)
