"""The rungs without a transaction: each part on its own, found before it is created, so that a broken-off try goes on."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fhir_client.client import Client
from fhir_client.errors import ByHand, Conflict
from fhir_client.uscore.observations import observations
from fhir_client.uscore.parts import Json, local, response_url
from fhir_client.uscore.patient import elements_of
from fhir_client.uscore.provenance import provenance
from fhir_client.uscore.questionnaire import questionnaire_response
from fhir_client.uscore.statement import Statement
from fhir_client.writing.bundle import if_none_exist, own_identifier
from fhir_client.writing.charting import Amend, put
from fhir_client.writing.charts import chart_of
from fhir_client.writing.check import check_each
from fhir_client.writing.document import document
from fhir_client.writing.finding import ours
from fhir_client.writing.ladder import Part
from fhir_client.writing.own import as_its_own, unmapped
from fhir_client.writing.suiting import TRIES, fitted, too_often
from fhir_client.writing.typed import worksheet
from fhir_client.writing.values import Change, Sending, Task, Writer, Written


@dataclass(frozen=True, slots=True)
class Singly:
    """Part after part: the chart, the QuestionnaireResponse, the Observations, and the Provenance that names them last."""

    change: Amend

    def write(self, task: Task) -> Written:
        """Write what of the statement is not there yet; raises the errors of fhir_client.errors, InvalidBundle, NoVersion."""
        parts = task.writer.strategy.parts
        if Part.CHART in parts:
            patient, ids, over = self._chart(task)
        else:
            patient, ids, over = _noted(task), {}, None
        return replace(
            _created(task, replace(task.statement, patient=patient), parts, ids), over=over
        )

    def amend(self, client: Client, writer: Writer, changes: tuple[Change, ...]) -> None:
        """Change one after the other: the chart by the rung's own way, the rest as it was created, whole."""
        for each in changes:
            change = self.change if each.before["resourceType"] == "Patient" else put
            change(client, writer, each)

    def _chart(self, task: Task) -> tuple[str, dict[str, str], str | None]:
        """Bring the chart to what the person said; return its reference, the ids of its elements, the version merged into."""
        client, writer = task.client, task.writer
        for _ in range(TRIES):
            now = fitted(task)
            merge, reference, version = now.merge, now.statement.patient, now.version
            change = Change(now.patient, merge.patient)
            # On a later try the chart may say it because we wrote it: what it said before was noted then.
            fresh = task.first or merge.changed
            earlier, later = (merge.earlier, elements_of(merge.patient)) if fresh else (None, None)
            check_each([merge.patient])
            task.note(Sending(reference, version, earlier, later))
            if not merge.changed:
                return reference, dict(merge.element_ids), version if task.first else None
            try:
                self.change(client, writer, change)
            except Conflict:
                continue
            return reference, dict(merge.element_ids), version
        raise too_often()


def _noted(task: Task) -> str:
    """Look at the chart, which is not written by this rung, and note the sending; return the chart's reference."""
    patient = chart_of(task.client, task.statement.patient, task.known)
    held, reference = elements_of(patient), f"Patient/{patient['id']}"
    _refuse_unmapped(task, patient)
    task.note(
        Sending(
            reference,
            str(patient.get("meta", {}).get("versionId", "")),
            held if task.first else None,
            held,
        )
    )
    return reference


def _refuse_unmapped(task: Task, patient: Json) -> None:
    """Raise ByHand where the answers alone reach the EHR, and its questionnaire has no place for one of them."""
    writer = task.writer
    if Part.RESPONSE not in writer.strategy.parts:
        return
    if lost := unmapped(questionnaire_response(task.statement, writer.version), writer.quirks):
        sheet = worksheet(
            patient, replace(task.statement, patient=f"Patient/{patient['id']}"), writer
        )
        raise ByHand(
            f"The EHR's questionnaire has no item for what was answered to {', '.join(lost)}.",
            sheet,
        )


def _created(
    task: Task, statement: Statement, parts: frozenset[Part], ids: dict[str, str]
) -> Written:
    writer, response, made = task.writer, "", list[str]()
    if Part.RESPONSE in parts:
        response = _once(task, response_of(statement, writer))
    if Part.OBSERVATIONS in parts:
        made = [_once(task, each) for _, each in observations_of(statement, writer, response)]
    if Part.DOCUMENT in parts:
        _once(task, document(statement, questionnaire_response(statement, writer.version)))
    if Part.PROVENANCE in parts and response:
        _provenance(task, statement, response, made, ids)
    return Written(statement.patient, response)


def response_of(statement: Statement, writer: Writer) -> Json:
    """Return the QuestionnaireResponse as this server takes it."""
    return as_its_own(questionnaire_response(statement, writer.version), writer.quirks)


def observations_of(
    statement: Statement, writer: Writer, response: str
) -> Iterator[tuple[str, Json]]:
    """Yield each element with its Observation, drawn from the QuestionnaireResponse if there is one."""
    for element, each in observations(statement, writer.version):
        drawn = {"derivedFrom": [{"reference": response}]} if response else {}
        yield element, {key: held for key, held in each.items() if key != "derivedFrom"} | drawn


def _once(task: Task, resource: Json) -> str:
    """Return the reference of the resource on the server, "" where it hides it; created unless it is there."""
    if not task.first and (held := _reference(task, resource)):
        return held
    check_each([resource])
    guard = if_none_exist(resource) if task.writer.creates_once(resource["resourceType"]) else None
    try:
        made = task.client.post(resource, guard)
    except Conflict:
        # Somebody on the way sent it twice, and the other one was first.
        made = _reference(task, resource)
        if not made:
            raise
    return made or _reference(task, resource)


def _reference(task: Task, resource: Json) -> str:
    """Return the reference of what stands on the server already for the resource, "" where there is nothing."""
    found = next(standing_for(task.client, task.writer, resource), None)
    return "" if found is None else f"{resource['resourceType']}/{found['id']}"


def standing_for(client: Client, writer: Writer, resource: Json) -> Iterator[Json]:
    """Yield every resource on the server of the kind, identifier and patient of one that we make."""
    own = own_identifier(resource)
    if own is not None:
        yield from ours(
            client, writer.strategy, resource["resourceType"], own, resource["subject"]["reference"]
        )


def _provenance(
    task: Task, statement: Statement, response: str, made: list[str], ids: dict[str, str]
) -> None:
    """Create the Provenance unless it is there: it has no identifier in R4, so it is found by what it speaks of."""
    if not task.first and any(
        draws_from(each, response)
        for each in task.client.search("Provenance", {"target": response})
    ):
        return
    wanted = provenance(statement, task.writer.version, [each for each in made if each], ids)
    inside = response_url(statement)
    for each in (*wanted["target"], *(entity["what"] for entity in wanted["entity"])):
        if each["reference"] == inside:
            each["reference"] = response
    check_each([wanted])
    task.client.post(wanted)


def draws_from(provenance: Json, response: str) -> bool:
    """Return whether a Provenance is ours of that QuestionnaireResponse: some servers write one of their own."""
    sources = (each.get("what", {}).get("reference") for each in provenance.get("entity", []))
    return response in (local(each, "QuestionnaireResponse") for each in sources)
