"""Reads a statement from the resources of a submission, however a server orders them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from fhir_client.model import Element, Json
from fhir_client.uscore.code_systems import canonical_system
from fhir_client.uscore.communication import READ, SIGNED, language_modes
from fhir_client.uscore.datatypes import find_extensions
from fhir_client.uscore.elements.language import parse_language
from fhir_client.uscore.elements.spec import parse_coding
from fhir_client.uscore.observations import CORRECTED, observation_element, parse_observation
from fhir_client.uscore.parsing import parse_items
from fhir_client.uscore.questionnaire_response import COMPLETION_MODE
from fhir_client.uscore.statement import (
    BCP47,
    Coding,
    ElementValue,
    Entry,
    Language,
    Source,
    Statement,
    TribalAffiliation,
)


def parse_statement(resources: Iterable[Json]) -> Statement:
    """Return the statement of a QuestionnaireResponse, its Observations, Provenance and Patient.

    The written language has no Observation: it is read from the Patient, and without one there is
    none. The organization that transmitted is read from the Provenance.
    """
    by_type: dict[str, list[Json]] = {}
    for resource in resources:
        by_type.setdefault(resource["resourceType"], []).append(resource)
    # Two responses would be two submissions, whose Observations nothing tells apart here.
    [response] = by_type["QuestionnaireResponse"]
    patient: Json = next(iter(by_type.get("Patient", [])), {})
    provenance: Json = next(iter(by_type.get("Provenance", [])), {})
    observations = by_type.get("Observation", [])
    return replace(
        _parse_response(response),
        values=_parse_values(observations, patient),
        organization=_find_transmitter(provenance),
        corrected_elements=frozenset(
            element
            for observation in observations
            if (element := observation_element(observation)) is not None
            and observation.get("status") == CORRECTED
        ),
    )


def _parse_values(observations: Iterable[Json], patient: Json) -> dict[Element, ElementValue]:
    values: dict[Element, ElementValue] = {}
    for observation in observations:
        element, value = observation_element(observation), parse_observation(observation)
        if element is not None and value is not None:
            values[element] = _join_tribes(values.get(element), value)
    spoken = values.get(Element.SPOKEN_LANGUAGE)
    if isinstance(spoken, Language):
        values[Element.SPOKEN_LANGUAGE] = replace(spoken, signed=_is_signed(spoken, patient))
    if (written := _find_written_language(patient)) is not None:
        values[Element.WRITTEN_LANGUAGE] = written
    return values


def _join_tribes(earlier: ElementValue | None, value: ElementValue) -> ElementValue:
    # Each tribe has an Observation of its own.
    if isinstance(earlier, TribalAffiliation) and isinstance(value, TribalAffiliation):
        return TribalAffiliation((*earlier.tribes, *value.tribes))
    return value


def _parse_response(response: Json) -> Statement:
    source = response.get("source", {})
    # The locale stands behind the notice's version, in brackets.
    notice, _, locale = _read_notice(response).rpartition(" (")
    is_related = source.get("type") == "RelatedPerson"
    return Statement(
        submission=UUID(response["identifier"]["value"]),
        patient=response["subject"]["reference"],
        answered_at=datetime.fromisoformat(response["authored"]),
        source=Source.RELATED_PERSON if is_related else Source.PATIENT,
        source_display=source.get("display"),
        questionnaire=response["questionnaire"],
        locale=locale.removesuffix(")"),
        notice=notice,
        items=parse_items(response),
        encounter=response.get("encounter", {}).get("reference"),
        entry=_read_entry(response),
    )


def _read_entry(response: Json) -> Entry | None:
    author = response.get("author", {})
    reference = author.get("reference", "")
    # The patient or a related person is the author of answers that they entered themselves.
    resource_type = author.get("type") or reference.partition("/")[0]
    modes = find_extensions(response, COMPLETION_MODE)
    if not modes:
        return None
    concept = modes[0].get("valueCodeableConcept", {})
    return Entry(
        str(concept.get("text", "")),
        next(map(parse_coding, concept.get("coding", [])), Coding("", "")),
        by_staff=resource_type in ("Practitioner", "Organization"),
        practitioner=reference if resource_type == "Practitioner" else None,
    )


def _read_notice(response: Json) -> str:
    notices = (item for item in response["item"] if item["linkId"] == "notice")
    return next(str(item["answer"][0]["valueString"]) for item in notices)


def _is_signed(language: Language, patient: Json) -> bool:
    entries = patient.get("communication", [])
    # The Observation has only the code, which for ASL and its like is that of all sign languages.
    is_marked = any(
        entry.get("preferred") and SIGNED.code in language_modes(entry) for entry in entries
    )
    return is_marked or any(coding.code == "sgn" for coding in language.codings)


def _find_written_language(patient: Json) -> Language | None:
    entries = patient.get("communication", [])
    marked = (entry for entry in entries if READ.code in language_modes(entry))
    entry = next(marked, None)
    if entry is None:
        return None
    language = parse_language(entry.get("language", {}))
    # The entry can be the chart's own, with codes of others behind ours.
    codings = tuple(
        coding for coding in language.codings if canonical_system(coding.system) == BCP47
    )
    return replace(language, codings=codings)


def _find_transmitter(provenance: Json) -> str | None:
    agents = (agent.get("who", {}) for agent in provenance.get("agent", []))
    references = (str(agent.get("reference", "")) for agent in agents)
    return next((name for name in references if name.startswith("Organization/")), None)
