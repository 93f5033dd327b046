"""The read-back: accepted is not verified until the server says again what the person said."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fhir_client.client import Client, matches
from fhir_client.errors import Gone, Refused, ServerFault
from fhir_client.responses import faults_in
from fhir_client.uscore.observations import CORRECTED, FINAL
from fhir_client.uscore.parts import Json, identifier, local
from fhir_client.uscore.patient import elements_of
from fhir_client.uscore.questionnaire import questionnaire_response
from fhir_client.uscore.reading import bare, bare_items, items_in, meanings, said_in
from fhir_client.uscore.statement import Statement
from fhir_client.writing.bundle import search_of
from fhir_client.writing.charts import current_patient
from fhir_client.writing.document import contents, document
from fhir_client.writing.ladder import Part, Rung
from fhir_client.writing.singly import draws_from, observations_of, response_of
from fhir_client.writing.suiting import merged
from fhir_client.writing.transaction import find
from fhir_client.writing.typed import worksheet
from fhir_client.writing.values import Writer, Written

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
    """Return where the server does not say what the person said; nothing means: verified. One batch where it takes one.

    What is looked at is what the writer's rung leaves there. `over` is the version of the Patient that was merged into, by
    which a server is seen that took the write over somebody else's. A Provenance too many is removed. Raises the errors of
    fhir_client.errors where the server cannot be read now.
    """
    wanted = writer.strategy.parts
    # What a person typed overwrote nobody's change unseen.
    over = None if writer.strategy.rung is Rung.WORKLIST else over
    written = written or _found(client, statement, wanted)
    if written is None or (Part.RESPONSE in wanted and not written.response):
        return (Difference("QuestionnaireResponse", 1, 0),)
    said = replace(statement, patient=written.patient)
    expected = dict(observations_of(said, writer, written.response)) if Part.OBSERVATIONS in wanted else {}
    found = _fetch(client, _urls(writer, said, written, expected, over), batch=writer.strategy.batch)
    return (
        *(_chart_differences(found, writer, said, over) if Part.CHART in wanted else ()),
        *(_response_differences(found["QuestionnaireResponse"], writer, said) if Part.RESPONSE in wanted else ()),
        *(each for name, sent in expected.items() for each in _observation_differences(found[name], name, sent)),
        *(_document_differences(found["DocumentReference"], writer, said) if Part.DOCUMENT in wanted else ()),
        *_provenance_differences(client, wanted, found, written),
    )


def _found(client: Client, statement: Statement, wanted: frozenset[Part]) -> Written | None:
    """Return where the submission is: by its QuestionnaireResponse, or where none is written by its patient's chart."""
    if Part.RESPONSE in wanted:
        return find(client, statement)
    return Written(f"Patient/{current_patient(client, statement.patient)['id']}", "")


def _urls(writer: Writer, said: Statement, written: Written, expected: dict[str, Json], over: str | None) -> dict[str, str]:
    """Return what has to be read, by the names of the answers."""
    wanted, own = writer.strategy.parts, search_of(identifier(said.submission))
    history = f"{written.patient}/_history?_count={VERSIONS_SEEN}" if over is not None else ""
    # What was created alone can stand there twice, as a search alone would show; a transaction is judged by its Observations.
    alone = writer.strategy.rung is not Rung.TRANSACTION
    of_part = {
        Part.CHART: {"Patient": written.patient, "history": history},
        Part.RESPONSE: {"QuestionnaireResponse": f"QuestionnaireResponse?identifier={own}" if alone else written.response},
        Part.OBSERVATIONS: {
            name: f"Observation?identifier={search_of(each['identifier'][0])}" for name, each in expected.items()
        },
        Part.DOCUMENT: {"DocumentReference": f"DocumentReference?identifier={own}"},
        Part.PROVENANCE: {"Provenance": f"Provenance?target={written.response}"},
    }
    return {name: url for part in Part if part in wanted for name, url in of_part[part].items() if url}


def _fetch(client: Client, parts: dict[str, str], *, batch: bool) -> dict[str, Json]:
    if not batch:
        return {name: _read(client, name, url) for name, url in parts.items()}
    entries = [{"request": {"method": "GET", "url": url}} for url in parts.values()]
    answer = client.bundle({"resourceType": "Bundle", "type": "batch", "entry": entries})
    answers: list[Json] = [*answer.get("entry", []), *({} for _ in parts)]
    return {name: _resource(name, entry) for name, entry in zip(parts, answers, strict=False)}


