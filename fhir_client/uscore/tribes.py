"""The Patient's us-core-tribal-affiliation: an extension for each tribe (US Core 6.0.0 on)."""

from fhir_client.uscore.parts import Json, tribe_concept
from fhir_client.uscore.statement import AbsentReason, Tribe, Tribes
from fhir_client.uscore.versions import US_CORE

TRIBAL_AFFILIATION = f"{US_CORE}us-core-tribal-affiliation"


def held(patient: Json) -> list[Json]:
    """Return the extensions of a chart that name a tribe."""
    return [each for each in patient.get("extension", []) if each.get("url") == TRIBAL_AFFILIATION]


def tribe_in(extension: Json) -> Json:
    """Return the CodeableConcept of an extension, {} where it has none."""
    concepts = (part.get("valueCodeableConcept") for part in extension.get("extension", []))
    return next(filter(None, concepts), {})


def meaning(concept: Json) -> object:
    """Return which tribe a CodeableConcept names: by its codes, or where it has none by its text."""
    codes = frozenset((each.get("system"), each.get("code")) for each in concept.get("coding", []))
    return codes or concept.get("text")


def merge(patient: Json, said: Tribes | AbsentReason | None, *, erases: bool) -> tuple[dict[str, str], bool]:
    """Set the tribes in `patient`, whose list of extensions is replaced and never changed in place.

    Returns the ids of the extensions set, by element, and whether something stayed though the person declined or did not know.
    """
    before = held(patient)
    if said is None or (isinstance(said, AbsentReason) and not erases):
        return {}, said is not None and bool(before)
    wanted = [] if isinstance(said, AbsentReason) else said.each
    ours = {name: _extension(tribe, before, name) for name, tribe in zip(_names(len(wanted)), wanted, strict=True)}
    others = [each for each in patient.get("extension", []) if each.get("url") != TRIBAL_AFFILIATION]
    if list(ours.values()) != before:
        patient["extension"] = [*others, *ours.values()]
    if not patient.get("extension"):
        patient.pop("extension", None)
    return {name: str(each["id"]) for name, each in ours.items()}, False


def _names(count: int) -> list[str]:
    return ["tribal-affiliation" if number == 1 else f"tribal-affiliation-{number}" for number in range(1, count + 1)]


def _extension(tribe: Tribe, before: list[Json], identity: str) -> Json:
    """Return the chart's own extension of the tribe, which may say more of it, such as enrolment, or a new one."""
    concept = tribe_concept(tribe)
    same = (each for each in before if meaning(tribe_in(each)) == meaning(concept))
    new = {"url": TRIBAL_AFFILIATION, "extension": [{"url": "tribalAffiliation", "valueCodeableConcept": concept}]}
    found = next(same, new)
    return {**found, "id": str(found.get("id") or identity)}
