"""The first rung of the ladder: one transaction with If-Match; sent once, looked up before it is ever sent again."""

from dataclasses import replace

from fhir_client.client import Client
from fhir_client.errors import Conflict, Gone, Refused
from fhir_client.responses import faults_in
from fhir_client.uscore.parts import Json, identifier, local
from fhir_client.uscore.patient import elements_of
from fhir_client.uscore.statement import Statement
from fhir_client.writing.bundle import bundle_of, replacing
from fhir_client.writing.check import check
from fhir_client.writing.finding import ours
from fhir_client.writing.suiting import TRIES, fitted, too_often
from fhir_client.writing.values import Change, Sending, Task, Writer, Written


class Transaction:
    """All that a submission writes in one request, so that all of it happens or nothing."""

    def write(self, task: Task) -> Written:
        """Write the statement; raises the errors of fhir_client.errors, InvalidBundle and NoVersion."""
        client, writer = task.client, task.writer
        if not task.first and (found := find(client, writer, task.statement)):
            return found
        for _ in range(TRIES):
            now = fitted(task)
            bundle = bundle_of(
                now.statement, writer.version, now.merge, writer.quirks, writer.creates_once
            )
            check(bundle)
            task.note(
                Sending(
                    now.statement.patient,
                    now.version,
                    now.merge.earlier,
                    elements_of(now.merge.patient),
                )
            )
            if written := _send(client, writer, now.statement, bundle):
                return replace(written, over=now.version)
        raise too_often()

    def amend(self, client: Client, writer: Writer, changes: tuple[Change, ...]) -> None:  # noqa: ARG002
        """Change all of them, or none."""
        entries = [replacing(each.reference, each.after, each.version) for each in changes]
        answer = client.bundle({"resourceType": "Bundle", "type": "transaction", "entry": entries})
        if fault := next(faults_in(answer), None):
            raise fault


def _send(client: Client, writer: Writer, statement: Statement, bundle: Json) -> Written | None:
    """Send the transaction; None where somebody else changed the chart meanwhile, and it has to be merged again."""
    try:
        answer = client.bundle(bundle)
        # A server that takes a transaction for a batch answers 200 and says entry by entry what it did not do.
        if fault := next(faults_in(answer), None):
            raise fault
    except Conflict:
        # The conflict may be with our own earlier try, which the server took and we never heard of.
        return find(client, writer, statement)
    except Gone as error:
        client.capabilities()
        raise Refused("The server misses something that this refers to.", error.status) from None
    locations = (entry.get("response", {}).get("location") for entry in answer.get("entry", []))
    response = next(
        filter(None, (local(each, "QuestionnaireResponse") for each in locations)), None
    )
    if response:
        return Written(statement.patient, response)
    return find(client, writer, statement) or Written(statement.patient, "")


def find(client: Client, writer: Writer, statement: Statement) -> Written | None:
    """Return where the submission is on the server already: its QuestionnaireResponse carries its identifier."""
    own = identifier(statement.submission)
    found = next(
        ours(client, writer.strategy, "QuestionnaireResponse", own, statement.patient), None
    )
    if found is None:
        return None
    patient = local(found.get("subject", {}).get("reference"), "Patient") or statement.patient
    return Written(patient, f"QuestionnaireResponse/{found['id']}")
