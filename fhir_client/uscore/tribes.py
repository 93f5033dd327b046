"""The Patient's us-core-tribal-affiliation: an extension for each tribe (US Core 6.0.0 on)."""

from collections.abc import Iterator
from itertools import count

from fhir_client.uscore.parts import Json, extensions, tribe_concept
from fhir_client.uscore.statement import AbsentReason, Tribe, Tribes
from fhir_client.uscore.versions import US_CORE

TRIBAL_AFFILIATION = f"{US_CORE}us-core-tribal-affiliation"


def held(patient: Json) -> list[Json]:
    """Return the extensions of a chart that name a tribe."""
    return extensions(patient, TRIBAL_AFFILIATION)


def tribe_in(extension: Json) -> Json:
    """Return the CodeableConcept of an extension, {} where it has none."""
    concepts = (part.get("valueCodeableConcept") for part in extension.get("extension", []))
    return next(filter(None, concepts), {})


def meaning(concept: Json) -> object:
    """Return which tribe a CodeableConcept names: by its codes, or where it has none by its text."""
    codes = frozenset((each.get("system"), each.get("code")) for each in concept.get("coding", []))
    return codes or concept.get("text")


def merge(
    patient: Json, said: Tribes | AbsentReason | None, *, erases: bool
) -> tuple[dict[str, str], bool]:
    """Set the tribes in `patient`, whose list of extensions is replaced and never changed in place.

    Returns the ids of the extensions set, by element, and whether something stayed though the person declined or did not know.
    """
    before = held(patient)
    if said is None or (isinstance(said, AbsentReason) and not erases):
        return {}, said is not None and bool(before)
    wanted = [] if isinstance(said, AbsentReason) else said.each
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
    same = (each for each in before if meaning(tribe_in(each)) == meaning(concept))
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
