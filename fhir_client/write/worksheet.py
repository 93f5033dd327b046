"""What a person has to type into a chart, and whether the chart says it by now: no screen of an EHR takes texts of ours."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from fhir_client.errors import Worksheet, WorksheetEntry
from fhir_client.uscore.datatypes import Json
from fhir_client.uscore.parsing import element_meanings
from fhir_client.uscore.patient_merge import NULL_TEXTS, URLS, category_parts, chart_elements
from fhir_client.uscore.statement import Interpreter, Language, Statement, TribalAffiliation
from fhir_client.uscore.versions import DATA_ABSENT_REASON, NULL_FLAVOR
from fhir_client.write.chart_merge import merge_for_server
from fhir_client.write.task import Writer

NOTHING_TO_ENTER = "(nothing: erase what is there)"


def build_worksheet(patient: Json, statement: Statement, writer: Writer) -> Worksheet:
    """Return what is to be typed into the Patient's chart; no values where it says all of the statement."""
    named = (each for each in patient.get("identifier", []) if each.get("value"))
    identifiers = tuple(f"{each.get('system', '')}|{each['value']}" for each in named)
    return Worksheet(
        identifiers, str(patient.get("birthDate", "")), tuple(_values(patient, statement, writer))
    )


def _values(patient: Json, statement: Statement, writer: Writer) -> Iterator[WorksheetEntry]:
    # A screen may have a field for the tribe in any version of US Core.
    screen = replace(writer, version=replace(writer.version, has_tribal_affiliation=True))
    wanted = merge_for_server(patient, statement, screen).patient
    held, said = chart_elements(patient), chart_elements(wanted)
    for element in URLS:
        if not _categories_say(held[element], said[element]):
            yield _category(element, said[element])
    now, then = element_meanings(held), element_meanings(said)
    if now["interpreter"] != then["interpreter"]:
        yield WorksheetEntry("interpreter", _interpreter(statement))
    if now["tribal-affiliation"] != then["tribal-affiliation"]:
        yield _tribes(statement)
    for element, language in (
        ("spoken-language", statement.spoken),
        ("written-language", statement.written),
    ):
        if not _tongues_say(now[element], then[element]):
            yield _language(element, language)


def _categories_say(held: Any, wanted: Any) -> bool:
    """Return whether the chart says the race or ethnicity: by its codes, wherever in the extension they stand."""
    now, then = _parts(held), _parts(wanted)
    if now == then:
        return True
    codes = _codes(then)
    if codes or not _texts(then) - set(NULL_TEXTS.values()):
        # Declined and not known are coded in more than one way: what counts is that somebody was asked, and gave no answer.
        return _answers(now) == _answers(then) and bool(now) == bool(then)
    return _texts(now) == _texts(then)


def _parts(held: Any) -> frozenset[tuple[str, Any]]:
    extensions = held if isinstance(held, list) else [held] if held else []
    return frozenset(part for each in extensions for part in category_parts(each))


def _codes(parts: frozenset[tuple[str, Any]]) -> set[tuple[str, str]]:
    return {said for _, said in parts if isinstance(said, tuple)}


def _answers(parts: frozenset[tuple[str, Any]]) -> set[tuple[str, str]]:
    return {
        (system, code)
        for system, code in _codes(parts)
        if system not in (NULL_FLAVOR, DATA_ABSENT_REASON)
    }


def _texts(parts: frozenset[tuple[str, Any]]) -> set[str]:
    return {
        " ".join(said.split()).casefold()
        for url, said in parts
        if url == "text" and isinstance(said, str)
    }


def _tongues_say(now: frozenset[object], then: frozenset[object]) -> bool:
    """Return whether the chart's language is the one that was said, or that language in fewer codes: zh for zh and yue."""
    if now == then:
        return True
    if len(now) != 1 or len(then) != 1:
        return False
    [held], [wanted] = now, then
    if isinstance(held, frozenset) and isinstance(wanted, frozenset):
        return bool(held) and held <= wanted
    return str(held).casefold() == str(wanted).casefold()


def _category(element: str, extension: Any) -> WorksheetEntry:
    nested: list[Mapping[str, Any]] = (extension or {}).get("extension", [])
    words = "; ".join(str(each["valueString"]) for each in nested if each.get("url") == "text")
    held = [each["valueCoding"] for each in nested if "valueCoding" in each]
    names = ", ".join(str(each["display"]) for each in held if "display" in each)
    both = " / ".join(dict.fromkeys(filter(None, (names, words))))
    return WorksheetEntry(
        element,
        both or NOTHING_TO_ENTER,
        tuple(f"{each.get('system', '')}|{each['code']}" for each in held),
    )


def _interpreter(statement: Statement) -> str:
    said = statement.interpreter
    if isinstance(said, Interpreter):
        return "Yes" if said.needed else "No"
    return NOTHING_TO_ENTER if said is None else NULL_TEXTS[said]


def _tribes(statement: Statement) -> WorksheetEntry:
    said = statement.tribes.tribes if isinstance(statement.tribes, TribalAffiliation) else ()
    codes = tuple(
        f"{each.coding.system}|{each.coding.code}" for each in said if each.coding is not None
    )
    return WorksheetEntry(
        "tribal-affiliation", ", ".join(each.text for each in said) or NOTHING_TO_ENTER, codes
    )


def _language(element: str, said: Any) -> WorksheetEntry:
    if not isinstance(said, Language):
        return WorksheetEntry(element, NOTHING_TO_ENTER)
    names = [each.display for each in said.codings if each.display][-1:]
    words = " / ".join(dict.fromkeys((*names, said.text)))
    return WorksheetEntry(
        element, words, tuple(f"{each.system}|{each.code}" for each in said.codings)
    )
