"""Tribal affiliation: an extension and an Observation for each tribe."""

from dataclasses import replace
from typing import Any

import pytest

from fhir_client.model import Element
from fhir_client.uscore.chart import chart_elements, describe_elements, element_meanings
from fhir_client.uscore.elements.tribal_affiliation import TRIBAL_AFFILIATION
from fhir_client.uscore.observations import build_observations, parse_observation
from fhir_client.uscore.patient_merge import MergePolicy, PatientMerge, merge_statement
from fhir_client.uscore.statement import (
    TRIBAL_ENTITIES,
    AbsentReason,
    ElementValue,
    TribalAffiliation,
    Tribe,
)
from fhir_client.uscore.undo_record import element_changes, restore_prior_values
from fhir_client.uscore.versions import us_core_version
from fhir_client.write.bundle import build_bundle
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


def merge_tribes(
    value: ElementValue,
    chart: dict[str, Any] = CHART,
    *,
    version_name: str = "6.1.0",
    erases: bool = False,
) -> PatientMerge:
    statement = replace(EMPTY_STATEMENT, values={Element.TRIBAL_AFFILIATION: value})
    policy = MergePolicy(decline_erases=erases)
    return merge_statement(chart, statement, us_core_version(version_name), policy)


def tribal_extensions(merge: PatientMerge) -> list[dict[str, Any]]:
    return [item for item in merge.patient["extension"] if item["url"] == TRIBAL_AFFILIATION]


@pytest.mark.parametrize("name", VERSIONS)
def test_each_tribe_has_an_extension_where_the_version_has_one(name: str) -> None:
    merge = merge_tribes(BOTH, version_name=name)
    if name == "3.1.1":
        assert not merge.changed
        return
    assert merge.patient["extension"][:2] == CHART["extension"]
    coding = {"system": TRIBAL_ENTITIES, "code": "170", "display": NAVAJO_TRIBE.text}
    concepts = [{"coding": [coding], "text": NAVAJO_TRIBE.text}, {"text": "Schaghticoke"}]
    assert [item["extension"] for item in tribal_extensions(merge)] == [
        [{"url": "tribalAffiliation", "valueCodeableConcept": concept}] for concept in concepts
    ]
    ids = list(merge.element_ids.values())
    assert ids == ["tribal-affiliation", "tribal-affiliation-2"]
    assert [item["id"] for item in tribal_extensions(merge)] == ids


def test_more_that_the_chart_says_of_the_same_tribe_stays() -> None:
    merge = merge_tribes(TribalAffiliation((NAVAJO_TRIBE,)), MEMBER)
    assert tribal_extensions(merge) == [{**ENROLLED, "id": "tribal-affiliation"}]
    before, after = chart_elements(MEMBER), chart_elements(merge.patient)
    assert element_meanings(after) == element_meanings(before)


def test_no_two_extensions_have_one_id() -> None:
    chart = dict(merge_tribes(TribalAffiliation((UNLISTED_TRIBE,))).patient)
    merge = merge_tribes(BOTH, chart)
    ids = [item["id"] for item in tribal_extensions(merge)]
    assert ids == ["tribal-affiliation-2", "tribal-affiliation"]
    assert set(merge.element_ids.values()) == {"tribal-affiliation", "tribal-affiliation-2"}
    assert not merge_tribes(BOTH, dict(merge.patient)).changed


def test_another_tribe_is_replaced_and_undo_restores_it() -> None:
    merge = merge_tribes(TribalAffiliation((UNLISTED_TRIBE,)), MEMBER)
    assert describe_elements(merge.patient)[Element.TRIBAL_AFFILIATION] == ("Schaghticoke",)
    changes = element_changes(merge.prior_values, chart_elements(merge.patient), str.upper)
    restored = restore_prior_values(dict(merge.patient), changes, str.upper)
    assert describe_elements(restored)[Element.TRIBAL_AFFILIATION] == ("Diné [170]",)
    assert sorted(map(repr, restored["extension"])) == sorted(map(repr, MEMBER["extension"]))


@pytest.mark.parametrize("reason", AbsentReason)
def test_an_absent_answer_erases_only_where_the_site_says_so(reason: AbsentReason) -> None:
    assert merge_tribes(reason, MEMBER).kept_elements == ("tribal-affiliation",)
    assert not merge_tribes(reason, MEMBER).changed
    assert not merge_tribes(reason).kept_elements
    assert tribal_extensions(merge_tribes(reason, MEMBER, erases=True)) == []
    only_tribe = {**CHART, "extension": [ENROLLED]}
    assert "extension" not in merge_tribes(reason, only_tribe, erases=True).patient


@pytest.mark.parametrize("name", VERSIONS)
@pytest.mark.parametrize(
    "value",
    [TribalAffiliation((NAVAJO_TRIBE,)), TribalAffiliation((UNLISTED_TRIBE,)), BOTH, *AbsentReason],
    ids=str,
)
def test_each_tribe_has_an_observation_that_reads_back(
    value: TribalAffiliation | AbsentReason, name: str
) -> None:
    statement = replace(EMPTY_STATEMENT, values={Element.TRIBAL_AFFILIATION: value})
    observations = dict(build_observations(statement, us_core_version(name)))
    names = ["tribal-affiliation", "tribal-affiliation-2"]
    assert list(observations) == (names if value == BOTH else names[:1])
    for observation in observations.values():
        assert observation["code"]["coding"][0]["code"] == "95370-3"
        assert ("meta" in observation) == (name != "3.1.1")
        # US Core's us-core-2: a value, components or a reason, and never two of them.
        stated = {"valueCodeableConcept", "component", "dataAbsentReason"} & set(observation)
        assert len(stated) == 1
    identifiers = {resource["identifier"][0]["value"] for resource in observations.values()}
    assert len(identifiers) == len(observations)
    parsed = [parse_observation(observation) for observation in observations.values()]
    if isinstance(value, AbsentReason):
        assert parsed == [value]
    else:
        assert parsed == [TribalAffiliation((tribe,)) for tribe in value.tribes]


@pytest.mark.parametrize(("tribe_count", "is_conditional"), [(5, True), (6, False)])
def test_a_large_transaction_has_no_conditional_creates(
    tribe_count: int, is_conditional: bool
) -> None:
    tribes = tuple(Tribe(f"Tribe {number}") for number in range(tribe_count))
    values = {Element.TRIBAL_AFFILIATION: TribalAffiliation(tribes)}
    statement = replace(EMPTY_STATEMENT, values=values)
    bundle = build_bundle(statement, us_core_version("6.1.0"), CHART).bundle
    requests = [entry["request"] for entry in bundle["entry"]]
    assert [request["method"] for request in requests] == ["PUT", *["POST"] * (tribe_count + 2)]
    assert "ifMatch" in requests[0]
    conditions = ["ifNoneExist" in request for request in requests]
    assert any(conditions) is is_conditional


def test_several_tribes_in_one_observation_are_still_read() -> None:
    concepts = [{"coding": [{"system": TRIBAL_ENTITIES, "code": "170"}]}, {"text": "Schaghticoke"}]
    components = [{"valueCodeableConcept": concept} for concept in concepts]
    observation = {"code": {"coding": [{"code": "95370-3"}]}, "component": components}
    parsed = parse_observation(observation)
    assert isinstance(parsed, TribalAffiliation)
    assert len(parsed.tribes) == 2
