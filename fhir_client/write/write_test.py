"""A write test: a statement is written to a test patient, read back, and taken away again as far as the server lets us."""

from collections.abc import Iterator
from dataclasses import dataclass

from fhir_client.client import FhirClient
from fhir_client.errors import FhirError, PatientError
from fhir_client.model import Json
from fhir_client.uscore.chart import chart_elements
from fhir_client.uscore.observations import build_observations
from fhir_client.uscore.questionnaire_response import build_questionnaire_response
from fhir_client.uscore.statement import Statement
from fhir_client.write.bundle import NoVersionError
from fhir_client.write.charts import MergeContext
from fhir_client.write.document import build_document
from fhir_client.write.read_back import read_back
from fhir_client.write.stepwise import find_existing, is_derived_from
from fhir_client.write.strategy import WrittenPart
from fhir_client.write.task import ResourceChange, WriteAttempt, Writer, mark_in_error
from fhir_client.write.writer import amend_resources, write_statement

OURS = ("extension", "communication")
"""The elements of a Patient that a write changes."""


@dataclass(frozen=True, slots=True)
class WriteTestResult:
    """What became of a write test: `fault` is why it did not go through; references of what was marked and of what stays.

    `differing` are the elements that did not read back; `restored` tells that the chart says again what it said before.
    """

    fault: FhirError | None
    mismatched_elements: tuple[str, ...]
    chart_restored: bool
    marked_references: tuple[str, ...]
    remaining_references: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether it was written and read back."""
        return self.fault is None and not self.mismatched_elements


def run_write_test(
    client: FhirClient, writer: Writer, statement: Statement, before: Json
) -> WriteTestResult:
    """Write the statement to its patient, which was just read as `before`, and to no other; then take it all away.

    Raises the errors of fhir_client.errors where the server cannot be read any more, and InvalidBundle and NoVersion.
    """

    def only_there(sending: WriteAttempt) -> None:
        if sending.patient != statement.patient:
            raise PatientError(
                "The test patient's chart was replaced by another one, which is none of ours to test with."
            )

    fault: FhirError | None = None
    differing: tuple[str, ...] = ()
    try:
        known = MergeContext(chart=chart_elements(before))
        written = write_statement(client, writer, statement, known=known, before_sending=only_there)
        differing = tuple(
            each.element
            for each in read_back(client, writer, statement, written, over=written.base_version)
        )
    except FhirError as error:
        # What the server answers may not be what it did, so that everything is looked for all the same.
        fault = error
    marked, staying = _taken_away(client, writer, statement)
    return WriteTestResult(fault, differing, _restored(client, writer, before), marked, staying)


def _restored(client: FhirClient, writer: Writer, before: Json) -> bool:
    """Give the chart back what it said before, and return whether it says so."""
    reference = f"Patient/{before['id']}"
    now = client.read(reference)
    if _said(now) != _said(before):
        rest = {key: each for key, each in now.items() if key not in OURS}
        try:
            amend_resources(client, writer, (ResourceChange(now, {**rest, **_said(before)}),))
        except (FhirError, NoVersionError):
            return False
    return _said(client.read(reference)) == _said(before)


def _said(patient: Json) -> Json:
    return {key: patient[key] for key in OURS if key in patient}


def _taken_away(
    client: FhirClient, writer: Writer, statement: Statement
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Delete what was created, or mark it; return what was marked, and what can be neither deleted nor marked."""
    marked, staying = list[str](), list[str]()
    for each in tuple(_created(client, writer, statement)):
        reference = f"{each['resourceType']}/{each['id']}"
        if not _deleted(client, reference):
            (marked if _marked(client, writer, each) else staying).append(reference)
    return tuple(marked), tuple(staying)


def _created(client: FhirClient, writer: Writer, statement: Statement) -> Iterator[Json]:
    """Yield what the server holds of the statement, first what refers to others: some delete nothing that is referred to."""
    parts = writer.strategy.parts
    response = build_questionnaire_response(statement, writer.version)
    responses = (
        list(find_existing(client, writer, response)) if WrittenPart.RESPONSE in parts else []
    )
    if WrittenPart.PROVENANCE in parts:
        for each in responses:
            own = f"QuestionnaireResponse/{each['id']}"
            yield from (
                held
                for held in client.search("Provenance", {"target": own})
                if is_derived_from(held, own)
            )
    if WrittenPart.OBSERVATIONS in parts:
        for _, each in build_observations(statement, writer.version):
            yield from find_existing(client, writer, each)
    if WrittenPart.DOCUMENT in parts:
        yield from find_existing(client, writer, build_document(statement, response))
    yield from responses


def _deleted(client: FhirClient, reference: str) -> bool:
    try:
        client.delete(reference)
    except FhirError:
        return False
    return True


def _marked(client: FhirClient, writer: Writer, held: Json) -> bool:
    # A Provenance has no status in R4.
    if "status" not in held:
        return False
    try:
        amend_resources(client, writer, (mark_in_error(held),))
    except (FhirError, NoVersionError):
        return False
    return True
