"""Tribal affiliation: an extension for each tribe in the chart, one Observation, and every other extension left alone."""

from dataclasses import replace
from typing import Any

import pytest

from fhir_client.model import Element
from fhir_client.uscore.chart import chart_elements, describe_elements, element_meanings
from fhir_client.uscore.elements.tribal_affiliation import TRIBAL_AFFILIATION
from fhir_client.uscore.observations import build_observations, parse_observation
from fhir_client.uscore.patient_merge import MergePolicy, PatientMerge, merge_statement
from fhir_client.uscore.statement import TRIBAL_ENTITIES, AbsentReason, TribalAffiliation
from fhir_client.uscore.undo_record import element_changes, restore_prior_values
from fhir_client.uscore.versions import us_core_version
from tests.support.merge_examples import BIRTH_SEX, CHART, CHART_RACE
from tests.support.statements import EMPTY_STATEMENT, NAVAJO_TRIBE, UNLISTED_TRIBE
from tests.support.us_core_bindings import VERSIONS

BOTH = TribalAffiliation((NAVAJO_TRIBE, UNLISTED_TRIBE))
ENROLLED = {
    "url": TRIBAL_AFFILIATION,
    "extension": [
        {
            "url": "tribalAffiliation",
            "valueCodeableConcept": {
                "coding": [{"system": TRIBAL_ENTITIES, "code": "170"}],
                "text": "Diné",
            },
        },
        {"url": "isEnrolled", "valueBoolean": True},
    ],
}
MEMBER = {**CHART, "extension": [BIRTH_SEX, ENROLLED, CHART_RACE]}


def merge(
    said: Any, chart: dict[str, Any] = CHART, *, name: str = "6.1.0", erases: bool = False
) -> PatientMerge:
    return merge_statement(
        chart,
        replace(EMPTY_STATEMENT, values={Element.TRIBAL_AFFILIATION: said}),
        us_core_version(name),
        MergePolicy(decline_erases=erases),
    )


def held(merged: PatientMerge) -> list[dict[str, Any]]:
    return [each for each in merged.patient["extension"] if each["url"] == TRIBAL_AFFILIATION]


@pytest.mark.parametrize("name", VERSIONS)
def test_each_tribe_has_an_extension_where_the_version_knows_it(name: str) -> None:
    found = merge(BOTH, name=name)
    if name == "3.1.1":
        assert not found.changed
        return
    assert found.patient["extension"][:2] == CHART["extension"]
    coding = {"system": TRIBAL_ENTITIES, "code": "170", "display": NAVAJO_TRIBE.text}
    concepts = [{"coding": [coding], "text": NAVAJO_TRIBE.text}, {"text": "Schaghticoke"}]
    assert [each["extension"] for each in held(found)] == [
        [{"url": "tribalAffiliation", "valueCodeableConcept": each}] for each in concepts
    ]
    assert list(found.element_ids.values()) == ["tribal-affiliation", "tribal-affiliation-2"]
    assert [each["id"] for each in held(found)] == list(found.element_ids.values())


def test_what_the_chart_says_more_of_the_same_tribe_stays() -> None:
    found = merge(TribalAffiliation((NAVAJO_TRIBE,)), MEMBER)
    assert held(found) == [{**ENROLLED, "id": "tribal-affiliation"}]
    assert element_meanings(chart_elements(found.patient)) == element_meanings(
        chart_elements(MEMBER)
    )


def test_no_two_extensions_have_one_id() -> None:
    own = dict(merge(TribalAffiliation((UNLISTED_TRIBE,))).patient)
    found = merge(BOTH, own)
    assert [each["id"] for each in held(found)] == ["tribal-affiliation-2", "tribal-affiliation"]
    assert set(found.element_ids.values()) == {"tribal-affiliation", "tribal-affiliation-2"}
    assert not merge(BOTH, dict(found.patient)).changed


def test_another_tribe_gives_way_and_comes_back_by_undo() -> None:
    found = merge(TribalAffiliation((UNLISTED_TRIBE,)), MEMBER)
    assert describe_elements(found.patient)[Element.TRIBAL_AFFILIATION] == ("Schaghticoke",)
    parts = element_changes(found.prior_values, chart_elements(found.patient), str.upper)
    again = restore_prior_values(dict(found.patient), parts, str.upper)
    assert describe_elements(again)[Element.TRIBAL_AFFILIATION] == ("Diné",)
    assert sorted(map(repr, again["extension"])) == sorted(map(repr, MEMBER["extension"]))


@pytest.mark.parametrize("reason", AbsentReason)
def test_declined_or_unknown_erases_only_where_the_site_says_so(reason: AbsentReason) -> None:
    assert merge(reason, MEMBER).kept_elements == ("tribal-affiliation",)
    assert not merge(reason, MEMBER).changed
    assert not merge(reason).kept_elements
    assert held(merge(reason, MEMBER, erases=True)) == []
    only = {**CHART, "extension": [ENROLLED]}
    assert "extension" not in merge(reason, only, erases=True).patient


@pytest.mark.parametrize("name", VERSIONS)
@pytest.mark.parametrize(
    "said",
    [TribalAffiliation((NAVAJO_TRIBE,)), TribalAffiliation((UNLISTED_TRIBE,)), BOTH, *AbsentReason],
    ids=str,
)
def test_one_observation_says_it_and_reads_back(
    said: TribalAffiliation | AbsentReason, name: str
) -> None:
    [(element, found)] = build_observations(
        replace(EMPTY_STATEMENT, values={Element.TRIBAL_AFFILIATION: said}), us_core_version(name)
    )
    assert element == "tribal-affiliation"
    assert found["code"]["coding"][0]["code"] == "95370-3"
    assert ("meta" in found) == (name != "3.1.1")
    # US Core's us-core-2: a value, or components, or why there is none, and never two of them.
    assert len({"valueCodeableConcept", "component", "dataAbsentReason"} & set(found)) == 1
    assert parse_observation(found) == said
