"""The read-back: accepted is not verified until the server says again what the person said."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fhir_client.client import FhirClient, search_matches
from fhir_client.errors import RefusedError, ServerError
from fhir_client.model import Element, Json, WriteStrategyKind
from fhir_client.references import local_reference
from fhir_client.uscore.chart import chart_elements, element_meanings
from fhir_client.uscore.comparison import comparable_items, comparable_value
from fhir_client.uscore.observations import CORRECTED, FINAL, parse_observation
from fhir_client.uscore.parsing import parse_items
from fhir_client.uscore.questionnaire_response import build_questionnaire_response
from fhir_client.uscore.statement import Statement
from fhir_client.write.chart_merge import merge_for_server
from fhir_client.write.charts import read_current_patient
from fhir_client.write.document import build_document, read_attachments
from fhir_client.write.read_back_fetch import (
    DOCUMENT_TYPE,
    RESPONSE_TYPE,
    fetch_resources,
    resources_to_find,
    select_resources,
    urls_to_read,
)
from fhir_client.write.stepwise import is_derived_from, observations_for_server, response_for_server
from fhir_client.write.strategy import WrittenPart
from fhir_client.write.task import Writer, WriteResult
from fhir_client.write.transaction import find_written
from fhir_client.write.worksheet import build_worksheet


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An element that does not read back as it was sent; `expected` and `found` can quote answers.

    `absent` tells that the server does not show it at all: who looks it up in an index may only not have come to it yet.
    """

    element: str
    expected: Any
    found: Any
    absent: bool = False


def read_back(
    client: FhirClient,
    writer: Writer,
    statement: Statement,
    written: WriteResult | None = None,
    *,
    over: str | None = None,
) -> tuple[Mismatch, ...]:
    """Return where the server does not say what the person said; nothing means: verified. One batch where it takes one.

    What is looked at is what the writer's rung leaves there. `over` is the version of the Patient that was merged into, by
    which a server is seen that took the write over somebody else's. A Provenance too many is removed. Raises the errors of
    fhir_client.errors where the server cannot be read now.
    """
    wanted = writer.strategy.parts
    # What a person typed overwrote nobody's change unseen.
    over = None if writer.strategy.kind is WriteStrategyKind.WORKLIST else over
    written = written or _found(client, writer, statement)
    if written is None or (WrittenPart.RESPONSE in wanted and not written.response):
        return (Mismatch("QuestionnaireResponse", 1, 0, absent=True),)
    said = replace(statement, patient=written.patient)
    expected = (
        dict(observations_for_server(said, writer, written.response))
        if WrittenPart.OBSERVATIONS in wanted
        else {}
    )
    wished = resources_to_find(writer, said, expected)
    found = fetch_resources(
        client, urls_to_read(writer, written, wished, over), batch=writer.strategy.batch
    )
    held = select_resources(client, writer, written.patient, wished, found)
    return (
        *(_chart_differences(found, writer, said, over) if WrittenPart.CHART in wanted else ()),
        *(
            _response_differences(
                held.get(RESPONSE_TYPE, [found.get(RESPONSE_TYPE, {})]), writer, said
            )
            if WrittenPart.RESPONSE in wanted
            else ()
        ),
        *(
            each
            for name, sent in expected.items()
            for each in _observation_differences(held[name], name, sent)
        ),
        *(
            _document_differences(client, held[DOCUMENT_TYPE], writer, said)
            if WrittenPart.DOCUMENT in wanted
            else ()
        ),
        *_provenance_differences(client, wanted, found, written),
    )


def _found(client: FhirClient, writer: Writer, statement: Statement) -> WriteResult | None:
    """Return where the submission is: by its QuestionnaireResponse, or where none is written by its patient's chart."""
    if WrittenPart.RESPONSE in writer.strategy.parts:
        return find_written(client, writer, statement)
    return WriteResult(f"Patient/{read_current_patient(client, statement.patient)['id']}", "")


def _chart_differences(
    found: dict[str, Json], writer: Writer, said: Statement, over: str | None
) -> tuple[Mismatch, ...]:
    chart = tuple(_patient_differences(found["Patient"], writer, said))
    return chart or tuple(_overwritten(found.get("history", {}), writer, said, over))


def _patient_differences(patient: Json, writer: Writer, statement: Statement) -> Iterator[Mismatch]:
    if patient.get("resourceType") != "Patient":
        yield Mismatch("Patient", statement.patient, None)
        return
    if writer.strategy.kind is WriteStrategyKind.WORKLIST:
        for each in build_worksheet(patient, statement, writer).values:
            yield Mismatch(f"Patient {each.element}", each.words, None)
        return
    # What was written is there exactly when writing it again would change nothing.
    now, then = _meant(patient), _meant(merge_for_server(patient, statement, writer).patient)
    for name in now:
        if now[name] != then[name]:
            yield Mismatch(
                f"Patient {name}", sorted(map(repr, then[name])), sorted(map(repr, now[name]))
            )


