"""The merge into the Patient: only what was asked about changes, and nothing that others wrote is lost."""

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from fhir_client.model import Element
from fhir_client.uscore.chart import chart_elements
from fhir_client.uscore.communication import PROFICIENCY, language_modes
from fhir_client.uscore.datatypes import DECLINED_TEXT, UNKNOWN_TEXT
from fhir_client.uscore.elements import RACE, SPECS
from fhir_client.uscore.elements.interpreter import INTERPRETER_NEEDED, INTERPRETER_REQUIRED
from fhir_client.uscore.patient_merge import MergePolicy, merge_statement
from fhir_client.uscore.statement import (
    BCP47,
    CDCREC,
    AbsentReason,
    CategoryAnswer,
    Coding,
    Interpreter,
    Language,
    Source,
    Statement,
)
from fhir_client.uscore.versions import NULL_FLAVOR, VERSIONS, us_core_version

DECLINED, UNKNOWN = AbsentReason.ASKED_DECLINED, AbsentReason.ASKED_UNKNOWN
ASIAN = CategoryAnswer("Asian", (Coding(CDCREC, "2028-9", "Asian"),))
SPANISH = Language("Español", (Coding(BCP47, "es", "Spanish"),))
CANTONESE = Language("廣東話", (Coding(BCP47, "zh"), Coding(BCP47, "yue")))
MANDARIN = Language("普通话", (Coding(BCP47, "zh"), Coding(BCP47, "cmn")))
CHINESE = Language("繁體中文", (Coding(BCP47, "zh"),))
SIGN = Language("ASL", (Coding(BCP47, "sgn"), Coding(BCP47, "ase")), signed=True)
NOTHING = Statement(
    submission=UUID(int=7),
    patient="Patient/1",
    answered_at=datetime(2026, 11, 23, tzinfo=UTC),
    source=Source.PATIENT,
    questionnaire="https://example.org/q|1",
    locale="en",
    notice="1",
    items=(),
)
CHART_RACE = {
    "url": RACE.url,
    "extension": [
        {
            "url": "ombCategory",
            "valueCoding": {"system": CDCREC, "code": "2106-3", "display": "White"},
        },
        {"url": "text", "valueString": "White"},
    ],
}
BIRTH_SEX = {
    "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex",
    "valueCode": "F",
}
ENGLISH = {"language": {"coding": [{"system": BCP47, "code": "en-US"}]}, "preferred": True}
CHART: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "1",
    "meta": {"versionId": "3", "profile": ["http://vendor.example/odd"]},
    "telecom": [{"system": "phone", "value": "555"}],
    "vendorOddity": {"deep": [1.50]},
    "extension": [BIRTH_SEX, CHART_RACE],
    "communication": [ENGLISH],
}
V6 = us_core_version("6.1.0")


def merged(
    statement: Statement, chart: dict[str, Any] = CHART, name: str = "6.1.0"
) -> dict[str, Any]:
    return dict(merge_statement(chart, statement, us_core_version(name)).patient)


def extension(patient: dict[str, Any], url: str) -> Any:
    found = [each for each in patient.get("extension", []) if each["url"] == url]
    assert len(found) <= 1
    return found[0] if found else None


def part(patient: dict[str, Any], element: str, url: str) -> list[Any]:
    found = extension(patient, SPECS[Element(element)].extension_urls[0]) or {"extension": []}
    return [
        next(value for key, value in each.items() if key != "url")
        for each in found["extension"]
        if each["url"] == url
    ]


def test_nothing_said_changes_nothing() -> None:
    assert not merge_statement(CHART, NOTHING, V6).changed


def test_the_chart_that_was_read_is_not_changed_itself() -> None:
    before = deepcopy(CHART)
    merge_statement(
        CHART, replace(NOTHING, values={Element.RACE: ASIAN, Element.SPOKEN_LANGUAGE: SPANISH}), V6
    )
    assert before == CHART


def test_extension_array_replaced_losing_birth_sex() -> None:
    assert BIRTH_SEX in merged(replace(NOTHING, values={Element.RACE: ASIAN}))["extension"]


def test_whole_resource_overwrite_losing_a_phone_number() -> None:
    now = merged(
        replace(
            NOTHING,
            values={
                Element.RACE: ASIAN,
                Element.SPOKEN_LANGUAGE: SPANISH,
                Element.INTERPRETER: Interpreter(True),
            },
        )
    )
    changed = {"extension", "communication"}
    assert {key: now[key] for key in CHART if key not in changed} == {
        key: CHART[key] for key in CHART if key not in changed
    }


