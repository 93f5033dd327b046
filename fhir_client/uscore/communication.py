"""Patient.communication: the preferred language is preferred exactly once, and no other entry is lost."""

from itertools import count
from typing import Any

from fhir_client.uscore.datatypes import Json, coding_json, concept_json
from fhir_client.uscore.statement import BCP47, AbsentReason, Coding, Language, Statement

PROFICIENCY = "http://hl7.org/fhir/StructureDefinition/patient-proficiency"
MODE = "http://terminology.hl7.org/CodeSystem/v3-LanguageAbilityMode"
SPOKEN = Coding(MODE, "ESP", "Expressed spoken")
SIGNED = Coding(MODE, "ESGN", "Expressed signed")
READ = Coding(MODE, "RWR", "Received written")


def merge_languages(patient: Json, statement: Statement, *, erases: bool = False) -> dict[str, str]:
    """Set the spoken and the written language in `patient`, which is changed; returns the ids of the elements set.

    Declined and unknown languages change nothing, for the Observation records them (FHIR.md, section 5), unless the site
    has them erased: then no entry is preferred any more, or marked as the written language, but every entry stays.
    """
    ids = {}
    if erases:
        _erase(patient, statement)
    spoken: Json | None = None
    if isinstance(statement.spoken, Language):
        mode = SIGNED if statement.spoken.signed else SPOKEN
        spoken = _entry(patient, statement.spoken)
        _prefer(patient, spoken)
        _only_mark(patient, spoken, (SPOKEN, SIGNED), mode)
        ids["spoken-language"] = _identity(patient, spoken, "language")
    if isinstance(statement.written, Language):
        # The spoken language's entry serves for the written one only where both are the very same.
        taken = None if statement.written == statement.spoken else spoken
        written = _entry(patient, statement.written, taken)
        # The mark has the id, not the entry: the entry can be the spoken language's too, said at another time.
        ids["written-language"] = _identity(
            patient, _only_mark(patient, written, (READ,), READ), "written-language"
        )
    return ids


def _erase(patient: Json, statement: Statement) -> None:
    for entry in patient.get("communication", []):
        if isinstance(statement.spoken, AbsentReason):
            _no_longer_preferred(entry)
            _unmark(entry, {SPOKEN.code, SIGNED.code})
        if isinstance(statement.written, AbsentReason):
            _unmark(entry, {READ.code})


def language_modes(entry: Json) -> set[str]:
    """Return the modes (ESP, ESGN, RWR …) that an entry is marked with."""
    found = (
        part
        for each in entry.get("extension", [])
        if each.get("url") == PROFICIENCY
        for part in each.get("extension", [])
    )
    return {
        str(part.get("valueCoding", {}).get("code")) for part in found if part.get("url") == "type"
    }


def _entries(patient: Json) -> list[Json]:
    found: list[Json] = patient.setdefault("communication", [])
    return found


def _prefer(patient: Json, chosen: Json) -> None:
    for other in _entries(patient):
        _no_longer_preferred(other)
    chosen["preferred"] = True


def _no_longer_preferred(entry: Json) -> None:
    # Who wrote that it is not preferred keeps that as they wrote it.
    if entry.get("preferred"):
        del entry["preferred"]


def _entry(patient: Json, language: Language, taken: Json | None = None) -> Json:
    """Return the chart's entry for the language, with the language as the person said it, or a new one.

    An entry that says just this comes before one that only names the same language; `taken` is left alone.
    """
    free = [each for each in _entries(patient) if each is not taken]
    says = (each for each in free if _says(each.get("language", {}), language))
    same = (each for each in free if _same(each.get("language", {}), language))
    found = next(says, None) or next(same, None)
    if found is None:
        found = {}
        _entries(patient).append(found)
    held = found.get("language", {})
    if not _says(held, language):
        ours = [coding_json(each) for each in language.codings]
        others = [each for each in held.get("coding", []) if not _covers(each, ours)]
        found["language"] = {**held, **concept_json(*language.codings, text=language.text)}
        if others:
            found["language"]["coding"] = ours + others
    return found


def _same(held: Json, language: Language) -> bool:
    """Return whether the chart's language is the person's: all its codes are, and the most specific one is among them.

    Cantonese and Mandarin share the code zh, Dari and Persian fa: a shared code alone never makes two languages one.
    """
    if not language.codings:
        return bool(held.get("text") == language.text and not held.get("coding"))
    ours = [_primary(each.code) for each in language.codings]
    tags = (each for each in held.get("coding", []) if each.get("system", BCP47) == BCP47)
    theirs = {_primary(str(each.get("code", ""))) for each in tags}
    return ours[-1] in theirs and theirs <= set(ours)


def _primary(tag: str) -> str:
    return tag.partition("-")[0].casefold()


def _says(held: Json, language: Language) -> bool:
    ours = [coding_json(each) for each in language.codings]
    return held.get("text") == language.text and all(
        _covers(each, held.get("coding", [])) for each in ours
    )


def _covers(ours: Json, held: list[Json]) -> bool:
    return any(
        each.get("system") == ours.get("system") and each.get("code") == ours.get("code")
        for each in held
    )


def _identity(patient: Json, element: Json, wanted: str) -> str:
    entries = _entries(patient)
    taken = {
        each.get("id")
        for each in (*entries, *(mark for entry in entries for mark in entry.get("extension", [])))
    }
    free = (
        name for number in count(2) for name in (wanted, f"{wanted}-{number}") if name not in taken
    )
    if "id" not in element:
        element["id"] = next(free)
    return str(element["id"])


def _only_mark(patient: Json, chosen: Json, family: tuple[Coding, ...], mode: Coding) -> Json:
    """Mark the chosen entry with `mode`, and take the marks of that family from every other one; returns the mark."""
    for entry in _entries(patient):
        _unmark(entry, {each.code for each in family} - ({mode.code} if entry is chosen else set()))
    held: list[Json] = chosen.setdefault("extension", [])
    mark = next((each for each in held if mode.code in language_modes({"extension": [each]})), None)
    if mark is None:
        mark = {
            "url": PROFICIENCY,
            "extension": [{"url": "type", "valueCoding": coding_json(mode)}],
        }
        held.append(mark)
    return mark


def _unmark(entry: Json, codes: set[str]) -> None:
    kept = [each for each in entry.get("extension", []) if not _is_mark(each, codes)]
    if kept:
        entry["extension"] = kept
    else:
        entry.pop("extension", None)


def _is_mark(extension: dict[str, Any], codes: set[str]) -> bool:
    # A proficiency that says more than the mode, such as how well, is somebody else's and stays.
    ours = extension.get("url") == PROFICIENCY and len(extension.get("extension", [])) == 1
    return ours and bool(language_modes({"extension": [extension]}) & codes)
