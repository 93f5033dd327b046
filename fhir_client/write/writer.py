"""The ladder at work: whoever writes names a rung in the Writer, and need not know how it is stood on."""

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
    known: MergeContext | None = None,
    first: bool = True,
    before_sending: RecordAttempt | None = None,
) -> WriteResult:
    """Write the statement, once however often this is called; `first` is False where it may have been sent before.

    `before_sending` is called before each try. Raises the errors of fhir_client.errors, InvalidBundle and NoVersion.
    """
    task = WriteTask(
        client, writer, statement, known or MergeContext(), first, before_sending or _unnoted
    )
    return STRATEGY_WRITERS[writer.strategy.kind].write(task)


def amend_resources(
    client: FhirClient, writer: Writer, changes: tuple[ResourceChange, ...]
) -> None:
    """Change resources that are there, each with If-Match; raises Conflict where somebody else did meanwhile."""
    if changes:
        STRATEGY_WRITERS[writer.strategy.kind].amend(client, writer, changes)


def _unnoted(sending: WriteAttempt) -> None:
    """Keep nothing."""
