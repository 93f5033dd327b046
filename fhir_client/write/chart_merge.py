"""What of a statement a server's Patient can hold: merged for it, and nothing more, so that a repeat changes nothing."""

from dataclasses import dataclass, replace

from fhir_client.errors import VersionConflictError
from fhir_client.model import Element, Json
from fhir_client.quirks import Quirks
from fhir_client.uscore.elements import SPECS
from fhir_client.uscore.patient_merge import PatientMerge, merge_statement
from fhir_client.uscore.statement import Source, Statement, without_elements
from fhir_client.write.charts import read_chart, refuse_conflicts, refuse_partial_chart
from fhir_client.write.strategy import WHOLE_CHART_KINDS, WrittenPart
from fhir_client.write.task import Writer, WriteTask

MERGE_ATTEMPTS = 3
"""How often a chart is merged anew that others change meanwhile."""


@dataclass(frozen=True, slots=True)
class MergedChart:
    """A chart as it was just read, and what the statement, which speaks of that chart now, makes of it."""

    patient: Json
    statement: Statement
    merge: PatientMerge

    @property
    def version(self) -> str:
        """The version that was read, "" where the server has none."""
        return str(self.patient.get("meta", {}).get("versionId", ""))


def read_and_merge(task: WriteTask) -> MergedChart:
    """Return the task's chart, read now and merged; raises PatientProblem and ChartChanged where a person has to look."""
    patient = read_chart(task.client, task.statement.patient, task.context)
    if task.writer.strategy.kind in WHOLE_CHART_KINDS:
        refuse_partial_chart(patient)
    statement = replace(task.statement, patient=f"Patient/{patient['id']}")
    merge = merge_for_server(patient, statement, task.writer)
    # A server that takes no Observations need not have any.
    told_by = task.client if WrittenPart.OBSERVATIONS in task.writer.strategy.parts else None
    refuse_conflicts(
        told_by, patient, merge, task.context, by_another=statement.source is not Source.PATIENT
    )
    return MergedChart(patient, statement, merge)


def repeated_conflict() -> VersionConflictError:
    """Return the error of a chart that others changed at each of the tries."""
    return VersionConflictError(
        "The chart was changed three times while this was being written.", 409
    )


def merge_for_server(patient: Json, statement: Statement, writer: Writer) -> PatientMerge:
    """Return the Patient merged with what its server can hold of the statement."""
    merge = merge_statement(
        patient, _holdable(statement, writer.quirks), writer.version, writer.policy
    )
    suited = _suited(patient, merge.patient, writer.quirks)
    return replace(merge, patient=suited, changed=suited != patient)


def _holdable(statement: Statement, quirks: Quirks) -> Statement:
    """Return the statement without the elements that the server's Patient cannot hold."""
    refused = {
        element for element, spec in SPECS.items() if not _is_accepted(spec.extension_urls, quirks)
    }
    if quirks.one_communication:
        # The one language that a Patient has there is the preferred one.
        refused.add(Element.WRITTEN_LANGUAGE)
    return without_elements(statement, refused)


def _is_accepted(extension_urls: tuple[str, ...], quirks: Quirks) -> bool:
    # Languages are no extensions, so that no list of extensions rules them out.
    return not extension_urls or any(map(quirks.accepts_extension, extension_urls))


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
    kept = [
        each for each in entry.get("extension", []) if quirks.accepts_extension(each.get("url", ""))
    ]
    rest = {key: each for key, each in entry.items() if key != "extension"}
    return {**rest, "extension": kept} if kept else rest
