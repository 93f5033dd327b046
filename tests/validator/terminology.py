"""FHIR definitions that the packages only point to: code systems, value sets, a few profiles."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from intake.terminology import load_concepts
from tests.support import us_core_bindings
from tests.support.us_core_bindings import CDCREC, NULL_FLAVOR, Codes, codes_in_system

Json = dict[str, Any]
US_CORE = "http://hl7.org/fhir/us/core/"
TRIBAL_ENTITIES = "http://terminology.hl7.org/CodeSystem/v3-TribalEntityUS"
VSAC = "http://cts.nlm.nih.gov/fhir/ValueSet/"
HL7 = "http://hl7.org/fhir/StructureDefinition/"
GENDER = "http://terminology.hl7.org/CodeSystem/v3-AdministrativeGender"
NOT_SELECTABLE = "notSelectable"
PARTICIPANTS = (
    *(
        "enterer",
        "performer",
        "author",
        "verifier",
        "legal",
        "attester",
        "informant",
        "custodian",
        "assembler",
        "composer",
    ),
    "transmitter",
)
"""The last one is newer than R4, and the profile of 9.0.0 fixes it."""


def write_definitions(version: str, folder: Path) -> Path:
    """Write the definitions for that version of US Core into a new folder."""
    folder.mkdir(parents=True)
    for number, definition in enumerate(_build_definitions(version)):
        name = f"{definition['resourceType']}-{number}.json"
        (folder / name).write_text(json.dumps(definition), "utf-8")
    return folder


def _build_definitions(version: str) -> Iterator[Json]:
    yield _build_extension("targetElement", "uri")
    yield _build_extension("targetPath", "string")
    # A dozen of them were recognized after R4 came out.
    yield _build_code_system(
        TRIBAL_ENTITIES, [{"code": code} for code in sorted(us_core_bindings.TRIBE_CODES)]
    )
    if version == "3.1.1":
        # The package of 3.1.1 has CDCREC and lists all members.
        return
    yield _build_cdcrec()
    if version in us_core_bindings.NEWEST_VERSIONS:
        yield from _build_newest_sets(version)
    else:
        yield from _build_older_sets(version)


def _build_older_sets(version: str) -> Iterator[Json]:
    yield _build_value_set(
        f"{US_CORE}ValueSet/omb-race-category", us_core_bindings.race_categories(version)
    )
    yield _build_value_set(
        f"{US_CORE}ValueSet/omb-ethnicity-category", us_core_bindings.ethnicity_categories(version)
    )
    yield _build_value_set(
        f"{US_CORE}ValueSet/detailed-race", us_core_bindings.detailed_races(version)
    )
    yield _build_value_set(
        f"{US_CORE}ValueSet/detailed-ethnicity", us_core_bindings.detailed_ethnicities(version)
    )
    yield _build_value_set(f"{VSAC}2.16.840.1.113762.1.4.1", codes_in_system(GENDER, "F", "M"))
    yield _build_value_set(
        f"{VSAC}2.16.840.1.113762.1.4.1021.103", codes_in_system(NULL_FLAVOR, "ASKU", "OTH", "UNK")
    )


def _build_newest_sets(version: str) -> Iterator[Json]:
    yield _build_value_set(
        f"{VSAC}2.16.840.1.113883.4.642.2.575", us_core_bindings.race_categories(version)
    )
    yield _build_value_set(
        f"{VSAC}2.16.840.1.113883.4.642.40.2.48.3", us_core_bindings.ethnicity_categories(version)
    )
    yield _build_value_set(
        f"{VSAC}2.16.840.1.113762.1.4.1267.25", us_core_bindings.detailed_races(version)
    )
    yield _build_value_set(
        f"{VSAC}2.16.840.1.113883.4.642.40.2.48.1", us_core_bindings.detailed_ethnicities(version)
    )
    yield _build_value_set(
        f"{VSAC}2.16.840.1.113762.1.4.1267.16", us_core_bindings.INTERPRETER_NEEDED
    )
    yield _build_value_set(
        "http://terminology.hl7.org/ValueSet/Languages",
        codes_in_system("urn:ietf:bcp:47", *us_core_bindings.LANGUAGES),
    )
    if version == "9.0.0":
        # The profiles of 9.0.0 point to these, which the derived package lacks.
        yield _build_profile(f"{US_CORE}StructureDefinition/us-core-device", "Device", "Device")
        yield _build_extension(
            "us-core-individual-sex", "Coding", f"{US_CORE}StructureDefinition/", "Patient"
        )
        yield _build_code_system(
            "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
            [{"code": code} for code in PARTICIPANTS],
        )


def _build_value_set(url: str, codes: Codes) -> Json:
    by_system: dict[str, list[str]] = {}
    for system, code in sorted(codes):
        by_system.setdefault(system, []).append(code)
    include = [
        {"system": system, "concept": [{"code": code} for code in codes_of_system]}
        for system, codes_of_system in by_system.items()
    ]
    return {
        "resourceType": "ValueSet",
        "url": url,
        "status": "active",
        "compose": {"include": include},
    }


def _build_cdcrec() -> Json:
    concepts: dict[str, Json] = {
        code: {"code": code, "display": concept.display}
        for code, concept in load_concepts().items()
    }
    top = []
    for code, concept in load_concepts().items():
        if concept.parent is None:
            concepts[code]["property"] = [{"code": NOT_SELECTABLE, "valueBoolean": True}]
            top.append(concepts[code])
        else:
            concepts[concept.parent].setdefault("concept", []).append(concepts[code])
    kind = {
        "code": NOT_SELECTABLE,
        "uri": f"http://hl7.org/fhir/concept-properties#{NOT_SELECTABLE}",
        "type": "boolean",
    }
    return {**_build_code_system(CDCREC, top), "hierarchyMeaning": "is-a", "property": [kind]}


def _build_code_system(url: str, concepts: list[Json]) -> Json:
    return {
        "resourceType": "CodeSystem",
        "url": url,
        "status": "active",
        "caseSensitive": True,
        "content": "complete",
        "concept": concepts,
    }


def _build_profile(url: str, base: str, of_type: str, *elements: Json, **more: Any) -> Json:
    """Return a profile without a snapshot, because the validator makes that itself."""
    return {
        "resourceType": "StructureDefinition",
        "url": url,
        "name": url.rsplit("/", 1)[1],
        "status": "active",
        "fhirVersion": "4.0.1",
        "kind": "resource",
        "abstract": False,
        "type": of_type,
        "baseDefinition": f"{HL7}{base}",
        "derivation": "constraint",
        "differential": {"element": [{"id": of_type, "path": of_type}, *elements]},
        **more,
    }


def _build_extension(
    name: str, value: str, home: str = HL7, place: str = "Provenance.target"
) -> Json:
    """Return an extension with one value; R4 itself has no targetElement and no targetPath."""
    elements = (
        {"id": "Extension.extension", "path": "Extension.extension", "max": "0"},
        {"id": "Extension.url", "path": "Extension.url", "fixedUri": f"{home}{name}"},
        {
            "id": "Extension.value[x]",
            "path": "Extension.value[x]",
            "min": 1,
            "type": [{"code": value}],
        },
    )
    context = [{"type": "element", "expression": place}]
    return _build_profile(
        f"{home}{name}", "Extension", "Extension", *elements, kind="complex-type", context=context
    )
