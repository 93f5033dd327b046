"""Leaves the writing to a person, and confirms it by read-back."""

from dataclasses import replace

from fhir_client.client import FhirClient
from fhir_client.errors import ManualEntryError
from fhir_client.write.charts import read_chart
from fhir_client.write.task import ResourceChange, Writer, WriteResult, WriteTask
from fhir_client.write.worksheet import build_worksheet


class WorklistWriter:
    """Sends nothing to the server."""

    def write(self, task: WriteTask) -> WriteResult:
        """Return the chart's reference once a person typed the answers.

        Raises ManualEntryError before that.
        """
        patient = read_chart(task.client, task.statement.patient, task.context)
        reference = f"Patient/{patient['id']}"
        statement = replace(task.statement, patient=reference)
        worksheet = build_worksheet(patient, statement, task.writer)
        if worksheet.values:
            missing = ", ".join(entry.element.replace("-", " ") for entry in worksheet.values)
            raise ManualEntryError(
                f"The chart does not say it yet, and only a person can type it there: {missing}.",
                worksheet,
            )
        return WriteResult(reference, "")

    def amend(
        self,
        client: FhirClient,  # noqa: ARG002
        writer: Writer,  # noqa: ARG002
        changes: tuple[ResourceChange, ...],  # noqa: ARG002
    ) -> None:
        """Raise ManualEntryError, because only a person can change this server's charts."""
        raise ManualEntryError(
            "Only a person can write to this server. Put the chart right there by hand."
        )
