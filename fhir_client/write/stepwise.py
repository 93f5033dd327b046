"""Writes without a transaction: looks each part up before creating it.

So a retry continues an interrupted attempt.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fhir_client.client import FhirClient
from fhir_client.errors import ManualEntryError, VersionConflictError
from fhir_client.model import Json
from fhir_client.references import local_reference
from fhir_client.transport.tolerant_json import list_objects, object_member
from fhir_client.uscore.chart import chart_elements
from fhir_client.uscore.datatypes import response_url
from fhir_client.uscore.observations import (
    EarlierObservations,
    build_observations,
    correct_observation,
)
from fhir_client.uscore.provenance import build_provenance
from fhir_client.uscore.questionnaire_response import build_questionnaire_response
from fhir_client.uscore.statement import Statement
from fhir_client.write.bundle import if_none_exist, resource_identifier
from fhir_client.write.chart_merge import (
    MERGE_ATTEMPTS,
    MergedChart,
    read_and_merge,
    repeated_conflict,
)
from fhir_client.write.charts import read_chart
from fhir_client.write.document import build_document
from fhir_client.write.earlier_documents import find_related_documents
from fhir_client.write.earlier_observations import (
    correct_elements,
    find_earlier_observations,
)
from fhir_client.write.ehr_questionnaire import map_to_ehr_items, unmapped_questions
from fhir_client.write.lookup import find_own
from fhir_client.write.resource_update import UpdateResource, put_resource
from fhir_client.write.strategy import WrittenPart
from fhir_client.write.task import (
    ResourceChange,
    WriteAttempt,
    Writer,
    WriteResult,
    WriteTask,
    mark_in_error,
)
from fhir_client.write.validation import validate_resources
from fhir_client.write.worksheet import build_worksheet


@dataclass(frozen=True, slots=True)
class StepwiseWriter:
    """Writes part by part, the Provenance last.

    The Provenance comes last because it names the others. `update_chart` changes the chart.
    """

    update_chart: UpdateResource

    def write(self, task: WriteTask) -> WriteResult:
        """Write the parts of the statement that are not on the server yet.

        Raises the errors of fhir_client.errors, InvalidBundleError and NoVersionError.
        """
        parts = task.writer.strategy.parts
        element_ids: dict[str, str] = {}
        base_version: str | None = None
        written_version: str | None = None
        # Looked up first, because the undo record needs them before anything is sent.
        earlier = find_earlier_observations(task.client, task.writer, task.statement)
        task = replace(task, statement=correct_elements(task.statement, earlier))
        if WrittenPart.CHART in parts:
            chart = self._write_chart(task, earlier)
            patient, element_ids, base_version, written_version = chart
        else:
            patient = _record_unchanged_chart(task, earlier)
        statement = replace(task.statement, patient=patient)
        result = _create_parts(task, statement, element_ids, earlier)
        return replace(result, base_version=base_version, written_version=written_version)

    def amend(
        self, client: FhirClient, writer: Writer, changes: tuple[ResourceChange, ...]
    ) -> None:
        """Change one after the other: the chart by the strategy, our own resources by PUT."""
        for change in changes:
            is_chart = change.before["resourceType"] == "Patient"
            update = self.update_chart if is_chart else put_resource
            update(client, writer, change)

    def _write_chart(
        self, task: WriteTask, earlier: EarlierObservations
    ) -> tuple[str, dict[str, str], str | None, str | None]:
        """Merge the statement into the chart.

        Returns the chart's reference, the ids of its elements, the version merged into and the
        version written.
        """
        for _ in range(MERGE_ATTEMPTS):
            chart = read_and_merge(task)
            merge, reference = chart.merge, chart.statement.patient
            validate_resources([merge.patient])
            # Recorded before anything is sent, so that a crash cannot lose the prior values.
            task.record_attempt(_chart_attempt(task, chart, earlier))
            if not merge.changed:
                base_version = chart.version if task.is_first_attempt else None
                return reference, dict(merge.element_ids), base_version, None
            change = ResourceChange(chart.patient, merge.patient)
            try:
                written = self.update_chart(task.client, task.writer, change)
            except VersionConflictError:
                # This is where a 409 or 412 is handled without a transaction: merge again.
                continue
            return reference, dict(merge.element_ids), chart.version, written
        raise repeated_conflict()


def _chart_attempt(
    task: WriteTask, chart: MergedChart, earlier: EarlierObservations
) -> WriteAttempt:
    reference, version, merge = chart.statement.patient, chart.version, chart.merge
    if not task.is_first_attempt and not merge.changed:
        # The chart may state the answers because an earlier attempt wrote them. That attempt
        # recorded the prior values.
        return WriteAttempt(reference, version, None, None, earlier.all, merge.says_more)
    prior_values, new_values = merge.prior_values, chart_elements(merge.patient)
    return WriteAttempt(reference, version, prior_values, new_values, earlier.all, merge.says_more)


def _record_unchanged_chart(task: WriteTask, earlier: EarlierObservations) -> str:
    """Record the attempt of a strategy that leaves the chart as it is.

    Returns the chart's reference.
    """
    patient = read_chart(task.client, task.statement.patient, task.context)
    chart, reference = chart_elements(patient), f"Patient/{patient['id']}"
    _refuse_unmapped(task, patient)
    task.record_attempt(
        WriteAttempt(
            reference,
            str(patient.get("meta", {}).get("versionId", "")),
            chart if task.is_first_attempt else None,
            chart,
            earlier.all,
        )
    )
    return reference


def _refuse_unmapped(task: WriteTask, patient: Json) -> None:
    """Raise ManualEntryError where the EHR's questionnaire has no item for an answer.

    With this strategy the QuestionnaireResponse alone carries the answers to the EHR.
    """
    writer = task.writer
    if WrittenPart.RESPONSE not in writer.strategy.parts:
        return
    response = build_questionnaire_response(task.statement, writer.version)
    if unmapped := unmapped_questions(response, writer.quirks):
        statement = replace(task.statement, patient=f"Patient/{patient['id']}")
        raise ManualEntryError(
            f"The EHR's questionnaire has no item for the answer to {', '.join(unmapped)}.",
            build_worksheet(patient, statement, writer),
        )


def _create_parts(
    task: WriteTask,
    statement: Statement,
    element_ids: dict[str, str],
    earlier: EarlierObservations,
) -> WriteResult:
    writer, parts = task.writer, task.writer.strategy.parts
    response, observations = "", list[str]()
    if WrittenPart.RESPONSE in parts:
        response = _create_once(task, response_for_server(statement, writer))
    if WrittenPart.OBSERVATIONS in parts:
        observations = [
            _correct_or_create(task, observation, earlier.corrected.get(name))
            for name, observation in observations_for_server(statement, writer, response)
        ]
        for observation in earlier.withdrawn:
            put_resource(task.client, writer, mark_in_error(observation))
    if WrittenPart.DOCUMENT in parts:
        answers = build_questionnaire_response(statement, writer.version)
        related = find_related_documents(task.client, writer, statement)
        _create_once(task, build_document(statement, answers, related))
    if WrittenPart.PROVENANCE in parts and response:
        _create_provenance(task, statement, response, observations, element_ids)
    return WriteResult(statement.patient, response)


def response_for_server(statement: Statement, writer: Writer) -> Json:
    """Return the QuestionnaireResponse in the form that this server takes."""
    response = build_questionnaire_response(statement, writer.version)
    return map_to_ehr_items(response, writer.quirks)


def observations_for_server(
    statement: Statement, writer: Writer, response: str
) -> Iterator[tuple[str, Json]]:
    """Yield each Observation for this server, with its name.

    It is derived from the QuestionnaireResponse, if there is one.
    """
    for name, observation in build_observations(statement, writer.version):
        source = {"derivedFrom": [{"reference": response}]} if response else {}
        rest = {key: value for key, value in observation.items() if key != "derivedFrom"}
        yield name, rest | source


def _correct_or_create(task: WriteTask, observation: Json, existing: Json | None) -> str:
    """Return the reference of the Observation, updated where an earlier answer has one."""
    if existing is None:
        return _create_once(task, observation)
    change = ResourceChange(existing, correct_observation(existing, observation))
    validate_resources([change.after])
    put_resource(task.client, task.writer, change)
    return change.reference


def _create_once(task: WriteTask, resource: Json) -> str:
    """Create the resource unless the server has it.

    Returns its reference, "" where the server hides it.
    """
    if not task.is_first_attempt and (existing := _find_reference(task, resource)):
        return existing
    validate_resources([resource])
    conditional = task.writer.creates_once(resource["resourceType"])
    condition = if_none_exist(resource) if conditional else None
    try:
        reference = task.client.post(resource, condition)
    except VersionConflictError:
        # A proxy may have sent the request twice, and the other copy created the resource.
        reference = _find_reference(task, resource)
        if not reference:
            raise
    return reference or _find_reference(task, resource)


def _find_reference(task: WriteTask, resource: Json) -> str:
    """Return the reference of the server's copy, "" where there is none."""
    existing = next(find_existing(task.client, task.writer, resource), None)
    return "" if existing is None else f"{resource['resourceType']}/{existing['id']}"


