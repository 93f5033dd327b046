"""Observations: Gravity's race and ethnicity (SDOH Clinical Care 3.0.0); US Core's language, interpreter and tribe."""

from collections.abc import Iterator
from typing import Any

from fhir_client.uscore.datatypes import (
    LOINC,
    NO,
    YES,
    Json,
    absent_reason_coding,
    concept_json,
    informant_reference,
    observation_id,
    response_url,
    tribe_concept,
    uuid_identifier,
    with_encounter,
)
from fhir_client.uscore.statement import (
    FIELDS,
    AbsentReason,
    CategoryAnswer,
    Coding,
    Interpreter,
    Language,
    Source,
    Statement,
    TribalAffiliation,
)
from fhir_client.uscore.versions import US_CORE, UsCoreVersion

GRAVITY = "http://hl7.org/fhir/us/sdoh-clinicalcare/"
TEMPORARY_CODES = f"{GRAVITY}CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
OBSERVATION_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
PERSONAL = Coding(TEMPORARY_CODES, "personal-characteristic", "Personal Characteristic")
SURVEY = Coding(OBSERVATION_CATEGORY, "survey", "Survey")
CODES = {
    "race": Coding(LOINC, "72826-1", "Race OMB.1997"),
    "ethnicity": Coding(LOINC, "69490-1", "Ethnicity OMB.1997"),
    "spoken-language": Coding(LOINC, "54899-0", "Preferred language"),
    "interpreter": Coding(LOINC, "54588-9", "Interpreter needed"),
    "tribal-affiliation": Coding(LOINC, "95370-3", "Tribal affiliation"),
}
PROFILES = {
    "race": f"{GRAVITY}StructureDefinition/SDOHCC-ObservationRaceOMB",
    "ethnicity": f"{GRAVITY}StructureDefinition/SDOHCC-ObservationEthnicityOMB",
}
FINAL, CORRECTED = "final", "corrected"
SCREENING = f"{US_CORE}us-core-observation-screening-assessment"
SOURCE_METHODS = {
    Source.PATIENT: Coding(TEMPORARY_CODES, "self-reported", "Self Reported"),
    Source.RELATED_PERSON: Coding(
        TEMPORARY_CODES, "reported-by-related-person", "Reported By Related Person"
    ),
}


def build_observations(statement: Statement, version: UsCoreVersion) -> Iterator[tuple[str, Json]]:
    """Yield each element that was asked with its Observation; the written language has none (FHIR.md, section 3)."""
    for element in CODES:
        said: Any = getattr(statement, FIELDS[element])
        if said is not None and element in PROFILES:
            yield element, _characteristic(statement, element, said)
        elif said is not None:
            yield element, _screening(statement, element, said, version)


def _common(statement: Statement, element: str, category: Coding, profile: str | None) -> Json:
    found: Json = {
        "resourceType": "Observation",
        "identifier": [uuid_identifier(observation_id(statement, element))],
        "status": CORRECTED if element in statement.corrected_elements else FINAL,
        "category": [concept_json(category)],
        "code": concept_json(CODES[element]),
        "subject": {"reference": statement.patient},
        "effectiveDateTime": statement.answered_at.isoformat(timespec="seconds"),
        "performer": [informant_reference(statement)],
        "derivedFrom": [{"reference": response_url(statement)}],
    }
    return with_encounter(
        found if profile is None else {**found, "meta": {"profile": [profile]}}, statement
    )


def _characteristic(
    statement: Statement, element: str, said: CategoryAnswer | AbsentReason
) -> Json:
    found = _common(statement, element, PERSONAL, PROFILES[element]) | {
        "method": concept_json(SOURCE_METHODS[statement.source])
    }
    if isinstance(said, AbsentReason):
        return {**found, "dataAbsentReason": concept_json(absent_reason_coding(said))}
    values: list[Json] = [{"valueString": said.text}]
    values += [
        {"valueCodeableConcept": concept_json(each)} for each in (*said.categories, *said.detailed)
    ]
    return {
        **found,
        "component": [{"code": concept_json(CODES[element]), **value} for value in values],
    }


def _screening(
    statement: Statement,
    element: str,
    said: Language | Interpreter | TribalAffiliation | AbsentReason,
    version: UsCoreVersion,
) -> Json:
    profile = SCREENING if version.has_screening_profiles else None
    found = _common(statement, element, SURVEY, profile)
    if isinstance(said, AbsentReason):
        return {**found, "dataAbsentReason": concept_json(absent_reason_coding(said))}
    if isinstance(said, Interpreter):
        return {**found, "valueCodeableConcept": concept_json(YES if said.needed else NO)}
    if isinstance(said, TribalAffiliation):
        return {**found, **_tribes(said)}
    return {**found, "valueCodeableConcept": concept_json(*said.codings, text=said.text)}


def _tribes(said: TribalAffiliation) -> Json:
    """Return the value; of several, one Observation has a component each, as of races."""
    if len(said.tribes) == 1:
        return {"valueCodeableConcept": tribe_concept(said.tribes[0])}
    code = concept_json(CODES["tribal-affiliation"])
    return {
        "component": [
            {"code": code, "valueCodeableConcept": tribe_concept(each)} for each in said.tribes
        ]
    }
