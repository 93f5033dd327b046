"""Tribal affiliation: one us-core-tribal-affiliation for each tribe (US Core 6.0.0 and later)."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from fhir_client.model import Json, WorksheetEntry
from fhir_client.uscore.code_systems import code_pair
from fhir_client.uscore.datatypes import concept_json
from fhir_client.uscore.element_ids import free_id, used_ids
from fhir_client.uscore.elements.spec import (
    NOTHING_TO_ENTER,
    ElementMerge,
    ElementSpec,
    MergeRules,
    coding_pair,
    describe_concept,
    expect_value,
    parse_coding,
)
from fhir_client.uscore.statement import (
    AbsentReason,
    ElementValue,
    Statement,
    TribalAffiliation,
    Tribe,
)
from fhir_client.uscore.versions import US_CORE

TRIBAL_AFFILIATION = f"{US_CORE}us-core-tribal-affiliation"


@dataclass(frozen=True, slots=True)
class TribalAffiliationSpec(ElementSpec):
    """The spec of the tribes that a patient is affiliated with."""

    def merge_into(self, patient: Json, statement: Statement, rules: MergeRules) -> ElementMerge:
        """Replace the tribes where the version has an extension for them."""
        value = statement.values.get(self.element)
        if value is None or not rules.version.has_tribal_affiliation:
            return ElementMerge()
        chart = self.find_items(patient)
        if isinstance(value, AbsentReason):
            if not rules.erase:
                return ElementMerge(kept_chart_value=bool(chart))
            tribes: tuple[Tribe, ...] = ()
        else:
            tribes = expect_value(value, TribalAffiliation).tribes
        foreign = [item for item in patient.get("extension", []) if not self.owns_item(item)]
        items = [self._find_or_build(tribe, chart) for tribe in tribes]
        merged = self._identify({**patient, "extension": foreign}, items)
        # Equal lists stay in place, so that a second merge changes nothing.
        if merged != chart:
            patient["extension"] = [*foreign, *merged]
        if not patient.get("extension"):
            patient.pop("extension", None)
        ids = {name: str(item["id"]) for name, item in zip(self._names(), merged, strict=False)}
        return ElementMerge(ids)

    def _names(self) -> Iterator[str]:
        yield self.element.value
        yield from (f"{self.element.value}-{number}" for number in count(2))

    def _find_or_build(self, tribe: Tribe, chart: list[Json]) -> Json:
        """Return the chart's extension of the tribe, which may say more of it, or a new one."""
        concept = _tribe_concept(tribe)
        same = (item for item in chart if _tribe_key(_read_concept(item)) == _tribe_key(concept))
        parts = [{"url": "tribalAffiliation", "valueCodeableConcept": concept}]
        return next(same, {"url": TRIBAL_AFFILIATION, "extension": parts})

    def _identify(self, rest: Json, items: list[Json]) -> list[Json]:
        """Return the extensions with ids that the `rest` lacks; an id of the chart stays."""
        identified = list(items)
        for position, item in enumerate(items):
            if "id" not in item:
                resource = {"rest": rest, "extension": identified}
                new_id = free_id(used_ids(resource), self.element.value)
                identified[position] = {**item, "id": new_id}
        return identified

    def item_meaning(self, item: Json) -> frozenset[object]:
        """Return the tribe that an extension names."""
        return frozenset({_tribe_key(_read_concept(item))})

    def describe_item(self, item: Json) -> str:
        """Return the tribe's name."""
        return describe_concept(_read_concept(item))

    def split_value(self, value: ElementValue) -> tuple[ElementValue, ...]:
        """Return each tribe alone, because an Observation's value holds one concept."""
        tribes = expect_value(value, TribalAffiliation).tribes
        return tuple(TribalAffiliation((tribe,)) for tribe in tribes)

    def observation_value(self, value: ElementValue) -> Json:
        """Return the one tribe."""
        [tribe] = expect_value(value, TribalAffiliation).tribes
        return {"valueCodeableConcept": _tribe_concept(tribe)}

    def parse_observation(self, observation: Json) -> ElementValue | None:
        """Return the tribe of the value, or the tribes of the components.

        This library once wrote several tribes as components of one Observation.
        """
        parts = (observation, *observation.get("component", []))
        concepts = [
            part["valueCodeableConcept"] for part in parts if "valueCodeableConcept" in part
        ]
        tribes = tuple(map(_parse_tribe, concepts))
        return TribalAffiliation(tribes) if tribes else None

    def worksheet_entry(
        self, value: ElementValue | None, _merged_items: list[Json], /
    ) -> WorksheetEntry:
        """Return the names of the tribes, and the codes of those that have one."""
        tribes = value.tribes if isinstance(value, TribalAffiliation) else ()
        names = ", ".join(tribe.text for tribe in tribes)
        codes = tuple(coding_pair(tribe.coding) for tribe in tribes if tribe.coding is not None)
        return WorksheetEntry(self.element, names or NOTHING_TO_ENTER, codes)


def _tribe_concept(tribe: Tribe) -> Json:
    """Return a tribe as a CodeableConcept, with its name as the informant saw or wrote it."""
    return concept_json(*filter(None, (tribe.coding,)), text=tribe.text)


def _read_concept(extension: Json) -> Json:
    """Return the CodeableConcept of an extension, {} where it has none."""
    concepts = (part.get("valueCodeableConcept") for part in extension.get("extension", []))
    return next(filter(None, concepts), {})


def _tribe_key(concept: Json) -> object:
    """Return the codes that identify a tribe, or its text where it has no code."""
    # The text is the patient's own wording, and differs for one and the same tribe.
    return frozenset(map(code_pair, concept.get("coding", []))) or concept.get("text")


def _parse_tribe(concept: Json) -> Tribe:
    coding = next(map(parse_coding, concept.get("coding", [])), None)
    return Tribe(str(concept.get("text", "")), coding)
