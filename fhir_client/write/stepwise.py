"""The rungs without a transaction: each part on its own, found before it is created, so that a broken-off try goes on."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fhir_client.client import FhirClient
from fhir_client.errors import ManualEntryError, VersionConflictError
from fhir_client.model import Json
from fhir_client.references import local_reference
from fhir_client.uscore.chart import chart_elements
from fhir_client.uscore.datatypes import response_url
from fhir_client.uscore.observations import build_observations
from fhir_client.uscore.provenance import build_provenance
from fhir_client.uscore.questionnaire_response import build_questionnaire_response
from fhir_client.uscore.statement import Statement
from fhir_client.write.bundle import if_none_exist, resource_identifier
from fhir_client.write.chart_merge import MERGE_ATTEMPTS, read_and_merge, repeated_conflict
from fhir_client.write.charts import read_chart
from fhir_client.write.document import build_document
from fhir_client.write.ehr_questionnaire import map_to_ehr_items, unmapped_questions
from fhir_client.write.lookup import find_own
from fhir_client.write.resource_update import UpdateResource, put_resource
from fhir_client.write.strategy import WrittenPart
from fhir_client.write.task import ResourceChange, WriteAttempt, Writer, WriteResult, WriteTask
from fhir_client.write.validation import validate_resources
from fhir_client.write.worksheet import build_worksheet


@dataclass(frozen=True, slots=True)
class StepwiseWriter:
    """Part after part: the chart, the QuestionnaireResponse, the Observations, and the Provenance that names them last."""

    change: UpdateResource

    def write(self, task: WriteTask) -> WriteResult:
        """Write what of the statement is not there yet; raises the errors of fhir_client.errors, InvalidBundle, NoVersion."""
        parts = task.writer.strategy.parts
        if WrittenPart.CHART in parts:
            patient, ids, over = self._chart(task)
        else:
            patient, ids, over = _noted(task), {}, None
        return replace(
            _created(task, replace(task.statement, patient=patient), parts, ids), base_version=over
        )

    def amend(
        self, client: FhirClient, writer: Writer, changes: tuple[ResourceChange, ...]
    ) -> None:
        """Change one after the other: the chart by the rung's own way, the rest as it was created, whole."""
        for each in changes:
            change = self.change if each.before["resourceType"] == "Patient" else put_resource
            change(client, writer, each)

    def _chart(self, task: WriteTask) -> tuple[str, dict[str, str], str | None]:
        """Bring the chart to what the person said; return its reference, the ids of its elements, the version merged into."""
        client, writer = task.client, task.writer
        for _ in range(MERGE_ATTEMPTS):
            now = read_and_merge(task)
            merge, reference, version = now.merge, now.statement.patient, now.version
            change = ResourceChange(now.patient, merge.patient)
            # On a later try the chart may say it because we wrote it: what it said before was noted then.
            fresh = task.is_first_attempt or merge.changed
            earlier, later = (
                (merge.prior_values, chart_elements(merge.patient)) if fresh else (None, None)
            )
            validate_resources([merge.patient])
            task.record_attempt(WriteAttempt(reference, version, earlier, later))
            if not merge.changed:
                return (
                    reference,
                    dict(merge.element_ids),
                    version if task.is_first_attempt else None,
                )
            try:
                self.change(client, writer, change)
            except VersionConflictError:
                continue
            return reference, dict(merge.element_ids), version
        raise repeated_conflict()


def _noted(task: WriteTask) -> str:
    """Look at the chart, which is not written by this rung, and note the sending; return the chart's reference."""
    patient = read_chart(task.client, task.statement.patient, task.context)
    held, reference = chart_elements(patient), f"Patient/{patient['id']}"
    _refuse_unmapped(task, patient)
    task.record_attempt(
        WriteAttempt(
            reference,
            str(patient.get("meta", {}).get("versionId", "")),
            held if task.is_first_attempt else None,
            held,
        )
    )
    return reference


