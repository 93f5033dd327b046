"""A write test: a statement is written to a test patient, read back, and taken away again as far as the server lets us."""

from collections.abc import Iterator
from dataclasses import dataclass

from fhir_client.client import Client
from fhir_client.errors import FhirError, PatientProblem
from fhir_client.uscore.observations import observations
from fhir_client.uscore.parts import Json
from fhir_client.uscore.patient import elements_of
from fhir_client.uscore.questionnaire import questionnaire_response
from fhir_client.uscore.statement import Statement
from fhir_client.writing.bundle import NoVersion
from fhir_client.writing.charts import Known
from fhir_client.writing.document import document
from fhir_client.writing.ladder import Part
from fhir_client.writing.readback import read_back
from fhir_client.writing.singly import draws_from, standing_for
from fhir_client.writing.values import Change, Sending, Writer, in_error
from fhir_client.writing.ways import amend, write

OURS = ("extension", "communication")
"""The elements of a Patient that a write changes."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a write test: `fault` is why it did not go through; references of what was marked and of what stays.

    `differing` are the elements that did not read back; `restored` tells that the chart says again what it said before.
    """

    fault: FhirError | None
    differing: tuple[str, ...]
    restored: bool
    marked: tuple[str, ...]
    staying: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether it was written and read back."""
        return self.fault is None and not self.differing


def try_out(client: Client, writer: Writer, statement: Statement, before: Json) -> Trial:
    """Write the statement to its patient, which was just read as `before`, and to no other; then take it all away.

    Raises the errors of fhir_client.errors where the server cannot be read any more, and InvalidBundle and NoVersion.
    """

    def only_there(sending: Sending) -> None:
        if sending.patient != statement.patient:
            raise PatientProblem(
                "The test patient's chart was replaced by another one, which is none of ours to test with."
            )

    fault: FhirError | None = None
    differing: tuple[str, ...] = ()
    try:
        known = Known(chart=elements_of(before))
        written = write(client, writer, statement, known=known, before_sending=only_there)
        differing = tuple(
            each.element
            for each in read_back(client, writer, statement, written, over=written.over)
        )
    except FhirError as error:
        # What the server answers may not be what it did, so that everything is looked for all the same.
        fault = error
    marked, staying = _taken_away(client, writer, statement)
    return Trial(fault, differing, _restored(client, writer, before), marked, staying)


def _restored(client: Client, writer: Writer, before: Json) -> bool:
    """Give the chart back what it said before, and return whether it says so."""
    reference = f"Patient/{before['id']}"
    now = client.read(reference)
    if _said(now) != _said(before):
        rest = {key: each for key, each in now.items() if key not in OURS}
        try:
            amend(client, writer, (Change(now, {**rest, **_said(before)}),))
        except (FhirError, NoVersion):
            return False
    return _said(client.read(reference)) == _said(before)


def _said(patient: Json) -> Json:
    return {key: patient[key] for key in OURS if key in patient}


def _taken_away(
    client: Client, writer: Writer, statement: Statement
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Delete what was created, or mark it; return what was marked, and what can be neither deleted nor marked."""
    marked, staying = list[str](), list[str]()
    for each in tuple(_created(client, writer, statement)):
        reference = f"{each['resourceType']}/{each['id']}"
        if not _deleted(client, reference):
            (marked if _marked(client, writer, each) else staying).append(reference)
    return tuple(marked), tuple(staying)


def _created(client: Client, writer: Writer, statement: Statement) -> Iterator[Json]:
    """Yield what the server holds of the statement, first what refers to others: some delete nothing that is referred to."""
    parts = writer.strategy.parts
    response = questionnaire_response(statement, writer.version)
    responses = list(standing_for(client, writer, response)) if Part.RESPONSE in parts else []
    if Part.PROVENANCE in parts:
        for each in responses:
            own = f"QuestionnaireResponse/{each['id']}"
            yield from (
                held
                for held in client.search("Provenance", {"target": own})
                if draws_from(held, own)
            )
    if Part.OBSERVATIONS in parts:
        for _, each in observations(statement, writer.version):
            yield from standing_for(client, writer, each)
    if Part.DOCUMENT in parts:
        yield from standing_for(client, writer, document(statement, response))
    yield from responses


def _deleted(client: Client, reference: str) -> bool:
    try:
        client.delete(reference)
    except FhirError:
        return False
    return True


def _marked(client: Client, writer: Writer, held: Json) -> bool:
    # A Provenance has no status in R4.
    if "status" not in held:
        return False
    try:
        amend(client, writer, (in_error(held),))
    except (FhirError, NoVersion):
        return False
    return True
