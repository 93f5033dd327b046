"""Observations: Gravity's race and ethnicity (SDOH Clinical Care 3.0.0), US Core's others."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from fhir_client.model import Element, Json
from fhir_client.uscore.datatypes import (
    GRAVITY_CODES,
    absent_reason_coding,
    concept_json,
    informant_reference,
    observation_id,
    response_url,
    uuid_identifier,
    with_encounter,
)
from fhir_client.uscore.elements import OBSERVATION_CODES, SPECS
from fhir_client.uscore.elements.spec import ObservationSpec, expect_value
from fhir_client.uscore.statement import AbsentReason, Coding, ElementValue, Source, Statement
from fhir_client.uscore.versions import US_CORE, UsCoreVersion

FINAL, CORRECTED = "final", "corrected"
SCREENING = f"{US_CORE}us-core-observation-screening-assessment"
SOURCE_METHODS = {
    Source.PATIENT: Coding(GRAVITY_CODES, "self-reported", "Self Reported"),
    Source.RELATED_PERSON: Coding(
        GRAVITY_CODES, "reported-by-related-person", "Reported By Related Person"
    ),
}
_ELEMENTS_BY_CODE = {coding.code: element for element, coding in OBSERVATION_CODES.items()}


@dataclass(frozen=True, slots=True)
class EarlierObservations:
    """The current Observations of this visit's earlier answers, as the server has them.

    `corrected` are by name the ones that the correction updates, with the same id. `withdrawn` have
    no successor in the correction.
    """

    corrected: dict[str, Json] = field(default_factory=dict)
    withdrawn: tuple[Json, ...] = ()

    @property
    def all(self) -> tuple[Json, ...]:
        """All of them, for the undo record."""
        return (*self.corrected.values(), *self.withdrawn)


def build_observations(statement: Statement, version: UsCoreVersion) -> Iterator[tuple[str, Json]]:
    """Yield the Observations of each element that was asked, with their names.

    The written language has none (fhir_client/MAPPING.md, "Observations").
    """
    # The order of the questions, which is not that in which the specs merge.
    for element in Element:
        spec, value = SPECS[element], statement.values.get(element)
        if spec.observation is None or value is None:
            continue
        absent = isinstance(value, AbsentReason)
        parts = (value,) if absent else spec.split_value(value)
        for name, part in zip(observation_names(element), parts, strict=False):
            resource = _build_observation(statement, element, name, version)
            yield name, {**resource, **_value_elements(element, part)}


def observation_names(element: Element) -> Iterator[str]:
    """Yield the names of an element's Observations, endlessly; the first is the element's own.

    Several tribes have an Observation each: `tribal-affiliation`, `tribal-affiliation-2` ….
    """
    yield element.value
    yield from (f"{element.value}-{number}" for number in count(2))


def _build_observation(
    statement: Statement, element: Element, name: str, version: UsCoreVersion
) -> Json:
    spec = expect_value(SPECS[element].observation, ObservationSpec)
    resource: Json = {
        "resourceType": "Observation",
        "identifier": [uuid_identifier(observation_id(statement, name))],
        # Gravity allows no "amended": a correction at the same visit is "corrected".
        "status": CORRECTED if name in statement.corrected_elements else FINAL,
        "category": [concept_json(spec.category)],
        "code": concept_json(spec.code),
        "subject": {"reference": statement.patient},
        "effectiveDateTime": statement.answered_at.isoformat(timespec="seconds"),
        # Gravity wants one of the next two; both together lead back to the informant.
        "performer": [informant_reference(statement)],
        "derivedFrom": [{"reference": response_url(statement)}],
    }
    # A resource must not claim a profile that its version of US Core does not have.
    screening = SCREENING if version.has_screening_profiles else None
    if (profile := spec.profile or screening) is not None:
        resource["meta"] = {"profile": [profile]}
    resource = with_encounter(resource, statement)
    if spec.has_method:
        resource["method"] = concept_json(SOURCE_METHODS[statement.source])
    return resource


def _value_elements(element: Element, value: ElementValue) -> Json:
    # Gravity's invariant: a reason or components, never both.
    if isinstance(value, AbsentReason):
        return {"dataAbsentReason": concept_json(absent_reason_coding(value))}
    return SPECS[element].observation_value(value)


def correct_observation(existing: Json, correction: Json) -> Json:
    """Return the correction in the place of an existing Observation, with the same id.

    It keeps the identifiers of the answers that it corrects, so that both find it again.
    """
    own = correction["identifier"]
    earlier = [item for item in existing.get("identifier", []) if item not in own]
    return {
        **correction,
        "id": existing["id"],
        "meta": {**existing.get("meta", {}), **correction.get("meta", {})},
        "identifier": [*earlier, *own],
    }


def is_last_answer(observation: Json, identifier: Json) -> bool:
    """Return whether no later correction has updated the Observation with that identifier."""
    identifiers = observation.get("identifier") or [{}]
    return bool(identifiers[-1].get("value") == identifier["value"])


def observation_element(observation: Json) -> Element | None:
    """Return the element of an Observation, by its LOINC code."""
    # The code alone decides, because vendors write LOINC's system in more than one way.
    codings = observation.get("code", {}).get("coding", [])
    codes = (coding.get("code") for coding in codings)
    return next((_ELEMENTS_BY_CODE[code] for code in codes if code in _ELEMENTS_BY_CODE), None)


def parse_observation(observation: Json) -> ElementValue | None:
    """Return the value of an Observation, None where it holds none that we would write."""
    if "dataAbsentReason" in observation:
        return _parse_absent_reason(observation["dataAbsentReason"])
    element = observation_element(observation)
    return None if element is None else SPECS[element].parse_observation(observation)


def _parse_absent_reason(concept: Json) -> AbsentReason | None:
    reasons = {reason.value: reason for reason in AbsentReason}
    codes = (coding.get("code") for coding in concept.get("coding", []))
    return next((reasons[code] for code in codes if code in reasons), None)