def test_race_as_top_level_value_coding_without_text() -> None:
    race = extension(merged(replace(NOTHING, values={Element.RACE: ASIAN})), RACE.url)
    assert set(race) == {"id", "url", "extension"}
    assert race["id"] == "race"
    assert [each["url"] for each in race["extension"]] == ["ombCategory", "text"]


def test_ethnicity_under_the_race_url() -> None:
    hispanic = CategoryAnswer(
        "Hispanic or Latino", (Coding(CDCREC, "2135-2", "Hispanic or Latino"),)
    )
    now = merged(replace(NOTHING, values={Element.ETHNICITY: hispanic}))
    assert extension(now, RACE.url) == CHART_RACE
    assert part(now, "ethnicity", "text") == ["Hispanic or Latino"]


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
    said = (
        replace(NOTHING, values={Element.RACE: reason})
        if element == "race"
        else replace(NOTHING, values={Element.ETHNICITY: reason})
    )
    now = merged(said, {"resourceType": "Patient"}, name)
    assert [each["code"] for each in part(now, element, "ombCategory")] == (
        [] if expected is None else [expected]
    )
    assert part(now, element, "text") == [text]


@pytest.mark.parametrize("reason", [DECLINED, UNKNOWN])
def test_declining_leaves_the_charts_value_unless_the_site_says_erase(reason: AbsentReason) -> None:
    found = merge_statement(CHART, replace(NOTHING, values={Element.RACE: reason}), V6)
    assert (found.changed, found.kept_elements) == (False, ("race",))
    erased = merge_statement(
        CHART, replace(NOTHING, values={Element.RACE: reason}), V6, MergePolicy(decline_erases=True)
    )
    assert part(erased.patient, "race", "text") != ["White"]


@pytest.mark.parametrize("reason", [DECLINED, UNKNOWN])
def test_where_the_site_says_erase_languages_and_interpreter_go_and_every_entry_stays(
    reason: AbsentReason,
) -> None:
    chart = merged(
        replace(
            NOTHING,
            values={
                Element.SPOKEN_LANGUAGE: SPANISH,
                Element.WRITTEN_LANGUAGE: CANTONESE,
                Element.INTERPRETER: Interpreter(True),
            },
        )
    )
    said = replace(
        NOTHING,
        values={
            Element.SPOKEN_LANGUAGE: reason,
            Element.WRITTEN_LANGUAGE: reason,
            Element.INTERPRETER: reason,
        },
    )
    assert not merge_statement(chart, said, V6).changed
    erased = dict(merge_statement(chart, said, V6, MergePolicy(decline_erases=True)).patient)
    assert chart_elements(erased)["interpreter"] == []
    assert [(language_modes(each), each.get("preferred")) for each in erased["communication"]] == [
        (set(), None)
    ] * 3


def test_a_race_that_says_the_same_keeps_what_the_vendor_wrote_beside_it() -> None:
    [first] = [
        each
        for each in merged(replace(NOTHING, values={Element.RACE: ASIAN}))["extension"]
        if each["url"] == RACE.url
    ]
    odd = {**first, "extension": [{**each, "vendor": 1} for each in reversed(first["extension"])]}
    found = merge_statement(
        {**CHART, "extension": [odd]}, replace(NOTHING, values={Element.RACE: ASIAN}), V6
    )
    assert not found.changed
    assert found.element_ids == {"race": "race"}


def test_a_race_written_twice_becomes_one_and_undo_knows_both() -> None:
    asian = {"url": RACE.url, "extension": [{"url": "text", "valueString": "Asian"}]}
    found = merge_statement(
        {**CHART, "extension": [CHART_RACE, BIRTH_SEX, asian]},
        replace(NOTHING, values={Element.RACE: ASIAN}),
        V6,
    )
    assert part(dict(found.patient), "race", "text") == ["Asian"]
    assert found.prior_values["race"] == [CHART_RACE, asian]


