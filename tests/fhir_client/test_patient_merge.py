"""The merge changes only what was asked about, and loses nothing that others wrote."""

from copy import deepcopy
from typing import Any

import pytest

from fhir_client.model import Element
from fhir_client.uscore.chart import chart_elements
from fhir_client.uscore.communication import language_modes
from fhir_client.uscore.datatypes import DECLINED_TEXT, UNKNOWN_TEXT
from fhir_client.uscore.elements import RACE, SPECS
from fhir_client.uscore.elements.interpreter import INTERPRETER_NEEDED, INTERPRETER_REQUIRED
from fhir_client.uscore.patient_merge import MergePolicy, merge_statement
from fhir_client.uscore.statement import (
    CDCREC,
    AbsentReason,
    CategoryAnswer,
    Coding,
    Interpreter,
)
from fhir_client.uscore.versions import NULL_FLAVOR, VERSIONS
from tests.support.merge_examples import (
    ASIAN,
    BIRTH_SEX,
    CANTONESE,
    CHART,
    CHART_RACE,
    DECLINED,
    ENGLISH,
    NOTHING,
    SPANISH,
    UNKNOWN,
    V6,
    merge_values,
    with_values,
)

EMPTY_CHART: dict[str, Any] = {"resourceType": "Patient"}
ERASING = MergePolicy(decline_erases=True)


def find_extension(patient: dict[str, Any], url: str) -> Any:
    extensions = [item for item in patient.get("extension", []) if item["url"] == url]
    assert len(extensions) <= 1
    return extensions[0] if extensions else None


def category_part(patient: dict[str, Any], element: str, url: str) -> list[Any]:
    extension = find_extension(patient, SPECS[Element(element)].extension_urls[0])
    return [
        next(value for key, value in part.items() if key != "url")
        for part in (extension or {"extension": []})["extension"]
        if part["url"] == url
    ]


def test_an_empty_statement_changes_nothing() -> None:
    assert not merge_statement(CHART, NOTHING, V6).changed


def test_the_chart_that_was_read_is_not_changed_itself() -> None:
    before = deepcopy(CHART)
    merge_values({Element.RACE: ASIAN, Element.SPOKEN_LANGUAGE: SPANISH})
    assert before == CHART


def test_extension_array_replaced_losing_birth_sex() -> None:
    assert BIRTH_SEX in merge_values({Element.RACE: ASIAN})["extension"]


def test_whole_resource_overwrite_losing_a_phone_number() -> None:
    merged = merge_values(
        {
            Element.RACE: ASIAN,
            Element.SPOKEN_LANGUAGE: SPANISH,
            Element.INTERPRETER: Interpreter(True),
        }
    )
    changed = {"extension", "communication"}
    assert {key: merged[key] for key in CHART if key not in changed} == {
        key: CHART[key] for key in CHART if key not in changed
    }


def test_race_as_top_level_value_coding_without_text() -> None:
    race = find_extension(merge_values({Element.RACE: ASIAN}), RACE.url)
    assert set(race) == {"id", "url", "extension"}
    assert race["id"] == "race"
    assert [part["url"] for part in race["extension"]] == ["ombCategory", "text"]


def test_ethnicity_under_the_race_url() -> None:
    hispanic = CategoryAnswer(
        "Hispanic or Latino", (Coding(CDCREC, "2135-2", "Hispanic or Latino"),)
    )
    merged = merge_values({Element.ETHNICITY: hispanic})
    assert find_extension(merged, RACE.url) == CHART_RACE
    assert category_part(merged, "ethnicity", "text") == ["Hispanic or Latino"]


@pytest.mark.parametrize("name", sorted(VERSIONS))
@pytest.mark.parametrize("element", ["race", "ethnicity"])
@pytest.mark.parametrize(("reason", "text"), [(DECLINED, DECLINED_TEXT), (UNKNOWN, UNKNOWN_TEXT)])
def test_declined_mapped_to_an_unbound_code(
    name: str, element: str, reason: AbsentReason, text: str
) -> None:
    bound = {"3.1.1": {"race": "ASKU", "ethnicity": None}, "6.1.0": "ASKU", "7.0.0": "ASKU"}.get(
        name
    )
    newest = "asked-declined" if reason is DECLINED else "ASKU"
    expected = newest if bound is None else bound[element] if isinstance(bound, dict) else bound
    merged = merge_values({Element(element): reason}, EMPTY_CHART, name)
    assert [coding["code"] for coding in category_part(merged, element, "ombCategory")] == (
        [] if expected is None else [expected]
    )
    assert category_part(merged, element, "text") == [text]


@pytest.mark.parametrize("reason", [DECLINED, UNKNOWN])
def test_declining_keeps_the_charts_value_unless_the_site_erases(reason: AbsentReason) -> None:
    statement = with_values({Element.RACE: reason})
    merge = merge_statement(CHART, statement, V6)
    assert (merge.changed, merge.kept_elements) == (False, ("race",))
    erased = merge_statement(CHART, statement, V6, ERASING)
    assert category_part(erased.patient, "race", "text") != ["White"]


@pytest.mark.parametrize("reason", [DECLINED, UNKNOWN])
def test_erasing_removes_marks_and_interpreter_but_no_entry(reason: AbsentReason) -> None:
    chart = merge_values(
        {
            Element.SPOKEN_LANGUAGE: SPANISH,
            Element.WRITTEN_LANGUAGE: CANTONESE,
            Element.INTERPRETER: Interpreter(True),
        }
    )
    absent = with_values(
        {
            Element.SPOKEN_LANGUAGE: reason,
            Element.WRITTEN_LANGUAGE: reason,
            Element.INTERPRETER: reason,
        }
    )
    assert not merge_statement(chart, absent, V6).changed
    erased = dict(merge_statement(chart, absent, V6, ERASING).patient)
    assert chart_elements(erased)["interpreter"] == []
    assert [
        (language_modes(entry), entry.get("preferred")) for entry in erased["communication"]
    ] == [(set(), None)] * 3


