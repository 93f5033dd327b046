"""A chart value in another spelling of its system, code or type is the same value."""

from typing import Any

import pytest

from fhir_client.model import Element
from fhir_client.uscore.chart import describe_elements
from fhir_client.uscore.comparison import comparable_items, comparable_value
from fhir_client.uscore.elements import RACE, TRIBES
from fhir_client.uscore.elements.tribal_affiliation import TRIBAL_AFFILIATION
from fhir_client.uscore.parsing import parse_items
from fhir_client.uscore.patient_merge import PatientMerge, merge_statement
from fhir_client.uscore.statement import (
    BCP47,
    CDCREC,
    TRIBAL_ENTITIES,
    AbsentReason,
    CategoryAnswer,
    Coding,
    ItemAnswer,
    Language,
)
from fhir_client.uscore.versions import DATA_ABSENT_REASON
from tests.support.merge_examples import CHART, DECLINED, SPANISH, V6, merge_values, with_values

WHITE = CategoryAnswer("White", (Coding(CDCREC, "2106-3", "White"),))
VIETNAMESE = Language("Tiếng Việt", (Coding(BCP47, "vi", "Vietnamese"),))
ENGLISH = Language("English", (Coding(BCP47, "en", "English"),))
RACE_SYSTEMS = [
    "http://hl7.org/fhir/v3/Race",
    "2.16.840.1.113883.6.238",
    "urn:oid:2.16.840.1.113883.5.104",
    "https://terminology.hl7.org/CodeSystem/v3-Race|2.1.0",
]
NULL_CODES = [
    ("http://hl7.org/fhir/v3/NullFlavor", "UNK"),
    ("urn:oid:2.16.840.1.113883.5.1008", "ASKU"),
    ("http://hl7.org/fhir/data-absent-reason", "asked-declined"),
]


def with_race(*parts: dict[str, Any], **values: Any) -> dict[str, Any]:
    """Return a chart whose race has these parts, or a value at its top level."""
    nested = {"extension": list(parts)} if parts else {}
    return {**CHART, "extension": [{"url": RACE.url, **nested, **values}]}


def with_language(*codings: dict[str, Any], text: str) -> dict[str, Any]:
    """Return a chart with one language, which is not preferred."""
    return {**CHART, "communication": [{"language": {"coding": list(codings), "text": text}}]}


def merge_race(chart: dict[str, Any], value: Any = WHITE) -> PatientMerge:
    return merge_statement(chart, with_values({Element.RACE: value}), V6)


@pytest.mark.parametrize("system", RACE_SYSTEMS)
def test_the_same_race_in_another_spelling_stays_as_it_is(system: str) -> None:
    parts: list[dict[str, Any]] = [
        {"url": "ombCategory", "valueCoding": {"system": system, "code": "2106-3"}},
        {"url": "text", "valueString": "White"},
    ]
    [race] = merge_race(with_race(*parts)).patient["extension"]
    assert race == {"id": "race", "url": RACE.url, "extension": parts}


@pytest.mark.parametrize("system", RACE_SYSTEMS)
def test_a_person_entered_the_race_in_another_spelling(system: str) -> None:
    coding = {"system": system, "code": "2106-3"}
    typed = with_race({"url": "ombCategory", "valueCoding": coding})["extension"]
    assert RACE.is_entered(typed, list(merge_race(CHART).patient["extension"][1:]))


@pytest.mark.parametrize(("system", "code"), NULL_CODES)
@pytest.mark.parametrize("value_type", ["valueCoding", "valueCodeableConcept"])
@pytest.mark.parametrize("nested", [True, False])
def test_a_null_code_in_another_spelling_is_no_answer(
    system: str, code: str, value_type: str, nested: bool
) -> None:
    coding = {"system": system, "code": code}
    value = {value_type: coding if value_type == "valueCoding" else {"coding": [coding]}}
    chart = with_race({"url": "ombCategory", **value}) if nested else with_race(**value)
    assert not RACE.has_value(chart)
    assert merge_race(chart, DECLINED).kept_elements == ()


