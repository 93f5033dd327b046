"""What read-back looks at: what is searched for and what is read, in as few requests as the server takes."""

from fhir_client.client import FhirClient, search_matches
from fhir_client.errors import GoneError, RefusedError, ServerError
from fhir_client.model import Json, WriteStrategyKind
from fhir_client.transport.responses import BARRED_STATUSES, entry_errors
from fhir_client.uscore.datatypes import uuid_identifier
from fhir_client.uscore.statement import Statement
from fhir_client.write.bundle import identifier_search
from fhir_client.write.lookup import filter_by_identifier, search_by_patient
from fhir_client.write.strategy import RESOURCE_TYPES, WrittenPart
from fhir_client.write.task import Writer, WriteResult

RESPONSE_TYPE, DOCUMENT_TYPE = (
    RESOURCE_TYPES[WrittenPart.RESPONSE],
    RESOURCE_TYPES[WrittenPart.DOCUMENT],
)
VERSIONS_SEEN = 10
"""How far back a Patient's history is looked at: the version merged into is among the newest."""
Sought = dict[str, tuple[str, Json]]
"""The kind and the identifier of what is searched for, by the names of the answers."""


def resources_to_find(writer: Writer, said: Statement, expected: dict[str, Json]) -> Sought:
    """Return the kind and the identifier of what is searched for, by the names of the answers."""
    parts, own = writer.strategy.parts, uuid_identifier(said.submission)
    found = {
        name: (RESOURCE_TYPES[WrittenPart.OBSERVATIONS], each["identifier"][0])
        for name, each in expected.items()
    }
    # What was created alone can stand there twice, as a search alone would show; a transaction is judged by its Observations.
    if WrittenPart.RESPONSE in parts and writer.strategy.kind is not WriteStrategyKind.TRANSACTION:
        found[RESPONSE_TYPE] = (RESPONSE_TYPE, own)
    if WrittenPart.DOCUMENT in parts:
        found[DOCUMENT_TYPE] = (DOCUMENT_TYPE, own)
    return found


def urls_to_read(
    writer: Writer, written: WriteResult, sought: Sought, over: str | None
) -> dict[str, str]:
    """Return what is read in one request where the server takes one, by the names of the answers."""
    strategy = writer.strategy
    history = f"{written.patient}/_history?_count={VERSIONS_SEEN}" if over is not None else ""
    of_part = {
        WrittenPart.CHART: {"Patient": written.patient, "history": history},
        WrittenPart.RESPONSE: {} if RESPONSE_TYPE in sought else {RESPONSE_TYPE: written.response},
        WrittenPart.PROVENANCE: {"Provenance": f"Provenance?target={written.response}"},
    }
    direct = {
        name: url
        for part in WrittenPart
        if part in strategy.parts
        for name, url in of_part.get(part, {}).items()
        if url
    }
    by_identifier = {
        name: each for name, each in sought.items() if each[0] not in strategy.by_patient
    }
    return direct | {
        name: f"{kind}?identifier={identifier_search(own)}"
        for name, (kind, own) in by_identifier.items()
    }


def select_resources(
    client: FhirClient, writer: Writer, patient: str, sought: Sought, found: dict[str, Json]
) -> dict[str, list[Json]]:
    """Return ours of what was searched for: where the server does not search by identifier, out of all of the patient's."""
    by_patient = writer.strategy.by_patient & {kind for kind, _ in sought.values()}
    pools = {kind: list(search_by_patient(client, kind, patient)) for kind in by_patient}
    return {
        name: list(
            filter_by_identifier(
                pools[kind] if kind in pools else search_matches(found[name]), kind, own
            )
        )
        for name, (kind, own) in sought.items()
    }


def fetch_resources(client: FhirClient, parts: dict[str, str], *, batch: bool) -> dict[str, Json]:
    """Return what stands at the addresses, {} where there is nothing; in one batch where the server takes one."""
    at_once = _at_once(client, parts) if batch else None
    return (
        {name: _read(client, name, url) for name, url in parts.items()}
        if at_once is None
        else at_once
    )


def _at_once(client: FhirClient, parts: dict[str, str]) -> dict[str, Json] | None:
    """Return the parts as read by one batch, None where the server takes none, whatever it says that it does."""
    entries = [{"request": {"method": "GET", "url": url}} for url in parts.values()]
    try:
        answer = client.send_bundle({"resourceType": "Bundle", "type": "batch", "entry": entries})
    except (GoneError, RefusedError):
        return None
    except ServerError as error:
        if error.status not in BARRED_STATUSES:
            raise
        return None
    answers: list[Json] = [*answer.get("entry", []), *({} for _ in parts)]
    return {name: _resource(name, entry) for name, entry in zip(parts, answers, strict=False)}


def _read(client: FhirClient, name: str, url: str) -> Json:
    try:
        return client.read(url)
    except GoneError:
        return {}
    except (RefusedError, ServerError):
        if name == "history":
            return {}
        raise


def _resource(name: str, entry: Json) -> Json:
    """Return the entry's resource, {} where there is none; raises where the server could not read it just now."""
    fault = next(entry_errors({"entry": [entry]}), None)
    # Not every server keeps a history, or shows it.
    if fault is not None and name != "history" and not isinstance(fault, GoneError):
        raise fault
    found: Json = entry.get("resource", {}) if fault is None else {}
    return found