def find_existing(client: FhirClient, writer: Writer, resource: Json) -> Iterator[Json]:
    """Yield the server's copies of one of our resources.

    They have its type, identifier and patient.
    """
    identifier = resource_identifier(resource)
    if identifier is not None:
        resource_type, patient = resource["resourceType"], resource["subject"]["reference"]
        yield from find_own(client, writer.strategy, resource_type, identifier, patient)


def _create_provenance(
    task: WriteTask,
    statement: Statement,
    response: str,
    observations: list[str],
    element_ids: dict[str, str],
) -> None:
    """Create the Provenance unless the server has it.

    R4 gives it no identifier to search by.
    """
    if not task.is_first_attempt and any(
        is_derived_from(provenance, response)
        for provenance in task.client.search("Provenance", {"target": response})
    ):
        return
    visible = [reference for reference in observations if reference]
    provenance = build_provenance(statement, task.writer.version, visible, element_ids)
    # The built Provenance refers to the response by its URL inside a transaction.
    url_in_transaction = response_url(statement)
    sources = (entity["what"] for entity in provenance["entity"])
    for reference in (*provenance["target"], *sources):
        if reference["reference"] == url_in_transaction:
            reference["reference"] = response
    validate_resources([provenance])
    task.client.post(provenance)


def is_derived_from(provenance: Json, response: str) -> bool:
    """Return whether a Provenance is ours for that QuestionnaireResponse.

    Some servers write a Provenance of their own.
    """
    entities = list_objects(provenance.get("entity"))
    sources = (object_member(entity, "what").get("reference") for entity in entities)
    return response in (local_reference(source, "QuestionnaireResponse") for source in sources)
