"""Patient.communication: the preferred language is preferred exactly once, and no other entry is lost."""

from typing import Any

from fhir_client.uscore.parts import Json, coding, concept
from fhir_client.uscore.statement import Coding, Language, Statement

PROFICIENCY = "http://hl7.org/fhir/StructureDefinition/patient-proficiency"
MODE = "http://terminology.hl7.org/CodeSystem/v3-LanguageAbilityMode"
SPOKEN = Coding(MODE, "ESP", "Expressed spoken")
SIGNED = Coding(MODE, "ESGN", "Expressed signed")
READ = Coding(MODE, "RWR", "Received written")


def merge(patient: Json, statement: Statement) -> dict[str, str]:
    """Set the spoken and the written language in `patient`, which is changed; returns the ids of the elements set.

    Declined and unknown languages change nothing: the Observation records them (FHIR.md, section 5).
    """
    ids = {}
    if isinstance(statement.spoken, Language):
        mode = SIGNED if statement.spoken.signed else SPOKEN
        spoken = _entry(patient, statement.spoken)
        for other in _entries(patient):
            other.pop("preferred", None)
        spoken["preferred"] = True
        _only_mark(patient, spoken, (SPOKEN, SIGNED), mode)
        ids["spoken-language"] = _identity(spoken, "language")
    if isinstance(statement.written, Language):
        written = _entry(patient, statement.written)
        # The mark has the id, not the entry: the same entry can be the spoken language's too, said by somebody else.
        ids["written-language"] = _identity(_only_mark(patient, written, (READ,), READ), "written-language")
    return ids


def marks(entry: Json) -> set[str]:
    """Return the modes (ESP, ESGN, RWR …) that an entry is marked with."""
    found = (part for each in entry.get("extension", []) if each.get("url") == PROFICIENCY for part in each["extension"])
    return {part["valueCoding"]["code"] for part in found if part.get("url") == "type"}


def _entries(patient: Json) -> list[Json]:
    found: list[Json] = patient.setdefault("communication", [])
    return found


def _entry(patient: Json, language: Language) -> Json:
    """Return the chart's entry for the language, with the language as the person said it, or a new one."""
    entries = _entries(patient)
    found = next((each for each in entries if _same(each.get("language", {}), language)), None)
    if found is None:
        found = {}
        entries.append(found)
    if not _says(found.get("language", {}), language):
        found["language"] = concept(*language.codings, text=language.text)
    return found


def _same(held: Json, language: Language) -> bool:
    if not language.codings:
        return bool(held.get("text") == language.text and not held.get("coding"))
    primary = language.codings[0].code.partition("-")[0].casefold()
    # A sign language's shortest code covers them all, so only the specific tag or the name tells them apart.
    if language.signed:
        return _says(held, language)
    return any(str(each.get("code", "")).partition("-")[0].casefold() == primary for each in held.get("coding", []))


def _says(held: Json, language: Language) -> bool:
    ours = [coding(each) for each in language.codings]
    return held.get("text") == language.text and all(_covers(each, held.get("coding", [])) for each in ours)


def _covers(ours: Json, held: list[Json]) -> bool:
    return any(each.get("system") == ours["system"] and each.get("code") == ours["code"] for each in held)


def _identity(entry: Json, fallback: str) -> str:
    entry.setdefault("id", fallback)
    return str(entry["id"])


def _only_mark(patient: Json, chosen: Json, family: tuple[Coding, ...], mode: Coding) -> Json:
    """Mark the chosen entry with `mode`, and take the marks of that family from every other one; returns the mark."""
    codes = {each.code for each in family}
    for entry in _entries(patient):
        stays = {mode.code} if entry is chosen else set()
        kept = [each for each in entry.get("extension", []) if not _is_mark(each, codes - stays)]
        if kept:
            entry["extension"] = kept
        else:
            entry.pop("extension", None)
    held: list[Json] = chosen.setdefault("extension", [])
    mark = next((each for each in held if _is_mark(each, {mode.code})), None)
    if mark is None:
        mark = {"url": PROFICIENCY, "extension": [{"url": "type", "valueCoding": coding(mode)}]}
        held.append(mark)
    return mark


def _is_mark(extension: dict[str, Any], codes: set[str]) -> bool:
    return extension.get("url") == PROFICIENCY and bool(marks({"extension": [extension]}) & codes)