def _refuse_unmapped(task: WriteTask, patient: Json) -> None:
    """Raise ByHand where the answers alone reach the EHR, and its questionnaire has no place for one of them."""
    writer = task.writer
    if WrittenPart.RESPONSE not in writer.strategy.parts:
        return
    if lost := unmapped_questions(
        build_questionnaire_response(task.statement, writer.version), writer.quirks
    ):
        sheet = build_worksheet(
            patient, replace(task.statement, patient=f"Patient/{patient['id']}"), writer
        )
        raise ManualEntryError(
            f"The EHR's questionnaire has no item for what was answered to {', '.join(lost)}.",
            sheet,
        )


def _created(
    task: WriteTask, statement: Statement, parts: frozenset[WrittenPart], ids: dict[str, str]
) -> WriteResult:
    writer, response, made = task.writer, "", list[str]()
    if WrittenPart.RESPONSE in parts:
        response = _once(task, response_for_server(statement, writer))
    if WrittenPart.OBSERVATIONS in parts:
        made = [
            _once(task, each) for _, each in observations_for_server(statement, writer, response)
        ]
    if WrittenPart.DOCUMENT in parts:
        _once(
            task, build_document(statement, build_questionnaire_response(statement, writer.version))
        )
    if WrittenPart.PROVENANCE in parts and response:
        _provenance(task, statement, response, made, ids)
    return WriteResult(statement.patient, response)


def response_for_server(statement: Statement, writer: Writer) -> Json:
    """Return the QuestionnaireResponse as this server takes it."""
    return map_to_ehr_items(build_questionnaire_response(statement, writer.version), writer.quirks)


def observations_for_server(
    statement: Statement, writer: Writer, response: str
) -> Iterator[tuple[str, Json]]:
    """Yield each element with its Observation, drawn from the QuestionnaireResponse if there is one."""
    for element, each in build_observations(statement, writer.version):
        drawn = {"derivedFrom": [{"reference": response}]} if response else {}
        yield element, {key: held for key, held in each.items() if key != "derivedFrom"} | drawn


def _once(task: WriteTask, resource: Json) -> str:
    """Return the reference of the resource on the server, "" where it hides it; created unless it is there."""
    if not task.is_first_attempt and (held := _reference(task, resource)):
        return held
    validate_resources([resource])
    guard = if_none_exist(resource) if task.writer.creates_once(resource["resourceType"]) else None
    try:
        made = task.client.post(resource, guard)
    except VersionConflictError:
        # Somebody on the way sent it twice, and the other one was first.
        made = _reference(task, resource)
        if not made:
            raise
    return made or _reference(task, resource)


def _reference(task: WriteTask, resource: Json) -> str:
    """Return the reference of what stands on the server already for the resource, "" where there is nothing."""
    found = next(find_existing(task.client, task.writer, resource), None)
    return "" if found is None else f"{resource['resourceType']}/{found['id']}"


def find_existing(client: FhirClient, writer: Writer, resource: Json) -> Iterator[Json]:
    """Yield every resource on the server of the kind, identifier and patient of one that we make."""
    own = resource_identifier(resource)
    if own is not None:
        yield from find_own(
            client, writer.strategy, resource["resourceType"], own, resource["subject"]["reference"]
        )


def _provenance(
    task: WriteTask, statement: Statement, response: str, made: list[str], ids: dict[str, str]
) -> None:
    """Create the Provenance unless it is there: it has no identifier in R4, so it is found by what it speaks of."""
    if not task.is_first_attempt and any(
        is_derived_from(each, response)
        for each in task.client.search("Provenance", {"target": response})
    ):
        return
    wanted = build_provenance(statement, task.writer.version, [each for each in made if each], ids)
    inside = response_url(statement)
    for each in (*wanted["target"], *(entity["what"] for entity in wanted["entity"])):
        if each["reference"] == inside:
            each["reference"] = response
    validate_resources([wanted])
    task.client.post(wanted)


def is_derived_from(provenance: Json, response: str) -> bool:
    """Return whether a Provenance is ours of that QuestionnaireResponse: some servers write one of their own."""
    sources = (each.get("what", {}).get("reference") for each in provenance.get("entity", []))
    return response in (local_reference(each, "QuestionnaireResponse") for each in sources)
