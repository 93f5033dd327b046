"""Tribal affiliation: an extension for each tribe in the chart, one Observation, and every other extension left alone."""

from dataclasses import replace
from typing import Any

import pytest

from fhir_client.uscore.observations import observations
from fhir_client.uscore.patient import Merge, MergePolicy, apply, elements_of
from fhir_client.uscore.reading import meanings, said_in
from fhir_client.uscore.statement import TRIBAL_ENTITIES, AbsentReason, Tribes
from fhir_client.uscore.tribes import TRIBAL_AFFILIATION
from fhir_client.uscore.undoing import parts_of, taken_back
from fhir_client.uscore.versions import version
from fhir_client.uscore.wording import in_words
from tests.bound import VERSIONS
from tests.fhir_client.test_merge import BIRTH_SEX, CHART, RACE
from tests.statements import NAVAJO, NOT_ASKED, OWN

BOTH = Tribes((NAVAJO, OWN))
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
MEMBER = {**CHART, "extension": [BIRTH_SEX, ENROLLED, RACE]}


def merge(
    said: Any, chart: dict[str, Any] = CHART, *, name: str = "6.1.0", erases: bool = False
) -> Merge:
    return apply(
        chart, replace(NOT_ASKED, tribes=said), version(name), MergePolicy(decline_erases=erases)
    )


def held(merged: Merge) -> list[dict[str, Any]]:
    return [each for each in merged.patient["extension"] if each["url"] == TRIBAL_AFFILIATION]


@pytest.mark.parametrize("name", VERSIONS)
def test_each_tribe_has_an_extension_where_the_version_knows_it(name: str) -> None:
    found = merge(BOTH, name=name)
    if name == "3.1.1":
        assert not found.changed
        return
    assert found.patient["extension"][:2] == CHART["extension"]
    coding = {"system": TRIBAL_ENTITIES, "code": "170", "display": NAVAJO.text}
    concepts = [{"coding": [coding], "text": NAVAJO.text}, {"text": "Schaghticoke"}]
    assert [each["extension"] for each in held(found)] == [
        [{"url": "tribalAffiliation", "valueCodeableConcept": each}] for each in concepts
    ]
    assert list(found.element_ids.values()) == ["tribal-affiliation", "tribal-affiliation-2"]
    assert [each["id"] for each in held(found)] == list(found.element_ids.values())


def test_what_the_chart_says_more_of_the_same_tribe_stays() -> None:
    found = merge(Tribes((NAVAJO,)), MEMBER)
    assert held(found) == [{**ENROLLED, "id": "tribal-affiliation"}]
    assert meanings(elements_of(found.patient)) == meanings(elements_of(MEMBER))


def test_no_two_extensions_have_one_id() -> None:
    own = dict(merge(Tribes((OWN,))).patient)
    found = merge(BOTH, own)
    assert [each["id"] for each in held(found)] == ["tribal-affiliation-2", "tribal-affiliation"]
    assert set(found.element_ids.values()) == {"tribal-affiliation", "tribal-affiliation-2"}
    assert not merge(BOTH, dict(found.patient)).changed


def test_another_tribe_gives_way_and_comes_back_by_undo() -> None:
    found = merge(Tribes((OWN,)), MEMBER)
    assert in_words(found.patient)["tribal-affiliation"] == ("Schaghticoke",)
    parts = parts_of(found.earlier, elements_of(found.patient), str.upper)
    again = taken_back(dict(found.patient), parts, str.upper)
    assert in_words(again)["tribal-affiliation"] == ("Diné",)
    assert sorted(map(repr, again["extension"])) == sorted(map(repr, MEMBER["extension"]))


@pytest.mark.parametrize("reason", AbsentReason)
def test_declined_or_unknown_erases_only_where_the_site_says_so(reason: AbsentReason) -> None:
    assert merge(reason, MEMBER).kept == ("tribal-affiliation",)
    assert not merge(reason, MEMBER).changed
    assert not merge(reason).kept
    assert held(merge(reason, MEMBER, erases=True)) == []
    only = {**CHART, "extension": [ENROLLED]}
    assert "extension" not in merge(reason, only, erases=True).patient


@pytest.mark.parametrize("name", VERSIONS)
@pytest.mark.parametrize("said", [Tribes((NAVAJO,)), Tribes((OWN,)), BOTH, *AbsentReason], ids=str)
def test_one_observation_says_it_and_reads_back(said: Tribes | AbsentReason, name: str) -> None:
    [(element, found)] = observations(replace(NOT_ASKED, tribes=said), version(name))
    assert element == "tribal-affiliation"
    assert found["code"]["coding"][0]["code"] == "95370-3"
    assert ("meta" in found) == (name != "3.1.1")
    # US Core's us-core-2: a value, or components, or why there is none, and never two of them.
    assert len({"valueCodeableConcept", "component", "dataAbsentReason"} & set(found)) == 1
    assert said_in(found) == said
