"""The read-back: accepted is not verified until the server says again what the person said."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fhir_client.client import Client, matches
from fhir_client.errors import Gone
from fhir_client.responses import faults_in
from fhir_client.uscore.observations import observations
from fhir_client.uscore.parts import Json, local
from fhir_client.uscore.patient import apply, elements_of
from fhir_client.uscore.questionnaire import questionnaire_response
from fhir_client.uscore.reading import bare, bare_items, items_in, meanings, said_in
from fhir_client.uscore.statement import Statement
from fhir_client.writing.bundle import search_of
from fhir_client.writing.transaction import Writer, Written, find

VERSIONS_SEEN = 10
"""How far back a Patient's history is looked at: the version merged into is among the newest."""


@dataclass(frozen=True, slots=True)
class Difference:
    """An element that does not read back as it was sent; `expected` and `found` can quote answers."""

    element: str
    expected: Any
    found: Any


def read_back(
    client: Client, writer: Writer, statement: Statement, written: Written | None = None, *, over: str | None = None
) -> tuple[Difference, ...]:
    """Return where the server does not say what the person said; nothing means: verified. One batch, not a GET each.

    `over` is the version of the Patient that was merged into, by which a server is seen that took the write over somebody
    else's. A Provenance too many is removed. Raises the errors of fhir_client.errors where the server cannot be read now.
    """
    written = written or find(client, statement)
    if written is None or not written.response:
        return (Difference("QuestionnaireResponse", 1, 0),)
    said = replace(statement, patient=written.patient)
    expected = dict(observations(said, writer.version))
    parts = {"Patient": written.patient, "QuestionnaireResponse": written.response}
    parts |= {name: f"Observation?identifier={search_of(each['identifier'][0])}" for name, each in expected.items()}
    parts["Provenance"] = f"Provenance?target={written.response}"
    if over is not None:
        parts["history"] = f"{written.patient}/_history?_count={VERSIONS_SEEN}"
    found = _fetch(client, parts)
    chart = tuple(_patient_differences(found["Patient"], writer, said))
    return (
        *(chart or _overwritten(found.get("history", {}), writer, said, over)),
        *_response_differences(found["QuestionnaireResponse"], writer, said),
        *(each for name, sent in expected.items() for each in _observation_differences(found[name], name, sent)),
        *_count("Provenance", _without_surplus(client, found["Provenance"], written.response)),
    )


def _fetch(client: Client, parts: dict[str, str]) -> dict[str, Json]:
    entries = [{"request": {"method": "GET", "url": url}} for url in parts.values()]
    answer = client.bundle({"resourceType": "Bundle", "type": "batch", "entry": entries})
    answers: list[Json] = [*answer.get("entry", []), *({} for _ in parts)]
    return {name: _resource(name, entry) for name, entry in zip(parts, answers, strict=False)}


def _resource(name: str, entry: Json) -> Json:
    """Return the entry's resource, {} where there is none; raises where the server could not read it just now."""
    fault = next(faults_in({"entry": [entry]}), None)
    # Not every server keeps a history, or shows it.
    if fault is not None and name != "history" and not isinstance(fault, Gone):
        raise fault
    found: Json = entry.get("resource", {}) if fault is None else {}
    return found


def _patient_differences(patient: Json, writer: Writer, statement: Statement) -> Iterator[Difference]:
    if patient.get("resourceType") != "Patient":
        yield Difference("Patient", statement.patient, None)
        return
    # What was written is there exactly when writing it again would change nothing.
    again = apply(patient, statement, writer.version, writer.policy)
    now, then = meanings(elements_of(patient)), meanings(elements_of(again.patient))
    for name in now:
        if now[name] != then[name]:
            yield Difference(f"Patient {name}", sorted(map(repr, then[name])), sorted(map(repr, now[name])))


def _overwritten(history: Json, writer: Writer, statement: Statement, over: str | None) -> Iterator[Difference]:
    """Yield a difference where somebody else's version lies between the one merged into and the one written.

    Then the server ignored If-Match, and what they wrote was lost.
    """
    dated = (each for each in matches(history) if {"versionId", "lastUpdated"} <= each.get("meta", {}).keys())
    versions = {each["meta"]["versionId"]: each for each in dated}
    base = versions.get(over)
    if base is None or not apply(base, statement, writer.version, writer.policy).changed:
        return
    after = [each for each in versions.values() if _moment(each) > _moment(base)]
    following = min(after, key=_moment, default=None)
    if following is not None and apply(following, statement, writer.version, writer.policy).changed:
        yield Difference("somebody else's change, which the server let this overwrite", over, following["meta"]["versionId"])


def _moment(resource: Json) -> datetime:
    return datetime.fromisoformat(resource["meta"]["lastUpdated"])


def _response_differences(held: Json, writer: Writer, statement: Statement) -> Iterator[Difference]:
    sent = questionnaire_response(statement, writer.version)
    same = held.get("status") == sent["status"] and held.get("identifier", {}).get("value") == sent["identifier"]["value"]
    if not same or bare_items(items_in(held)) != bare_items(items_in(sent)):
        yield Difference("QuestionnaireResponse", sent, held)


def _observation_differences(page: Json, element: str, sent: Json) -> Iterator[Difference]:
    held = list(matches(page))
    yield from _count(element, held)
    if len(held) == 1 and not _says(held[0], sent):
        yield Difference(element, sent, held)


def _count(name: str, held: list[Json]) -> Iterator[Difference]:
    if len(held) != 1:
        yield Difference(f"{name}: {len(held)} of them", 1, held)


def _without_surplus(client: Client, page: Json, response: str) -> list[Json]:
    """Return our Provenance, after removing the equal ones that a request left which somebody on the way sent twice.

    Provenance has no identifier in R4, so no server can be asked to create it once only.
    """
    # Some servers write a Provenance of their own for everything that comes in.
    ours = [each for each in matches(page) if response in map(_drawn_from, each.get("entity", []))]
    first, *surplus = sorted(ours, key=lambda each: str(each["id"])) or [{}]
    if surplus:
        entries = [{"request": {"method": "DELETE", "url": f"Provenance/{each['id']}"}} for each in surplus]
        answer = client.bundle({"resourceType": "Bundle", "type": "batch", "entry": entries})
        return ours if next(faults_in(answer), None) else [first]
    return ours


def _drawn_from(entity: Json) -> str | None:
    return local(entity.get("what", {}).get("reference"), "QuestionnaireResponse")


def _says(held: Json, sent: Json) -> bool:
    same = held.get("status") == sent["status"] and bare(said_in(held)) == bare(said_in(sent))
    subjects = {local(each.get("subject", {}).get("reference"), "Patient") for each in (held, sent)}
    return same and _method(held) == _method(sent) and len(subjects) == 1


def _method(observation: Json) -> set[str]:
    return {str(each.get("code")) for each in observation.get("method", {}).get("coding", [])}
