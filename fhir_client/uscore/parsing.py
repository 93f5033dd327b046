"""Reads back what a person said: from the resources that the builders make, however a server orders or decorates them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from fhir_client.uscore.communication import READ, SIGNED, language_modes
from fhir_client.uscore.datatypes import NO, YES, Json
from fhir_client.uscore.observations import CODES, CORRECTED
from fhir_client.uscore.patient_merge import URLS, category_parts
from fhir_client.uscore.statement import (
    BCP47,
    CDCREC,
    AbsentReason,
    CategoryAnswer,
    Coding,
    Interpreter,
    ItemAnswer,
    Language,
    Source,
    Statement,
    TribalAffiliation,
    Tribe,
)
from fhir_client.uscore.tribes import read_tribe_concept, tribe_meaning
from fhir_client.uscore.versions import DATA_ABSENT_REASON

OMB_CATEGORIES = frozenset({"1002-5", "2028-9", "2054-5", "2076-8", "2106-3", "2135-2", "2186-5"})
"""The five races and two ethnicities of 1997 that ombCategory binds; every other CDCREC code is a detail."""

Said = CategoryAnswer | Language | Interpreter | TribalAffiliation | AbsentReason
_ELEMENT_OF = {code.code: element for element, code in CODES.items()}


def parse_statement(resources: Iterable[Json]) -> Statement:
    """Return what a submission's QuestionnaireResponse, Observations, Provenance and Patient say.

    The written language has no Observation: it is read from the Patient, and without one it is None. An organization that
    transmitted is read from the Provenance.
    """
    by_kind: dict[str, list[Json]] = {}
    for each in resources:
        by_kind.setdefault(each["resourceType"], []).append(each)
    [response] = by_kind["QuestionnaireResponse"]
    found = _response(response)
    observed = {observation_element(each) or "": each for each in by_kind.get("Observation", [])}
    said: dict[str, Any] = {element: parse_observation(each) for element, each in observed.items()}
    patient: Json = next(iter(by_kind.get("Patient", [])), {})
    provenance: Json = next(iter(by_kind.get("Provenance", [])), {})
    return replace(
        found,
        race=said.get("race"),
        ethnicity=said.get("ethnicity"),
        spoken=_signed(said.get("spoken-language"), patient),
        written=_written(patient),
        interpreter=said.get("interpreter"),
        tribes=said.get("tribal-affiliation"),
        organization=_transmitter(provenance),
        corrected_elements=frozenset(
            element for element, each in observed.items() if each.get("status") == CORRECTED
        ),
    )


def observation_element(observation: Json) -> str | None:
    """Return the element that an Observation speaks of, such as race or spoken-language."""
    codings = observation.get("code", {}).get("coding", [])
    return next(
        (_ELEMENT_OF[each["code"]] for each in codings if each.get("code") in _ELEMENT_OF), None
    )


def parse_observation(observation: Json) -> Said | None:
    """Return what an Observation says; None where it says nothing that we would have written."""
    if "dataAbsentReason" in observation:
        return _absent(observation["dataAbsentReason"].get("coding", []))
    element = observation_element(observation)
    if element in URLS:
        return _coded(observation.get("component", []))
    if element == "tribal-affiliation":
        return _tribes([observation, *observation.get("component", [])])
    value = observation.get("valueCodeableConcept")
    if value is None:
        return None
    return _interpreter(value) if element == "interpreter" else _language(value)


def parse_items(response: Json) -> tuple[ItemAnswer, ...]:
    """Return the questions of a QuestionnaireResponse as they were answered, the notice left out."""
    return tuple(_item(each) for each in response.get("item", []) if each.get("linkId") != "notice")


def comparable_value(said: Said | None) -> object:
    """Return what was said without displays, texts of codes or order: what two readers must agree on."""
    if isinstance(said, CategoryAnswer):
        return said.text, frozenset(_key(each) for each in (*said.categories, *said.detailed))
    if isinstance(said, Language):
        return said.text, frozenset(map(_key, said.codings))
    if isinstance(said, TribalAffiliation):
        return frozenset((each.text, each.coding and _key(each.coding)) for each in said.tribes)
    return said


def comparable_items(items: Iterable[ItemAnswer]) -> object:
    """Return the answers without displays and order."""
    return {
        each.link_id: (
            frozenset(map(_key, each.codings)),
            frozenset(each.strings),
            each.absent_reason,
            comparable_items(each.items),
        )
        for each in items
    }


def element_meanings(elements: Mapping[str, Any]) -> dict[str, frozenset[object]]:
    """Return what the parts of a chart (`elements_of`) say of each element, ids, displays and decoration aside.

    An element that the chart does not have says the empty set. Languages are told by their most specific codes.
    """
    entries = elements.get("communication") or []
    return {
        "race": _category(elements.get("race")),
        "ethnicity": _category(elements.get("ethnicity")),
        "interpreter": frozenset(_wanted(each) for each in elements.get("interpreter") or []),
        "tribal-affiliation": frozenset(
            tribe_meaning(read_tribe_concept(each))
            for each in elements.get("tribal-affiliation") or []
        ),
        "spoken-language": frozenset(
            map(_tongue, (each for each in entries if each.get("preferred")))
        ),
        "written-language": frozenset(
            map(_tongue, (each for each in entries if READ.code in language_modes(each)))
        ),
    }


def canonical_text(meaning: object) -> str:
    """Return a meaning as one text, the same in every process: a frozenset has no order of its own."""
    if isinstance(meaning, frozenset):
        return f"{{{','.join(sorted(map(canonical_text, meaning)))}}}"
    return (
        f"({','.join(map(canonical_text, meaning))})"
        if isinstance(meaning, tuple)
        else repr(meaning)
    )


def _response(response: Json) -> Statement:
    source, (notice, _, shown_in) = response.get("source", {}), _notice(response).rpartition(" (")
    return Statement(
        submission=UUID(response["identifier"]["value"]),
        patient=response["subject"]["reference"],
        answered_at=datetime.fromisoformat(response["authored"]),
        source=Source.RELATED_PERSON if source.get("type") == "RelatedPerson" else Source.PATIENT,
        source_display=source.get("display"),
        questionnaire=response["questionnaire"],
        locale=shown_in.removesuffix(")"),
        notice=notice,
        items=parse_items(response),
        encounter=response.get("encounter", {}).get("reference"),
    )


def _notice(response: Json) -> str:
    return next(
        str(each["answer"][0]["valueString"])
        for each in response["item"]
        if each["linkId"] == "notice"
    )


def _item(item: Json) -> ItemAnswer:
    answers = item.get("answer", [])
    codings = tuple(_coding(each["valueCoding"]) for each in answers if "valueCoding" in each)
    strings = tuple(str(each["valueString"]) for each in answers if "valueString" in each)
    absent = next(
        (AbsentReason(each.code) for each in codings if each.system == DATA_ABSENT_REASON), None
    )
    below = tuple(_item(each) for each in item.get("item", []))
    return ItemAnswer(
        item["linkId"], item.get("text", ""), () if absent else codings, strings, absent, below
    )


def _coding(held: Json) -> Coding:
    return Coding(held.get("system", ""), held.get("code", ""), held.get("display"))


def _key(coding: Coding) -> tuple[str, str]:
    return coding.system, coding.code


def _absent(codings: Iterable[Json]) -> AbsentReason | None:
    known = {reason.value: reason for reason in AbsentReason}
    return next((known[each["code"]] for each in codings if each.get("code") in known), None)


def _coded(components: Iterable[Json]) -> CategoryAnswer:
    texts, codings = [], []
    for each in components:
        texts += [str(each["valueString"])] if "valueString" in each else []
        codings += [
            _coding(held) for held in each.get("valueCodeableConcept", {}).get("coding", [])
        ]
    return CategoryAnswer(
        text="; ".join(texts),
        categories=tuple(each for each in codings if _is_category(each)),
        detailed=tuple(each for each in codings if not _is_category(each)),
    )


def _is_category(coding: Coding) -> bool:
    return coding.system == CDCREC and coding.code in OMB_CATEGORIES


def _interpreter(value: Json) -> Interpreter | None:
    codes = {each.get("code") for each in value.get("coding", [])}
    return Interpreter(YES.code in codes) if codes & {YES.code, NO.code} else None


def _tribes(parts: Iterable[Json]) -> TribalAffiliation | None:
    values = [each["valueCodeableConcept"] for each in parts if "valueCodeableConcept" in each]
    found = [
        Tribe(str(each.get("text", "")), next(map(_coding, each.get("coding", [])), None))
        for each in values
    ]
    return TribalAffiliation(tuple(found)) if found else None


def _language(value: Json) -> Language:
    return Language(str(value.get("text", "")), tuple(map(_coding, value.get("coding", []))))


def _signed(said: Any, patient: Json) -> Any:
    entries = patient.get("communication", [])
    if not isinstance(said, Language):
        return said
    marked = any(each.get("preferred") and SIGNED.code in language_modes(each) for each in entries)
    return replace(said, signed=marked or any(each.code == "sgn" for each in said.codings))


def _written(patient: Json) -> Language | None:
    marked = (
        each for each in patient.get("communication", []) if READ.code in language_modes(each)
    )
    found = next(map(_language, (each.get("language", {}) for each in marked)), None)
    return (
        None
        if found is None
        else replace(found, codings=tuple(each for each in found.codings if each.system == BCP47))
    )


def _transmitter(provenance: Json) -> str | None:
    agents = (each.get("who", {}) for each in provenance.get("agent", []))
    references = (str(each.get("reference", "")) for each in agents)
    return next((each for each in references if each.startswith("Organization/")), None)


def _category(held: Any) -> frozenset[object]:
    extensions = held if isinstance(held, list) else [] if held is None else [held]
    return frozenset(part for each in extensions for part in category_parts(each))


def _wanted(extension: Json) -> object:
    held = extension.get("valueCoding", {}).get("code")
    return {YES.code: True, NO.code: False}.get(held, extension.get("valueBoolean", held))


def _tongue(entry: Json) -> object:
    language = entry.get("language", {})
    tags = (
        each.get("code", "")
        for each in language.get("coding", [])
        if each.get("system", BCP47) == BCP47
    )
    return frozenset(str(tag).partition("-")[0].casefold() for tag in tags) or language.get("text")
