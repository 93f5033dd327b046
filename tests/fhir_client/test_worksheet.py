"""What a person has to type: told in words and codes, and done when the chart says it by codes, whatever its texts."""

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


def left(patient: dict[str, Any], said: Statement = SAID) -> dict[str, str]:
    """What is still to be typed, by element."""
    return {each.element: each.words for each in build_worksheet(patient, said, WRITER).values}


def coded(element: str, text: str, *parts: tuple[str, str, str]) -> dict[str, Any]:
    nested = [
        {"url": url, "valueCoding": {"system": system, "code": code}} for url, system, code in parts
    ]
    return {
        "url": SPECS[Element(element)].extension_urls[0],
        "extension": [*nested, {"url": "text", "valueString": text}],
    }


def test_an_empty_chart_lacks_all_that_was_said_and_nothing_else() -> None:
    sheet = build_worksheet(PATIENT, SAID, WRITER)
    assert (sheet.identifiers, sheet.birth_date) == (("urn:mrn|4711",), "1980-02-29")
    assert {each.element: each.words for each in sheet.values} == {
        "race": "Asian, Hmong / as we write it",
        "ethnicity": "Asked but no answer / Declined to answer",
        "interpreter": "Yes",
        "spoken-language": "Cantonese / 粵語",
    }
    [race] = [each for each in sheet.values if each.element == "race"]
    assert race.codes == (f"{CDCREC}|2028-9", f"{CDCREC}|2037-0")
    assert left(PATIENT, EMPTY_STATEMENT) == {}


def test_what_we_would_write_is_said_by_the_chart() -> None:
    assert left(merge_statement(PATIENT, SAID, WRITER.version).patient) == {}


def test_codes_count_and_neither_texts_nor_places_nor_how_a_refusal_is_coded() -> None:
    race = coded(
        "race", "Asian; Hmong", ("detailed", CDCREC, "2037-0"), ("ombCategory", CDCREC, "2028-9")
    )
    ethnicity = coded("ethnicity", "Patient refused", ("ombCategory", NULL_FLAVOR, "UNK"))
    assert not {"race", "ethnicity"} & left({**PATIENT, "extension": [race, ethnicity]}).keys()


@pytest.mark.parametrize(
    "race",
    [
        coded("race", "Asian", ("ombCategory", CDCREC, "2028-9")),
        coded("race", "as we write it", ("ombCategory", CDCREC, "2106-3")),
        coded("race", "as we write it"),
    ],
)
def test_less_or_something_else_is_not_what_was_said(race: dict[str, Any]) -> None:
    assert "race" in left({**PATIENT, "extension": [race]})


def test_own_words_are_compared_as_words() -> None:
    said = replace(EMPTY_STATEMENT, values={Element.RACE: CategoryAnswer("Hmong and  proud")})
    assert left({**PATIENT, "extension": [coded("race", "hmong AND proud")]}, said) == {}
    assert left({**PATIENT, "extension": [coded("race", "Hmong")]}, said) == {
        "race": "Hmong and  proud"
    }


@pytest.mark.parametrize(
    ("codes", "done"), [(["zh"], True), (["yue"], True), (["zh", "cmn"], False), (["en"], False)]
)
def test_a_language_in_fewer_codes_is_the_same_and_in_others_is_not(
    codes: list[str], done: bool
) -> None:
    language = {"coding": [{"system": BCP47, "code": code} for code in codes]}
    chart = {**PATIENT, "communication": [{"language": language, "preferred": True}]}
    assert ("spoken-language" not in left(chart)) is done


def test_what_shall_be_erased_is_said_so() -> None:
    chart = {**PATIENT, "communication": [{"language": {"text": "Hmong"}, "preferred": True}]}
    erasing = replace(WRITER, policy=replace(WRITER.policy, decline_erases=True))
    said = replace(EMPTY_STATEMENT, values={Element.SPOKEN_LANGUAGE: AbsentReason.ASKED_DECLINED})
    [found] = build_worksheet(chart, said, erasing).values
    assert (found.element, found.words) == ("spoken-language", NOTHING_TO_ENTER)
