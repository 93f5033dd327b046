"""The merge: what a person said goes into the Patient; everything else in it stays as it is."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from fhir_client.uscore import communication, tribes
from fhir_client.uscore.datatypes import (
    NO,
    YES,
    Json,
    absent_reason_coding,
    coding_json,
    find_extensions,
)
from fhir_client.uscore.statement import (
    AbsentReason,
    CategoryAnswer,
    Interpreter,
    Statement,
    without_elements,
)
from fhir_client.uscore.versions import DATA_ABSENT_REASON, NULL_FLAVOR, US_CORE, UsCoreVersion

URLS = {"race": f"{US_CORE}us-core-race", "ethnicity": f"{US_CORE}us-core-ethnicity"}
INTERPRETER_REQUIRED = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
INTERPRETER_NEEDED = f"{US_CORE}us-core-interpreter-needed"
INTERPRETER_URLS = (INTERPRETER_REQUIRED, INTERPRETER_NEEDED)
DECLINED_TEXT, UNKNOWN_TEXT = "Declined to answer", "Does not know"
NULL_TEXTS = {AbsentReason.ASKED_DECLINED: DECLINED_TEXT, AbsentReason.ASKED_UNKNOWN: UNKNOWN_TEXT}
# The two of ours, and what US Core's value sets call the nulls.
_NULL_WORDS = {
    DECLINED_TEXT.casefold(),
    UNKNOWN_TEXT.casefold(),
    "unknown",
    "asked but unknown",
    "asked but declined",
}


@dataclass(frozen=True, slots=True)
class MergePolicy:
    """How the chart gives way: whether declining, or not knowing, erases a value that the chart already has.

    `keeps` are the elements that stay as the chart has them, whatever the person said, for that was decided so.
    """

    decline_erases: bool = False
    elements_to_keep: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PatientMerge:
    """A merged Patient.

    `earlier` holds the values before, element by element (None: there was none), for undo. `element_ids` are the ids of
    the elements that now say what the person said. `kept` are the elements whose chart value stayed though the person
    declined or did not know.
    """

    patient: Json
    changed: bool
    prior_values: Mapping[str, Any]
    element_ids: Mapping[str, str] = field(default_factory=dict)
    kept_elements: tuple[str, ...] = ()


def merge_statement(
    patient: Json, statement: Statement, version: UsCoreVersion, policy: MergePolicy | None = None
) -> PatientMerge:
    """Return `patient` merged with what the statement says; applying it twice changes nothing the second time."""
    policy = policy or MergePolicy()
    statement = without_elements(statement, policy.elements_to_keep)
    # Extensions are replaced, never changed in place, while the entries of languages are.
    merged = {
        **patient,
        **(
            {"communication": deepcopy(patient["communication"])}
            if "communication" in patient
            else {}
        ),
    }
    ids: dict[str, str] = {}
    kept: list[str] = []
    for element, said in (("race", statement.race), ("ethnicity", statement.ethnicity)):
        if said is None:
            continue
        if (
            isinstance(said, AbsentReason)
            and not policy.decline_erases
            and has_value(patient, element)
        ):
            kept.append(element)
        else:
            ids[element] = _set_category(merged, element, said, version)
    if isinstance(statement.interpreter, Interpreter):
        ids["interpreter"] = _set_interpreter(merged, statement.interpreter, version)
    elif statement.interpreter is not None and _leave_interpreter(
        merged, statement.interpreter, version, policy
    ):
        kept.append("interpreter")
    if version.has_tribal_affiliation:
        found, stayed = tribes.merge_tribes(merged, statement.tribes, erases=policy.decline_erases)
        ids |= found
        kept += ["tribal-affiliation"] * stayed
    ids |= communication.merge_languages(merged, statement, erases=policy.decline_erases)
    return PatientMerge(merged, merged != patient, chart_elements(patient), ids, tuple(kept))


def chart_elements(patient: Json) -> dict[str, Any]:
    """Return the parts of a Patient that a statement can change, None where it has none; they are its own, and no copies.

    A chart that has race or ethnicity twice, which is a fault of it, has them here as a list, so that undo can restore it.
    """
    return {
        "race": _one_or_all(find_extensions(patient, URLS["race"])),
        "ethnicity": _one_or_all(find_extensions(patient, URLS["ethnicity"])),
        "interpreter": find_extensions(patient, *INTERPRETER_URLS) or None,
        "tribal-affiliation": tribes.tribal_extensions(patient) or None,
        "communication": patient.get("communication"),
    }


def has_value(patient: Json, element: str) -> bool:
    """Return whether the chart has an answer for `race` or `ethnicity`, and not only that none was given."""
    return any(map(_answers, find_extensions(patient, URLS[element])))


def _answers(extension: Json) -> bool:
    nested = extension.get("extension", [])
    codings = [
        part.get("valueCoding", {})
        for part in nested
        if part.get("url") in ("ombCategory", "detailed")
    ]
    if not all(map(_is_null, codings)) or any(key.startswith("value") for key in extension):
        return True
    # A text beside nulls is what somebody said, unless it only says the null in words.
    texts = {
        str(part["valueString"]).casefold()
        for part in nested
        if part.get("url") == "text" and "valueString" in part
    }
    return bool(texts - _NULL_WORDS - {str(each.get("display", "")).casefold() for each in codings})


def _is_null(held: Json) -> bool:
    # US Core takes NullFlavor's "other" for a detail: it says that there is an answer, for which there is no code.
    return held.get("system") in (NULL_FLAVOR, DATA_ABSENT_REASON) and held.get("code") != "OTH"


def category_extension(
    element: str, said: CategoryAnswer | AbsentReason, version: UsCoreVersion, identity: str
) -> Json:
    """Return us-core-race or us-core-ethnicity for what was said: ombCategory, detailed, and always a text."""
    parts: list[Json] = []
    if isinstance(said, AbsentReason):
        null = version.null_coding(element, said)
        parts = [] if null is None else [{"url": "ombCategory", "valueCoding": coding_json(null)}]
        text = NULL_TEXTS[said]
    else:
        parts = [
            {"url": "ombCategory", "valueCoding": coding_json(each)} for each in said.categories
        ]
        parts += [{"url": "detailed", "valueCoding": coding_json(each)} for each in said.detailed]
        text = said.text
    return {
        "id": identity,
        "url": URLS[element],
        "extension": [*parts, {"url": "text", "valueString": text}],
    }


def category_parts(extension: Json) -> frozenset[tuple[str, object]]:
    """Return what an extension of race or ethnicity says, displays, ids and order aside."""
    nested = extension.get("extension", [])
    codings = (
        (str(part.get("url")), part["valueCoding"]) for part in nested if "valueCoding" in part
    )
    said: set[tuple[str, object]] = {
        (url, (held.get("system"), held.get("code"))) for url, held in codings
    }
    said |= {
        (str(part.get("url")), part["valueString"]) for part in nested if "valueString" in part
    }
    # A value where none may stand, as some systems once wrote it, is still what somebody said.
    return frozenset(
        said | {(key, repr(value)) for key, value in extension.items() if key.startswith("value")}
    )


def _extensions(patient: Json) -> list[Json]:
    found: list[Json] = patient.get("extension", [])
    return found


def _one_or_all(found: list[Json]) -> Json | list[Json] | None:
    return found if len(found) > 1 else next(iter(found), None)


def _set_category(
    merged: Json, element: str, said: CategoryAnswer | AbsentReason, version: UsCoreVersion
) -> str:
    before: Json = next(iter(find_extensions(merged, URLS[element])), {})
    identity = str(before.get("id") or element)
    wanted = category_extension(element, said, version, identity)
    # An extension that says the same already keeps what a vendor added to it, such as displays of its own.
    same = category_parts(before) == category_parts(wanted)
    _replace(merged, URLS[element], {**before, "id": identity} if same else wanted)
    return identity


def _set_interpreter(merged: Json, said: Interpreter, version: UsCoreVersion) -> str:
    ours = INTERPRETER_NEEDED if version.interpreter_is_coded else INTERPRETER_REQUIRED
    present = {str(each.get("url")) for each in find_extensions(merged, *INTERPRETER_URLS)}
    identity = str(next(iter(find_extensions(merged, ours)), {}).get("id") or "interpreter")
    # Where the chart has the other of the two as well, a reader of either must find the same.
    for url in sorted(present | {ours}):
        held = find_extensions(merged, url)
        needed = {"valueCoding": coding_json(YES if said.needed else NO)}
        value = {
            "url": url,
            **({"valueBoolean": said.needed} if url == INTERPRETER_REQUIRED else needed),
        }
        same = len(held) == 1 and _wanted(held[0]) is said.needed
        _replace(
            merged,
            url,
            {**(held[0] if same else value), **({"id": identity} if url == ours else {})},
        )
    return identity


def _leave_interpreter(
    merged: Json, said: AbsentReason, version: UsCoreVersion, policy: MergePolicy
) -> bool:
    """Leave what the chart has, unless the site has it erased; returns whether something stayed."""
    if find_extensions(merged, *INTERPRETER_URLS) and not policy.decline_erases:
        return True
    says = version.interpreter_is_coded and said is AbsentReason.ASKED_UNKNOWN
    gone = {INTERPRETER_REQUIRED} if says else set(INTERPRETER_URLS)
    merged["extension"] = [each for each in _extensions(merged) if each.get("url") not in gone]
    if says:
        _replace(
            merged,
            INTERPRETER_NEEDED,
            {"url": INTERPRETER_NEEDED, "valueCoding": coding_json(absent_reason_coding(said))},
        )
    if not merged["extension"]:
        del merged["extension"]
    return False


def _wanted(extension: Json) -> bool | None:
    code = extension.get("valueCoding", {}).get("code")
    return {YES.code: True, NO.code: False}.get(code, extension.get("valueBoolean"))


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
