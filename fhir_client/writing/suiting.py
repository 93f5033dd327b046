"""What of a statement a server's Patient can hold: merged for it, and nothing more, so that a repeat changes nothing."""

from dataclasses import dataclass, replace

from fhir_client.errors import Conflict
from fhir_client.quirks import Quirks
from fhir_client.uscore.parts import Json
from fhir_client.uscore.patient import INTERPRETERS, URLS, Merge, apply
from fhir_client.uscore.statement import Source, Statement
from fhir_client.uscore.tribes import TRIBAL_AFFILIATION
from fhir_client.writing.charts import chart_of, refuse_changed, refuse_partial
from fhir_client.writing.ladder import WHOLE, Part
from fhir_client.writing.values import Task, Writer

TRIES = 3
"""How often a chart is merged anew that others change meanwhile."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A chart as it was just read, and what the statement, which speaks of that chart now, makes of it."""

    patient: Json
    statement: Statement
    merge: Merge

    @property
    def version(self) -> str:
        """The version that was read, "" where the server has none."""
        return str(self.patient.get("meta", {}).get("versionId", ""))


def fitted(task: Task) -> Fitted:
    """Return the task's chart, read now and merged; raises PatientProblem and ChartChanged where a person has to look."""
    patient = chart_of(task.client, task.statement.patient, task.known)
    if task.writer.strategy.rung in WHOLE:
        refuse_partial(patient)
    statement = replace(task.statement, patient=f"Patient/{patient['id']}")
    merge = merged(patient, statement, task.writer)
    # A server that takes no Observations need not have any.
    told_by = task.client if Part.OBSERVATIONS in task.writer.strategy.parts else None
    refuse_changed(
        told_by, patient, merge, task.known, by_another=statement.source is not Source.PATIENT
    )
    return Fitted(patient, statement, merge)


def too_often() -> Conflict:
    """Return the error of a chart that others changed at each of the tries."""
    return Conflict("The chart was changed three times while this was being written.", 409)


def merged(patient: Json, statement: Statement, writer: Writer) -> Merge:
    """Return the Patient merged with what its server can hold of the statement."""
    merge = apply(patient, _holdable(statement, writer.quirks), writer.version, writer.policy)
    suited = _suited(patient, merge.patient, writer.quirks)
    return replace(merge, patient=suited, changed=suited != patient)


def _holdable(statement: Statement, quirks: Quirks) -> Statement:
    return replace(
        statement,
        race=statement.race if quirks.takes(URLS["race"]) else None,
        ethnicity=statement.ethnicity if quirks.takes(URLS["ethnicity"]) else None,
        interpreter=statement.interpreter if any(map(quirks.takes, INTERPRETERS)) else None,
        tribes=statement.tribes if quirks.takes(TRIBAL_AFFILIATION) else None,
        # The one language that a Patient has there is the preferred one.
        written=None if quirks.one_communication else statement.written,
    )


def _suited(before: Json, after: Json, quirks: Quirks) -> Json:
    """Return the Patient with one language where the server keeps one, and none of our marks where it takes none."""
    held, entries = before.get("communication", []), after.get("communication", [])
    if entries == held or not (quirks.one_communication or quirks.accepted_extensions):
        return after
    kept = (
        ([each for each in entries if each.get("preferred")] or entries)[:1]
        if quirks.one_communication
        else entries
    )
    # What others wrote stays as they wrote it.
    return {
        **after,
        "communication": [each if each in held else _marked(each, quirks) for each in kept],
    }


def _marked(entry: Json, quirks: Quirks) -> Json:
    kept = [each for each in entry.get("extension", []) if quirks.takes(each.get("url", ""))]
    rest = {key: each for key, each in entry.items() if key != "extension"}
    return {**rest, "extension": kept} if kept else rest
