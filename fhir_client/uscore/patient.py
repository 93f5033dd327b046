"""The merge: what a person said goes into the Patient; everything else in it stays as it is."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from fhir_client.uscore import communication
from fhir_client.uscore.parts import NO, YES, Json, absent, coding
from fhir_client.uscore.statement import AbsentReason, Coded, Interpreter, Statement
from fhir_client.uscore.versions import DATA_ABSENT_REASON, NULL_FLAVOR, US_CORE, UsCoreVersion

URLS = {"race": f"{US_CORE}us-core-race", "ethnicity": f"{US_CORE}us-core-ethnicity"}
INTERPRETER_REQUIRED = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
INTERPRETER_NEEDED = f"{US_CORE}us-core-interpreter-needed"
DECLINED_TEXT, UNKNOWN_TEXT = "Declined to answer", "Does not know"
NULL_TEXTS = {AbsentReason.ASKED_DECLINED: DECLINED_TEXT, AbsentReason.ASKED_UNKNOWN: UNKNOWN_TEXT}


@dataclass(frozen=True, slots=True)
class MergePolicy:
    """A site's switch: whether declining, or not knowing, erases a value that the chart already has."""

    decline_erases: bool = False


@dataclass(frozen=True, slots=True)
class Merge:
    """A merged Patient.

    `earlier` holds the values before, element by element (None: there was none), for undo. `element_ids` are the ids of
    the elements that now say what the person said. `kept` are the elements whose chart value stayed though the person
    declined or did not know.
    """

    patient: Json
    changed: bool
    earlier: Mapping[str, Any]
    element_ids: Mapping[str, str] = field(default_factory=dict)
    kept: tuple[str, ...] = ()


def apply(patient: Json, statement: Statement, version: UsCoreVersion, policy: MergePolicy | None = None) -> Merge:
    """Return `patient` merged with what the statement says; applying it twice changes nothing the second time."""
    policy = policy or MergePolicy()
    merged = deepcopy(patient)
    ids: dict[str, str] = {}
    kept: list[str] = []
    for element, said in (("race", statement.race), ("ethnicity", statement.ethnicity)):
        if said is None:
            continue
        if isinstance(said, AbsentReason) and not policy.decline_erases and has_value(patient, element):
            kept.append(element)
        else:
            ids[element] = _set_category(merged, element, said, version)
    if isinstance(statement.interpreter, Interpreter | AbsentReason):
        _set_interpreter(merged, statement.interpreter, version, kept)
    ids |= communication.merge(merged, statement)
    return Merge(merged, merged != patient, elements_of(patient), ids, tuple(kept))


def elements_of(patient: Json) -> dict[str, Any]:
    """Return the parts of a Patient that a statement can change, None where it has none."""
    interpreter = [each for each in _extensions(patient) if each.get("url") in (INTERPRETER_REQUIRED, INTERPRETER_NEEDED)]
    return {
        "race": _find(patient, URLS["race"]),
        "ethnicity": _find(patient, URLS["ethnicity"]),
        "interpreter": deepcopy(interpreter) or None,
        "communication": deepcopy(patient.get("communication")),
    }


def has_value(patient: Json, element: str) -> bool:
    """Return whether the chart has an answer for `race` or `ethnicity`, and not only that none was given."""
    found = _find(patient, URLS[element])
    if found is None:
        return False
    parts = [part for part in found.get("extension", []) if part.get("url") in ("ombCategory", "detailed")]
    if parts:
        systems = {part.get("valueCoding", {}).get("system") for part in parts}
        return bool(systems - {NULL_FLAVOR, DATA_ABSENT_REASON})
    texts = {part.get("valueString") for part in found.get("extension", []) if part.get("url") == "text"}
    return bool(texts - {DECLINED_TEXT, UNKNOWN_TEXT, None})


def category_extension(element: str, said: Coded | AbsentReason, version: UsCoreVersion, identity: str) -> Json:
    """Return us-core-race or us-core-ethnicity for what was said: ombCategory, detailed, and always a text."""
    parts: list[Json] = []
    if isinstance(said, AbsentReason):
        null = version.null(element, said)
        parts = [] if null is None else [{"url": "ombCategory", "valueCoding": coding(null)}]
        text = NULL_TEXTS[said]
    else:
        parts = [{"url": "ombCategory", "valueCoding": coding(each)} for each in said.categories]
        parts += [{"url": "detailed", "valueCoding": coding(each)} for each in said.detailed]
        text = said.text
    return {"id": identity, "url": URLS[element], "extension": [*parts, {"url": "text", "valueString": text}]}


def _extensions(patient: Json) -> list[Json]:
    found: list[Json] = patient.get("extension", [])
    return found


def _find(patient: Json, url: str) -> Json | None:
    return next((deepcopy(each) for each in _extensions(patient) if each.get("url") == url), None)


def _set_category(merged: Json, element: str, said: Coded | AbsentReason, version: UsCoreVersion) -> str:
    before = _find(merged, URLS[element]) or {}
    identity = str(before.get("id") or element)
    _replace(merged, URLS[element], category_extension(element, said, version, identity))
    return identity


def _set_interpreter(merged: Json, said: Interpreter | AbsentReason, version: UsCoreVersion, kept: list[str]) -> None:
    present = {str(each.get("url")) for each in _extensions(merged)} & {INTERPRETER_REQUIRED, INTERPRETER_NEEDED}
    if isinstance(said, AbsentReason):
        if present:
            kept.append("interpreter")
        elif version.interpreter_is_coded and said is AbsentReason.ASKED_UNKNOWN:
            _replace(merged, INTERPRETER_NEEDED, {"url": INTERPRETER_NEEDED, "valueCoding": coding(absent(said))})
        return
    ours = INTERPRETER_NEEDED if version.interpreter_is_coded else INTERPRETER_REQUIRED
    # Where the chart has the other of the two as well, a reader of either must find the same.
    for url in sorted(present | {ours}):
        needed = {"valueCoding": coding(YES if said.wanted else NO)}
        value = {"valueBoolean": said.wanted} if url == INTERPRETER_REQUIRED else needed
        _replace(merged, url, {"url": url, **value})


def _replace(merged: Json, url: str, extension: Json) -> None:
    """Put the extension where the first of its URL stood; a second one of the same URL was a fault and goes."""
    before = _extensions(merged)
    places = [place for place, each in enumerate(before) if each.get("url") == url]
    rest = [each for place, each in enumerate(before) if place not in places[1:]]
    if places:
        rest[places[0]] = extension
    else:
        rest.append(extension)
    merged["extension"] = rest
