"""Entries of Patient.communication: which language an entry names, and how it is marked."""

from collections.abc import Callable, Collection, Iterable

from fhir_client.model import Json
from fhir_client.uscore.code_systems import canonical_tag, code_pair
from fhir_client.uscore.datatypes import coding_json, concept_json
from fhir_client.uscore.element_ids import ElementIds
from fhir_client.uscore.statement import BCP47, OWN_WORDS_SEPARATOR, Coding, Language

PROFICIENCY = "http://hl7.org/fhir/StructureDefinition/patient-proficiency"
MODE = "http://terminology.hl7.org/CodeSystem/v3-LanguageAbilityMode"
# Of the codes of this system these three are what our questions tell apart.
SPOKEN = Coding(MODE, "ESP", "Expressed spoken")
SIGNED = Coding(MODE, "ESGN", "Expressed signed")
READ = Coding(MODE, "RWR", "Received written")


def read_entries(patient: Json) -> list[Json]:
    """Return the entries of a Patient; they are no copies."""
    entries: list[Json] = patient.get("communication", [])
    return entries


def language_modes(entry: Json) -> set[str]:
    """Return the modes (ESP, ESGN, RWR …) with which an entry is marked."""
    parts = (
        part
        for extension in entry.get("extension", [])
        if extension.get("url") == PROFICIENCY
        for part in extension.get("extension", [])
    )
    return {
        str(part.get("valueCoding", {}).get("code")) for part in parts if part.get("url") == "type"
    }


def put_language(
    patient: Json, language: Language, is_reserved: Callable[[Json], bool] = lambda _: False
) -> Json:
    """Return the Patient's entry for the language, with the informant's wording, or a new one.

    An entry with exactly this wording comes before one that only names the same language. Reserved
    entries are left alone.
    """
    entries: list[Json] = patient.setdefault("communication", [])
    free = [entry for entry in entries if not is_reserved(entry)]
    exact = (entry for entry in free if _states_language(entry.get("language", {}), language))
    same = (entry for entry in free if _names_language(entry.get("language", {}), language))
    entry = next(exact, None) or next(same, None)
    if entry is None:
        entry = {}
        entries.append(entry)
    concept = entry.get("language", {})
    if not _states_language(concept, language):
        own = [coding_json(coding) for coding in language.codings]
        # Another spelling of our code stays too: it is the chart's, and not ours to rewrite.
        pairs = [(coding["system"], coding["code"]) for coding in own]
        foreign = [
            coding
            for coding in concept.get("coding", [])
            if (coding.get("system"), coding.get("code")) not in pairs
        ]
        # Codes of others stay behind ours, because a reader takes the first one as the language.
        entry["language"] = {**concept, **concept_json(*language.codings, text=language.wording)}
        if foreign:
            entry["language"]["coding"] = own + foreign
    return entry


def prefer_entry(patient: Json, preferred: Json) -> None:
    """Mark one entry as preferred, and no other one."""
    for entry in read_entries(patient):
        clear_preferred(entry)
    preferred["preferred"] = True


def clear_preferred(entry: Json) -> None:
    """Remove the mark as preferred."""
    # An entry that is explicitly not preferred stays as others wrote it.
    if entry.get("preferred"):
        del entry["preferred"]


def mark_only(patient: Json, marked: Json, modes: Collection[Coding], mode: Coding) -> Json:
    """Mark an entry with `mode`, remove all `modes` from the others, and return the mark."""
    codes = {coding.code for coding in modes}
    for entry in read_entries(patient):
        unmark_entry(entry, codes - ({mode.code} if entry is marked else set()))
    extensions: list[Json] = marked.setdefault("extension", [])
    marks = (mark for mark in extensions if mode.code in language_modes({"extension": [mark]}))
    mark = next(marks, None)
    if mark is None:
        parts = [{"url": "type", "valueCoding": coding_json(mode)}]
        mark = {"url": PROFICIENCY, "extension": parts}
        extensions.append(mark)
    return mark


def unmark_entry(entry: Json, codes: Collection[str]) -> None:
    """Remove the marks with these modes from an entry."""
    remaining = [mark for mark in entry.get("extension", []) if not _is_own_mark(mark, codes)]
    if remaining:
        entry["extension"] = remaining
    else:
        # FHIR has no empty lists.
        entry.pop("extension", None)


def identify_element(ids: ElementIds, element: Json, name: str) -> str:
    """Return the id of an entry or a mark, and give it a free one where it has none."""
    # An id of the chart stays, because a Provenance of others may name it.
    if "id" not in element:
        element["id"] = ids.take_id(name)
    return str(element["id"])


def entry_key(entry: Json) -> object:
    """Return the tags that identify an entry's language, or its text without a tag."""
    concept = entry.get("language", {})
    # Codes of other systems, such as a vendor's own, say the same again and would differ.
    return frozenset(_read_tags(concept)) or concept.get("text")


def entry_own_words(entry: Json) -> str:
    """Return the words behind the name of an entry's language, "" where it has no code."""
    concept = entry.get("language", {})
    text = concept.get("text")
    # ISO 639 has names such as "Spanish; Castilian", which no patient writes as own words.
    displays = (coding.get("display") for coding in concept.get("coding", []))
    if not isinstance(text, str) or not _read_tags(concept) or text in displays:
        return ""
    return text.partition(OWN_WORDS_SEPARATOR)[2]


def has_other_words(entry: Json, language: Language) -> bool:
    """Return whether relabelling an entry would lose own words, or add some to it."""
    if entry.get("language", {}).get("text") == language.wording:
        return False
    return bool(language.own_words or entry_own_words(entry))


def _names_language(concept: Json, language: Language) -> bool:
    """Return whether the chart's codes all belong to the language, its most specific among them.

    Cantonese and Mandarin share the code zh, Dari and Persian share fa. A shared code alone never
    makes two languages one.
    """
    is_same_text = concept.get("text") == language.wording
    if not language.codings:
        return is_same_text and not concept.get("coding")
    own = [canonical_tag(coding.code) for coding in language.codings]
    # A region or script makes another entry: zh-CN is no answer of a reader of 繁體中文. An entry
    # with the same text may lack codes that we know.
    chart = set(_read_tags(concept))
    return (own[-1] in chart or is_same_text) and chart <= set(own)


def _states_language(concept: Json, language: Language) -> bool:
    own = (coding_json(coding) for coding in language.codings)
    chart = concept.get("coding", [])
    return concept.get("text") == language.wording and all(
        _has_code(coding, chart) for coding in own
    )


def _read_tags(concept: Json) -> list[str]:
    # Many charts have a tag without its system, or with the system of ISO 639.
    pairs = (code_pair({"system": BCP47, **coding}) for coding in concept.get("coding", []))
    return [str(code or "") for system, code in pairs if system == BCP47]


def _has_code(coding: Json, codings: Iterable[Json]) -> bool:
    return code_pair(coding) in map(code_pair, codings)


def _is_own_mark(extension: Json, codes: Collection[str]) -> bool:
    # A proficiency with more than a mode, such as a level, was written by others and stays.
    is_plain = extension.get("url") == PROFICIENCY and len(extension.get("extension", [])) == 1
    return is_plain and not language_modes({"extension": [extension]}).isdisjoint(codes)
