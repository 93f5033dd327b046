"""Writes by one transaction, and looks it up before sending it again."""

from dataclasses import replace

from fhir_client.client import FhirClient
from fhir_client.errors import GoneError, RefusedError, VersionConflictError
from fhir_client.model import Json
from fhir_client.references import local_reference
from fhir_client.transport.responses import entry_errors, parse_entity_tag
from fhir_client.transport.tolerant_json import object_member
from fhir_client.uscore.chart import chart_elements
from fhir_client.uscore.datatypes import uuid_identifier
from fhir_client.uscore.statement import Statement
from fhir_client.write.bundle import replace_entry, transaction_bundle
from fhir_client.write.chart_merge import MERGE_ATTEMPTS, read_and_merge, repeated_conflict
from fhir_client.write.earlier_observations import (
    correct_elements,
    find_earlier_observations,
)
from fhir_client.write.lookup import find_own
from fhir_client.write.task import ResourceChange, WriteAttempt, Writer, WriteResult, WriteTask
from fhir_client.write.validation import validate_bundle


class TransactionWriter:
    """Sends all resources of a submission in one request, all or none."""

    def write(self, task: WriteTask) -> WriteResult:
        """Write the statement exactly once.

        Raises the errors of fhir_client.errors, InvalidBundleError and NoVersionError.
        """
        client, writer = task.client, task.writer
        if not task.is_first_attempt and (result := find_written(client, writer, task.statement)):
            return result
        for _ in range(MERGE_ATTEMPTS):
            chart = read_and_merge(task)
            earlier = find_earlier_observations(client, writer, chart.statement)
            bundle = transaction_bundle(
                correct_elements(chart.statement, earlier),
                writer.version,
                chart.merge,
                writer.quirks,
                writer.creates_once,
                client.base_url,
                earlier,
            )
            validate_bundle(bundle)
            # Recorded before anything is sent, so that a crash cannot lose the prior values.
            task.record_attempt(
                WriteAttempt(
                    chart.statement.patient,
                    chart.version,
                    chart.merge.prior_values,
                    chart_elements(chart.merge.patient),
                    earlier.all,
                    chart.merge.says_more,
                )
            )
            if result := _send_transaction(client, writer, chart.statement, bundle):
                return replace(result, base_version=chart.version)
        raise repeated_conflict()

    def amend(
        self,
        client: FhirClient,
        writer: Writer,  # noqa: ARG002
        changes: tuple[ResourceChange, ...],
    ) -> None:
        """Change all of the resources, or none; raises VersionConflictError."""
        entries = [
            replace_entry(
                change.reference,
                change.after,
                change.version,
                f"{client.base_url}/{change.reference}",
            )
            for change in changes
        ]
        answer = client.send_bundle(
            {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        )
        if error := next(entry_errors(answer), None):
            raise error


def _send_transaction(
    client: FhirClient, writer: Writer, statement: Statement, bundle: Json
) -> WriteResult | None:
    """Send the transaction; return None where the chart changed before.

    The caller then merges again.
    """
    try:
        answer = client.send_bundle(bundle)
        # A server that takes a transaction for a batch answers 200 and lists the failed entries.
        if error := next(entry_errors(answer), None):
            raise error
    except VersionConflictError:
        # This is where a 409 or 412 is handled. The conflict may be with our own earlier attempt,
        # which the server took although its answer was lost.
        return find_written(client, writer, statement)
    except GoneError as error:
        # Raises ServerError where the base URL is wrong, which also answers 404.
        client.read_capabilities()
        raise RefusedError(
            "The server lacks a resource that this refers to.", error.status
        ) from None
    # A broken entry keeps its place, because the answers stand in the order of the entries.
    entries = answer.get("entry")
    answers = [
        object_member(entry, "response") if isinstance(entry, dict) else {}
        for entry in (entries if isinstance(entries, list) else [])
    ]
    references = (
        local_reference(entry.get("location"), "QuestionnaireResponse") for entry in answers
    )
    written_version = _find_written_version(answers, bundle)
    # Some servers answer without locations, and the submission is looked up then.
    if response := next(filter(None, references), None):
        return WriteResult(statement.patient, response, written_version=written_version)
    result = find_written(client, writer, statement) or WriteResult(statement.patient, "")
    return replace(result, written_version=written_version)


def _find_written_version(answers: list[Json], bundle: Json) -> str | None:
    """Return the version of the Patient that a transaction wrote, from its answer."""
    # The answers stand in the order of the entries (R4, http.html#transaction-response).
    for entry, answer in zip(bundle["entry"], answers, strict=False):
        if entry["resource"]["resourceType"] == "Patient":
            _, _, version = str(answer.get("location", "")).partition("/_history/")
            return version or parse_entity_tag(answer.get("etag"))
    return None


def find_written(client: FhirClient, writer: Writer, statement: Statement) -> WriteResult | None:
    """Return the submission on the server, by its QuestionnaireResponse."""
    identifier = uuid_identifier(statement.submission)
    responses = find_own(
        client, writer.strategy, "QuestionnaireResponse", identifier, statement.patient
    )
    response = next((found for found in responses if isinstance(found.get("id"), str)), None)
    if response is None:
        return None
    subject = object_member(response, "subject").get("reference")
    patient = local_reference(subject, "Patient") or statement.patient
    return WriteResult(patient, f"QuestionnaireResponse/{response['id']}")
