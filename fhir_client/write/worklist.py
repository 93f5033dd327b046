"""The last rung: a person types it into the chart, and the chart is read back."""

from dataclasses import replace

from fhir_client.client import FhirClient
from fhir_client.errors import ManualEntryError
from fhir_client.write.charts import read_chart
from fhir_client.write.task import ResourceChange, Writer, WriteResult, WriteTask
from fhir_client.write.worksheet import build_worksheet


class WorklistWriter:
    """Nothing is ever sent."""

    def write(self, task: WriteTask) -> WriteResult:
        """Return where it is, once somebody has typed it; raises ByHand until then."""
        patient = read_chart(task.client, task.statement.patient, task.context)
        reference = f"Patient/{patient['id']}"
        sheet = build_worksheet(patient, replace(task.statement, patient=reference), task.writer)
        if sheet.values:
            missing = ", ".join(each.element.replace("-", " ") for each in sheet.values)
            raise ManualEntryError(
                f"The chart does not say it yet, and only a person can type it there: {missing}.",
                sheet,
            )
        return WriteResult(reference, "")

    def amend(
        self,
        client: FhirClient,  # noqa: ARG002
        writer: Writer,  # noqa: ARG002
        changes: tuple[ResourceChange, ...],  # noqa: ARG002
    ) -> None:
        """Nothing can be changed; raises ByHand."""
        raise ManualEntryError(
            "This server takes it from nobody but a person. Put the chart right there by hand."
        )
