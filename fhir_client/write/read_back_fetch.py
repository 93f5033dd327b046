"""Fetches the resources for a read-back, in as few requests as the server takes."""

from fhir_client.client import FhirClient, search_matches
from fhir_client.errors import GoneError, RefusedError, ServerError
from fhir_client.model import Json, WriteStrategyKind
from fhir_client.transport.responses import BARRED_STATUSES, entry_errors
from fhir_client.transport.tolerant_json import object_member
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
HISTORY = "history"
# How many versions of a Patient are read: the version merged into is among the newest.
VERSIONS_READ = 10
SearchTargets = dict[str, tuple[str, Json]]
"""The resource type and identifier of each resource to search for, by the name of its result."""


def resources_to_find(
    writer: Writer, statement: Statement, expected: dict[str, Json]
) -> SearchTargets:
    """Return the resources to search for; `expected` are the Observations by name."""
    parts, identifier = writer.strategy.parts, uuid_identifier(statement.submission)
    targets: SearchTargets = {
        name: (RESOURCE_TYPES[WrittenPart.OBSERVATIONS], observation["identifier"][0])
        for name, observation in expected.items()
    }
    # A resource that was created on its own can exist twice, and only a search shows that. After a
    # transaction the Observations show it.
    if WrittenPart.RESPONSE in parts and writer.strategy.kind is not WriteStrategyKind.TRANSACTION:
        targets[RESPONSE_TYPE] = (RESPONSE_TYPE, identifier)
    if WrittenPart.DOCUMENT in parts:
        targets[DOCUMENT_TYPE] = (DOCUMENT_TYPE, identifier)
    return targets


def urls_to_read(
    writer: Writer, result: WriteResult, targets: SearchTargets, base_version: str | None
) -> dict[str, str]:
    """Return the URLs to read in one request, by the names of their results."""
    strategy = writer.strategy
    history = f"{result.patient}/_history?_count={VERSIONS_READ}"
    part_urls = {
        WrittenPart.CHART: {
            "Patient": result.patient,
            HISTORY: history if base_version is not None else "",
        },
        WrittenPart.RESPONSE: {} if RESPONSE_TYPE in targets else {RESPONSE_TYPE: result.response},
        WrittenPart.PROVENANCE: {"Provenance": f"Provenance?target={result.response}"},
    }
    direct_urls = {
        name: url
        for part in WrittenPart
        if part in strategy.parts
        for name, url in part_urls.get(part, {}).items()
        if url
    }
    search_urls = {
        name: f"{resource_type}?identifier={identifier_search(identifier)}"
        for name, (resource_type, identifier) in targets.items()
        if resource_type not in strategy.by_patient
    }
    return direct_urls | search_urls


def select_resources(
    client: FhirClient,
    writer: Writer,
    patient: str,
    targets: SearchTargets,
    results: dict[str, Json],
) -> dict[str, list[Json]]:
    """Return our resources among the search results.

    Where the server does not search by identifier, they are picked out of all of the patient's.
    """
    by_patient = writer.strategy.by_patient & {
        resource_type for resource_type, _ in targets.values()
    }
    candidates = {
        resource_type: list(search_by_patient(client, resource_type, patient))
        for resource_type in by_patient
    }
    return {
        name: list(
            filter_by_identifier(
                candidates[resource_type]
                if resource_type in candidates
                else search_matches(results[name]),
                resource_type,
                identifier,
            )
        )
        for name, (resource_type, identifier) in targets.items()
    }


def fetch_resources(client: FhirClient, urls: dict[str, str], *, batch: bool) -> dict[str, Json]:
    """Return the resources at the URLs, {} for a missing one.

    They come in one batch where the server takes one.
    """
    resources = _fetch_batch(client, urls) if batch else None
    if resources is not None:
        return resources
    return {name: _fetch_one(client, name, url) for name, url in urls.items()}


def _fetch_batch(client: FhirClient, urls: dict[str, str]) -> dict[str, Json] | None:
    """Return the resources by one batch, None where the server takes none.

    Some servers declare a batch that they do not take.
    """
    entries = [{"request": {"method": "GET", "url": url}} for url in urls.values()]
    try:
        answer = client.send_bundle({"resourceType": "Bundle", "type": "batch", "entry": entries})
    except (GoneError, RefusedError):
        return None
    except ServerError as error:
        if error.status not in BARRED_STATUSES:
            raise
        return None
    # A server may answer with fewer entries than it was sent.
    answered = answer.get("entry")
    answers = [*(answered if isinstance(answered, list) else []), *({} for _ in urls)]
    return {name: _entry_resource(name, entry) for name, entry in zip(urls, answers, strict=False)}


def _fetch_one(client: FhirClient, name: str, url: str) -> Json:
    try:
        return client.read(url)
    except GoneError:
        return {}
    except (RefusedError, ServerError):
        # Not every server keeps a history, or shows it.
        if name == HISTORY:
            return {}
        raise


def _entry_resource(name: str, entry: object) -> Json:
    """Return the entry's resource, {} for a missing one.

    Raises the error of an entry that could not be read now.
    """
    error = next(entry_errors({"entry": [entry]}), None)
    if error is None:
        return object_member(entry, "resource") if isinstance(entry, dict) else {}
    # Not every server keeps a history, or shows it.
    if name == HISTORY or isinstance(error, GoneError):
        return {}
    raise error
