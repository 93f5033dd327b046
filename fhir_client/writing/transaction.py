"""The first rung of the ladder: one transaction with If-Match; sent once, looked up before it is ever sent again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fhir_client.client import Client
from fhir_client.errors import Conflict, Gone, Refused
from fhir_client.responses import faults_in
from fhir_client.uscore.parts import Json, identifier, local
from fhir_client.uscore.patient import MergePolicy, apply
from fhir_client.uscore.statement import Statement
from fhir_client.uscore.versions import UsCoreVersion
from fhir_client.writing.bundle import bundle_of, search_of
from fhir_client.writing.charts import Known, current_patient, refuse_changed, refuse_other_person
from fhir_client.writing.check import check

TRIES = 3


@dataclass(frozen=True, slots=True)
class Writer:
    """How a site writes: US Core version and merge policy."""

    version: UsCoreVersion
    policy: MergePolicy = field(default_factory=MergePolicy)


@dataclass(frozen=True, slots=True)
class Sending:
    """What is about to be sent: the Patient that it goes to, its version that was merged into, and its values before."""

    patient: str
    version: str
    earlier: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """Where it is: the Patient that it went to in the end, and the QuestionnaireResponse ("" where the server hides it).

    `over` is the version of the Patient that was merged into; None where the submission was found to be there already.
    """

    patient: str
    response: str
    over: str | None = None


def write(
    client: Client,
    writer: Writer,
    statement: Statement,
    *,
    known: Known | None = None,
    first: bool = True,
    before_sending: Callable[[Sending], None] | None = None,
) -> Written:
    """Write the statement, once however often this is called; `first` is False where it may have been sent before.

    `before_sending` is called before each try, to keep what undo will need while it can still be known; what it raises ends
    the try. Raises the errors of fhir_client.errors, InvalidBundle and NoVersion.
    """
    known = known or Known()
    if not first and (found := find(client, statement)):
        return found
    for _ in range(TRIES):
        patient = current_patient(client, statement.patient)
        now = replace(statement, patient=f"Patient/{patient['id']}")
        merge = apply(patient, now, writer.version, writer.policy)
        refuse_other_person(patient, known)
        refuse_changed(client, patient, merge, known)
        bundle = bundle_of(now, writer.version, merge)
        check(bundle)
        version = str(patient.get("meta", {}).get("versionId", ""))
        if before_sending is not None:
            before_sending(Sending(now.patient, version, merge.earlier))
        if written := _send(client, now, bundle):
            return replace(written, over=version)
    raise Conflict("The chart was changed three times while this was being written.", 409)


def _send(client: Client, statement: Statement, bundle: Json) -> Written | None:
    """Send the transaction; None where somebody else changed the chart meanwhile, and it has to be merged again."""
    try:
        answer = client.bundle(bundle)
        # A server that takes a transaction for a batch answers 200 and says entry by entry what it did not do.
        if fault := next(faults_in(answer), None):
            raise fault
    except Conflict:
        # The conflict may be with our own earlier try, which the server took and we never heard of.
        return find(client, statement)
    except Gone as error:
        client.capabilities()
        raise Refused("The server misses something that this refers to.", error.status) from None
    locations = (entry.get("response", {}).get("location") for entry in answer.get("entry", []))
    response = next(filter(None, (local(each, "QuestionnaireResponse") for each in locations)), None)
    return Written(statement.patient, response) if response else find(client, statement) or Written(statement.patient, "")


def find(client: Client, statement: Statement) -> Written | None:
    """Return where the submission is on the server already: its QuestionnaireResponse carries its identifier."""
    own = identifier(statement.submission)
    for each in client.search("QuestionnaireResponse", {"identifier": search_of(own)}):
        # A server that ignores what it does not know to search by returns other people's.
        if each.get("identifier", {}).get("value") == own["value"]:
            patient = local(each.get("subject", {}).get("reference"), "Patient") or statement.patient
            return Written(patient, f"QuestionnaireResponse/{each['id']}")
    return None
