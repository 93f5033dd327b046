"""Ids that we give to a Patient's elements are unique, and Provenance names the one in use."""

from typing import Any

import pytest

from fhir_client.model import Element
from fhir_client.uscore.elements import RACE
from fhir_client.uscore.elements.tribal_affiliation import TRIBAL_AFFILIATION
from fhir_client.uscore.statement import ElementValue, Interpreter, TribalAffiliation, Tribe
from fhir_client.uscore.versions import us_core_version
from fhir_client.write.bundle import build_bundle
from tests.support.merge_examples import ASIAN, SPANISH, with_values

BARE_CHART: dict[str, Any] = {"resourceType": "Patient", "id": "1", "meta": {"versionId": "3"}}
VALUES: dict[str, ElementValue] = {
    "race": ASIAN,
    "interpreter": Interpreter(True),
    "tribal-affiliation": TribalAffiliation((Tribe("Hopi"), Tribe("Zuni"))),
    "language": SPANISH,
}


def with_ids(*ids: str) -> dict[str, Any]:
    """Return the chart with elements of others that have these ids."""
    names = [{"id": element_id, "family": "Doe"} for element_id in ids]
    return {**BARE_CHART, "name": names}


def build(chart: dict[str, Any], base_url: str | None = None) -> list[dict[str, Any]]:
    statement = with_values(
        {
            Element(name if name != "language" else "spoken-language"): value
            for name, value in VALUES.items()
        }
    )
    built = build_bundle(statement, us_core_version("6.1.0"), chart, base_url=base_url)
    entries: list[dict[str, Any]] = built.bundle["entry"]
    return entries


def resource_of(entries: list[dict[str, Any]], resource_type: str) -> Any:
    return next(
        entry["resource"] for entry in entries if entry["resource"]["resourceType"] == resource_type
    )


def target_ids(entries: list[dict[str, Any]]) -> list[str]:
    targets = resource_of(entries, "Provenance")["target"]
    return [part["valueUri"] for target in targets for part in target.get("extension", [])]


@pytest.mark.parametrize("name", VALUES)
def test_an_id_that_the_chart_has_elsewhere_gets_a_number(name: str) -> None:
    entries = build(with_ids(name))
    assert f"{name}-2" in target_ids(entries)
    assert name not in target_ids(entries)
    patient = resource_of(entries, "Patient")
    elements = (*patient["extension"], *patient["communication"])
    ids = [element["id"] for element in elements if "id" in element]
    assert sorted(ids) == sorted(target_ids(entries))
    assert name not in ids


def test_a_free_id_skips_every_number_in_use() -> None:
    assert "race-4" in target_ids(build(with_ids("race", "race-2", "race-3")))


def test_an_id_inside_another_extension_counts() -> None:
    nested = {"url": "http://vendor.example/a", "extension": [{"id": "race", "url": "b"}]}
    chart = {**BARE_CHART, "extension": [nested]}
    assert "race-2" in target_ids(build(chart))


def test_an_id_of_the_charts_own_extension_stays() -> None:
    own = {"id": "race", "url": RACE.url, "extension": [{"url": "text", "valueString": "White"}]}
    assert "race" in target_ids(build({**BARE_CHART, "extension": [own]}))


def test_a_removed_tribe_frees_its_id() -> None:
    concept = {"text": "Navajo"}
    tribe = {
        "id": "tribal-affiliation",
        "url": TRIBAL_AFFILIATION,
        "extension": [{"url": "tribalAffiliation", "valueCodeableConcept": concept}],
    }
    ids = target_ids(build({**BARE_CHART, "extension": [tribe]}))
    assert {"tribal-affiliation", "tribal-affiliation-2"} <= set(ids)


def test_the_patient_entry_has_the_address_of_the_patient() -> None:
    [patient_entry, *created_entries] = build(BARE_CHART, "https://ehr.example/fhir")
    assert patient_entry["fullUrl"] == "https://ehr.example/fhir/Patient/1"
    assert all("fullUrl" in entry for entry in created_entries)


def test_without_a_server_every_entry_has_its_own_address() -> None:
    urls = [entry["fullUrl"] for entry in build(BARE_CHART)]
    assert len(set(urls)) == len(urls)
    assert urls[0].startswith("urn:uuid:")
