"""The ladder at work: whoever writes names a rung in the Writer, and need not know how it is stood on."""

from collections.abc import Mapping

from fhir_client.client import Client
from fhir_client.uscore.statement import Statement
from fhir_client.writing.charting import patch, put
from fhir_client.writing.charts import Known
from fhir_client.writing.ladder import Rung
from fhir_client.writing.singly import Singly
from fhir_client.writing.transaction import Transaction
from fhir_client.writing.values import Change, Noting, Sending, Task, Way, Writer, Written
from fhir_client.writing.worklist import Worklist

WAYS: Mapping[Rung, Way] = {
    Rung.TRANSACTION: Transaction(),
    Rung.PATCH: Singly(patch),
    Rung.PUT: Singly(put),
    Rung.OBSERVATIONS: Singly(put),
    Rung.QUESTIONNAIRE_RESPONSE: Singly(put),
    Rung.DOCUMENT: Singly(put),
    Rung.WORKLIST: Worklist(),
}


def write(
    client: Client,
    writer: Writer,
    statement: Statement,
    *,
    known: Known | None = None,
    first: bool = True,
    before_sending: Noting | None = None,
) -> Written:
    """Write the statement, once however often this is called; `first` is False where it may have been sent before.

    `before_sending` is called before each try. Raises the errors of fhir_client.errors, InvalidBundle and NoVersion.
    """
    task = Task(client, writer, statement, known or Known(), first, before_sending or _unnoted)
    return WAYS[writer.strategy.rung].write(task)


def amend(client: Client, writer: Writer, changes: tuple[Change, ...]) -> None:
    """Change resources that are there, each with If-Match; raises Conflict where somebody else did meanwhile."""
    if changes:
        WAYS[writer.strategy.rung].amend(client, writer, changes)


def _unnoted(sending: Sending) -> None:
    """Keep nothing."""
