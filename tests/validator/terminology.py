"""What the packages only point to, as FHIR definitions: CDCREC, tribes, value sets of VSAC, languages, a few profiles."""

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
"""R4 came out before the last of these, which the profile of 9.0.0 fixes."""


def write_definitions(version: str, folder: Path) -> Path:
    """Write the definitions for that version of US Core into the folder, which is made."""
    folder.mkdir(parents=True)
    for number, each in enumerate(_definitions(version)):
        (folder / f"{each['resourceType']}-{number}.json").write_text(json.dumps(each), "utf-8")
    return folder


def _definitions(version: str) -> Iterator[Json]:
    yield _extension("targetElement", "uri")
    yield _extension("targetPath", "string")
    # R4 came out before a dozen of them were recognized.
    yield _system(
        TRIBAL_ENTITIES, [{"code": each} for each in sorted(us_core_bindings.TRIBE_CODES)]
    )
    if version == "3.1.1":
        # Its package has CDCREC and lists all members itself.
        return
    yield _code_system()
    if version in us_core_bindings.NEWEST_VERSIONS:
        yield from _newest(version)
    else:
        yield from _older(version)


def _older(version: str) -> Iterator[Json]:
    yield _value_set(
        f"{US_CORE}ValueSet/omb-race-category", us_core_bindings.race_categories(version)
    )
    yield _value_set(
        f"{US_CORE}ValueSet/omb-ethnicity-category", us_core_bindings.ethnicity_categories(version)
    )
    yield _value_set(f"{US_CORE}ValueSet/detailed-race", us_core_bindings.detailed_races(version))
    yield _value_set(
        f"{US_CORE}ValueSet/detailed-ethnicity", us_core_bindings.detailed_ethnicities(version)
    )
    yield _value_set(f"{VSAC}2.16.840.1.113762.1.4.1", codes_in_system(GENDER, "F", "M"))
    yield _value_set(
        f"{VSAC}2.16.840.1.113762.1.4.1021.103", codes_in_system(NULL_FLAVOR, "ASKU", "OTH", "UNK")
    )


def _newest(version: str) -> Iterator[Json]:
    yield _value_set(
        f"{VSAC}2.16.840.1.113883.4.642.2.575", us_core_bindings.race_categories(version)
    )
    yield _value_set(
        f"{VSAC}2.16.840.1.113883.4.642.40.2.48.3", us_core_bindings.ethnicity_categories(version)
    )
    yield _value_set(
        f"{VSAC}2.16.840.1.113762.1.4.1267.25", us_core_bindings.detailed_races(version)
    )
    yield _value_set(
        f"{VSAC}2.16.840.1.113883.4.642.40.2.48.1", us_core_bindings.detailed_ethnicities(version)
    )
    yield _value_set(f"{VSAC}2.16.840.1.113762.1.4.1267.16", us_core_bindings.INTERPRETER_NEEDED)
    yield _value_set(
        "http://terminology.hl7.org/ValueSet/Languages",
        codes_in_system("urn:ietf:bcp:47", *us_core_bindings.LANGUAGES),
    )
    if version == "9.0.0":
        # Its profiles point to these two, which are not among the derived ones.
        yield _definition(f"{US_CORE}StructureDefinition/us-core-device", "Device", "Device")
        yield _extension(
            "us-core-individual-sex", "Coding", f"{US_CORE}StructureDefinition/", "Patient"
        )
        yield _system(
            "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
            [{"code": each} for each in PARTICIPANTS],
        )


def _value_set(url: str, codes: Codes) -> Json:
    by_system: dict[str, list[str]] = {}
    for system, code in sorted(codes):
        by_system.setdefault(system, []).append(code)
    include = [
        {"system": system, "concept": [{"code": each} for each in found]}
        for system, found in by_system.items()
    ]
    return {
        "resourceType": "ValueSet",
        "url": url,
        "status": "active",
        "compose": {"include": include},
    }


def _code_system() -> Json:
    concepts: dict[str, Json] = {
        code: {"code": code, "display": each.display} for code, each in load_concepts().items()
    }
    top = []
    for code, each in load_concepts().items():
        if each.parent is None:
            concepts[code]["property"] = [{"code": NOT_SELECTABLE, "valueBoolean": True}]
            top.append(concepts[code])
        else:
            concepts[each.parent].setdefault("concept", []).append(concepts[code])
    kind = {
        "code": NOT_SELECTABLE,
        "uri": f"http://hl7.org/fhir/concept-properties#{NOT_SELECTABLE}",
        "type": "boolean",
    }
    return {**_system(CDCREC, top), "hierarchyMeaning": "is-a", "property": [kind]}


def _system(url: str, concepts: list[Json]) -> Json:
    found = {
        "resourceType": "CodeSystem",
        "url": url,
        "status": "active",
        "caseSensitive": True,
        "content": "complete",
    }
    return {**found, "concept": concepts}


def _definition(url: str, base: str, of_type: str, *elements: Json, **more: Any) -> Json:
    """A profile without a snapshot, which the validator makes itself."""
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


def _extension(name: str, value: str, home: str = HL7, place: str = "Provenance.target") -> Json:
    """An extension with one value; targetElement and targetPath are in the extensions pack and not in R4 itself."""
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
    return _definition(
        f"{home}{name}", "Extension", "Extension", *elements, kind="complex-type", context=context
    )