def test_a_race_of_an_odd_shape_is_still_a_value_that_declining_leaves() -> None:
    odd = {"url": RACE.url, "valueCodeableConcept": {"text": "White"}}
    assert merge_statement(
        {"extension": [odd]}, replace(NOTHING, values={Element.RACE: DECLINED}), V6
    ).kept_elements == ("race",)


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
def test_what_somebody_said_beside_a_null_is_a_value_that_declining_leaves(
    code: str, text: str | None, stays: bool
) -> None:
    null = {
        "url": "ombCategory" if code != "OTH" else "detailed",
        "valueCoding": {"system": NULL_FLAVOR, "code": code},
    }
    said = [] if text is None else [{"url": "text", "valueString": text}]
    chart = {"extension": [{"url": RACE.url, "extension": [null, *said]}]}
    assert (
        merge_statement(chart, replace(NOTHING, values={Element.RACE: DECLINED}), V6).kept_elements
        == ("race",)
    ) is stays


def test_who_wrote_that_a_language_is_not_preferred_keeps_that() -> None:
    other = {"language": {"text": "Welsh"}, "preferred": False}
    now = merged(
        replace(NOTHING, values={Element.SPOKEN_LANGUAGE: SPANISH}),
        {**CHART, "communication": [other, ENGLISH]},
    )
    assert now["communication"][0] == other
    assert [each.get("preferred") for each in now["communication"]] == [False, None, True]


def test_each_element_that_was_set_can_be_pointed_at() -> None:
    said = replace(
        NOTHING,
        values={
            Element.RACE: ASIAN,
            Element.SPOKEN_LANGUAGE: SPANISH,
            Element.WRITTEN_LANGUAGE: CANTONESE,
            Element.INTERPRETER: Interpreter(False),
        },
    )
    found = merge_statement(CHART, said, V6)
    marks_of = [
        mark for entry in found.patient["communication"] for mark in entry.get("extension", [])
    ]
    ids = [
        each.get("id")
        for each in (*found.patient["extension"], *found.patient["communication"], *marks_of)
    ]
    assert set(found.element_ids) == {"race", "spoken-language", "written-language", "interpreter"}
    assert all(ids.count(identity) == 1 for identity in found.element_ids.values())


def test_an_answer_takes_the_place_of_an_earlier_decline() -> None:
    declined = merged(
        replace(NOTHING, values={Element.RACE: DECLINED}), {"resourceType": "Patient"}
    )
    assert part(
        merged(replace(NOTHING, values={Element.RACE: ASIAN}), declined), "race", "text"
    ) == ["Asian"]


def test_two_preferred_true_languages() -> None:
    now = merged(replace(NOTHING, values={Element.SPOKEN_LANGUAGE: SPANISH}))
    assert [each.get("preferred", False) for each in now["communication"]] == [False, True]
    assert now["communication"][0]["language"] == ENGLISH["language"]


def test_a_language_that_the_chart_has_gets_no_second_entry() -> None:
    english = Language("English", (Coding(BCP47, "en", "English"),))
    [entry] = merged(replace(NOTHING, values={Element.SPOKEN_LANGUAGE: english}))["communication"]
    assert entry["preferred"] is True
    assert entry["language"]["text"] == "English"


def test_spoken_and_written_share_an_entry_or_have_two() -> None:
    [_, both] = merged(
        replace(
            NOTHING, values={Element.SPOKEN_LANGUAGE: SPANISH, Element.WRITTEN_LANGUAGE: SPANISH}
        )
    )["communication"]
    assert language_modes(both) == {"ESP", "RWR"}
    [_, spoken, written] = merged(
        replace(
            NOTHING, values={Element.SPOKEN_LANGUAGE: CANTONESE, Element.WRITTEN_LANGUAGE: SPANISH}
        )
    )["communication"]
    assert (language_modes(spoken), language_modes(written)) == ({"ESP"}, {"RWR"})
    assert [each["code"] for each in spoken["language"]["coding"]] == ["zh", "yue"]


def test_a_new_written_language_takes_the_mark_from_the_old_one() -> None:
    first = merged(
        replace(
            NOTHING, values={Element.SPOKEN_LANGUAGE: SPANISH, Element.WRITTEN_LANGUAGE: SPANISH}
        )
    )
    second = merged(replace(NOTHING, values={Element.WRITTEN_LANGUAGE: CANTONESE}), first)
    assert [language_modes(each) for each in second["communication"]] == [set(), {"ESP"}, {"RWR"}]


