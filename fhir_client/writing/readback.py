"""The read-back: accepted is not verified until the server says again what the person said."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fhir_client.client import Client, matches
from fhir_client.errors import Refused, ServerFault
from fhir_client.uscore.observations import CORRECTED, FINAL
from fhir_client.uscore.parts import Json, local
from fhir_client.uscore.patient import elements_of
from fhir_client.uscore.questionnaire import questionnaire_response
from fhir_client.uscore.reading import bare, bare_items, items_in, meanings, said_in
from fhir_client.uscore.statement import Statement
from fhir_client.writing.charts import current_patient
from fhir_client.writing.document import contents, document
from fhir_client.writing.fetching import DOCUMENT, RESPONSE, fetch, searched, sought, urls
from fhir_client.writing.ladder import Part, Rung
from fhir_client.writing.singly import draws_from, observations_of, response_of
from fhir_client.writing.suiting import merged
from fhir_client.writing.transaction import find
from fhir_client.writing.typed import worksheet
from fhir_client.writing.values import Writer, Written


@dataclass(frozen=True, slots=True)
class Difference:
    """An element that does not read back as it was sent; `expected` and `found` can quote answers.

    `absent` tells that the server does not show it at all: who looks it up in an index may only not have come to it yet.
    """

    element: str
    expected: Any
    found: Any
    absent: bool = False


def read_back(
    client: Client,
    writer: Writer,
    statement: Statement,
    written: Written | None = None,
    *,
    over: str | None = None,
) -> tuple[Difference, ...]:
    """Return where the server does not say what the person said; nothing means: verified. One batch where it takes one.

    What is looked at is what the writer's rung leaves there. `over` is the version of the Patient that was merged into, by
    which a server is seen that took the write over somebody else's. A Provenance too many is removed. Raises the errors of
    fhir_client.errors where the server cannot be read now.
    """
    wanted = writer.strategy.parts
    # What a person typed overwrote nobody's change unseen.
    over = None if writer.strategy.rung is Rung.WORKLIST else over
    written = written or _found(client, writer, statement)
    if written is None or (Part.RESPONSE in wanted and not written.response):
        return (Difference("QuestionnaireResponse", 1, 0, absent=True),)
    said = replace(statement, patient=written.patient)
    expected = (
        dict(observations_of(said, writer, written.response)) if Part.OBSERVATIONS in wanted else {}
    )
    wished = sought(writer, said, expected)
    found = fetch(client, urls(writer, written, wished, over), batch=writer.strategy.batch)
    held = searched(client, writer, written.patient, wished, found)
    return (
        *(_chart_differences(found, writer, said, over) if Part.CHART in wanted else ()),
        *(
            _response_differences(held.get(RESPONSE, [found.get(RESPONSE, {})]), writer, said)
            if Part.RESPONSE in wanted
            else ()
        ),
        *(
            each
            for name, sent in expected.items()
            for each in _observation_differences(held[name], name, sent)
        ),
        *(
            _document_differences(client, held[DOCUMENT], writer, said)
            if Part.DOCUMENT in wanted
            else ()
        ),
        *_provenance_differences(client, wanted, found, written),
    )


def _found(client: Client, writer: Writer, statement: Statement) -> Written | None:
    """Return where the submission is: by its QuestionnaireResponse, or where none is written by its patient's chart."""
    if Part.RESPONSE in writer.strategy.parts:
        return find(client, writer, statement)
    return Written(f"Patient/{current_patient(client, statement.patient)['id']}", "")


def _chart_differences(
    found: dict[str, Json], writer: Writer, said: Statement, over: str | None
) -> tuple[Difference, ...]:
    chart = tuple(_patient_differences(found["Patient"], writer, said))
    return chart or tuple(_overwritten(found.get("history", {}), writer, said, over))


