"""Writes to a test patient, reads it back, and removes it again."""

from collections.abc import Iterator
from dataclasses import dataclass

from fhir_client.client import FhirClient
from fhir_client.errors import FhirError, PatientError, RefusedError, VersionConflictError
from fhir_client.model import Json, WriteStrategyKind
from fhir_client.uscore.chart import chart_elements
from fhir_client.uscore.observations import build_observations
from fhir_client.uscore.questionnaire_response import build_questionnaire_response
from fhir_client.uscore.statement import Statement
from fhir_client.write.bundle import NoVersionError
from fhir_client.write.charts import MergeContext
from fhir_client.write.document import build_document
from fhir_client.write.repair import repair_and_read_back
from fhir_client.write.stepwise import find_existing, is_derived_from
from fhir_client.write.strategy import CHART_INTERACTIONS, WrittenPart
from fhir_client.write.task import ResourceChange, WriteAttempt, Writer, mark_in_error
from fhir_client.write.writer import amend_resources, write_statement

# The elements of a Patient that a write changes.
CHANGED_KEYS = ("extension", "communication")


@dataclass(frozen=True, slots=True)
class WriteTestResult:
    """The result of a write test.

    - `fault`: the error that stopped it.
    - `mismatched_elements`: elements that did not read back.
    - `chart_restored`: the chart has its earlier values again.
    - `marked_references`: resources that are now entered in error.
    - `remaining_references`: resources that could be neither deleted nor marked.
    - `refuses_stale_update`: the server refused an update of the chart with an older version in
      If-Match. None where this could not be tried.
    """

    fault: FhirError | None
    mismatched_elements: tuple[str, ...]
    chart_restored: bool
    marked_references: tuple[str, ...]
    remaining_references: tuple[str, ...]
    refuses_stale_update: bool | None = None

    @property
    def passed(self) -> bool:
        """Whether the statement was written and verified."""
        return self.fault is None and not self.mismatched_elements


def run_write_test(
    client: FhirClient, writer: Writer, statement: Statement, before: Json
) -> WriteTestResult:
    """Write the statement to its patient and to no other, read it back, and remove it.

    `before` is the Patient as it was just read. Raises the errors of fhir_client.errors where the
    server can no longer be read, InvalidBundleError and NoVersionError.
    """

    def refuse_other_patient(attempt: WriteAttempt) -> None:
        if attempt.patient != statement.patient:
            raise PatientError(
                "The test patient's chart was replaced by another one, which must not be used for "
                "a test."
            )

    fault: FhirError | None = None
    mismatched: tuple[str, ...] = ()
    try:
        result = write_statement(
            client,
            writer,
            statement,
            context=MergeContext(chart=chart_elements(before)),
            before_sending=refuse_other_patient,
        )
        mismatches = repair_and_read_back(
            client, writer, statement, result, base_version=result.base_version
        )
        mismatched = tuple(mismatch.element for mismatch in mismatches)
    except FhirError as error:
        # An error is no proof that nothing was written, so the clean-up looks for everything.
        fault = error
    refuses_stale = None if fault else _try_stale_update(client, writer, before)
    marked, remaining = _remove_resources(client, writer, statement)
    restored = _restore_chart(client, writer, before)
    return WriteTestResult(fault, mismatched, restored, marked, remaining, refuses_stale)


def _try_stale_update(client: FhirClient, writer: Writer, before: Json) -> bool | None:
    """Return whether the server refuses an update that names an older version of the chart.

    The update has the chart's current or earlier content, so it harms nothing where the server
    takes it. It is sent by the strategy, because a transaction and a PUT can differ.
    """
    current = client.read(f"Patient/{before['id']}")
    stale = {**current, "meta": {**current.get("meta", {}), **_version_of(before)}}
    if stale["meta"] == current.get("meta") or writer.strategy.kind not in CHART_INTERACTIONS:
        # Nothing was written to the chart, so there is no older version.
        return None
    # A patch without a difference has no operation, so it puts the earlier values back.
    is_patch = writer.strategy.kind is WriteStrategyKind.PATCH
    after = {**stale, **_changed_elements(before)} if is_patch else current
    try:
        amend_resources(client, writer, (ResourceChange(stale, after),))
    except (VersionConflictError, RefusedError):
        return True
    except FhirError:
        return None
    return False


def _version_of(patient: Json) -> Json:
    return {key: value for key, value in patient.get("meta", {}).items() if key == "versionId"}


def _restore_chart(client: FhirClient, writer: Writer, before: Json) -> bool:
    """Restore the chart's earlier values; return whether the chart has them."""
    reference, earlier = f"Patient/{before['id']}", _changed_elements(before)
    current = client.read(reference)
    if _changed_elements(current) != earlier:
        rest = {key: value for key, value in current.items() if key not in CHANGED_KEYS}
        change = ResourceChange(current, {**rest, **earlier})
        if not _try_to_amend(client, writer, change):
            return False
    return _changed_elements(client.read(reference)) == earlier


def _changed_elements(patient: Json) -> Json:
    return {key: patient[key] for key in CHANGED_KEYS if key in patient}


def _remove_resources(
    client: FhirClient, writer: Writer, statement: Statement
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Delete the created resources, or mark them as entered in error.

    Returns the marked and the remaining references.
    """
    marked, remaining = list[str](), list[str]()
    for resource in tuple(_find_resources(client, writer, statement)):
        reference = f"{resource['resourceType']}/{resource['id']}"
        if _try_to_delete(client, reference):
            continue
        # A Provenance has no status in R4, so it cannot be marked.
        is_marked = "status" in resource and _try_to_amend(client, writer, mark_in_error(resource))
        (marked if is_marked else remaining).append(reference)
    return tuple(marked), tuple(remaining)


def _find_resources(client: FhirClient, writer: Writer, statement: Statement) -> Iterator[Json]:
    """Yield the server's resources of the statement.

    A resource comes before those that it refers to, because some servers refuse to delete a
    resource with references to it.
    """
    parts = writer.strategy.parts
    response = build_questionnaire_response(statement, writer.version)
    responses = (
        list(find_existing(client, writer, response)) if WrittenPart.RESPONSE in parts else []
    )
    if WrittenPart.PROVENANCE in parts:
        for existing in responses:
            yield from _find_provenances(client, f"QuestionnaireResponse/{existing['id']}")
    if WrittenPart.OBSERVATIONS in parts:
        for _, observation in build_observations(statement, writer.version):
            yield from find_existing(client, writer, observation)
    if WrittenPart.DOCUMENT in parts:
        yield from find_existing(client, writer, build_document(statement, response))
    yield from responses


def _find_provenances(client: FhirClient, response: str) -> Iterator[Json]:
    for provenance in client.search("Provenance", {"target": response}):
        if is_derived_from(provenance, response):
            yield provenance


def _try_to_delete(client: FhirClient, reference: str) -> bool:
    try:
        client.delete(reference)
    except FhirError:
        return False
    return True


def _try_to_amend(client: FhirClient, writer: Writer, change: ResourceChange) -> bool:
    try:
        amend_resources(client, writer, (change,))
    except (FhirError, NoVersionError):
        return False
    return True
