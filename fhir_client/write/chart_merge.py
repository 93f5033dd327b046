"""Merges a statement into a chart, as far as the server can hold it.

An element that the server cannot hold is left out, so a repeated write changes nothing.
"""

from dataclasses import dataclass, replace

from fhir_client.errors import VersionConflictError
from fhir_client.model import Element, Json
from fhir_client.quirks import Quirks
from fhir_client.uscore.elements import SPECS
from fhir_client.uscore.narrative import fit_narrative
from fhir_client.uscore.patient_merge import PatientMerge, merge_statement
from fhir_client.uscore.statement import (
    Source,
    Statement,
    valued_elements,
    without_elements,
)
from fhir_client.write.charts import read_chart, refuse_partial_chart
from fhir_client.write.conflicts import refuse_conflicts
from fhir_client.write.strategy import WHOLE_CHART_KINDS, WrittenPart
from fhir_client.write.task import Writer, WriteTask

# How often a write reads and merges again after another client changed the chart.
MERGE_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class MergedChart:
    """A chart as it was just read, the statement about that chart, and their merge."""

    patient: Json
    statement: Statement
    merge: PatientMerge

    @property
    def version(self) -> str:
        """The version that was read, "" where the server has none."""
        return str(self.patient.get("meta", {}).get("versionId", ""))


def read_and_merge(task: WriteTask) -> MergedChart:
    """Return the task's chart, read now and merged.

    Raises PatientError and ChartConflictError where a person must look at it.
    """
    patient = read_chart(task.client, task.statement.patient, task.context)
    if task.writer.strategy.kind in WHOLE_CHART_KINDS:
        refuse_partial_chart(patient)
    # Charts may have been merged since, so the statement now speaks of the chart that was read.
    statement = replace(task.statement, patient=f"Patient/{patient['id']}")
    merge = merge_for_server(patient, statement, task.writer)
    # A server that takes no Observations may have none to search.
    takes_observations = WrittenPart.OBSERVATIONS in task.writer.strategy.parts
    refuse_conflicts(
        task.client if takes_observations else None,
        patient,
        merge,
        task.context,
        by_another=statement.source is not Source.PATIENT,
        unvalued=frozenset(Element) - valued_elements(statement),
    )
    return MergedChart(patient, statement, merge)


def repeated_conflict() -> VersionConflictError:
    """Return the error of a chart that others changed during every attempt."""
    return VersionConflictError(
        "The chart was changed three times while this was being written.", 409
    )


def merge_for_server(patient: Json, statement: Statement, writer: Writer) -> PatientMerge:
    """Return the Patient merged with the elements that its server can hold."""
    supported = _supported_statement(statement, writer.quirks)
    merge = merge_statement(patient, supported, writer.version, writer.policy)
    # The narrative comes last: a server that holds fewer languages may leave it true.
    fitted = fit_narrative(patient, _fit_languages(patient, merge.patient, writer.quirks))
    return replace(merge, patient=fitted, changed=fitted != patient)


def _supported_statement(statement: Statement, quirks: Quirks) -> Statement:
    """Return the statement without the elements that the server's Patient cannot hold."""
    refused = {
        element for element, spec in SPECS.items() if not _is_accepted(spec.extension_urls, quirks)
    }
    if quirks.one_communication:
        # The one language that a Patient has there is the preferred one.
        refused.add(Element.WRITTEN_LANGUAGE)
    return without_elements(statement, refused)


def _is_accepted(extension_urls: tuple[str, ...], quirks: Quirks) -> bool:
    # Languages are no extensions, so no list of extensions rules them out.
    return not extension_urls or any(map(quirks.accepts_extension, extension_urls))


def _fit_languages(before: Json, after: Json, quirks: Quirks) -> Json:
    """Return the Patient with the languages and marks that the server can hold."""
    old_entries, entries = before.get("communication", []), after.get("communication", [])
    if entries == old_entries or not (quirks.one_communication or quirks.accepted_extensions):
        return after
    if quirks.one_communication:
        entries = ([entry for entry in entries if entry.get("preferred")] or entries)[:1]
    # Entries by others stay exactly as they are.
    fitted = [
        entry if entry in old_entries else _remove_refused_extensions(entry, quirks)
        for entry in entries
    ]
    return {**after, "communication": fitted}


def _remove_refused_extensions(entry: Json, quirks: Quirks) -> Json:
    accepted = [
        extension
        for extension in entry.get("extension", [])
        if quirks.accepts_extension(extension.get("url", ""))
    ]
    rest = {key: value for key, value in entry.items() if key != "extension"}
    return {**rest, "extension": accepted} if accepted else rest