def _read(client: Client, name: str, url: str) -> Json:
    try:
        return client.read(url)
    except Gone:
        return {}
    except (Refused, ServerFault):
        if name == "history":
            return {}
        raise


def _resource(name: str, entry: Json) -> Json:
    """Return the entry's resource, {} where there is none; raises where the server could not read it just now."""
    fault = next(faults_in({"entry": [entry]}), None)
    # Not every server keeps a history, or shows it.
    if fault is not None and name != "history" and not isinstance(fault, Gone):
        raise fault
    found: Json = entry.get("resource", {}) if fault is None else {}
    return found


def _chart_differences(found: dict[str, Json], writer: Writer, said: Statement, over: str | None) -> tuple[Difference, ...]:
    chart = tuple(_patient_differences(found["Patient"], writer, said))
    return chart or tuple(_overwritten(found.get("history", {}), writer, said, over))


def _patient_differences(patient: Json, writer: Writer, statement: Statement) -> Iterator[Difference]:
    if patient.get("resourceType") != "Patient":
        yield Difference("Patient", statement.patient, None)
        return
    if writer.strategy.rung is Rung.WORKLIST:
        for each in worksheet(patient, statement, writer).values:
            yield Difference(f"Patient {each.element}", each.words, None)
        return
    # What was written is there exactly when writing it again would change nothing.
    again = merged(patient, statement, writer)
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
    if base is None or not merged(base, statement, writer).changed:
        return
    after = [each for each in versions.values() if _moment(each) > _moment(base)]
    following = min(after, key=_moment, default=None)
    if following is not None and merged(following, statement, writer).changed:
        yield Difference("somebody else's change, which the server let this overwrite", over, following["meta"]["versionId"])


def _moment(resource: Json) -> datetime:
    return datetime.fromisoformat(resource["meta"]["lastUpdated"])


def _response_differences(found: Json, writer: Writer, statement: Statement) -> Iterator[Difference]:
    each = list(matches(found)) if found.get("resourceType") == "Bundle" else [found]
    yield from _count("QuestionnaireResponse", each)
    if len(each) != 1:
        return
    sent, held = response_of(statement, writer), each[0]
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


def _document_differences(page: Json, writer: Writer, statement: Statement) -> Iterator[Difference]:
    held = list(matches(page))
    yield from _count("DocumentReference", held)
    if len(held) != 1:
        return
    sent = document(statement, questionnaire_response(statement, writer.version))
    subject = local(held[0].get("subject", {}).get("reference"), "Patient")
    same = held[0].get("status") == sent["status"] and subject == statement.patient
    if not same or contents(held[0]) != contents(sent):
        yield Difference("DocumentReference", sent, held)


def _provenance_differences(
    client: Client, wanted: frozenset[Part], found: dict[str, Json], written: Written
) -> Iterator[Difference]:
    if Part.PROVENANCE in wanted:
        yield from _count("Provenance", _without_surplus(client, found["Provenance"], written.response))


def _without_surplus(client: Client, page: Json, response: str) -> list[Json]:
    """Return our Provenance, after removing the equal ones that a request left which somebody on the way sent twice.

    Provenance has no identifier in R4, so no server can be asked to create it once only.
    """
    ours = sorted((each for each in matches(page) if draws_from(each, response)), key=lambda each: str(each["id"]))
    for surplus in ours[1:]:
        try:
            client.delete(f"Provenance/{surplus['id']}")
        except (Refused, ServerFault):
            return ours
    return ours[:1]


def _says(held: Json, sent: Json) -> bool:
    # Whether it corrects an earlier one was known when it was written; what it says is the same.
    standing = held.get("status") in (FINAL, CORRECTED)
    same = standing and bare(said_in(held)) == bare(said_in(sent))
    subjects = {local(each.get("subject", {}).get("reference"), "Patient") for each in (held, sent)}
    return same and _method(held) == _method(sent) and len(subjects) == 1


def _method(observation: Json) -> set[str]:
    return {str(each.get("code")) for each in observation.get("method", {}).get("coding", [])}
