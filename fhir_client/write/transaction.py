"""The first rung of the ladder: one transaction with If-Match; sent once, looked up before it is ever sent again."""

from dataclasses import replace

from fhir_client.client import FhirClient
from fhir_client.errors import GoneError, RefusedError, VersionConflictError
from fhir_client.model import Json
from fhir_client.references import local_reference
from fhir_client.transport.responses import entry_errors
from fhir_client.uscore.chart import chart_elements
from fhir_client.uscore.datatypes import uuid_identifier
from fhir_client.uscore.statement import Statement
from fhir_client.write.bundle import replace_entry, transaction_bundle
from fhir_client.write.chart_merge import MERGE_ATTEMPTS, read_and_merge, repeated_conflict
from fhir_client.write.lookup import find_own
from fhir_client.write.task import ResourceChange, WriteAttempt, Writer, WriteResult, WriteTask
from fhir_client.write.validation import validate_bundle


class TransactionWriter:
    """All that a submission writes in one request, so that all of it happens or nothing."""

    def write(self, task: WriteTask) -> WriteResult:
        """Write the statement; raises the errors of fhir_client.errors, InvalidBundle and NoVersion."""
        client, writer = task.client, task.writer
        if not task.is_first_attempt and (found := find_written(client, writer, task.statement)):
            return found
        for _ in range(MERGE_ATTEMPTS):
            now = read_and_merge(task)
            bundle = transaction_bundle(
                now.statement, writer.version, now.merge, writer.quirks, writer.creates_once
            )
            validate_bundle(bundle)
            task.record_attempt(
                WriteAttempt(
                    now.statement.patient,
                    now.version,
                    now.merge.prior_values,
                    chart_elements(now.merge.patient),
                )
            )
            if written := _send(client, writer, now.statement, bundle):
                return replace(written, base_version=now.version)
        raise repeated_conflict()

    def amend(
        self,
        client: FhirClient,
        writer: Writer,  # noqa: ARG002
        changes: tuple[ResourceChange, ...],
    ) -> None:
        """Change all of them, or none."""
        entries = [replace_entry(each.reference, each.after, each.version) for each in changes]
        answer = client.send_bundle(
            {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        )
        if fault := next(entry_errors(answer), None):
            raise fault


def _send(
    client: FhirClient, writer: Writer, statement: Statement, bundle: Json
) -> WriteResult | None:
    """Send the transaction; None where somebody else changed the chart meanwhile, and it has to be merged again."""
    try:
        answer = client.send_bundle(bundle)
        # A server that takes a transaction for a batch answers 200 and says entry by entry what it did not do.
        if fault := next(entry_errors(answer), None):
            raise fault
    except VersionConflictError:
        # The conflict may be with our own earlier try, which the server took and we never heard of.
        return find_written(client, writer, statement)
    except GoneError as error:
        client.read_capabilities()
        raise RefusedError(
            "The server misses something that this refers to.", error.status
        ) from None
    locations = (entry.get("response", {}).get("location") for entry in answer.get("entry", []))
    response = next(
        filter(None, (local_reference(each, "QuestionnaireResponse") for each in locations)), None
    )
    if response:
        return WriteResult(statement.patient, response)
    return find_written(client, writer, statement) or WriteResult(statement.patient, "")


def find_written(client: FhirClient, writer: Writer, statement: Statement) -> WriteResult | None:
    """Return where the submission is on the server already: its QuestionnaireResponse carries its identifier."""
    own = uuid_identifier(statement.submission)
    found = next(
        find_own(client, writer.strategy, "QuestionnaireResponse", own, statement.patient), None
    )
    if found is None:
        return None
    patient = (
        local_reference(found.get("subject", {}).get("reference"), "Patient") or statement.patient
    )
    return WriteResult(patient, f"QuestionnaireResponse/{found['id']}")