@pytest.mark.parametrize("value_type", ["valueCoding", "valueCodeableConcept"])
@pytest.mark.parametrize("nested", [True, False])
def test_a_race_in_another_type_is_an_answer_and_is_put_right(
    value_type: str, nested: bool
) -> None:
    coding = {"system": RACE_SYSTEMS[0], "code": "2106-3", "display": "White"}
    value = {value_type: coding if value_type == "valueCoding" else {"coding": [coding]}}
    chart = with_race({"url": "ombCategory", **value}) if nested else with_race(**value)
    assert RACE.has_value(chart)
    assert describe_elements(chart)[Element.RACE] == ("White",)
    [race] = merge_race(chart).patient["extension"]
    assert {part["url"] for part in race["extension"]} == {"ombCategory", "text"}
    assert set(race) == {"id", "url", "extension"}


def test_a_concept_with_a_text_alone_is_an_answer() -> None:
    chart = with_race(valueCodeableConcept={"text": "Gullah"})
    assert describe_elements(chart)[Element.RACE] == ("Gullah",)
    assert RACE.has_value(chart)
    assert not RACE.has_value(with_race(valueCodeableConcept={"text": "Unknown"}))


@pytest.mark.parametrize(
    ("coding", "language"),
    [
        ({"system": BCP47, "code": "eng"}, ENGLISH),
        ({"code": "eng"}, ENGLISH),
        ({"system": "urn:oid:2.16.840.1.113883.6.100", "code": "eng"}, ENGLISH),
        ({"system": "http://id.loc.gov/vocabulary/iso639-1", "code": "vi"}, VIETNAMESE),
        ({"system": "http://id.loc.gov/vocabulary/iso639-2", "code": "vie"}, VIETNAMESE),
        ({"system": "http://terminology.hl7.org/CodeSystem/Languages", "code": "vi"}, VIETNAMESE),
        ({"system": "urn:iso:std:iso:639:-1", "code": "VI"}, VIETNAMESE),
    ],
)
def test_a_language_in_another_spelling_gets_no_second_entry(
    coding: dict[str, Any], language: Language
) -> None:
    values = {Element.SPOKEN_LANGUAGE: language}
    merged = merge_values(values, with_language(coding, text="as the vendor says"))
    [entry] = merged["communication"]
    assert entry["preferred"] is True
    assert coding in entry["language"]["coding"]
    assert merge_values(values, merged) == merged


def test_a_language_of_a_vendors_own_system_is_another_entry() -> None:
    coding = {"system": "http://vendor.example/languages", "code": "vi"}
    merged = merge_values({Element.SPOKEN_LANGUAGE: VIETNAMESE}, with_language(coding, text="VN"))
    assert len(merged["communication"]) == 2


@pytest.mark.parametrize("system", ["http://hl7.org/fhir/v3/TribalEntityUS", TRIBAL_ENTITIES])
def test_a_tribe_in_another_spelling_is_the_same_tribe(system: str) -> None:
    concept = {"coding": [{"system": system, "code": "10"}]}
    parts = [{"url": "tribalAffiliation", "valueCodeableConcept": concept}]
    item = {"url": TRIBAL_AFFILIATION, "extension": parts}
    assert TRIBES.item_meaning(item) == {frozenset({(TRIBAL_ENTITIES, "10")})}


def test_a_server_may_answer_with_another_spelling() -> None:
    sent, found = Coding(CDCREC, "2106-3"), Coding(RACE_SYSTEMS[0], "2106-3")
    assert comparable_value(sent) == comparable_value(found)
    assert comparable_value(SPANISH) == comparable_value(
        Language(SPANISH.text, (Coding("http://id.loc.gov/vocabulary/iso639-2", "spa"),))
    )


def test_a_declined_item_in_another_spelling_is_declined() -> None:
    coding = {"system": "http://hl7.org/fhir/data-absent-reason", "code": "asked-declined"}
    item = {"linkId": "race", "answer": [{"valueCoding": coding}]}
    declined = ItemAnswer("race", "", absent_reason=AbsentReason.ASKED_DECLINED)
    assert comparable_items(parse_items({"item": [item]})) == comparable_items([declined])
    assert DATA_ABSENT_REASON not in str(item)
