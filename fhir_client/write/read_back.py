"""Reads a write back: it is verified when the server returns what was sent."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from fhir_client.client import FhirClient, search_matches
from fhir_client.model import Json, WriteStrategyKind
from fhir_client.references import local_reference
from fhir_client.uscore.chart import patient_meanings
from fhir_client.uscore.chart_shape import require_shape
from fhir_client.uscore.comparison import comparable_items, comparable_value
from fhir_client.uscore.observations import CORRECTED, FINAL, parse_observation
from fhir_client.uscore.parsing import parse_items
from fhir_client.uscore.questionnaire_response import build_questionnaire_response
from fhir_client.uscore.shapes import is_well_formed
from fhir_client.uscore.statement import Statement
from fhir_client.write.bundle import ENTERED_IN_ERROR
from fhir_client.write.chart_merge import merge_for_server
from fhir_client.write.charts import read_current_patient
from fhir_client.write.document import build_document, read_attachments
from fhir_client.write.earlier_observations import find_earlier_observations
from fhir_client.write.lost_update import UNKNOWN_VERSION, find_lost_version
from fhir_client.write.read_back_fetch import (
    DOCUMENT_TYPE,
    HISTORY,
    RESPONSE_TYPE,
    fetch_resources,
    resources_to_find,
    select_resources,
    urls_to_read,
)
from fhir_client.write.stepwise import is_derived_from, observations_for_server, response_for_server
from fhir_client.write.strategy import RESOURCE_TYPES, WrittenPart
from fhir_client.write.task import Writer, WriteResult
from fhir_client.write.transaction import find_written
from fhir_client.write.worksheet import build_worksheet

PROVENANCE_TYPE = RESOURCE_TYPES[WrittenPart.PROVENANCE]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An element that does not read back as it was sent.

    `expected` and `found` may quote answers.

    `absent` tells that the server does not show it at all. Its search index may only be late.
    """

    element: str
    expected: Any
    found: Any
    absent: bool = False


def read_back(
    client: FhirClient,
    writer: Writer,
    statement: Statement,
    result: WriteResult | None = None,
    *,
    base_version: str | None = None,
) -> tuple[Mismatch, ...]:
    """Return the mismatches between the server and the statement; none means verified.

    It looks at the parts that the write strategy leaves on the server, and changes nothing there.
    `base_version` is the version of the Patient that was merged into. It shows whether the server
    let the write replace another change. Raises the errors of fhir_client.errors.
    """
    parts, kind = writer.strategy.parts, writer.strategy.kind
    # A person who types into a chart sees its current values.
    merged_version = None if kind is WriteStrategyKind.WORKLIST else base_version
    result = result or _find_submission(client, writer, statement)
    if result is None or (WrittenPart.RESPONSE in parts and not result.response):
        return (Mismatch(RESPONSE_TYPE, 1, 0, absent=True),)
    statement = replace(statement, patient=result.patient)
    expected: dict[str, Json] = (
        dict(observations_for_server(statement, writer, result.response))
        if WrittenPart.OBSERVATIONS in parts
        else {}
    )
    targets = resources_to_find(writer, statement, expected)
    urls = urls_to_read(writer, result, targets, merged_version)
    fetched = fetch_resources(client, urls, batch=writer.strategy.batch)
    selected = select_resources(client, writer, result.patient, targets, fetched)
    mismatches: list[Mismatch] = []
    if WrittenPart.CHART in parts:
        mismatches += _compare_chart(
            fetched, writer, statement, merged_version, result.written_version
        )
    if WrittenPart.RESPONSE in parts:
        responses = selected.get(RESPONSE_TYPE, [fetched.get(RESPONSE_TYPE, {})])
        mismatches += _compare_responses(responses, writer, statement)
    for name, observation in expected.items():
        mismatches += _compare_observations(selected[name], name, observation)
    mismatches += _find_standing_answers(client, writer, statement)
    if WrittenPart.DOCUMENT in parts:
        mismatches += _compare_documents(client, selected[DOCUMENT_TYPE], writer, statement)
    if WrittenPart.PROVENANCE in parts:
        own = _own_provenances(fetched[PROVENANCE_TYPE], result.response)
        mismatches += _compare_count(PROVENANCE_TYPE, own)
    return tuple(mismatches)


def _find_submission(
    client: FhirClient, writer: Writer, statement: Statement
) -> WriteResult | None:
    """Return the submission on the server.

    It is found by its QuestionnaireResponse, or by its patient's chart.
    """
    if WrittenPart.RESPONSE in writer.strategy.parts:
        return find_written(client, writer, statement)
    patient = read_current_patient(client, statement.patient)
    return WriteResult(f"Patient/{patient['id']}", "")


