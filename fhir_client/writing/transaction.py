"""The first rung of the ladder: one transaction with If-Match; sent once, looked up before it is ever sent again."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fhir_client.client import Client
from fhir_client.errors import ChartChanged, Conflict, Gone, PatientProblem
from fhir_client.uscore.observations import observations
from fhir_client.uscore.parts import Json, identifier
from fhir_client.uscore.patient import MergePolicy, apply, elements_of
from fhir_client.uscore.statement import Statement
from fhir_client.uscore.versions import UsCoreVersion
from fhir_client.writing.bundle import build, search_of
from fhir_client.writing.check import check

REPLACEMENTS, TRIES = 5, 3


@dataclass(frozen=True, slots=True)
class Writer:
    """How a site writes: US Core version and merge policy."""

    version: UsCoreVersion
    policy: MergePolicy = field(default_factory=MergePolicy)


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: the Patient that it went to in the end, and the chart's values before (None: written earlier)."""

    patient: str
    earlier: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Difference:
    """An element that does not read back as it was sent; `expected` and `found` can quote answers."""

    element: str
    expected: Any
    found: Any


def write(
    client: Client, writer: Writer, statement: Statement, *, base: Mapping[str, Any] | None = None, first: bool = True
) -> Written:
    """Write the statement, once however often this is called; `first` is False where it may have been sent before.

    `base` is what the chart said when the visit began. Raises the errors of fhir_client.errors and InvalidBundle.
    """
    if not first and find(client, statement):
        return Written(f"Patient/{current_patient(client, statement.patient)['id']}", None)
    for _ in range(TRIES):
        patient = current_patient(client, statement.patient)
        now = replace(statement, patient=f"Patient/{patient['id']}")
        _refuse_if_changed(patient, now, writer, base)
        built = build(now, writer.version, patient, writer.policy)
        check(built.bundle)
        try:
            client.bundle(built.bundle)
        except Conflict:
            # The conflict may be with our own earlier try, which the server took and we never heard of.
            if find(client, statement):
                return Written(now.patient, None)
            continue
        return Written(now.patient, built.merge.earlier if built.merge else None)
    raise Conflict("The chart was changed three times while this was being written.")


def find(client: Client, statement: Statement) -> bool:
    """Return whether the submission is on the server already: its QuestionnaireResponse carries its identifier."""
    wanted = {"identifier": search_of(identifier(statement.submission))}
    return any(True for _ in client.search("QuestionnaireResponse", wanted))


def current_patient(client: Client, reference: str) -> Json:
    """Return the Patient, following `replaced-by` where charts were merged; raises PatientProblem."""
    seen: list[str] = []
    while reference not in seen and len(seen) <= REPLACEMENTS:
        seen.append(reference)
        try:
            patient = client.read(reference)
        except Gone as error:
            raise PatientProblem("The server has no such patient (any more).", error.status) from None
        links = [each["other"]["reference"] for each in patient.get("link", []) if each.get("type") == "replaced-by"]
        if not links:
            if patient.get("active") is False:
                raise PatientProblem("The patient's chart is inactive, and no other chart replaces it.")
            return patient
        reference = "/".join(links[0].rsplit("/", 2)[-2:])
    raise PatientProblem("The patient's charts replace each other in a loop.")


def read_back(client: Client, writer: Writer, statement: Statement) -> tuple[Difference, ...]:
    """Return where the server does not say what the person said; nothing means: verified. One batch, not a GET each."""
    expected = dict(observations(statement, writer.version))
    wanted = {element: search_of(each["identifier"][0]) for element, each in expected.items()}
    urls = [statement.patient, *(f"Observation?identifier={value}" for value in wanted.values())]
    entries = [{"request": {"method": "GET", "url": url}} for url in urls]
    answer = client.bundle({"resourceType": "Bundle", "type": "batch", "entry": entries})
    found = [entry.get("resource", {}) for entry in answer.get("entry", [])]
    if len(found) != len(urls):
        return (Difference("batch", len(urls), len(found)),)
    differences = list(_patient_differences(found[0], writer, statement))
    for (element, sent), page in zip(expected.items(), found[1:], strict=True):
        held = [entry["resource"] for entry in page.get("entry", [])]
        if len(held) != 1 or not _says(held[0], sent):
            differences.append(Difference(element, sent, held))
    return tuple(differences)


def _refuse_if_changed(patient: Json, statement: Statement, writer: Writer, base: Mapping[str, Any] | None) -> None:
    if base is None:
        return
    merge = apply(patient, statement, writer.version, writer.policy)
    now, then = elements_of(patient), elements_of(merge.patient)
    changed = tuple(name for name, value in now.items() if name in base and value != base[name] and value != then[name])
    if changed:
        raise ChartChanged(changed)


def _patient_differences(patient: Json, writer: Writer, statement: Statement) -> list[Difference]:
    # What was written is there exactly when writing it again would change nothing.
    again = apply(patient, statement, writer.version, writer.policy)
    if not again.changed:
        return []
    now, then = elements_of(patient), elements_of(again.patient)
    return [Difference(f"Patient {name}", then[name], now[name]) for name in now if now[name] != then[name]]


_COMPARED = ("status", "code", "component", "valueCodeableConcept", "dataAbsentReason", "method", "subject")


def _says(held: Json, sent: Json) -> bool:
    return all(_covers(held.get(key), sent[key]) for key in _COMPARED if key in sent) and not (
        "dataAbsentReason" in held and "dataAbsentReason" not in sent
    )


def _covers(held: Any, sent: Any) -> bool:
    """Return whether `held` has everything of `sent`; a server may add, but neither drop nor change."""
    if isinstance(sent, dict):
        return isinstance(held, dict) and all(_covers(held.get(key), value) for key, value in sent.items())
    if isinstance(sent, list):
        return isinstance(held, list) and len(held) == len(sent) and all(map(_covers, held, sent))
    return bool(held == sent)