def _overwritten(
    history: Json, writer: Writer, statement: Statement, over: str | None
) -> Iterator[Mismatch]:
    """Yield a difference where somebody else's version lies between the one merged into and the one written.

    Then the server ignored If-Match, and what they wrote was lost.
    """
    dated = (
        each
        for each in search_matches(history)
        if {"versionId", "lastUpdated"} <= each.get("meta", {}).keys()
    )
    versions = {each["meta"]["versionId"]: each for each in dated}
    base = versions.get(over)
    if base is None or not _missing(base, writer, statement):
        return
    after = [each for each in versions.values() if _moment(each) > _moment(base)]
    following = min(after, key=_moment, default=None)
    if following is not None and _missing(following, writer, statement):
        yield Mismatch(
            "somebody else's change, which the server let this overwrite",
            over,
            following["meta"]["versionId"],
        )


def _missing(patient: Json, writer: Writer, statement: Statement) -> bool:
    """Whether that version of the Patient says otherwise than the statement: marks that a server drops mean nothing."""
    return _meant(merge_for_server(patient, statement, writer).patient) != _meant(patient)


def _meant(patient: Json) -> Mapping[Element, frozenset[object]]:
    return element_meanings(chart_elements(patient))


def _moment(resource: Json) -> datetime:
    return datetime.fromisoformat(resource["meta"]["lastUpdated"])


def _response_differences(
    each: list[Json], writer: Writer, statement: Statement
) -> Iterator[Mismatch]:
    yield from _count(RESPONSE_TYPE, each)
    if len(each) != 1:
        return
    sent, held = response_for_server(statement, writer), each[0]
    same = (
        held.get("status") == sent["status"]
        and held.get("identifier", {}).get("value") == sent["identifier"]["value"]
    )
    if not same or comparable_items(parse_items(held)) != comparable_items(parse_items(sent)):
        yield Mismatch(RESPONSE_TYPE, sent, held)


def _observation_differences(held: list[Json], element: str, sent: Json) -> Iterator[Mismatch]:
    yield from _count(element, held)
    if len(held) == 1 and not _says(held[0], sent):
        yield Mismatch(element, sent, held)


def _count(name: str, held: list[Json]) -> Iterator[Mismatch]:
    if len(held) != 1:
        yield Mismatch(f"{name}: {len(held)} of them", 1, held, absent=not held)


def _document_differences(
    client: FhirClient, held: list[Json], writer: Writer, statement: Statement
) -> Iterator[Mismatch]:
    yield from _count(DOCUMENT_TYPE, held)
    if len(held) != 1:
        return
    sent = build_document(statement, build_questionnaire_response(statement, writer.version))
    subject = local_reference(held[0].get("subject", {}).get("reference"), "Patient")
    same = held[0].get("status") == sent["status"] and subject == statement.patient
    if not same or read_attachments(held[0], client.read_content) != read_attachments(
        sent, client.read_content
    ):
        yield Mismatch(DOCUMENT_TYPE, sent, held)


def _provenance_differences(
    client: FhirClient, wanted: frozenset[WrittenPart], found: dict[str, Json], written: WriteResult
) -> Iterator[Mismatch]:
    if WrittenPart.PROVENANCE in wanted:
        yield from _count(
            "Provenance", _without_surplus(client, found["Provenance"], written.response)
        )


def _without_surplus(client: FhirClient, page: Json, response: str) -> list[Json]:
    """Return our Provenance, after removing the equal ones that a request left which somebody on the way sent twice.

    Provenance has no identifier in R4, so no server can be asked to create it once only.
    """
    ours = sorted(
        (each for each in search_matches(page) if is_derived_from(each, response)),
        key=lambda each: str(each["id"]),
    )
    for surplus in ours[1:]:
        try:
            client.delete(f"Provenance/{surplus['id']}")
        except (RefusedError, ServerError):
            return ours
    return ours[:1]


def _says(held: Json, sent: Json) -> bool:
    # Whether it corrects an earlier one was known when it was written; what it says is the same.
    standing = held.get("status") in (FINAL, CORRECTED)
    same = standing and comparable_value(parse_observation(held)) == comparable_value(
        parse_observation(sent)
    )
    subjects = {
        local_reference(each.get("subject", {}).get("reference"), "Patient")
        for each in (held, sent)
    }
    return same and _method(held) == _method(sent) and len(subjects) == 1


def _method(observation: Json) -> set[str]:
    return {str(each.get("code")) for each in observation.get("method", {}).get("coding", [])}
