"""Reads what a patient's chart says for the visit: name, birth date, record number and gaps."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import msgspec

from fhir_client.model import Element, Json
from fhir_client.transport.tolerant_json import list_objects
from fhir_client.uscore.chart import chart_elements, element_meanings
from fhir_client.uscore.elements import ETHNICITY, RACE
from intake.placeholders import classify_text, load_placeholders
from intake.settings import Clinic
from intake.store.visits import Visit

MALFORMED_CHART = "Parts of this chart cannot be read."


def add_chart_values(visit: Visit, clinic: Clinic, patient: Json) -> Visit:
    """Return the visit with the values of its patient's chart.

    A chart with malformed elements gives the rest, and the visit says so in its fault.
    """
    names = name_parts(patient)
    identified = replace(
        visit,
        name=" ".join(names),
        birth_date=_parse_birth_date(patient.get("birthDate")),
        initials="".join(name[:1].upper() for name in (names[0], names[-1])) if names else "",
        record_number=find_record_number(patient, clinic.record_number_system),
    )
    try:
        base = chart_elements(patient)
        # The merge compares these meanings later, and the store writes the base as JSON. A chart
        # that fails there has to fail here, where it costs only its own values.
        element_meanings(base)
        msgspec.json.encode(base)
        return replace(identified, gaps=find_gaps(patient), base=base)
    except (AttributeError, LookupError, TypeError, ValueError, ArithmeticError):
        return replace(identified, fault=MALFORMED_CHART)


def _parse_birth_date(value: object) -> date | None:
    # FHIR allows a year or a month alone, and some charts have impossible days. The desk finds
    # such a patient by the code of their visit.
    if not isinstance(value, str) or len(value) != len("2000-01-31"):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def name_parts(patient: Json) -> list[str]:
    """Return the first given name and the family name, as far as the chart has them."""
    names = list_objects(patient.get("name"))
    current = [name for name in names if name.get("use") != "old"] or [{}]
    name: Mapping[str, Any] = next(
        (name for name in current if name.get("use") == "official"), current[0]
    )
    given = name.get("given")
    # A newborn's given name is null if an extension says why there is none (R4, json.html#null).
    parts = (*(given[:1] if isinstance(given, list) else []), name.get("family"))
    return [part for part in parts if isinstance(part, str)]


def find_record_number(patient: Json, system: str) -> str | None:
    """Return the chart's first record number of that system."""
    # Some servers send the number as a JSON number.
    numbers = (
        str(identifier["value"])
        for identifier in list_objects(patient.get("identifier"))
        if identifier.get("system") == system and isinstance(identifier.get("value"), str | int)
    )
    return next(numbers, None)


def find_gaps(patient: Json) -> frozenset[str]:
    """Return the elements that the chart lacks."""
    chart = chart_elements(patient)
    missing = {
        spec.element
        for spec in (RACE, ETHNICITY)
        if not spec.has_value(patient, load_placeholders(spec.element))
    }
    # A language that the patient understands but does not prefer answers no question of ours.
    if not any(map(_prefers_language, chart["communication"])):
        missing.add(Element.SPOKEN_LANGUAGE)
    if not chart["interpreter"]:
        missing.add(Element.INTERPRETER)
    return frozenset(missing)


def _prefers_language(entry: Json) -> bool:
    """Return whether an entry of `communication` names a preferred language."""
    language = entry.get("language") or {}
    text = language.get("text")
    # An entry may name its language in a way of its own; only a text that says nothing names none.
    names_none = (
        not language.get("coding")
        and isinstance(text, str)
        and classify_text(Element.SPOKEN_LANGUAGE, text) is not None
    )
    return bool(entry.get("preferred")) and not names_none