def _compare_chart(
    fetched: dict[str, Json],
    writer: Writer,
    statement: Statement,
    base_version: str | None,
    written_version: str | None,
) -> tuple[Mismatch, ...]:
    patient, history = fetched["Patient"], fetched.get(HISTORY, {})
    mismatches = tuple(_compare_patient(patient, writer, statement))
    # The history matters only for a chart that has the answers.
    if mismatches or base_version is None:
        return mismatches
    lost = find_lost_version(patient, history, writer, statement, base_version, written_version)
    if lost is None:
        return ()
    words = "another user's change, which the server let this write replace"
    # A history can be late, like a search.
    return (Mismatch(words, base_version, lost, absent=lost == UNKNOWN_VERSION),)


def _compare_patient(patient: Json, writer: Writer, statement: Statement) -> Iterator[Mismatch]:
    if patient.get("resourceType") != "Patient":
        yield Mismatch("Patient", statement.patient, None)
        return
    if writer.strategy.kind is WriteStrategyKind.WORKLIST:
        for entry in build_worksheet(patient, statement, writer).values:
            yield Mismatch(f"Patient {entry.element}", entry.words, None)
        return
    require_shape(patient)
    # The chart has the answers exactly when writing them again would change nothing.
    current = patient_meanings(patient)
    expected = patient_meanings(merge_for_server(patient, statement, writer).patient)
    for element in current:
        if current[element] != expected[element]:
            yield Mismatch(
                f"Patient {element}",
                sorted(map(repr, expected[element])),
                sorted(map(repr, current[element])),
            )


def _compare_responses(
    responses: list[Json], writer: Writer, statement: Statement
) -> Iterator[Mismatch]:
    yield from _compare_count(RESPONSE_TYPE, responses)
    if len(responses) != 1:
        return
    expected, response = response_for_server(statement, writer), responses[0]
    has_same_header = (
        is_well_formed(response)
        and response.get("status") == expected["status"]
        and response.get("identifier", {}).get("value") == expected["identifier"]["value"]
    )
    if not has_same_header or _response_items(response) != _response_items(expected):
        yield Mismatch(RESPONSE_TYPE, expected, response)


def _response_items(response: Json) -> object:
    return comparable_items(parse_items(response))


def _compare_observations(
    observations: list[Json], element: str, expected: Json
) -> Iterator[Mismatch]:
    yield from _compare_count(element, observations)
    if len(observations) == 1 and not _is_same_observation(observations[0], expected):
        yield Mismatch(element, expected, observations)


def _find_standing_answers(
    client: FhirClient, writer: Writer, statement: Statement
) -> Iterator[Mismatch]:
    """Yield a mismatch for each earlier answer at this visit that was to be taken back."""
    for observation in find_earlier_observations(client, writer, statement).all:
        reference = f"Observation/{observation.get('id')}"
        yield Mismatch(f"{reference} of an earlier answer", ENTERED_IN_ERROR, observation)


def _compare_count(name: str, resources: list[Json]) -> Iterator[Mismatch]:
    if len(resources) != 1:
        yield Mismatch(f"{name}: {len(resources)} of them", 1, resources, absent=not resources)


def _compare_documents(
    client: FhirClient, documents: list[Json], writer: Writer, statement: Statement
) -> Iterator[Mismatch]:
    yield from _compare_count(DOCUMENT_TYPE, documents)
    if len(documents) != 1:
        return
    document = documents[0]
    expected = build_document(statement, build_questionnaire_response(statement, writer.version))
    subject = local_reference(document.get("subject", {}).get("reference"), "Patient")
    has_same_header = document.get("status") == expected["status"] and subject == statement.patient
    fetch = client.read_content
    if not has_same_header or read_attachments(document, fetch) != read_attachments(
        expected, fetch
    ):
        yield Mismatch(DOCUMENT_TYPE, expected, document)


def _own_provenances(page: Json, response: str) -> list[Json]:
    """Return our Provenances for a QuestionnaireResponse."""
    return [
        provenance for provenance in search_matches(page) if is_derived_from(provenance, response)
    ]


def _is_same_observation(observation: Json, expected: Json) -> bool:
    if not is_well_formed(observation):
        return False
    # A correction has another status than a first answer, and says the same.
    is_valid = observation.get("status") in (FINAL, CORRECTED)
    subjects = {
        local_reference(resource.get("subject", {}).get("reference"), "Patient")
        for resource in (observation, expected)
    }
    return (
        is_valid
        and len(subjects) == 1
        and _observation_meaning(observation) == _observation_meaning(expected)
    )


def _observation_meaning(observation: Json) -> tuple[object, set[str]]:
    methods = observation.get("method", {}).get("coding", [])
    value = comparable_value(parse_observation(observation))
    return value, {str(coding.get("code")) for coding in methods}