def test_spoken_cantonese_and_written_chinese_are_two_entries() -> None:
    [_, spoken, written] = merged(
        replace(
            NOTHING, values={Element.SPOKEN_LANGUAGE: CANTONESE, Element.WRITTEN_LANGUAGE: CHINESE}
        )
    )["communication"]
    assert (spoken["language"]["text"], spoken["preferred"], language_modes(spoken)) == (
        "廣東話",
        True,
        {"ESP"},
    )
    assert (written["language"]["text"], written.get("preferred"), language_modes(written)) == (
        "繁體中文",
        None,
        {"RWR"},
    )


def test_a_language_that_shares_only_its_shortest_code_stays_in_the_chart() -> None:
    mandarin = merged(replace(NOTHING, values={Element.SPOKEN_LANGUAGE: MANDARIN}))
    texts = [
        each["language"].get("text")
        for each in merged(replace(NOTHING, values={Element.SPOKEN_LANGUAGE: CANTONESE}), mandarin)[
            "communication"
        ]
    ]
    assert texts == [None, "普通话", "廣東話"]


def test_a_vendors_own_code_for_the_language_stays_beside_ours() -> None:
    local = {"system": "http://vendor.example/languages", "code": "132"}
    spanish = {"coding": [local, {"system": BCP47, "code": "es-MX"}], "text": "Spanish"}
    [entry] = merged(
        replace(NOTHING, values={Element.SPOKEN_LANGUAGE: SPANISH}),
        {**CHART, "communication": [{"language": spanish}]},
    )["communication"]
    assert [each["code"] for each in entry["language"]["coding"]] == ["es", "132", "es-MX"]
    assert entry["language"]["text"] == "Español"


def test_how_well_a_language_is_spoken_is_somebody_elses_to_say() -> None:
    level = {"url": "level", "valueCoding": {"code": "G"}}
    fluent = {
        "url": PROFICIENCY,
        "extension": [{"url": "type", "valueCoding": {"code": "ESP"}}, level],
    }
    chart = {**CHART, "communication": [{**ENGLISH, "extension": [fluent]}]}
    assert merged(replace(NOTHING, values={Element.SPOKEN_LANGUAGE: SPANISH}), chart)[
        "communication"
    ][0]["extension"] == [fluent]


def test_a_sign_language_is_marked_as_signed() -> None:
    assert language_modes(
        merged(replace(NOTHING, values={Element.SPOKEN_LANGUAGE: SIGN}))["communication"][1]
    ) == {"ESGN"}


@pytest.mark.parametrize(
    ("name", "ours"), [("6.1.0", INTERPRETER_REQUIRED), ("8.0.1", INTERPRETER_NEEDED)]
)
def test_where_the_chart_has_the_other_interpreter_extension_both_agree(
    name: str, ours: str
) -> None:
    other: dict[str, Any] = {"url": INTERPRETER_NEEDED, "valueCoding": {"code": "373067005"}}
    if ours == INTERPRETER_NEEDED:
        other = {"url": INTERPRETER_REQUIRED, "valueBoolean": False}
    now = merged(
        replace(NOTHING, values={Element.INTERPRETER: Interpreter(True)}),
        {"resourceType": "Patient", "extension": [other]},
        name,
    )
    assert extension(now, INTERPRETER_REQUIRED)["valueBoolean"] is True
    assert extension(now, INTERPRETER_NEEDED)["valueCoding"]["code"] == "373066001"


def test_an_unknown_interpreter_is_sent_where_the_version_has_a_code_for_it() -> None:
    said = replace(NOTHING, values={Element.INTERPRETER: UNKNOWN})
    assert extension(merged(said, {"resourceType": "Patient"}), INTERPRETER_REQUIRED) is None
    newest = extension(merged(said, {"resourceType": "Patient"}, "9.0.0"), INTERPRETER_NEEDED)
    assert newest["valueCoding"]["code"] == "asked-unknown"


def test_earlier_values_are_kept_for_undo() -> None:
    earlier = merge_statement(
        CHART, replace(NOTHING, values={Element.RACE: ASIAN, Element.SPOKEN_LANGUAGE: SPANISH}), V6
    ).prior_values
    untouched: dict[str, Any] = {"ethnicity": [], "interpreter": [], "tribal-affiliation": []}
    assert earlier == {"race": [CHART_RACE], "communication": [ENGLISH], **untouched}
