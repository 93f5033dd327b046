"""The Patient's us-core-tribal-affiliation: an extension for each tribe (US Core 6.0.0 on)."""

from collections.abc import Iterator
from itertools import count

from fhir_client.uscore.datatypes import Json, find_extensions, tribe_concept
from fhir_client.uscore.statement import AbsentReason, TribalAffiliation, Tribe
from fhir_client.uscore.versions import US_CORE

TRIBAL_AFFILIATION = f"{US_CORE}us-core-tribal-affiliation"


def tribal_extensions(patient: Json) -> list[Json]:
    """Return the extensions of a chart that name a tribe."""
    return find_extensions(patient, TRIBAL_AFFILIATION)


def read_tribe_concept(extension: Json) -> Json:
    """Return the CodeableConcept of an extension, {} where it has none."""
    concepts = (part.get("valueCodeableConcept") for part in extension.get("extension", []))
    return next(filter(None, concepts), {})


def tribe_meaning(concept: Json) -> object:
    """Return which tribe a CodeableConcept names: by its codes, or where it has none by its text."""
    codes = frozenset((each.get("system"), each.get("code")) for each in concept.get("coding", []))
    return codes or concept.get("text")


def merge_tribes(
    patient: Json, said: TribalAffiliation | AbsentReason | None, *, erases: bool
) -> tuple[dict[str, str], bool]:
    """Set the tribes in `patient`, whose list of extensions is replaced and never changed in place.

    Returns the ids of the extensions set, by element, and whether something stayed though the person declined or did not know.
    """
    before = tribal_extensions(patient)
    if said is None or (isinstance(said, AbsentReason) and not erases):
        return {}, said is not None and bool(before)
    wanted = [] if isinstance(said, AbsentReason) else said.tribes
    ours = _identified([_extension(tribe, before) for tribe in wanted])
    others = [
        each for each in patient.get("extension", []) if each.get("url") != TRIBAL_AFFILIATION
    ]
    if ours != before:
        patient["extension"] = [*others, *ours]
    if not patient.get("extension"):
        patient.pop("extension", None)
    return {name: str(each["id"]) for name, each in zip(_names(), ours, strict=False)}, False


def _names() -> Iterator[str]:
    yield "tribal-affiliation"
    yield from (f"tribal-affiliation-{number}" for number in count(2))


def _extension(tribe: Tribe, before: list[Json]) -> Json:
    """Return the chart's own extension of the tribe, which may say more of it, such as enrolment, or a new one."""
    concept = tribe_concept(tribe)
    same = (
        each for each in before if tribe_meaning(read_tribe_concept(each)) == tribe_meaning(concept)
    )
    return next(
        same,
        {
            "url": TRIBAL_AFFILIATION,
            "extension": [{"url": "tribalAffiliation", "valueCodeableConcept": concept}],
        },
    )


def _identified(extensions: list[Json]) -> list[Json]:
    """Return the extensions with an id each, no two alike: one that the chart gave stays."""
    taken = {each.get("id") for each in extensions}
    free = (name for name in _names() if name not in taken)
    return [each if "id" in each else {**each, "id": next(free)} for each in extensions]