def _patient_differences(
    patient: Json, writer: Writer, statement: Statement
) -> Iterator[Difference]:
    if patient.get("resourceType") != "Patient":
        yield Difference("Patient", statement.patient, None)
        return
    if writer.strategy.rung is Rung.WORKLIST:
        for each in worksheet(patient, statement, writer).values:
            yield Difference(f"Patient {each.element}", each.words, None)
        return
    # What was written is there exactly when writing it again would change nothing.
    now, then = _meant(patient), _meant(merged(patient, statement, writer).patient)
    for name in now:
        if now[name] != then[name]:
            yield Difference(
                f"Patient {name}", sorted(map(repr, then[name])), sorted(map(repr, now[name]))
            )


def _overwritten(
    history: Json, writer: Writer, statement: Statement, over: str | None
) -> Iterator[Difference]:
    """Yield a difference where somebody else's version lies between the one merged into and the one written.

    Then the server ignored If-Match, and what they wrote was lost.
    """
    dated = (
        each
        for each in matches(history)
        if {"versionId", "lastUpdated"} <= each.get("meta", {}).keys()
    )
    versions = {each["meta"]["versionId"]: each for each in dated}
    base = versions.get(over)
    if base is None or not _missing(base, writer, statement):
        return
    after = [each for each in versions.values() if _moment(each) > _moment(base)]
    following = min(after, key=_moment, default=None)
    if following is not None and _missing(following, writer, statement):
        yield Difference(
            "somebody else's change, which the server let this overwrite",
            over,
            following["meta"]["versionId"],
        )


def _missing(patient: Json, writer: Writer, statement: Statement) -> bool:
    """Whether that version of the Patient says otherwise than the statement: marks that a server drops mean nothing."""
    return _meant(merged(patient, statement, writer).patient) != _meant(patient)


def _meant(patient: Json) -> Mapping[str, frozenset[object]]:
    return meanings(elements_of(patient))


def _moment(resource: Json) -> datetime:
    return datetime.fromisoformat(resource["meta"]["lastUpdated"])


def _response_differences(
    each: list[Json], writer: Writer, statement: Statement
) -> Iterator[Difference]:
    yield from _count(RESPONSE, each)
    if len(each) != 1:
        return
    sent, held = response_of(statement, writer), each[0]
    same = (
        held.get("status") == sent["status"]
        and held.get("identifier", {}).get("value") == sent["identifier"]["value"]
    )
    if not same or bare_items(items_in(held)) != bare_items(items_in(sent)):
        yield Difference(RESPONSE, sent, held)


def _observation_differences(held: list[Json], element: str, sent: Json) -> Iterator[Difference]:
    yield from _count(element, held)
    if len(held) == 1 and not _says(held[0], sent):
        yield Difference(element, sent, held)


def _count(name: str, held: list[Json]) -> Iterator[Difference]:
    if len(held) != 1:
        yield Difference(f"{name}: {len(held)} of them", 1, held, absent=not held)


def _document_differences(
    client: Client, held: list[Json], writer: Writer, statement: Statement
) -> Iterator[Difference]:
    yield from _count(DOCUMENT, held)
    if len(held) != 1:
        return
    sent = document(statement, questionnaire_response(statement, writer.version))
    subject = local(held[0].get("subject", {}).get("reference"), "Patient")
    same = held[0].get("status") == sent["status"] and subject == statement.patient
    if not same or contents(held[0], client.content) != contents(sent, client.content):
        yield Difference(DOCUMENT, sent, held)


def _provenance_differences(
    client: Client, wanted: frozenset[Part], found: dict[str, Json], written: Written
) -> Iterator[Difference]:
    if Part.PROVENANCE in wanted:
        yield from _count(
            "Provenance", _without_surplus(client, found["Provenance"], written.response)
        )


def _without_surplus(client: Client, page: Json, response: str) -> list[Json]:
    """Return our Provenance, after removing the equal ones that a request left which somebody on the way sent twice.

    Provenance has no identifier in R4, so no server can be asked to create it once only.
    """
    ours = sorted(
        (each for each in matches(page) if draws_from(each, response)),
        key=lambda each: str(each["id"]),
    )
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
