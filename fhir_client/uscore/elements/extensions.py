"""Extensions of a Patient: put in place, removed, and put into words."""

from collections.abc import Collection

from fhir_client.model import Json
from fhir_client.uscore.datatypes import NO, YES
from fhir_client.uscore.elements.spec import add_codes, describe_coding, describe_concept

_YES_NO_WORDS = {YES.code: "Yes", NO.code: "No"}


def replace_extension(patient: Json, url: str, extension: Json) -> None:
    """Put the extension where the first of its URL stands, else last, in a new list.

    A second extension of the same URL is a fault of the chart and goes.
    """
    extensions: list[Json] = patient.get("extension", [])
    positions = [index for index, item in enumerate(extensions) if item.get("url") == url]
    # A new list: the caller's Patient shares the old one with the chart as it was read.
    replaced = [item for index, item in enumerate(extensions) if index not in positions[1:]]
    if positions:
        # A server may test the position of an element, so that an unchanged place avoids conflicts.
        replaced[positions[0]] = extension
    else:
        replaced.append(extension)
    patient["extension"] = replaced


def remove_extensions(patient: Json, urls: Collection[str]) -> None:
    """Remove the extensions with one of the URLs, and the list with its last extension."""
    remaining = [item for item in patient.get("extension", []) if item.get("url") not in urls]
    if remaining:
        patient["extension"] = remaining
    else:
        # FHIR has no empty lists.
        patient.pop("extension", None)


def read_yes_no(extension: Json) -> bool | None:
    """Return the answer of an interpreter extension, whichever of the two it is."""
    code = extension.get("valueCoding", {}).get("code")
    # The code alone decides: vendors write SNOMED's system in more than one way.
    return {YES.code: True, NO.code: False}.get(code, extension.get("valueBoolean"))


def value_codings(extension: Json) -> list[Json]:
    """Return the codings of a value, whichever of the two coded types it has."""
    codings = [extension["valueCoding"]] if "valueCoding" in extension else []
    return codings + list(extension.get("valueCodeableConcept", {}).get("coding", []))


def describe_extension(extension: Json) -> str:
    """Return an extension in words: its text with its codes beside it, else their names."""
    if "valueBoolean" in extension:
        return "Yes" if extension["valueBoolean"] else "No"
    if "valueCoding" in extension:
        coding = extension["valueCoding"]
        return _YES_NO_WORDS.get(coding.get("code", ""), describe_coding(coding))
    if "valueCodeableConcept" in extension:
        return describe_concept(extension["valueCodeableConcept"])
    parts = extension.get("extension", [])
    texts = [
        str(part["valueString"])
        for part in parts
        if part.get("url") == "text" and "valueString" in part
    ]
    codings = [coding for part in parts for coding in value_codings(part)]
    return (
        add_codes("; ".join(texts), codings) if texts else "; ".join(map(describe_coding, codings))
    )
