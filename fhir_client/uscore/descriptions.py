"""What a chart says of each element, in words for the person who has to decide about it."""

from collections.abc import Iterable, Mapping

from fhir_client.uscore.communication import READ, language_modes
from fhir_client.uscore.datatypes import NO, YES, Json, find_extensions
from fhir_client.uscore.patient_merge import INTERPRETER_URLS, URLS
from fhir_client.uscore.tribes import TRIBAL_AFFILIATION, read_tribe_concept, tribal_extensions

_WANTED = {YES.code: "Yes", NO.code: "No"}


def describe_elements(patient: Json) -> Mapping[str, tuple[str, ...]]:
    """Return the words of each element of a Patient; none where it has none."""
    entries = patient.get("communication", [])
    return {
        "race": _all(find_extensions(patient, URLS["race"])),
        "ethnicity": _all(find_extensions(patient, URLS["ethnicity"])),
        "interpreter": _all(find_extensions(patient, *INTERPRETER_URLS)),
        "tribal-affiliation": _all(tribal_extensions(patient)),
        "spoken-language": _all(each for each in entries if each.get("preferred")),
        "written-language": _all(each for each in entries if READ.code in language_modes(each)),
    }


def describe_value(item: Json) -> str:
    """Return the words of one extension, or of one entry of `communication`."""
    if "language" in item:
        return _concept(item["language"])
    if item.get("url") == TRIBAL_AFFILIATION:
        return _concept(read_tribe_concept(item))
    if "valueBoolean" in item:
        return "Yes" if item["valueBoolean"] else "No"
    if "valueCoding" in item:
        return _WANTED.get(item["valueCoding"].get("code", ""), _coding(item["valueCoding"]))
    return _category(item.get("extension", []))


def _all(items: Iterable[Json]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(describe_value, items)))


def _category(parts: list[Json]) -> str:
    texts = [
        str(each["valueString"])
        for each in parts
        if each.get("url") == "text" and "valueString" in each
    ]
    return "; ".join(
        texts or [_coding(each["valueCoding"]) for each in parts if "valueCoding" in each]
    )


def _concept(held: Json) -> str:
    return str(held.get("text") or next(map(_coding, held.get("coding", [])), ""))


def _coding(held: Json) -> str:
    return str(held.get("display") or held.get("code", ""))