def test_an_equal_race_keeps_what_the_vendor_wrote_beside_it() -> None:
    own = find_extension(merge_values({Element.RACE: ASIAN}), RACE.url)
    decorated = {
        **own,
        "extension": [{**part, "vendor": 1} for part in reversed(own["extension"])],
    }
    merge = merge_statement(
        {**CHART, "extension": [decorated]}, with_values({Element.RACE: ASIAN}), V6
    )
    assert not merge.changed
    assert merge.element_ids == {"race": "race"}


def test_a_race_written_twice_becomes_one_and_undo_keeps_both() -> None:
    asian = {"url": RACE.url, "extension": [{"url": "text", "valueString": "Asian"}]}
    merge = merge_statement(
        {**CHART, "extension": [CHART_RACE, BIRTH_SEX, asian]},
        with_values({Element.RACE: ASIAN}),
        V6,
    )
    assert category_part(dict(merge.patient), "race", "text") == ["Asian"]
    assert merge.prior_values["race"] == [CHART_RACE, asian]


def test_a_race_of_an_odd_shape_is_still_a_value_that_declining_keeps() -> None:
    odd = {"url": RACE.url, "valueCodeableConcept": {"text": "White"}}
    declined = with_values({Element.RACE: DECLINED})
    assert merge_statement({"extension": [odd]}, declined, V6).kept_elements == ("race",)


@pytest.mark.parametrize(
    ("code", "text", "stays"),
    [
        ("OTH", "Garifuna", True),
        ("OTH", None, True),
        ("UNK", "Middle Eastern, Assyrian", True),
        ("UNK", "Unknown", False),
        ("ASKU", "asked but unknown", False),
        ("ASKU", DECLINED_TEXT, False),
        ("ASKU", None, False),
    ],
)
def test_an_answer_beside_a_null_code_is_a_value_that_declining_keeps(
    code: str, text: str | None, stays: bool
) -> None:
    null = {
        "url": "ombCategory" if code != "OTH" else "detailed",
        "valueCoding": {"system": NULL_FLAVOR, "code": code},
    }
    texts = [] if text is None else [{"url": "text", "valueString": text}]
    chart = {"extension": [{"url": RACE.url, "extension": [null, *texts]}]}
    merge = merge_statement(chart, with_values({Element.RACE: DECLINED}), V6)
    assert (merge.kept_elements == ("race",)) is stays


def test_each_merged_element_has_one_id_to_point_at() -> None:
    statement = with_values(
        {
            Element.RACE: ASIAN,
            Element.SPOKEN_LANGUAGE: SPANISH,
            Element.WRITTEN_LANGUAGE: CANTONESE,
            Element.INTERPRETER: Interpreter(False),
        }
    )
    merge = merge_statement(CHART, statement, V6)
    entries = merge.patient["communication"]
    marks = [mark for entry in entries for mark in entry.get("extension", [])]
    ids = [item.get("id") for item in (*merge.patient["extension"], *entries, *marks)]
    assert set(merge.element_ids) == {"race", "spoken-language", "written-language", "interpreter"}
    assert all(ids.count(element_id) == 1 for element_id in merge.element_ids.values())


def test_an_answer_replaces_an_earlier_decline() -> None:
    declined = merge_values({Element.RACE: DECLINED}, EMPTY_CHART)
    assert category_part(merge_values({Element.RACE: ASIAN}, declined), "race", "text") == ["Asian"]


@pytest.mark.parametrize(
    ("name", "own_url"), [("6.1.0", INTERPRETER_REQUIRED), ("8.0.1", INTERPRETER_NEEDED)]
)
def test_both_interpreter_extensions_agree_where_the_chart_has_the_other(
    name: str, own_url: str
) -> None:
    other: dict[str, Any] = {"url": INTERPRETER_NEEDED, "valueCoding": {"code": "373067005"}}
    if own_url == INTERPRETER_NEEDED:
        other = {"url": INTERPRETER_REQUIRED, "valueBoolean": False}
    merged = merge_values(
        {Element.INTERPRETER: Interpreter(True)}, {**EMPTY_CHART, "extension": [other]}, name
    )
    assert find_extension(merged, INTERPRETER_REQUIRED)["valueBoolean"] is True
    assert find_extension(merged, INTERPRETER_NEEDED)["valueCoding"]["code"] == "373066001"


def test_an_unknown_interpreter_is_sent_where_the_version_has_a_code() -> None:
    values = {Element.INTERPRETER: UNKNOWN}
    assert find_extension(merge_values(values, EMPTY_CHART), INTERPRETER_REQUIRED) is None
    newest = find_extension(merge_values(values, EMPTY_CHART, "9.0.0"), INTERPRETER_NEEDED)
    assert newest["valueCoding"]["code"] == "asked-unknown"


def test_prior_values_are_kept_for_undo() -> None:
    statement = with_values({Element.RACE: ASIAN, Element.SPOKEN_LANGUAGE: SPANISH})
    untouched: dict[str, Any] = {"ethnicity": [], "interpreter": [], "tribal-affiliation": []}
    assert merge_statement(CHART, statement, V6).prior_values == {
        "race": [CHART_RACE],
        "communication": [ENGLISH],
        **untouched,
    }
