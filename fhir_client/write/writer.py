"""Writes a statement by the strategy that the Writer names."""

from collections.abc import Mapping

from fhir_client.client import FhirClient
from fhir_client.model import WriteStrategyKind
from fhir_client.uscore.statement import Statement
from fhir_client.write.charts import MergeContext
from fhir_client.write.resource_update import patch_resource, put_resource
from fhir_client.write.stepwise import StepwiseWriter
from fhir_client.write.task import (
    RecordAttempt,
    ResourceChange,
    StrategyWriter,
    WriteAttempt,
    Writer,
    WriteResult,
    WriteTask,
)
from fhir_client.write.transaction import TransactionWriter
from fhir_client.write.worklist import WorklistWriter

STRATEGY_WRITERS: Mapping[WriteStrategyKind, StrategyWriter] = {
    WriteStrategyKind.TRANSACTION: TransactionWriter(),
    WriteStrategyKind.PATCH: StepwiseWriter(patch_resource),
    WriteStrategyKind.PUT: StepwiseWriter(put_resource),
    WriteStrategyKind.OBSERVATIONS: StepwiseWriter(put_resource),
    WriteStrategyKind.QUESTIONNAIRE_RESPONSE: StepwiseWriter(put_resource),
    WriteStrategyKind.DOCUMENT: StepwiseWriter(put_resource),
    WriteStrategyKind.WORKLIST: WorklistWriter(),
}


def write_statement(
    client: FhirClient,
    writer: Writer,
    statement: Statement,
    *,
    context: MergeContext | None = None,
    first: bool = True,
    before_sending: RecordAttempt | None = None,
) -> WriteResult:
    """Write the statement exactly once, however often this is called.

    - `context`: facts about the visit that protect the chart from a wrong merge.
    - `first`: False where an earlier attempt may have sent the statement.
    - `before_sending`: called before each attempt, to store what an undo will need.

    Raises the errors of fhir_client.errors, InvalidBundleError and NoVersionError.
    """
    context, record_attempt = context or MergeContext(), before_sending or _record_nothing
    task = WriteTask(client, writer, statement, context, first, record_attempt)
    return STRATEGY_WRITERS[writer.strategy.kind].write(task)


def amend_resources(
    client: FhirClient, writer: Writer, changes: tuple[ResourceChange, ...]
) -> None:
    """Change existing resources, each with If-Match; raises VersionConflictError."""
    if changes:
        STRATEGY_WRITERS[writer.strategy.kind].amend(client, writer, changes)


def _record_nothing(attempt: WriteAttempt) -> None:
    """Store nothing, for a caller that will never undo the write."""
